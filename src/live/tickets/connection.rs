//! A connection to one server's own address: TCP, and TLS with the peer's certificate at hand.

use super::binding;
use crate::live::dial;
use crate::live::trust::{CertificateFault, HandshakeFault, Trust, WANTED};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Where a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// By its name in the DNS.
    Name(String),
    /// At this address.
    Given(IpAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Given(address) => address.fmt(f),
        }
    }
}

/// Why there is no connection, or no more.
#[derive(Debug, Error)]
pub enum Unreachable {
    /// The name has no address.
    #[error("its name has no address ({0})")]
    Name(io::Error),
    /// Nobody listens at the address.
    #[error("{0} refuses the connection")]
    Refused(SocketAddr),
    /// A phase took too long.
    #[error("no answer within {} {}", seconds(*limit), phase.during())]
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// For how long.
        limit: Duration,
    },
    /// TLS could not be agreed on.
    #[error("no TLS connection: {0}")]
    Tls(String),
    /// The server's certificate was refused.
    #[error("its certificate is refused: {0}")]
    Certificate(CertificateFault),
    /// The connection broke.
    #[error("the connection broke {}: {source}", phase.during())]
    Broken {
        /// When.
        phase: Phase,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Unreachable {
    /// Whether it would be so under any name of the server's.
    pub(super) fn is_of_the_server(&self) -> bool {
        !matches!(self, Self::Tls(_) | Self::Certificate(_))
    }
}

/// What is done with a connection, each within its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking up its name.
    Name,
    /// Connecting.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// Asking and being answered.
    Answer,
}

impl Phase {
    fn during(self) -> &'static str {
        match self {
            Self::Name => "while its name is looked up",
            Self::Connect => "while connecting",
            Self::Tls => "while agreeing on TLS",
            Self::Answer => "to the request",
        }
    }

    /// What a failure of this phase means.
    pub(super) fn failed(self, limit: Duration, source: io::Error) -> Unreachable {
        match source.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Unreachable::Timeout { phase: self, limit },
            _ => Unreachable::Broken { phase: self, source },
        }
    }
}

/// `10 s`, or milliseconds below one second.
fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 { format!("{} s", limit.as_secs()) } else { format!("{} ms", limit.as_millis()) }
}

/// A stream that ends at a moment, however slowly the other side drips.
pub(super) struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn remaining(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.remaining()?)?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.remaining()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// An open connection.
pub(super) enum Connection {
    /// Without TLS.
    Plain(Timed),
    /// With it.
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Connection {
    /// Connects; with `tls` the certificate must bear `name`, the pool's.
    pub(super) fn open(
        address: &Address,
        port: u16,
        name: &str,
        tls: Option<&Trust>,
        limit: Duration,
    ) -> Result<Self, Unreachable> {
        let stream = connect(address, port, limit)?;
        // One small request at a time: nothing is gained by waiting for more to send.
        stream.set_nodelay(true).map_err(|source| Phase::Connect.failed(limit, source))?;
        let mut timed = Timed { stream, deadline: Instant::now() + limit };
        let Some(trust) = tls else { return Ok(Self::Plain(timed)) };
        let server = ServerName::try_from(name.to_owned()).map_err(|error| Unreachable::Tls(error.to_string()))?;
        let mut session = ClientConnection::new(trust.config().clone(), server)
            .map_err(|error| Unreachable::Tls(error.to_string()))?;
        while session.is_handshaking() {
            session.complete_io(&mut timed).map_err(|error| refused_tls(error, limit))?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(session, timed))))
    }

    /// The channel binding of this connection: the peer's certificate, hashed.
    pub(super) fn binding(&self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.conn.peer_certificates()?.first().and_then(|end| binding::of(end)),
        }
    }

    fn peer(&self) -> Option<SocketAddr> {
        let timed = match self {
            Self::Plain(timed) => timed,
            Self::Tls(stream) => &stream.sock,
        };
        timed.stream.peer_addr().ok()
    }

    /// From now on everything must be done within that time.
    pub(super) fn allow(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        match self {
            Self::Plain(timed) => timed.deadline = deadline,
            Self::Tls(stream) => stream.sock.deadline = deadline,
        }
    }
}

impl fmt::Display for Connection {
    /// `connected to 10.0.0.1:443, TLSv1_3, TLS13_AES_256_GCM_SHA384, certificate with the SHA-256 01:23:...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connected")?;
        if let Some(peer) = self.peer() {
            write!(f, " to {peer}")?;
        }
        let Self::Tls(stream) = self else { return f.write_str(", without TLS") };
        if let (Some(version), Some(suite)) = (stream.conn.protocol_version(), stream.conn.negotiated_cipher_suite()) {
            write!(f, ", {version:?}, {:?}", suite.suite())?;
        }
        let certificate = stream.conn.peer_certificates().and_then(|chain| chain.first());
        let Some(certificate) = certificate else { return Ok(()) };
        let digits: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
        write!(f, ", certificate with the SHA-256 {}", digits.join(":"))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(buffer),
            Self::Tls(stream) => match stream.read(buffer) {
                // Many servers close without saying so in TLS; what was said before counts.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Connects to the address, or to one of those that the name has.
fn connect(address: &Address, port: u16, limit: Duration) -> Result<TcpStream, Unreachable> {
    let addresses = match address {
        Address::Given(address) => vec![SocketAddr::new(*address, port)],
        Address::Name(name) => dial::look_up(name, port, limit).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => Unreachable::Timeout { phase: Phase::Name, limit },
            _ => Unreachable::Name(source),
        })?,
    };
    dial::connect(&addresses, limit).map_err(|(address, error)| match error.kind() {
        io::ErrorKind::ConnectionRefused => Unreachable::Refused(address),
        _ => Phase::Connect.failed(limit, error),
    })
}

fn refused_tls(error: io::Error, limit: Duration) -> Unreachable {
    let over_http = "over http there is --scheme http";
    match HandshakeFault::of_io(&error) {
        None => Phase::Tls.failed(limit, error),
        Some(HandshakeFault::Certificate(fault)) => Unreachable::Certificate(fault),
        Some(HandshakeFault::NotTls(why)) => {
            Unreachable::Tls(format!("what it sent is no TLS ({why}): is this the port of https? --port names another"))
        }
        Some(HandshakeFault::TooOld(why)) => {
            Unreachable::Tls(format!("it offers nothing new enough, {WANTED} ({why}); {over_http}"))
        }
        Some(HandshakeFault::Closed) => Unreachable::Tls(format!(
            "it closes the connection without a word; so does Windows that has no certificate there, or offers nothing \
             new enough, {WANTED}; {over_http}"
        )),
        Some(HandshakeFault::Other(why)) => Unreachable::Tls(why),
    }
}
