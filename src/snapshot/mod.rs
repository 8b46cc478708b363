//! The snapshot folder: facts as they were read from the real systems, read into [`Actual`].
//!
//! | file | its content |
//! | --- | --- |
//! | `snapshot.json` | what the folder is and when it was made: [`description`] |
//! | `topology.xml` or `topology.tbxml` | the published topology as `Get-CsTopology -AsXml` prints it, or a Topology Builder document; the root element tells which |
//! | `assignments.json` | the account of each site: [`assignments`] |
//! | `webservices.json` | `UseWindowsAuth` by scope: [`web_services`] |
//! | `directory.json` | accounts, and the holders of SPNs: [`directory`] |
//! | `servers/<fqdn>/applicationHost.config` | the server's IIS configuration, secrets removed |
//! | `servers/<fqdn>/kerberos.json` | what a ticket, a test or a lab said of the server: [`kerberos`] |
//! | `tests/site-<name>.json`, `.html` | what Test-CsKerberosAccountAssignment said of the site, as it said it: [`site_test`] |
//! | `replication.json`, `operator.json` | evidence of the collection, which nothing reads: [`evidence`] |
//!
//! Names are found in any case. Every file may be UTF-8 with or without byte order mark, UTF-16LE, or UTF-16BE with
//! its mark, and has at most 256 MiB. In JSON, properties that are not known are passed over (a later 1.x may add
//! some); a wrong type, a name that cannot be taken, or two entries for one thing break the file. XML with a DTD, or
//! with an entity other than the predefined ones, is refused, and so is a document that does not end properly.
//!
//! A piece that is missing or broken makes that reading [`Reading::Unreadable`], with its place and cause, and the
//! rest is read. A link that leaves the folder is not followed. Whatever is in `servers` and is no folder named by an
//! FQDN belongs to no server and is passed over: the server it was meant for then reads as never tested.
//!
//! What a collector wanted to read and could not stands in `snapshot.json` with its cause, and outranks a file that an
//! earlier collection left. Who made the folder does not matter: `cskerb collect` and the script for shops that let no
//! tool in write the same raw facts, and the one judge of a site's test is [`site_test`], when the folder is read. A
//! server then has the word of its own `kerberos.json` or that of its site's test: see [`site_test::Weight`].
//!
//! The JSON files are written, each whole or not at all, by a [`Writer`] in the very types that read them.
//!
//! **Architecture invariant:** no secret of applicationHost.config is in what was read, nor any line of it, and none is
//! shown. Its text is in memory while the folder is being read.

mod application_host;
pub mod assignments;
pub(crate) mod change;
pub mod description;
mod digest;
pub mod directory;
pub mod evidence;
mod folder;
mod json;
pub mod kerberos;
mod place;
pub mod secrets;
pub mod site_test;
mod text;
mod topology;
pub mod web_services;
mod write;
mod xml;
mod xml_edit;

pub use json::Entries;
pub use write::{WriteError, Writer};
pub(crate) use xml_edit::escape as escape_xml;

use crate::model::{
    AccountName, Actual, Cause, Directory, Origin, Place, Reading, ServerActual, ServerFqdn, SiteName, Topology,
    WebServicesSettings,
};
use description::{DescriptionFile, FormatVersion, Unread, VersionOnly};
use digest::Print;
use folder::{Folder, Scratch, ServerFolder};
use jiff::Timestamp;
use place::Source;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

const DESCRIPTION: &str = "snapshot.json";
const TOPOLOGY: &str = "topology.xml";
const TOPOLOGY_BUILDER: &str = "topology.tbxml";
const ASSIGNMENTS: &str = "assignments.json";
const WEB_SERVICES: &str = "webservices.json";
const DIRECTORY: &str = "directory.json";
const SERVERS: &str = "servers";
const APPLICATION_HOST: &str = "applicationHost.config";
const KERBEROS: &str = "kerberos.json";
const TESTS: &str = "tests";
const REPLICATION: &str = "replication.json";
const OPERATOR: &str = "operator.json";
const LAB: &str = "lab.json";

