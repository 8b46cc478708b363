//! Names, parsed once and never wrong afterwards.
//!
//! Every name compares without case and prints as it was declared.

use super::Caseless;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Why a text is not the name it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing, or only white space.
    #[error("it is empty")]
    Empty,
    /// Not an FQDN: a single label, as in `fe01`.
    #[error("it has no domain part, so it is not a fully qualified domain name")]
    NotQualified,
    /// An FQDN with an impossible label.
    #[error("the label {0:?} is not one to 63 letters, digits, `-` or `_`, or begins or ends with `-`")]
    BadLabel(String),
    /// An FQDN over 253 characters.
    #[error("it has {0} characters; a domain name has at most 253")]
    FqdnTooLong(usize),
    /// An IP address where a name is needed.
    #[error("it is an address; Kerberos knows servers by name only")]
    Address,
    /// `name@domain` where `DOMAIN\name` is needed.
    #[error("it is a user principal name; Lync supports only DOMAIN\\name")]
    Upn,
    /// An account without `DOMAIN\`.
    #[error("it has no domain; an account is written DOMAIN\\name")]
    NoDomain,
    /// A NetBIOS name over 15 characters.
    #[error("{part:?} has {length} characters; a NetBIOS name has at most 15")]
    NetbiosTooLong {
        /// The domain or the account part.
        part: String,
        /// Its length in characters.
        length: usize,
    },
    /// A character that the kind of name cannot have.
    #[error("it has the character {0:?}, which such a name cannot have")]
    BadCharacter(char),
    /// Not a service principal name.
    #[error("it is not a service principal name: class/host is needed")]
    NotSpn,
    /// Not a distinguished name.
    #[error("it is not a distinguished name such as CN=Users,DC=contoso,DC=com")]
    NotDistinguishedName,
}

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $check:path) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Caseless);

        impl $name {
            /// The name as it was declared.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                $check(text).map(|checked| Self(Caseless::from(checked)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

name!(
    /// The fully qualified domain name of one server (a `Machine` of the topology).
    ServerFqdn,
    fqdn
);
name!(
    /// The fully qualified domain name of a pool (a `Cluster` of the topology).
    PoolFqdn,
    fqdn
);
name!(
    /// The fully qualified domain name of a pool's Web Services, where it differs from the pool's own.
    WebFqdn,
    fqdn
);
name!(
    /// A Lync site (not an Active Directory site), as in the cmdlets' identity `site:<Name>`.
    SiteName,
    plain
);
name!(
    /// A Kerberos account, `DOMAIN\name`, both parts NetBIOS names of at most 15 characters.
    ///
    /// Source: New-CsKerberosAccount; the UPN form `name@domain` is not supported.
    AccountName,
    account
);
name!(
    /// A service principal name, `class/host`.
    Spn,
    spn
);
name!(
    /// An IIS location, `Site` or `Site/application`, without slashes at its ends.
    LocationPath,
    location
);
name!(
    /// An LDAP distinguished name, as `CN=Users,DC=contoso,DC=com`.
    DistinguishedName,
    distinguished
);

impl PoolFqdn {
    /// The server of a pool that bears its one server's name: a Standard Edition server or a one-machine Director.
    pub fn as_server(&self) -> ServerFqdn {
        ServerFqdn(self.0.clone())
    }

    /// `http/<pool FQDN>`, which Enable-CsTopology puts on the site's account.
    pub fn spn(&self) -> Spn {
        http(self.as_str())
    }
}

impl ServerFqdn {
    /// Whether this text is the pool's name.
    pub fn names_pool(&self, pool: &PoolFqdn) -> bool {
        self.0 == pool.0
    }

    /// The same text as a pool's name, to look it up among the pools.
    pub fn as_pool(&self) -> PoolFqdn {
        PoolFqdn(self.0.clone())
    }
}

impl WebFqdn {
    /// `http/<internal web FQDN>`, which Enable-CsTopology does *not* make.
    pub fn spn(&self) -> Spn {
        http(self.as_str())
    }

    /// The same text as a pool's name: an internal web FQDN must not be one.
    pub fn as_pool(&self) -> PoolFqdn {
        PoolFqdn(self.0.clone())
    }
}

impl Spn {
    /// Whether its class is `http`.
    pub fn is_http(&self) -> bool {
        self.as_str().split_once('/').is_some_and(|(class, _)| class.eq_ignore_ascii_case("http"))
    }
}

impl AccountName {
    /// The part before the backslash.
    pub fn domain(&self) -> &str {
        self.as_str().split_once('\\').map_or("", |(domain, _)| domain)
    }

    /// The part after the backslash: the computer account's name without `$`.
    pub fn account(&self) -> &str {
        self.as_str().split_once('\\').map_or("", |(_, account)| account)
    }
}

impl SiteName {
    /// The identity that the cmdlets take: `site:<Name>`.
    pub fn identity(&self) -> String {
        format!("site:{self}")
    }
}

impl LocationPath {
    /// The IIS site: the first segment.
    pub fn site(&self) -> &str {
        self.as_str().split('/').next().unwrap_or_default()
    }

    /// This path's parents, the outermost first, without itself: `A`, `A/b` for `A/b/c`.
    pub fn parents(&self) -> impl Iterator<Item = LocationPath> + '_ {
        let text = self.as_str();
        text.match_indices('/').map(|(at, _)| LocationPath(Caseless::from(&text[..at])))
    }

    /// Whether this path lies somewhere below `parent`.
    pub fn is_below(&self, parent: &LocationPath) -> bool {
        let (own, above) = (self.as_str(), parent.as_str());
        // Without allocating: this is asked for every location of every server.
        own.match_indices('/').any(|(at, _)| Caseless::same(&own[..at], above))
    }
}

