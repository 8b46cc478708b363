//! Journal entries to their wire types and back.

use super::entry::{EnableTopology, Ending, Entry, Failure, FailureKind, Judgement, Refusal, Session};
use super::{JournalError, RunId};
use crate::apply::consent::Allowance;
use crate::apply::lock::Holder;
use crate::apply::operator::Operator;
use crate::apply::target::Observation;
use crate::model::{NameError, Principal, Verdict};
use crate::plan::{StepId, commands};
use crate::wire::journal as wire;
use crate::wire::plan::settings;
use jiff::SignedDuration;
use std::collections::BTreeSet;

impl From<&Operator> for wire::Operator {
    fn from(operator: &Operator) -> Self {
        Self { user: operator.user.clone(), host: operator.host.clone(), pid: operator.pid }
    }
}

impl From<wire::Operator> for Operator {
    fn from(operator: wire::Operator) -> Self {
        Self { user: operator.user, host: operator.host, pid: operator.pid }
    }
}

impl From<&Holder> for wire::Holder {
    fn from(holder: &Holder) -> Self {
        Self { operator: (&holder.operator).into(), since: holder.since, plan: holder.plan.clone() }
    }
}

impl From<wire::Holder> for Holder {
    fn from(holder: wire::Holder) -> Self {
        Self { operator: holder.operator.into(), since: holder.since, plan: holder.plan }
    }
}

impl From<&Session> for wire::Session {
    fn from(session: &Session) -> Self {
        Self {
            operator: (&session.operator).into(),
            tool: session.tool.clone(),
            consents: session.consents.iter().map(ToString::to_string).collect(),
            enable_topology: session.enable_topology.into(),
            outside_window: session.outside_window.clone(),
            parallel: session.parallel,
            max_failures: session.max_failures,
        }
    }
}

impl TryFrom<wire::Session> for Session {
    type Error = JournalError;

    fn try_from(session: wire::Session) -> Result<Self, JournalError> {
        let consents: Result<BTreeSet<Allowance>, _> = session.consents.iter().map(|text| text.parse()).collect();
        Ok(Self {
            operator: session.operator.into(),
            tool: session.tool,
            consents: consents.map_err(|error| JournalError::Value(error.to_string()))?,
            enable_topology: session.enable_topology.into(),
            outside_window: session.outside_window,
            parallel: session.parallel,
            max_failures: session.max_failures,
        })
    }
}

impl From<&Entry> for wire::Entry {
    fn from(entry: &Entry) -> Self {
        match entry {
            Entry::RunStarted { at, run, target, plan, undoes, session } => Self::RunStarted {
                format_version: wire::FORMAT_VERSION.to_owned(),
                at: *at,
                run: run.to_string(),
                target: target.clone(),
                plan: plan.clone(),
                undoes: undoes.as_ref().map(ToString::to_string),
                session: session.into(),
            },
            Entry::RunResumed { at, session } => Self::RunResumed { at: *at, session: session.into() },
            Entry::StepBegun { at, step, attempt, action, before } => Self::StepBegun {
                at: *at,
                step: step.to_string(),
                attempt: *attempt,
                action: action.into(),
                commands: commands(action),
                before: before.into(),
            },
            Entry::StepEnded { at, step, attempt, took, result, after } => Self::StepEnded {
                at: *at,
                step: step.to_string(),
                attempt: *attempt,
                milliseconds: u64::try_from(took.as_millis()).unwrap_or(0),
                result: match result {
                    Ok(()) => wire::StepResult::Done {},
                    Err(failure) => failure.into(),
                },
                after: after.into(),
            },
            Entry::StepJudged { at, step, judgement, observed } => {
                let (judgement, why) = match judgement {
                    Judgement::Done(why) => (wire::Judgement::Done, why),
                    Judgement::NotDone(why) => (wire::Judgement::NotDone, why),
                    Judgement::Unclear(why) => (wire::Judgement::Unclear, why),
                };
                let (step, why) = (step.to_string(), why.clone());
                Self::StepJudged { at: *at, step, judgement, why, observed: observed.into() }
            }
            Entry::StepRefused { at, step, refusal } => {
                let (refusal, why) = match refusal {
                    Refusal::Stale(why) => (wire::Refusal::Stale, why),
                    Refusal::Unread(why) => (wire::Refusal::Unread, why),
                };
                Self::StepRefused { at: *at, step: step.to_string(), refusal, why: why.clone() }
            }
            Entry::StepLeft { at, step, why } => Self::StepLeft { at: *at, step: step.to_string(), why: why.clone() },
            Entry::RunEnded { at, ending, why, operator } => {
                Self::RunEnded { at: *at, ending: (*ending).into(), why: why.clone(), operator: operator.into() }
            }
        }
    }
}

impl TryFrom<wire::Entry> for Entry {
    type Error = JournalError;

