//! A relay before a real server, which falls silent when it is told to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Takes connections on 127.0.0.1 and passes on what is said, both ways, as long as it is told to.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    silent: Arc<AtomicBool>,
    received: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    /// Passes everything on to that server.
    pub fn to(server: SocketAddr) -> Self {
        Self::start(Some(server))
    }

    /// Takes every connection, reads what is said, and never answers.
    pub fn mute() -> Self {
        Self::start(None)
    }

    /// From now on nothing is passed on any more.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// How many bytes clients have sent.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }

    /// All that was said by both sides, in pieces as it came.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }

    fn start(server: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, received) = (Arc::new(AtomicBool::new(server.is_none())), Arc::new(AtomicUsize::new(0)));
        let heard = Arc::default();
        let relay = Self { address, silent: silent.clone(), received: received.clone(), heard: Arc::clone(&heard) };
        // The threads end with the test process.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let upstream = server.map(|server| TcpStream::connect(server).unwrap());
                let back = upstream.as_ref().map(|server| (server.try_clone().unwrap(), client.try_clone().unwrap()));
                let (silent, received, heard) = (silent.clone(), received.clone(), heard.clone());
                if let Some((from, to)) = back {
                    let (silent, heard) = (silent.clone(), heard.clone());
                    std::thread::spawn(move || pass(from, Some(to), &silent, &AtomicUsize::new(0), &heard));
                }
                std::thread::spawn(move || pass(client, upstream, &silent, &received, &heard));
            }
        });
        relay
    }
}

fn pass(
    mut from: TcpStream,
    mut to: Option<TcpStream>,
    silent: &AtomicBool,
    count: &AtomicUsize,
    heard: &Mutex<Vec<u8>>,
) {
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        count.fetch_add(length, Ordering::SeqCst);
        heard.lock().unwrap().extend_from_slice(&buffer[..length]);
        if silent.load(Ordering::SeqCst) {
            continue;
        }
        if let Some(to) = &mut to
            && to.write_all(&buffer[..length]).is_err()
        {
            return;
        }
    }
    if let Some(to) = to {
        // The other side may be gone already.
        let _ = to.shutdown(std::net::Shutdown::Write);
    }
}
