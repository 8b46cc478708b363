//! What a person sees of a run while it goes: a line for everything that ended, what is still running, and on a
//! terminal a bar for each pool and one for all.

use super::output;
use crate::apply::events::{Event, What};
use crate::apply::journal::{Judgement, Refusal};
use crate::apply::{Opening, Report, Status};
use crate::model::{PoolFqdn, SiteName};
use crate::plan::{Plan, Step, StepId, moment};
use crate::render::escape::{Lines, terminal};
use crate::render::outline::words::{count, list};
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

struct State {
    began: Instant,
    all: Count,
    pools: BTreeMap<PoolFqdn, Count>,
    running: BTreeMap<StepId, Instant>,
}

/// How many steps have ended, of all or of a pool's.
#[derive(Default)]
struct Count {
    ended: usize,
    total: usize,
    /// Only on a terminal.
    bar: Option<ProgressBar>,
}

impl Count {
    fn end_one(&mut self) {
        self.ended += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }
}

impl Progress {
    pub(super) fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        output::draw(bars.clone());
        let every = if bars.is_some() { REDRAW } else { REMIND };
        let state =
            State { began: Instant::now(), all: Count::default(), pools: BTreeMap::new(), running: BTreeMap::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), bars });
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
        output::draw(None);
        if let Some(bars) = &self.shared.bars {
            let _ = bars.clear();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, what: &What) {
        match what {
            What::LockLeftBehind(holder) => {
                let since = moment(holder.since);
                say(&format!("note: {} had the lock since {since} and died; it is taken", holder.operator));
            }
            What::RunAbandoned(run) => say(&format!("note: run {run} is given up")),
            What::RunStarted { resumed, report } => self.start(*resumed, report),
            What::BatchStarted { pool, kind, number, steps } => {
                let servers = count(steps.len(), "server", "servers");
                say(&format!("{pool}: {}, batch {number}: {servers}", kind.as_str()));
            }
            What::StepStarted { step, .. } => self.begin(step),
            What::StepDone { step, took } => {
                self.ended(step, "done", &format!(" ({})", seconds(took.unsigned_abs())), None);
            }
            What::StepFailed { step, failure } => self.ended(step, "failed", "", Some(&failure.to_string())),
            What::StepRefused { step, refusal: Refusal::Stale(why) } => self.ended(step, "stale", "", Some(why)),
            What::StepRefused { step, refusal: Refusal::Unread(why) } => self.ended(step, "unread", "", Some(why)),
            What::StepLeft { step, why } => self.ended(step, "left", "", Some(why)),
            What::StepRetried { step, why, delay } => {
                self.state().running.remove(step);
                say(&format!("        again   {step} in {}: {why}", seconds(*delay)));
            }
            What::StepJudged { step, judgement } => {
                let (word, why) = match judgement {
                    Judgement::Done(why) => ("it was completed", why),
                    Judgement::NotDone(why) => ("it was not completed", why),
                    Judgement::Unclear(why) => ("whether it was completed cannot be said", why),
                };
                say(&format!("        looked  {step}: {word}: {why}"));
            }
            What::StepsAdded { account, steps } => {
                self.add(steps);
                let left = count(steps.len(), "server behind, which gets a copy", "servers behind, which get copies");
                say(&format!("note: the rotation of {account} left {left}"));
            }
            What::ServersUnread { account, why } => {
                say(&format!(
                    "warning: whether the rotation of {account} left servers behind could not be read: {why}"
                ));
            }
            What::EnableTopologyWithheld { step } => say(&format!("        waits   {}", step.id())),
            What::WindowClosed { sites, opening } => {
                let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
                let next = opening.as_ref().map_or("and none opens within 400 days".to_owned(), opens);
                say(&format!("no window of {} is open long enough; {next}", names.join(", ")));
            }
            What::RunEnded { .. } | What::Verified(_) => {} // the recap says it
        }
    }

    fn start(&self, resumed: bool, report: &Report) {
        let (total, done) = (report.steps.len(), report.done());
        let run = report.run.as_ref().map(ToString::to_string).unwrap_or_default();
        say(&if resumed {
            format!("going on with run {run}: {done} of {} done", count(total, "step", "steps"))
        } else {
            format!("run {run}: {}", count(total, "step", "steps"))
        });
        let mut state = self.state();
        state.began = Instant::now();
        state.all = Count { ended: done, total, bar: None };
        for step in &report.steps {
            if let Some(pool) = step.step.subject.pool() {
                let count = state.pools.entry(pool.clone()).or_default();
                count.total += 1;
                count.ended += usize::from(step.status == Status::Done);
            }
        }
        if let Some(bars) = &self.bars {
            for (pool, count) in &mut state.pools {
                count.bar = Some(bar(bars, pool.as_str(), "{prefix:32!} {bar:24} {pos}/{len}", count));
            }
            let template = "{prefix:32!} {bar:24} {pos}/{len} {elapsed} {wide_msg}";
            state.all.bar = Some(bar(bars, "all", template, &state.all));
        }
    }

    fn add(&self, steps: &[Step]) {
        let mut state = self.state();
        for step in steps {
            state.all.total += 1;
            if let Some(pool) = step.subject.pool() {
                state.pools.entry(pool.clone()).or_default().total += 1;
            }
        }
        for count in state.pools.values().chain([&state.all]) {
            if let Some(bar) = &count.bar {
                bar.set_length(u64::try_from(count.total).unwrap_or(u64::MAX));
            }
        }
    }

    fn begin(&self, step: &Step) {
        self.state().running.insert(step.id(), Instant::now());
        if self.bars.is_some() {
            self.remind();
        }
    }

    fn ended(&self, step: &Step, word: &str, took: &str, why: Option<&str>) {
        let mut state = self.state();
        state.running.remove(&step.id());
        state.all.end_one();
        let mut of_pool = String::new();
        if let Some((pool, count)) = step.subject.pool().and_then(|pool| state.pools.get_mut(pool).map(|it| (pool, it)))
        {
            count.end_one();
            of_pool = format!(", {} of {} in {pool}", count.ended, count.total);
        }
        let (ended, total, elapsed) = (state.all.ended, state.all.total, clock(state.began.elapsed()));
        drop(state);
        let width = total.to_string().len();
        let why = why.map(|why| format!(": {}", output::beginning(why))).unwrap_or_default();
        say(&format!("[{ended:>width$}/{total} {elapsed}] {word:<7} {}{took}{of_pool}{why}", step.id()));
    }

    /// Names what is still running.
    fn remind(&self) {
        let state = self.state();
        let running: Vec<String> = state
            .running
            .iter()
            .map(|(id, since)| format!("{} ({})", terminal(id.as_str(), Lines::Escape), seconds(since.elapsed())))
            .collect();
        match &state.all.bar {
            Some(all) => all.set_message(running.join(", ")),
            None => {
                drop(state);
                for step in running {
                    say(&format!("        still   {step}"));
                }
            }
        }
    }
}

