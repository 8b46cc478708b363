//! Steps: one thing to be done each, with typed arguments; what people read is made from those.

use super::Subject;
use crate::model::{AccountName, DistinguishedName, LocationPath, Principal, ServerFqdn, SettingChange, SiteName, Spn};
use jiff::Timestamp;
use std::fmt;

/// The readable, stable name of a step, as `copy:dir01.contoso.com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub(crate) String);

impl StepId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The kinds of steps, in the order in which a plan has them (DOMAIN: create account, assign, Enable-CsTopology,
/// SPNs of overrides, rotate or copy, IIS settings, test).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// windowsAuthentication of the locations of one server.
    SetIis,
    /// Test-CsKerberosAccountAssignment.
    TestAssignment,
}

impl StepKind {
    /// Every kind, in order.
    pub const ALL: [Self; 11] = [
        Self::CreateAccount,
        Self::AssignAccount,
        Self::ReassignAccount,
        Self::UnassignAccount,
        Self::EnableTopology,
        Self::RemoveSpn,
        Self::AddSpn,
        Self::RotatePassword,
        Self::CopyConfiguration,
        Self::SetIis,
        Self::TestAssignment,
    ];

    /// The kind as the plan writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateAccount => "create-account",
            Self::AssignAccount => "assign-account",
            Self::ReassignAccount => "reassign-account",
            Self::UnassignAccount => "unassign-account",
            Self::EnableTopology => "enable-topology",
            Self::RemoveSpn => "remove-spn",
            Self::AddSpn => "add-spn",
            Self::RotatePassword => "rotate-password",
            Self::CopyConfiguration => "copy-configuration",
            Self::SetIis => "set-iis",
            Self::TestAssignment => "test-assignment",
        }
    }
}

/// What a step does, with all that it needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Creates the computer account.
    CreateAccount {
        /// The account.
        account: AccountName,
        /// Where; the domain's Computers container where left out.
        container: Option<DistinguishedName>,
    },
    /// Gives a site that has none its account.
    AssignAccount {
        /// The site.
        site: SiteName,
        /// Its account.
        account: AccountName,
    },
    /// Gives a site another account.
    ReassignAccount {
        /// The site.
        site: SiteName,
        /// Its account so far.
        from: AccountName,
        /// Its new account.
        to: AccountName,
    },
    /// Takes a site's account away; the account itself stays.
    UnassignAccount {
        /// The site.
        site: SiteName,
        /// Its account so far.
        from: AccountName,
    },
    /// Enables the whole last published topology.
    EnableTopology {
        /// The published document's signature when the plan was made.
        signature: Option<String>,
    },
    /// Takes a hand-made SPN from a former account.
    RemoveSpn {
        /// The SPN.
        spn: Spn,
        /// Who holds it.
        holder: Principal,
    },
    /// Adds the SPN of an overridden internal FQDN.
    AddSpn {
        /// The SPN.
        spn: Spn,
        /// The account that shall hold it.
        account: AccountName,
    },
    /// Sets a new random password on every server of every site of the account, then in Active Directory.
    RotatePassword {
        /// The account.
        account: AccountName,
    },
    /// Copies one server's Kerberos configuration to another.
    CopyConfiguration {
        /// The account of both.
        account: AccountName,
        /// The valid server.
        from: ServerFqdn,
        /// The server to mend.
        to: ServerFqdn,
    },
    /// Sets `windowsAuthentication` on one server.
    SetIis {
        /// The server.
        server: ServerFqdn,
        /// What differs, by location.
        locations: Vec<LocationChange>,
    },
    /// Tests a site's assignment.
    TestAssignment {
        /// The site.
        site: SiteName,
    },
}

/// The settings of one location that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationChange {
    /// The location.
    pub location: LocationPath,
    /// The settings, each with what it is and what it shall be.
    pub settings: Vec<SettingChange>,
}

impl Action {
    /// The kind.
    pub fn kind(&self) -> StepKind {
        match self {
            Self::CreateAccount { .. } => StepKind::CreateAccount,
            Self::AssignAccount { .. } => StepKind::AssignAccount,
            Self::ReassignAccount { .. } => StepKind::ReassignAccount,
            Self::UnassignAccount { .. } => StepKind::UnassignAccount,
            Self::EnableTopology { .. } => StepKind::EnableTopology,
            Self::RemoveSpn { .. } => StepKind::RemoveSpn,
            Self::AddSpn { .. } => StepKind::AddSpn,
            Self::RotatePassword { .. } => StepKind::RotatePassword,
            Self::CopyConfiguration { .. } => StepKind::CopyConfiguration,
            Self::SetIis { .. } => StepKind::SetIis,
            Self::TestAssignment { .. } => StepKind::TestAssignment,
        }
    }

