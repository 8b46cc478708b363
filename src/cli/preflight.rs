//! What is said before the first change of the real systems: what is missing for it, and what would be done.

use super::exit::Failure;
use super::output;
use crate::apply::journal::Record;
use crate::live::systems::{Live, Preview};
use crate::model::Deployment;
use crate::plan::{Plan, Step};
use crate::render::escape::{Lines, terminal};
use std::fmt::Write as _;

/// Refuses to begin where something is missing that the plan needs, or what is left of it; everything at once.
pub(super) fn look(
    live: &Live<'_>,
    plan: &Plan,
    goes_on: Option<&Record>,
    deployment: &Deployment,
) -> Result<(), Failure> {
    let record = goes_on.map(Record::steps).unwrap_or_default();
    let done = |step: &Step| record.iter().any(|(id, record)| record.is_done() && *id == step.id());
    let left: Vec<&Step> = plan.steps.iter().filter(|step| !done(step)).collect();
    if say(live, &left, deployment) == 0 {
        return Ok(());
    }
    Err(not_all_there())
}

pub(super) fn not_all_there() -> Failure {
    Failure::new("nothing was begun: what the plan needs is not all there")
}

/// Says what is missing and what is worth knowing; how much is missing.
pub(super) fn say(live: &Live<'_>, steps: &[&Step], deployment: &Deployment) -> usize {
    let found = live.preflight(steps, deployment);
    for note in &found.notes {
        line("note", note);
    }
    for missing in &found.missing {
        line("missing", &missing.what);
        if let Some(hint) = &missing.hint {
            line("  hint", hint);
        }
    }
    found.missing.len()
}

fn line(kind: &str, text: &str) {
    output::remark(&format!("{kind}: {}\n", terminal(text, Lines::Escape)));
}

/// What every step would do, by -WhatIf where the cmdlet has it. Nothing is changed.
pub(super) fn what_if(live: &Live<'_>, plan: &Plan) -> Result<(), Failure> {
    let mut text = String::new();
    for step in &plan.steps {
        let told = match live.preview(step) {
            Preview::Shown(lines) if lines.is_empty() => vec!["it says nothing, and refuses nothing".to_owned()],
            Preview::Shown(lines) => lines,
            Preview::Unknown(tool) => vec![format!("not shown: {tool} has no -WhatIf")],
            Preview::Refused(why) if step.after.is_empty() => vec![format!("refused: {why}")],
            Preview::Refused(why) => vec![format!("refused, as it may be before its earlier steps: {why}")],
        };
        let _ = writeln!(text, "{}", terminal(step.id().as_str(), Lines::Escape));
        for line in told {
            let _ = writeln!(text, "    {}", terminal(&line, Lines::Escape));
        }
    }
    output::data(&text)
}
