//! The same inputs give the same plan, also when it is read back; a narrowed plan is a part of it.

use super::world::world;
use super::{rotated, worlds};
use cskerb::model::{DeclaredAccount, Deployment};
use cskerb::plan::{Action, Plan, Request, Scope, ServerState, Subject, Survey, plan};
use cskerb::wire;
use proptest::prelude::*;

fn scope(deployment: &Deployment, draws: Vec<usize>) -> Scope {
    let mut scope = Scope::default();
    for draw in draws {
        let Some(site) = deployment.sites.get(draw % 4) else { continue };
        match (draw % 3, site.pools.first()) {
            (0, _) | (_, None) => drop(scope.sites.insert(site.name.clone())),
            (1, Some(pool)) => drop(scope.pools.insert(pool.fqdn.clone())),
            (_, Some(pool)) => scope.servers.extend(pool.servers.first().map(|server| server.fqdn.clone())),
        }
    }
    scope
}

proptest! {
    #![proptest_config(worlds())]

    #[test]
    fn where_nothing_differs_everything_in_the_scope_is_as_declared(world in world(), draws in prop::collection::vec(0usize..40, 0..3)) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let scope = scope(&deployment, draws);
        let plan = plan(&deployment, &actual, &Request { scope: scope.clone(), ..Request::default() });
        if plan.differs() || !plan.complete() {
            return Ok(());
        }
        let survey = Survey::new(&deployment, &actual);
        for target in survey.targets.iter().filter(|target| target.managed) {
            let subject = Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone());
            let valid = target.state.as_ref().is_none_or(ServerState::is_valid);
            prop_assert!(valid || !scope.selects(&subject), "{} is {:?}", target.server, target.state);
        }
        for site in deployment.sites.iter().filter(|site| scope.selects(&Subject::Site(site.name.clone()))) {
            let as_declared = match &site.account {
                DeclaredAccount::Unmanaged => true,
                wanted => survey.assigned(&site.name).known().copied() == wanted.name(),
            };
            prop_assert!(as_declared, "{} has another account", site.name);
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_plan_and_it_is_read_back(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let first = plan(&deployment, &actual, &world.request());
        let json = |plan: &Plan| wire::plan::Plan::try_from(plan).unwrap().to_json().unwrap();
        let again = plan(&world.deployment(), &world.actual(&deployment), &world.request());
        prop_assert_eq!(json(&first), json(&again));
        prop_assert_eq!(wire::plan::read(&json(&first)).unwrap(), first);
    }

    #[test]
    fn a_narrowed_plan_is_part_of_the_whole_and_opens_no_outage(world in world(), draws in prop::collection::vec(0usize..40, 1..4)) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let whole = plan(&deployment, &actual, &world.request());
        let scope = scope(&deployment, draws);
        let narrowed = plan(&deployment, &actual, &Request { scope: scope.clone(), ..world.request() });
        for step in narrowed.steps.iter().filter(|step| !matches!(step.action, Action::EnableTopology { .. } | Action::TestAssignment { .. })) {
            prop_assert!(whole.step(&step.id()).is_some_and(|known| known.action == step.action), "{} is new", step.id());
            if let Some(server) = step.subject.server() {
                prop_assert!(scope.is_whole() || scope.selects(&step.subject), "{} lies outside", server);
            }
        }
        // Whoever is assigned in the narrowed plan is given its password there, as in the whole one.
        let assigned = narrowed.steps.iter().filter_map(|step| match &step.action {
            Action::AssignAccount { site, account } | Action::ReassignAccount { site, to: account, .. } => Some((site, account)),
            _ => None,
        });
        for (site, account) in assigned {
            prop_assert_eq!(rotated(&whole).contains(account), rotated(&narrowed).contains(account), "{}", account);
            let of_site = |plan: &Plan| plan.steps.iter().filter(|step| matches!(step.action, Action::CopyConfiguration { .. }) && step.subject.site() == Some(site)).count();
            prop_assert_eq!(of_site(&whole), of_site(&narrowed), "{}", site);
        }
    }
}
