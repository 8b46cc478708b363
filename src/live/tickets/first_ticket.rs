//! The first ticket: where it comes from, and why it could not be had.

use jiff::Timestamp;
use std::fmt;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where the first ticket comes from.
#[derive(Debug)]
pub enum Initial {
    /// A keytab; its first principal where none is named.
    Keytab {
        /// The file.
        file: PathBuf,
        /// `name` or `name@REALM`.
        principal: Option<String>,
    },
    /// A password.
    Password {
        /// `name` or `name@REALM`.
        principal: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// The user's own ticket.
    Own,
}

/// Why the first ticket could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InitialFault {
    /// The user has none.
    NoTicket,
    /// The user's own is over.
    Expired(Timestamp),
    /// There is no such keytab.
    NoKeytab,
    /// The file is no keytab, or an empty one.
    NotAKeytab,
    /// The keytab has no key for the principal.
    NoKey,
    /// The password, or the key in the keytab, is not the user's.
    WrongKey,
    /// The KDC knows no such user.
    UnknownUser,
    /// The user is disabled or locked out.
    Revoked,
    /// The user must set a new password first.
    PasswordExpired,
    /// The clocks of this computer and the KDC differ too much.
    Clocks,
    /// Nothing says who the KDC of the realm is.
    UnknownRealm,
    /// No KDC of the realm answers.
    SilentKdc,
    /// The user's name is not one.
    Name,
    /// Anything else, in the library's words.
    Other(String),
}

impl InitialFault {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoTicket | Self::Expired(_) => {
                "run kinit, or give --keytab FILE, or --principal NAME and its password"
            }
            Self::NoKeytab | Self::NotAKeytab => {
                "look at the path, and whether you may read it; klist -k FILE shows a keytab"
            }
            Self::NoKey => "klist -k FILE shows whose keys it has; --principal names one of them",
            Self::WrongKey => {
                "type the password anew; or export the keytab anew: a new password makes its keys old ones"
            }
            Self::UnknownUser => "look at the spelling: the logon name, or name@REALM with the realm in capitals",
            Self::Revoked => "have it enabled or unlocked, or take another user: any of the domain will do",
            Self::PasswordExpired => "set a new password, or take another user: any of the domain will do",
            Self::Clocks => "set this computer's clock: Kerberos allows 5 minutes",
            Self::UnknownRealm => "name the realm's KDC in krb5.conf, or look whether the DNS does (_kerberos._tcp)",
            Self::SilentKdc => {
                "look at the KDC that krb5.conf or the DNS names, and at port 88; -vv shows who is asked"
            }
            Self::Name => "write the logon name, or name@REALM; not DOMAIN\\name",
            Self::Other(_) if cfg!(windows) => {
                "log on as a user of the domain, or give --principal NAME and its password; klist shows your tickets"
            }
            Self::Other(_) => "kinit may say more; -vv shows what the Kerberos library does",
        }
    }
}

impl fmt::Display for InitialFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTicket => "you have none",
            Self::Expired(at) => return write!(f, "it expired at {at}"),
            Self::NoKeytab => "there is no such file",
            Self::NotAKeytab => "the file is empty or no keytab",
            Self::NoKey => "it has no key for this user",
            Self::WrongKey => "the KDC does not take it: it is not the user's",
            Self::UnknownUser => "the KDC knows no such user",
            Self::Revoked => "the user is disabled or locked out",
            Self::PasswordExpired => "the user's password has expired",
            Self::Clocks => "the clocks of this computer and the KDC differ too much",
            Self::UnknownRealm => "nothing says where the KDC of this realm is",
            Self::SilentKdc => "no KDC of the realm answers",
            Self::Name => "this is no user's name",
            Self::Other(why) => why,
        })
    }
}

impl From<String> for InitialFault {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}
