//! What happens during a run, one event a line, for programs that listen.

use super::journal::{Ending, FailureKind, Holder, Judgement, Refusal};
use super::plan::{StepKind, Subject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the target's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum What {
    /// A process died with the lock; it is taken.
    LockLeftBehind {
        /// Whose.
        holder: Holder,
    },
    /// An earlier run was given up.
    RunAbandoned {
        /// The run.
        run: String,
    },
    /// A run begins, or goes on.
    RunStarted {
        /// The run.
        run: Option<String>,
        /// Whether it goes on.
        resumed: bool,
        /// How many steps it has.
        steps: usize,
        /// How many of them are done already.
        done: usize,
    },
    /// A step whose end was not known was observed.
    StepJudged {
        /// The step.
        step: String,
        /// What follows.
        judgement: Judgement,
        /// Why.
        why: String,
    },
    /// Some servers of a pool are worked on.
    BatchStarted {
        /// The pool.
        pool: String,
        /// What is done to them.
        kind: StepKind,
        /// Which batch of that pool and kind, counted from 1.
        number: usize,
        /// The steps.
        steps: Vec<String>,
    },
    /// A step is being done.
    StepStarted {
        /// The step.
        step: String,
        /// What it is about.
        subject: Subject,
        /// Which attempt, counted from 1.
        attempt: u32,
    },
    /// A step will be tried again.
    StepRetried {
        /// The step.
        step: String,
        /// Why.
        why: String,
        /// After how long.
        milliseconds: u64,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: String,
        /// What it is about.
        subject: Subject,
        /// How long it took.
        milliseconds: u64,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: String,
        /// What it is about.
        subject: Subject,
        /// What the failure means.
        kind: FailureKind,
        /// The FullyQualifiedErrorId, where there is one.
        id: Option<String>,
        /// What was said.
        message: String,
    },
    /// A step was not begun because of its preconditions.
    StepRefused {
        /// The step.
        step: String,
        /// What it is about.
        subject: Subject,
        /// Whether they do not hold, or could not be read.
        refusal: Refusal,
        /// Why.
        why: String,
    },
    /// A step was left because of another one.
    StepLeft {
        /// The step.
        step: String,
        /// What it is about.
        subject: Subject,
        /// Why.
        why: String,
    },
    /// A rotation left servers behind; they get copies.
    StepsAdded {
        /// The account.
        account: String,
        /// The copies.
        steps: Vec<String>,
    },
    /// Whether a rotation left servers behind could not be read.
    ServersUnread {
        /// The account.
        account: String,
        /// Why.
        why: String,
    },
    /// Enable-CsTopology must run, and this call may not run it.
    EnableTopologyWithheld {
        /// The step.
        step: String,
        /// What to run.
        commands: Vec<String>,
    },
    /// Steps of these sites are not begun.
    WindowClosed {
        /// The sites.
        sites: Vec<String>,
        /// When they open next; null where they never do.
        opens: Option<Timestamp>,
        /// The time zone of the window that opens then.
        time_zone: Option<String>,
    },
    /// Nothing more is done.
    RunEnded {
        /// The run.
        run: Option<String>,
        /// How it ended.
        ending: Ending,
        /// Why.
        why: String,
        /// How the steps stand.
        steps: Counts,
    },
    /// The state was read again, and planned again.
    Verified {
        /// The steps that are left to do.
        steps: Vec<String>,
        /// How many error findings no step mends.
        errors: usize,
        /// How many sites, pools and servers are not declared.
        #[serde(default)]
        undeclared: usize,
        /// How much could not be read.
        unreadable: usize,
    },
}

/// How many steps stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Done.
    pub done: usize,
    /// Tried, and failed, or not known to be done.
    pub failed: usize,
    /// Not begun because reality moved.
    pub stale: usize,
    /// Not begun because their preconditions could not be read.
    pub unread: usize,
    /// Left because of another one.
    pub left: usize,
    /// Not begun.
    pub not_begun: usize,
}
