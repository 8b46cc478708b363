//! Why a call has no answer.

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
    /// It did not end within its time, and its process was ended. What it did is not known.
    #[error("{call} did not end within {} s; its PowerShell was ended; {}", limit.as_secs(), unknown(elsewhere.as_deref()))]
    TimedOut {
        /// The call.
        call: String,
        /// The limit.
        limit: Duration,
        /// The other computer where it may still be at work: only what runs here ends with its process.
        elsewhere: Option<String>,
    },
    /// Its process ended, or what it said is no answer. What the call did is not known.
    #[error("{call} gave no answer: {why}; {}", unknown(elsewhere.as_deref()))]
    Lost {
        /// The call.
        call: String,
        /// How its process ended, or what it said instead.
        why: String,
        /// The other computer where it may still be at work.
        elsewhere: Option<String>,
    },
    /// The answer is of another shape than it should be.
    #[error("the answer is not understood: {why}")]
    Malformed {
        /// What is wrong with it.
        why: String,
    },
}

fn unknown(elsewhere: Option<&str>) -> String {
    match elsewhere {
        None => "what it did is not known".to_owned(),
        Some(at) => format!("what it did is not known, nor whether it is still at work on {at}"),
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
