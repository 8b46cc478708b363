//! What can be called, with which arguments.

use super::ReportName;
use crate::model::{AccountName, DistinguishedName, LocationPath, Principal, ServerFqdn, Setting, SiteName, Spn};
use serde_json::{Map, Value, json};

/// One call.
///
/// Each cmdlet is given the parameters that its page has, and no others \[doc\]. A report is a file that the cmdlet
/// writes where it runs; the script sends it back with the reply and removes it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// New-CsKerberosAccount.
    NewAccount {
        /// The account.
        account: AccountName,
        /// Where; the domain's Computers container where left out.
        container: Option<DistinguishedName>,
        /// Really, or only shown.
        manner: Manner,
        /// The report to write.
        report: Option<ReportName>,
    },
    /// New-CsKerberosAccountAssignment: for a site that has none. It writes no report.
    NewAssignment {
        /// The site.
        site: SiteName,
        /// Its account.
        account: AccountName,
        /// Really, or only shown.
        manner: Manner,
    },
    /// Set-CsKerberosAccountAssignment: for a site that has one. It writes no report.
    SetAssignment {
        /// The site.
        site: SiteName,
        /// Its new account.
        account: AccountName,
        /// Really, or only shown.
        manner: Manner,
    },
    /// Remove-CsKerberosAccountAssignment. It writes no report.
    RemoveAssignment {
        /// The site.
        site: SiteName,
        /// Really, or only shown.
        manner: Manner,
    },
    /// Set-CsKerberosAccountPassword -UserAccount.
    RotatePassword {
        /// The account.
        account: AccountName,
        /// Really, or only shown.
        manner: Manner,
        /// The report to write.
        report: Option<ReportName>,
    },
    /// Set-CsKerberosAccountPassword -FromComputer -ToComputer.
    CopyPassword {
        /// The source.
        from: ServerFqdn,
        /// The server to mend.
        to: ServerFqdn,
        /// Really, or only shown.
        manner: Manner,
        /// The report to write.
        report: Option<ReportName>,
    },
    /// Enable-CsTopology.
    EnableTopology {
        /// Really, or only shown.
        manner: Manner,
        /// The report to write.
        report: Option<ReportName>,
    },
    /// Test-CsKerberosAccountAssignment: errors and a report, no output. It has neither -WhatIf nor -Confirm.
    TestAssignment {
        /// The site.
        site: SiteName,
        /// The report to write.
        report: Option<ReportName>,
    },
    /// setspn -S.
    AddSpn {
        /// The SPN.
        spn: Spn,
        /// Who shall hold it.
        account: AccountName,
    },
    /// setspn -D.
    RemoveSpn {
        /// The SPN.
        spn: Spn,
        /// Who holds it.
        holder: Principal,
    },
    /// Sets `windowsAuthentication` of one location of the server where it runs, and commits it.
    SetAuthentication {
        /// The location.
        location: LocationPath,
        /// What to set.
        settings: Vec<Setting>,
    },
    /// Reads `windowsAuthentication` of one location of the server where it runs: [`SettingsFact`](super::SettingsFact).
    ReadAuthentication {
        /// The location.
        location: LocationPath,
    },
    /// What the host is, and which modules it has: [`HostFact`](super::HostFact).
    Host,
    /// Who runs there, and the groups that count: [`IdentityFact`](super::IdentityFact).
    Identity,
    /// Whether the servers answer at all, from there: a list of [`ReachFact`](super::ReachFact).
    Reach {
        /// The servers.
        servers: Vec<ServerFqdn>,
    },
    /// Get-CsTopology -AsXml: [`TopologyFact`](super::TopologyFact).
    Topology,
    /// Get-CsKerberosAccountAssignment: a list of [`AssignmentFact`](super::AssignmentFact).
    Assignments,
    /// Get-CsManagementStoreReplicationStatus: a list of [`ReplicaFact`](super::ReplicaFact).
    Replication,
    /// Get-CsWebServiceConfiguration: a list of [`WebServicesFact`](super::WebServicesFact).
    WebServices,
    /// applicationHost.config of the server where it runs, without its secrets: [`IisFact`](super::IisFact).
    IisConfiguration,
    /// What every domain controller says of the account: [`AccountFact`](super::AccountFact).
    Account {
        /// The account.
        account: AccountName,
    },
    /// Who in the forest holds the SPNs: a list of [`HolderFact`](super::HolderFact).
    Holders {
        /// The SPNs.
        spns: Vec<Spn>,
    },
    /// Facts of the account's domain: [`DirectoryFact`](super::DirectoryFact).
    Directory {
        /// The NetBIOS name of the domain.
        domain: String,
    },
}

/// Whether a cmdlet does it, or shows what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// -Confirm:$false.
    Really,
    /// -WhatIf.
    WhatIf,
}

