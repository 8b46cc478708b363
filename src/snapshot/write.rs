//! Writing the files of a snapshot, each whole or not at all, in the very types that read them.
//!
//! A file is written beside its place, synced, moved there, and its folder synced: whenever the machine or the program
//! stops, either the former content stands or the new one.

use super::assignments::AssignmentsFile;
use super::description::DescriptionFile;
use super::directory::DirectoryFile;
use super::evidence::{Operator, Replica};
use super::folder::Folder;
use super::kerberos::KerberosFile;
use super::site_test::{SiteTestFile, file_stem};
use super::web_services::WebServicesFile;
use super::{
    APPLICATION_HOST, ASSIGNMENTS, DESCRIPTION, DIRECTORY, KERBEROS, OPERATOR, REPLICATION, SERVERS, TESTS,
    WEB_SERVICES,
};
use crate::durable;
use crate::model::{ServerFqdn, SiteName};
use serde::Serialize;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// A file of a snapshot that could not be written; whatever was there before still is.
#[derive(Debug, Error)]
#[error("{} could not be written", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// A snapshot folder to write into.
#[derive(Clone, Debug)]
pub struct Writer {
    folder: PathBuf,
    /// The folders of servers by name, once they were listed: thousands are made in one go.
    servers: Arc<Mutex<Option<HashMap<ServerFqdn, PathBuf>>>>,
    replace: fn(&Path, &[u8]) -> io::Result<()>,
}

impl Writer {
    /// Makes the folder where it is not there.
    pub fn new(folder: &Path) -> Result<Self, WriteError> {
        make(folder)?;
        Ok(Self { folder: folder.to_owned(), servers: Arc::default(), replace: durable::replace })
    }

    /// The same for JSON files that are made anew from something lasting whenever they may have been lost: nobody waits
    /// until they are on the disk.
    pub(crate) fn of_derived(folder: &Path) -> Result<Self, WriteError> {
        Ok(Self { replace: durable::replace_for_now, ..Self::new(folder)? })
    }

    /// Writes `snapshot.json`.
    pub fn description(&self, file: &DescriptionFile) -> Result<(), WriteError> {
        self.write_json(&self.folder, DESCRIPTION, file)
    }

    /// Writes `assignments.json`.
    pub fn assignments(&self, file: &AssignmentsFile) -> Result<(), WriteError> {
        self.write_json(&self.folder, ASSIGNMENTS, file)
    }

    /// Writes `webservices.json`.
    pub fn web_services(&self, file: &WebServicesFile) -> Result<(), WriteError> {
        self.write_json(&self.folder, WEB_SERVICES, file)
    }

    /// Writes `directory.json`.
    pub fn directory(&self, file: &DirectoryFile) -> Result<(), WriteError> {
        self.write_json(&self.folder, DIRECTORY, file)
    }

    /// Writes that server's `kerberos.json`.
    pub fn kerberos(&self, server: &ServerFqdn, file: &KerberosFile) -> Result<(), WriteError> {
        self.write_json(&self.server(server)?, KERBEROS, file)
    }

    /// Writes `tests/site-<name>.json`.
    pub fn site_test(&self, file: &SiteTestFile) -> Result<(), WriteError> {
        let folder = self.tests()?;
        self.write_json(&folder, &format!("{}.json", file_stem(&file.identity.0)), file)
    }

    /// Writes `tests/site-<name>.html`: the test's own report, of which the caller has removed every secret.
    pub fn site_report(&self, site: &SiteName, html: &str) -> Result<(), WriteError> {
        write(&self.tests()?, &format!("{}.html", file_stem(site)), html.as_bytes())
    }