/// Why a folder is no snapshot that this program can read.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The folder, or `servers` in it, is not there, is no folder, or cannot be listed.
    #[error("the snapshot folder {} cannot be read", folder.display())]
    Folder {
        /// The snapshot folder as it was typed.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A later program made it, and this one would misread it.
    #[error(
        "the snapshot folder {} has the format {version}, and this program knows only {}: read it with the program \
         that made it, or with a later one",
        folder.display(),
        FormatVersion::CURRENT
    )]
    FromTheFuture {
        /// The snapshot folder as it was typed.
        folder: PathBuf,
        /// The `formatVersion` of its `snapshot.json`.
        version: FormatVersion,
    },
}

/// The text that the bytes of such a file are, or why they are none.
pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    text::decode(bytes).map_err(|(error, _)| {
        let (line, column) = error.line_column;
        format!("line {line}, column {column}: {}", error.why)
    })
}

/// Reads a snapshot folder.
///
/// The origin's source is the folder as typed. What cannot be read is a reading that is unreadable, never an error,
/// unless it is the folder itself.
pub fn read(folder: &Path) -> Result<Actual, SnapshotError> {
    let failed = |source| SnapshotError::Folder { folder: folder.to_owned(), source };
    let root = Folder::open(folder).map_err(failed)?;
    let mut prints = Vec::new();
    let (collected_at, unread) = description(&root, &mut prints)
        .map_err(|version| SnapshotError::FromTheFuture { folder: folder.to_owned(), version })?;
    let root = root.without(unread.into_iter().map(|it| (it.file, it.why)));
    let (pieces, servers) = rayon::join(|| Pieces::read(&root), || servers(&root));
    let Pieces { topology, assignments, web_services, directory, tests, prints: of_pieces } = pieces;
    let (tests, servers) = (tests.map_err(failed)?, servers.map_err(failed)?);
    prints.extend(of_pieces);
    let servers = servers.into_iter().map(|(fqdn, observed, of_server)| {
        prints.extend(of_server);
        (fqdn, observed)
    });
    let servers = servers.collect();
    let origin = Origin { source: folder.display().to_string(), digest: digest::digest(prints) };
    let mut actual = Actual { origin, collected_at, topology, assignments, web_services, directory, servers };
    site_test::enter(tests, &mut actual);
    Ok(actual)
}

/// What stands in the snapshot's own folder.
struct Pieces {
    topology: Reading<Topology>,
    assignments: Reading<BTreeMap<SiteName, AccountName>>,
    web_services: Reading<WebServicesSettings>,
    directory: Reading<Directory>,
    tests: io::Result<Vec<site_test::OfSite>>,
    prints: Vec<Print>,
}

impl Pieces {
    fn read(root: &Folder) -> Self {
        let mut prints = Vec::new();
        Self {
            topology: topology(root, &mut prints),
            assignments: piece(root, ASSIGNMENTS, &mut prints, assignments::read),
            web_services: piece(root, WEB_SERVICES, &mut prints, web_services::read),
            directory: piece(root, DIRECTORY, &mut prints, directory::read),
            tests: site_test::read_all(root, &mut prints),
            prints,
        }
    }
}

fn servers(root: &Folder) -> io::Result<Vec<(ServerFqdn, ServerActual, Vec<Print>)>> {
    let folders: Vec<(ServerFqdn, Vec<ServerFolder>)> = root.servers()?.into_iter().collect();
    Ok(folders.into_par_iter().map_init(Memory::default, |memory, of| server(of, memory)).collect())
}

fn piece<T>(
    folder: &Folder,
    name: &str,
    prints: &mut Vec<Print>,
    read: impl FnOnce(&Source) -> Result<T, Cause>,
) -> Reading<T> {
    piece_into(&mut Scratch::default(), folder, name, prints, read)
}

fn piece_into<T>(
    scratch: &mut Scratch,
    folder: &Folder,
    name: &str,
    prints: &mut Vec<Print>,
    read: impl FnOnce(&Source) -> Result<T, Cause>,
) -> Reading<T> {
    let loaded = folder.load_into(name, scratch);
    prints.extend(loaded.print);
    let source = match loaded.source {
        Ok(source) => source,
        Err(cause) => return Reading::Unreadable(cause),
    };
    let value = read(&source);
    scratch.reuse(source.text);
    match value {
        Ok(value) => Reading::Known(value),
        Err(cause) => Reading::Unreadable(cause),
    }
}

