//! One conversation with one domain controller.

use super::address::ServerAddress;
use super::error::{DirectoryError, Phase, Trouble};
use super::login::Login;
use crate::live::dial;
use crate::live::trust::Trust;
use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry, StdStream};
use log::debug;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::TcpStream;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// How many entries a page has: what Active Directory gives by default (MaxPageSize) \[doc\].
const PAGE: i32 = 1000;

/// More entries than any honest answer to what this program asks.
const MOST_ENTRIES: usize = 1_000_000;

/// An open, protected conversation. It is closed when dropped.
pub struct Connection {
    runtime: Runtime,
    ldap: ldap3::Ldap,
    server: ServerAddress,
    timeout: Duration,
}

/// How deep a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only the entry itself.
    Entry,
    /// Its children.
    Children,
    /// Everything below it, and itself.
    Tree,
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// Where: a distinguished name, or nothing for the root.
    pub base: &'a str,
    /// How deep.
    pub depth: Depth,
    /// Which entries: an LDAP filter.
    pub filter: &'a str,
    /// Which of their attributes.
    pub attributes: &'a [&'a str],
}

/// What was found, whole.
#[derive(Debug, Default)]
pub struct Found {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The places that the server sent to, which were not followed.
    pub referrals: Vec<String>,
}

/// One entry of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes' values by their names, in lower case.
    attributes: HashMap<String, Vec<String>>,
}

impl Entry {
    fn new(entry: SearchEntry) -> Self {
        let attributes = entry.attrs.into_iter().map(|(name, values)| (name.to_ascii_lowercase(), values)).collect();
        Self { dn: entry.dn, attributes }
    }

    /// An attribute's values.
    pub fn texts(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.attributes.get(&attribute.to_ascii_lowercase()).into_iter().flatten().map(String::as_str)
    }

    /// An attribute's first value.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.texts(attribute).next()
    }

    /// Whether the attribute has more values than were told (`name;range=0-1499`).
    pub(super) fn ranged(&self, attribute: &str) -> bool {
        let ranged = format!("{};range=", attribute.to_ascii_lowercase());
        self.attributes.keys().any(|name| name.starts_with(&ranged))
    }

    #[cfg(test)]
    pub(super) fn of(dn: &str, attributes: &[(&str, &[&str])]) -> Self {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let attributes = attributes.iter().map(|(name, values)| (name.to_ascii_lowercase(), owned(values))).collect();
        Self { dn: dn.to_owned(), attributes }
    }
}

impl Connection {
    /// Connects, and begins TLS; nobody has logged in yet.
    pub fn open(server: &ServerAddress, trust: &Trust, timeout: Duration) -> Result<Self, DirectoryError> {
        let failed = |phase, trouble| DirectoryError { server: server.clone(), phase, trouble };
        let stream = connect(server, timeout)?;
        let broken = |error: io::Error| failed(Phase::Connect, Trouble::of_io(&error, Phase::Connect));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(broken)?;
        let settings = LdapConnSettings::new()
            .set_std_stream(StdStream::Tcp(stream))
            .set_config(trust.config().clone())
            .set_starttls(server.starts_tls())
            .set_conn_timeout(timeout);
        let phase = if server.starts_tls() { Phase::StartTls } else { Phase::Tls };
        let opened = runtime.block_on(async {
            let (connection, ldap) = LdapConnAsync::with_settings(settings, &server.to_string()).await?;
            // Its end shows in the answer to whatever is asked next.
            tokio::spawn(async move { connection.drive().await });
            Ok(ldap)
        });
        let ldap = opened.map_err(|error: LdapError| {
            let trouble = trouble(&error, phase, timeout);
            // The certificate comes after StartTLS was granted.
            let phase = if matches!(trouble, Trouble::Certificate(_)) { Phase::Tls } else { phase };
            failed(phase, trouble)
        })?;
        debug!("{server}: TLS has begun, and the certificate holds good");
        Ok(Self { runtime, ldap, server: server.clone(), timeout })
    }

    /// Logs in.
    pub fn bind(&mut self, login: &Login) -> Result<(), DirectoryError> {
        let result = match login {
            Login::Simple { name, password } => {
                debug!("{}: simple bind as {name}", self.server);
                let (ldap, limit) = (&mut self.ldap, self.timeout);
                within(&self.runtime, limit, ldap.simple_bind(name, password.expose()))
            }
            #[cfg(feature = "gssapi")]
            Login::Kerberos => {
                debug!("{}: bind with the Kerberos ticket", self.server);
                let (ldap, limit, host) = (&mut self.ldap, self.timeout, self.server.host().to_owned());
                within(&self.runtime, limit, async move { ldap.sasl_gssapi_bind(&host).await })
            }
        };
        let result = result.map_err(|trouble| self.failed(Phase::Bind, trouble))?;
        debug!("{}: the bind came to {}", self.server, shown(&result));
        self.checked(Phase::Bind, &result, "")
    }

