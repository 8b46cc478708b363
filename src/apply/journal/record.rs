//! Journals read back: what happened in a run, and what is left of it.

use super::entry::{Ending, Entry, FailureKind, Judgement, Session};
use super::{JournalError, RunId};
use crate::apply::disk::{self, Verb};
use crate::apply::target::Observation;
use crate::plan::{Action, Plan, StepId};
use crate::wire;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A run as its journal tells it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The run.
    pub run: RunId,
    /// Its lines.
    pub entries: Vec<Entry>,
    /// The journal.
    pub(crate) path: PathBuf,
    /// How many bytes of the journal are whole lines.
    pub(crate) whole: u64,
}

/// What a journal says of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// What it does.
    pub action: Action,
    /// When it was last begun, where nobody saw it end.
    pub unended: Option<Timestamp>,
    /// What it is about, as it was before the attempt that counts.
    pub before: Observation,
    /// What it is about, as it was last seen.
    pub after: Option<Observation>,
    /// How far it got.
    pub standing: Standing,
}

/// How far a step got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is done.
    Done {
        /// How long that took; `None` where it was only observed.
        took: Option<SignedDuration>,
    },
    /// It was begun, and whether it is done is not known: it is observed before anything else.
    Open,
    /// It was tried, and it is certain that nothing happened.
    Untouched,
}

/// The runs of a state folder, the oldest first.
pub fn runs(state: &Path) -> Result<Vec<RunId>, JournalError> {
    let folder = state.join("runs");
    let listed = match fs::read_dir(&folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk::on(&folder, Verb::Read)(error).into()),
    };
    let mut runs = Vec::new();
    for entry in listed {
        let name = entry.map_err(disk::on(&folder, Verb::Read))?.file_name();
        // What is no run's id was not made by this program.
        runs.extend(name.to_str().and_then(|name| name.parse::<RunId>().ok()));
    }
    runs.sort_unstable();
    Ok(runs)
}

/// The newest run that `--resume` could go on with.
pub fn unfinished(state: &Path) -> Result<Option<Record>, JournalError> {
    for run in runs(state)?.iter().rev() {
        if let Some(record) = Record::read(state, run)?
            && record.is_unfinished()
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versioned {
    format_version: String,
}

impl Record {
    /// Reads the journal of that run; `None` where the run never began, so that nothing can have happened.
    pub fn read(state: &Path, run: &RunId) -> Result<Option<Self>, JournalError> {
        let path = state.join("runs").join(run.as_str()).join("journal.jsonl");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let there = path.parent().is_some_and(Path::is_dir);
                let missing = JournalError::NoSuchRun { run: run.clone(), state: state.to_owned() };
                return if there { Ok(None) } else { Err(missing) };
            }
            Err(error) => return Err(disk::on(&path, Verb::Read)(error).into()),
        };
        let (entries, whole) = entries(&path, &bytes)?;
        if entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { run: run.clone(), entries, path, whole: u64::try_from(whole).unwrap_or(u64::MAX) }))
    }

    /// The plan that the run was started with.
    pub fn plan(&self) -> Result<Plan, JournalError> {
        let path = self.path.with_file_name("plan.json");
        let text = fs::read_to_string(&path).map_err(disk::on(&path, Verb::Read))?;
        let plan = wire::plan::read(&text)
            .map_err(|source| JournalError::Plan { run: self.run.clone(), source: Box::new(source) })?;
        if super::seal(&plan)?.digest != self.digest() {
            return Err(JournalError::OtherPlan { run: self.run.clone() });
        }
        Ok(plan)
    }

    /// The digest of that plan, as the first line has it.
    pub fn digest(&self) -> &str {
        match self.entries.first() {
            Some(Entry::RunStarted { plan, .. }) => plan,
            _ => "",
        }
    }

    /// When the run started.
    pub fn started(&self) -> Option<Timestamp> {
        self.entries.first().map(Entry::at)
    }

    /// What was asked, the first call first.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::RunStarted { session, .. } | Entry::RunResumed { session, .. } => Some(session),
            _ => None,
        })
    }

    /// How the last call ended; `None` where it did not come to that.
    pub fn ending(&self) -> Option<Ending> {
        match self.entries.last() {
            Some(Entry::RunEnded { ending, .. }) => Some(*ending),
            _ => None,
        }
    }

    /// Whether something is left that `--resume` could do.
    pub fn is_unfinished(&self) -> bool {
        self.ending().is_none_or(|ending| !ending.is_final())
    }

    /// What became of each step that was begun, in the order in which they were first begun.
    pub fn steps(&self) -> Vec<(StepId, StepRecord)> {
        let mut order: Vec<StepId> = Vec::new();
        let mut steps: BTreeMap<StepId, StepRecord> = BTreeMap::new();
        for entry in &self.entries {
            match entry {
                Entry::StepBegun { at, step, action, before, .. } => {
                    let begun = || StepRecord {
                        action: action.clone(),
                        unended: Some(*at),
                        before: before.clone(),
                        after: None,
                        standing: Standing::Open,
                    };
                    match steps.get_mut(step) {
                        // The values before an attempt whose end is not known are those that tell.
                        Some(earlier) if earlier.standing == Standing::Untouched => *earlier = begun(),
                        Some(earlier) => earlier.unended = Some(*at),
                        None => {
                            order.push(step.clone());
                            steps.insert(step.clone(), begun());
                        }
                    }
                }
                Entry::StepEnded { step, took, result, after, .. } => {
                    if let Some(record) = steps.get_mut(step) {
                        record.end(*took, result.as_ref().map_err(|failure| failure.kind), after);
                    }
                }
                Entry::StepJudged { step, judgement, observed, .. } => {
                    if let Some(record) = steps.get_mut(step) {
                        record.judge(judgement, observed);
                    }
                }
                _ => {}
            }
        }
        order.into_iter().filter_map(|id| steps.remove(&id).map(|record| (id, record))).collect()
    }
}

