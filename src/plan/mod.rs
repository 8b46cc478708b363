//! Compares what is declared with what was observed, and says what differs, what to do, in which order, and
//! whether Enable-CsTopology must run.
//!
//! One way through: [`plan`] makes a [`Survey`] (who is a target, which account each shall use, what is known of
//! each), asks each layer for its part (topology, accounts, assignments, SPNs, passwords, IIS), narrows what they found
//! to the scope, and puts the steps in order. Servers and accounts are looked at side by side, and kept in their order.
//!
//! **Architecture invariants:** no I/O and no clock: the same inputs give the same plan. A fact that could not be
//! read leads to an entry in [`Plan::unreadable`], never to "no change".

mod accounts;
mod assignments;
mod commands;
mod draft;
mod enable_topology;
mod iis;
mod order;
mod passwords;
mod scope;
mod spns;
#[doc(hidden)]
pub mod stages;
mod status;
mod step;
mod subject;
mod summary;
mod survey;
mod targets;
mod topology;

pub use commands::commands;
pub(crate) use commands::{preview, quote, report_name};
pub use enable_topology::{EnableTopology, Need, Reason, Trigger};
pub use scope::Scope;
pub use status::{
    AccountStanding, AccountStatus, IisStatus, LocationState, LocationStatus, PoolStatus, Presence, ServerStatus,
    SiteStatus, SpnStatus, Status, status,
};
pub use step::{Action, Consent, LocationChange, Predicate, RunOn, Step, StepId, StepKind};
pub use subject::Subject;
pub use summary::{PoolHealth, Summary};
pub use survey::{Invalidity, SETTLING, ServerState, Survey, Target};

use crate::codes::{Allow, Code, Severity};
use crate::model::{AccountName, Actual, Deployment, Origin, Setting};
use jiff::Timestamp;

/// How many servers one processor looks at in one go: fewer would not be worth handing over.
const SHARE: usize = 200;

/// What differs between a deployment and reality, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The deployment file it was made from.
    pub deployment: Origin,
    /// What was observed.
    pub observed: Origin,
    /// When that was collected; `None` where the snapshot does not say.
    pub collected_at: Option<Timestamp>,
    /// What the plan was narrowed to.
    pub scope: Scope,
    /// What it needed and could not read.
    pub unreadable: Vec<Unreadable>,
    /// What is worth saying and no step mends.
    pub findings: Vec<Finding>,
    /// Each difference.
    pub changes: Vec<Change>,
    /// What is to be done, in order.
    pub steps: Vec<Step>,
    /// Whether Enable-CsTopology must run.
    pub enable_topology: EnableTopology,
    /// The counts.
    pub summary: Summary,
}

impl Plan {
    /// Whether everything that the plan needed could be read.
    pub fn complete(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// Whether reality differs from what is declared, as `--detailed-exitcode` counts it: a step, an error finding, a target
    /// that is not declared, or something that is needed and reaches beyond the scope.
    pub fn differs(&self) -> bool {
        let beyond = self.findings.iter().any(|finding| finding.code == Code::OutOfScope);
        !self.steps.is_empty() || self.errors() > 0 || self.undeclared() > 0 || beyond
    }

    /// How many errors it found that no step mends.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// How many sites, pools and servers it found that are not declared.
    pub fn undeclared(&self) -> usize {
        let is_undeclared = |finding: &&Finding| {
            matches!(finding.code, Code::ServerUndeclared | Code::PoolUndeclared | Code::SiteUndeclared)
        };
        self.findings.iter().filter(is_undeclared).count()
    }

    /// Whether all was read that the verdict on Enable-CsTopology rests on: the topology, the assignments and who holds
    /// which SPN, but no server.
    pub fn verdict_is_certain(&self) -> bool {
        let of_a_server = |unread: &Unreadable| {
            matches!(unread.subject, Subject::Server(..) | Subject::Location(..) | Subject::WebServices)
        };
        self.unreadable.iter().all(of_a_server)
    }

    /// The step of that id.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id() == *id)
    }
}

