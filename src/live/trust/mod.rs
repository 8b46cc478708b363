//! TLS with domain controllers and web servers: whose certificates are believed, and what is wrong with one that is not.

mod fault;
mod handshake;
mod verifier;

pub use fault::CertificateFault;
pub(super) use handshake::{HandshakeFault, WANTED};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Whose certificates are believed, and how TLS is spoken: 1.2 or 1.3, the name always checked.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why it is not known whom to believe.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file cannot be read, or is no PEM.
    #[error("the certificate authorities in {} cannot be read", file.display())]
    File {
        /// The file as it was typed.
        file: PathBuf,
        /// Why.
        #[source]
        source: PemError,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate; PEM with BEGIN CERTIFICATE is needed (certutil -encode makes it of DER)", .0.display())]
    Empty(PathBuf),
    /// A certificate of the file can be no authority.
    #[error("a certificate in {} cannot be taken for an authority", file.display())]
    Unfit {
        /// The file as it was typed.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The system's store has none.
    #[error("the system has no certificate authorities{0}")]
    System(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl Trust {
    /// Believes the authorities of this PEM file, and nobody else.
    pub fn file(file: &Path) -> Result<Self, TrustError> {
        let failed = |source| TrustError::File { file: file.to_owned(), source };
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(failed)? {
            let unfit = |source| TrustError::Unfit { file: file.to_owned(), source };
            store.add(certificate.map_err(failed)?).map_err(unfit)?;
        }
        if store.is_empty() {
            return Err(TrustError::Empty(file.to_owned()));
        }
        Self::of(store)
    }

    /// Believes whom the operating system believes.
    pub fn system() -> Result<Self, TrustError> {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        // A store may hold some that this program cannot use; they vouch for nobody then.
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
            return Err(TrustError::System(why));
        }
        Self::of(store)
    }

    fn of(store: RootCertStore) -> Result<Self, TrustError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = verifier::Verifier::new(store, provider.clone()).map_err(TrustError::Tls)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            // The library's own verifier judges; ours only adds whose certificate it was.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// How TLS is spoken then.
    pub(super) fn config(&self) -> &Arc<ClientConfig> {
        &self.0
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let error = Trust::file(file.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_file_without_authorities_is_an_error() {
        check("", "holds no certificate");
        check("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no certificate");
        check("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "cannot be read");
        check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be taken");
        assert!(matches!(Trust::file(Path::new("no/such.pem")), Err(TrustError::File { .. })));
    }
}
