//! What the steps of a plan would do, as the cmdlets themselves say it (`--what-if`).

use super::{Live, perform, stripped};
use crate::live::shell::{Manner, Place};
use crate::plan::{Action, Step};

/// What is known of a step before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// What the cmdlet says that it would do, line by line.
    Shown(Vec<String>),
    /// What does the step has no -WhatIf.
    Unknown(&'static str),
    /// The cmdlet refuses already now: why. A step that needs an earlier one does so.
    Refused(String),
}

impl Live<'_> {
    /// Runs the step's cmdlet with -WhatIf, where it has it. Nothing is changed.
    pub fn preview(&self, step: &Step) -> Preview {
        let without = match &step.action {
            Action::SetIis { .. } => Some("Microsoft.Web.Administration"),
            Action::AddSpn { .. } | Action::RemoveSpn { .. } => Some("setspn.exe"),
            Action::TestAssignment { .. } => Some("Test-CsKerberosAccountAssignment"),
            _ => None,
        };
        let call = match (without, perform::call(&step.action, Manner::WhatIf)) {
            (Some(tool), _) => return Preview::Unknown(tool),
            (None, None) => return Preview::Unknown("what does it"),
            (None, Some(call)) => call,
        };
        match self.show(&Place::ManagementShell, &call) {
            Err(why) => Preview::Refused(why),
            Ok(reply) => match reply.errors.last() {
                Some(error) => Preview::Refused(stripped(&format!("{} ({})", error.message, error.id))),
                // -WhatIf writes to the host itself, past every stream: what is stray elsewhere is the answer here.
                None => Preview::Shown(reply.remarks.iter().chain(&reply.stray).map(|line| stripped(line)).collect()),
            },
        }
    }
}
