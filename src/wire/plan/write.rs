//! Plan to JSON.

use super::{
    Action, Change, ChangeAction, Consent, Deployment, EnableTopology, ExtendedProtection, FORMAT_VERSION, Finding,
    Health, KindCount, Layer, LocationChange, Need, Observed, Plan, PoolHealth, Predicate, Property, PropertyChange,
    Reason, RunOn, Scope, Settings, Severity, Step, StepKind, Subject, Summary, Unreadable,
};
use crate::model::{self, Digesting, Provider, Setting};
use crate::{codes, plan};
use rayon::prelude::*;
use std::io::{self, BufWriter, Write};

/// How many bytes are written at a time.
const PIECE: usize = 64 * 1024;

impl Plan {
    /// SHA-256 of the plan without its digest.
    pub(super) fn computed_digest(&self) -> Result<String, serde_json::Error> {
        if !self.digest.is_empty() {
            return Self { digest: String::new(), ..self.clone() }.computed_digest();
        }
        // serde_json writes every token by itself.
        let mut gathered = BufWriter::with_capacity(PIECE, Digesting::default());
        serde_json::to_writer(&mut gathered, self)?;
        let digesting = gathered.into_inner().map_err(|error| serde_json::Error::io(error.into_error()))?;
        Ok(digesting.finish().to_string())
    }

    /// The JSON text, with a line break at its end.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Writes that text piece by piece, each of them text by itself.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl TryFrom<&plan::Plan> for Plan {
    /// Writing JSON into memory does not fail; the type keeps the caller honest.
    type Error = serde_json::Error;

    fn try_from(plan: &plan::Plan) -> Result<Self, serde_json::Error> {
        let mut written = Self {
            format_version: FORMAT_VERSION.to_owned(),
            tool: concat!("cskerb ", env!("CARGO_PKG_VERSION")).to_owned(),
            deployment: Deployment { file: plan.deployment.source.clone(), digest: plan.deployment.digest.clone() },
            observed: Observed {
                source: plan.observed.source.clone(),
                collected_at: plan.collected_at.as_ref().map(ToString::to_string),
                digest: plan.observed.digest.clone(),
            },
            scope: Scope::from(&plan.scope),
            complete: plan.complete(),
            unreadable: plan.unreadable.iter().map(Unreadable::from).collect(),
            findings: plan.findings.iter().map(Finding::from).collect(),
            changes: plan.changes.par_iter().map(Change::from).collect(),
            steps: plan.steps.par_iter().map(Step::from).collect(),
            enable_topology: EnableTopology::from(&plan.enable_topology),
            summary: Summary::from(&plan.summary),
            digest: String::new(),
        };
        written.digest = written.computed_digest()?;
        Ok(written)
    }
}

fn texts<T: ToString>(names: impl IntoIterator<Item = T>) -> Vec<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

impl From<&plan::Scope> for Scope {
    fn from(scope: &plan::Scope) -> Self {
        Self { sites: texts(&scope.sites), pools: texts(&scope.pools), servers: texts(&scope.servers) }
    }
}

impl From<&plan::Unreadable> for Unreadable {
    fn from(entry: &plan::Unreadable) -> Self {
        Self { subject: (&entry.subject).into(), layer: entry.layer.into(), cause: entry.cause.clone() }
    }
}

impl From<&plan::Finding> for Finding {
    fn from(finding: &plan::Finding) -> Self {
        Self {
            code: finding.code.slug().to_owned(),
            severity: finding.severity.into(),
            subject: (&finding.subject).into(),
            message: finding.message.clone(),
            hint: finding.hint.clone(),
        }
    }
}

impl From<&plan::Change> for Change {
    fn from(change: &plan::Change) -> Self {
        let property = |property: &plan::PropertyChange| PropertyChange {
            name: property.name.into(),
            before: property.before.clone(),
            after: property.after.clone(),
        };
        Self {
            subject: (&change.subject).into(),
            layer: change.layer.into(),
            action: change.action.into(),
            properties: change.properties.iter().map(property).collect(),
        }
    }
}

impl From<&plan::Step> for Step {
    fn from(step: &plan::Step) -> Self {
        Self {
            id: step.id().to_string(),
            subject: (&step.subject).into(),
            action: (&step.action).into(),
            commands: plan::commands(&step.action),
            run_on: match &step.run_on {
                plan::RunOn::ManagementShell => RunOn::ManagementShell {},
                plan::RunOn::Server(server) => RunOn::Server { server: server.to_string() },
            },
            after: texts(&step.after),
            because: step.because.clone(),
            disrupts: step.disrupts.clone(),
            consent: step.consent.map(Consent::from),
            preconditions: step.preconditions.iter().map(Predicate::from).collect(),
            sites: texts(&step.touches),
        }
    }
}

