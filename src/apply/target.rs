//! The systems that apply changes, behind one trait: a lab, or the real systems.

use crate::model::{AccountName, Actual, Principal, Setting, Verdict};
use crate::plan::{Action, Predicate};
use jiff::Timestamp;
use std::path::Path;
use thiserror::Error;

/// Systems that can be read and changed.
///
/// **Architecture invariant:** a target acts on typed arguments only. It decides nothing: which step comes when, and
/// whether it may, is the executor's business.
pub trait Target: Sync {
    /// What it is called, for people and the journal: the folder as typed, or `live`.
    fn name(&self) -> &str;

    /// The folder of its lock and journals.
    fn state_folder(&self) -> &Path;

    /// Its own clock; maintenance windows and the journal go by it.
    fn now(&self) -> Timestamp;

    /// Reads the whole state anew, for a plan.
    fn read(&self) -> Result<Actual, TargetError>;

    /// Whether the predicate holds now. It reads what the predicate speaks of anew, and nothing else.
    fn holds(&self, predicate: &Predicate) -> Holds;

    /// What the action is about, as it is now: journaled before and after, and by which a step that was begun and
    /// not ended is judged. For a server this is a fresh test, never an old kerberos.json.
    fn observe(&self, action: &Action) -> Observation;

    /// Does it.
    fn perform(&self, action: &Action) -> Result<(), TargetError>;

    /// Why an action that was begun at that moment may still be going on although whoever began it has ended; `None`
    /// where it cannot.
    fn may_go_on(&self, _action: &Action, _begun: Timestamp) -> Option<String> {
        None
    }
}

/// Whether a predicate holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not: what was found instead, in words.
    No(String),
    /// That could not be read: why.
    Unknown(String),
}

/// What an action is about, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// An account of Active Directory, for create-account and rotate-password.
    Account {
        /// Whether it is there.
        exists: bool,
        /// When its password was set.
        password_set_at: Option<Timestamp>,
        /// Its key version.
        key_version: Option<u32>,
        /// The domain controllers that did not say.
        silent: Vec<String>,
    },
    /// A site's account, for the three assignment steps.
    Assignment(Option<AccountName>),
    /// The holders of an SPN, for add-spn and remove-spn.
    Holders(Vec<Principal>),
    /// A server by a fresh test, for copy-configuration.
    Server(Verdict),
    /// The settings that set-iis changes, location by location in its order.
    Settings(Vec<Vec<Setting>>),
    /// For enable-topology: whether every SPN that it makes and removes is as it leaves them.
    Topology {
        /// Whether the SPNs are in order.
        spns_in_order: bool,
        /// The published signature.
        signature: Option<String>,
    },
    /// test-assignment leaves nothing behind.
    Nothing,
    /// It could not be read: why.
    Unreadable(String),
}

/// Why a target could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} ({id})")]
pub struct TargetError {
    /// The FullyQualifiedErrorId, as the cmdlet gives it: language-independent.
    pub id: String,
    /// What it says.
    pub message: String,
    /// Whether trying again makes sense.
    pub kind: ErrorKind,
}

/// What an error means for the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Nothing happened, and it may pass: a server that does not answer. Worth a retry.
    Transient,
    /// Nothing happened, and it will not pass by itself: a refusal.
    Refused,
    /// Whether it happened is not known: the state is observed before anything goes on.
    OutcomeUnknown,
    /// The same, and nobody saw it end: it may still be going on. What is not seen to be done is left to somebody who
    /// can look.
    Unended,
}
