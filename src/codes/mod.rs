//! The catalogue: every diagnostic of a deployment file and every finding of a plan, each with one code.
//!
//! **Architecture invariant:** a code is never made from text; who has something to say names a [`Code`].

mod catalogue;

pub use catalogue::Code;

use std::fmt;

/// How grave something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably not what is wanted; `allow` in the deployment file silences it.
    Warning,
    /// Wrong.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who raises a code: this decides who can judge that an `allow` of it silences nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The deployment file alone shows it: `validate` and every other verb.
    File,
    /// Only the file together with a snapshot shows it: `plan` and what builds on it.
    Plan,
}

/// An entry of the deployment file's `allow`: a warning or note that the operator lives with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Its code.
    pub code: Code,
    /// Why.
    pub reason: String,
}