impl From<&plan::Action> for Action {
    fn from(action: &plan::Action) -> Self {
        match action {
            plan::Action::CreateAccount { account, container } => Self::CreateAccount {
                account: account.to_string(),
                container: container.as_ref().map(ToString::to_string),
            },
            plan::Action::AssignAccount { site, account } => {
                Self::AssignAccount { site: site.to_string(), account: account.to_string() }
            }
            plan::Action::ReassignAccount { site, from, to } => {
                Self::ReassignAccount { site: site.to_string(), from: from.to_string(), to: to.to_string() }
            }
            plan::Action::UnassignAccount { site, from } => {
                Self::UnassignAccount { site: site.to_string(), from: from.to_string() }
            }
            plan::Action::EnableTopology { signature } => Self::EnableTopology { signature: signature.clone() },
            plan::Action::RemoveSpn { spn, holder } => {
                Self::RemoveSpn { spn: spn.to_string(), holder: holder.to_string() }
            }
            plan::Action::AddSpn { spn, account } => {
                Self::AddSpn { spn: spn.to_string(), account: account.to_string() }
            }
            plan::Action::RotatePassword { account } => Self::RotatePassword { account: account.to_string() },
            plan::Action::CopyConfiguration { account, from, to } => {
                Self::CopyConfiguration { account: account.to_string(), from: from.to_string(), to: to.to_string() }
            }
            plan::Action::SetIis { server, locations } => Self::SetIis {
                server: server.to_string(),
                locations: locations.iter().map(LocationChange::from).collect(),
            },
            plan::Action::TestAssignment { site } => Self::TestAssignment { site: site.to_string() },
        }
    }
}

impl From<&plan::LocationChange> for LocationChange {
    fn from(change: &plan::LocationChange) -> Self {
        Self {
            location: change.location.to_string(),
            before: change.settings.iter().map(|setting| &setting.before).collect(),
            after: change.settings.iter().map(|setting| &setting.after).collect(),
        }
    }
}

impl<'s> FromIterator<&'s Setting> for Settings {
    fn from_iter<I: IntoIterator<Item = &'s Setting>>(settings: I) -> Self {
        let mut written = Self::default();
        for setting in settings {
            match setting {
                Setting::Enabled(on) => written.enabled = Some(*on),
                Setting::UseKernelMode(on) => written.use_kernel_mode = Some(*on),
                Setting::UseAppPoolCredentials(on) => written.use_app_pool_credentials = Some(*on),
                Setting::Providers(providers) => {
                    written.providers = Some(texts(providers.iter().map(Provider::as_str)));
                }
                Setting::ExtendedProtection(checking) => {
                    written.extended_protection = Some((*checking).into());
                }
            }
        }
        written
    }
}

impl From<&plan::Predicate> for Predicate {
    fn from(predicate: &plan::Predicate) -> Self {
        use plan::Predicate as From;
        match predicate {
            From::AssignmentIs { site, account } => {
                Self::AssignmentIs { site: site.to_string(), account: account.as_ref().map(ToString::to_string) }
            }
            From::AccountAbsent { account } => Self::AccountAbsent { account: account.to_string() },
            From::AccountUsable { account } => Self::AccountUsable { account: account.to_string() },
            From::AssignedOnlyTo { account, sites } => Self::AssignedOnlyTo {
                account: account.to_string(),
                sites: sites.iter().map(ToString::to_string).collect(),
            },
            From::PasswordSetAt { account, at } => {
                Self::PasswordSetAt { account: account.to_string(), at: at.as_ref().map(ToString::to_string) }
            }
            From::SpnHeldBy { spn, holders } => Self::SpnHeldBy { spn: spn.to_string(), holders: texts(holders) },
            From::ValidFor { server, account } => {
                Self::ValidFor { server: server.to_string(), account: account.to_string() }
            }
            From::NotValidFor { server, account } => {
                Self::NotValidFor { server: server.to_string(), account: account.to_string() }
            }
            From::LocationIs { server, location, settings } => Self::LocationIs {
                server: server.to_string(),
                location: location.to_string(),
                settings: settings.iter().collect(),
            },
            From::TopologySignatureIs { signature } => Self::TopologySignatureIs { signature: signature.clone() },
        }
    }
}