    /// Takes away the report of an earlier test of that site, which would speak for a later one.
    pub fn no_site_report(&self, site: &SiteName) -> Result<(), WriteError> {
        let path = existing(&self.tests()?, &format!("{}.html", file_stem(site)))?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(WriteError { path, source }),
            _ => Ok(()),
        }
    }

    /// Writes `replication.json`.
    pub fn replication(&self, file: &[Replica]) -> Result<(), WriteError> {
        self.write_json(&self.folder, REPLICATION, &file)
    }

    /// Writes `operator.json`.
    pub fn operator(&self, file: &Operator) -> Result<(), WriteError> {
        self.write_json(&self.folder, OPERATOR, file)
    }

    /// Writes `topology.xml`, as it was printed.
    pub fn topology(&self, text: &str) -> Result<(), WriteError> {
        write(&self.folder, super::TOPOLOGY, text.as_bytes())
    }

    /// Writes that server's `applicationHost.config`, from which the caller has removed every secret.
    pub fn application_host(&self, server: &ServerFqdn, content: impl AsRef<[u8]>) -> Result<(), WriteError> {
        write(&self.server(server)?, APPLICATION_HOST, content.as_ref())
    }

    /// Writes `lab.json`, of which the lab alone knows the content; anew even where it already says so, if others shall
    /// see that it was written.
    pub(crate) fn lab(&self, text: &str, anew: bool) -> Result<(), WriteError> {
        if anew {
            let path = existing(&self.folder, super::LAB)?;
            return durable::replace(&path, text.as_bytes()).map_err(|source| WriteError { path, source });
        }
        write(&self.folder, super::LAB, text.as_bytes())
    }

    /// Writes a file that a folder has, in the encoding that it has.
    pub(super) fn bytes(&self, server: Option<&ServerFqdn>, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        match server {
            Some(server) => write(&self.server(server)?, name, bytes),
            None => write(&self.folder, name, bytes),
        }
    }

    fn tests(&self) -> Result<PathBuf, WriteError> {
        let path = existing(&self.folder, TESTS)?;
        make(&path)?;
        self.within(&path)?;
        Ok(path)
    }

    fn write_json<T: Serialize>(&self, folder: &Path, name: &str, value: &T) -> Result<(), WriteError> {
        let failed = |error: serde_json::Error| WriteError { path: folder.join(name), source: error.into() };
        let mut text = serde_json::to_string_pretty(value).map_err(failed)?;
        text.push('\n');
        write_by(self.replace, folder, name, text.as_bytes())
    }

    /// That server's folder, found in any case.
    fn server(&self, server: &ServerFqdn) -> Result<PathBuf, WriteError> {
        let servers = existing(&self.folder, SERVERS)?;
        make(&servers)?;
        let path = self.server_folder(&servers, server)?;
        make(&path)?;
        self.within(&path)?;
        Ok(path)
    }

    fn server_folder(&self, servers: &Path, server: &ServerFqdn) -> Result<PathBuf, WriteError> {
        let path = servers.join(server.as_str());
        if fs::symlink_metadata(&path).is_ok() {
            return Ok(path);
        }
        let mut known = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &mut *known {
            Some(known) => known,
            none => none.insert(Self::listed(servers)?),
        };
        Ok(known.entry(server.clone()).or_insert(path).clone())
    }

    fn listed(servers: &Path) -> Result<HashMap<ServerFqdn, PathBuf>, WriteError> {
        let failed = |source| WriteError { path: servers.to_owned(), source };
        let mut known = HashMap::new();
        for entry in fs::read_dir(servers).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if let Some(fqdn) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                known.insert(fqdn, entry.path());
            }
        }
        Ok(known)
    }

    /// Refuses a folder that is a link out of the snapshot.
    fn within(&self, path: &Path) -> Result<(), WriteError> {
        // A folder that is no link, in one that is none, lies where it is.
        let plain = |path: &Path| fs::symlink_metadata(path).is_ok_and(|kind| kind.is_dir());
        if plain(path) && path.parent().is_some_and(plain) {
            return Ok(());
        }
        let failed = |source| WriteError { path: path.to_owned(), source };
        let (root, real) = (fs::canonicalize(&self.folder).map_err(failed)?, fs::canonicalize(path).map_err(failed)?);
        if real.starts_with(root) {
            return Ok(());
        }
        Err(failed(io::Error::other("it is a link that leaves the snapshot folder, which is not followed")))
    }
}

/// Replaces the file of that name, in whichever case it has it; one that already says so is left alone.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
    write_by(durable::replace, folder, name, bytes)
}

fn write_by(
    replace: fn(&Path, &[u8]) -> io::Result<()>,
    folder: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<(), WriteError> {
    let path = existing(folder, name)?;
    if fs::read(&path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    replace(&path, bytes).map_err(|source| WriteError { path, source })
}

fn existing(folder: &Path, name: &str) -> Result<PathBuf, WriteError> {
    let path = folder.join(name);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(path);
    }
    let listed = Folder::open(folder).map_err(|source| WriteError { path: folder.to_owned(), source })?;
    Ok(listed.path_of(name))
}

fn make(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_owned(), source })
}
