//! The preconditions of each step hold once the steps that it waits for are done, if what was observed still is so.

use super::world::world;
use super::worlds;
use cskerb::model::{AccountName, Actual, Principal, Reading, SiteName};
use cskerb::plan::{Action, Plan, Predicate, ServerState, Step, StepId, Survey, plan};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What is so once these steps are done.
struct Then<'p, 'a> {
    actual: &'a Actual,
    survey: &'p Survey<'a>,
    done: Vec<&'p Step>,
}

impl<'p, 'a> Then<'p, 'a> {
    fn before(step: &Step, plan: &'p Plan, survey: &'p Survey<'a>, actual: &'a Actual) -> Self {
        let mut waited: BTreeSet<&StepId> = step.after.iter().collect();
        let mut done: Vec<&Step> = Vec::new();
        for earlier in plan.steps.iter().rev() {
            if waited.contains(&earlier.id()) {
                waited.extend(&earlier.after);
                done.insert(0, earlier);
            }
        }
        Self { actual, survey, done }
    }

    fn assigned(&self, site: &SiteName) -> Option<AccountName> {
        let changed = self.done.iter().rev().find_map(|step| match &step.action {
            Action::AssignAccount { site: of, account } | Action::ReassignAccount { site: of, to: account, .. } => {
                (of == site).then(|| Some(account.clone()))
            }
            Action::UnassignAccount { site: of, .. } => (of == site).then_some(None),
            _ => None,
        });
        changed.unwrap_or_else(|| self.survey.assigned(site).known().map(|account| (*account).clone()))
    }

    fn exists(&self, account: &AccountName) -> bool {
        let created =
            |step: &&Step| matches!(&step.action, Action::CreateAccount { account: new, .. } if new == account);
        let known = self.actual.directory.known().map(|directory| directory.account(account).known().copied().cloned());
        self.done.iter().any(created) || known.flatten().is_some_and(|state| state.enabled && state.computer)
    }

    fn holds(&self, predicate: &Predicate) -> bool {
        match predicate {
            // Nobody knows whether one that could not be read holds; it is read again before the step.
            Predicate::AssignmentIs { .. } | Predicate::AssignedOnlyTo { .. }
                if self.actual.assignments.known().is_none() =>
            {
                true
            }
            Predicate::AccountAbsent { .. } | Predicate::AccountUsable { .. } | Predicate::PasswordSetAt { .. }
                if self.actual.directory.known().is_none() =>
            {
                true
            }
            Predicate::AssignmentIs { site, account } => self.assigned(site) == *account,
            Predicate::AssignedOnlyTo { account, sites } => {
                let assigned = self.actual.assignments.known().into_iter().flat_map(|known| known.keys());
                let having = assigned.filter(|site| self.assigned(site).as_ref() == Some(account));
                let all: Vec<&SiteName> = having.collect();
                all.iter().all(|site| sites.contains(site))
            }
            Predicate::AccountAbsent { account } => !self.exists(account),
            Predicate::AccountUsable { account } => self.exists(account),
            Predicate::PasswordSetAt { account, at } => {
                let directory = self.actual.directory.known();
                directory.is_some_and(|directory| {
                    directory.account(account).known().is_some_and(|state| state.password_set_at == *at)
                })
            }
            Predicate::ValidFor { server, account } => {
                let target = self.survey.targets.iter().find(|target| target.server == server);
                target.is_some_and(|target| {
                    let rotated =
                        |step: &&Step| matches!(&step.action, Action::RotatePassword { account: of } if of == account);
                    let rotated = self.done.iter().any(rotated) && target.account == Some(account);
                    rotated
                        || target.account == Some(account) && matches!(target.state, Some(ServerState::Valid { .. }))
                })
            }
            Predicate::SpnHeldBy { spn, holders } => {
                let Some(directory) = self.actual.directory.known() else { return false };
                let Reading::Known(mut held) = directory.holders(spn) else { return self.creates(holders) };
                for step in &self.done {
                    if let Action::RemoveSpn { spn: of, holder } = &step.action
                        && of == spn
                    {
                        held.remove(holder);
                    }
                }
                held == holders.iter().cloned().collect::<BTreeSet<Principal>>()
            }
            // A copy into a branch site goes to one that was valid until its account was rotated.
            Predicate::NotValidFor { .. } | Predicate::LocationIs { .. } | Predicate::TopologySignatureIs { .. } => {
                true
            }
        }
    }

    /// Whether nobody can hold an SPN that nobody asked for: its account is only now created.
    fn creates(&self, holders: &[Principal]) -> bool {
        holders.is_empty() && self.done.iter().any(|step| matches!(step.action, Action::CreateAccount { .. }))
    }
}

proptest! {
    #![proptest_config(worlds())]

    #[test]
    fn preconditions_hold_once_the_steps_before_are_done(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        for step in &plan.steps {
            let then = Then::before(step, &plan, &survey, &actual);
            for predicate in &step.preconditions {
                prop_assert!(then.holds(predicate), "{} needs {:?}", step.id(), predicate);
            }
        }
    }
}
