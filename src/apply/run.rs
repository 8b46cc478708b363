//! From a plan to an outcome: lock, unfinished runs, consents, windows, journal, and then the steps.

use super::consent::{self, Allowance};
use super::events::{Event, What};
use super::executor::{Executor, Listener};
use super::history::History;
use super::journal::{Ending, Entry, Journal, Judgement, Record, Session, seal, unfinished};
use super::judge::judge;
use super::lock::{self, Holder, Lock};
use super::options::{Options, Unfinished};
use super::outcome::{ApplyError, Outcome, Report};
use super::resume;
use super::schedule::{Board, Next, Rules};
use super::target::Target;
use super::windows::Calendar;
use crate::plan::Plan;
use std::collections::BTreeSet;
use std::time::Duration;

/// The program with its version, as journals and plans have it.
pub(crate) const TOOL: &str = concat!("cskerb ", env!("CARGO_PKG_VERSION"));

/// The run that is not finished, where there is one; refused while another apply works with the target.
///
/// For whoever wants to know before a plan is made. [`run`] looks again.
pub fn unfinished_run(target: &dyn Target, timeout: Duration) -> Result<Option<Record>, ApplyError> {
    let _taken = lock::take(target.state_folder(), timeout)?;
    Ok(unfinished(target.state_folder())?)
}

/// Carries the plan out.
///
/// With [`Unfinished::Resume`] and a run that is not finished, that run's own plan is carried out, and `plan` is not
/// looked at. What was done is in the journal, and in the outcome; whether all is well now, [`super::verify`] says.
pub fn run(
    plan: &Plan,
    target: &dyn Target,
    options: &Options<'_>,
    events: Listener<'_>,
) -> Result<Outcome, ApplyError> {
    let state = target.state_folder();
    let sealed = seal(plan)?;
    let holder = Holder { operator: options.operator.clone(), since: target.now(), plan: sealed.digest.clone() };
    let held = Lock::acquire(state, &holder, options.lock_timeout)?;
    let tell = |what| events(Event { at: target.now(), what });
    if let Some(left_by) = &held.left_by {
        tell(What::LockLeftBehind(left_by.clone()));
    }
    let earlier = unfinished(state)?;
    let earlier = match (earlier, &options.unfinished) {
        (Some(record), Unfinished::Resume) => return go_on(&record, target, options, events),
        (Some(record), Unfinished::Abandon(run)) if record.run == *run => Some(record),
        (Some(record), _) => return Err(ApplyError::unfinished(&record)),
        (None, Unfinished::Abandon(run)) => return Err(ApplyError::NothingToAbandon(run.clone())),
        (None, _) => None,
    };
    check_consents(plan, &options.consents)?;
    let (board, rules) = (Board::new(plan), rules(target, options));
    if !plan.steps.is_empty() {
        check_window(&board, &rules, target)?;
    }
    if let Some(record) = earlier {
        check_nothing_goes_on(&record, target)?;
        abandon(&record, target, options)?;
        tell(What::RunAbandoned(record.run.clone()));
        if let Some(another) = unfinished(state)? {
            return Err(ApplyError::unfinished(&another));
        }
    }
    if plan.steps.is_empty() {
        return Ok(Outcome::Finished(Report::default()));
    }
    let journal = Journal::create(state, target.now(), &sealed)?;
    let run = journal.run.clone();
    journal.write(&Entry::RunStarted {
        at: target.now(),
        run: run.clone(),
        target: target.name().to_owned(),
        plan: sealed.digest,
        undoes: options.undoes.clone(),
        session: session(options, &options.consents),
    })?;
    tell(What::RunStarted { resumed: false, report: board.report(Some(run)) });
    Executor::new(target, options, events, journal, BTreeSet::new()).drive(board, &rules)
}

/// Goes on with a run, by its own plan and under the consents given so far.
fn go_on(
    record: &Record,
    target: &dyn Target,
    options: &Options<'_>,
    events: Listener<'_>,
) -> Result<Outcome, ApplyError> {
    let plan = record.plan()?;
    let earlier = record.sessions().flat_map(|session| session.consents.iter().cloned());
    let consents: BTreeSet<Allowance> = earlier.chain(options.consents.iter().cloned()).collect();
    check_consents(&plan, &consents)?;
    let (mut board, rules) = (Board::new(&plan), rules(target, options));
    let begun = resume::restore(&mut board, record);
    check_window(&board, &rules, target)?;
    let journal = Journal::reopen(record)?;
    journal.write(&Entry::RunResumed { at: target.now(), session: session(options, &consents) })?;
    let report = board.report(Some(record.run.clone()));
    events(Event { at: target.now(), what: What::RunStarted { resumed: true, report } });
    let executor = Executor::new(target, options, events, journal, begun);
    match resume::observe(&executor, &mut board, record) {
        Ok(()) => executor.drive(board, &rules),
        Err(lost) => Err(executor.lost(lost)),
    }
}

fn rules<'r>(target: &dyn Target, options: &'r Options<'_>) -> Rules<'r> {
    let maintenance = &options.deployment.maintenance;
    Rules {
        calendar: options.outside_window.is_none().then(|| Calendar::new(&maintenance.windows)),
        history: History::read(target.state_folder()),
        maintenance,
        parallel: options.parallel.get(),
        enable_topology: options.enable_topology,
    }
}

fn check_consents(plan: &Plan, given: &BTreeSet<Allowance>) -> Result<(), ApplyError> {
    let missing = consent::missing(plan, given);
    if missing.is_empty() { Ok(()) } else { Err(ApplyError::Consent { missing }) }
}

/// Refuses where nothing at all could be begun now.
fn check_window(board: &Board, rules: &Rules<'_>, target: &dyn Target) -> Result<(), ApplyError> {
    match board.next(rules, target.now()) {
        Next::Closed { sites, opening } => Err(ApplyError::Window { sites, opening }),
        Next::Unit(_) | Next::Nothing => Ok(()),
    }
}

/// Whoever gives a run up may begin a rotation of their own: not beside one of that run.
fn check_nothing_goes_on(record: &Record, target: &dyn Target) -> Result<(), ApplyError> {
    for (id, step) in record.steps() {
        let done = || matches!(judge(&step.action, &step.before, &target.observe(&step.action)), Judgement::Done(_));
        if let Some(why) = resume::goes_on(target, &step).filter(|_| !done()) {
            return Err(ApplyError::MayGoOn { run: record.run.clone(), step: id, why });
        }
    }
    Ok(())
}

fn abandon(record: &Record, target: &dyn Target, options: &Options<'_>) -> Result<(), ApplyError> {
    Ok(Journal::reopen(record)?.write(&Entry::RunEnded {
        at: target.now(),
        ending: Ending::Abandoned,
        why: "somebody gave it up".to_owned(),
        operator: options.operator.clone(),
    })?)
}

fn session(options: &Options<'_>, consents: &BTreeSet<Allowance>) -> Session {
    Session {
        operator: options.operator.clone(),
        tool: TOOL.to_owned(),
        consents: consents.clone(),
        enable_topology: options.enable_topology,
        outside_window: options.outside_window.clone(),
        parallel: options.parallel.get(),
        max_failures: options.deployment.maintenance.max_failures,
    }
}
