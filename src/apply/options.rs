//! What one call of `apply` is asked to do, beside its plan.

use super::consent::Allowance;
use super::journal::{EnableTopology, RunId};
use super::operator::Operator;
use crate::model::Deployment;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What one call of `apply` is asked to do, beside its plan.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The deployment that the plan is for: its windows, batches and `maxFailures` hold.
    pub deployment: &'a Deployment,
    /// Who calls.
    pub operator: Operator,
    /// What they allow.
    pub consents: BTreeSet<Allowance>,
    /// What is done about Enable-CsTopology.
    pub enable_topology: EnableTopology,
    /// Why to work outside of the maintenance windows; `None` keeps to them.
    pub outside_window: Option<String>,
    /// How many servers of a batch are worked on at a time.
    pub parallel: NonZeroUsize,
    /// How long to wait for another process that works with the target.
    pub lock_timeout: Duration,
    /// What to do about a run that is not finished.
    pub unfinished: Unfinished,
    /// The run that this one takes back.
    pub undoes: Option<RunId>,
    /// How long to wait before each further attempt at what is transient.
    pub delays: Vec<Duration>,
    /// Asked before anything is begun.
    pub stop: &'a StopSignal,
}

/// What to do about an earlier run that is not finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unfinished {
    /// Name it, and do nothing.
    #[default]
    Refuse,
    /// Go on with it, by its own plan; an ordinary apply where there is none.
    Resume,
    /// Give that one up, and carry out the plan.
    Abandon(RunId),
}

/// Somebody's wish that nothing more be begun. What runs is finished.
#[derive(Debug, Default)]
pub struct StopSignal {
    wished: Mutex<bool>,
    changed: Condvar,
}

impl StopSignal {
    /// Wishes it.
    pub fn request(&self) {
        *self.wished.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Whether it was wished.
    pub fn is_requested(&self) -> bool {
        *self.wished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for that long, or until it is wished; whether it was.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let wished = self.wished.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(wished, time, |wished| !*wished);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
