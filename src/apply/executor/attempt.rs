//! One step: its preconditions, its attempts, and whether anything of it can be seen.

use super::{Executor, Lost};
use crate::apply::events::What;
use crate::apply::journal::{Entry, Failure, FailureKind, Judgement, Refusal};
use crate::apply::judge::{is_between, judge};
use crate::apply::outcome::Status;
use crate::apply::target::{Holds, Observation, TargetError};
use crate::plan::{Action, Predicate, Step, StepKind};
use std::time::Duration;

/// Whether a step may be done.
enum Ready {
    /// It may; this is what it is about, as it is now.
    Yes(Observation),
    No(Refusal),
}

/// What came of one attempt.
enum Attempt {
    Done,
    /// It is certain that nothing happened, or that nothing was completed.
    Failed(Failure),
    Unclear(String),
}

impl Executor<'_> {
    /// Does the step, and tries again what is transient.
    ///
    /// So is what ended without an answer and is seen not to be done, once: what does so again would do so for ever.
    pub(super) fn carry_out(&self, step: &Step) -> Result<Status, Lost> {
        let mut delays = self.options.delays.iter().copied();
        let mut half_way = self.half_way.contains(&step.id());
        let mut unanswered = false;
        let mut attempt = 0;
        loop {
            let (status, worth_another) = match self.ready(step, half_way) {
                Ready::No(refusal) => {
                    let unread = matches!(refusal, Refusal::Unread(_));
                    (Status::Refused(refusal), unread)
                }
                Ready::Yes(before) => {
                    attempt += 1;
                    match self.attempt(step, attempt, &before)? {
                        Attempt::Done => return Ok(Status::Done),
                        Attempt::Unclear(why) => return Ok(Status::Unclear(why)),
                        Attempt::Failed(failure) => {
                            half_way |= failure.kind.is_unknown();
                            let again = match failure.kind {
                                FailureKind::Transient => true,
                                FailureKind::OutcomeUnknown => !std::mem::replace(&mut unanswered, true),
                                FailureKind::Refused | FailureKind::Unended | FailureKind::NoEffect => false,
                            };
                            (Status::Failed(failure), again)
                        }
                    }
                }
            };
            let again = delays.next().filter(|_| worth_another);
            if again.is_none_or(|delay| self.wait(step, &status, delay)) {
                return self.give_up(step, status);
            }
        }
    }

    /// Waits before another attempt; whether somebody wished meanwhile that there be none.
    fn wait(&self, step: &Step, status: &Status, delay: Duration) -> bool {
        let why = match status {
            Status::Failed(failure) => failure.to_string(),
            Status::Refused(Refusal::Stale(why) | Refusal::Unread(why)) => why.clone(),
            _ => String::new(),
        };
        self.tell(What::StepRetried { step: step.id(), why, delay });
        self.options.stop.wait(delay)
    }

    fn give_up(&self, step: &Step, status: Status) -> Result<Status, Lost> {
        match &status {
            Status::Refused(refusal) => {
                let (at, id) = (self.now(), step.id());
                self.write(&Entry::StepRefused { at, step: id, refusal: refusal.clone() })?;
                self.tell(What::StepRefused { step: step.clone(), refusal: refusal.clone() });
            }
            Status::Failed(failure) => {
                self.tell(What::StepFailed { step: step.clone(), failure: failure.clone() });
            }
            _ => {}
        }
        Ok(status)
    }

    /// Reads the preconditions anew. What does not hold outweighs what could not be read.
    fn ready(&self, step: &Step, half_way: bool) -> Ready {
        let mut unread = None;
        for predicate in &step.preconditions {
            // What the step itself may have half done is looked at below.
            if half_way && matches!(predicate, Predicate::LocationIs { .. }) {
                continue;
            }
            match self.target.holds(predicate) {
                Holds::Yes => {}
                Holds::No(why) => return Ready::No(Refusal::Stale(why)),
                Holds::Unknown(why) => unread = unread.or(Some(why)),
            }
        }
        if let Some(why) = unread {
            return Ready::No(Refusal::Unread(why));
        }
        let before = self.target.observe(&step.action);
        match (&step.action, &before) {
            // Without the values before it, nobody could tell later whether it was completed.
            (Action::RotatePassword { .. }, Observation::Unreadable(why)) => Ready::No(Refusal::Unread(why.clone())),
            (Action::SetIis { locations, .. }, seen) if half_way && !is_between(locations, seen) => {
                Ready::No(match seen {
                    Observation::Unreadable(why) => Refusal::Unread(why.clone()),
                    _ => Refusal::Stale("its settings are neither as they were nor as they shall be".to_owned()),
                })
            }
            _ => Ready::Yes(before),
        }
    }

    fn attempt(&self, step: &Step, attempt: u32, before: &Observation) -> Result<Attempt, Lost> {
        let (id, action) = (step.id(), step.action.clone());
        let began = self.now();
        self.write(&Entry::StepBegun { at: began, step: id.clone(), attempt, action, before: before.clone() })?;
        self.tell(What::StepStarted { step: step.clone(), attempt });
        let performed = self.target.perform(&step.action);
        let took = self.now().duration_since(began);
        let (result, after) = match &performed {
            Ok(()) => self.confirm(step, before),
            Err(error) => {
                let after = self.target.observe(&step.action);
                (Err(failed(step, before, &after, error)), after)
            }
        };
        let written = self.write(&Entry::StepEnded {
            at: self.now(),
            step: id.clone(),
            attempt,
            took,
            result: result.clone(),
            after: after.clone(),
        });
        if let Err(lost) = written {
            self.in_doubt(step);
            return Err(lost);
        }
        match result {
            Ok(()) => {
                self.tell(What::StepDone { step: step.clone(), took });
                Ok(Attempt::Done)
            }
            Err(failure) if failure.kind.is_unknown() => self.decide(step, before, after, failure),
            Err(failure) => Ok(Attempt::Failed(failure)),
        }
    }

    /// What the action is about; asked again after each delay while it cannot be read.
    pub(in crate::apply) fn look(&self, action: &Action) -> Observation {
        let mut delays = self.options.delays.iter();
        loop {
            match (self.target.observe(action), delays.next()) {
                (Observation::Unreadable(_), Some(delay)) if !self.options.stop.wait(*delay) => {}
                (observed, _) => return observed,
            }
        }
    }

    /// The call ended without an error: waits until something of it can be seen, since domain controllers and tests
    /// may lag. What cannot be seen at all is believed; what is seen not to be there is not, and is never simply done
    /// again: a resumed run looks first.
    fn confirm(&self, step: &Step, before: &Observation) -> (Result<(), Failure>, Observation) {
        let mut delays = self.options.delays.iter();
        loop {
            let after = self.target.observe(&step.action);
            let judgement = match step.action.kind() {
                StepKind::TestAssignment => Judgement::Done(String::new()), // it leaves nothing behind
                _ => judge(&step.action, before, &after),
            };
            match (judgement, delays.next()) {
                (Judgement::Done(_), _) => return (Ok(()), after),
                (_, Some(delay)) if !self.options.stop.wait(*delay) => {}
                (Judgement::Unclear(_), _) => return (Ok(()), after),
                (Judgement::NotDone(why), _) => {
                    let message = format!("it ended without an error, but {why}");
                    return (Err(Failure { kind: FailureKind::NoEffect, id: None, message }), after);
                }
            }
        }
    }

    /// The call ended, and whether it was completed is not known: what is seen decides.
    fn decide(&self, step: &Step, before: &Observation, after: Observation, failure: Failure) -> Result<Attempt, Lost> {
        let observed = match after {
            Observation::Unreadable(_) => self.look(&step.action),
            seen => seen,
        };
        let judgement = match judge(&step.action, before, &observed) {
            // It may have its password changed in the next moment, and another one is not to be begun beside it.
            Judgement::NotDone(seen) if failure.kind == FailureKind::Unended && rotates(step) => {
                Judgement::Unclear(format!("{}; {seen}", failure.message))
            }
            judgement => judgement,
        };
        self.judged(step.id(), judgement.clone(), observed)?;
        Ok(match judgement {
            Judgement::Done(_) => {
                if let Action::RotatePassword { account } = &step.action {
                    self.saw_rotated(account);
                }
                Attempt::Done
            }
            Judgement::NotDone(_) => Attempt::Failed(failure),
            Judgement::Unclear(why) => Attempt::Unclear(why),
        })
    }
}

fn rotates(step: &Step) -> bool {
    matches!(step.action, Action::RotatePassword { .. })
}

/// What an error means. Of a rotation the account tells, whatever was said: one that failed after its last server has
/// changed the password all the same.
fn failed(step: &Step, before: &Observation, after: &Observation, error: &TargetError) -> Failure {
    let failure = Failure::from(error);
    if rotates(step)
        && failure.kind.nothing_happened()
        && !matches!(judge(&step.action, before, after), Judgement::NotDone(_))
    {
        return Failure { kind: FailureKind::OutcomeUnknown, ..failure };
    }
    failure
}
