//! What a lab does to a snapshot's own documents: single pieces read anew, and edits that change only the bytes they
//! must.

use super::application_host;
use super::description::{FormatVersion, VersionOnly};
use super::folder::{Folder, ServerFolder};
use super::place::{Fault, Source};
use super::text::{decode, encode_like};
use super::topology::{self, edit as topology_edit};
use super::{APPLICATION_HOST, LAB, SERVERS, TOPOLOGY, TOPOLOGY_BUILDER, WriteError, Writer, json, secrets};
use crate::durable::UNFINISHED;
use crate::model::{Cause, IisConfiguration, LocationPath, Place, PoolFqdn, Reading, ServerFqdn, Setting, Topology};
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use thiserror::Error;

/// Why a document of a snapshot could not be changed; it stands as it did.
#[derive(Debug, Error)]
pub(crate) enum ChangeError {
    /// It is not there, or cannot be read or understood, or has no place for the change.
    #[error("{0}")]
    Unreadable(Cause),
    /// It could not be replaced.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The published topology of this folder, read anew.
pub(crate) fn topology(folder: &Path) -> Reading<Topology> {
    match Folder::open(folder) {
        Ok(root) => super::topology(&root, &mut Vec::new()),
        Err(error) => Reading::Unreadable(broken(TOPOLOGY, format!("the folder cannot be read: {error}"))),
    }
}

/// The text of the published topology of this folder.
pub(crate) fn topology_text(folder: &Path) -> Result<String, Cause> {
    let failed = |error: io::Error| broken(TOPOLOGY, format!("the folder cannot be read: {error}"));
    Ok(Folder::open(folder).map_err(failed)?.load(TOPOLOGY).source?.text)
}

/// The bytes of that server's applicationHost.config.
pub(crate) fn iis_bytes(folder: &Path, server: &ServerFqdn) -> Result<Vec<u8>, Cause> {
    server_folder(folder, server)?.bytes(APPLICATION_HOST).map_err(|why| broken(APPLICATION_HOST, why))
}

/// That server's IIS configuration, read anew.
pub(crate) fn iis(folder: &Path, server: &ServerFqdn) -> Reading<IisConfiguration> {
    match server_folder(folder, server) {
        Ok(found) => {
            let read = |source: &Source| application_host::read(source, &mut application_host::Known::default());
            super::piece(&found, APPLICATION_HOST, &mut Vec::new(), read)
        }
        Err(cause) => Reading::Unreadable(cause),
    }
}

/// Sets `windowsAuthentication` of these locations in that server's applicationHost.config.
pub(crate) fn set_iis(
    folder: &Path,
    server: &ServerFqdn,
    locations: &[(LocationPath, Vec<Setting>)],
) -> Result<(), ChangeError> {
    let found = server_folder(folder, server).map_err(ChangeError::Unreadable)?;
    change(folder, Some(server), &found, APPLICATION_HOST, |source| {
        let mut text = source.text.clone();
        for (location, settings) in locations {
            text = application_host::set(&source.name, &text, location, settings)?;
        }
        Ok(text)
    })
}

/// Removes whatever is secret from every server's applicationHost.config, where there is one; one that is no text, in
/// which nobody sees what is secret, is an error.
pub(crate) fn strip_secrets(folder: &Path) -> Result<(), ChangeError> {
    let unreadable =
        |error: io::Error| ChangeError::Unreadable(broken(SERVERS, format!("the folder cannot be listed: {error}")));
    let servers = Folder::open(folder).and_then(|root| root.servers()).map_err(unreadable)?;
    for (server, folders) in &servers {
        let Ok(found) = ServerFolder::open(folders) else { continue };
        if found.has(APPLICATION_HOST) {
            change(folder, Some(server), &found, APPLICATION_HOST, |source| {
                Ok(secrets::strip(&source.text).into_owned())
            })?;
        }
    }
    Ok(())
}

/// Gives the published topology another signature, as a publication does.
pub(crate) fn sign_topology(folder: &Path, signature: &str) -> Result<(), ChangeError> {
    change_topology(folder, |text| topology_edit::sign(text, signature))
}

/// Adds a machine to a cluster of the published topology.
pub(crate) fn add_machine(folder: &Path, pool: &PoolFqdn, server: &ServerFqdn) -> Result<(), ChangeError> {
    change_topology(folder, |text| topology_edit::add_machine(text, pool, server))
}

/// Removes what a program that was killed has left of files it was writing.
pub(crate) fn remove_unfinished(folder: &Path) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name().eq_ignore_ascii_case(SERVERS) {
            for server in fs::read_dir(entry.path())? {
                let server = server?;
                if server.file_type()?.is_dir() {
                    folders.push(server.path());
                }
            }
        }
    }
    for folder in folders {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

fn change_topology(folder: &Path, edit: impl FnOnce(&str) -> Result<String, Fault>) -> Result<(), ChangeError> {
    let unreadable =
        |error: io::Error| ChangeError::Unreadable(broken(TOPOLOGY, format!("the folder cannot be read: {error}")));
    let root = Folder::open(folder).map_err(unreadable)?;
    change(folder, None, &root, TOPOLOGY, |source| {
        let edited = edit(&source.text).map_err(|fault| source.broken(fault))?;
        topology::read(&Source { name: source.name.clone(), text: edited.clone() })?;
        Ok(edited)
    })
}

/// Replaces a document by its edited text, in the encoding it has.
fn change(
    root: &Path,
    server: Option<&ServerFqdn>,
    folder: &Folder,
    name: &str,
    edit: impl FnOnce(&Source) -> Result<String, Cause>,
) -> Result<(), ChangeError> {
    let source = folder.load(name).source.map_err(ChangeError::Unreadable)?;
    let bytes = folder.bytes(name).map_err(|why| ChangeError::Unreadable(broken(&source.name, why)))?;
    if decode(bytes.clone()).ok().as_ref() != Some(&source.text) {
        return Err(ChangeError::Unreadable(broken(&source.name, "it changed while it was read".to_owned())));
    }
    let edited = edit(&source).map_err(ChangeError::Unreadable)?;
    if edited != source.text {
        Writer::new(root)?.bytes(server, name, &encode_like(&bytes, &edited))?;
    }
    Ok(())
}

fn server_folder(folder: &Path, server: &ServerFqdn) -> Result<Folder, Cause> {
    let file: Arc<str> = format!("{SERVERS}/{server}/{APPLICATION_HOST}").into();
    let failed = |error: io::Error| broken(&file, format!("the folder cannot be read: {error}"));
    let found = Folder::open(folder).and_then(|root| root.server(server)).map_err(failed)?;
    if found.is_empty() { Err(Cause::NotCollected { file }) } else { ServerFolder::open(&found) }
}

fn broken(file: &str, why: String) -> Cause {
    Cause::Broken { place: Place { file: file.into(), line_column: None }, why }
}

/// Tells one state of a file from another without reading it: every change replaces the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    /// Where the system has such a number.
    number: u64,
}

