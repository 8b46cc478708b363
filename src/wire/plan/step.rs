//! Steps as JSON: kind, typed arguments, commands, preconditions.

use super::Subject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Readable and stable, as `copy:dir01.contoso.com`.
    pub id: String,
    /// What it is about.
    pub subject: Subject,
    /// Its kind, and the arguments that apply acts on.
    #[serde(flatten)]
    pub action: Action,
    /// The PowerShell commands, for people; a plan whose commands do not follow from its arguments is refused.
    pub commands: Vec<String>,
    /// Where they run.
    pub run_on: RunOn,
    /// The steps that must be done before.
    pub after: Vec<String>,
    /// Why it is planned.
    pub because: Vec<String>,
    /// Whom it disturbs; null where nobody notices.
    pub disrupts: Option<String>,
    /// The consent it needs, beside the plan itself.
    pub consent: Option<Consent>,
    /// What must hold just before, once the steps in `after` are done.
    pub preconditions: Vec<Predicate>,
    /// The sites whose maintenance windows hold for it.
    pub sites: Vec<String>,
}

/// The kinds of steps, in the order in which a plan has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// New-CsKerberosAccount.
    CreateAccount,
    /// New-CsKerberosAccountAssignment.
    AssignAccount,
    /// Set-CsKerberosAccountAssignment.
    ReassignAccount,
    /// Remove-CsKerberosAccountAssignment.
    UnassignAccount,
    /// Enable-CsTopology.
    EnableTopology,
    /// setspn -D.
    RemoveSpn,
    /// setspn -S.
    AddSpn,
    /// Set-CsKerberosAccountPassword -UserAccount.
    RotatePassword,
    /// Set-CsKerberosAccountPassword -FromComputer -ToComputer.
    CopyConfiguration,
    /// windowsAuthentication of one server.
    SetIis,
    /// Test-CsKerberosAccountAssignment.
    TestAssignment,
}

/// What a step does: its kind, and the arguments of that kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    content = "arguments",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Action {
    /// New-CsKerberosAccount.
    CreateAccount {
        /// The account.
        account: String,
        /// The container; null for the domain's Computers container.
        container: Option<String>,
    },
    /// New-CsKerberosAccountAssignment.
    AssignAccount {
        /// The site.
        site: String,
        /// Its account.
        account: String,
    },
    /// Set-CsKerberosAccountAssignment.
    ReassignAccount {
        /// The site.
        site: String,
        /// Its account so far.
        from: String,
        /// Its new account.
        to: String,
    },
    /// Remove-CsKerberosAccountAssignment.
    UnassignAccount {
        /// The site.
        site: String,
        /// Its account so far.
        from: String,
    },
    /// Enable-CsTopology.
    EnableTopology {
        /// The published document's signature when the plan was made.
        signature: Option<String>,
    },
    /// setspn -D.
    RemoveSpn {
        /// The SPN.
        spn: String,
        /// Who holds it.
        holder: String,
    },
    /// setspn -S.
    AddSpn {
        /// The SPN.
        spn: String,
        /// The account that shall hold it.
        account: String,
    },
    /// Set-CsKerberosAccountPassword -UserAccount.
    RotatePassword {
        /// The account.
        account: String,
    },
    /// Set-CsKerberosAccountPassword -FromComputer -ToComputer.
    CopyConfiguration {
        /// The account of both.
        account: String,
        /// The valid server.
        from: String,
        /// The server to mend.
        to: String,
    },
    /// windowsAuthentication of one server.
    SetIis {
        /// The server.
        server: String,
        /// What differs, by location.
        locations: Vec<LocationChange>,
    },
    /// Test-CsKerberosAccountAssignment.
    TestAssignment {
        /// The site.
        site: String,
    },
}

/// The settings of one location that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocationChange {
    /// The location.
    pub location: String,
    /// What it has, of the settings that differ.
    pub before: Settings,
    /// What it shall have: the same settings.
    pub after: Settings,
}

/// Settings of `windowsAuthentication`; what is left out is not spoken of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// `enabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `useKernelMode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_kernel_mode: Option<bool>,
    /// `useAppPoolCredentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_app_pool_credentials: Option<bool>,
    /// `providers`, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub providers: Option<Vec<String>>,
    /// `extendedProtection`'s `tokenChecking`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_protection: Option<ExtendedProtection>,
}

/// Channel binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExtendedProtection {
    /// Not checked.
    None,
    /// Checked where the client sends it.
    Allow,
    /// A client that sends none is refused.
    Require,
}

/// Where a person runs a step's commands. `apply --live` sets IIS on the server itself, and makes all other calls, a
/// copy too, where the management shell is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RunOn {
    /// Any host with the product's management shell.
    ManagementShell {},
    /// That server, in a logon there.
    Server {
        /// Its FQDN.
        server: String,
    },
}

/// A consent that a step needs, beside the plan itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// A rotation of an existing account's password.
    Rotation,
    /// Another account for a site that has one.
    Reassignment,
    /// No account any more for a site that has one.
    Unassignment,
}

/// What must hold just before a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Predicate {
    /// The site has this account, or none.
    AssignmentIs {
        /// The site.
        site: String,
        /// Its account; null for none.
        account: Option<String>,
    },
    /// There is no such account.
    AccountAbsent {
        /// The account.
        account: String,
    },
    /// The account is there, a computer, enabled and not expired.
    AccountUsable {
        /// The account.
        account: String,
    },
    /// No other site has the account.
    AssignedOnlyTo {
        /// The account.
        account: String,
        /// The sites that may have it.
        sites: Vec<String>,
    },
    /// The account's password was last set then.
    PasswordSetAt {
        /// The account.
        account: String,
        /// When; null where the directory did not say.
        at: Option<String>,
    },
    /// Exactly these hold the SPN.
    SpnHeldBy {
        /// The SPN.
        spn: String,
        /// Its holders.
        holders: Vec<String>,
    },
    /// The server is valid for the account.
    ValidFor {
        /// The server.
        server: String,
        /// The account.
        account: String,
    },
    /// The server is not valid for the account.
    NotValidFor {
        /// The server.
        server: String,
        /// The account.
        account: String,
    },
    /// The location has these effective settings.
    LocationIs {
        /// The server.
        server: String,
        /// The location.
        location: String,
        /// The settings that the step changes, as they were.
        settings: Settings,
    },
    /// The published topology has this signature.
    TopologySignatureIs {
        /// The signature; null where the document has none.
        signature: Option<String>,
    },
}
