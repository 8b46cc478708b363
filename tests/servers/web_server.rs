//! Web servers: Apache with mod_auth_gssapi, each instance on loopback addresses of its own, ended with the test.

use super::{Loopback, Missing, need, need_root, wait_for};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MODULES: &str = "/usr/lib/apache2/modules";

/// What a web server needs, and the packages that bring it.
const PIECES: &[(&str, &str)] =
    &[("apache2", "apache2"), ("/usr/lib/apache2/modules/mod_auth_gssapi.so", "libapache2-mod-auth-gssapi")];

/// What gives a process another clock, and the package that brings it.
pub const FAKE_CLOCK: (&str, &str) = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "libfaketime");

/// How a web server is set up.
pub struct Setup<'a> {
    /// The keytab; the server has a copy of its own.
    pub keytab: &'a Path,
    /// Certificate and key, PEM, for HTTPS.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// The only `Host` that it serves; every other meets a 421 without authentication.
    pub host: Option<&'a str>,
    /// On how many addresses it listens.
    pub addresses: usize,
    /// How far its clock is off, as libfaketime takes it: `+2h`, `-2h`.
    pub clock: Option<&'a str>,
    /// It asks for no authentication itself, and passes everything on to this server, over TLS.
    pub proxy_to: Option<SocketAddr>,
    /// Further directives.
    pub more: &'a str,
}

impl<'a> Setup<'a> {
    /// One address, plain HTTP, any `Host`.
    pub fn with(keytab: &'a Path) -> Self {
        Self { keytab, tls: None, host: None, addresses: 1, clock: None, proxy_to: None, more: "" }
    }
}

/// A web server that demands authentication under `/abs/`, and ends with this.
pub struct WebServer {
    addresses: Vec<Loopback>,
    port: u16,
    folder: PathBuf,
    /// A shell that ends Apache, and removes the folder, when its standard input ends.
    process: Child,
}

impl WebServer {
    /// Starts one, and waits until it listens.
    pub fn start(setup: &Setup<'_>) -> Result<Self, Missing> {
        need(PIECES)?;
        need(setup.clock.map(|_| FAKE_CLOCK).as_slice())?;
        need_root()?;
        let addresses: Vec<Loopback> = (0..setup.addresses).map(|_| Loopback::take()).collect();
        let folder = super::scratch().keep();
        readable(&folder, 0o755);
        let port = if setup.tls.is_some() { 443 } else { 80 };
        give_keytab(setup.keytab, &folder);
        fs::create_dir(folder.join("abs")).unwrap();
        fs::write(folder.join("conf"), configuration(setup, &addresses, &folder, port)).unwrap();
        let script =
            r#"apache2 -f "$1/conf" -DFOREGROUND >"$1/out" 2>&1 & cat >/dev/null; kill $!; wait $!; rm -rf "$1""#;
        let mut command = Command::new("sh");
        command.args(["-c", script, "web-server"]).arg(&folder);
        if let Some(clock) = setup.clock {
            command.env("LD_PRELOAD", FAKE_CLOCK.0).env("FAKETIME", clock);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let process = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { addresses, port, folder, process };
        for address in server.addresses() {
            let listens = wait_for(SocketAddr::from((address, port)), Duration::from_mins(1));
            assert!(listens, "nothing listens on {address}:{port}; apache2 said\n{}", server.log());
        }
        Ok(server)
    }

    /// Its first address.
    pub fn ip(&self) -> Ipv4Addr {
        self.addresses[0].address
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        self.addresses.iter().map(|address| address.address).collect()
    }

    /// Its port: 80, or 443 with TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Gives it other keys.
    pub fn set_keytab(&self, keytab: &Path) {
        give_keytab(keytab, &self.folder);
    }

    fn log(&self) -> String {
        ["out", "log"].map(|name| fs::read_to_string(self.folder.join(name)).unwrap_or_default()).join("\n")
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The children of the server that answer are not root; the keys are of no worth beyond the test.
fn give_keytab(keytab: &Path, folder: &Path) {
    let (own, new) = (folder.join("keytab"), folder.join("keytab.new"));
    fs::copy(keytab, &new).unwrap();
    readable(&new, 0o644);
    fs::rename(new, own).unwrap();
}

fn readable(path: &Path, mode: u32) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

fn configuration(setup: &Setup<'_>, addresses: &[Loopback], folder: &Path, port: u16) -> String {
    let at = folder.display();
    let mut text = format!(
        "ServerRoot {at}\nPidFile {at}/pid\nErrorLog {at}/log\nServerName server.contoso.com\nUser www-data\n\
         Group www-data\nDocumentRoot {at}\nMutex fcntl:{at}\nListenBacklog 511\n"
    );
    let mut modules = vec!["mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "alias"];
    if setup.tls.is_some() {
        modules.extend(["socache_shmcb", "ssl"]);
    }
    if setup.proxy_to.is_some() {
        modules.extend(["proxy", "proxy_http"]);
    }
    for module in modules {
        writeln!(text, "LoadModule {module}_module {MODULES}/mod_{module}.so").unwrap();
    }
    for address in addresses {
        writeln!(text, "Listen {}:{port}", address.address).unwrap();
    }
    if let Some((certificate, key)) = setup.tls {
        writeln!(
            text,
            "SSLEngine on\nSSLCertificateFile {}\nSSLCertificateKeyFile {}",
            certificate.display(),
            key.display()
        )
        .unwrap();
    }
    writeln!(text, "{}", setup.more).unwrap();
    if let Some(server) = setup.proxy_to {
        writeln!(
            text,
            "SSLProxyEngine on\nSSLProxyVerify none\nSSLProxyCheckPeerName off\nProxyPreserveHost on\n\
             ProxyPass / https://{server}/"
        )
        .unwrap();
    }
    let protected = format!(
        "<Location /abs/>\nAuthType GSSAPI\nAuthName web\nGssapiCredStore keytab:{at}/keytab\nGssapiAllowedMech krb5\n\
         Require valid-user\n</Location>\n"
    );
    match setup.host {
        None if setup.proxy_to.is_some() => {}
        None => text.push_str(&protected),
        Some(host) => write!(
            text,
            "<VirtualHost *:{port}>\nServerName nobody.invalid\nRedirect 421 /\n</VirtualHost>\n\
             <VirtualHost *:{port}>\nServerName {host}\n{protected}</VirtualHost>\n"
        )
        .unwrap(),
    }
    text
}
