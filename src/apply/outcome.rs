//! What a call of `apply` came to, and why it may be refused.

use super::consent::Allowance;
use super::journal::{Ending, Failure, JournalError, Record, Refusal, RunId};
use super::lock::LockError;
use super::operator::Operator;
use super::windows::Opening;
use crate::model::SiteName;
use crate::plan::{Action, Step, StepId, moment};
use jiff::Timestamp;
use std::sync::Arc;
use thiserror::Error;

/// What a call of `apply` came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step is done.
    Finished(Report),
    /// It stopped part-way.
    Stopped {
        /// What became of each step.
        report: Report,
        /// How it ended.
        ending: Ending,
        /// Why, in words.
        why: String,
    },
    /// What is left waits until somebody runs Enable-CsTopology.
    WaitsForEnableTopology(Report),
}

impl Outcome {
    /// What became of each step.
    pub fn report(&self) -> &Report {
        match self {
            Self::Finished(report) | Self::Stopped { report, .. } | Self::WaitsForEnableTopology(report) => report,
        }
    }

    /// How it ended.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Finished(_) => Ending::Finished,
            Self::Stopped { ending, .. } => *ending,
            Self::WaitsForEnableTopology(_) => Ending::WaitsForEnableTopology,
        }
    }
}

/// What became of each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The run; `None` where there was nothing to do.
    pub run: Option<RunId>,
    /// The steps, in the order of the plan; those that a rotation left behind come last.
    pub steps: Vec<StepReport>,
}

impl Report {
    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.status == Status::Done).count()
    }

    /// Whether any step did something, in this call or an earlier one.
    pub fn anything_happened(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.status, Status::Done | Status::Failed(_) | Status::Unclear(_)))
    }

    /// The step that waits until somebody runs Enable-CsTopology.
    pub fn enable_topology(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status == Status::Withheld).map(|step| &step.step)
    }
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// How it stands.
    pub status: Status,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was not begun.
    NotBegun,
    /// It is done.
    Done,
    /// It was tried, and failed.
    Failed(Failure),
    /// It was not begun because of its preconditions.
    Refused(Refusal),
    /// Whether it was completed cannot be said: why.
    Unclear(String),
    /// It was left because of another one: why.
    Left(String),
    /// Enable-CsTopology, which this call may not run.
    Withheld,
}

impl Status {
    /// Whether it counts against `maxFailures`. A server whose state cannot be read counts, as one that fails does.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Unclear(_) | Self::Refused(Refusal::Unread(_)))
    }

    /// Whether what depends on it can no longer be done in this call.
    pub(crate) fn blocks(&self) -> bool {
        !matches!(self, Self::NotBegun | Self::Done)
    }
}

/// Why nothing was done, or why a run had to be left.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// Another process works with the target.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// An earlier run is not finished.
    #[error("{}", not_finished(run, begun.as_deref(), *ending))]
    Unfinished {
        /// The run.
        run: RunId,
        /// When it was begun, and by whom.
        begun: Option<Box<(Timestamp, Operator)>>,
        /// How its last call ended; `None` where it was cut off.
        ending: Option<Ending>,
    },
    /// A run is to be given up of which a rotation may still be at work.
    #[error("run {run} cannot be given up yet: {step}: {why}")]
    MayGoOn {
        /// The run.
        run: RunId,
        /// The rotation.
        step: StepId,
        /// Why.
        why: String,
    },
    /// `--abandon` names a run that is finished.
    #[error("there is no unfinished run {0}, so nothing to abandon; leave --abandon out")]
    NothingToAbandon(RunId),
    /// Steps disturb people, and nobody allowed that.
    #[error("the plan needs a consent that was not given; add {}", flags(missing))]
    Consent {
        /// What is to be allowed.
        missing: Vec<Allowance>,
    },
    /// Every step lies outside of the maintenance windows.
    #[error("{}", closed(sites, opening.as_ref()))]
    Window {
        /// The sites that are closed, or close too soon.
        sites: Vec<SiteName>,
        /// When they open next; `None` where they never do.
        opening: Option<Opening>,
    },
    /// A journal cannot be written or read; nothing was done.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal can no longer be written, so the run was left at once.
    #[error(
        "the journal of run {run} can no longer be written, so nothing more was begun: {source}; {}; make room and go \
         on with --resume, which looks first",
        in_doubt(steps)
    )]
    JournalLost {
        /// The run.
        run: RunId,
        /// The steps that were carried out and could not be journaled.
        steps: Vec<StepId>,
        /// Why.
        source: Arc<JournalError>,
    },
}

impl ApplyError {
    /// That run is not finished.
    pub fn unfinished(record: &Record) -> Self {
        let begun = record.started().zip(record.sessions().next().map(|session| session.operator.clone()));
        Self::Unfinished { run: record.run.clone(), begun: begun.map(Box::new), ending: record.ending() }
    }
}

fn not_finished(run: &RunId, begun: Option<&(Timestamp, Operator)>, ending: Option<Ending>) -> String {
    let begun = begun.map(|(at, operator)| format!(", begun by {operator} at {}", moment(*at))).unwrap_or_default();
    let ended = ending.map_or("it was cut off", Ending::as_str);
    format!("run {run}{begun}, is not finished ({ended}); go on with it by --resume, or give it up by --abandon {run}")
}

/// The options that give those consents, ready to be typed.
fn flags(missing: &[Allowance]) -> String {
    let flags: Vec<String> = missing.iter().map(|allowance| format!("--allow '{allowance}'")).collect();
    flags.join(" ")
}

fn closed(sites: &[SiteName], opening: Option<&Opening>) -> String {
    let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
    let names = names.join(", ");
    match opening {
        Some(opening) => format!(
            "no maintenance window of {names} is open, or not for long enough: the next opens at {opening}; to work \
             now, give --outside-window REASON"
        ),
        None => format!(
            "{names}: no maintenance window is open long enough, now or within 400 days; correct \
             `maintenance: windows:`, or give --outside-window REASON"
        ),
    }
}

fn in_doubt(steps: &[StepId]) -> String {
    if steps.is_empty() {
        return "everything that was done is in it".to_owned();
    }
    let names: Vec<&str> = steps.iter().map(StepId::as_str).collect();
    format!("how these ended is not in it: {}", names.join(", "))
}

/// Who may run a step's command, for people.
pub fn rights(action: &Action) -> &'static str {
    match action {
        Action::CreateAccount { .. } => "Domain Admins",
        Action::EnableTopology { .. } => {
            "RTCUniversalServerAdmins, and Domain Admins unless setup was delegated (Grant-CsSetupPermission)"
        }
        Action::RemoveSpn { .. } | Action::AddSpn { .. } => "write access to the account's object",
        Action::SetIis { .. } => "local administrator on the server",
        _ => "RTCUniversalServerAdmins",
    }
}
