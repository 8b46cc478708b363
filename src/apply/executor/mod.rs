//! Carries the steps of a board out, one unit after the other: a single step, or a batch of a pool's servers side by
//! side.
//!
//! **Architecture invariants:** it acts on typed arguments only. A unit begins when the one before has ended, so steps
//! run side by side only inside a batch. Nothing is begun once somebody wished to stop, too much failed, a rotation's
//! outcome is in doubt, or the journal cannot be written.

mod attempt;

use super::events::{Event, What};
use super::journal::{EnableTopology, Ending, Entry, Journal, JournalError, Judgement};
use super::judge::judge;
use super::options::Options;
use super::outcome::{ApplyError, Outcome, Report, Status};
use super::schedule::{Board, Next, Rules, Unit};
use super::target::{Observation, Target};
use super::windows::Opening;
use crate::model::{AccountName, SiteName};
use crate::plan::{self, Action, Request, Step, StepId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Something that happened, told to whoever listens.
pub(crate) type Listener<'e> = &'e (dyn Fn(Event) + Sync);

/// A run while it is carried out.
pub(crate) struct Executor<'r> {
    pub(super) target: &'r dyn Target,
    options: &'r Options<'r>,
    events: Listener<'r>,
    journal: Journal,
    trouble: Mutex<Trouble>,
    /// Accounts whose rotation was seen to be done although its call did not end well.
    seen_rotated: Mutex<BTreeSet<AccountName>>,
    /// Steps that a call before this one may have left half-way.
    half_way: BTreeSet<StepId>,
}

/// What went wrong with the journal.
#[derive(Default)]
struct Trouble {
    lost: Option<Arc<JournalError>>,
    in_doubt: Vec<StepId>,
}

/// The journal cannot be written: nothing more is begun.
#[derive(Debug)]
pub(crate) struct Lost(Arc<JournalError>);

/// Why nothing more is begun, although something could be.
enum Halt {
    Interrupted,
    Failures(usize),
    Unclear(StepId, String),
    Closed(Vec<SiteName>, Option<Opening>),
}

impl<'r> Executor<'r> {
    pub(crate) fn new(
        target: &'r dyn Target,
        options: &'r Options<'r>,
        events: Listener<'r>,
        journal: Journal,
        half_way: BTreeSet<StepId>,
    ) -> Self {
        let trouble = Mutex::default();
        Self { target, options, events, journal, trouble, seen_rotated: Mutex::default(), half_way }
    }

    /// Does what can be done, and says how it ended.
    pub(crate) fn drive(&self, mut board: Board, rules: &Rules<'_>) -> Result<Outcome, ApplyError> {
        let ended = self.work(&mut board, rules).and_then(|halt| self.end(&board, halt.as_ref()));
        ended.map_err(|lost| self.lost(lost))
    }

    /// The error for whoever called.
    pub(crate) fn lost(&self, Lost(source): Lost) -> ApplyError {
        let steps = std::mem::take(&mut self.trouble().in_doubt);
        ApplyError::JournalLost { run: self.journal.run.clone(), steps, source }
    }

    fn work(&self, board: &mut Board, rules: &Rules<'_>) -> Result<Option<Halt>, Lost> {
        loop {
            self.add_copies(board);
            for (at, why) in board.settle() {
                let step = board.step(at).clone();
                self.write(&Entry::StepLeft { at: self.target.now(), step: step.id(), why: why.clone() })?;
                self.tell(What::StepLeft { step, why });
            }
            if let Some((step, why)) = board.rotation_in_doubt() {
                return Ok(Some(Halt::Unclear(step.id(), why.to_owned())));
            }
            let failures = board.failures();
            if failures > usize::try_from(self.options.deployment.maintenance.max_failures).unwrap_or(usize::MAX) {
                return Ok(Some(Halt::Failures(failures)));
            }
            match board.next(rules, self.target.now()) {
                Next::Nothing => return Ok(None),
                _ if self.options.stop.is_requested() => return Ok(Some(Halt::Interrupted)),
                Next::Closed { sites, opening } => return Ok(Some(Halt::Closed(sites, opening))),
                Next::Unit(unit) => self.unit(board, &unit)?,
            }
        }
    }

    /// Carries a unit out, and puts down how its steps stand.
    fn unit(&self, board: &mut Board, unit: &Unit) -> Result<(), Lost> {
        board.begin(unit);
        if let Some(batch) = &unit.batch {
            let steps = unit.members.iter().map(|at| board.step(*at).id()).collect();
            let (pool, kind, number) = (batch.pool.clone(), batch.kind, batch.number);
            self.tell(What::BatchStarted { pool, kind, number, steps });
        }
        let steps: Vec<(usize, &Step)> = unit.members.iter().map(|at| (*at, board.step(*at))).collect();
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut ended = Vec::new();
            while let Some((at, step)) = steps.get(next.fetch_add(1, Ordering::Relaxed))
                && !self.options.stop.is_requested()
            {
                ended.push((*at, self.step(step)?));
            }
            Ok(ended)
        };
        let workers = self.options.parallel.get().min(steps.len());
        let ended: Vec<Result<Vec<(usize, Status)>, Lost>> = if workers <= 1 {
            vec![worker()]
        } else {
            thread::scope(|scope| {
                let working: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
                let ended = working.into_iter().map(|thread| match thread.join() {
                    Ok(ended) => ended,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
                ended.collect()
            })
        };
        // Every worker has ended, so whatever one of them did is journaled, or in doubt.
        for ended in ended {
            for (at, status) in ended? {
                board.set(at, status);
            }
        }
        Ok(())
    }

    fn step(&self, step: &Step) -> Result<Status, Lost> {
        match (&step.action, self.options.enable_topology) {
            (Action::EnableTopology { .. }, EnableTopology::Wait) => self.look_whether_it_ran(step),
            _ => self.carry_out(step),
        }
    }

    /// Enable-CsTopology is not to be run by this call; whether somebody ran it is shown by the SPNs.
    fn look_whether_it_ran(&self, step: &Step) -> Result<Status, Lost> {
        let observed = self.target.observe(&step.action);
        let judgement = judge(&step.action, &Observation::Nothing, &observed);
        if !matches!(judgement, Judgement::Done(_)) {
            self.tell(What::EnableTopologyWithheld { step: step.clone() });
            return Ok(Status::Withheld);
        }
        self.judged(step.id(), judgement, observed)?;
        Ok(Status::Done)
    }

    /// Journals what was seen of a step whose end was not known.
    pub(crate) fn judged(&self, step: StepId, judgement: Judgement, observed: Observation) -> Result<(), Lost> {
        let entry =
            Entry::StepJudged { at: self.target.now(), step: step.clone(), judgement: judgement.clone(), observed };
        self.write(&entry)?;
        self.tell(What::StepJudged { step, judgement });
        Ok(())
    }

    /// Notes that the account's rotation is done although its call did not end well.
    pub(crate) fn saw_rotated(&self, account: &AccountName) {
        self.seen_rotated.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone());
    }

