//! What a cmdlet says when it does not do what it was asked, or not all of it.
//!
//! Only `ServicePrincipalNameError` and `InvalidKerberosConfiguration` are documented; every other id is made up in
//! the manner of the product's own [inferred].

use super::LabError;
use super::calls::Cmdlet;
use crate::apply::target::{ErrorKind, TargetError};
use crate::model::{AccountName, PoolFqdn, Principal, ServerFqdn, SiteName, Spn};

/// Why a cmdlet did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The person may not.
    NoRight(&'static str),
    /// The published topology cannot be read.
    NoTopology(String),
    /// New-CsKerberosAccount: there is one of that name.
    AccountExists(AccountName),
    /// There is no such account.
    NoAccount(AccountName),
    /// It is not a computer account.
    NotComputer(AccountName),
    /// There is no such site.
    NoSite(SiteName),
    /// New-CsKerberosAccountAssignment: the site has one.
    SiteAssigned(SiteName, AccountName),
    /// The site has none.
    SiteNotAssigned(SiteName),
    /// A rotation of an account that no site has.
    NowhereAssigned(AccountName),
    /// A pool's FQDN where a computer's is needed.
    PoolAsComputer(PoolFqdn),
    /// The computer runs no Web Services of a site with an account.
    NotTarget(ServerFqdn),
    /// The two servers' sites have different accounts.
    DifferentAccounts(ServerFqdn, ServerFqdn),
    /// The source of a copy is not valid.
    SourceNotValid(ServerFqdn),
    /// setspn -S: somebody holds it.
    SpnHeld(Spn, Vec<Principal>),
    /// setspn -D: the account does not hold it.
    SpnNotHeld(Spn, Principal),
    /// setspn: there is no such object.
    NoHolder(Principal),
    /// The server does not answer.
    ServerDown(ServerFqdn),
    /// A rotation: no server answers, so Active Directory was not touched either.
    NoServerAnswers(AccountName),
    /// A rotation is done, but for these servers, which did not answer and have the old password.
    ServersLeftBehind(Vec<ServerFqdn>),
    /// A rotation broke off between IIS and Active Directory.
    BrokeOff(AccountName),
    /// The domain controllers do not agree yet.
    ControllersDisagree {
        /// The account.
        account: AccountName,
        /// What each says.
        why: String,
    },
    /// A test: these SPNs are not, or not only, on the account.
    SpnWrong(AccountName, Vec<Spn>),
    /// A test: these servers are invalid.
    ServersInvalid(AccountName, Vec<ServerFqdn>),
    /// IIS: the configuration cannot be changed.
    Iis(ServerFqdn, String),
}

