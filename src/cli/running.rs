//! What `apply` and `undo` share: their options, the question, the run, the recap, and the verification.

use super::exit::{Exit, Failure};
use super::progress::{self, Progress};
use super::recap::{self, GoOn};
use super::systems::{Choice, Opened};
use super::{live, output, preflight};
use crate::apply::journal::{EnableTopology, Ending, Record, RunId};
use crate::apply::target::Target;
use crate::apply::{self, Allowance, ApplyError, Operator, Options, Outcome, StopSignal, Unfinished};
use crate::model::Deployment;
use crate::plan::{Plan, Request};
use crate::render::escape::{Lines, terminal};
use crate::render::{outline::Outline, text};
use crate::wire::events;
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long to wait before each further attempt at what is transient.
const DELAYS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// The same for the real systems: what one domain controller knows takes a while to reach the next.
const LIVE_DELAYS: [Duration; 5] = [
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_mins(1),
];

// Options of every verb that changes something.
#[derive(Args)]
pub(super) struct Running {
    #[command(flatten)]
    pub(super) choice: Choice,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Allow what disturbs people: rotation:ACCOUNT, reassignment:SITE or unassignment:SITE (may be repeated)
    #[arg(long, value_name = "KIND:SUBJECT")]
    allow: Vec<Allowance>,
    /// Run Enable-CsTopology where the plan needs it; without, it is waited for
    #[arg(long)]
    enable_topology: bool,
    /// Work outside of the maintenance windows; the reason is journaled
    #[arg(long, value_name = "REASON", value_parser = reason)]
    outside_window: Option<String>,
    /// How long to wait for another apply that works with the same systems, as 30s or 5m
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = live::duration)]
    lock_timeout: Duration,
    /// Go on with a run that is not finished
    #[arg(long, conflicts_with = "abandon")]
    pub(super) resume: bool,
    /// Give that unfinished run up
    #[arg(long, value_name = "RUN")]
    abandon: Option<RunId>,
    /// How to say what happens
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write what was found afterwards to this file, for Prometheus
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: one event a line on standard output
    Json,
}

/// What is to be run.
pub(super) struct Work<'w> {
    pub(super) systems: &'w Opened<'w>,
    pub(super) plan: &'w Plan,
    pub(super) deployment: &'w Deployment,
    /// The run that it goes on with, as far as is known before the lock is held.
    pub(super) goes_on: Option<&'w Record>,
    /// The run that it takes back.
    pub(super) undoes: Option<RunId>,
    /// What to plan again afterwards; nothing is verified without.
    pub(super) verify: Option<&'w Request>,
    /// The verb and its argument, as they were typed.
    pub(super) command: Vec<String>,
    /// Whether that argument is a saved plan.
    pub(super) saved: bool,
}

/// A reason that says something.
fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("say why: the journal keeps it".to_owned()) } else { Ok(text.to_owned()) }
}

