//! What can go wrong between this program and a domain controller, and what to do about it.

use super::address::ServerAddress;
use crate::live::trust::{CertificateFault, HandshakeFault, WANTED};
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// A conversation that came to nothing.
#[derive(Debug)]
pub struct DirectoryError {
    /// Whom it was with.
    pub server: ServerAddress,
    /// How far it had come.
    pub phase: Phase,
    /// What went wrong.
    pub trouble: Trouble,
}

/// The phases of a conversation, each of which ends within the timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its name is looked up.
    Name,
    /// TCP.
    Connect,
    /// The request to begin TLS.
    StartTls,
    /// TLS, and with it the certificate.
    Tls,
    /// The login.
    Bind,
    /// A search.
    Search,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It did not answer within the timeout.
    TimedOut(Duration),
    /// Nobody knows its name.
    NameUnknown(String),
    /// Nobody listens at that port.
    ConnectionRefused,
    /// The connection could not be made or broke.
    Connection(String),
    /// It closed the connection without a word.
    Closed,
    /// What it sent is no TLS.
    NotTls(String),
    /// It speaks no TLS that is new enough.
    TooOld(String),
    /// It grants no StartTLS.
    NoStartTls {
        /// The LDAP result code: 52 is Active Directory's where it has no certificate.
        code: u32,
        /// What the server said to it.
        text: String,
    },
    /// Its certificate is not believed.
    Certificate(CertificateFault),
    /// The login was refused.
    Login(LoginFault),
    /// The Kerberos ticket that the user has did not do for a login, in the library's words.
    Kerberos(String),
    /// It wants a stronger protection than this (result 8).
    StrongerAuthentication(String),
    /// There is no such place in the directory (result 32).
    NoSuchBase(String),
    /// It sends to other servers, which is not followed (result 10).
    Referral(Vec<String>),
    /// It gives no more entries (result 4), though they were asked for in pages.
    SizeLimit,
    /// It would search no longer (result 3).
    TimeLimit,
    /// The login may not read this (result 50).
    NoRights,
    /// Any other result.
    Result {
        /// The LDAP result code.
        code: u32,
        /// What the server said to it.
        text: String,
    },
    /// What it sent cannot be understood.
    Misunderstood(String),
}

/// Why a login was refused, by the `data` of Active Directory's message \[doc\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginFault {
    /// 525.
    NoSuchUser,
    /// 52e.
    WrongPassword,
    /// 52f: a restriction of the account, or a policy. Protected Users are refused a simple bind so.
    Restricted,
    /// 530.
    NotAtThisTime,
    /// 531.
    NotFromHere,
    /// 532.
    PasswordExpired,
    /// 533.
    Disabled,
    /// 701.
    AccountExpired,
    /// 773.
    MustChangePassword,
    /// 775.
    LockedOut,
    /// Another number of Windows.
    Other(u32),
    /// No number is named.
    Unexplained,
}

impl LoginFault {
    /// The fault that the server's message names: `..., data 52e, v4563`.
    fn of(text: &str) -> Self {
        let data = text.split_once("data ").map_or("", |(_, rest)| rest);
        match data.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default() {
            "525" => Self::NoSuchUser,
            "52e" => Self::WrongPassword,
            "52f" => Self::Restricted,
            "530" => Self::NotAtThisTime,
            "531" => Self::NotFromHere,
            "532" => Self::PasswordExpired,
            "533" => Self::Disabled,
            "701" => Self::AccountExpired,
            "773" => Self::MustChangePassword,
            "775" => Self::LockedOut,
            other => u32::from_str_radix(other, 16).map_or(Self::Unexplained, Self::Other),
        }
    }
}

impl fmt::Display for LoginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchUser => "there is no such user",
            Self::Restricted => "a restriction of the user or a policy forbids this login",
            Self::Other(number) => return write!(f, "it was refused with the Windows error 0x{number:x}"),
            Self::WrongPassword => "the name or the password is wrong",
            Self::NotAtThisTime => "the user may not log in at this time",
            Self::NotFromHere => "the user may not log in from here",
            Self::PasswordExpired => "the user's password has expired",
            Self::Disabled => "the user is disabled",
            Self::AccountExpired => "the user's account has expired",
            Self::MustChangePassword => "the user must change the password first",
            Self::LockedOut => "the user is locked out",
            Self::Unexplained => "the name or the password was not taken",
        })
    }
}

