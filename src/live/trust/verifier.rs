//! The library's verifier, which also says which authority it does not know.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use std::sync::Arc;
use thiserror::Error as ThisError;

/// The parts of a name that say most, most telling first: common name, organizational unit, organization.
const TELLING: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.5.4.3"),
    ObjectIdentifier::new_unwrap("2.5.4.11"),
    ObjectIdentifier::new_unwrap("2.5.4.10"),
];

/// A certificate whose authority is not among those that are believed.
#[derive(Debug, ThisError)]
#[error("the authority {0} is not known")]
pub(super) struct UnknownAuthority(pub(super) String);

/// Judges as the library does.
#[derive(Debug)]
pub(super) struct Verifier(Arc<WebPkiServerVerifier>);

impl Verifier {
    /// Believes these authorities.
    pub(super) fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        built.map(Self).map_err(|error| Error::General(error.to_string()))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        judged.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                // The chain goes up: what is missing is the one above its last certificate.
                match issuer(intermediates.last().unwrap_or(end_entity)) {
                    Some(name) => CertificateError::Other(OtherError(Arc::new(UnknownAuthority(name)))).into(),
                    None => error,
                }
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Who issued a certificate (RFC 5280, 4.1): the issuer stands behind the version, the serial number and the algorithm.
fn issuer(certificate: &[u8]) -> Option<String> {
    let certificate = AnyRef::from_der(certificate).ok()?;
    let body = elements(certificate.value()).next()?;
    let has_version = |element: &AnyRef<'_>| matches!(element.tag(), Tag::ContextSpecific { number: TagNumber(0), .. });
    let issuer = elements(body.value()).skip_while(has_version).nth(2)?;
    let parts: Vec<(ObjectIdentifier, AnyRef<'_>)> =
        elements(issuer.value()).flat_map(|set| elements(set.value())).filter_map(|part| pair(part.value())).collect();
    let told = TELLING.iter().find_map(|wanted| parts.iter().find(|(id, _)| id == wanted))?;
    Some(text(told.1))
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = AnyRef<'_>> {
    let mut reader = SliceReader::new(bytes).ok();
    std::iter::from_fn(move || AnyRef::decode(reader.as_mut().filter(|reader| !reader.is_finished())?).ok())
}

fn pair(bytes: &[u8]) -> Option<(ObjectIdentifier, AnyRef<'_>)> {
    let mut reader = SliceReader::new(bytes).ok()?;
    Some((ObjectIdentifier::decode(&mut reader).ok()?, AnyRef::decode(&mut reader).ok()?))
}

/// UTF-8, or what is nearly it; BMPString is UTF-16.
fn text(value: AnyRef<'_>) -> String {
    match value.tag() {
        Tag::BmpString => encoding_rs::UTF_16BE.decode_without_bom_handling(value.value()).0.into_owned(),
        _ => String::from_utf8_lossy(value.value()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    fn check(parts: &[(DnType, &str)], expected: Option<&str>) {
        let mut authority = CertificateParams::default();
        authority.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, text) in parts {
            authority.distinguished_name.push(kind.clone(), *text);
        }
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer_of = Issuer::new(authority, KeyPair::generate().unwrap());
        let server = CertificateParams::new(vec!["fe01.contoso.com".to_owned()]).unwrap();
        let certificate = server.signed_by(&KeyPair::generate().unwrap(), &issuer_of).unwrap();
        assert_eq!(issuer(certificate.der()).as_deref(), expected);
        for cut in 0..certificate.der().len() {
            assert_eq!(issuer(&certificate.der()[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn an_authority_is_named_by_what_says_most() {
        check(&[(DnType::OrganizationName, "Contoso"), (DnType::CommonName, "Contoso CA 2")], Some("Contoso CA 2"));
        check(&[(DnType::CountryName, "DE"), (DnType::OrganizationName, "Contoso")], Some("Contoso"));
        check(&[(DnType::CountryName, "DE")], None);
    }
}
