//! What is wrong with a certificate, in words.

use super::verifier::UnknownAuthority;
use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use std::fmt;

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its authority, by its name where that can be told, is not among those that are believed.
    UnknownAuthority(Option<String>),
    /// It is another's: these are the names it bears.
    OtherName(Vec<String>),
    /// It bears no name that counts: those are its subject alternative names.
    NoName,
    /// Its time is over, since when.
    Expired(Option<Timestamp>),
    /// Its time has not come, until when.
    NotYetValid(Option<Timestamp>),
    /// Its authority took it back.
    Revoked,
    /// Anything else, in the library's words.
    Other(String),
}

impl CertificateFault {
    /// What the library's error means.
    pub(in crate::live) fn of(error: &CertificateError) -> Self {
        let moment = |time: &UnixTime| Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok();
        match error {
            CertificateError::UnknownIssuer => Self::UnknownAuthority(None),
            CertificateError::NotValidForName => Self::OtherName(Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => Self::NoName,
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::OtherName(presented.iter().map(|name| bare(name)).collect())
            }
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(moment(not_after)),
            CertificateError::NotValidYet => Self::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid(moment(not_before)),
            CertificateError::Revoked => Self::Revoked,
            CertificateError::Other(other) => match other.0.downcast_ref::<UnknownAuthority>() {
                Some(UnknownAuthority(name)) => Self::UnknownAuthority(Some(name.clone())),
                None => Self::Other(error.to_string()),
            },
            other => Self::Other(other.to_string()),
        }
    }
}

/// A name of a certificate, which the library shows as `DnsName("dc01.contoso.com")` or `IpAddress(10.0.0.1)`.
fn bare(shown: &str) -> String {
    let name = shown.split_once('(').map_or(shown, |(_, rest)| rest);
    name.trim_end_matches(')').trim_matches('"').to_owned()
}

impl fmt::Display for CertificateFault {
    /// A clause about the certificate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthority(None) => f.write_str("its authority is not known here"),
            Self::UnknownAuthority(Some(name)) => write!(f, "its authority, {name}, is not known here"),
            Self::OtherName(names) if names.is_empty() => f.write_str("it bears another name"),
            Self::OtherName(names) => write!(f, "it bears another name: {}", names.join(", ")),
            Self::NoName => f.write_str("it bears no server's name (no subject alternative name)"),
            Self::Expired(None) => f.write_str("it has expired"),
            Self::Expired(Some(at)) => write!(f, "it expired at {at}"),
            Self::NotYetValid(None) => f.write_str("it is not valid yet"),
            Self::NotYetValid(Some(at)) => write!(f, "it is not valid before {at}"),
            Self::Revoked => f.write_str("it was revoked"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::OtherError;
    use rustls::pki_types::ServerName;
    use std::sync::Arc;
    use std::time::Duration;

    fn check(error: &CertificateError, expected: &str) {
        assert_eq!(CertificateFault::of(error).to_string(), expected);
    }

    #[test]
    fn each_fault_has_its_own_words() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        check(&CertificateError::UnknownIssuer, "its authority is not known here");
        let unknown = UnknownAuthority("Contoso CA 2".to_owned());
        let named = CertificateError::Other(OtherError(Arc::new(unknown)));
        check(&named, "its authority, Contoso CA 2, is not known here");
        check(&CertificateError::NotValidForName, "it bears another name");
        let other = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("dc01.contoso.com").unwrap(),
            presented: vec![r#"DnsName("dc1.contoso.com")"#.into(), "IpAddress(10.0.0.1)".into()],
        };
        check(&other, "it bears another name: dc1.contoso.com, 10.0.0.1");
        let nameless = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("dc01.contoso.com").unwrap(),
            presented: Vec::new(),
        };
        check(&nameless, "it bears no server's name (no subject alternative name)");
        check(&CertificateError::Expired, "it has expired");
        let expired = CertificateError::ExpiredContext { time: at(2), not_after: at(1) };
        check(&expired, "it expired at 1970-01-01T00:00:01Z");
        let early = CertificateError::NotValidYetContext { time: at(1), not_before: at(2) };
        check(&early, "it is not valid before 1970-01-01T00:00:02Z");
        check(&CertificateError::Revoked, "it was revoked");
        check(&CertificateError::BadEncoding, &CertificateError::BadEncoding.to_string());
    }
}
