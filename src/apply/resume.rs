//! Goes on with a run that is not finished: what was begun is observed before anything else is done.

use super::executor::{Executor, Lost};
use super::journal::{Judgement, Record, Standing, StepRecord};
use super::judge::judge;
use super::outcome::Status;
use super::schedule::Board;
use super::target::Target;
use crate::plan::{Action, StepId};
use std::collections::BTreeSet;

/// Puts what earlier calls have done on the board; the steps that one of them may have left half-way.
pub(crate) fn restore(board: &mut Board, record: &Record) -> BTreeSet<StepId> {
    let mut begun = BTreeSet::new();
    for (id, step) in record.steps() {
        match board.place(&id) {
            Some(at) if step.is_done() => board.set(at, Status::Done),
            Some(_) => drop(begun.insert(id)),
            None => {} // a copy that a rotation asked for: what is still to be copied is looked for anew
        }
    }
    begun
}

/// Observes every step that was begun and whose end is not known, and judges it.
pub(crate) fn observe(executor: &Executor<'_>, board: &mut Board, record: &Record) -> Result<(), Lost> {
    for (id, step) in record.steps() {
        let Some(at) = board.place(&id) else { continue };
        match (&step.action, &step.standing) {
            // It was seen to be done, not said: servers may have been left behind.
            (Action::RotatePassword { account }, Standing::Done { took: None }) => executor.saw_rotated(account),
            (_, Standing::Done { .. } | Standing::Untouched) => {}
            (action, Standing::Open) => {
                let observed = executor.look(action);
                let judgement = match (judge(action, &step.before, &observed), goes_on(executor.target, &step)) {
                    (Judgement::NotDone(seen), Some(why)) => Judgement::Unclear(format!("{seen}; but {why}")),
                    (judgement, _) => judgement,
                };
                match &judgement {
                    Judgement::Done(_) => {
                        board.set(at, Status::Done);
                        if let Action::RotatePassword { account } = action {
                            executor.saw_rotated(account);
                        }
                    }
                    Judgement::NotDone(_) => {} // it is done again, under the same consent
                    Judgement::Unclear(why) => board.set(at, Status::Unclear(why.clone())),
                }
                executor.judged(id, judgement, observed)?;
            }
        }
    }
    Ok(())
}

/// Why a rotation of which nobody saw the end may still be going on: no other is begun beside it.
pub(crate) fn goes_on(target: &dyn Target, step: &StepRecord) -> Option<String> {
    match (&step.action, &step.standing, step.unended) {
        (Action::RotatePassword { .. }, Standing::Open, Some(begun)) => target.may_go_on(&step.action, begun),
        _ => None,
    }
}
