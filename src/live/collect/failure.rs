//! Why something could not be read, in words that hold no secret.

use crate::live::shell::{Call, CallFailure, Ended, ErrorRecord, Place, Reply, Shell, second_hop};
use crate::snapshot::secrets;
use serde::de::DeserializeOwned;
use std::fmt;

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure(String);

impl Failure {
    /// For this reason, in words from which what is secret is removed.
    pub(super) fn new(why: impl AsRef<str>) -> Self {
        Self(secrets::strip(why.as_ref()).into_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<CallFailure> for Failure {
    fn from(failure: CallFailure) -> Self {
        match failure.hint() {
            Some(hint) => Self::new(format!("{failure}; {hint}")),
            None => Self::new(failure.to_string()),
        }
    }
}

impl From<&ErrorRecord> for Failure {
    fn from(error: &ErrorRecord) -> Self {
        Self::new(format!("{} ({})", error.message.trim(), error.id))
    }
}

/// What that call puts out. One that said any error has not put out all of it.
pub(super) fn output<T: DeserializeOwned>(shell: &dyn Shell, at: &Place, call: &Call) -> Result<T, Failure> {
    let reply = shell.call(at, call)?;
    if let Some(error) = reply.errors.last() {
        let why = Failure::from(error);
        return Err(second_hop(&reply).map_or_else(|| why.clone(), |hint| Failure::new(format!("{why}; {hint}"))));
    }
    if reply.ended == Ended::Threw {
        return Err(Failure::new("it broke off, and does not say why"));
    }
    of_reply(&reply)
}

fn of_reply<T: DeserializeOwned>(reply: &Reply) -> Result<T, Failure> {
    reply.output().map_err(Failure::from)
}