impl Running {
    /// The run that is to be gone on with, where there is one that is not finished.
    ///
    /// Asked before anything is planned: whoever is refused is refused at once.
    pub(super) fn to_resume(&self, target: &dyn Target) -> Result<Option<Record>, Failure> {
        let earlier = apply::unfinished_run(target, self.lock_timeout).map_err(|error| refused(&error))?;
        match (earlier, &self.abandon) {
            (Some(record), _) if self.resume => Ok(Some(record)),
            (Some(record), abandon) if abandon.as_ref() != Some(&record.run) => {
                Err(refused(&ApplyError::unfinished(&record)))
            }
            (None, Some(run)) => Err(refused(&ApplyError::NothingToAbandon(run.clone()))),
            (None, None) if self.resume => {
                output::remark("note: there is no unfinished run to go on with; this is a new one\n");
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Shows the plan, asks, carries it out, and says what came of it.
    pub(super) fn carry_out(&self, work: &Work<'_>) -> Result<Exit, Failure> {
        if let Some(path) = &self.metrics {
            output::has_a_folder(path)?;
        }
        self.show(work);
        if let Some(live) = work.systems.live() {
            preflight::look(live, work.plan, work.goes_on, work.deployment)?;
        }
        if !work.plan.steps.is_empty() {
            self.ask(work)?;
        }
        let target = work.systems.target();
        let stop = work.systems.stop();
        listen(&stop)?;
        let options = Options {
            deployment: work.deployment,
            operator: Operator::current(),
            consents: self.allow.iter().cloned().collect(),
            enable_topology: if self.enable_topology { EnableTopology::Run } else { EnableTopology::Wait },
            outside_window: self.outside_window.clone(),
            parallel: self.choice.reach.parallel,
            lock_timeout: self.lock_timeout,
            unfinished: match &self.abandon {
                Some(run) => Unfinished::Abandon(run.clone()),
                None if self.resume => Unfinished::Resume,
                None => Unfinished::Refuse,
            },
            undoes: work.undoes.clone(),
            delays: if work.systems.live().is_some() { LIVE_DELAYS.to_vec() } else { DELAYS.to_vec() },
            stop: &stop,
        };
        match self.format {
            Format::Text => {
                let progress = Progress::new();
                let ended = apply::run(work.plan, target, &options, &|event| progress.tell(&event));
                progress.end();
                let outcome = ended.map_err(|error| refused(&error))?;
                output::data(&recap::text(&outcome, &self.go_on(work)))?;
                self.verify(work, &outcome, &|what| output::remark(&progress::verified(what)))
            }
            Format::Json => {
                let lost: Mutex<Option<Failure>> = Mutex::new(None);
                let say = |event: &apply::events::Event| {
                    if let Err(failure) = json_line(event) {
                        lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                    }
                };
                let ended = apply::run(work.plan, target, &options, &|event| say(&event));
                let outcome = ended.map_err(|error| refused(&error))?;
                let at = || target.now();
                let exit = self.verify(work, &outcome, &|plan| {
                    say(&apply::events::Event { at: at(), what: apply::events::What::Verified(plan.clone()) });
                })?;
                match lost.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    Some(failure) => Err(failure),
                    None => Ok(exit),
                }
            }
        }
    }

    fn show(&self, work: &Work<'_>) {
        if self.format == Format::Json {
            return;
        }
        match work.goes_on {
            Some(record) => {
                output::remark(&recap::unfinished(record, work.plan));
                if work.plan.deployment.digest != work.deployment.origin.digest {
                    let file = &work.deployment.origin.source;
                    let note = format!("note: {file} has changed since; the run goes on by its own plan\n");
                    output::remark(&terminal(&note, Lines::Keep));
                }
            }
            None => output::remark(&text::plan(&Outline::of(work.plan), output::error_style())),
        }
    }

    /// Nothing is begun without a yes; what is missing anyway is said before the question.
    fn ask(&self, work: &Work<'_>) -> Result<(), Failure> {
        let mut given: std::collections::BTreeSet<Allowance> = self.allow.iter().cloned().collect();
        given.extend(
            work.goes_on.iter().flat_map(|record| record.sessions()).flat_map(|it| it.consents.iter().cloned()),
        );
        let missing = apply::missing(work.plan, &given);
        if !missing.is_empty() {
            return Err(refused(&ApplyError::Consent { missing }));
        }
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::new("nobody is there to ask whether to go on").hint("give --yes to go on without"));
        }
        output::remark("Carry this out? [y/N] ");
        let mut answer = String::new();
        io::stdout()
            .flush()
            .and_then(|()| io::stdin().read_line(&mut answer).map(drop))
            .map_err(|error| Failure::new("the answer cannot be read").source(error))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::new("nothing was done")),
        }
    }

    /// Reads the state again and plans again: success is that there is nothing left to do.
    fn verify(&self, work: &Work<'_>, outcome: &Outcome, say: &dyn Fn(&Plan)) -> Result<Exit, Failure> {
        if work.verify.is_none() && self.metrics.is_none() {
            return Ok(exit(outcome, None));
        }
        let everything = Request::default();
        let read = apply::verify(work.deployment, work.verify.unwrap_or(&everything), work.systems.target());
        let plan = read.map_err(|error| Failure::new("the state cannot be read again").source(error))?;
        if work.verify.is_some() {
            say(&plan);
        }
        if let Some(path) = &self.metrics {
            write_metrics(path, &plan, Some(work.systems.target().state_folder()))?;
        }
        Ok(exit(outcome, work.verify.map(|_| &plan)))
    }

    /// The command that goes on with this run, with the options that it needs again.
    fn go_on(&self, work: &Work<'_>) -> GoOn {
        let mut words: Vec<String> = work.command.clone();
        words.extend(self.choice.words());
        if let Some(reason) = &self.outside_window {
            words.extend(["--outside-window".to_owned(), reason.clone()]);
        }
        GoOn { words, enable_topology: self.enable_topology, saved: work.saved }
    }
}

/// Writes the metrics of what was observed, and of the last run whose journal lies in that folder.
pub(super) fn write_metrics(path: &Path, plan: &Plan, state: Option<&Path>) -> Result<(), Failure> {
    let last = match state {
        Some(state) => {
            apply::last_apply(state).map_err(|error| Failure::new("the last run cannot be read").source(error))?
        }
        None => None,
    };
    output::replace(path, &apply::metrics(plan, last))
}

/// Ends the run after the running step on Ctrl-C, or when the system asks the program to end.
fn listen(stop: &Arc<StopSignal>) -> Result<(), Failure> {
    let stop = Arc::clone(stop);
    let heard = move || {
        stop.request();
        output::remark("\nstopping: what is running is finished first, and nothing more is begun\n");
    };
    ctrlc::set_handler(heard).map_err(|error| Failure::new("Ctrl-C cannot be listened to").source(error))
}

fn json_line(event: &apply::events::Event) -> Result<(), Failure> {
    let line = serde_json::to_string(&events::Event::from(event))
        .map_err(|error| Failure::new("an event cannot be written").source(error))?;
    output::json(&(line + "\n"))
}

/// What was refused, as a failure; the error itself says what to do.
fn refused(error: &ApplyError) -> Failure {
    match error {
        ApplyError::Window { opening: Some(opening), .. } => {
            Failure::new(error.to_string()).hint(format!("that is {} here", progress::here(opening)))
        }
        _ => Failure::new(error.to_string()),
    }
}

/// The outcome first; where the run finished, what is left to do by a second plan.
fn exit(outcome: &Outcome, second: Option<&Plan>) -> Exit {
    match (outcome.ending(), second) {
        (Ending::Finished, Some(plan)) if !plan.steps.is_empty() => Exit::PartWay,
        (Ending::Finished, Some(plan)) if !plan.complete() => Exit::Unreadable,
        (Ending::Finished, _) => Exit::Done,
        // The plan was stale from end to end.
        (Ending::Stale, _) if !outcome.report().anything_happened() => Exit::Error,
        _ => Exit::PartWay,
    }
}
