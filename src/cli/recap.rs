//! What came of a run, for a person: by site, then why it ended, then how to go on.

use super::output::{self, Line};
use crate::apply::journal::{Ending, Record, Refusal};
use crate::apply::{Outcome, Status, StepReport, rights};
use crate::plan::{Plan, Step, commands, moment};
use crate::render::escape::{Lines, terminal};
use crate::render::outline::words::count;

/// The command that goes on with a run.
pub(super) struct GoOn {
    /// Its words after the program's name.
    pub(super) words: Vec<String>,
    /// Whether it was to run Enable-CsTopology.
    pub(super) enable_topology: bool,
    /// Whether it names a saved plan.
    pub(super) saved: bool,
}

impl GoOn {
    /// Goes on with the run.
    fn resume(&self, more: &[&str]) -> String {
        self.with(&[&["--resume"], more].concat())
    }

    /// Plans anew for what was left.
    fn plan_anew(&self) -> String {
        self.with(if self.saved { &["--replan"] } else { &[] })
    }

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
    let mut lines: Vec<Line> = Vec::new();
    for (site, steps) in by_site(&report.steps) {
        let done = steps.iter().filter(|step| step.status == Status::Done).count();
        lines.push(Line::Prose(format!("{site}: {done} of {} done", count(steps.len(), "step", "steps"))));
        for step in steps {
            if let Some((word, why)) = trouble(&step.status) {
                lines.push(Line::Prose(format!("  {word:<7} {}: {}", step.step.id(), output::beginning(&why))));
            }
        }
    }
    lines.push(Line::Prose(match (&report.run, outcome) {
        (None, _) => "the plan has no step: nothing was changed".to_owned(),
        (Some(run), Outcome::Finished(_)) => format!("run {run} is finished"),
        (Some(run), Outcome::Stopped { ending, why, .. }) => format!("run {run}: {}: {why}", ending.as_str()),
        (Some(run), Outcome::WaitsForEnableTopology(_)) => format!("run {run} waits for Enable-CsTopology"),
    }));
    if let Some(step) = report.enable_topology() {
        lines.extend(enable_topology(step, go_on));
    } else if !outcome.ending().is_final() {
        lines.push(Line::Command(format!("to go on: {}", go_on.resume(&[]))));
    } else if outcome.ending() == Ending::Stale {
        lines.push(Line::Command(format!("to plan anew: {}", go_on.plan_anew())));
    }
    lines.iter().map(|line| line.set(10)).collect()
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

fn enable_topology(step: &Step, go_on: &GoOn) -> Vec<Line> {
    let mut lines = vec![Line::Prose("Enable-CsTopology must run before the rest".to_owned())];
    lines.extend(commands(&step.action).into_iter().map(|command| Line::Command(format!("  run     {command}"))));
    lines.push(Line::Prose("  where   on any host with the management shell".to_owned()));
    lines.push(Line::Prose(format!("  as      {}", rights(&step.action))));
    lines.push(Line::Prose("  beware  it enables the whole last published topology".to_owned()));
    lines.push(Line::Command(format!("  then    {}", go_on.resume(&[]))));
    lines.push(Line::Command(format!("  or let it be run: {}", go_on.resume(&["--enable-topology"]))));
    lines
}

/// What an unfinished run has done, and what is left of it.
pub(super) fn unfinished(record: &Record, plan: &Plan) -> String {
    let done: Vec<_> = record.steps().into_iter().filter(|(_, step)| step.is_done()).map(|(id, _)| id).collect();
    let left: Vec<String> = plan
        .steps
        .iter()
        .map(Step::id)
        .filter(|id| !done.contains(id))
        .map(|id| format!("  {}\n", terminal(id.as_str(), Lines::Escape)))
        .collect();
    let began = record.started().map(|at| format!(", begun at {}", moment(at))).unwrap_or_default();
    let ended = record.ending().map_or("was cut off", Ending::as_str);
    let first = format!(
        "Run {}{began}: {ended}. {} of {} done; left:",
        record.run,
        plan.steps.len() - left.len(),
        count(plan.steps.len(), "step", "steps")
    );
    format!("{}\n{}", output::paragraph(&terminal(&first, Lines::Escape), 2), left.concat())
}