impl Trouble {
    /// What an LDAP result other than success means.
    pub(super) fn of_result(code: u32, text: &str, referrals: Vec<String>, base: &str) -> Self {
        match code {
            3 => Self::TimeLimit,
            4 => Self::SizeLimit,
            8 => Self::StrongerAuthentication(text.to_owned()),
            10 => Self::Referral(referrals),
            32 => Self::NoSuchBase(base.to_owned()),
            49 => Self::Login(LoginFault::of(text)),
            50 => Self::NoRights,
            code => Self::Result { code, text: text.to_owned() },
        }
    }

    /// What an error of the connection means, TLS's own among them.
    pub(super) fn of_io(error: &io::Error, phase: Phase) -> Self {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return Self::ConnectionRefused;
        }
        match HandshakeFault::of_io(error) {
            Some(HandshakeFault::Closed) if phase == Phase::Connect => Self::Connection(error.to_string()),
            Some(fault) => Self::of_handshake(fault),
            None => Self::Connection(error.to_string()),
        }
    }

    /// What an error of TLS means.
    pub(super) fn of_tls(error: &rustls::Error) -> Self {
        Self::of_handshake(HandshakeFault::of(error))
    }

    fn of_handshake(fault: HandshakeFault) -> Self {
        match fault {
            HandshakeFault::Certificate(fault) => Self::Certificate(fault),
            HandshakeFault::TooOld(why) => Self::TooOld(why),
            HandshakeFault::NotTls(why) => Self::NotTls(why),
            HandshakeFault::Closed => Self::Closed,
            HandshakeFault::Other(why) => Self::Connection(why),
        }
    }
}

impl DirectoryError {
    /// Whether nothing more can be asked in this conversation.
    pub(super) fn ends_the_conversation(&self) -> bool {
        matches!(
            self.trouble,
            Trouble::TimedOut(_) | Trouble::Connection(_) | Trouble::Closed | Trouble::Misunderstood(_)
        )
    }

    /// Whether another domain controller may do better. A refused login is not tried there: that would lock it out.
    pub(super) fn may_be_the_servers(&self) -> bool {
        !matches!(self.trouble, Trouble::Login(_))
    }
}

