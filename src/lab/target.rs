//! The lab as a [`Target`] of `apply`.

use super::calls::Cmdlet;
use super::refusal::{Refusal, broken_off, not_begun, told};
use super::world::World;
use super::{Lab, LabError, TICK, cmdlets, observe};
use crate::apply::target::{ErrorKind, Holds, Observation, Target, TargetError};
use crate::model::{Actual, LocationPath, ServerFqdn, Setting};
use crate::plan::{Action, LocationChange, Predicate};
use crate::snapshot::{self, SnapshotError, change};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;

impl Target for Lab {
    fn name(&self) -> &str {
        &self.name
    }

    fn state_folder(&self) -> &Path {
        &self.state
    }

    /// The time in `lab.json`; the system's own where that cannot be read, which the next call says.
    fn now(&self) -> Timestamp {
        self.session().map_or_else(|_| Timestamp::now(), |session| session.world.memory.now)
    }

    /// A collector's work: servers are tested where what was known of them is out of date, then all is read. A server
    /// that is down for so many calls has missed one, and a domain controller that is behind is one look nearer.
    fn read(&self) -> Result<Actual, TargetError> {
        self.change(World::renew_outdated).map_err(|error| unread(told(&error)))?;
        // Nobody writes while the files are read: they are of one moment.
        let mut session = self.session().map_err(|error| unread(told(&error)))?;
        session.gather().map_err(|error| unread(told(&error)))?;
        let actual = snapshot::read(&self.folder).map_err(|error| {
            let source = match &error {
                SnapshotError::Folder { source, .. } => format!(": {source}"),
                SnapshotError::FromTheFuture { .. } => String::new(),
            };
            unread(format!("{error}{source}"))
        })?;
        drop(session);
        self.change(observe::count_one_look).map_err(|error| unread(told(&error)))?;
        Ok(actual)
    }

    fn holds(&self, predicate: &Predicate) -> Holds {
        let folder = &self.folder;
        match self.change(|world| observe::holds(world, folder, predicate)) {
            Ok(holds) => holds,
            Err(error) => Holds::Unknown(told(&error)),
        }
    }

    fn observe(&self, action: &Action) -> Observation {
        let folder = &self.folder;
        match self.change(|world| observe::observe(world, folder, action)) {
            Ok(observation) => observation,
            Err(error) => Observation::Unreadable(told(&error)),
        }
    }

    fn perform(&self, action: &Action) -> Result<(), TargetError> {
        let call = self.begin(action).map_err(|error| not_begun(&error))?;
        let result = match self.carry_out(action) {
            Ok(done) => done.map_err(|refusal| refusal.of(Cmdlet::of(action))),
            Err(error) => Err(broken_off(&error)),
        };
        match self.end(call, &result) {
            Err(error) if result.is_ok() => Err(broken_off(&error)),
            _ => result,
        }
    }
}

/// The servers that a cmdlet talks to at once; a rotation waits for each in its turn.
fn addressed(world: &World, action: &Action) -> Vec<ServerFqdn> {
    match action {
        Action::CopyConfiguration { from, to, .. } => vec![from.clone(), to.clone()],
        Action::SetIis { server, .. } => vec![server.clone()],
        Action::TestAssignment { site } => world.targets_of(site).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn unread(message: String) -> TargetError {
    TargetError { id: "LabUnavailable".to_owned(), message, kind: ErrorKind::Refused }
}

impl Lab {
    /// Notes the call, moves the clock, lets others publish, and waits for slow servers.
    fn begin(&self, action: &Action) -> Result<u64, LabError> {
        let mut session = self.session()?;
        let call = session.begin_call(action)?;
        let slowest = session.world.slowest(&addressed(&session.world, action));
        session.world.memory.now += TICK + SignedDuration::try_from(slowest).unwrap_or(SignedDuration::ZERO);
        if let Some(publication) = &mut session.world.memory.publication {
            publication.calls = publication.calls.saturating_sub(1);
        }
        session.commit()?;
        std::thread::sleep(slowest);
        Ok(call)
    }

    fn end(&self, call: u64, result: &Result<(), TargetError>) -> Result<(), LabError> {
        let mut session = self.session()?;
        session.end_call(call, result)?;
        session.commit()
    }

    fn carry_out(&self, action: &Action) -> Result<Result<(), Refusal>, LabError> {
        match action {
            Action::RotatePassword { account } => cmdlets::rotate_password(self, account),
            Action::SetIis { server, locations } => self.set_iis(server, locations),
            _ => self.change(|world| match action {
                Action::CreateAccount { account, .. } => cmdlets::new_account(world, account),
                Action::AssignAccount { site, account } => cmdlets::new_assignment(world, site, account),
                Action::ReassignAccount { site, to, .. } => cmdlets::set_assignment(world, site, to),
                Action::UnassignAccount { site, .. } => cmdlets::remove_assignment(world, site),
                Action::EnableTopology { .. } => cmdlets::enable_topology(world),
                Action::RemoveSpn { spn, holder } => cmdlets::remove_spn(world, spn, holder),
                Action::AddSpn { spn, account } => cmdlets::add_spn(world, spn, account),
                Action::CopyConfiguration { from, to, .. } => cmdlets::copy_password(world, from, to),
                Action::TestAssignment { site } => cmdlets::test_assignment(world, site),
                Action::RotatePassword { .. } | Action::SetIis { .. } => Ok(()),
            }),
        }
    }

    /// All locations of the server at once: its applicationHost.config is replaced whole.
    fn set_iis(&self, server: &ServerFqdn, locations: &[LocationChange]) -> Result<Result<(), Refusal>, LabError> {
        let after = |change: &LocationChange| -> (LocationPath, Vec<Setting>) {
            (change.location.clone(), change.settings.iter().map(|setting| setting.after.clone()).collect())
        };
        let wanted: Vec<_> = locations.iter().map(after).collect();
        let mut session = self.session()?;
        let allowed = cmdlets::local_admin(&session.world).and_then(|()| session.world.contact(server));
        let done = match allowed {
            Ok(()) => match change::set_iis(&self.folder, server, &wanted) {
                Err(change::ChangeError::Unreadable(cause)) => Err(Refusal::Iis(server.clone(), cause.to_string())),
                done => done.map(Ok).map_err(|error| self.unchanged(error))?,
            },
            refused => refused,
        };
        session.commit()?;
        Ok(done)
    }
}
