//! What must always hold of a plan, over generated deployments and observations: 500 of them a property.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

mod grounds;
mod order;
mod parts;
mod preconditions;
mod reach;
mod world;

use cskerb::model::{AccountName, ServerFqdn};
use cskerb::plan::{Action, Plan};
use proptest::prelude::ProptestConfig;
use std::collections::BTreeSet;

fn worlds() -> ProptestConfig {
    ProptestConfig { cases: 500, ..ProptestConfig::default() }
}

fn copies(plan: &Plan) -> impl Iterator<Item = (&AccountName, &ServerFqdn, &ServerFqdn)> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::CopyConfiguration { account, from, to } => Some((account, from, to)),
        _ => None,
    })
}

fn rotated(plan: &Plan) -> BTreeSet<&AccountName> {
    let rotated = plan.steps.iter().filter_map(|step| match &step.action {
        Action::RotatePassword { account } => Some(account),
        _ => None,
    });
    rotated.collect()
}
