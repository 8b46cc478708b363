//! What came of a run, for a person: by site, then why it ended, then how to go on.

use crate::apply::journal::{Ending, Record, Refusal};
use crate::apply::{Outcome, Status, StepReport, rights};
use crate::plan::{Plan, Step, commands, moment};
use crate::render::escape::{Lines, terminal};

/// The command that goes on with a run.
pub(super) struct GoOn {
    /// Its words after the program's name.
    pub(super) words: Vec<String>,
    /// Whether it was to run Enable-CsTopology.
    pub(super) enable_topology: bool,
}

impl GoOn {
    fn with(&self, more: &[&str]) -> String {
        let enable = self.enable_topology.then_some("--enable-topology");
        let words = self.words.iter().map(String::as_str).chain(more.iter().copied()).chain(enable);
        format!("cskerb {}", words.map(word).collect::<Vec<_>>().join(" "))
    }
}

/// A word as it is typed into PowerShell or a Unix shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { crate::plan::quote(text) }
}

/// The recap.
pub(super) fn text(outcome: &Outcome, go_on: &GoOn) -> String {
    let report = outcome.report();
    let mut lines: Vec<String> = Vec::new();
    for (site, steps) in by_site(&report.steps) {
        let done = steps.iter().filter(|step| step.status == Status::Done).count();
        lines.push(format!(
            "{site}: {done} of {} {} done",
            steps.len(),
            if steps.len() == 1 { "step" } else { "steps" }
        ));
        for step in steps {
            if let Some((word, why)) = trouble(&step.status) {
                lines.push(format!("  {word:<7} {}: {why}", step.step.id()));
            }
        }
    }
    match (&report.run, outcome) {
        (None, _) => lines.push("the plan has no step: nothing was changed".to_owned()),
        (Some(run), Outcome::Finished(_)) => lines.push(format!("run {run} is finished")),
        (Some(run), Outcome::Stopped { ending, why, .. }) => {
            lines.push(format!("run {run}: {}: {why}", ending.as_str()));
        }
        (Some(run), Outcome::WaitsForEnableTopology(_)) => {
            lines.push(format!("run {run} waits for Enable-CsTopology"));
        }
    }
    if let Some(step) = report.enable_topology() {
        lines.extend(enable_topology(step, go_on));
    } else if !outcome.ending().is_final() {
        lines.push(format!("to go on: {}", go_on.with(&[])));
    } else if outcome.ending() == Ending::Stale {
        lines.push("to go on: plan anew".to_owned());
    }
    let text = lines.iter().map(|line| format!("{}\n", terminal(line, Lines::Escape)));
    text.collect()
}

/// What is wrong with a step that is not done; steps that were not begun are only counted.
fn trouble(status: &Status) -> Option<(&'static str, String)> {
    match status {
        Status::Done | Status::NotBegun | Status::Withheld => None,
        Status::Failed(failure) => Some(("failed", failure.to_string())),
        Status::Refused(Refusal::Stale(why)) => Some(("stale", why.clone())),
        Status::Refused(Refusal::Unread(why)) => Some(("unread", why.clone())),
        Status::Unclear(why) => Some(("unclear", why.clone())),
        Status::Left(why) => Some(("left", why.clone())),
    }
}

/// Steps by site, in the order in which each first appears; those of no site come first.
fn by_site(steps: &[StepReport]) -> Vec<(String, Vec<&StepReport>)> {
    let mut sites: Vec<(String, Vec<&StepReport>)> = Vec::new();
    for step in steps {
        let site = step.step.subject.site().map_or("accounts and topology".to_owned(), ToString::to_string);
        match sites.iter_mut().find(|(name, _)| *name == site) {
            Some((_, of_site)) => of_site.push(step),
            None => sites.push((site, vec![step])),
        }
    }
    sites
}

fn enable_topology(step: &Step, go_on: &GoOn) -> Vec<String> {
    let mut lines = vec!["Enable-CsTopology must run before the rest".to_owned()];
    lines.extend(commands(&step.action).into_iter().map(|command| format!("  run     {command}")));
    lines.push("  where   on any host with the management shell".to_owned());
    lines.push(format!("  as      {}", rights(&step.action)));
    lines.push("  beware  it enables the whole last published topology".to_owned());
    lines.push(format!("  then    {}", go_on.with(&[])));
    lines.push(format!("  or let it be run: {}", go_on.with(&["--enable-topology"])));
    lines
}

/// What an unfinished run has done, and what is left of it.
pub(super) fn unfinished(record: &Record, plan: &Plan) -> String {
    let done: Vec<_> = record.steps().into_iter().filter(|(_, step)| step.is_done()).map(|(id, _)| id).collect();
    let left: Vec<String> =
        plan.steps.iter().map(Step::id).filter(|id| !done.contains(id)).map(|id| format!("  {id}\n")).collect();
    let began = record.started().map(|at| format!(", begun at {}", moment(at))).unwrap_or_default();
    let ended = record.ending().map_or("was cut off", Ending::as_str);
    let text = format!(
        "Run {}{began}: {ended}. {} of {} steps are done; left:\n{}",
        record.run,
        plan.steps.len() - left.len(),
        plan.steps.len(),
        left.concat()
    );
    terminal(&text, Lines::Keep).into_owned()
}