impl Error for DirectoryError {}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.server, self.phase)?;
        write!(f, ": {}", self.trouble)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "looking up its name failed",
            Self::Connect => "connecting failed",
            Self::StartTls => "StartTLS failed",
            Self::Tls => "TLS failed",
            Self::Bind => "the login failed",
            Self::Search => "a search failed",
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Self::NameUnknown(why) | Self::Connection(why) => f.write_str(why),
            Self::ConnectionRefused => f.write_str("nothing listens at that port"),
            Self::Closed => f.write_str("the server closed the connection without a word"),
            Self::NotTls(why) => write!(f, "what the server sent is no TLS: {why}"),
            Self::TooOld(why) => write!(f, "the server offers nothing new enough, {WANTED} ({why})"),
            Self::NoStartTls { code, text } => {
                f.write_str("the server grants no TLS")?;
                let colon = if text.is_empty() { "" } else { ": " };
                write!(f, " (result {code}{colon}{text})")
            }
            Self::Certificate(fault) => write!(f, "the server's certificate is refused: {fault}"),
            Self::Login(fault) => fault.fmt(f),
            Self::Kerberos(why) => write!(f, "your Kerberos ticket did not do: {why}"),
            Self::StrongerAuthentication(text) => {
                write!(f, "the server wants a stronger authentication (result 8): {text}")
            }
            Self::NoSuchBase(base) => write!(f, "there is no {base} in its directory (result 32)"),
            Self::Referral(to) if to.is_empty() => f.write_str("it sends to another server, which is not followed"),
            Self::Referral(to) => write!(f, "it sends to {}, which is not followed (result 10)", to.join(", ")),
            Self::SizeLimit => f.write_str("the server gives no more entries (result 4), though asked in pages"),
            Self::TimeLimit => f.write_str("the server would search no longer (result 3)"),
            Self::NoRights => f.write_str("the login may not read this (result 50)"),
            Self::Result { code, text } if text.is_empty() => write!(f, "result {code}"),
            Self::Result { code, text } => write!(f, "result {code}: {text}"),
            Self::Misunderstood(why) => write!(f, "what the server sent cannot be understood: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::CertificateError;

    fn check(phase: Phase, trouble: Trouble, said: &str, hint: &str) {
        let server = ServerAddress::parse("ldaps://dc01.contoso.com", false).unwrap();
        let error = DirectoryError { server, phase, trouble };
        let text = error.to_string();
        assert!(text.starts_with("ldaps://dc01.contoso.com:636: ") && text.contains(said), "{text}");
        assert!(error.hint().contains(hint), "{}", error.hint());
    }

    fn result(code: u32, text: &str) -> Trouble {
        Trouble::of_result(code, text, vec!["ldap://child.contoso.com".into()], "DC=x")
    }

    #[test]
    fn refused_logins_by_their_data() {
        let message = |data: &str| {
            format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1")
        };
        let check_data =
            |data: &str, said: &str, hint: &str| check(Phase::Bind, result(49, &message(data)), said, hint);
        check_data("52e", "the name or the password is wrong", "on no other server");
        check_data("52f", "a restriction of the user or a policy", "another user");
        check_data("80090346", "refused with the Windows error 0x80090346", "event log");
        check_data("525", "no such user", "--bind-as");
        check_data("530", "may not log in at this time", "another user");
        check_data("531", "may not log in from here", "another user");
        check_data("532", "has expired", "new password");
        check_data("533", "disabled", "another user");
        check_data("701", "account has expired", "another user");
        check_data("773", "must change", "new password");
        check_data("775", "locked out", "unlocked");
        check(Phase::Bind, result(49, ""), "was not taken", "--bind-as");
    }

    #[test]
    fn other_results() {
        check(Phase::Bind, result(8, "SASL:[GSSAPI]: Sign or Seal are required."), "result 8", "--bind-as");
        check(Phase::Bind, Trouble::Kerberos("No credentials".into()), "did not do: No credentials", "run kinit");
        check(Phase::Search, result(32, ""), "there is no DC=x", "of the forest");
        check(Phase::Search, result(10, ""), "sends to ldap://child.contoso.com", "--directory");
        check(Phase::Search, result(4, ""), "no more entries", "MaxPageSize");
        check(Phase::Search, result(3, ""), "no longer", "MaxQueryDuration");
        check(Phase::Search, result(50, ""), "may not read", "bind as a user");
        check(Phase::Search, result(1, "bind first"), "result 1: bind first", "bind as a domain user");
        check(Phase::Search, result(52, "busy"), "result 52: busy", "another domain controller");
    }

    #[test]
    fn connections_that_fail() {
        let of = |kind: io::ErrorKind, phase| Trouble::of_io(&io::Error::from(kind), phase);
        check(Phase::Connect, of(io::ErrorKind::ConnectionRefused, Phase::Connect), "nothing listens", "firewall");
        check(Phase::Tls, of(io::ErrorKind::UnexpectedEof, Phase::Tls), "closed the connection", "--starttls");
        check(Phase::StartTls, of(io::ErrorKind::ConnectionReset, Phase::StartTls), "closed", "ldaps://");
        let old = rustls::Error::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13);
        check(Phase::Tls, Trouble::of_tls(&old), "offers nothing new enough, TLS 1.2 with forward secrecy", "2016");
        let refused = |code, text: &str| Trouble::NoStartTls { code, text: text.to_owned() };
        let said = "StartTLS failed: the server grants no TLS (result 52: Error initializing SSL/TLS)";
        check(Phase::StartTls, refused(52, "Error initializing SSL/TLS"), said, "certificate");
        check(Phase::StartTls, refused(2, ""), "grants no TLS (result 2)", "certificate");
        check(Phase::Bind, of(io::ErrorKind::BrokenPipe, Phase::Bind), "closed", "try again");
        check(Phase::Tls, Trouble::TimedOut(Duration::from_secs(10)), "no answer within 10s", "port of ldaps");
        check(Phase::StartTls, Trouble::TimedOut(Duration::from_secs(1)), "StartTLS failed", "port of plain LDAP");
        check(Phase::Search, Trouble::TimedOut(Duration::from_millis(1500)), "within 1.5s", "--timeout");
    }

    #[test]
    fn certificates_that_are_not_believed() {
        let check = |error: CertificateError, said: &str, hint: &str| {
            let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(error));
            check(Phase::Tls, Trouble::of_io(&error, Phase::Tls), said, hint);
        };
        check(CertificateError::UnknownIssuer, "refused: its authority is not known here", "--ca-file");
        check(CertificateError::NotValidForName, "another name", "not dc01.contoso.com");
        let other = CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("dc01.contoso.com").unwrap(),
            presented: vec![r#"DnsName("dc1.contoso.com")"#.into()],
        };
        check(other, "another name: dc1.contoso.com", "one of these names");
        check(CertificateError::Expired, "it has expired", "clock");
        check(CertificateError::NotValidYet, "not valid yet", "clock");
        check(CertificateError::Revoked, "revoked", "proper certificate");
        check(CertificateError::BadEncoding, "refused", "proper certificate");
    }
}
