//! Why TLS could not be agreed on.

use super::fault::CertificateFault;
use std::io;

/// What TLS is spoken at all: the library has nothing older.
pub(in crate::live) const WANTED: &str = "TLS 1.2 with forward secrecy and AEAD";

/// Why TLS could not be agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live) enum HandshakeFault {
    /// The certificate is not believed.
    Certificate(CertificateFault),
    /// The server has nothing new enough, in the library's words.
    TooOld(String),
    /// What it sent is no TLS, in the library's words.
    NotTls(String),
    /// It closed the connection without a word. So does Windows where there is no cipher in common, or no certificate.
    Closed,
    /// Anything else, in the library's words.
    Other(String),
}

impl HandshakeFault {
    /// What an error of the connection means; `None` where it does not come from TLS.
    pub(in crate::live) fn of_io(error: &io::Error) -> Option<Self> {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => Some(Self::of(error)),
            None => matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            )
            .then_some(Self::Closed),
        }
    }

    /// What the library's error means.
    pub(in crate::live) fn of(error: &rustls::Error) -> Self {
        use rustls::{AlertDescription as Alert, Error};
        match error {
            Error::InvalidCertificate(why) => Self::Certificate(CertificateFault::of(why)),
            Error::InvalidMessage(_) => Self::NotTls(error.to_string()),
            Error::PeerIncompatible(_)
            | Error::AlertReceived(Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity) => {
                Self::TooOld(error.to_string())
            }
            error => Self::Other(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::trust::Trust;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConnection, ServerConfig, ServerConnection};
    use std::fs;
    use std::sync::Arc;

    /// What a real handshake comes to with such a certificate, for `fe01.contoso.com`, of the authority that is believed.
    fn handshake(certificate: impl FnOnce(&mut CertificateParams)) -> Result<(), HandshakeFault> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), authority.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        let mut params = CertificateParams::new(vec!["fe01.contoso.com".to_owned()]).unwrap();
        certificate(&mut params);
        let key = KeyPair::generate().unwrap();
        let chain = vec![CertificateDer::from(params.signed_by(&key, &issuer).unwrap())];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let mut server = ServerConnection::new(Arc::new(config)).unwrap();
        let trust = Trust::file(file.path()).unwrap();
        let name = ServerName::try_from("fe01.contoso.com").unwrap();
        let mut client = ClientConnection::new(trust.config().clone(), name).unwrap();
        while client.is_handshaking() {
            let mut sent = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut sent).unwrap();
            }
            server.read_tls(&mut sent.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut sent = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut sent).unwrap();
            }
            client.read_tls(&mut sent.as_slice()).unwrap();
            client.process_new_packets().map_err(|error| HandshakeFault::of(&error))?;
        }
        Ok(())
    }

    fn refused(certificate: impl FnOnce(&mut CertificateParams), expected: &str) {
        let fault = handshake(certificate).unwrap_err();
        assert!(matches!(&fault, HandshakeFault::Certificate(fault) if fault.to_string() == expected), "{fault:?}");
    }

    #[test]
    fn certificates_are_judged_as_they_come_in_a_handshake() {
        handshake(|_| {}).unwrap();
        refused(|params| params.not_after = date_time_ymd(2024, 2, 29), "it expired at 2024-02-29T00:00:00Z");
        refused(|params| params.not_before = date_time_ymd(2999, 1, 1), "it is not valid before 2999-01-01T00:00:00Z");
        let other = CertificateParams::new(vec!["fe02.contoso.com".to_owned()]).unwrap().subject_alt_names;
        refused(|params| params.subject_alt_names = other, "it bears another name: fe02.contoso.com");
        let nameless = "it bears no server's name (no subject alternative name)";
        refused(|params| params.subject_alt_names.clear(), nameless);
    }

    #[test]
    fn what_ends_a_handshake_is_told_apart() {
        use rustls::{AlertDescription as Alert, Error, InvalidMessage, PeerIncompatible};
        let of = |error: Error| HandshakeFault::of_io(&io::Error::new(io::ErrorKind::InvalidData, error)).unwrap();
        for old in [
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
            Error::AlertReceived(Alert::ProtocolVersion),
            Error::AlertReceived(Alert::HandshakeFailure),
        ] {
            assert_eq!(of(old.clone()), HandshakeFault::TooOld(old.to_string()));
        }
        let garbage = Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert_eq!(of(garbage.clone()), HandshakeFault::NotTls(garbage.to_string()));
        let other = Error::AlertReceived(Alert::InternalError);
        assert_eq!(of(other.clone()), HandshakeFault::Other(other.to_string()));
        let kind = |kind: io::ErrorKind| HandshakeFault::of_io(&io::Error::from(kind));
        assert_eq!(kind(io::ErrorKind::ConnectionReset), Some(HandshakeFault::Closed));
        assert_eq!(kind(io::ErrorKind::UnexpectedEof), Some(HandshakeFault::Closed));
        assert_eq!(kind(io::ErrorKind::TimedOut), None);
    }
}
