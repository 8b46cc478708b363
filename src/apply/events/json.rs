//! Events to their wire type.

use super::{Event, What};
use crate::apply::journal::{Failure, Judgement, Refusal};
use crate::apply::outcome::{Report, Status};
use crate::apply::windows::Opening;
use crate::model::SiteName;
use crate::plan::{Step, StepId, commands};
use crate::wire::events as wire;
use crate::wire::journal;
use std::time::Duration;

impl From<&Event> for wire::Event {
    fn from(event: &Event) -> Self {
        Self { at: event.at, what: (&event.what).into() }
    }
}

impl From<&What> for wire::What {
    fn from(what: &What) -> Self {
        match what {
            What::LockLeftBehind(holder) => Self::LockLeftBehind { holder: holder.into() },
            What::RunAbandoned(run) => Self::RunAbandoned { run: run.to_string() },
            What::RunStarted { resumed, report } => Self::RunStarted {
                run: report.run.as_ref().map(ToString::to_string),
                resumed: *resumed,
                steps: report.steps.len(),
                done: report.done(),
            },
            What::StepJudged { step, judgement } => judged(step, judgement),
            What::BatchStarted { pool, kind, number, steps } => {
                let (pool, kind, number) = (pool.to_string(), (*kind).into(), *number);
                Self::BatchStarted { pool, kind, number, steps: texts(steps) }
            }
            What::StepRetried { step, why, delay } => {
                Self::StepRetried { step: step.to_string(), why: why.clone(), milliseconds: milliseconds(*delay) }
            }
            What::StepsAdded { account, steps } => {
                Self::StepsAdded { account: account.to_string(), steps: steps.iter().map(id).collect() }
            }
            What::ServersUnread { account, why } => {
                Self::ServersUnread { account: account.to_string(), why: why.clone() }
            }
            What::EnableTopologyWithheld { step } => {
                Self::EnableTopologyWithheld { step: id(step), commands: commands(&step.action) }
            }
            What::WindowClosed { sites, opening } => closed(sites, opening.as_ref()),
            What::RunEnded { ending, why, report } => Self::RunEnded {
                run: report.run.as_ref().map(ToString::to_string),
                ending: (*ending).into(),
                why: why.clone(),
                steps: report.into(),
            },
            What::Verified(plan) => Self::Verified {
                steps: plan.steps.iter().map(id).collect(),
                errors: plan.errors(),
                undeclared: plan.undeclared(),
                unreadable: plan.unreadable.len(),
            },
            What::StepStarted { step, attempt } => {
                Self::StepStarted { step: id(step), subject: (&step.subject).into(), attempt: *attempt }
            }
            What::StepDone { step, took } => Self::StepDone {
                step: id(step),
                subject: (&step.subject).into(),
                milliseconds: milliseconds(took.unsigned_abs()),
            },
            What::StepFailed { step, failure } => failed(step, failure),
            What::StepRefused { step, refusal } => refused(step, refusal),
            What::StepLeft { step, why } => {
                Self::StepLeft { step: id(step), subject: (&step.subject).into(), why: why.clone() }
            }
        }
    }
}

fn judged(step: &StepId, judgement: &Judgement) -> wire::What {
    let (judgement, why) = match judgement {
        Judgement::Done(why) => (journal::Judgement::Done, why),
        Judgement::NotDone(why) => (journal::Judgement::NotDone, why),
        Judgement::Unclear(why) => (journal::Judgement::Unclear, why),
    };
    wire::What::StepJudged { step: step.to_string(), judgement, why: why.clone() }
}

fn failed(step: &Step, failure: &Failure) -> wire::What {
    wire::What::StepFailed {
        step: id(step),
        subject: (&step.subject).into(),
        kind: failure.kind.into(),
        id: failure.id.clone(),
        message: failure.message.clone(),
    }
}

fn refused(step: &Step, refusal: &Refusal) -> wire::What {
    let (refusal, why) = match refusal {
        Refusal::Stale(why) => (journal::Refusal::Stale, why),
        Refusal::Unread(why) => (journal::Refusal::Unread, why),
    };
    wire::What::StepRefused { step: id(step), subject: (&step.subject).into(), refusal, why: why.clone() }
}

fn closed(sites: &[SiteName], opening: Option<&Opening>) -> wire::What {
    wire::What::WindowClosed {
        sites: texts(sites),
        opens: opening.map(|opening| opening.at),
        time_zone: opening.and_then(|opening| opening.zone.iana_name().map(str::to_owned)),
    }
}

impl From<&Report> for wire::Counts {
    fn from(report: &Report) -> Self {
        let mut counts = Self::default();
        for step in &report.steps {
            *match &step.status {
                Status::Done => &mut counts.done,
                Status::Failed(_) | Status::Unclear(_) => &mut counts.failed,
                Status::Refused(Refusal::Stale(_)) => &mut counts.stale,
                Status::Refused(Refusal::Unread(_)) => &mut counts.unread,
                Status::Left(_) => &mut counts.left,
                Status::NotBegun | Status::Withheld => &mut counts.not_begun,
            } += 1;
        }
        counts
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn id(step: &Step) -> String {
    step.id().to_string()
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
