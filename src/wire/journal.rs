//! The journal of a run as JSON Lines, one entry a line, and the file that says who holds the lock.

use super::plan::{Action, Settings};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format version that this program writes, and the only one it reads.
pub const FORMAT_VERSION: &str = "1.0";

/// A person at a host, and the process that acts for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operator {
    /// The user.
    pub user: String,
    /// The host.
    pub host: String,
    /// The process id on that host.
    pub pid: u32,
}

/// Who holds the lock: `lock.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holder {
    /// Who.
    pub operator: Operator,
    /// Since when.
    pub since: Timestamp,
    /// The digest of the plan.
    pub plan: String,
}

/// What one call of `apply` was asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    /// Who called it.
    pub operator: Operator,
    /// The program, with its version.
    pub tool: String,
    /// What it was allowed, as typed after `--allow`.
    pub consents: Vec<String>,
    /// Whether it was to run Enable-CsTopology itself.
    pub enable_topology: EnableTopology,
    /// Why it worked outside of the maintenance windows; null where it kept to them.
    pub outside_window: Option<String>,
    /// How many servers of a batch it worked on at a time.
    pub parallel: usize,
    /// How many servers were allowed to fail.
    pub max_failures: u32,
}

/// What is done about a step that enables the topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnableTopology {
    /// The run ends and waits until somebody has run it.
    Wait,
    /// It is run.
    Run,
}

/// One line of `journal.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Entry {
    /// The first line.
    RunStarted {
        /// The version of this format.
        format_version: String,
        /// When.
        at: Timestamp,
        /// The run.
        run: String,
        /// The target as it was typed.
        target: String,
        /// The digest of the plan, which lies beside the journal.
        plan: String,
        /// The run that this one takes back; null for an ordinary one.
        undoes: Option<String>,
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
        step: String,
        /// Which attempt, counted from 1 in this call.
        attempt: u32,
        /// Its kind and arguments.
        action: Action,
        /// The commands, for people.
        commands: Vec<String>,
        /// What it is about, as it was.
        before: Observation,
    },
    /// A step was done, or was tried.
    StepEnded {
        /// When.
        at: Timestamp,
        /// The step.
        step: String,
        /// Which attempt.
        attempt: u32,
        /// How long it took.
        milliseconds: u64,
        /// How it went.
        result: StepResult,
        /// What it is about, as it is now.
        after: Observation,
    },
    /// A step whose end is not known was observed.
    StepJudged {
        /// When.
        at: Timestamp,
        /// The step.
        step: String,
        /// What follows.
        judgement: Judgement,
        /// Why, in words.
        why: String,
        /// What it is about, as it is now.
        observed: Observation,
    },
    /// A step was not begun because its preconditions do not hold, or could not be read.
    StepRefused {
        /// When.
        at: Timestamp,
        /// The step.
        step: String,
        /// Which of the two.
        refusal: Refusal,
        /// Why, in words.
        why: String,
    },
    /// A step was left because of another one.
    StepLeft {
        /// When.
        at: Timestamp,
        /// The step.
        step: String,
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

/// How an attempt at a step went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StepResult {
    /// It is done.
    Done {},
    /// It is not, or that is not known.
    Failed {
        /// What that means.
        kind: FailureKind,
        /// The FullyQualifiedErrorId, where there is one.
        id: Option<String>,
        /// What was said.
        message: String,
    },
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// What follows from observing a step whose end is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// It was completed.
    Done,
    /// It was not.
    NotDone,
    /// That cannot be said.
    Unclear,
}

/// Why a step was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Reality is not as it was when the plan was made.
    Stale,
    /// Whether it is could not be read.
    Unread,
}

/// How a call of `apply` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Every step is done.
    Finished,
    /// More servers failed than may.
    Failures,
    /// Somebody stopped it.
    Interrupted,
    /// The maintenance window closes.
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

/// What a step is about, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Observation {
    /// An account.
    Account {
        /// Whether it is there.
        exists: bool,
        /// When its password was set.
        password_set_at: Option<Timestamp>,
        /// Its key version.
        key_version: Option<u32>,
        /// The domain controllers that did not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        silent: Vec<String>,
    },
    /// A site's account.
    Assignment {
        /// The account; null for none.
        account: Option<String>,
    },
    /// The holders of an SPN.
    Holders {
        /// The holders.
        holders: Vec<String>,
    },
    /// A server by a fresh test.
    Server {
        /// What the test said.
        verdict: Verdict,
    },
    /// Settings, location by location.
    Settings {
        /// In the order of the step's arguments.
        locations: Vec<Settings>,
    },
    /// The SPNs that Enable-CsTopology makes and removes.
    Topology {
        /// Whether they are as it leaves them.
        spns_in_order: bool,
        /// The published signature.
        signature: Option<String>,
    },
    /// There is nothing to see.
    Nothing {},
    /// It could not be read.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// What a test says of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Valid.
    Valid,
    /// Invalid.
    Invalid,
    /// The test could not say.
    Unknown,
}
