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

/// The ticket in a client's first token: that of its AP-REQ (RFC 4120, 5.5.1), bare or in a GSS-API token.
#[cfg(any(windows, test))]
pub(super) fn ticket_in_token(token: &[u8]) -> Option<&[u8]> {
    use der::{Reader, SliceReader, Tag, TagNumber, Tagged};
    const AP_REQ_TOKEN: [u8; 2] = [1, 0];
    let outer = AnyRef::from_der(token).ok()?;
    let request = if matches!(outer.tag(), Tag::Application { number: TagNumber(0), .. }) {
        let mut reader = SliceReader::new(outer.value()).ok()?;
        AnyRef::decode(&mut reader).ok()?; // the mechanism
        let rest = reader.read_slice(reader.remaining_len()).ok()?;
        AnyRef::from_der(rest.strip_prefix(&AP_REQ_TOKEN)?).ok()?
    } else {
        outer
    };
    if !matches!(request.tag(), Tag::Application { number: TagNumber(14), .. }) {
        return None;
    }
    let fields = AnyRef::from_der(request.value()).ok()?;
    krb_error::fields(fields.value()).find(|(number, _)| *number == 3).map(|(_, ticket)| ticket)
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
    /// No KDC answered.
    #[error("{0}")]
    Silent(String),
    /// There is no first ticket to ask with.
    #[error("{0}")]
    NotLoggedOn(String),
    /// The library or the system could not ask, or says no more than this.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// Whether it would be the same for that other host.
    ///
    /// Silence costs a time limit for every name. Another DNS domain may be another realm, whose KDC does answer. A
    /// login that fails is not tried again: that would lock the user out.
    pub(super) fn reaches(&self, refused: &str, other: &str) -> bool {
        let domain = |host: &str| host.split_once('.').map(|(_, domain)| domain.to_ascii_lowercase());
        match self {
            Self::NotLoggedOn(_) => true,
            Self::Silent(_) => domain(refused) == domain(other),
            Self::Answered(_) | Self::Failed(_) => false,
        }
    }
}

/// Why an exchange cannot go on: a token, or the state of the exchange, is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Fault(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    /// A DER element.
    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    }

    #[test]
    fn a_ticket_is_found_in_a_token_and_its_key_in_the_ticket() {
        let number = |tag: u8, number: u8| element(tag, &[&[2, 1, number]]);
        let sealed = |version: &[u8]| element(0x30, &[&number(0xa0, 18), version, &element(0xa2, &[&[4, 1, 0]])]);
        let ticket = |version: &[u8]| {
            let realm = element(0xa1, &[&element(0x1b, &[b"A.B"])]);
            let name = element(0xa2, &[&element(0x30, &[&number(0xa0, 2)])]);
            let fields: [&[u8]; 4] = [&number(0xa0, 5), &realm, &name, &element(0xa3, &[&sealed(version)])];
            element(0x61, &[&element(0x30, &fields)])
        };
        let versioned = ticket(&number(0xa1, 3));
        assert_eq!(Key::of_ticket(&versioned), Some(Key { encryption: 18, version: Some(3) }));
        assert_eq!(Key::of_ticket(&ticket(&[])), Some(Key { encryption: 18, version: None }));
        let fields: [&[u8]; 4] =
            [&number(0xa0, 5), &number(0xa1, 14), &element(0xa3, &[&versioned]), &element(0xa4, &[])];
        let request = element(0x6e, &[&element(0x30, &fields)]);
        let token = element(0x60, &[b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", &[1, 0], &request]);
        for message in [&request, &token] {
            assert_eq!(ticket_in_token(message), Some(versioned.as_slice()));
            for cut in 0..message.len() {
                assert_eq!(ticket_in_token(&message[..cut]), None, "cut at {cut}");
            }
        }
        assert_eq!(ticket_in_token(&element(0x6f, &[&element(0x30, &fields)])), None, "an AP-REP has none");
    }
}
