//! Nothing without a ground: rotations have one of three, and what could not be read is none for doing nothing.

use super::world::world;
use super::{rotated, worlds};
use cskerb::codes::Code;
use cskerb::plan::{Action, Request, Subject, Survey, plan};
use proptest::prelude::*;

proptest! {
    #![proptest_config(worlds())]

    #[test]
    fn a_rotation_has_one_of_its_three_grounds(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        for account in rotated(&plan) {
            let created = plan.steps.iter().any(|step| matches!(&step.action, Action::CreateAccount { account: new, .. } if new == account));
            let asked = world.request().rotate.iter().any(|(name, _)| name == account);
            let mut targets = survey.targets.iter().filter(|target| target.account == Some(account)).peekable();
            let all_invalid = targets.peek().is_some()
                && targets.all(|target| target.state.as_ref().is_some_and(|state| state.is_invalid() && state.settles().is_none()))
                && actual.topology.known().is_some()
                && actual.assignments.known().is_some();
            prop_assert!(created || asked || all_invalid, "{} is rotated without ground", account);
            let state = actual.directory.known().and_then(|directory| directory.account(account).known().copied());
            let usable = state.is_some_and(|state| state.enabled && state.computer);
            prop_assert!(created || usable, "{} is rotated although it cannot be used", account);
        }
    }

    #[test]
    fn unreadable_is_never_no_change(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &Request::default());
        let names = |subject: &Subject| plan.unreadable.iter().any(|entry| entry.subject == *subject);
        prop_assert!(actual.topology.cause().is_none() || names(&Subject::Topology));
        prop_assert!(actual.assignments.cause().is_none() || names(&Subject::Assignments));
        prop_assert!(actual.directory.cause().is_none() || names(&Subject::Directory));
        prop_assert_eq!(plan.complete(), plan.unreadable.is_empty());
        for finding in &plan.findings {
            prop_assert_eq!(finding.severity, finding.code.severity());
            prop_assert!(Code::ALL.contains(&finding.code));
        }
    }
}