impl Stamp {
    fn of(path: PathBuf) -> Option<Self> {
        let known = fs::metadata(&path).ok()?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&known);
        #[cfg(not(unix))]
        let number = 0;
        Some(Self { path, length: known.len(), modified: known.modified().ok(), number })
    }
}

/// The state of `lab.json`, where there is one.
pub(crate) fn lab_stamp(folder: &Path) -> Option<Stamp> {
    // Mostly it has that very name.
    Stamp::of(folder.join(LAB)).or_else(|| Stamp::of(Folder::open(folder).ok()?.path_of(LAB)))
}

/// The state of the topology document, where there is just one.
pub(crate) fn topology_stamp(folder: &Path) -> Option<Stamp> {
    let root = Folder::open(folder).ok()?;
    match (root.has(TOPOLOGY), root.has(TOPOLOGY_BUILDER)) {
        (true, false) => Stamp::of(root.path_of(TOPOLOGY)),
        (false, true) => Stamp::of(root.path_of(TOPOLOGY_BUILDER)),
        _ => None,
    }
}

/// The content of `lab.json`, and its bytes; [`Cause::NotCollected`] where the folder has none.
pub(crate) fn lab<T: DeserializeOwned>(folder: &Path) -> Result<(T, Vec<u8>), Cause> {
    let failed = |error: io::Error| broken(LAB, format!("the folder cannot be read: {error}"));
    let root = Folder::open(folder).map_err(failed)?;
    let source = root.load(LAB).source?;
    let bytes = root.bytes(LAB).map_err(|why| broken(&source.name, why))?;
    let VersionOnly { format_version } = json::parse_object(&source)?;
    if format_version.is_of_the_future() {
        let known = FormatVersion::CURRENT;
        let why = format!("it has the format {format_version}, of which this program knows only {known}");
        return Err(broken(&source.name, why));
    }
    Ok((json::parse_object(&source)?, bytes))
}
