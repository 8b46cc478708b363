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
}
