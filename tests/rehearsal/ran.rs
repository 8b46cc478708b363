//! Plans and what came of them, in words.

use cskerb::apply::{Outcome, Status};
use cskerb::plan::Plan;

/// The ids of its steps.
pub(crate) fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.id().to_string()).collect()
}

/// The steps that are not done, and how they stand.
pub(crate) fn not_done(outcome: &Outcome) -> Vec<String> {
    let steps = outcome.report().steps.iter().filter(|step| step.status != Status::Done);
    steps.map(|step| format!("{}: {:?}", step.step.id(), step.status)).collect()
}
