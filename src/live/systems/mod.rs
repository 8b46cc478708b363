//! The live systems as a [`Target`] of `apply`.
//!
//! Everything goes through a [`Shell`]. What is looked at is read anew; only a site's test is shared, by whoever asks
//! for it at the same moment. What is done is one call a step, or one a location for IIS. An answer that says errors is
//! a failure, whose kind follows from the error's category and id, never from its words; a cmdlet that went on to its
//! end in spite of them is judged by what it did.

mod directory;
mod evidence;
mod looks;
mod perform;
mod preflight;
mod preview;
mod reach;
mod replication;
mod testing;
mod verdict;

pub use preflight::{Missing, Preflight};
pub use preview::Preview;
pub use replication::Patience;

use super::shell::{Call, CallFailure, Effect, Manner, Place, Reply, Shell, TopologyFact, second_hop};
use crate::apply::StopSignal;
use crate::apply::target::{ErrorKind, Holds, Observation, Target, TargetError};
use crate::model::{AccountName, Actual, ServerFqdn, SiteName, Topology};
use crate::plan::{Action, Predicate, moment};
use crate::snapshot;
use evidence::Evidence;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use testing::Tests;

/// Reads the whole state of the systems, as `collect` does.
pub type Collect<'l> = Box<dyn Fn() -> Result<Actual, TargetError> + Sync + 'l>;

/// Tells the person what is waited for.
pub type Say<'l> = Box<dyn Fn(&str) + Sync + 'l>;

/// What the live systems are worked on with.
pub struct Means<'l> {
    /// What calls go through.
    pub shell: &'l dyn Shell,
    /// What reads everything.
    pub collect: Collect<'l>,
    /// What tells the person.
    pub say: Say<'l>,
    /// The folder of lock, journals and evidence.
    pub state: PathBuf,
    /// The accounts that the deployment declares: the SPNs of former accounts are looked for among them.
    pub accounts: BTreeSet<AccountName>,
    /// How long replication is waited for.
    pub patience: Patience,
    /// Ends that wait, too.
    pub stop: Arc<StopSignal>,
    /// Somebody has seen that nothing is at work any more that an earlier call began.
    pub nothing_at_work: bool,
}

/// The live systems.
pub struct Live<'l> {
    means: Means<'l>,
    evidence: Evidence,
    tests: Tests,
    /// The last published topology that was read.
    topology: Mutex<Option<Arc<Topology>>>,
}

impl<'l> Live<'l> {
    /// Nothing is read or started yet.
    pub fn new(means: Means<'l>) -> Self {
        let evidence = Evidence::new(&means.state, Timestamp::now());
        Self { means, evidence, tests: Tests::default(), topology: Mutex::new(None) }
    }

    /// What ends a run after what is running, and the wait for replication at once.
    pub fn stop(&self) -> &Arc<StopSignal> {
        &self.means.stop
    }

    fn call(&self, at: &Place, call: &Call) -> Result<Reply, CallFailure> {
        self.means.shell.call(at, call)
    }

    /// A call that only reads; what it puts out, where it came to its end without an error.
    fn ask<T: serde::de::DeserializeOwned>(&self, at: &Place, call: &Call) -> Result<T, String> {
        let reply = self.call(at, call).map_err(|failure| told(&failure))?;
        match reply.errors.last() {
            None => reply.output().map_err(|failure| told(&failure)),
            Some(error) => {
                let hint = second_hop(&reply).map(|hint| format!("; {hint}")).unwrap_or_default();
                Err(stripped(&format!("{}: {} ({}){hint}", call.name(), error.message, error.id)))
            }
        }
    }

    /// The published topology, read anew.
    fn topology(&self) -> Result<Arc<Topology>, String> {
        let fact: TopologyFact = self.ask(&Place::ManagementShell, &Call::Topology)?;
        let read = snapshot::published_topology(&fact.xml).map_err(|cause| cause.to_string())?;
        self.means.shell.learn(&read);
        let read = Arc::new(read);
        *self.topology.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
        Ok(read)
    }

