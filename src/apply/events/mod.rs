//! What happens during a run, as it happens. Reporters render it; nothing else is said.

mod json;

use super::journal::{Ending, Failure, Judgement, Refusal, RunId};
use super::lock::Holder;
use super::outcome::Report;
use super::windows::Opening;
use crate::model::{AccountName, PoolFqdn, SiteName};
use crate::plan::{Plan, Step, StepId, StepKind};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by the target's clock.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody's process died with the lock; it is taken.
    LockLeftBehind(Holder),
    /// An earlier run was given up.
    RunAbandoned(RunId),
    /// A run begins, or goes on.
    RunStarted {
        /// Whether it goes on.
        resumed: bool,
        /// The steps, and what is known of them so far.
        report: Report,
    },
    /// A step whose end was not known was observed.
    StepJudged {
        /// The step.
        step: StepId,
        /// What follows.
        judgement: Judgement,
    },
    /// Some servers of a pool are worked on.
    BatchStarted {
        /// The pool.
        pool: PoolFqdn,
        /// What is done to them.
        kind: StepKind,
        /// Which batch of that pool and kind, counted from 1.
        number: usize,
        /// The steps.
        steps: Vec<StepId>,
    },
    /// A step is being done.
    StepStarted {
        /// The step.
        step: Step,
        /// Which attempt, counted from 1.
        attempt: u32,
    },
    /// A step will be tried again.
    StepRetried {
        /// The step.
        step: StepId,
        /// Why: what went wrong, or could not be read.
        why: String,
        /// After how long.
        delay: Duration,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: Step,
        /// How long it took.
        took: SignedDuration,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: Step,
        /// Why.
        failure: Failure,
    },
    /// A step was not begun because of its preconditions.
    StepRefused {
        /// The step.
        step: Step,
        /// Why.
        refusal: Refusal,
    },
    /// A step was left because of another one.
    StepLeft {
        /// The step.
        step: Step,
        /// Why.
        why: String,
    },
    /// A rotation left servers behind; they get copies.
    StepsAdded {
        /// The account.
        account: AccountName,
        /// The copies.
        steps: Vec<Step>,
    },
    /// Whether a rotation left servers behind could not be read.
    ServersUnread {
        /// The account.
        account: AccountName,
        /// Why.
        why: String,
    },
    /// Enable-CsTopology must run, and this call may not run it.
    EnableTopologyWithheld {
        /// The step.
        step: Step,
    },
    /// Steps of these sites are not begun.
    WindowClosed {
        /// The sites.
        sites: Vec<SiteName>,
        /// When they open next.
        opening: Option<Opening>,
    },
    /// Nothing more is done.
    RunEnded {
        /// How it ended.
        ending: Ending,
        /// Why, in words.
        why: String,
        /// What became of each step.
        report: Report,
    },
    /// The state was read again, and planned again: what is left to do is in here.
    Verified(Plan),
}
