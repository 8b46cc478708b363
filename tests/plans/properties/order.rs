//! Account first, SPNs second, servers last, and Enable-CsTopology once between them.

use super::world::world;
use super::{copies, rotated, worlds};
use cskerb::codes::Code;
use cskerb::model::{DeclaredAccount, SiteName};
use cskerb::plan::{Action, StepKind, Survey, plan};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(worlds())]

    #[test]
    fn steps_come_in_the_order_of_the_field(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.action.kind()).collect();
        prop_assert!(kinds.is_sorted(), "{:?}", kinds);
        let ids: Vec<_> = plan.steps.iter().map(cskerb::plan::Step::id).collect();
        prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for (at, step) in plan.steps.iter().enumerate() {
            for before in &step.after {
                prop_assert!(ids[..at].contains(before), "{} waits for {}, which is not before it", step.id(), before);
            }
        }
        let enables = kinds.iter().filter(|kind| **kind == StepKind::EnableTopology).count();
        let required = plan.enable_topology.need == cskerb::plan::Need::Required;
        prop_assert_eq!(enables, usize::from(required));
        // The sites that it concerns are those of its windows, and are tested after it.
        for enable in plan.steps.iter().filter(|step| step.action.kind() == StepKind::EnableTopology) {
            for site in deployment.sites.iter().filter(|site| enable.touches.contains(&site.name)) {
                let id = format!("test:{}", site.name);
                let test = plan.steps.iter().find(|step| step.id().as_str() == id);
                let withheld = plan.findings.iter().any(|finding| finding.code == Code::TestWithheld && finding.subject.site() == Some(&site.name));
                prop_assert!(!(withheld && test.is_some()), "{} is planned and withheld", id);
                prop_assert_eq!(test.is_some() || withheld, site.account.name().is_some() || matches!(site.account, DeclaredAccount::Unmanaged) && survey.assigned(&site.name).known().is_some(), "{}", id);
                prop_assert!(test.is_none_or(|test| test.after.contains(&enable.id())), "{} does not wait", id);
            }
            let declared = |site: &SiteName| deployment.sites.iter().any(|known| known.name == *site);
            prop_assert!(enable.touches.iter().all(declared), "{:?}", enable.touches);
        }
        // A site is tested unless a server of it is invalid and reached by no step.
        for finding in plan.findings.iter().filter(|finding| finding.code == Code::TestWithheld) {
            let left = survey.targets.iter().filter(|target| {
                Some(target.site) == finding.subject.site() &&
                target.state.as_ref().is_some_and(cskerb::plan::ServerState::is_invalid)
                    && !copies(&plan).any(|(_, _, to)| to == target.server)
            });
            prop_assert!(left.count() > 0, "{:?}", finding);
        }
        // After an assignment, the passwords of its account wait for Enable-CsTopology.
        for step in &plan.steps {
            let (Action::AssignAccount { account: assigned, .. } | Action::ReassignAccount { to: assigned, .. }) =
                &step.action
            else {
                continue;
            };
            let waits = |id: &str| plan.steps.iter().any(|other| other.id().as_str() == id && other.after.iter().any(|id| id.as_str() == "enable-topology"));
            for id in rotated(&plan).iter().filter(|account| **account == assigned).map(|account| format!("rotate:{account}")) {
                prop_assert!(waits(&id), "{} does not wait", id);
            }
            for (_, _, to) in copies(&plan).filter(|(account, ..)| *account == assigned) {
                let id = format!("copy:{to}");
                prop_assert!(waits(&id), "{} does not wait", id);
            }
        }
    }
}
