//! Real servers for tests: each in a scratch folder on a loopback address of its own, ended with the test that
//! started it.
//!
//! They need Debian's packages and root. Where something is missing, the tests that need servers say so and pass;
//! with `CSKERB_SERVERS=required` they fail instead.

#![allow(dead_code, unreachable_pub, reason = "each test file uses what it needs of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a server that cannot be set up shall fail the test")]

pub mod acceptor;
pub mod authority;
pub mod domain_controller;
pub mod relay;
pub mod web_server;

use std::fmt;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What this machine lacks for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Finds programs and files, each with the Debian package that brings it.
pub fn need(pieces: &[(&str, &str)]) -> Result<(), Missing> {
    for (piece, package) in pieces {
        let path = Path::new(piece);
        if !(if path.is_absolute() { path.exists() } else { on_path(piece).is_some() }) {
            return Err(Missing(format!("{piece} is not here; it is in Debian's package {package}")));
        }
    }
    Ok(())
}

/// Root may listen on the low ports that these servers have.
pub fn need_root() -> Result<(), Missing> {
    let refused = |error| Missing(format!("listening on ports below 1024 needs root: {error}"));
    TcpListener::bind((Ipv4Addr::new(127, 255, 255, 254), 0)).map_err(refused)?;
    let probe = TcpListener::bind((Ipv4Addr::new(127, 255, 255, 254), 1019));
    match probe {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(refused(error)),
        _ => Ok(()),
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    // Administration programs are not on everybody's path.
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// What was set up, or `None` where the machine lacks something: then that is said, or the test fails where servers
/// are required.
pub fn or_skipped<T>(what: &str, found: Result<T, Missing>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(missing) => {
            let required = std::env::var_os("CSKERB_SERVERS").is_some_and(|value| value == "required");
            assert!(!required, "{what} is required here: {missing}");
            // Written past the capture of test output: a test that was skipped shall not look as if it had run.
            let _ = writeln!(std::io::stderr(), "skipped: no {what}: {missing}");
            None
        }
    }
}

/// A loopback address that nobody else has: a listener holds it as long as this lives.
pub struct Loopback {
    /// The address.
    pub address: Ipv4Addr,
    _claim: TcpListener,
}

/// The port whose listener says that a loopback address is taken.
const CLAIM: u16 = 61_389;

impl Loopback {
    /// Takes one between 127.64.0.1 and 127.127.255.254.
    pub fn take() -> Self {
        let start = std::process::id().wrapping_mul(2_654_435_761);
        for attempt in 0..10_000u32 {
            let [_, b, c, d] = start.wrapping_add(attempt.wrapping_mul(7)).to_be_bytes();
            let address = Ipv4Addr::new(127, 64 | (b & 0x3f), c, d.clamp(1, 254));
            if let Ok(claim) = TcpListener::bind((address, CLAIM)) {
                return Self { address, _claim: claim };
            }
        }
        panic!("no loopback address is free");
    }
}

/// A scratch folder, in memory where there is such a place: these servers write much and keep nothing.
pub fn scratch() -> tempfile::TempDir {
    let prefix = "cskerb-servers-";
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in("/dev/shm")
        .or_else(|_| tempfile::Builder::new().prefix(prefix).tempdir())
        .unwrap()
}

/// Waits until something listens.
pub fn wait_for(address: SocketAddr, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
