//! What to do about an error of the directory.

use super::error::{DirectoryError, LoginFault, Phase, Trouble};
use crate::live::trust::{CertificateFault, WANTED};

impl DirectoryError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let host = self.server.host();
        match (&self.trouble, self.phase) {
            (Trouble::TimedOut(_), Phase::Tls) => format!(
                "is {} the port of ldaps (636, 3269)? With 389 or 3268: ldap:// and --starttls; or --timeout",
                self.server.port()
            ),
            (Trouble::TimedOut(_), Phase::StartTls) => {
                format!(
                    "is {} the port of plain LDAP (389, 3268)? With 636 or 3269: ldaps://; or --timeout",
                    self.server.port()
                )
            }
            (Trouble::TimedOut(_), _) => {
                "look at the network and at the server, or allow more with --timeout".to_owned()
            }
            (Trouble::NameUnknown(_), _) => "look at the spelling and at DNS".to_owned(),
            (Trouble::ConnectionRefused, _) => {
                format!("does a domain controller run on {host}, and does no firewall stand before it?")
            }
            (Trouble::Connection(_) | Trouble::Misunderstood(_), _) => {
                "look at the network and at the server".to_owned()
            }
            (Trouble::Closed | Trouble::NotTls(_), Phase::StartTls) => {
                format!("is {} the port of plain LDAP (389, 3268)? With 636 or 3269: ldaps://", self.server.port())
            }
            (Trouble::Closed | Trouble::NotTls(_), Phase::Tls) => format!(
                "is {} the port of ldaps (636, 3269), and does the domain controller have a certificate, and {WANTED}? \
                 With 389 or 3268: ldap:// and --starttls",
                self.server.port()
            ),
            (Trouble::Closed | Trouble::NotTls(_), _) => "try again, or ask another domain controller".to_owned(),
            (Trouble::TooOld(_), _) => {
                "ask a domain controller of Windows Server 2016 or later, or give this one newer ciphers".to_owned()
            }
            (Trouble::NoStartTls { .. }, _) => {
                "does the domain controller have a certificate, and does its policy allow StartTLS? \
                 Or try ldaps://"
                    .to_owned()
            }
            (Trouble::Certificate(fault), _) => certificate(fault, host),
            (Trouble::Login(fault), _) => fault.hint().to_owned(),
            (Trouble::StrongerAuthentication(_), _) => {
                "it wants more than TLS: log in with --bind-as and a password, or look at its policy for LDAP signing \
                 (Samba: ldap server require strong auth = allow_sasl_over_tls)"
                    .to_owned()
            }
            (Trouble::Kerberos(_), _) => format!(
                "run kinit, or log in with --bind-as; and is {host} the name that the domain controller's ldap/ SPN bears?"
            ),
            (Trouble::NoSuchBase(_), _) => "ask a domain controller of the forest that has it".to_owned(),
            (Trouble::Referral(_), _) => "name the domain controller that it sends to with --directory".to_owned(),
            (Trouble::SizeLimit | Trouble::TimeLimit, _) => {
                "the domain's LDAP policy limits this login (MaxPageSize, MaxQueryDuration): ask its administrator"
                    .to_owned()
            }
            (Trouble::NoRights, _) => {
                "bind as a user who may read the directory: any domain user may, by default".to_owned()
            }
            (Trouble::Result { code: 1, .. }, Phase::Search) => {
                "the login did not reach the directory: bind as a domain user".to_owned()
            }
            (Trouble::Result { .. }, _) => "ask another domain controller, or its event log".to_owned(),
        }
    }
}

fn certificate(fault: &CertificateFault, host: &str) -> String {
    match fault {
        CertificateFault::UnknownAuthority(_) => {
            "name the authority that issued it with --ca-file (PEM); never one that you cannot vouch for".to_owned()
        }
        CertificateFault::OtherName(names) if names.is_empty() => {
            format!("use the name that the certificate bears, not {host}")
        }
        CertificateFault::OtherName(_) => "use one of these names with --directory".to_owned(),
        CertificateFault::Expired(_) => {
            "renew the domain controller's certificate; or is this machine's clock wrong?".to_owned()
        }
        CertificateFault::NotYetValid(_) => "is this machine's clock wrong?".to_owned(),
        CertificateFault::NoName | CertificateFault::Revoked | CertificateFault::Other(_) => {
            "give the domain controller a proper certificate".to_owned()
        }
    }
}

impl LoginFault {
    fn hint(self) -> &'static str {
        match self {
            Self::NoSuchUser | Self::WrongPassword | Self::Unexplained => {
                "write --bind-as as name@domain or DOMAIN\\name, and look at the password's file or variable; \
                 it was tried once, and on no other server"
            }
            Self::LockedOut => "have it unlocked; it was tried once, and on no other server",
            Self::PasswordExpired | Self::MustChangePassword => "set a new password, then try again",
            Self::Other(_) => "the domain controller's event log (Security) says more; it was tried on no other server",
            Self::Restricted | Self::Disabled | Self::AccountExpired | Self::NotAtThisTime | Self::NotFromHere => {
                "bind as another user"
            }
        }
    }
}
