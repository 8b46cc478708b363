//! Which servers a plan reaches: every target that needs it, once, and nobody else.

use super::world::world;
use super::{copies, rotated, worlds};
use cskerb::model::ServerFqdn;
use cskerb::plan::{Action, ServerState, Subject, Survey, plan};
use proptest::prelude::*;

proptest! {
    #![proptest_config(worlds())]

    #[test]
    fn every_target_is_reached_once_or_named(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let rotated = rotated(&plan);
        for target in survey.targets.iter().filter(|target| target.managed) {
            let (Some(account), Some(state)) = (target.account, &target.state) else { continue };
            let by_copy = copies(&plan).filter(|(_, _, to)| *to == target.server).count();
            let reached = by_copy + usize::from(rotated.contains(account) && !world.is_branch(target.site));
            prop_assert!(reached <= 1, "{} is reached {} times", target.server, reached);
            let about = |subject: &Subject| subject.server() == Some(target.server);
            let of_account = |subject: &Subject| matches!(subject, Subject::Account(name) if name == account);
            let named = plan.unreadable.iter().any(|entry| about(&entry.subject))
                || plan.findings.iter().any(|finding| about(&finding.subject) || of_account(&finding.subject));
            let valid = matches!(state, ServerState::Valid { .. });
            prop_assert!(valid || reached == 1 || named, "{} is {:?}, and nobody speaks of it", target.server, state);
        }
    }

    #[test]
    fn whoever_gets_another_account_gets_its_password(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let rotated = rotated(&plan);
        for step in &plan.steps {
            let (Action::AssignAccount { site, account } | Action::ReassignAccount { site, to: account, .. }) = &step.action else {
                continue;
            };
            for target in survey.targets.iter().filter(|target| target.site == site) {
                let valid = target.state.as_ref().is_some_and(ServerState::is_valid);
                let rotated = rotated.contains(account) && !world.is_branch(site);
                let given = valid || rotated || copies(&plan).any(|(_, _, to)| to == target.server);
                prop_assert!(given, "{} is left behind without the password of {}", target.server, account);
            }
        }
    }

    #[test]
    fn no_step_reaches_who_is_not_a_target(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let target = |server: &ServerFqdn| survey.targets.iter().find(|target| target.server == server);
        for (account, from, to) in copies(&plan) {
            let (Some(from), Some(to)) = (target(from), target(to)) else {
                return Err(TestCaseError::fail(format!("{from} or {to} is not a target")));
            };
            prop_assert!(to.managed, "{} is not managed", to.server);
            let rotated = rotated(&plan).contains(account) && !world.is_branch(from.site) && world.is_branch(to.site);
            let valid = matches!(from.state, Some(ServerState::Valid { .. }));
            prop_assert!(valid || rotated, "{} is not valid, nor will be", from.server);
            prop_assert_eq!((from.account, to.account), (Some(account), Some(account)));
        }
        for step in &plan.steps {
            if let Some(server) = step.subject.server() {
                prop_assert!(target(server).is_some(), "{} reaches {}", step.id(), server);
            }
        }
    }
}