    /// Searches, page by page, each within the timeout.
    pub fn search(&mut self, search: &Search<'_>) -> Result<Found, DirectoryError> {
        let mut found = Found::default();
        let mut cookie = Vec::new();
        loop {
            let (entries, result) = self.page(search, cookie)?;
            found.referrals.extend(result.refs.iter().cloned());
            self.checked(Phase::Search, &result, search.base)?;
            found.entries.extend(entries);
            cookie = next_page(&result);
            if cookie.is_empty() {
                return Ok(found);
            }
            if found.entries.len() > MOST_ENTRIES {
                let why = format!("it has no end after {MOST_ENTRIES} entries");
                return Err(self.failed(Phase::Search, Trouble::Misunderstood(why)));
            }
        }
    }

    /// With whom this is.
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    fn page(&mut self, search: &Search<'_>, cookie: Vec<u8>) -> Result<(Vec<Entry>, LdapResult), DirectoryError> {
        let scope = match search.depth {
            Depth::Entry => Scope::Base,
            Depth::Children => Scope::OneLevel,
            Depth::Tree => Scope::Subtree,
        };
        // The root DSE and single entries need no pages, and some servers refuse pages there.
        if scope != Scope::Base {
            self.ldap.with_controls(PagedResults { size: PAGE, cookie });
        }
        debug!("{}: search of {:?} ({:?}) for {}", self.server, search.base, search.depth, search.filter);
        let (ldap, limit) = (&mut self.ldap, self.timeout);
        let asked = ldap.search(search.base, scope, search.filter, search.attributes);
        let answered = within(&self.runtime, limit, asked).map_err(|trouble| self.failed(Phase::Search, trouble))?;
        debug!("{}: {} entries, {}", self.server, answered.0.len(), shown(&answered.1));
        let entries = answered.0.into_iter().map(|entry| Entry::new(SearchEntry::construct(entry))).collect();
        Ok((entries, answered.1))
    }

    fn checked(&self, phase: Phase, result: &LdapResult, base: &str) -> Result<(), DirectoryError> {
        match result.rc {
            0 => Ok(()),
            code => Err(self.failed(phase, Trouble::of_result(code, &result.text, result.refs.clone(), base))),
        }
    }

    fn failed(&self, phase: Phase, trouble: Trouble) -> DirectoryError {
        DirectoryError { server: self.server.clone(), phase, trouble }
    }
}

/// The name of the next page; empty where there is none.
fn next_page(result: &LdapResult) -> Vec<u8> {
    let paged = result.ctrls.iter().find_map(|Control(known, raw)| match known {
        Some(ControlType::PagedResults) => Some(raw.parse::<PagedResults>().cookie),
        _ => None,
    });
    paged.unwrap_or_default()
}

/// `result 49: 80090308: LdapErr: ...`
fn shown(result: &LdapResult) -> String {
    let text = if result.text.is_empty() { String::new() } else { format!(": {}", result.text) };
    format!("result {}{text}", result.rc)
}

/// Waits for an operation, but no longer than the timeout.
fn within<T>(
    runtime: &Runtime,
    limit: Duration,
    operation: impl Future<Output = Result<T, LdapError>>,
) -> Result<T, Trouble> {
    match runtime.block_on(async { timeout(limit, operation).await }) {
        Ok(done) => done.map_err(|error| trouble(&error, Phase::Search, limit)),
        Err(_) => Err(Trouble::TimedOut(limit)),
    }
}

/// Connects to the first of the host's addresses that takes the connection.
fn connect(server: &ServerAddress, limit: Duration) -> Result<TcpStream, DirectoryError> {
    let failed = |phase, trouble| DirectoryError { server: server.clone(), phase, trouble };
    let addresses = dial::look_up(server.host(), server.port(), limit).map_err(|error| {
        let trouble = match error.kind() {
            io::ErrorKind::TimedOut => Trouble::TimedOut(limit),
            _ => Trouble::NameUnknown(error.to_string()),
        };
        failed(Phase::Name, trouble)
    })?;
    dial::connect(&addresses, limit).map_err(|(_, error)| {
        let trouble = match error.kind() {
            io::ErrorKind::TimedOut => Trouble::TimedOut(limit),
            _ => Trouble::of_io(&error, Phase::Connect),
        };
        failed(Phase::Connect, trouble)
    })
}

fn trouble(error: &LdapError, phase: Phase, limit: Duration) -> Trouble {
    match error {
        LdapError::Timeout { .. } => Trouble::TimedOut(limit),
        LdapError::Io { source } => Trouble::of_io(source, phase),
        LdapError::Rustls { source } => Trouble::of_tls(source),
        LdapError::LdapResult { result } if phase == Phase::StartTls => {
            Trouble::NoStartTls { code: result.rc, text: result.text.clone() }
        }
        LdapError::LdapResult { result } => {
            Trouble::of_result(result.rc, &result.text, result.refs.clone(), "the root")
        }
        LdapError::EndOfStream | LdapError::ResultRecv { .. } | LdapError::OpSend { .. } => Trouble::Closed,
        #[cfg(feature = "gssapi")]
        LdapError::GssapiOperationError(why) => Trouble::Kerberos(why.clone()),
        other => Trouble::Misunderstood(other.to_string()),
    }
}