impl Refusal {
    /// The error that the cmdlet gives.
    pub(super) fn of(&self, cmdlet: Cmdlet) -> TargetError {
        TargetError { id: format!("{},{}", self.name(), cmdlet.class()), message: self.message(), kind: self.kind() }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::ServerDown(_) | Self::NoServerAnswers(_) | Self::ControllersDisagree { .. } => ErrorKind::Transient,
            Self::ServersLeftBehind(_) | Self::BrokeOff(_) => ErrorKind::OutcomeUnknown,
            _ => ErrorKind::Refused,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::NoRight(_) => "InsufficientAccessRights",
            Self::NoTopology(_) => "TopologyUnavailable",
            Self::AccountExists(_) => "AccountAlreadyExists",
            Self::NoAccount(_) => "AccountNotFound",
            Self::NotComputer(_) => "AccountNotComputer",
            Self::NoSite(_) => "SiteNotFound",
            Self::SiteAssigned(..) => "AssignmentAlreadyExists",
            Self::SiteNotAssigned(_) | Self::NowhereAssigned(_) => "AssignmentNotFound",
            Self::PoolAsComputer(_) => "ComputerIsPool",
            Self::NotTarget(_) => "ComputerNotFound",
            Self::DifferentAccounts(..) => "AccountMismatch",
            Self::SourceNotValid(_) => "SourceNotValid",
            Self::SpnHeld(..) => "DuplicateServicePrincipalName",
            Self::SpnNotHeld(..) => "ServicePrincipalNameNotFound",
            Self::NoHolder(_) => "ObjectNotFound",
            Self::ServerDown(_) | Self::NoServerAnswers(_) => "ComputerUnreachable",
            Self::ServersLeftBehind(_) => "ComputersUnreachable",
            Self::BrokeOff(_) => "ConnectionLost",
            Self::ControllersDisagree { .. } => "ReplicationPending",
            Self::SpnWrong(..) => "ServicePrincipalNameError",
            Self::ServersInvalid(..) => "InvalidKerberosConfiguration",
            Self::Iis(..) => "ConfigurationError",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NoRight(needed) => format!("this needs {needed}"),
            Self::NoTopology(why) => format!("the published topology cannot be read: {why}"),
            Self::AccountExists(account) => format!("the account {account} already exists"),
            Self::NoAccount(account) => format!("there is no account {account} in Active Directory"),
            Self::NotComputer(account) => format!("{account} is not a computer account"),
            Self::NoSite(site) => format!("there is no {}", site.identity()),
            Self::SiteAssigned(site, account) => format!("{} already has {account} assigned", site.identity()),
            Self::SiteNotAssigned(site) => format!("{} has no account assigned", site.identity()),
            Self::NowhereAssigned(account) => format!("{account} is assigned to no site"),
            Self::PoolAsComputer(pool) => format!("{pool} is a pool; name one of its servers"),
            Self::NotTarget(server) => format!("{server} runs no Web Services of a site that has an account"),
            Self::DifferentAccounts(from, to) => format!("the sites of {from} and {to} have different accounts"),
            Self::SourceNotValid(server) => format!("the Kerberos configuration on {server} is itself invalid"),
            Self::SpnHeld(spn, holders) => format!("duplicate SPN found: {} holds {spn}", names(holders)),
            Self::SpnNotHeld(spn, holder) => format!("{holder} does not hold {spn}"),
            Self::NoHolder(holder) => format!("there is no object {holder} in Active Directory"),
            Self::ServerDown(server) => format!("{server} does not answer"),
            Self::NoServerAnswers(account) => format!("no server of {account} answers; its password is as it was"),
            Self::ServersLeftBehind(servers) => {
                format!(
                    "the password is set, but for {}, which do not answer and still have the old one",
                    names(servers)
                )
            }
            Self::BrokeOff(account) => {
                format!("the connection broke off while the password of {account} was being set")
            }
            Self::ControllersDisagree { account, why } => format!("{account}: {why}"),
            Self::SpnWrong(account, spns) => {
                let one =
                    |spn: &Spn| format!("The service principal name {spn} was not found on the container {account}.");
                spns.iter().map(one).collect::<Vec<_>>().join(" ")
            }
            Self::ServersInvalid(account, servers) => {
                let one = |server: &ServerFqdn| {
                    format!(
                        "InvalidKerberosConfiguration: The Kerberos configuration on {server} is invalid. The expected \
                         assigned account is {account}. Ensure that the account has not expired, and the configured \
                         password on the machine matches the Active Directory password of the account."
                    )
                };
                servers.iter().map(one).collect::<Vec<_>>().join(" ")
            }
            Self::Iis(server, why) => format!("the IIS configuration of {server} was not changed: {why}"),
        }
    }
}

fn names<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What it says, for whoever only looked.
pub(super) fn told_refusal(refusal: &Refusal) -> String {
    refusal.message()
}

/// A lab that fails before the cmdlet did anything.
pub(super) fn not_begun(error: &LabError) -> TargetError {
    TargetError { id: "LabUnavailable".to_owned(), message: told(error), kind: ErrorKind::Refused }
}

/// A lab that fails while the cmdlet works: what it did is known once the lab can be read again.
pub(super) fn broken_off(error: &LabError) -> TargetError {
    TargetError { id: "LabUnavailable".to_owned(), message: told(error), kind: ErrorKind::OutcomeUnknown }
}

/// The error with its causes, in one line.
pub(super) fn told(error: &LabError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