/// What a call means for the systems, by which its time limit is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    /// It reads.
    Reads,
    /// It asks every server of a site.
    Tests,
    /// It changes one thing.
    Changes,
    /// It changes many servers, or enables the whole topology.
    ChangesMuch,
}

impl Call {
    /// The cmdlet, program or function, as the script's list has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NewAccount { .. } => "New-CsKerberosAccount",
            Self::NewAssignment { .. } => "New-CsKerberosAccountAssignment",
            Self::SetAssignment { .. } => "Set-CsKerberosAccountAssignment",
            Self::RemoveAssignment { .. } => "Remove-CsKerberosAccountAssignment",
            Self::RotatePassword { .. } | Self::CopyPassword { .. } => "Set-CsKerberosAccountPassword",
            Self::EnableTopology { .. } => "Enable-CsTopology",
            Self::TestAssignment { .. } => "Test-CsKerberosAccountAssignment",
            Self::AddSpn { .. } | Self::RemoveSpn { .. } => "setspn",
            Self::SetAuthentication { .. } => "set-authentication",
            Self::ReadAuthentication { .. } => "read-authentication",
            Self::Host => "host",
            Self::Identity => "identity",
            Self::Reach { .. } => "reach",
            Self::Topology => "Get-CsTopology",
            Self::Assignments => "Get-CsKerberosAccountAssignment",
            Self::Replication => "Get-CsManagementStoreReplicationStatus",
            Self::WebServices => "Get-CsWebServiceConfiguration",
            Self::IisConfiguration => "iis-configuration",
            Self::Account { .. } => "account",
            Self::Holders { .. } => "holders",
            Self::Directory { .. } => "directory",
        }
    }

    /// Whether it may change anything.
    pub fn changes(&self) -> bool {
        !matches!(self.weight(), Weight::Reads | Weight::Tests)
    }

    /// The report that it writes.
    pub fn report(&self) -> Option<&ReportName> {
        match self {
            Self::NewAccount { report, .. }
            | Self::RotatePassword { report, .. }
            | Self::CopyPassword { report, .. }
            | Self::EnableTopology { report, .. }
            | Self::TestAssignment { report, .. } => report.as_ref(),
            _ => None,
        }
    }

    pub(super) fn weight(&self) -> Weight {
        match self {
            Self::NewAccount { manner, .. }
            | Self::NewAssignment { manner, .. }
            | Self::SetAssignment { manner, .. }
            | Self::RemoveAssignment { manner, .. }
            | Self::CopyPassword { manner, .. } => Self::weight_of(*manner, Weight::Changes),
            Self::RotatePassword { manner, .. } | Self::EnableTopology { manner, .. } => {
                Self::weight_of(*manner, Weight::ChangesMuch)
            }
            Self::TestAssignment { .. } => Weight::Tests,
            Self::AddSpn { .. } | Self::RemoveSpn { .. } | Self::SetAuthentication { .. } => Weight::Changes,
            _ => Weight::Reads,
        }
    }

    fn weight_of(manner: Manner, really: Weight) -> Weight {
        match manner {
            Manner::Really => really,
            Manner::WhatIf => Weight::Reads,
        }
    }

    /// The arguments by their names, as the protocol has them: every text begins with `=`, which the script takes off.
    ///
    /// Without that mark ConvertFrom-Json makes a date of a text that looks like one: of `\/Date(0)\/` up to
    /// PowerShell 5.1, of `2026-05-30T20:00:00Z` from 6 on.
    pub(super) fn arguments(&self) -> Map<String, Value> {
        let mut all = Map::new();
        let mut give = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
        match self {
            Self::NewAccount { account, container, .. } => {
                give("UserAccount", text(account.as_str()));
                if let Some(container) = container {
                    give("ContainerDN", text(container.as_str()));
                }
            }
            Self::NewAssignment { site, account, .. } | Self::SetAssignment { site, account, .. } => {
                give("Identity", text(&site.identity()));
                give("UserAccount", text(account.as_str()));
            }
            Self::RemoveAssignment { site, .. } | Self::TestAssignment { site, .. } => {
                give("Identity", text(&site.identity()));
            }
            Self::RotatePassword { account, .. } => give("UserAccount", text(account.as_str())),
            Self::CopyPassword { from, to, .. } => {
                give("FromComputer", text(from.as_str()));
                give("ToComputer", text(to.as_str()));
            }
            Self::AddSpn { spn, account } => {
                give("Operation", text("add"));
                give("Spn", text(spn.as_str()));
                give("Account", text(account.as_str()));
            }
            Self::RemoveSpn { spn, holder } => {
                give("Operation", text("remove"));
                give("Spn", text(spn.as_str()));
                give("Account", text(holder.as_str()));
            }
            Self::SetAuthentication { location, settings } => {
                give("Location", text(location.as_str()));
                for setting in settings {
                    give(setting.name(), value(setting));
                }
            }
            Self::ReadAuthentication { location } => give("Location", text(location.as_str())),
            Self::Topology => give("AsXml", json!(true)),
            Self::Account { account } => {
                give("Domain", text(account.domain()));
                give("Name", text(account.account()));
            }
            Self::Holders { spns } => give("Spn", spns.iter().map(|spn| text(spn.as_str())).collect()),
            Self::Reach { servers } => {
                give("Server", servers.iter().map(|server| text(server.as_str())).collect());
            }
            Self::Directory { domain } => give("Domain", text(domain)),
            Self::EnableTopology { .. }
            | Self::Host
            | Self::Identity
            | Self::Assignments
            | Self::Replication
            | Self::WebServices
            | Self::IisConfiguration => {}
        }
        match self.manner() {
            Some(Manner::Really) => give("Confirm", json!(false)),
            Some(Manner::WhatIf) => give("WhatIf", json!(true)),
            None => {}
        }
        if matches!(self, Self::TestAssignment { .. }) {
            give("Verbose", json!(true));
        }
        all
    }

    fn manner(&self) -> Option<Manner> {
        match self {
            Self::NewAccount { manner, .. }
            | Self::NewAssignment { manner, .. }
            | Self::SetAssignment { manner, .. }
            | Self::RemoveAssignment { manner, .. }
            | Self::RotatePassword { manner, .. }
            | Self::CopyPassword { manner, .. }
            | Self::EnableTopology { manner, .. } => Some(*manner),
            _ => None,
        }
    }
}

