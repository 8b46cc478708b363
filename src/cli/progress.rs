//! What a person sees of a run while it goes: a line for everything that ended, what is still running, and on a
//! terminal a bar for each pool and one for all.

use super::output;
use crate::apply::events::{Event, What};
use crate::apply::journal::{Judgement, Refusal};
use crate::apply::{Opening, Report, Status};
use crate::codes::Severity;
use crate::model::{PoolFqdn, SiteName};
use crate::plan::{Plan, Step, StepId};
use crate::render::escape::{Lines, terminal};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a step that still runs is named, where there are only lines.
const REMIND: Duration = Duration::from_secs(30);

/// How often the bars show the time.
const REDRAW: Duration = Duration::from_secs(1);

/// The progress of a run.
pub(super) struct Progress {
    shared: Arc<Shared>,
    /// Dropped to end the thread that keeps the time.
    going: Sender<()>,
    clock: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    /// Only on a terminal.
    bars: Option<MultiProgress>,
}

#[derive(Default)]
struct State {
    total: usize,
    ended: usize,
    running: BTreeMap<StepId, Instant>,
    all: Option<ProgressBar>,
    pools: BTreeMap<PoolFqdn, ProgressBar>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        let every = if bars.is_some() { REDRAW } else { REMIND };
        let shared = Arc::new(Shared { state: Mutex::default(), bars });
        let (going, ended) = mpsc::channel();
        let told = Arc::clone(&shared);
        let clock = thread::spawn(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                told.remind();
            }
        });
        Self { shared, going, clock }
    }

    /// Shows an event.
    pub(super) fn tell(&self, event: &Event) {
        self.shared.tell(&event.what);
    }

    /// Takes the bars away.
    pub(super) fn end(self) {
        drop(self.going);
        // It only keeps the time: whatever went wrong in it does not matter to the run.
        let _ = self.clock.join();
        if let Some(bars) = &self.shared.bars {
            let _ = bars.clear();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, line: &str) {
        let line = terminal(line, Lines::Escape);
        match &self.bars {
            // A terminal that went away is no reason to stop.
            Some(bars) => _ = bars.println(line),
            None => output::remark(&format!("{line}\n")),
        }
    }

    fn tell(&self, what: &What) {
        match what {
            What::LockLeftBehind(holder) => self
                .say(&format!("note: {} had the lock since {} and died; it is taken", holder.operator, holder.since)),
            What::RunAbandoned(run) => self.say(&format!("note: run {run} is given up")),
            What::RunStarted { resumed, report } => self.start(*resumed, report),
            What::BatchStarted { pool, kind, number, steps } => {
                let servers = if steps.len() == 1 { "1 server".to_owned() } else { format!("{} servers", steps.len()) };
                self.say(&format!("{pool}: {}, batch {number}: {servers}", kind.as_str()));
            }
            What::StepStarted { step, .. } => self.begin(step),
            What::StepDone { step, took } => {
                self.ended(step, "done", &format!(" ({})", seconds(took.unsigned_abs())));
            }
            What::StepFailed { step, failure } => self.ended(step, "failed", &format!(": {failure}")),
            What::StepRefused { step, refusal: Refusal::Stale(why) } => self.ended(step, "stale", &format!(": {why}")),
            What::StepRefused { step, refusal: Refusal::Unread(why) } => {
                self.ended(step, "unread", &format!(": {why}"));
            }
            What::StepLeft { step, why } => self.ended(step, "left", &format!(": {why}")),
            What::StepRetried { step, why, delay } => {
                self.state().running.remove(step);
                self.say(&format!("        again   {step} in {}: {why}", seconds(*delay)));
            }
            What::StepJudged { step, judgement } => {
                let (word, why) = match judgement {
                    Judgement::Done(why) => ("it was completed", why),
                    Judgement::NotDone(why) => ("it was not completed, and is done again", why),
                    Judgement::Unclear(why) => ("whether it was completed cannot be said", why),
                };
                self.say(&format!("        looked  {step}: {word}: {why}"));
            }
            What::StepsAdded { account, steps } => {
                self.state().total += steps.len();
                let servers = if steps.len() == 1 { "1 server".to_owned() } else { format!("{} servers", steps.len()) };
                self.say(&format!("note: the rotation of {account} left {servers} behind; they get copies"));
            }
            What::ServersUnread { account, why } => self.say(&format!(
                "warning: whether the rotation of {account} left servers behind could not be read: {why}"
            )),
            What::EnableTopologyWithheld { step } => self.say(&format!("        waits   {}", step.id())),
            What::WindowClosed { sites, opening } => {
                let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
                let next = opening.as_ref().map_or("and none opens within 400 days".to_owned(), opens);
                self.say(&format!("no window of {} is open long enough; {next}", names.join(", ")));
            }
            What::RunEnded { .. } | What::Verified(_) => {} // the recap says it
        }
    }

    fn start(&self, resumed: bool, report: &Report) {
        let (total, done) = (report.steps.len(), report.done());
        let run = report.run.as_ref().map(ToString::to_string).unwrap_or_default();
        self.say(&if resumed {
            format!("going on with run {run}: {done} of {total} steps are done")
        } else {
            format!("run {run}: {total} steps")
        });
        let mut state = self.state();
        state.total = total;
        state.ended = done;
        let Some(bars) = &self.bars else { return };
        let mut pools: BTreeMap<&PoolFqdn, (u64, u64)> = BTreeMap::new();
        for step in &report.steps {
            if let Some(pool) = step.step.subject.pool() {
                let (all, done) = pools.entry(pool).or_default();
                *all += 1;
                *done += u64::from(step.status == Status::Done);
            }
        }
        let style = |template| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        for (pool, (all, done)) in pools {
            let bar = bars.add(ProgressBar::new(all).with_style(style("{prefix:32!} {bar:24} {pos}/{len}")));
            bar.set_prefix(terminal(pool.as_str(), Lines::Escape).into_owned());
            bar.set_position(done);
            state.pools.insert(pool.clone(), bar);
        }
        let length = u64::try_from(total).unwrap_or(u64::MAX);
        let style = style("{prefix:32!} {bar:24} {pos}/{len} {elapsed} {wide_msg}");
        let all = bars.add(ProgressBar::new(length).with_style(style).with_prefix("all"));
        all.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        state.all = Some(all);
    }

    fn begin(&self, step: &Step) {
        self.state().running.insert(step.id(), Instant::now());
        if self.bars.is_some() {
            self.remind();
        }
    }

    fn ended(&self, step: &Step, word: &str, more: &str) {
        let mut state = self.state();
        state.running.remove(&step.id());
        state.ended += 1;
        let (ended, total) = (state.ended, state.total);
        if let Some(bar) = step.subject.pool().and_then(|pool| state.pools.get(pool)) {
            bar.inc(1);
        }
        if let Some(all) = &state.all {
            all.set_position(u64::try_from(ended).unwrap_or(u64::MAX));
        }
        drop(state);
        let width = total.to_string().len();
        self.say(&format!("[{ended:>width$}/{total}] {word:<7} {}{more}", step.id()));
    }

    /// Names what is still running.
    fn remind(&self) {
        let state = self.state();
        let running: Vec<String> = state
            .running
            .iter()
            .map(|(id, since)| format!("{} ({})", terminal(id.as_str(), Lines::Escape), seconds(since.elapsed())))
            .collect();
        match &state.all {
            Some(all) => all.set_message(running.join(", ")),
            None => {
                drop(state);
                for step in running {
                    self.say(&format!("        still   {step}"));
                }
            }
        }
    }
}

/// When a window opens, in its own zone and in the reader's.
pub(super) fn opens(opening: &Opening) -> String {
    let here = Opening { at: opening.at, zone: TimeZone::system() };
    format!("the next opens {opening}, which is {here} here")
}

/// `12 s`, `3 min 05 s`.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// What the second plan says.
pub(super) fn verified(plan: &Plan) -> String {
    let errors = plan.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let mut said: Vec<String> = Vec::new();
    if !plan.steps.is_empty() {
        let ids: Vec<String> = plan.steps.iter().take(6).map(|step| step.id().to_string()).collect();
        let more = plan.steps.len() - ids.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        said.push(format!("{} steps are left to do: {}{more}", plan.steps.len(), ids.join(", ")));
    }
    if errors > 0 {
        said.push(format!("{errors} errors that no step mends; `cskerb verify` shows them"));
    }
    if !plan.complete() {
        said.push(format!("{} facts could not be read; `cskerb verify` shows them", plan.unreadable.len()));
    }
    if said.is_empty() {
        said.push("everything is as declared".to_owned());
    }
    terminal(&format!("verified: {}\n", said.join("; ")), Lines::Keep).into_owned()
}