    /// Servers that such a rotation left behind get copies, from whom the planner would choose.
    fn add_copies(&self, board: &mut Board) {
        let accounts = std::mem::take(&mut *self.seen_rotated.lock().unwrap_or_else(PoisonError::into_inner));
        for account in accounts {
            match self.target.read() {
                Err(error) => self.tell(What::ServersUnread { account, why: error.to_string() }),
                Ok(actual) => {
                    let plan = plan::plan(self.options.deployment, &actual, &Request::default());
                    let copies = plan.steps.into_iter().filter(|step| {
                        matches!(&step.action, Action::CopyConfiguration { account: copied, .. } if *copied == account)
                    });
                    let steps = board.add(copies.map(|step| Step { after: Vec::new(), ..step }).collect());
                    if !steps.is_empty() {
                        self.tell(What::StepsAdded { account, steps });
                    }
                }
            }
        }
    }

    fn end(&self, board: &Board, halt: Option<&Halt>) -> Result<Outcome, Lost> {
        let run = self.journal.run.clone();
        let report = board.report(Some(run));
        let (ending, why) = self.ending(board, &report, halt);
        let (at, operator) = (self.target.now(), self.options.operator.clone());
        self.write(&Entry::RunEnded { at, ending, why: why.clone(), operator })?;
        self.tell(What::RunEnded { ending, why: why.clone(), report: report.clone() });
        Ok(match ending {
            Ending::Finished => Outcome::Finished(report),
            Ending::WaitsForEnableTopology => Outcome::WaitsForEnableTopology(report),
            _ => Outcome::Stopped { report, ending, why },
        })
    }

    fn ending(&self, board: &Board, report: &Report, halt: Option<&Halt>) -> (Ending, String) {
        match halt {
            Some(Halt::Interrupted) => (Ending::Interrupted, "somebody stopped it".to_owned()),
            Some(Halt::Failures(failures)) => {
                let allowed = self.options.deployment.maintenance.max_failures;
                let noun = if *failures == 1 { "failure" } else { "failures" };
                (Ending::Failures, format!("{failures} {noun}, and maxFailures is {allowed}"))
            }
            Some(Halt::Unclear(step, why)) => {
                (Ending::Unclear, format!("whether {step} was completed cannot be said: {why}"))
            }
            _ if board.any(Status::is_failure) => {
                let failed = report.steps.iter().filter(|step| step.status.is_failure()).count();
                let noun = if failed == 1 { "step" } else { "steps" };
                (Ending::Failures, format!("{failed} {noun} failed; everything else that could be done was done"))
            }
            Some(Halt::Closed(sites, opening)) => {
                self.tell(What::WindowClosed { sites: sites.clone(), opening: opening.clone() });
                let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
                let next = match opening {
                    Some(opening) => format!("the next window opens at {opening}"),
                    None => "no window within 400 days is long enough".to_owned(),
                };
                (Ending::WindowClosed, format!("the maintenance window of {} is over; {next}", names.join(", ")))
            }
            None if report.enable_topology().is_some() => {
                (Ending::WaitsForEnableTopology, "Enable-CsTopology must run before the rest".to_owned())
            }
            None if board.any(|status| *status != Status::Done) => {
                (Ending::Stale, "reality moved since the plan was made; plan anew for what was left".to_owned())
            }
            None => (Ending::Finished, "every step is done".to_owned()),
        }
    }

    fn now(&self) -> Timestamp {
        self.target.now()
    }

    pub(crate) fn tell(&self, what: What) {
        (self.events)(Event { at: self.now(), what });
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line; once one failed, none is written any more.
    pub(crate) fn write(&self, entry: &Entry) -> Result<(), Lost> {
        if let Some(lost) = &self.trouble().lost {
            return Err(Lost(Arc::clone(lost)));
        }
        self.journal.write(entry).map_err(|error| {
            let mut trouble = self.trouble();
            Lost(Arc::clone(trouble.lost.get_or_insert_with(|| Arc::new(error))))
        })
    }

    /// Notes that the step was carried out and cannot be journaled.
    fn in_doubt(&self, step: &Step) {
        self.trouble().in_doubt.push(step.id());
    }
}

#[cfg(test)]
mod tests;