/// A text as the protocol has it.
fn text(text: &str) -> Value {
    Value::String(format!("={text}"))
}

fn value(setting: &Setting) -> Value {
    match setting {
        Setting::Enabled(on) | Setting::UseKernelMode(on) | Setting::UseAppPoolCredentials(on) => json!(on),
        Setting::Providers(providers) => providers.iter().map(|provider| text(provider.as_str())).collect(),
        Setting::ExtendedProtection(checking) => text(checking.as_str()),
    }
}

/// The name and the arguments of one call of each kind, with everything that it may have.
#[cfg(test)]
pub(super) fn every_call() -> Vec<(&'static str, Vec<String>)> {
    use crate::model::{ExtendedProtection, Provider};
    let (site, account): (SiteName, AccountName) = ("Redmond".parse().unwrap(), r"CONTOSO\kerbauth".parse().unwrap());
    let (from, to): (ServerFqdn, ServerFqdn) =
        ("fe01.contoso.com".parse().unwrap(), "fe02.contoso.com".parse().unwrap());
    let (spn, report): (Spn, Option<ReportName>) = ("http/x.contoso.com".parse().unwrap(), "a.html".parse().ok());
    let location: LocationPath = "Site".parse().unwrap();
    let settings = vec![
        Setting::Enabled(true),
        Setting::UseKernelMode(true),
        Setting::UseAppPoolCredentials(true),
        Setting::Providers(vec![Provider::Negotiate]),
        Setting::ExtendedProtection(ExtendedProtection::None),
    ];
    let mut calls = vec![
        Call::TestAssignment { site: site.clone(), report: report.clone() },
        Call::AddSpn { spn: spn.clone(), account: account.clone() },
        Call::RemoveSpn { spn: spn.clone(), holder: Principal::from(&account) },
        Call::SetAuthentication { location: location.clone(), settings },
        Call::ReadAuthentication { location },
        Call::Host,
        Call::Identity,
        Call::Reach { servers: vec![from.clone()] },
        Call::Topology,
        Call::Assignments,
        Call::Replication,
        Call::WebServices,
        Call::IisConfiguration,
        Call::Account { account: account.clone() },
        Call::Holders { spns: vec![spn] },
        Call::Directory { domain: "CONTOSO".to_owned() },
    ];
    for manner in [Manner::Really, Manner::WhatIf] {
        let container = "CN=x,DC=y".parse().ok();
        let (site, account, report) = (site.clone(), account.clone(), report.clone());
        calls.extend([
            Call::NewAccount { account: account.clone(), container, manner, report: report.clone() },
            Call::NewAssignment { site: site.clone(), account: account.clone(), manner },
            Call::SetAssignment { site: site.clone(), account: account.clone(), manner },
            Call::RemoveAssignment { site, manner },
            Call::RotatePassword { account, manner, report: report.clone() },
            Call::CopyPassword { from: from.clone(), to: to.clone(), manner, report: report.clone() },
            Call::EnableTopology { manner, report },
        ]);
    }
    let arguments = |call: &Call| {
        let report = call.report().map(|_| "Report".to_owned());
        call.arguments().keys().cloned().chain(report).collect()
    };
    calls.iter().map(|call| (call.name(), arguments(call))).collect()
}