    /// The step's id: no two actions of one plan share it.
    pub fn id(&self) -> StepId {
        StepId(match self {
            Self::CreateAccount { account, .. } => format!("create:{account}"),
            Self::AssignAccount { site, .. } => format!("assign:{site}"),
            Self::ReassignAccount { site, .. } => format!("reassign:{site}"),
            Self::UnassignAccount { site, .. } => format!("unassign:{site}"),
            Self::EnableTopology { .. } => "enable-topology".to_owned(),
            Self::RemoveSpn { spn, holder } => format!("remove-spn:{spn}:{holder}"),
            Self::AddSpn { spn, .. } => format!("add-spn:{spn}"),
            Self::RotatePassword { account } => format!("rotate:{account}"),
            Self::CopyConfiguration { to, .. } => format!("copy:{to}"),
            Self::SetIis { server, .. } => format!("iis:{server}"),
            Self::TestAssignment { site } => format!("test:{site}"),
        })
    }
}

/// Where a person runs a step's command.
///
/// `apply` on the live systems sets IIS on the server itself, and makes every other call where the management shell is,
/// a copy too: a logon cannot be had on each source. It says so before the first change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOn {
    /// Any host with the product's management shell.
    ManagementShell,
    /// That server, in a logon there: the page has -FromComputer run on the source \[doc\], and IIS is set on the server.
    Server(ServerFqdn),
}

/// The consent that a step needs, beside the plan itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consent {
    /// A rotation of an existing account's password.
    Rotation,
    /// Another account for a site that has one.
    Reassignment,
    /// No account any more for a site that has one.
    Unassignment,
}

/// What must hold just before a step, over the state once the steps in its `after` are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// The site has this account, or none.
    AssignmentIs {
        /// The site.
        site: SiteName,
        /// Its account.
        account: Option<AccountName>,
    },
    /// No other site has the account: its rotation would reach that one too.
    AssignedOnlyTo {
        /// The account.
        account: AccountName,
        /// The sites that may have it.
        sites: Vec<SiteName>,
    },
    /// There is no such account.
    AccountAbsent {
        /// The account.
        account: AccountName,
    },
    /// The account is there, a computer, enabled and not expired.
    AccountUsable {
        /// The account.
        account: AccountName,
    },
    /// The account's password was last set then: nobody rotated it meanwhile.
    PasswordSetAt {
        /// The account.
        account: AccountName,
        /// When; `None` where the directory did not say.
        at: Option<Timestamp>,
    },
    /// Exactly these hold the SPN.
    SpnHeldBy {
        /// The SPN.
        spn: Spn,
        /// Its holders.
        holders: Vec<Principal>,
    },
    /// The server is valid for the account.
    ValidFor {
        /// The server.
        server: ServerFqdn,
        /// The account.
        account: AccountName,
    },
    /// The server is not valid for the account.
    NotValidFor {
        /// The server.
        server: ServerFqdn,
        /// The account.
        account: AccountName,
    },
    /// The location has these effective settings.
    LocationIs {
        /// The server.
        server: ServerFqdn,
        /// The location.
        location: LocationPath,
        /// The settings that the step will change, as they were.
        settings: Vec<crate::model::Setting>,
    },
    /// The published topology has this signature.
    TopologySignatureIs {
        /// The signature.
        signature: Option<String>,
    },
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub action: Action,
    /// What it is about.
    pub subject: Subject,
    /// Where it runs.
    pub run_on: RunOn,
    /// The steps that must be done before.
    pub after: Vec<StepId>,
    /// Why it is planned, in sentences.
    pub because: Vec<String>,
    /// Whom it disturbs, and how long; `None` where nobody notices.
    pub disrupts: Option<String>,
    /// The consent it needs.
    pub consent: Option<Consent>,
    /// What must hold just before.
    pub preconditions: Vec<Predicate>,
    /// The sites whose servers or assignment it touches: their maintenance windows hold for it.
    pub touches: Vec<SiteName>,
}

impl Step {
    /// Its id.
    pub fn id(&self) -> StepId {
        self.action.id()
    }
}
