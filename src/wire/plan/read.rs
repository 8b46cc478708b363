//! JSON to plan: every name is parsed again, and what does not fit together is refused.

use super::{
    Action, Change, EnableTopology, FORMAT_VERSION, Finding, LocationChange, Plan, Predicate, PropertyChange, Reason,
    RunOn, Settings, Step, Subject, Summary, Unreadable,
};
use crate::model::{self, NameError, Origin, Principal, Provider, Setting, SettingChange};
use crate::{codes, plan};
use std::str::FromStr;
use thiserror::Error;

/// Why a plan file is refused.
#[derive(Debug, Error)]
pub enum PlanError {
    /// Not JSON, cut off, or not of this format.
    #[error("line {}, column {}: the plan cannot be read: {}", .0.line(), .0.column(), describe(.0))]
    Json(serde_json::Error),
    /// A format version that this program does not know.
    #[error(
        "the plan is of formatVersion {0:?}, and this program reads {FORMAT_VERSION:?}; make the plan anew with this version"
    )]
    FormatVersion(String),
    /// Something in it was changed after it was written.
    #[error("the plan was changed after cskerb wrote it (its digest does not fit); make the plan anew")]
    Edited,
    /// The commands shown do not follow from the arguments.
    #[error("step {id}: its commands do not follow from its arguments; make the plan anew")]
    Commands {
        /// The step.
        id: String,
    },
    /// A step's id, the ids it waits for, or their order do not fit.
    #[error("step {id}: {why}; make the plan anew")]
    Order {
        /// The step.
        id: String,
        /// What does not fit.
        why: &'static str,
    },
    /// A name that is none.
    #[error("{text:?} is not a name: {source}; make the plan anew")]
    Name {
        /// The text.
        text: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// A moment that is none, or a code that does not exist.
    #[error("{text:?} is not {expected}; make the plan anew")]
    Value {
        /// The text.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// serde_json's own words without the place, which stands in front.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versioned {
    format_version: String,
}

/// Reads a plan that this program wrote.
pub fn read(json: &str) -> Result<plan::Plan, PlanError> {
    let versioned: Versioned = serde_json::from_str(json).map_err(PlanError::Json)?;
    if versioned.format_version != FORMAT_VERSION {
        return Err(PlanError::FormatVersion(versioned.format_version));
    }
    let written: Plan = serde_json::from_str(json).map_err(PlanError::Json)?;
    let given: serde_json::Value = serde_json::from_str(json).map_err(PlanError::Json)?;
    let understood = serde_json::to_value(&written).map_err(PlanError::Json)?;
    if written.computed_digest().map_err(PlanError::Json)? != written.digest || given != understood {
        return Err(PlanError::Edited);
    }
    let mut steps: Vec<plan::Step> = Vec::with_capacity(written.steps.len());
    let mut seen = std::collections::HashSet::new();
    for step in &written.steps {
        let typed = plan::Step::try_from(step)?;
        let order = |why| PlanError::Order { id: step.id.clone(), why };
        if plan::commands(&typed.action) != step.commands {
            return Err(PlanError::Commands { id: step.id.clone() });
        }
        if typed.id().as_str() != step.id {
            return Err(order("its id does not follow from its arguments"));
        }
        if !step.after.iter().all(|id| seen.contains(id.as_str())) {
            return Err(order("a step it waits for does not stand before it"));
        }
        if !seen.insert(step.id.as_str()) {
            return Err(order("it stands twice"));
        }
        steps.push(typed);
    }
    Ok(plan::Plan {
        deployment: Origin { source: written.deployment.file, digest: written.deployment.digest },
        observed: Origin { source: written.observed.source, digest: written.observed.digest },
        collected_at: written.observed.collected_at.as_deref().map(moment).transpose()?,
        scope: plan::Scope {
            sites: names(&written.scope.sites)?,
            pools: names(&written.scope.pools)?,
            servers: names(&written.scope.servers)?,
        },
        unreadable: all(&written.unreadable)?,
        findings: all(&written.findings)?,
        changes: all(&written.changes)?,
        steps,
        enable_topology: (&written.enable_topology).try_into()?,
        summary: (&written.summary).try_into()?,
    })
}

fn name<N: FromStr<Err = NameError>>(text: &str) -> Result<N, PlanError> {
    text.parse().map_err(|source| PlanError::Name { text: text.to_owned(), source })
}

fn names<N: FromStr<Err = NameError>, C: FromIterator<N>>(texts: &[String]) -> Result<C, PlanError> {
    texts.iter().map(|text| name(text)).collect()
}

fn moment(text: &str) -> Result<jiff::Timestamp, PlanError> {
    text.parse()
        .map_err(|_| PlanError::Value { text: text.to_owned(), expected: "a moment such as 2026-01-31T22:00:00Z" })
}

fn all<'s, S, T: TryFrom<&'s S, Error = PlanError>>(entries: &'s [S]) -> Result<Vec<T>, PlanError> {
    entries.iter().map(T::try_from).collect()
}

fn code(text: &str) -> Result<codes::Code, PlanError> {
    text.parse().map_err(|()| PlanError::Value { text: text.to_owned(), expected: "a code of this program" })
}

impl TryFrom<&Unreadable> for plan::Unreadable {
    type Error = PlanError;

    fn try_from(entry: &Unreadable) -> Result<Self, PlanError> {
        Ok(Self { subject: (&entry.subject).try_into()?, layer: entry.layer.into(), cause: entry.cause.clone() })
    }
}

impl TryFrom<&Finding> for plan::Finding {
    type Error = PlanError;

    fn try_from(finding: &Finding) -> Result<Self, PlanError> {
        Ok(Self {
            code: code(&finding.code)?,
            severity: finding.severity.into(),
            subject: (&finding.subject).try_into()?,
            message: finding.message.clone(),
            hint: finding.hint.clone(),
        })
    }
}

impl TryFrom<&Change> for plan::Change {
    type Error = PlanError;

    fn try_from(change: &Change) -> Result<Self, PlanError> {
        let property = |property: &PropertyChange| plan::PropertyChange {
            name: property.name.into(),
            before: property.before.clone(),
            after: property.after.clone(),
        };
        Ok(Self {
            subject: (&change.subject).try_into()?,
            layer: change.layer.into(),
            action: change.action.into(),
            properties: change.properties.iter().map(property).collect(),
        })
    }
}

impl TryFrom<&Step> for plan::Step {
    type Error = PlanError;

    fn try_from(step: &Step) -> Result<Self, PlanError> {
        Ok(Self {
            action: (&step.action).try_into()?,
            subject: (&step.subject).try_into()?,
            run_on: match &step.run_on {
                RunOn::ManagementShell {} => plan::RunOn::ManagementShell,
                RunOn::Server { server } => plan::RunOn::Server(name(server)?),
            },
            after: step.after.iter().map(|id| plan::StepId(id.clone())).collect(),
            because: step.because.clone(),
            disrupts: step.disrupts.clone(),
            consent: step.consent.map(Into::into),
            preconditions: all(&step.preconditions)?,
            touches: names(&step.sites)?,
        })
    }
}

impl TryFrom<&Action> for plan::Action {
    type Error = PlanError;

    fn try_from(action: &Action) -> Result<Self, PlanError> {
        Ok(match action {
            Action::CreateAccount { account, container } => {
                Self::CreateAccount { account: name(account)?, container: container.as_deref().map(name).transpose()? }
            }
            Action::AssignAccount { site, account } => {
                Self::AssignAccount { site: name(site)?, account: name(account)? }
            }
            Action::ReassignAccount { site, from, to } => {
                Self::ReassignAccount { site: name(site)?, from: name(from)?, to: name(to)? }
            }
            Action::UnassignAccount { site, from } => Self::UnassignAccount { site: name(site)?, from: name(from)? },
            Action::EnableTopology { signature } => Self::EnableTopology { signature: signature.clone() },
            Action::RemoveSpn { spn, holder } => Self::RemoveSpn { spn: name(spn)?, holder: Principal::new(holder) },
            Action::AddSpn { spn, account } => Self::AddSpn { spn: name(spn)?, account: name(account)? },
            Action::RotatePassword { account } => Self::RotatePassword { account: name(account)? },
            Action::CopyConfiguration { account, from, to } => {
                Self::CopyConfiguration { account: name(account)?, from: name(from)?, to: name(to)? }
            }
            Action::SetIis { server, locations } => Self::SetIis { server: name(server)?, locations: all(locations)? },
            Action::TestAssignment { site } => Self::TestAssignment { site: name(site)? },
        })
    }
}

impl TryFrom<&LocationChange> for plan::LocationChange {
    type Error = PlanError;

    fn try_from(change: &LocationChange) -> Result<Self, PlanError> {
        let (before, after) = (settings(&change.before), settings(&change.after));
        let same = before.len() == after.len() && before.iter().zip(&after).all(|(b, a)| b.name() == a.name());
        if !same {
            return Err(PlanError::Value {
                text: change.location.clone(),
                expected: "a location with the same settings before and after",
            });
        }
        let settings = before.into_iter().zip(after).map(|(before, after)| SettingChange { before, after });
        Ok(Self { location: name(&change.location)?, settings: settings.collect() })
    }
}

/// The settings that are spoken of, in the order of the format.
pub(crate) fn settings(written: &Settings) -> Vec<Setting> {
    let providers = |names: &Vec<String>| names.iter().map(|name| Provider::from_name(name)).collect();
    let checking = written.extended_protection.map(model::ExtendedProtection::from);
    [
        written.enabled.map(Setting::Enabled),
        written.use_kernel_mode.map(Setting::UseKernelMode),
        written.use_app_pool_credentials.map(Setting::UseAppPoolCredentials),
        written.providers.as_ref().map(providers).map(Setting::Providers),
        checking.map(Setting::ExtendedProtection),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl TryFrom<&Predicate> for plan::Predicate {
    type Error = PlanError;

    fn try_from(predicate: &Predicate) -> Result<Self, PlanError> {
        Ok(match predicate {
            Predicate::AssignmentIs { site, account } => {
                Self::AssignmentIs { site: name(site)?, account: account.as_deref().map(name).transpose()? }
            }
            Predicate::AccountAbsent { account } => Self::AccountAbsent { account: name(account)? },
            Predicate::AccountUsable { account } => Self::AccountUsable { account: name(account)? },
            Predicate::AssignedOnlyTo { account, sites } => Self::AssignedOnlyTo {
                account: name(account)?,
                sites: sites.iter().map(|site| name(site)).collect::<Result<_, _>>()?,
            },
            Predicate::PasswordSetAt { account, at } => {
                Self::PasswordSetAt { account: name(account)?, at: at.as_deref().map(moment).transpose()? }
            }
            Predicate::SpnHeldBy { spn, holders } => {
                Self::SpnHeldBy { spn: name(spn)?, holders: holders.iter().map(|text| Principal::new(text)).collect() }
            }
            Predicate::ValidFor { server, account } => {
                Self::ValidFor { server: name(server)?, account: name(account)? }
            }
            Predicate::NotValidFor { server, account } => {
                Self::NotValidFor { server: name(server)?, account: name(account)? }
            }
            Predicate::LocationIs { server, location, settings: written } => {
                Self::LocationIs { server: name(server)?, location: name(location)?, settings: settings(written) }
            }
            Predicate::TopologySignatureIs { signature } => Self::TopologySignatureIs { signature: signature.clone() },
        })
    }
}

impl TryFrom<&EnableTopology> for plan::EnableTopology {
    type Error = PlanError;

    fn try_from(verdict: &EnableTopology) -> Result<Self, PlanError> {
        Ok(Self { need: verdict.need.into(), because: all(&verdict.because)?, warning: verdict.warning.clone() })
    }
}

impl TryFrom<&Reason> for plan::Reason {
    type Error = PlanError;

    fn try_from(reason: &Reason) -> Result<Self, PlanError> {
        let trigger = match (&reason.step, &reason.finding, &reason.subject) {
            (Some(step), None, None) => plan::Trigger::Step(plan::StepId(step.clone())),
            (None, Some(finding), Some(subject)) => plan::Trigger::Finding(code(finding)?, subject.try_into()?),
            _ => {
                let expected = "a reason with either a step, or a finding and its subject";
                return Err(PlanError::Value { text: reason.reason.clone(), expected });
            }
        };
        let concerns = reason.account.as_deref().map(name).transpose()?;
        Ok(Self { trigger, text: reason.reason.clone(), concerns })
    }
}

impl TryFrom<&Summary> for plan::Summary {
    type Error = PlanError;

    fn try_from(summary: &Summary) -> Result<Self, PlanError> {
        let pool = |pool: &super::PoolHealth| {
            Ok(plan::PoolHealth {
                site: name(&pool.site)?,
                pool: name(&pool.pool)?,
                valid: pool.servers.valid,
                invalid: pool.servers.invalid,
                pending: pool.servers.pending,
                unreadable: pool.servers.unreadable,
            })
        };
        Ok(Self {
            steps: summary.steps.iter().map(|entry| (entry.kind.into(), entry.count)).collect(),
            pools: summary.pools.iter().map(pool).collect::<Result<_, PlanError>>()?,
        })
    }
}

impl TryFrom<&Subject> for plan::Subject {
    type Error = PlanError;

    fn try_from(subject: &Subject) -> Result<Self, PlanError> {
        Ok(match subject {
            Subject::Topology {} => Self::Topology,
            Subject::Assignments {} => Self::Assignments,
            Subject::WebServices {} => Self::WebServices,
            Subject::Directory {} => Self::Directory,
            Subject::Snapshot {} => Self::Snapshot,
            Subject::Account { account } => Self::Account(name(account)?),
            Subject::Spn { spn, site, pool } => Self::Spn {
                spn: name(spn)?,
                of: match (site, pool) {
                    (Some(site), Some(pool)) => Some((name(site)?, name(pool)?)),
                    _ => None,
                },
            },
            Subject::Site { site } => Self::Site(name(site)?),
            Subject::Pool { site, pool } => Self::Pool(name(site)?, name(pool)?),
            Subject::Server { site, pool, server } => Self::Server(name(site)?, name(pool)?, name(server)?),
            Subject::Location { site, pool, server, location } => {
                Self::Location(name(site)?, name(pool)?, name(server)?, name(location)?)
            }
        })
    }
}
