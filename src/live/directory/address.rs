//! Where a domain controller listens, and how the conversation is protected.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// `ldaps://`: at once.
    FromTheStart,
    /// `ldap://` with StartTLS: by the first request, before anything else is sent.
    StartTls,
}

/// A domain controller as it was typed: `ldaps://dc01.contoso.com[:port]`, or `ldap://` where StartTLS was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    host: String,
    port: u16,
    protection: Protection,
}

/// Why a text is no address of a domain controller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// `ldap://` without StartTLS.
    #[error("plain LDAP would show the password to the network: use ldaps://, or --starttls with ldap://")]
    Plain,
    /// No `ldaps://` or `ldap://`.
    #[error("it does not begin with ldaps:// or ldap://, as ldaps://dc01.contoso.com does")]
    Scheme,
    /// No host, or one that cannot be.
    #[error("{0:?} is no host: name the domain controller as its certificate does")]
    Host(String),
    /// A port that cannot be.
    #[error("{0:?} is no port: 636 and 3269 (global catalog) are those of ldaps, 389 and 3268 those of StartTLS")]
    Port(String),
    /// A base, a filter or a login behind the host.
    #[error("only a host and a port may stand behind the scheme, and no login")]
    More,
}

impl ServerAddress {
    /// Reads an address. With `start_tls`, `ldap://` is taken.
    pub fn parse(text: &str, start_tls: bool) -> Result<Self, AddressError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(AddressError::Scheme)?;
        let protection = match scheme.to_ascii_lowercase().as_str() {
            "ldaps" => Protection::FromTheStart,
            "ldap" if start_tls => Protection::StartTls,
            "ldap" => return Err(AddressError::Plain),
            _ => return Err(AddressError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '@', '#']) {
            return Err(AddressError::More);
        }
        if rest.starts_with('[') {
            return Err(AddressError::Host(rest.to_owned())); // certificates of domain controllers bear names
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => {
                let number = u16::from_str(port).ok().filter(|number| *number > 0);
                (host, number.ok_or_else(|| AddressError::Port(port.to_owned()))?)
            }
            None => (rest, if protection == Protection::StartTls { 389 } else { 636 }),
        };
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(good) {
            return Err(AddressError::Host(host.to_owned()));
        }
        Ok(Self { host: host.to_owned(), port, protection })
    }

    /// The host, which its certificate must name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS begins by a request.
    pub(super) fn starts_tls(&self) -> bool {
        self.protection == Protection::StartTls
    }

    /// Whether the port is one of a global catalog, which knows the whole forest.
    pub fn is_global_catalog(&self) -> bool {
        matches!(self.port, 3268 | 3269)
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.starts_tls() { "ldap" } else { "ldaps" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, start_tls: bool, expected: Result<&str, AddressError>) {
        let read = ServerAddress::parse(text, start_tls).map(|address| address.to_string());
        assert_eq!(read, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn addresses_get_the_port_of_their_protection() {
        check("ldaps://dc01.contoso.com", false, Ok("ldaps://dc01.contoso.com:636"));
        check("LDAPS://dc01.contoso.com:3269/", true, Ok("ldaps://dc01.contoso.com:3269"));
        check("ldap://dc01.contoso.com", true, Ok("ldap://dc01.contoso.com:389"));
        let catalog = |text| ServerAddress::parse(text, true).unwrap().is_global_catalog();
        assert!(catalog("ldap://dc01:3268") && catalog("ldaps://dc01:3269") && !catalog("ldaps://dc01"));
    }

    #[test]
    fn plain_ldap_and_what_is_no_address_are_refused() {
        check("ldap://dc01.contoso.com", false, Err(AddressError::Plain));
        check("dc01.contoso.com", false, Err(AddressError::Scheme));
        check("https://dc01.contoso.com", false, Err(AddressError::Scheme));
        check("ldaps://", false, Err(AddressError::Host(String::new())));
        check("ldaps://dc 01", false, Err(AddressError::Host("dc 01".into())));
        check("ldaps://[2001:db8::1]:636", false, Err(AddressError::Host("[2001:db8::1]:636".into())));
        check("ldaps://dc01:ldap", false, Err(AddressError::Port("ldap".into())));
        check("ldaps://dc01:0", false, Err(AddressError::Port("0".into())));
        check("ldaps://dc01/DC=contoso,DC=com", false, Err(AddressError::More));
        check("ldaps://alice:secret@dc01", false, Err(AddressError::More));
    }
}
