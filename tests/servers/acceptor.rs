//! A web server that demands channel binding: MIT Kerberos behind TLS, in acceptor.py.

use super::authority::CertificateFiles;
use super::{Loopback, Missing, need, need_root, wait_for};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// What it needs, and the packages that bring it.
const PIECES: &[(&str, &str)] = &[("python3", "python3"), ("kinit", "krb5-user")];

/// A web server that takes a ticket only if it is bound to its own certificate, and ends with this.
pub struct Acceptor {
    address: Loopback,
    process: Child,
    /// What it says of each token.
    took: Receiver<String>,
}

impl Acceptor {
    /// Starts one with these keys and this certificate, and waits until it listens.
    pub fn start(keytab: &Path, krb5_conf: &Path, tls: &CertificateFiles) -> Result<Self, Missing> {
        need(PIECES)?;
        need_root()?;
        let address = Loopback::take();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/acceptor.py");
        let mut command = Command::new("python3");
        command.arg(script).args([address.address.to_string(), "443".to_owned()]).arg(&tls.certificate).arg(&tls.key);
        command.env("KRB5_KTNAME", keytab).env("KRB5_CONFIG", krb5_conf).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, took) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let server = Self { address, process, took };
        assert!(wait_for(server.at(), Duration::from_mins(1)), "nothing listens on {}", server.at());
        Ok(server)
    }

    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        (self.address.address, 443).into()
    }

    /// How it took the next token: `bound`, `unbound`, or `refused` with GSS-API's status.
    pub fn took(&self) -> String {
        self.took.recv_timeout(Duration::from_mins(1)).unwrap()
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
