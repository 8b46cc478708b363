//! Kerberos errors by their number, and out of the token that brings one.
//!
//! A refusing server sends its KRB-ERROR (RFC 4120, 5.9.1) inside a GSS-API token, which is inside a SPNEGO token. Only
//! that message has the server's clock, and libraries rewrite its number.

use der::asn1::{AnyRef, GeneralizedTime};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use jiff::Timestamp;
use std::fmt;

/// How deep tokens are looked into: NegotiationToken, NegTokenResp, responseToken, InitialContextToken.
const DEPTH: usize = 10;

/// A Kerberos error: its number, and the clocks it tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KrbError {
    /// The error code of RFC 4120, 7.5.9.
    pub code: i32,
    /// What the server's clock said, and the client's where the message repeats it.
    pub clocks: Option<Clocks>,
}

/// The times in an error message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The server's.
    pub server: Timestamp,
    /// The client's, which the server repeats.
    pub client: Option<Timestamp>,
}

/// What an error means for the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The server's key is not the one that the ticket was made with: 31, 41, 44 \[seen\], and 45, which a server
    /// without any key of that version and type sends.
    OutOfSync,
    /// The server has no key for that name at all.
    NotForUs,
    /// The encryption type is not supported: 14.
    Encryption,
    /// The clocks differ by more than is allowed, 5 minutes by default: 37.
    Skew,
    /// The ticket has expired: 32. A server that says so of a fresh ticket has a clock that is ahead \[seen\].
    Expired,
    /// The ticket is not valid yet: 33. A server that says so of a fresh ticket has a clock that is behind \[seen\].
    NotYetValid,
    /// The KDC knows no such service, which is also what it says of an SPN on two accounts: 7 \[seen\].
    UnknownService,
    /// The SPN is on several accounts: 8.
    SeveralServices,
    /// No reason is named: 60. So answers a server whose channel binding is another one \[seen, MIT Kerberos\].
    Unnamed,
    /// Something else.
    Other,
}

impl KrbError {
    /// The error of that number, without clocks.
    pub fn of(code: i32) -> Self {
        Self { code, clocks: None }
    }

    /// What it means.
    pub fn meaning(&self) -> Meaning {
        match self.code {
            31 | 41 | 44 | 45 => Meaning::OutOfSync,
            35 => Meaning::NotForUs,
            14 => Meaning::Encryption,
            37 => Meaning::Skew,
            32 => Meaning::Expired,
            33 => Meaning::NotYetValid,
            7 => Meaning::UnknownService,
            8 => Meaning::SeveralServices,
            60 => Meaning::Unnamed,
            _ => Meaning::Other,
        }
    }

    /// By how many seconds the server's clock is ahead of the client's.
    pub fn skew(&self, now: Timestamp) -> Option<i64> {
        self.clocks.map(|clocks| clocks.server.as_second() - clocks.client.unwrap_or(now).as_second())
    }

    /// The error message in a token, where there is one.
    pub fn in_token(token: &[u8]) -> Option<Self> {
        search(token, DEPTH)
    }
}

impl fmt::Display for KrbError {
    /// `KRB_AP_ERR_MODIFIED`, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.code {
            2 => "KDC_ERR_SERVICE_EXP",
            6 => "KDC_ERR_C_PRINCIPAL_UNKNOWN",
            7 => "KDC_ERR_S_PRINCIPAL_UNKNOWN",
            8 => "KDC_ERR_PRINCIPAL_NOT_UNIQUE",
            9 => "KDC_ERR_NULL_KEY",
            12 => "KDC_ERR_POLICY",
            13 => "KDC_ERR_BADOPTION",
            14 => "KDC_ERR_ETYPE_NOSUPP",
            18 => "KDC_ERR_CLIENT_REVOKED",
            19 => "KDC_ERR_SERVICE_REVOKED",
            20 => "KDC_ERR_TGT_REVOKED",
            23 => "KDC_ERR_KEY_EXPIRED",
            24 => "KDC_ERR_PREAUTH_FAILED",
            27 => "KDC_ERR_MUST_USE_USER2USER",
            29 => "KDC_ERR_SVC_UNAVAILABLE",
            31 => "KRB_AP_ERR_BAD_INTEGRITY",
            32 => "KRB_AP_ERR_TKT_EXPIRED",
            33 => "KRB_AP_ERR_TKT_NYV",
            34 => "KRB_AP_ERR_REPEAT",
            35 => "KRB_AP_ERR_NOT_US",
            36 => "KRB_AP_ERR_BADMATCH",
            37 => "KRB_AP_ERR_SKEW",
            41 => "KRB_AP_ERR_MODIFIED",
            44 => "KRB_AP_ERR_BADKEYVER",
            45 => "KRB_AP_ERR_NOKEY",
            60 => "KRB_ERR_GENERIC",
            68 => "KDC_ERR_WRONG_REALM",
            code => return write!(f, "Kerberos error {code}"),
        };
        f.write_str(name)
    }
}

/// Looks for a KRB-ERROR among the elements of `bytes`, and inside those that hold others.
fn search(bytes: &[u8], depth: usize) -> Option<KrbError> {
    let mut reader = SliceReader::new(bytes).ok()?;
    while !reader.is_finished() {
        let element = AnyRef::decode(&mut reader).ok()?;
        let found = match element.tag() {
            Tag::Application { number: TagNumber(30), .. } => krb_error(element.value()),
            _ if depth == 0 => None,
            // A GSS-API token (RFC 2743, 3.1): the mechanism, then two bytes for the kind, then the message.
            Tag::Application { number: TagNumber(0), .. } => inner_token(element.value(), depth - 1),
            Tag::OctetString | Tag::Sequence | Tag::ContextSpecific { .. } => search(element.value(), depth - 1),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn inner_token(bytes: &[u8], depth: usize) -> Option<KrbError> {
    const KRB_ERROR_TOKEN: [u8; 2] = [3, 0];
    let mut reader = SliceReader::new(bytes).ok()?;
    AnyRef::decode(&mut reader).ok()?;
    let rest = reader.read_slice(reader.remaining_len()).ok()?;
    search(rest.strip_prefix(&KRB_ERROR_TOKEN).unwrap_or(rest), depth)
}

/// The fields of a KRB-ERROR: 2 and 4 are the client's and the server's time, 6 the error code.
fn krb_error(bytes: &[u8]) -> Option<KrbError> {
    let sequence = AnyRef::from_der(bytes).ok()?;
    let (mut code, mut server, mut client) = (None, None, None);
    for (number, value) in fields(sequence.value()) {
        match number {
            2 => client = time(value),
            4 => server = time(value),
            6 => code = integer(value),
            _ => {}
        }
    }
    Some(KrbError { code: code?, clocks: server.map(|server| Clocks { server, client }) })
}

/// The explicitly tagged fields of a sequence, by their numbers.
pub(super) fn fields(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut reader = SliceReader::new(bytes).ok();
    std::iter::from_fn(move || {
        let element = AnyRef::decode(reader.as_mut().filter(|reader| !reader.is_finished())?).ok()?;
        match element.tag() {
            Tag::ContextSpecific { number, .. } => Some((number.value(), element.value())),
            _ => None,
        }
    })
}

pub(super) fn integer(bytes: &[u8]) -> Option<i32> {
    i32::from_der(bytes).ok()
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    let time = GeneralizedTime::from_der(bytes).ok()?;
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}
