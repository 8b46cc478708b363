//! What proof by ticket asks of Kerberos, whichever library or system does it.

use super::first_ticket::InitialFault;
use super::krb_error::{self, KrbError};
use der::Decode;
use der::asn1::AnyRef;
use jiff::Timestamp;
use std::fmt;
use thiserror::Error;

/// Kerberos with the initial ticket of one client: service tickets, and what presents them.
///
/// Nothing of the user's own ticket cache is used for a service ticket, and nothing is written into it.
pub trait Security: Sync {
    /// Asks the KDC for a service ticket for `HTTP/<host>`; one ticket serves every server of a pool.
    fn ticket(&self, host: &str) -> Result<Ticket, Refusal>;

    /// Begins an exchange with one server.
    ///
    /// `binding` is the channel binding of the TLS connection with its prefix, as in RFC 5929.
    fn context<'s>(&'s self, ticket: &'s Ticket, binding: Option<&[u8]>) -> Result<Box<dyn Context + 's>, Fault>;
}

/// One exchange of tokens with one server.
pub trait Context {
    /// Takes the server's token, `None` at the beginning, and says what to send.
    fn step(&mut self, token: Option<&[u8]>) -> Result<Step, Fault>;
}

/// How an exchange goes on.
#[derive(Debug)]
pub enum Step {
    /// This is to be sent.
    Send(Vec<u8>),
    /// The server has proved that it could read the ticket.
    Mutual,
    /// The exchange ended, and the server proved nothing.
    Unproved,
}

/// What is known of a service ticket; the ticket itself stays in the private cache.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The principal it is for, with its realm.
    pub principal: String,
    /// When the KDC was asked: a password that is set later makes the ticket an old one.
    pub at: Timestamp,
    /// What it is encrypted with, where that can be told.
    pub key: Option<Key>,
}

impl fmt::Display for Ticket {
    /// `a ticket for HTTP/pool01.contoso.com@CONTOSO.COM (aes256, key version 3)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a ticket for {}", self.principal.trim_end_matches('@'))?;
        self.key.map_or(Ok(()), |key| write!(f, " ({key})"))
    }
}

/// The service's key that a ticket is encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The Kerberos number of its encryption type.
    pub encryption: i32,
    /// The key's version number.
    pub version: Option<u32>,
}

impl Key {
    /// That of a ticket: its `enc-part` (RFC 4120, 5.3).
    pub(super) fn of_ticket(ticket: &[u8]) -> Option<Self> {
        let ticket = AnyRef::from_der(AnyRef::from_der(ticket).ok()?.value()).ok()?;
        let (_, encrypted) = krb_error::fields(ticket.value()).find(|(number, _)| *number == 3)?;
        let encrypted = AnyRef::from_der(encrypted).ok()?;
        let part = |wanted| krb_error::fields(encrypted.value()).find(|(number, _)| *number == wanted);
        let version = part(1).and_then(|(_, bytes)| krb_error::integer(bytes));
        Some(Self {
            encryption: krb_error::integer(part(0)?.1)?,
            version: version.and_then(|version| version.try_into().ok()),
        })
    }
}

/// Why there is no Kerberos to ask with.
#[derive(Debug, Error)]
pub enum SecurityError {
    /// The library is not there.
    #[error("{library} cannot be loaded: install the package {package}")]
    Library {
        /// Its file name.
        library: &'static str,
        /// The Debian package that has it.
        package: &'static str,
        /// What the loader said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The library does not start: it is almost always its configuration file.
    #[error("the Kerberos library does not start (error {0}): its configuration, krb5.conf, cannot be understood")]
    Configuration(i32),
    /// The first ticket could not be had.
    #[error("{from}: {fault}")]
    Initial {
        /// From where.
        from: String,
        /// Why.
        fault: InitialFault,
    },
    /// This system cannot take its first ticket so.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// Why the KDC gave no service ticket.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It answered with an error.
    #[error("{0}")]
    Answered(KrbError),
    /// Nobody answered, or the library could not ask.
    #[error("{0}")]
    NotAsked(String),
}

/// Why an exchange cannot go on: a token, or the state of the exchange, is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Fault(pub String);
