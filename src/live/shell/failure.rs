//! Why a call has no answer.

use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallFailure {
    /// No PowerShell could be started, or it did not answer to its greeting. Nothing was called.
    #[error("PowerShell could not be started as {program}: {why}; --shell names another")]
    NotStarted {
        /// The command.
        program: String,
        /// Why.
        why: String,
    },
    /// The place could not be reached. Nothing was called.
    #[error("{place} cannot be reached from {from}: {why} ({id})")]
    Unreachable {
        /// The place.
        place: Box<str>,
        /// From which machine.
        from: Box<str>,
        /// The FullyQualifiedErrorId.
        id: String,
        /// What was said.
        why: String,
        /// The HRESULT.
        code: Option<u32>,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The script refused the request. Nothing was called.
    #[error("the script refuses {call}: {why}")]
    Refused {
        /// The call.
        call: String,
        /// Why.
        why: String,
    },
    /// It did not end within its time, and its process was ended.
    #[error("{call} did not end within {} s; its PowerShell was ended{effect}", limit.as_secs())]
    TimedOut {
        /// The call.
        call: String,
        /// The limit.
        limit: Duration,
        /// What it may have done.
        effect: Effect,
    },
    /// Its process ended, or what it said is no answer.
    #[error("{call} gave no answer: {why}{effect}")]
    Lost {
        /// The call.
        call: String,
        /// How its process ended, or what it said instead.
        why: String,
        /// What it may have done.
        effect: Effect,
    },
    /// The answer is of another shape than it should be.
    #[error("the answer is not understood: {why}")]
    Malformed {
        /// What is wrong with it.
        why: String,
    },
}

/// What a call without an answer may have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it only reads.
    Nothing,
    /// That is not known. It is over: it ran in the process that has ended.
    Unknown,
    /// That is not known, and it may still be at work on that computer.
    GoesOn(String),
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Unknown => f.write_str("; what it did is not known"),
            Self::GoesOn(at) => write!(f, "; what it did is not known, nor whether it is still at work on {at}"),
        }
    }
}

impl CallFailure {
    /// Whether it is certain that nothing was called.
    pub fn is_before_the_call(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::Unreachable { .. } | Self::Refused { .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreachable { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }
}