/// Something that the plan needed and could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What it is about.
    pub subject: Subject,
    /// Which layer the fact belongs to.
    pub layer: Layer,
    /// Why, in words.
    pub cause: String,
}

/// Something worth saying that no step mends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What it is, without the subject's name: many subjects may share the words.
    pub message: String,
    /// What to do, where there is something to do.
    pub hint: Option<String>,
}

/// The layers, each of which can be wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The Central Management Store: which account a site has, and the topology.
    Assignment,
    /// Active Directory: the account and its SPNs.
    Directory,
    /// IIS settings.
    Iis,
    /// A server's Kerberos configuration.
    Kerberos,
}

/// What happens to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeAction {
    /// It comes to be.
    Create,
    /// It is changed.
    Update,
    /// It is taken away.
    Delete,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What differs.
    pub subject: Subject,
    /// In which layer.
    pub layer: Layer,
    /// What happens to it.
    pub action: ChangeAction,
    /// Its properties.
    pub properties: Vec<PropertyChange>,
}

/// One property's difference, for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PropertyChange {
    /// Which one.
    pub name: Property,
    /// What it is; `None` where it is not there.
    pub before: Option<String>,
    /// What it shall be; `None` where it goes.
    pub after: Option<String>,
}

/// The properties that changes speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// The account of a site.
    Account,
    /// The computer object of an account, by its container.
    ComputerAccount,
    /// Who holds an SPN.
    Holder,
    /// An account's password, by when it was set.
    Password,
    /// A server's Kerberos configuration.
    Configuration,
    /// `enabled` of `windowsAuthentication`.
    Enabled,
    /// `useKernelMode`.
    UseKernelMode,
    /// `useAppPoolCredentials`.
    UseAppPoolCredentials,
    /// `providers`.
    Providers,
    /// `extendedProtection`.
    ExtendedProtection,
}

impl Property {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::ComputerAccount => "computer account",
            Self::Holder => "holder",
            Self::Password => "password",
            Self::Configuration => "Kerberos configuration",
            Self::Enabled => "enabled",
            Self::UseKernelMode => "useKernelMode",
            Self::UseAppPoolCredentials => "useAppPoolCredentials",
            Self::Providers => "providers",
            Self::ExtendedProtection => "extendedProtection",
        }
    }
}

impl From<&Setting> for Property {
    fn from(setting: &Setting) -> Self {
        match setting {
            Setting::Enabled(_) => Self::Enabled,
            Setting::UseKernelMode(_) => Self::UseKernelMode,
            Setting::UseAppPoolCredentials(_) => Self::UseAppPoolCredentials,
            Setting::Providers(_) => Self::Providers,
            Setting::ExtendedProtection(_) => Self::ExtendedProtection,
        }
    }
}

/// What the operator asks of a plan, beside the file.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What to narrow it to.
    pub scope: Scope,
    /// The rotations asked for, each with its reason.
    pub rotate: Vec<(AccountName, String)>,
    /// The warnings and notes that the file silences.
    pub allow: Vec<Allow>,
}

/// The plan for a deployment, from what was observed.
pub fn plan(deployment: &Deployment, actual: &Actual, request: &Request) -> Plan {
    let survey = Survey::new(deployment, actual);
    let mut draft = compared(&survey, request);
    order::arrange(&survey, &mut draft);
    draft.silence(&request.allow);
    draft.into_plan(&survey, &request.scope)
}

/// What differs and what to do about it, not yet in order.
fn compared(survey: &Survey<'_>, request: &Request) -> draft::Draft {
    let mut draft = draft::Draft::for_servers(survey.targets.len());
    topology::inspect(survey, &mut draft);
    accounts::inspect(survey, &mut draft);
    let decisions = passwords::decide_all(survey, &request.rotate);
    assignments::inspect(survey, &decisions, &mut draft);
    spns::inspect(survey, &mut draft);
    passwords::inspect(survey, &decisions, &request.rotate, &mut draft);
    iis::inspect(survey, &mut draft);
    scope::narrow(survey, &request.scope, &mut draft);
    draft
}

/// `2026-11-20 08:00:00 UTC`: unambiguous in every time zone.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
