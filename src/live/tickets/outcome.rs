//! What presenting a ticket came to, in words.

use super::connection::Unreachable;
use super::known_spn::Elsewhere;
use super::krb_error::{KrbError, Meaning};
use super::no_ticket::NoTicket;
use super::security::Key;
use crate::live::trust::CertificateFault;
use crate::model::Verdict;
use std::fmt;

/// What presenting a fresh ticket to a server came to.
#[derive(Debug)]
pub enum Outcome {
    /// Mutual authentication completed: the server has the account's current key.
    Valid(Option<Key>),
    /// The server answered with a Kerberos error.
    Refused(Refused),
    /// The server answered 401 with a bare `Negotiate`. What IIS means by that is unknown \[inferred\].
    NoAnswer(Channel),
    /// The server rejects the ticket without a Kerberos error.
    Rejected(Channel),
    /// The server asks for authentication, and not for this one; it offers these.
    NotOffered(Vec<String>),
    /// The server answers the ticket with NTLM.
    Ntlm,
    /// The server answered without asking who is there: nothing is proved, whatever the status.
    NotDemanded {
        /// The status code.
        status: u16,
        /// Where it points; that is not followed.
        location: Option<String>,
        /// How many bytes the head of the request had.
        sent: usize,
    },
    /// The server's answer makes no sense.
    Senseless(String),
    /// There is no connection, or no answer.
    Unreachable(Unreachable),
    /// The KDC gave no ticket.
    NoTicket(NoTicket),
    /// The ticket is that of another account, so it was not shown.
    NotOfTheAccount {
        /// What the ticket was for.
        host: String,
        /// Where its SPN is.
        elsewhere: Elsewhere,
    },
    /// The ticket was for a computer's own name, and nobody knows whose it was, so what it came to is no proof.
    Unattributed(Box<Outcome>),
}

/// Whether a ticket was tied to the TLS connection that it was presented over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// By the hash of the certificate that the connection met.
    Bound,
    /// There is nothing that it could be tied to: plain HTTP.
    Unbound,
}

impl fmt::Display for Channel {
    /// What a refusal without a reason may come from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound => f.write_str("; if it demands channel binding: does a proxy end TLS before it?"),
            Self::Unbound => Ok(()),
        }
    }
}

/// A Kerberos error from a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The error.
    pub error: KrbError,
    /// By how many seconds the server's clock is ahead, where the answer tells.
    pub skew: Option<i64>,
    /// What the ticket was encrypted with.
    pub key: Option<Key>,
    /// Whether it was tied to the connection.
    pub channel: Channel,
}

/// The greatest difference of clocks that Kerberos allows by default, in seconds \[doc\].
const ALLOWED_SKEW: i64 = 5 * 60;

impl Refused {
    /// By how many seconds the server's clock is ahead, where that is why it refuses.
    ///
    /// A server whose clock is off by more than the ticket's life, or behind, speaks of the ticket instead.
    fn clock(&self) -> Option<i64> {
        self.skew.filter(|skew| match self.error.meaning() {
            Meaning::Skew => true,
            Meaning::Expired | Meaning::NotYetValid => skew.abs() > ALLOWED_SKEW,
            _ => false,
        })
    }
}

impl Outcome {
    /// What it says of the server's Kerberos configuration.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Valid(_) => Verdict::Valid,
            Self::Refused(refused) => match refused.error.meaning() {
                Meaning::OutOfSync | Meaning::NotForUs => Verdict::Invalid,
                _ => Verdict::Unknown,
            },
            _ => Verdict::Unknown,
        }
    }

    /// It in a word or two, for a table.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Valid(_) => "valid",
            Self::Refused(refused) => match refused.error.meaning() {
                Meaning::OutOfSync => "out of sync",
                Meaning::NotForUs => "no key",
                Meaning::Encryption => "encryption refused",
                Meaning::Skew => "clock skew",
                _ if refused.clock().is_some() => "clock skew",
                _ => "refused",
            },
            Self::NoAnswer(_) => "no answer to the ticket",
            Self::Rejected(_) => "refused",
            Self::NotOffered(_) | Self::Ntlm => "no Kerberos",
            Self::NotDemanded { .. } | Self::Unattributed(_) => "not proved",
            Self::Senseless(_) => "not understood",
            Self::Unreachable(Unreachable::Certificate(_)) => "certificate refused",
            Self::Unreachable(_) => "unreachable",
            Self::NoTicket(none) => none.label(),
            Self::NotOfTheAccount { elsewhere: Elsewhere::Nowhere, .. } => "SPN missing",
            Self::NotOfTheAccount { elsewhere: Elsewhere::On(_), .. } => "SPN elsewhere",
        }
    }
}

