//! Reads the live systems into a snapshot folder, and prints the script that does it by hand.
//!
//! One way through: [`collect`] asks the shell and writes raw facts by [`snapshot::Writer`];
//! whatever they come to is said when the folder is read, by [`snapshot::read`](crate::snapshot::read()), as for any
//! other snapshot. [`read`] does the same in a folder of its own, for a plan against the live systems. What could not
//! be read stands in `snapshot.json` with its cause, and the rest is there.
//!
//! **Architecture invariant:** nothing is judged here. What is secret was removed where it was read; a text that still
//! holds something secret when it arrives is not kept at all.

mod asked;
mod central;
mod directory;
mod failure;
mod script;
mod servers;

pub use asked::{Asked, DirectoryBy};
pub use script::script;
pub(in crate::live) use servers::said;

use super::shell::Shell;
use crate::model::{Actual, Cause, Reading, ServerFqdn, Verdict};
use crate::snapshot::description::{AskedFor, DescriptionFile, FormatVersion, Unread};
use crate::snapshot::{self, SnapshotError, WriteError, Writer, site_test};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use thiserror::Error;

/// The name of what was read from the live systems, in plans and journals.
pub const LIVE: &str = "live";

/// Why nothing could be collected into a folder.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The folder is a lab, which has facts of its own.
    #[error("{0} is a lab: collect into another folder")]
    IsLab(String),
    /// No folder for the time being could be made.
    #[error("no temporary folder could be made")]
    Temporary(#[source] std::io::Error),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What was written could not be read again.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// What happens while it is collected, for a person who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// That file was made.
    Made(String),
    /// That file could not be made.
    Unread(Unread),
    /// These replicas of the Central Management Store are behind: what was read may not be in effect there.
    Behind(Vec<String>),
}

/// What came of it.
#[derive(Debug)]
pub struct Collected {
    /// What the folder says.
    pub actual: Actual,
    /// What was asked of the directory and the servers.
    pub asked: AskedFor,
    /// What could not be read, or of which nothing can be said: what it is, and why.
    pub unreadable: Vec<(String, String)>,
}

/// How it is collected.
pub struct Manner<'a> {
    /// How many calls are made at a time.
    pub parallel: usize,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Is told what happens; from several threads.
    pub watch: &'a (dyn Fn(Progress) + Sync),
}

/// Reads the live systems into this folder, which is made where it is not there; files in it are replaced.
///
/// What cannot be read is in [`Collected::unreadable`], never an error.
pub fn collect(
    shell: &dyn Shell,
    asked: &Asked,
    folder: &Path,
    manner: &Manner<'_>,
) -> Result<Collected, CollectError> {
    if snapshot::is_lab(folder) {
        return Err(CollectError::IsLab(folder.display().to_string()));
    }
    let collection = Collection { shell, manner, writer: Writer::new(folder)?, unread: Mutex::new(Vec::new()) };
    // Nothing in the folder is older than this.
    let collected_at = (manner.clock)();
    let assignments = collection.central()?;
    let topology = snapshot::change::topology(folder);
    if let Reading::Known(published) = &topology {
        shell.learn(published);
    }
    let asked_for = asked.with(&topology, &assignments);
    collection.directory_and_servers(asked, &asked_for, &assignments)?;
    let mut unread = collection.unread.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    unread.sort();
    let asked_for = asked_for.to_file();
    collection.writer.description(&DescriptionFile {
        format_version: FormatVersion::CURRENT,
        collected_at,
        product: asked.product.map(|product| product.id().to_owned()),
        tool: Some(concat!("cskerb ", env!("CARGO_PKG_VERSION")).to_owned()),
        asked_for: Some(asked_for.clone()),
        unread,
    })?;
    let actual = snapshot::read(folder)?;
    let unreadable = unreadable(&actual, &asked_for, asked.directory);
    Ok(Collected { actual, asked: asked_for, unreadable })
}

/// Reads the live systems, and keeps no folder.
pub fn read(shell: &dyn Shell, asked: &Asked, manner: &Manner<'_>) -> Result<Collected, CollectError> {
    let folder = tempfile::tempdir().map_err(CollectError::Temporary)?;
    let mut collected = collect(shell, asked, folder.path(), manner)?;
    LIVE.clone_into(&mut collected.actual.origin.source);
    Ok(collected)
}

/// One collection.
struct Collection<'a> {
    shell: &'a dyn Shell,
    manner: &'a Manner<'a>,
    writer: Writer,
    unread: Mutex<Vec<Unread>>,
}

impl Collection<'_> {
    /// Writes what was read, or notes why there is nothing.
    fn keep<T>(
        &self,
        file: &str,
        read: Result<T, failure::Failure>,
        write: impl FnOnce(&Writer, &T) -> Result<(), WriteError>,
    ) -> Result<Option<T>, WriteError> {
        match read {
            Ok(value) => {
                write(&self.writer, &value)?;
                (self.manner.watch)(Progress::Made(file.to_owned()));
                Ok(Some(value))
            }
            Err(why) => {
                let unread = Unread { file: file.to_owned(), why: why.to_string() };
                (self.manner.watch)(Progress::Unread(unread.clone()));
                let mut all = self.unread.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                all.push(unread);
                Ok(None)
            }
        }
    }
}

/// What the folder cannot say of what was asked for here.
fn unreadable(actual: &Actual, asked: &AskedFor, directory: DirectoryBy) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut note = |what: &str, cause: Option<&Cause>| {
        all.extend(cause.map(|cause| (what.to_owned(), cause.to_string())));
    };
    note("the topology", actual.topology.cause());
    note("the assignments", actual.assignments.cause());
    note("the settings of the Web Services", actual.web_services.cause());
    if directory == DirectoryBy::Shell {
        note("the directory", actual.directory.cause());
    }
    if let (DirectoryBy::Shell, Reading::Known(directory)) = (directory, &actual.directory) {
        for (name, reading) in &directory.accounts {
            note(&name.to_string(), reading.cause());
        }
        for (spn, cause) in &directory.unreadable {
            note(&spn.to_string(), Some(cause));
        }
    }
    let servers: BTreeSet<ServerFqdn> = asked.servers.iter().filter_map(|server| server.parse().ok()).collect();
    for server in &servers {
        note(&format!("IIS of {server}"), actual.iis(server).cause());
    }
    for server in tested(actual).intersection(&servers) {
        match actual.kerberos(server) {
            Reading::Known(reading) if reading.verdict == Verdict::Unknown => {
                let detail = reading.detail.clone().unwrap_or_else(|| "it gave no reason".into());
                note(&format!("Kerberos of {server}"), Some(&Cause::Inconclusive { by: reading.by, detail }));
            }
            other => note(&format!("Kerberos of {server}"), other.cause()),
        }
    }
    all
}

/// The servers of the sites that have an account: a test speaks of them.
fn tested(actual: &Actual) -> BTreeSet<ServerFqdn> {
    let (Reading::Known(topology), Reading::Known(assignments)) = (&actual.topology, &actual.assignments) else {
        return BTreeSet::new();
    };
    assignments.keys().flat_map(|site| site_test::targets(topology, site)).collect()
}

#[cfg(test)]
mod tests;
