//! What a journal says, line by line.

use super::RunId;
use crate::apply::consent::Allowance;
use crate::apply::operator::Operator;
use crate::apply::target::{ErrorKind, Observation, TargetError};
use crate::plan::{Action, StepId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fmt;

/// What one call of `apply` was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who called it.
    pub operator: Operator,
    /// The program, with its version.
    pub tool: String,
    /// What it was allowed.
    pub consents: BTreeSet<Allowance>,
    /// What is done about a step that enables the topology.
    pub enable_topology: EnableTopology,
    /// Why it worked outside of the maintenance windows, where it did.
    pub outside_window: Option<String>,
    /// How many servers of a batch it worked on at a time.
    pub parallel: usize,
    /// How many servers were allowed to fail.
    pub max_failures: u32,
}

/// What is done about a step that enables the topology.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnableTopology {
    /// The run does what does not depend on it, ends, and waits until somebody has run it.
    #[default]
    Wait,
    /// It is run.
    Run,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The first line.
    RunStarted {
        /// When.
        at: Timestamp,
        /// The run.
        run: RunId,
        /// The target as it was typed.
        target: String,
        /// The digest of the plan.
        plan: String,
        /// The run that this one takes back.
        undoes: Option<RunId>,
        /// What was asked.
        session: Session,
    },
    /// Somebody goes on with the run.
    RunResumed {
        /// When.
        at: Timestamp,
        /// What was asked.
        session: Session,
    },
    /// A step is about to be done; this line is on the disk before it is.
    StepBegun {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Which attempt, counted from 1 in this call.
        attempt: u32,
        /// What it does.
        action: Action,
        /// What it is about, as it was.
        before: Observation,
    },
    /// A step was done, or was tried.
    StepEnded {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// How long it took.
        took: SignedDuration,
        /// How it went.
        result: Result<(), Failure>,
        /// What it is about, as it is now.
        after: Observation,
    },
    /// A step whose end is not known was observed.
    StepJudged {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// What follows.
        judgement: Judgement,
        /// What it is about, as it is now.
        observed: Observation,
    },
    /// A step was not begun because of its preconditions.
    StepRefused {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Why.
        refusal: Refusal,
    },
    /// A step was left because of another one.
    StepLeft {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Why, in words.
        why: String,
    },
    /// The last line of a call.
    RunEnded {
        /// When.
        at: Timestamp,
        /// How.
        ending: Ending,
        /// Why, in words.
        why: String,
        /// Who ended it.
        operator: Operator,
    },
}

impl Entry {
    /// When it was written.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::RunStarted { at, .. }
            | Self::RunResumed { at, .. }
            | Self::StepBegun { at, .. }
            | Self::StepEnded { at, .. }
            | Self::StepJudged { at, .. }
            | Self::StepRefused { at, .. }
            | Self::StepLeft { at, .. }
            | Self::RunEnded { at, .. } => *at,
        }
    }
}

/// Why an attempt at a step was no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub kind: FailureKind,
    /// The FullyQualifiedErrorId, where there is one.
    pub id: Option<String>,
    /// What was said.
    pub message: String,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Nothing happened, and it may pass.
    Transient,
    /// Nothing happened, and it will not pass by itself.
    Refused,
    /// Whether it happened is not known.
    OutcomeUnknown,
    /// The same, and it may still be going on.
    Unended,
    /// It was done without an error, and nothing of it can be seen.
    NoEffect,
}

impl FailureKind {
    /// Whether it is certain that nothing happened.
    pub(crate) fn nothing_happened(self) -> bool {
        matches!(self, Self::Transient | Self::Refused)
    }

    /// Whether what happened has to be looked at.
    pub(crate) fn is_unknown(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::Unended)
    }
}

impl From<&TargetError> for Failure {
    fn from(error: &TargetError) -> Self {
        let kind = match error.kind {
            ErrorKind::Transient => FailureKind::Transient,
            ErrorKind::Refused => FailureKind::Refused,
            ErrorKind::OutcomeUnknown => FailureKind::OutcomeUnknown,
            ErrorKind::Unended => FailureKind::Unended,
        };
        Self { kind, id: Some(error.id.clone()), message: error.message.clone() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.id.as_ref().map_or(Ok(()), |id| write!(f, " ({id})"))
    }
}

/// What follows from observing a step whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It was completed: how that can be seen.
    Done(String),
    /// It was not: how that can be seen.
    NotDone(String),
    /// That cannot be said: why.
    Unclear(String),
}

/// Why a step was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Reality is not as it was when the plan was made: what was found instead.
    Stale(String),
    /// Whether it is could not be read: why.
    Unread(String),
}

/// How a call of `apply` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Every step is done.
    Finished,
    /// A step failed.
    Failures,
    /// Somebody stopped it.
    Interrupted,
    /// A maintenance window is closed or closes too soon.
    WindowClosed,
    /// Enable-CsTopology must run first.
    WaitsForEnableTopology,
    /// It cannot be said whether a step was completed.
    Unclear,
    /// Steps were stale: nothing is left that this plan could do.
    Stale,
    /// Somebody gave it up.
    Abandoned,
}

impl Ending {
    /// Whether nothing is left that `--resume` could do.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Stale | Self::Abandoned)
    }

    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failures => "stopped after failures",
            Self::Interrupted => "interrupted",
            Self::WindowClosed => "stopped by the maintenance window",
            Self::WaitsForEnableTopology => "waits for Enable-CsTopology",
            Self::Unclear => "stopped: a step's outcome is not known",
            Self::Stale => "ended with stale steps",
            Self::Abandoned => "abandoned",
        }
    }
}