fn http(host: &str) -> Spn {
    Spn(Caseless::from(format!("http/{host}").as_str()))
}

fn plain(text: &str) -> Result<&str, NameError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(NameError::BadCharacter(c)),
        None => Ok(text),
    }
}

fn fqdn(text: &str) -> Result<&str, NameError> {
    let text = plain(text)?;
    if text.len() > 253 && text.chars().count() > 253 {
        return Err(NameError::FqdnTooLong(text.chars().count()));
    }
    // Nothing else can be an address, and hundreds of thousands of names are read.
    let may_be_address = text.starts_with(|c: char| c.is_ascii_digit()) || text.contains(':');
    if may_be_address && text.parse::<std::net::IpAddr>().is_ok() {
        return Err(NameError::Address);
    }
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match text.split('.').find(|label| !good(label)) {
        Some(label) => Err(NameError::BadLabel(label.to_owned())),
        None if text.contains('.') => Ok(text),
        None => Err(NameError::NotQualified),
    }
}

/// The characters that neither a NetBIOS name nor a `sAMAccountName` may have.
const NOT_IN_ACCOUNTS: &[char] =
    &['"', '/', '\\', '[', ']', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '$'];

fn account(text: &str) -> Result<&str, NameError> {
    let text = plain(text)?;
    let Some((domain, name)) = text.split_once('\\') else {
        return Err(if text.contains('@') { NameError::Upn } else { NameError::NoDomain });
    };
    for part in [domain, name] {
        if part.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(c) = part.chars().find(|c| NOT_IN_ACCOUNTS.contains(c) || c.is_whitespace()) {
            return Err(NameError::BadCharacter(c));
        }
        let length = part.chars().count();
        if length > 15 {
            return Err(NameError::NetbiosTooLong { part: part.to_owned(), length });
        }
    }
    Ok(text)
}

fn spn(text: &str) -> Result<&str, NameError> {
    let text = plain(text)?;
    match text.split_once('/') {
        Some((class, host)) if !class.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace) => Ok(text),
        _ => Err(NameError::NotSpn),
    }
}

fn location(text: &str) -> Result<&str, NameError> {
    // What is read again is the same: there may be white space behind a slash.
    let text = plain(text)?.trim_matches(|c: char| c == '/' || c.is_whitespace());
    if text.is_empty() || text.split('/').any(str::is_empty) {
        return Err(NameError::Empty);
    }
    Ok(text)
}

