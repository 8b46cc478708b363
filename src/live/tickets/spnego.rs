//! What a token says that brings neither a proof nor a Kerberos error: SPNEGO's own words (RFC 4178, 4.2.2), and NTLM.

use super::krb_error::fields;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Tag, TagNumber, Tagged};

/// 1.3.6.1.4.1.311.2.2.10
const NTLM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.2.10");

/// How every NTLM message begins ([MS-NLMP], 2.2.1).
const NTLM_MESSAGE: &[u8] = b"NTLMSSP\0";

/// The `negState` of a refusal.
const REJECT: u8 = 2;

/// What ends an exchange without Kerberos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server rejects the ticket.
    Rejected,
    /// The server goes on with NTLM.
    Ntlm,
}

impl End {
    /// What the token says of that, if anything.
    pub(super) fn in_token(token: &[u8]) -> Option<Self> {
        if token.starts_with(NTLM_MESSAGE) {
            return Some(Self::Ntlm);
        }
        // [1] holds a NegTokenResp, the only one that an acceptor sends.
        let answer = AnyRef::from_der(token).ok()?;
        if !matches!(answer.tag(), Tag::ContextSpecific { number: TagNumber(1), .. }) {
            return None;
        }
        let response = AnyRef::from_der(answer.value()).ok()?;
        let part = |wanted| fields(response.value()).find(|(number, _)| *number == wanted).map(|(_, bytes)| bytes);
        let state = part(0).and_then(|bytes| Some(AnyRef::from_der(bytes).ok()?.value()));
        let mechanism = part(1).and_then(|bytes| ObjectIdentifier::from_der(bytes).ok());
        let inner = part(2).and_then(|bytes| <&OctetStringRef>::from_der(bytes).ok());
        let speaks_ntlm = inner.is_some_and(|inner| inner.as_bytes().starts_with(NTLM_MESSAGE));
        match state {
            Some([REJECT]) => Some(Self::Rejected),
            _ if speaks_ntlm || mechanism == Some(NTLM) => Some(Self::Ntlm),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &[u8], expected: Option<End>) {
        assert_eq!(End::in_token(token), expected, "{token:x?}");
        // Cut anywhere, it says nothing, or is the message of NTLM that it was.
        for cut in 0..token.len() {
            assert!(matches!(End::in_token(&token[..cut]), None | Some(End::Ntlm)), "{token:x?} cut at {cut}");
        }
    }

    #[test]
    fn rejections_and_ntlm_are_told_apart() {
        // What a Windows server sends where it rejects without a reason: oQcwBaADCgEC.
        check(b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02", Some(End::Rejected));
        check(b"NTLMSSP\0\x02\0\0\0", Some(End::Ntlm));
        let ntlm = b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
        let chosen = [&b"\xa1\x15\x30\x13\xa0\x03\x0a\x01\x01\xa1\x0c"[..], ntlm].concat();
        check(&chosen, Some(End::Ntlm));
        check(b"\xa1\x14\x30\x12\xa0\x03\x0a\x01\x01\xa2\x0b\x04\x09NTLMSSP\0\x02", Some(End::Ntlm));
        // Going on, done, another mechanism, and what is none of SPNEGO's.
        check(b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x01", None);
        check(b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x00", None);
        check(b"\xa1\x14\x30\x12\xa0\x03\x0a\x01\x01\xa1\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", None);
        check(b"\x60\x07\x30\x05\xa0\x03\x0a\x01\x02", None);
        check(b"", None);
    }
}
