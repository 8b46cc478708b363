//! A certificate authority for one test run.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use std::fs;
use std::path::{Path, PathBuf};

/// A certificate authority; nothing of it outlives the run, but for the files that were asked for.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// The files of a server's certificate.
pub struct CertificateFiles {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl Authority {
    /// A new one, which bears this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Its own certificate as a PEM file, as `--ca-file` takes it.
    pub fn write(&self, file: &Path) {
        fs::write(file, &self.certificate).unwrap();
    }

    /// A server's certificate for these names and addresses, and its key, in that folder.
    pub fn certify(&self, names: &[String], folder: &Path) -> CertificateFiles {
        self.certify_with(names, folder, |_| {})
    }

    /// One whose time is over.
    pub fn certify_expired(&self, names: &[String], folder: &Path) -> CertificateFiles {
        self.certify_with(names, folder, |params| params.not_after = date_time_ymd(2024, 2, 29))
    }

    fn certify_with(&self, names: &[String], folder: &Path, more: fn(&mut CertificateParams)) -> CertificateFiles {
        let mut params = CertificateParams::new(names.to_vec()).unwrap();
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("server", String::as_str));
        more(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = CertificateFiles { certificate: folder.join("server.pem"), key: folder.join("server.key") };
        fs::write(&files.certificate, certificate.pem()).unwrap();
        write_private(&files.key, &key.serialize_pem());
        files
    }
}

/// Samba refuses a key that others may read.
fn write_private(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
