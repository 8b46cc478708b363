//! Whom TLS trusts: the platform's roots, or those of a file.

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Why there is nobody to trust.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file is not there or is no PEM file.
    #[error("the certificates of {} cannot be read", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate cannot be a root, or there is none.
    #[error("{0}")]
    Roots(String),
    /// The library has no protocol version to offer.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// TLS 1.2 and 1.3, trusting the certificates of the PEM file, else the platform's roots.
pub fn trusting(file: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        let failed = |source| TrustError::File { file: file.to_owned(), source };
        for certificate in CertificateDer::pem_file_iter(file).map_err(failed)? {
            let added = roots.add(certificate.map_err(failed)?);
            added.map_err(|error| TrustError::Roots(format!("{}: {error}", file.display())))?;
        }
        if roots.is_empty() {
            return Err(TrustError::Roots(format!("{} has no certificate in PEM form", file.display())));
        }
    } else {
        // Single platform roots that are broken do not matter as long as there are others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TrustError::Roots("this system has no trusted root certificates".to_owned()));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Setup)?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
