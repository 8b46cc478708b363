//! Whether Enable-CsTopology must run, and why.

use super::{Step, StepId, StepKind, Subject};
use crate::codes::Code;
use crate::model::AccountName;

/// The sentence of both task pages that makes a rotation or a copy advisory (TechNet Gg398107).
const DOCUMENTED: &str = "Microsoft's task page says: \"After making any changes to Kerberos authentication, such as \
                          adding an account or removing an account, you must run Enable-CsTopology\"";

/// What goes live with it, said whenever it is flagged.
const WARNING: &str = "Enable-CsTopology enables the whole last published topology: any other change that was \
                       published and not yet enabled goes live with it";

/// Whether Enable-CsTopology must run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnableTopology {
    /// How much.
    pub need: Need,
    /// Why; empty where it need not.
    pub because: Vec<Reason>,
    /// What goes live with it; `None` where it need not run.
    pub warning: Option<String>,
}

impl EnableTopology {
    /// It must run, for these reasons.
    pub(crate) fn required(because: Vec<Reason>) -> Self {
        Self { need: Need::Required, because, warning: Some(WARNING.to_owned()) }
    }

    /// It need not run.
    pub(crate) fn not_required() -> Self {
        Self { need: Need::NotRequired, because: Vec::new(), warning: None }
    }
}

/// How much Enable-CsTopology is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// What is declared cannot take effect without it; the plan has a step for it.
    Required,
    /// The documentation asks for it; nothing waits for it.
    Advisory,
    /// It need not run.
    NotRequired,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What gives the reason.
    pub trigger: Trigger,
    /// The reason, as a sentence.
    pub text: String,
    /// The account whose password steps wait for it, where any do.
    pub concerns: Option<AccountName>,
}

/// What gives a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A step of this plan.
    Step(StepId),
    /// A finding: left over from an earlier change.
    Finding(Code, Subject),
}

/// The verdict: required for any of `reasons`, advisory where a step sets or copies a password.
pub(super) fn verdict(steps: &[Step], reasons: Vec<Reason>) -> EnableTopology {
    if !reasons.is_empty() {
        return EnableTopology::required(reasons);
    }
    let advisory: Vec<Reason> = steps
        .iter()
        .filter(|step| matches!(step.action.kind(), StepKind::RotatePassword | StepKind::CopyConfiguration))
        .map(|step| Reason { trigger: Trigger::Step(step.id()), text: DOCUMENTED.to_owned(), concerns: None })
        .collect();
    if advisory.is_empty() {
        return EnableTopology::not_required();
    }
    EnableTopology { need: Need::Advisory, because: advisory, warning: Some(WARNING.to_owned()) }
}
