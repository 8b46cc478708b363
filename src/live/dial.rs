//! TCP to a host: looking up its name ends within a time limit, and so do all of its addresses together.

use log::debug;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The addresses of a host; [`io::ErrorKind::TimedOut`] where the name service takes longer.
///
/// The system's resolver knows no time limit, so it is left behind then.
pub(super) fn look_up(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    std::thread::Builder::new().spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
        // Nobody waits any more where the time is over.
        let _ = sender.send(found);
    })?;
    let found: Vec<SocketAddr> = receiver.recv_timeout(limit).map_err(|_| io::ErrorKind::TimedOut)??;
    debug!("{host}: its addresses are {found:?}");
    if found.is_empty() { Err(io::Error::other("the DNS names none")) } else { Ok(found) }
}

/// Connects to the first address that takes the connection; else the last one's error.
///
/// Each has its share of what is left, so that one that never answers leaves time for the others.
pub(super) fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, (SocketAddr, io::Error)> {
    first(addresses, limit, TcpStream::connect_timeout)
}

fn first<T>(
    addresses: &[SocketAddr],
    limit: Duration,
    dial: impl Fn(&SocketAddr, Duration) -> io::Result<T>,
) -> Result<T, (SocketAddr, io::Error)> {
    let end = Instant::now() + limit;
    let mut last = ([0, 0, 0, 0], 0).into();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (at, address) in addresses.iter().enumerate() {
        let others = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        let share = end.saturating_duration_since(Instant::now()) / others;
        if share.is_zero() {
            return Err((*address, io::ErrorKind::TimedOut.into()));
        }
        match dial(address, share) {
            Ok(stream) => {
                debug!("{address}: connected");
                return Ok(stream);
            }
            Err(error) => {
                debug!("{address}: {error}");
                (last, failed) = (*address, error);
            }
        }
    }
    Err((last, failed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Each address by what it does: it takes the connection, refuses it, or never answers.
    fn check(does: &[Result<(), io::ErrorKind>], expected: Result<usize, (usize, io::ErrorKind)>) {
        let address = |port: usize| SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap()));
        let addresses: Vec<SocketAddr> = (1..=does.len()).map(address).collect();
        let limit = Duration::from_millis(120);
        let shares = RefCell::new(Vec::new());
        let dial = |address: &SocketAddr, share: Duration| {
            shares.borrow_mut().push(share);
            let done = does[usize::from(address.port()) - 1];
            if done == Err(io::ErrorKind::TimedOut) {
                std::thread::sleep(share);
            }
            done.map(|()| usize::from(address.port())).map_err(io::Error::from)
        };
        let begun = Instant::now();
        let came = first(&addresses, limit, dial).map_err(|(at, error)| (usize::from(at.port()), error.kind()));
        assert_eq!(came, expected, "{does:?}");
        let shares = shares.into_inner();
        assert!(shares[0] <= limit / u32::try_from(does.len()).unwrap(), "{shares:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn an_address_that_never_answers_leaves_time_for_the_others() {
        let (silent, refuses) = (Err(io::ErrorKind::TimedOut), Err(io::ErrorKind::ConnectionRefused));
        check(&[Ok(())], Ok(1));
        check(&[silent, Ok(())], Ok(2));
        check(&[silent, refuses, Ok(())], Ok(3));
        check(&[silent, refuses], Err((2, io::ErrorKind::ConnectionRefused)));
        check(&[refuses, silent], Err((2, io::ErrorKind::TimedOut)));
    }

    #[test]
    fn a_literal_is_its_own_address_and_a_name_without_any_is_told() {
        let limit = Duration::from_mins(1);
        assert_eq!(look_up("127.0.0.1", 80, limit).unwrap(), ["127.0.0.1:80".parse::<SocketAddr>().unwrap()]);
        assert_eq!(look_up("::1", 80, limit).unwrap(), ["[::1]:80".parse::<SocketAddr>().unwrap()]);
        assert_ne!(look_up("fe01.contoso.invalid", 80, limit).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