/// When the snapshot was collected and what could not be, or the version that is of the future.
fn description(root: &Folder, prints: &mut Vec<Print>) -> Result<(Reading<Timestamp>, Vec<Unread>), FormatVersion> {
    let loaded = root.load(DESCRIPTION);
    let source = match loaded.source {
        Ok(source) => source,
        Err(cause) => {
            prints.extend(loaded.print);
            return Ok((Reading::Unreadable(cause), Vec::new()));
        }
    };
    prints.push(Print::of_description(&source.name, &source.text));
    match json::parse_object::<VersionOnly>(&source) {
        Ok(only) if only.format_version.is_of_the_future() => return Err(only.format_version),
        Ok(_) => {}
        Err(cause) => return Ok((Reading::Unreadable(cause), Vec::new())),
    }
    Ok(match json::parse_object::<DescriptionFile>(&source) {
        Ok(file) => (Reading::Known(file.collected_at), file.unread),
        Err(cause) => (Reading::Unreadable(cause), Vec::new()),
    })
}

/// `snapshot.json` as it stands, for whoever adds to the folder; `None` where there is no such file, or no folder.
pub fn read_description(folder: &Path) -> Result<Option<DescriptionFile>, SnapshotError> {
    if !folder.exists() {
        return Ok(None);
    }
    let failed = |source| SnapshotError::Folder { folder: folder.to_owned(), source };
    let root = Folder::open(folder).map_err(failed)?;
    if !root.has(DESCRIPTION) {
        return Ok(None);
    }
    if let Err(version) = description(&root, &mut Vec::new()) {
        return Err(SnapshotError::FromTheFuture { folder: folder.to_owned(), version });
    }
    let read = root.load(DESCRIPTION).source.and_then(|source| json::parse_object(&source));
    read.map(Some).map_err(|cause| failed(io::Error::other(cause.to_string())))
}

/// Whether the folder is a lab, which no collector may write into.
pub fn is_lab(folder: &Path) -> bool {
    // Mostly it has that very name, and a lab is asked at every call.
    folder.join(LAB).symlink_metadata().is_ok() || Folder::open(folder).is_ok_and(|root| root.has(LAB))
}

fn topology(root: &Folder, prints: &mut Vec<Print>) -> Reading<Topology> {
    match (root.has(TOPOLOGY), root.has(TOPOLOGY_BUILDER)) {
        (true, true) => {
            let place = Place { file: TOPOLOGY.into(), line_column: None };
            let why = format!("{TOPOLOGY_BUILDER} is there too: keep the one that is published");
            Reading::Unreadable(Cause::Broken { place, why })
        }
        (false, true) => piece(root, TOPOLOGY_BUILDER, prints, topology::read),
        (_, false) => piece(root, TOPOLOGY, prints, topology::read),
    }
}

/// The topology of a document that lies in no folder yet.
pub(crate) fn published_topology(text: &str) -> Result<Topology, Cause> {
    topology::read(&Source { name: TOPOLOGY.into(), text: text.to_owned() })
}

/// What one thread uses for one server after the other.
#[derive(Default)]
struct Memory {
    scratch: Scratch,
    known: application_host::Known,
}

fn server(
    (fqdn, folders): (ServerFqdn, Vec<ServerFolder>),
    Memory { scratch, known }: &mut Memory,
) -> (ServerFqdn, ServerActual, Vec<Print>) {
    let mut prints = Vec::with_capacity(2);
    let observed = match ServerFolder::open(&folders) {
        Ok(folder) => {
            let read = |source: &Source| application_host::read(source, known);
            let iis = piece_into(scratch, &folder, APPLICATION_HOST, &mut prints, read);
            let kerberos = match piece_into(scratch, &folder, KERBEROS, &mut prints, kerberos::read) {
                Reading::Unreadable(Cause::NotCollected { .. }) => Reading::Unreadable(Cause::NeverTested),
                read => read,
            };
            ServerActual { iis, kerberos }
        }
        Err(cause) => ServerActual { iis: Reading::Unreadable(cause.clone()), kerberos: Reading::Unreadable(cause) },
    };
    (fqdn, observed, prints)
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