impl StepRecord {
    /// Whether it is known to be done.
    pub fn is_done(&self) -> bool {
        matches!(self.standing, Standing::Done { .. })
    }

    fn end(&mut self, took: SignedDuration, result: Result<&(), FailureKind>, after: &Observation) {
        self.after = Some(after.clone());
        self.unended = self.unended.filter(|_| result == Err(FailureKind::Unended));
        self.standing = match result {
            Ok(()) => Standing::Done { took: Some(took) },
            Err(kind) if kind.nothing_happened() => Standing::Untouched,
            Err(_) => Standing::Open,
        };
    }

    fn judge(&mut self, judgement: &Judgement, observed: &Observation) {
        self.after = Some(observed.clone());
        self.standing = match judgement {
            Judgement::Done(_) => Standing::Done { took: None },
            Judgement::NotDone(_) => Standing::Untouched,
            Judgement::Unclear(_) => Standing::Open,
        };
    }
}

/// The entries of the whole lines, and how many bytes those are.
fn entries(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, usize), JournalError> {
    let (mut entries, mut whole) = (Vec::new(), 0);
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let last = whole + line.len() == bytes.len();
        let wrong = |why: String| JournalError::Line { path: path.to_owned(), line: at + 1, why };
        if at == 0
            && let Ok(versioned) = serde_json::from_slice::<Versioned>(line)
            && versioned.format_version != wire::journal::FORMAT_VERSION
        {
            return Err(JournalError::FromTheFuture { path: path.to_owned(), version: versioned.format_version });
        }
        match serde_json::from_slice::<wire::journal::Entry>(line) {
            _ if !line.ends_with(b"\n") => break,
            Ok(written) => entries.push(Entry::try_from(written).map_err(|error| wrong(error.to_string()))?),
            // The rest of a line whose writing was interrupted.
            Err(_) if last => break,
            Err(error) => return Err(wrong(error.to_string())),
        }
        whole += line.len();
    }
    Ok((entries, whole))
}
