//! The stages of planning by themselves, for the benches; nothing else uses them.

use super::{Request, Survey, draft, order};
use crate::model::{Actual, Deployment};

/// Compares the two sides, without putting the steps in order; how many steps there are.
pub fn compare(deployment: &Deployment, actual: &Actual) -> usize {
    super::compared(&Survey::new(deployment, actual), &Request::default()).steps.len()
}

/// Hands over what puts a copy of the steps in order once, and says how many they are.
pub fn order(deployment: &Deployment, actual: &Actual, bench: impl FnOnce(&dyn Fn() -> usize)) {
    let survey = Survey::new(deployment, actual);
    let compared = super::compared(&survey, &Request::default());
    bench(&|| {
        let mut draft = draft::Draft {
            steps: compared.steps.clone(),
            reasons: compared.reasons.clone(),
            ..draft::Draft::default()
        };
        order::arrange(&survey, &mut draft);
        draft.steps.len()
    });
}