/// Says a line, above the bars.
fn say(line: &str) {
    output::remark(&format!("{}\n", output::paragraph(&terminal(line, Lines::Escape), 8)));
}

fn bar(bars: &MultiProgress, name: &str, template: &str, count: &Count) -> ProgressBar {
    let length = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    // The template is ours; should it be wrong, a plain bar is as good.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = bars.add(ProgressBar::new(length(count.total)).with_style(style));
    bar.set_prefix(terminal(name, Lines::Escape).into_owned());
    bar.set_position(length(count.ended));
    bar
}

/// `0:12`, `3:05`, `1:03:05`.
fn clock(time: Duration) -> String {
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// When a window opens, in its own zone and in the reader's.
fn opens(opening: &Opening) -> String {
    format!("the next opens {opening}, which is {} here", here(opening))
}

/// The same moment in the reader's zone.
pub(super) fn here(opening: &Opening) -> Opening {
    Opening { at: opening.at, zone: TimeZone::system() }
}

/// `12 s`, `3 min 05 s`.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// What the second plan says: nothing is called verified that `verify` would not.
pub(super) fn verified(plan: &Plan) -> String {
    let mut found: Vec<String> = Vec::new();
    if !plan.steps.is_empty() {
        let ids: Vec<String> = plan.steps.iter().map(|step| step.id().to_string()).collect();
        let are = count(ids.len(), "step is", "steps are");
        found.push(format!("{are} left to do: {}", list(&ids)));
    }
    for (n, one, many) in [
        (plan.errors(), "error that no step mends", "errors that no step mends"),
        (plan.undeclared(), "site, pool or server is not declared", "sites, pools or servers are not declared"),
        (plan.unreadable.len(), "fact could not be read", "facts could not be read"),
    ] {
        found.extend((n > 0).then(|| count(n, one, many)));
    }
    let said = match (found.is_empty(), plan.scope.is_whole()) {
        (true, true) => "verified: everything is as declared".to_owned(),
        (true, false) => "verified: within the scope, everything is as declared".to_owned(),
        (false, _) => format!("not verified: {}; `cskerb verify` shows more", found.join("; ")),
    };
    format!("{}\n", output::paragraph(&terminal(&said, Lines::Escape), 2))
}