fn distinguished(text: &str) -> Result<&str, NameError> {
    let text = plain(text)?;
    let mut escaped = false;
    let parts = text.split(|c| {
        let here = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        here
    });
    let good = |part: &str| {
        part.split_once('=').is_some_and(|(attribute, value)| {
            let attribute = attribute.trim();
            attribute.starts_with(|c: char| c.is_ascii_alphabetic())
                && attribute.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !value.trim().is_empty()
        })
    };
    if parts.into_iter().all(good) { Ok(text) } else { Err(NameError::NotDistinguishedName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<N: FromStr<Err = NameError> + fmt::Display>(text: &str, expected: Result<&str, NameError>) {
        assert_eq!(text.parse::<N>().map(|name| name.to_string()), expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn fqdns() {
        check::<ServerFqdn>("FE01.contoso.com", Ok("FE01.contoso.com"));
        check::<ServerFqdn>("fe01", Err(NameError::NotQualified));
        check::<ServerFqdn>("127.0.0.1", Err(NameError::Address));
        check::<ServerFqdn>("fe80::1", Err(NameError::Address));
        check::<ServerFqdn>("::1", Err(NameError::Address));
        check::<ServerFqdn>("1and1.contoso.com", Ok("1and1.contoso.com"));
        check::<ServerFqdn>("fe01..com", Err(NameError::BadLabel(String::new())));
        check::<ServerFqdn>("fe 1.contoso.com", Err(NameError::BadLabel("fe 1".into())));
        check::<ServerFqdn>("../fe01.contoso.com", Err(NameError::BadLabel(String::new())));
        check::<ServerFqdn>("a/b.contoso.com", Err(NameError::BadLabel("a/b".into())));
        check::<ServerFqdn>("-a.contoso.com", Err(NameError::BadLabel("-a".into())));
        check::<PoolFqdn>(" ", Err(NameError::Empty));
        check::<PoolFqdn>(&format!("{}.com", "a.".repeat(126)), Err(NameError::FqdnTooLong(256)));
    }

    #[test]
    fn accounts() {
        check::<AccountName>(r"CONTOSO\kerbauth", Ok(r"CONTOSO\kerbauth"));
        check::<AccountName>("kerbauth@contoso.com", Err(NameError::Upn));
        check::<AccountName>("kerbauth", Err(NameError::NoDomain));
        check::<AccountName>(r"CONTOSO\", Err(NameError::Empty));
        check::<AccountName>(r"CONTOSO\kerb$", Err(NameError::BadCharacter('$')));
        check::<AccountName>(
            r"CONTOSO\kerbauth-redmond",
            Err(NameError::NetbiosTooLong { part: "kerbauth-redmond".into(), length: 16 }),
        );
        check::<AccountName>(r"CONTOSO\a\b", Err(NameError::BadCharacter('\\')));
    }

    #[test]
    fn paths_and_other_names() {
        check::<LocationPath>("/Default Web Site/ews/", Ok("Default Web Site/ews"));
        check::<LocationPath>("/\u{2028}a/ ", Ok("a"));
        check::<LocationPath>("a//b", Err(NameError::Empty));
        check::<LocationPath>("/", Err(NameError::Empty));
        check::<Spn>("http/pool01.contoso.com", Ok("http/pool01.contoso.com"));
        check::<Spn>("pool01.contoso.com", Err(NameError::NotSpn));
        check::<SiteName>("Zürich West", Ok("Zürich West"));
        check::<SiteName>("a\nb", Err(NameError::BadCharacter('\n')));
        check::<DistinguishedName>("CN=Users,DC=contoso,DC=com", Ok("CN=Users,DC=contoso,DC=com"));
        check::<DistinguishedName>(r"OU=a\,b,DC=x", Ok(r"OU=a\,b,DC=x"));
        check::<DistinguishedName>("Users", Err(NameError::NotDistinguishedName));
        check::<DistinguishedName>("CN=,DC=x", Err(NameError::NotDistinguishedName));
    }

    #[test]
    fn parents_come_outermost_first() {
        let path: LocationPath = "A/b/c".parse().unwrap();
        let parents: Vec<String> = path.parents().map(|parent| parent.to_string()).collect();
        assert_eq!(parents, ["A", "A/b"]);
        assert!(path.is_below(&"a".parse().unwrap()));
        assert!(!path.is_below(&path.clone()));
    }
}
