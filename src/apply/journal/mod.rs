//! The journal: one folder a run, with the plan as it was and one line for everything that happened.
//!
//! ```text
//! <state>/runs/<run>/plan.json       the plan, byte for byte what the digest in the journal is of
//! <state>/runs/<run>/journal.jsonl   see [`Entry`]
//! ```
//! **Architecture invariant:** nothing is done to the real systems before the line that says so is on the disk. What
//! a line says is never taken back; a last line that was cut off was never relied on, so it does not count.

mod entry;
mod json;
mod record;

pub use entry::{EnableTopology, Ending, Entry, Failure, FailureKind, Judgement, Refusal, Session};
pub use record::{Record, Standing, StepRecord, runs, unfinished};

use super::disk::{self, AppendFile, StateError};
use crate::plan::Plan;
use crate::wire;
use jiff::Timestamp;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;

/// Why a journal cannot be written or read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A file or folder cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// A line in the middle is not of the format.
    #[error("{}:{line}: the journal cannot be read: {why}; to give the run up, move its folder away, and plan anew", path.display())]
    Line {
        /// The journal.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A later program wrote it.
    #[error("{} is of formatVersion {version:?}, and this program reads {:?}; go on with the program that made it", path.display(), wire::journal::FORMAT_VERSION)]
    FromTheFuture {
        /// The journal.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// The run's plan cannot be read.
    #[error("the plan of run {run} cannot be read: {source}")]
    Plan {
        /// The run.
        run: RunId,
        /// Why.
        source: Box<wire::plan::PlanError>,
    },
    /// The plan beside the journal is not the one that the run was started with.
    #[error(
        "the plan beside the journal of run {run} is not the one that it was started with; give it up with --abandon {run}, and plan anew"
    )]
    OtherPlan {
        /// The run.
        run: RunId,
    },
    /// A step's arguments are none.
    #[error("{0}")]
    Action(wire::plan::PlanError),
    /// A name that is none.
    #[error("{0}")]
    Value(String),
    /// Not the id of a run.
    #[error("{0:?} is not the id of a run: `cskerb log` lists them")]
    RunId(String),
    /// There is no such run.
    #[error("there is no run {run} in {}: `cskerb log` lists them", state.display())]
    NoSuchRun {
        /// The id as it was typed.
        run: RunId,
        /// The state folder.
        state: PathBuf,
    },
    /// Writing JSON into memory failed.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

/// The name of a run: when it started, and the beginning of its plan's digest; so names sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The nth run of that moment and plan, counted from 1.
    fn new(at: Timestamp, plan: &str, nth: u32) -> Self {
        let digest: String = plan.trim_start_matches("sha256:").chars().take(8).collect();
        let again = if nth > 1 { format!("-{nth}") } else { String::new() };
        Self(format!("{}-{digest}{again}", at.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = JournalError;

    /// Takes what names a folder and nothing else: a run's id is joined to a path.
    fn from_str(text: &str) -> Result<Self, JournalError> {
        let good = text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if good { Ok(Self(text.to_owned())) } else { Err(JournalError::RunId(text.to_owned())) }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Appends a line to the disk.
type Append = Box<dyn Fn(&str) -> Result<(), StateError> + Send + Sync>;

/// A journal that is being written.
pub(crate) struct Journal {
    /// The run.
    pub(crate) run: RunId,
    append: Append,
}

impl Journal {
    /// Makes the folder of a new run, with its plan; the caller writes the first line.
    pub(crate) fn create(state: &Path, at: Timestamp, plan: &wire::plan::Plan) -> Result<Self, JournalError> {
        let runs = state.join("runs");
        disk::make_folders(&runs)?;
        let mut nth = 1;
        let run = loop {
            let run = RunId::new(at, &plan.digest, nth);
            if disk::make_new_folder(&runs.join(run.as_str()))? {
                break run;
            }
            nth += 1;
        };
        let folder = runs.join(run.as_str());
        disk::write_whole(&folder.join("plan.json"), plan.to_json()?.as_bytes())?;
        let file = AppendFile::create(&folder.join("journal.jsonl"))?;
        Ok(Self { run, append: Box::new(move |line| file.append(line)) })
    }

    /// Opens the journal of a run to go on with it.
    pub(crate) fn reopen(record: &Record) -> Result<Self, JournalError> {
        let file = AppendFile::reopen(&record.path, record.whole)?;
        Ok(Self { run: record.run.clone(), append: Box::new(move |line| file.append(line)) })
    }

    /// Writes a line; it is on the disk when this returns. Several threads may.
    pub(crate) fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        let line = serde_json::to_string(&wire::journal::Entry::from(entry))?;
        (self.append)(&line).map_err(JournalError::from)
    }

    /// Has every line after the first `lines` fail, as on a disk that is full.
    #[cfg(test)]
    pub(crate) fn fail_after(&mut self, lines: usize) {
        let written = std::sync::atomic::AtomicUsize::new(0);
        let inner = std::mem::replace(&mut self.append, Box::new(|_| Ok(())));
        self.append = Box::new(move |line| {
            if written.fetch_add(1, std::sync::atomic::Ordering::SeqCst) >= lines {
                let source = std::io::ErrorKind::StorageFull.into();
                return Err(disk::on(Path::new("journal.jsonl"), disk::Verb::Written)(source));
            }
            inner(line)
        });
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("run", &self.run).finish_non_exhaustive()
    }
}

/// The plan in its wire type, sealed.
pub(crate) fn seal(plan: &Plan) -> Result<wire::plan::Plan, JournalError> {
    Ok(wire::plan::Plan::try_from(plan)?)
}

#[cfg(test)]
mod tests;