impl From<&plan::EnableTopology> for EnableTopology {
    fn from(verdict: &plan::EnableTopology) -> Self {
        Self {
            need: verdict.need.into(),
            because: verdict.because.iter().map(Reason::from).collect(),
            warning: verdict.warning.clone(),
        }
    }
}

impl From<&plan::Reason> for Reason {
    fn from(reason: &plan::Reason) -> Self {
        let (step, finding, subject) = match &reason.trigger {
            plan::Trigger::Step(id) => (Some(id.to_string()), None, None),
            plan::Trigger::Finding(code, subject) => (None, Some(code.slug().to_owned()), Some(subject.into())),
        };
        let account = reason.concerns.as_ref().map(ToString::to_string);
        Self { step, finding, subject, account, reason: reason.text.clone() }
    }
}

impl From<&plan::Summary> for Summary {
    fn from(summary: &plan::Summary) -> Self {
        let pool = |pool: &plan::PoolHealth| PoolHealth {
            site: pool.site.to_string(),
            pool: pool.pool.to_string(),
            servers: Health {
                valid: pool.valid,
                invalid: pool.invalid,
                pending: pool.pending,
                unreadable: pool.unreadable,
            },
        };
        Self {
            steps: summary
                .steps
                .iter()
                .map(|(kind, count)| KindCount { kind: (*kind).into(), count: *count })
                .collect(),
            servers: Health {
                valid: summary.total(|pool| pool.valid),
                invalid: summary.total(|pool| pool.invalid),
                pending: summary.total(|pool| pool.pending),
                unreadable: summary.total(|pool| pool.unreadable),
            },
            pools: summary.pools.iter().map(pool).collect(),
        }
    }
}

impl From<&plan::Subject> for Subject {
    fn from(subject: &plan::Subject) -> Self {
        use plan::Subject as From;
        match subject {
            From::Topology => Self::Topology {},
            From::Assignments => Self::Assignments {},
            From::WebServices => Self::WebServices {},
            From::Directory => Self::Directory {},
            From::Snapshot => Self::Snapshot {},
            From::Account(account) => Self::Account { account: account.to_string() },
            From::Spn { spn, of } => Self::Spn {
                spn: spn.to_string(),
                site: of.as_ref().map(|(site, _)| site.to_string()),
                pool: of.as_ref().map(|(_, pool)| pool.to_string()),
            },
            From::Site(site) => Self::Site { site: site.to_string() },
            From::Pool(site, pool) => Self::Pool { site: site.to_string(), pool: pool.to_string() },
            From::Server(site, pool, server) => {
                Self::Server { site: site.to_string(), pool: pool.to_string(), server: server.to_string() }
            }
            From::Location(site, pool, server, location) => Self::Location {
                site: site.to_string(),
                pool: pool.to_string(),
                server: server.to_string(),
                location: location.to_string(),
            },
        }
    }
}

/// Pairs of an enum of the plan and its twin here, both ways.
macro_rules! twins {
    ($($from:path => $to:ident { $($variant:ident),* })*) => {
        $(
            impl From<$from> for $to {
                fn from(value: $from) -> Self {
                    match value { $(<$from>::$variant => Self::$variant),* }
                }
            }

            impl From<$to> for $from {
                fn from(value: $to) -> Self {
                    match value { $($to::$variant => Self::$variant),* }
                }
            }
        )*
    };
}

twins! {
    plan::Layer => Layer { Assignment, Directory, Iis, Kerberos }
    plan::Consent => Consent { Rotation, Reassignment, Unassignment }
    plan::Property => Property {
        Account, ComputerAccount, Holder, Password, Configuration, Enabled, UseKernelMode, UseAppPoolCredentials,
        Providers, ExtendedProtection
    }
    plan::ChangeAction => ChangeAction { Create, Update, Delete }
    plan::Need => Need { Required, Advisory, NotRequired }
    codes::Severity => Severity { Note, Warning, Error }
    model::ExtendedProtection => ExtendedProtection { None, Allow, Require }
    plan::StepKind => StepKind {
        CreateAccount, AssignAccount, ReassignAccount, UnassignAccount, EnableTopology, RemoveSpn, AddSpn,
        RotatePassword, CopyConfiguration, SetIis, TestAssignment
    }
}