impl fmt::Display for Outcome {
    /// A clause about "it", the server.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid(None) => f.write_str("it takes the current key"),
            Self::Valid(Some(key)) => write!(f, "it takes the current key ({key})"),
            Self::Refused(refused) => refused.fmt(f),
            Self::NoAnswer(channel) => {
                write!(f, "it gives no answer to the ticket, only a bare Negotiate{channel}")
            }
            Self::Rejected(channel) => write!(
                f,
                "it rejects the ticket and names no Kerberos error: look at its event log, Security and System{channel}"
            ),
            Self::NotOffered(offered) if offered.is_empty() => {
                f.write_str("it answers 401 and names no way to authenticate")
            }
            Self::NotOffered(offered) => write!(f, "it offers {} and no Negotiate", offered.join(", ")),
            Self::Ntlm => f.write_str("it answers the ticket with NTLM, and proves nothing: look at its providers"),
            Self::NotDemanded { status, location: Some(location), .. } => write!(
                f,
                "it answers {status} and points to {location}, which is not followed and proves nothing: name a path \
                 that demands authentication with --path"
            ),
            Self::NotDemanded { status: status @ (400 | 413 | 431), sent, .. } => write!(
                f,
                "it answers {status} to a head of {} KiB, and proves nothing: is that too long for it (IIS takes 16 KiB; \
                 a user in fewer groups has a shorter ticket), or is this the port of another --scheme?",
                sent.div_ceil(1024)
            ),
            Self::NotDemanded { status: status @ 500.., .. } => write!(
                f,
                "it answers {status}, a fault of its own, before it asks who is there: look whether its application pool \
                 runs, and at its event log"
            ),
            Self::NotDemanded { status, location: None, .. } => write!(
                f,
                "it answers {status} without asking for authentication, which proves nothing: name a path that demands \
                 it with --path, and look whether it serves this name"
            ),
            Self::Senseless(why) => write!(f, "its answer cannot be understood: {why}"),
            Self::Unreachable(why @ Unreachable::Certificate(fault)) => {
                write!(f, "{why}")?;
                match fault {
                    CertificateFault::UnknownAuthority(_) => f.write_str(": name that authority with --web-ca-file"),
                    CertificateFault::OtherName(_) => f.write_str("; it must bear the name that clients ask for"),
                    _ => Ok(()),
                }
            }
            Self::Unreachable(why @ Unreachable::Name(_)) => {
                write!(f, "it cannot be reached: {why}: give it one with --resolve")
            }
            Self::Unreachable(why) => write!(f, "it cannot be reached: {why}"),
            Self::NoTicket(none) => none.fmt(f),
            Self::Unattributed(outcome) => write!(
                f,
                "{outcome}; but whose ticket that was, the account's or the computer's own, only the directory tells, and \
                 it was not read: collect --directory does"
            ),
            Self::NotOfTheAccount { host, elsewhere: Elsewhere::Nowhere } => write!(
                f,
                "no account held http/{host} when the directory was read: either one does since, so collect the directory \
                 anew, or the KDC's ticket is the computer's own, by its HOST SPN; it was not shown"
            ),
            Self::NotOfTheAccount { host, elsewhere: Elsewhere::On(holder) } => write!(
                f,
                "{} held http/{host} when the directory was read, so its ticket was not shown: it proves nothing of the account",
                holder.as_str()
            ),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.error;
        if let Some(skew) = self.clock() {
            let side = if skew < 0 { "behind" } else { "ahead" };
            let by = span(skew.unsigned_abs());
            return write!(f, "its clock is {by} {side}, and Kerberos allows 5 min ({error}): mend its time service");
        }
        match (error.meaning(), self.key) {
            (Meaning::OutOfSync, _) => {
                write!(f, "it refuses the current key ({error}): its password is out of sync")
            }
            (Meaning::NotForUs, _) => {
                write!(f, "it has no key for that name ({error}): it never got the account's password")
            }
            (Meaning::Encryption, Some(key)) => {
                write!(f, "it does not take tickets of that encryption, {key} ({error})")
            }
            (Meaning::Skew, _) => write!(f, "its clock and that of this computer differ too much ({error})"),
            (Meaning::Unnamed, _) if self.channel == Channel::Bound => write!(
                f,
                "it refuses the ticket and names no reason ({error}); so does a server that demands channel binding where \
                 a proxy ends TLS before it"
            ),
            _ => write!(f, "it refuses the ticket ({error})"),
        }
    }
}

/// `90 s`, `12 min`, `2 h 05 min`, `3 d 2 h`.
fn span(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3600 => format!("{minutes} min"),
        3600..172_800 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

impl fmt::Display for Key {
    /// `aes256, key version 3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.encryption {
            1..=3 => f.write_str("des"),
            17 => f.write_str("aes128"),
            18 => f.write_str("aes256"),
            19 => f.write_str("aes128-sha256"),
            20 => f.write_str("aes256-sha384"),
            23 => f.write_str("rc4"),
            other => write!(f, "encryption type {other}"),
        }?;
        self.version.map_or(Ok(()), |version| write!(f, ", key version {version}"))
    }
}
