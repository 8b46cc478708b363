//! The plan as JSON, both ways.
//!
//! Writing is total. Reading parses every name again and refuses a plan whose commands do not follow from its
//! arguments, so that nobody approves one thing and gets another.

mod read;
mod step;
mod write;

pub(crate) use read::settings;
pub use read::{PlanError, read};
pub use step::{Action, Consent, ExtendedProtection, LocationChange, Predicate, RunOn, Settings, Step, StepKind};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format version that this program writes, and the only one it reads.
pub const FORMAT_VERSION: &str = "1.0";

/// What differs between a deployment file and reality, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "cskerb plan")]
pub struct Plan {
    /// The version of this format.
    pub format_version: String,
    /// The program that made it, with its version.
    pub tool: String,
    /// The deployment file.
    pub deployment: Deployment,
    /// What was observed.
    pub observed: Observed,
    /// What the plan was narrowed to; three empty lists are the whole deployment.
    pub scope: Scope,
    /// Whether everything that the plan needed could be read.
    pub complete: bool,
    /// What the plan needed and could not read. Unreadable is never "no change".
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
    /// SHA-256 of all that stands above: a plan that was edited by hand is refused.
    pub digest: String,
}

/// The deployment file that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    /// The file as it was typed.
    pub file: String,
    /// SHA-256 of its text, as `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// What a plan was made against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Observed {
    /// The snapshot folder as it was typed.
    pub source: String,
    /// When it was collected; null where the snapshot does not say.
    pub collected_at: Option<String>,
    /// SHA-256 of what was read, `collectedAt` left out.
    pub digest: String,
}

/// What a plan was narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// Whole sites.
    pub sites: Vec<String>,
    /// Whole pools.
    pub pools: Vec<String>,
    /// Servers.
    pub servers: Vec<String>,
}

/// What something is about, with its site and pool where it has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Subject {
    /// The published topology.
    Topology {},
    /// All assignments.
    Assignments {},
    /// The Web Services settings.
    WebServices {},
    /// Active Directory.
    Directory {},
    /// The snapshot itself.
    Snapshot {},
    /// An account.
    Account {
        /// `DOMAIN\name`.
        account: String,
    },
    /// An SPN.
    Spn {
        /// `class/host`.
        spn: String,
        /// The site of the pool it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        site: Option<String>,
        /// The pool it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pool: Option<String>,
    },
    /// A site.
    Site {
        /// Its name.
        site: String,
    },
    /// A pool.
    Pool {
        /// Its site.
        site: String,
        /// Its FQDN.
        pool: String,
    },
    /// A server.
    Server {
        /// Its site.
        site: String,
        /// Its pool.
        pool: String,
        /// Its FQDN.
        server: String,
    },
    /// An IIS location.
    Location {
        /// The server's site.
        site: String,
        /// The server's pool.
        pool: String,
        /// The server.
        server: String,
        /// The path.
        location: String,
    },
}

/// The layers, each of which can be wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The Central Management Store.
    Assignment,
    /// Active Directory.
    Directory,
    /// IIS settings.
    Iis,
    /// A server's Kerberos configuration.
    Kerberos,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unreadable {
    /// What it is about.
    pub subject: Subject,
    /// Which layer the fact belongs to.
    pub layer: Layer,
    /// Why, in words, with file, line and column where there are any.
    pub cause: String,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not what is wanted.
    Warning,
    /// Wrong.
    Error,
}

/// Something worth saying that no step mends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// Its code: `cskerb explain CODE` tells more.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What it is, without the subject's name.
    pub message: String,
    /// What to do, where there is something to do.
    pub hint: Option<String>,
}

/// What happens to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeAction {
    /// It comes to be.
    Create,
    /// It is changed.
    Update,
    /// It is taken away.
    Delete,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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

/// The properties that changes speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
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

/// One property's difference, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropertyChange {
    /// Which one.
    pub name: Property,
    /// What it is; null where it is not there.
    pub before: Option<String>,
    /// What it shall be; null where it goes.
    pub after: Option<String>,
}

/// Whether Enable-CsTopology must run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnableTopology {
    /// How much.
    pub need: Need,
    /// Why.
    pub because: Vec<Reason>,
    /// What goes live with it; null where it need not run.
    pub warning: Option<String>,
}

/// How much Enable-CsTopology is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// What is declared cannot take effect without it; the plan has a step for it.
    Required,
    /// The documentation asks for it; nothing waits for it.
    Advisory,
    /// It need not run.
    NotRequired,
}

/// One reason for Enable-CsTopology: a step of the plan, or a finding about a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reason {
    /// The step that gives the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The code of the finding that gives the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// What that finding is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The account whose password steps wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The reason, as a sentence.
    pub reason: String,
}

/// The counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Summary {
    /// The steps by kind.
    pub steps: Vec<KindCount>,
    /// Servers in all.
    pub servers: Health,
    /// Servers by site and pool, where the site has an account.
    pub pools: Vec<PoolHealth>,
}

/// How many steps of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KindCount {
    /// The kind.
    pub kind: StepKind,
    /// How many.
    pub count: usize,
}

/// How many servers are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Health {
    /// Known to be valid.
    pub valid: usize,
    /// Known to be invalid, so that clients get Unauthorized from them.
    pub invalid: usize,
    /// Without the account because their site does not have it yet: no client misses it.
    pub pending: usize,
    /// Nothing is known of them.
    pub unreadable: usize,
}

/// The servers of one pool, undeclared ones included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolHealth {
    /// Its site.
    pub site: String,
    /// The pool.
    pub pool: String,
    /// Its servers.
    pub servers: Health,
}

/// The JSON schema of this format.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Plan)
}