    fn try_from(entry: wire::Entry) -> Result<Self, JournalError> {
        let id = |step: String| StepId(step);
        Ok(match entry {
            wire::Entry::RunStarted { format_version: _, at, run, target, plan, undoes, session } => {
                let undoes = undoes.map(|run| run.parse::<RunId>()).transpose()?;
                Self::RunStarted { at, run: run.parse()?, target, plan, undoes, session: session.try_into()? }
            }
            wire::Entry::RunResumed { at, session } => Self::RunResumed { at, session: session.try_into()? },
            wire::Entry::StepBegun { at, step, attempt, action, commands: _, before } => {
                let action = (&action).try_into().map_err(JournalError::Action)?;
                Self::StepBegun { at, step: id(step), attempt, action, before: before.try_into()? }
            }
            wire::Entry::StepEnded { at, step, attempt, milliseconds, result, after } => Self::StepEnded {
                at,
                step: id(step),
                attempt,
                took: SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX)),
                result: match result {
                    wire::StepResult::Done {} => Ok(()),
                    wire::StepResult::Failed { kind, id, message } => Err(Failure { kind: kind.into(), id, message }),
                },
                after: after.try_into()?,
            },
            wire::Entry::StepJudged { at, step, judgement, why, observed } => {
                let judgement = match judgement {
                    wire::Judgement::Done => Judgement::Done(why),
                    wire::Judgement::NotDone => Judgement::NotDone(why),
                    wire::Judgement::Unclear => Judgement::Unclear(why),
                };
                Self::StepJudged { at, step: id(step), judgement, observed: observed.try_into()? }
            }
            wire::Entry::StepRefused { at, step, refusal, why } => {
                let refusal = match refusal {
                    wire::Refusal::Stale => Refusal::Stale(why),
                    wire::Refusal::Unread => Refusal::Unread(why),
                };
                Self::StepRefused { at, step: id(step), refusal }
            }
            wire::Entry::StepLeft { at, step, why } => Self::StepLeft { at, step: id(step), why },
            wire::Entry::RunEnded { at, ending, why, operator } => {
                Self::RunEnded { at, ending: ending.into(), why, operator: operator.into() }
            }
        })
    }
}

impl From<&Failure> for wire::StepResult {
    fn from(failure: &Failure) -> Self {
        Self::Failed { kind: failure.kind.into(), id: failure.id.clone(), message: failure.message.clone() }
    }
}

impl From<&Observation> for wire::Observation {
    fn from(observation: &Observation) -> Self {
        match observation {
            Observation::Account { exists, password_set_at, key_version, silent } => Self::Account {
                exists: *exists,
                password_set_at: *password_set_at,
                key_version: *key_version,
                silent: silent.clone(),
            },
            Observation::Assignment(account) => Self::Assignment { account: account.as_ref().map(ToString::to_string) },
            Observation::Holders(holders) => {
                Self::Holders { holders: holders.iter().map(ToString::to_string).collect() }
            }
            Observation::Server(verdict) => Self::Server { verdict: (*verdict).into() },
            Observation::Settings(locations) => {
                Self::Settings { locations: locations.iter().map(|settings| settings.iter().collect()).collect() }
            }
            Observation::Topology { spns_in_order, signature } => {
                Self::Topology { spns_in_order: *spns_in_order, signature: signature.clone() }
            }
            Observation::Nothing => Self::Nothing {},
            Observation::Unreadable(why) => Self::Unreadable { why: why.clone() },
        }
    }
}

impl TryFrom<wire::Observation> for Observation {
    type Error = JournalError;

    fn try_from(observation: wire::Observation) -> Result<Self, JournalError> {
        Ok(match observation {
            wire::Observation::Account { exists, password_set_at, key_version, silent } => {
                Self::Account { exists, password_set_at, key_version, silent }
            }
            wire::Observation::Assignment { account } => Self::Assignment(
                account
                    .map(|text| text.parse())
                    .transpose()
                    .map_err(|error: NameError| JournalError::Value(error.to_string()))?,
            ),
            wire::Observation::Holders { holders } => {
                Self::Holders(holders.iter().map(|holder| Principal::new(holder)).collect())
            }
            wire::Observation::Server { verdict } => Self::Server(verdict.into()),
            wire::Observation::Settings { locations } => Self::Settings(locations.iter().map(settings).collect()),
            wire::Observation::Topology { spns_in_order, signature } => Self::Topology { spns_in_order, signature },
            wire::Observation::Nothing {} => Self::Nothing,
            wire::Observation::Unreadable { why } => Self::Unreadable(why),
        })
    }
}

/// Pairs of an enum of the journal and its twin on the wire, both ways.
macro_rules! twins {
    ($($from:path => $to:path { $($variant:ident),* })*) => {
        $(
            impl From<$from> for $to {
                fn from(value: $from) -> Self {
                    match value { $(<$from>::$variant => <$to>::$variant),* }
                }
            }

            impl From<$to> for $from {
                fn from(value: $to) -> Self {
                    match value { $(<$to>::$variant => <$from>::$variant),* }
                }
            }
        )*
    };
}

twins! {
    EnableTopology => wire::EnableTopology { Wait, Run }
    FailureKind => wire::FailureKind { Transient, Refused, OutcomeUnknown, Unended, NoEffect }
    Verdict => wire::Verdict { Valid, Invalid, Unknown }
    Ending => wire::Ending {
        Finished, Failures, Interrupted, WindowClosed, WaitsForEnableTopology, Unclear, Stale, Abandoned
    }
}
