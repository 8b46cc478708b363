//! A target of a few servers in memory, which does what it is asked unless a test says otherwise.

use super::target::{ErrorKind, Holds, Observation, Target, TargetError};
use crate::model::{AccountName, Actual, Principal, ServerFqdn, SiteName, Spn, Verdict};
use crate::plan::{Action, Predicate, StepId};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};
use tempfile::TempDir;

/// The target.
pub(crate) struct Memory {
    _folder: TempDir,
    state: PathBuf,
    world: Mutex<World>,
    changed: Condvar,
}

/// What it knows.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) signature: Option<String>,
    /// Key versions; an account's password was set as many seconds after the epoch.
    pub(crate) accounts: BTreeMap<AccountName, u32>,
    pub(crate) assignments: BTreeMap<SiteName, AccountName>,
    pub(crate) holders: BTreeMap<Spn, BTreeSet<Principal>>,
    /// Whether each server is valid; one that is not here does not answer.
    pub(crate) servers: BTreeMap<ServerFqdn, bool>,
    pub(crate) spns_in_order: bool,
    pub(crate) calls: Vec<StepId>,
    /// How many steps run at this moment, and the most that ever did.
    pub(crate) running: (usize, usize),
    /// So many steps must run side by side before one of them goes on.
    pub(crate) meet: usize,
    pub(crate) faults: HashMap<StepId, VecDeque<Fault>>,
    /// The domain controllers that do not answer.
    pub(crate) silent: Vec<String>,
    /// How long what was begun may go on although nobody waits for it.
    pub(crate) goes_on_for: Option<SignedDuration>,
}

/// How one call goes wrong.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing happens, and the error is of that kind.
    Error(ErrorKind),
    /// It happens, and the error is of that kind.
    AllTheSame(ErrorKind),
    /// It ends well, and nothing happened.
    NoEffect,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let folder = crate::scratch::scratch();
        let world = World {
            now: "2026-11-21T21:00:00Z".parse().unwrap(),
            signature: Some("s1".to_owned()),
            ..World::default()
        };
        let state = folder.path().join(".cskerb");
        Self { _folder: folder, state, world: Mutex::new(world), changed: Condvar::new() }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn fault(&self, step: &StepId, faults: &[Fault]) {
        self.world().faults.insert(step.clone(), faults.iter().copied().collect());
    }
}

impl World {
    fn do_it(&mut self, action: &Action) {
        match action.clone() {
            Action::CreateAccount { account, .. } => drop(self.accounts.insert(account, 0)),
            Action::AssignAccount { site, account } | Action::ReassignAccount { site, to: account, .. } => {
                self.assignments.insert(site, account);
                self.spns_in_order = false;
            }
            Action::UnassignAccount { site, .. } => {
                self.assignments.remove(&site);
                self.spns_in_order = false;
            }
            Action::EnableTopology { .. } => self.spns_in_order = true,
            Action::RemoveSpn { spn, holder } => drop(self.holders.entry(spn).or_default().remove(&holder)),
            Action::AddSpn { spn, account } => {
                self.holders.entry(spn).or_default().insert(Principal::from(&account));
            }
            Action::RotatePassword { account } => {
                *self.accounts.entry(account).or_default() += 1;
                self.servers.values_mut().for_each(|valid| *valid = true);
            }
            Action::CopyConfiguration { to, .. } => drop(self.servers.insert(to, true)),
            Action::SetIis { .. } | Action::TestAssignment { .. } => {}
        }
    }
}

impl Target for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn state_folder(&self) -> &Path {
        &self.state
    }

    fn now(&self) -> Timestamp {
        self.world().now
    }

    fn read(&self) -> Result<Actual, TargetError> {
        Err(TargetError {
            id: "NoCollector".to_owned(),
            message: "there is nothing to collect".to_owned(),
            kind: ErrorKind::Refused,
        })
    }

    fn holds(&self, predicate: &Predicate) -> Holds {
        let world = self.world();
        let say = |holds| if holds { Holds::Yes } else { Holds::No("it is otherwise".to_owned()) };
        match predicate {
            Predicate::AssignmentIs { site, account } => say(world.assignments.get(site) == account.as_ref()),
            Predicate::AccountAbsent { account } => say(!world.accounts.contains_key(account)),
            Predicate::AccountUsable { account } => say(world.accounts.contains_key(account)),
            Predicate::ValidFor { server, .. } | Predicate::NotValidFor { server, .. } => {
                let wanted = matches!(predicate, Predicate::ValidFor { .. });
                world
                    .servers
                    .get(server)
                    .map_or(Holds::Unknown(format!("{server} does not answer")), |valid| say(*valid == wanted))
            }
            Predicate::TopologySignatureIs { signature } => say(world.signature == *signature),
            _ => Holds::Yes,
        }
    }

    fn observe(&self, action: &Action) -> Observation {
        let world = self.world();
        match action {
            Action::CreateAccount { account, .. } | Action::RotatePassword { account } => {
                let version = world.accounts.get(account).copied();
                let at = |version: u32| Timestamp::from_second(version.into()).unwrap();
                Observation::Account {
                    exists: version.is_some(),
                    password_set_at: version.filter(|version| *version > 0).map(at),
                    key_version: version.filter(|version| *version > 0),
                    silent: world.silent.clone(),
                }
            }
            Action::AssignAccount { site, .. }
            | Action::ReassignAccount { site, .. }
            | Action::UnassignAccount { site, .. } => Observation::Assignment(world.assignments.get(site).cloned()),
            Action::RemoveSpn { spn, .. } | Action::AddSpn { spn, .. } => {
                Observation::Holders(world.holders.get(spn).into_iter().flatten().cloned().collect())
            }
            Action::CopyConfiguration { to, .. } => match world.servers.get(to) {
                Some(true) => Observation::Server(Verdict::Valid),
                Some(false) => Observation::Server(Verdict::Invalid),
                None => Observation::Unreadable(format!("{to} does not answer")),
            },
            Action::EnableTopology { .. } => {
                Observation::Topology { spns_in_order: world.spns_in_order, signature: world.signature.clone() }
            }
            Action::SetIis { .. } | Action::TestAssignment { .. } => Observation::Nothing,
        }
    }

    fn may_go_on(&self, _: &Action, begun: Timestamp) -> Option<String> {
        let world = self.world();
        world.goes_on_for.filter(|time| world.now < begun + *time).map(|_| "it may be at work".to_owned())
    }

    fn perform(&self, action: &Action) -> Result<(), TargetError> {
        let mut world = self.world();
        world.now += SignedDuration::from_secs(10);
        world.calls.push(action.id());
        world.running.0 += 1;
        world.running.1 = world.running.1.max(world.running.0);
        self.changed.notify_all();
        if world.meet > 1 {
            world = self.changed.wait_while(world, |world| world.running.1 < world.meet).unwrap();
        }
        world.running.0 -= 1;
        let fault = world.faults.get_mut(&action.id()).and_then(VecDeque::pop_front);
        let error = |kind| TargetError { id: "Scripted".to_owned(), message: "it went wrong".to_owned(), kind };
        match fault {
            Some(Fault::Error(kind)) => return Err(error(kind)),
            Some(Fault::NoEffect) => return Ok(()),
            _ => world.do_it(action),
        }
        match fault {
            Some(Fault::AllTheSame(kind)) => Err(error(kind)),
            _ => Ok(()),
        }
    }
}
