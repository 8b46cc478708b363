//! Channel binding: the server's certificate, hashed, ties a ticket to its TLS connection.
//!
//! RFC 5929, 4.1 (`tls-server-end-point`): the hash is that of the certificate's signature, and SHA-256 where that one
//! is MD5 or SHA-1. IIS demands it where `tokenChecking` is `Require`.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader};
use sha2::{Digest, Sha256, Sha384, Sha512};

const PREFIX: &[u8] = b"tls-server-end-point:";

const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The channel binding for the server's certificate; `None` where it is no certificate.
pub(super) fn of(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = match signature_hash(certificate)? {
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    };
    Some([PREFIX, &hash].concat())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The hash for a certificate, by its `signatureAlgorithm` (RFC 5280, 4.1.1.2).
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let certificate = AnyRef::from_der(certificate).ok()?;
    let mut parts = SliceReader::new(certificate.value()).ok()?;
    AnyRef::decode(&mut parts).ok()?;
    let algorithm = AnyRef::decode(&mut parts).ok()?;
    let mut parts = SliceReader::new(algorithm.value()).ok()?;
    let id = ObjectIdentifier::decode(&mut parts).ok()?;
    Some(match id {
        SHA384_WITH_RSA | ECDSA_WITH_SHA384 => Hash::Sha384,
        SHA512_WITH_RSA | ECDSA_WITH_SHA512 => Hash::Sha512,
        RSA_PSS => pss_hash(parts.read_slice(parts.remaining_len()).ok()?).unwrap_or(Hash::Sha256),
        // SHA-256 itself; MD5 and SHA-1, for which it stands in; and Ed25519, which names none.
        _ => Hash::Sha256,
    })
}

/// The hash in the parameters of an RSASSA-PSS signature (RFC 4055, 3.1): field 0; SHA-1 where there is none.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let parameters = AnyRef::from_der(parameters).ok()?;
    let (_, algorithm) = super::krb_error::fields(parameters.value()).find(|(number, _)| *number == 0)?;
    let algorithm = AnyRef::from_der(algorithm).ok()?;
    let mut parts = SliceReader::new(algorithm.value()).ok()?;
    match ObjectIdentifier::decode(&mut parts).ok()? {
        SHA384 => Some(Hash::Sha384),
        SHA512 => Some(Hash::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(algorithm: &'static rcgen::SignatureAlgorithm, hash: Hash, length: usize) {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["a.b".to_owned()]).unwrap().self_signed(&key).unwrap();
        assert_eq!(signature_hash(certificate.der()), Some(hash));
        let binding = of(certificate.der()).unwrap();
        assert!(binding.starts_with(PREFIX));
        assert_eq!(binding.len(), PREFIX.len() + length);
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        check(&rcgen::PKCS_ECDSA_P256_SHA256, Hash::Sha256, 32);
        check(&rcgen::PKCS_ECDSA_P384_SHA384, Hash::Sha384, 48);
        check(&rcgen::PKCS_ED25519, Hash::Sha256, 32);
        assert_eq!(of(b"no certificate"), None);
    }

    /// A certificate by the algorithm of its signature alone, the hash of which is what matters.
    fn check_signed(id: &str, parameters: &[u8], hash: Hash) {
        let element = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        let id = ObjectIdentifier::new(id).unwrap();
        let algorithm = element(0x30, &[&element(6, id.as_bytes()), parameters].concat());
        let certificate = element(0x30, &[&element(0x30, b""), algorithm.as_slice(), &element(3, b"\0")].concat());
        assert_eq!(signature_hash(&certificate), Some(hash), "{id}");
        let digest = match hash {
            Hash::Sha256 => Sha256::digest(&certificate).to_vec(),
            Hash::Sha384 => Sha384::digest(&certificate).to_vec(),
            Hash::Sha512 => Sha512::digest(&certificate).to_vec(),
        };
        assert_eq!(of(&certificate), Some([PREFIX, &digest].concat()), "{id}");
    }

    #[test]
    fn md5_and_sha1_are_replaced_and_all_others_stay() {
        let null = b"\x05\x00";
        check_signed("1.2.840.113549.1.1.4", null, Hash::Sha256); // MD5 with RSA
        check_signed("1.2.840.113549.1.1.5", null, Hash::Sha256); // SHA-1 with RSA
        check_signed("1.2.840.10045.4.1", b"", Hash::Sha256); // ECDSA with SHA-1
        check_signed("1.2.840.113549.1.1.11", null, Hash::Sha256);
        check_signed("1.2.840.113549.1.1.12", null, Hash::Sha384);
        check_signed("1.2.840.113549.1.1.13", null, Hash::Sha512);
        check_signed("1.2.840.10045.4.3.4", b"", Hash::Sha512); // ECDSA with SHA-512
        // RSASSA-PSS says its hash in field 0; without one it is SHA-1.
        let pss = "1.2.840.113549.1.1.10";
        let with = |last: u8| {
            let id = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last];
            [&[0x30, 0x0f, 0xa0, 0x0d, 0x30, 0x0b], id.as_slice()].concat()
        };
        check_signed(pss, b"\x30\x00", Hash::Sha256);
        check_signed(pss, &with(1), Hash::Sha256);
        check_signed(pss, &with(2), Hash::Sha384);
        check_signed(pss, &with(3), Hash::Sha512);
    }
}