    /// The topology as it was read last: which server is in which site is not asked again for every step.
    fn known_topology(&self) -> Result<Arc<Topology>, String> {
        let known = self.topology.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.map_or_else(|| self.topology(), Ok)
    }

    /// The site that has this server among its targets.
    fn site_of(&self, server: &ServerFqdn) -> Result<SiteName, String> {
        let topology = self.known_topology()?;
        let mut web = topology.pools.iter().filter(|pool| pool.web_services);
        let pool = web.find(|pool| pool.servers.contains(server));
        pool.map(|pool| pool.site.clone()).ok_or_else(|| format!("{server} is no target of any published site"))
    }
}

impl Target for Live<'_> {
    fn name(&self) -> &'static str {
        "live"
    }

    fn state_folder(&self) -> &Path {
        &self.means.state
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn read(&self) -> Result<Actual, TargetError> {
        self.tests.forget();
        (self.means.collect)()
    }

    fn holds(&self, predicate: &Predicate) -> Holds {
        self.look_whether(predicate).unwrap_or_else(Holds::Unknown)
    }

    fn observe(&self, action: &Action) -> Observation {
        self.look_at(action).unwrap_or_else(Observation::Unreadable)
    }

    /// A cmdlet that was begun here ends with its PowerShell, which may outlive this program; one that was begun
    /// elsewhere ends with nothing. Nobody waits for either longer than a call may take.
    fn may_go_on(&self, action: &Action, begun: Timestamp) -> Option<String> {
        if self.means.nothing_at_work {
            return None;
        }
        let call = perform::call(action, Manner::Really)?;
        let until = begun.checked_add(SignedDuration::try_from(self.means.shell.limit(&call)).ok()?).ok()?;
        (self.now() < until).then(|| {
            format!(
                "{} was begun at {}, and may be at work until {}: go on then, or with --nothing-at-work once you \
                 have seen that no PowerShell works on it any more",
                call.name(),
                moment(begun),
                moment(until)
            )
        })
    }

    fn perform(&self, action: &Action) -> Result<(), TargetError> {
        self.tests.forget();
        let done = self.carry_out(action);
        self.tests.forget();
        done
    }
}

/// The failure with what to do about it.
fn told(failure: &CallFailure) -> String {
    // What a process said last may be anything, and this goes into the journal.
    let text = failure.to_string();
    let text = snapshot::secrets::strip(&text);
    match failure.hint() {
        Some(hint) => format!("{text}; {hint}"),
        None => text.into_owned(),
    }
}

/// What a call without an answer means for a step.
fn unanswered(failure: &CallFailure) -> TargetError {
    let (id, kind) = match failure {
        CallFailure::NotStarted { .. } => ("cskerb.NotStarted".to_owned(), ErrorKind::Refused),
        CallFailure::Refused { .. } => ("cskerb.RequestRefused".to_owned(), ErrorKind::Refused),
        CallFailure::Unreachable { id, .. } => (id.clone(), ErrorKind::Transient),
        // It had its time, and would have it again.
        CallFailure::TimedOut { effect: Effect::Nothing, .. } => ("cskerb.TimedOut".to_owned(), ErrorKind::Refused),
        CallFailure::TimedOut { .. } => ("cskerb.TimedOut".to_owned(), ErrorKind::Unended),
        CallFailure::Lost { effect: Effect::Nothing, .. } => ("cskerb.NoAnswer".to_owned(), ErrorKind::Transient),
        CallFailure::Lost { effect: Effect::GoesOn(_), .. } => ("cskerb.NoAnswer".to_owned(), ErrorKind::Unended),
        CallFailure::Lost { .. } | CallFailure::Malformed { .. } => {
            ("cskerb.NoAnswer".to_owned(), ErrorKind::OutcomeUnknown)
        }
    };
    // What was said may have become part of the id, and this goes into the journal.
    TargetError { id: stripped(&id), message: told(failure), kind }
}

/// The text without what is secret.
fn stripped(text: &str) -> String {
    snapshot::secrets::strip(text).into_owned()
}
