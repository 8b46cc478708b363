//! Whether everything is as declared now: the state is read again, and planned again.
//!
//! Success is that second plan having nothing to do, not the absence of errors.

use super::target::{Target, TargetError};
use crate::model::Deployment;
use crate::plan::{self, Plan, Request};

/// Reads the state and plans, without the rotations that somebody asked for.
pub fn verify(deployment: &Deployment, request: &Request, target: &dyn Target) -> Result<Plan, TargetError> {
    let actual = target.read()?;
    Ok(plan::plan(deployment, &actual, &Request { rotate: Vec::new(), ..request.clone() }))
}
