//! What is asked for: by the operator's file, and by what the topology and the assignments name.

use crate::model::{AccountName, Deployment, Product, Reading, ServerFqdn, SiteName, Spn, Topology};
use crate::snapshot::description::AskedFor;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked for beside what the systems themselves name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Accounts to look up, beside those that are assigned.
    pub accounts: BTreeSet<AccountName>,
    /// SPNs whose holders to look up, beside those of the published pools.
    pub spns: BTreeSet<Spn>,
    /// The servers to read IIS of; where there is none, all that run Web Services.
    pub servers: BTreeSet<ServerFqdn>,
    /// Who reads Active Directory.
    pub directory: DirectoryBy,
    /// The product, where it is declared.
    pub product: Option<Product>,
}

/// Who reads Active Directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DirectoryBy {
    /// PowerShell, as whoever runs it.
    #[default]
    Shell,
    /// Somebody else, who writes `directory.json`.
    Another,
}

impl Asked {
    /// What a plan for this deployment needs.
    pub fn of(deployment: &Deployment) -> Self {
        let declared = deployment.accounts.iter().map(|account| &account.name);
        let wanted = deployment.sites.iter().filter_map(|site| site.account.name());
        let pools = deployment.sites.iter().flat_map(|site| &site.pools);
        let web = || pools.clone().filter(|pool| pool.role.runs_web_services());
        let own = web().map(|pool| pool.fqdn.spn());
        let overridden = web().filter_map(|pool| Some(pool.internal_fqdn.as_ref()?.spn()));
        Self {
            accounts: declared.chain(wanted).cloned().collect(),
            spns: own.chain(overridden).collect(),
            product: web().find_map(|pool| pool.product),
            ..Self::default()
        }
    }

    /// All that is asked for, given what the systems name.
    pub(super) fn with(
        &self,
        topology: &Reading<Topology>,
        assignments: &BTreeMap<SiteName, AccountName>,
    ) -> Questions {
        let web = || topology.known().into_iter().flat_map(|topology| &topology.pools).filter(|pool| pool.web_services);
        let own = web().map(|pool| pool.fqdn.spn());
        let overridden = web().filter_map(|pool| Some(pool.internal_fqdn.as_ref()?.spn()));
        let servers = if self.servers.is_empty() {
            web().flat_map(|pool| pool.servers.iter().cloned()).collect()
        } else {
            self.servers.clone()
        };
        Questions {
            accounts: self.accounts.iter().chain(assignments.values()).cloned().collect(),
            spns: self.spns.iter().cloned().chain(own).chain(overridden).collect(),
            servers,
        }
    }
}

/// All that is asked for.
pub(super) struct Questions {
    pub(super) accounts: BTreeSet<AccountName>,
    pub(super) spns: BTreeSet<Spn>,
    pub(super) servers: BTreeSet<ServerFqdn>,
}

impl Questions {
    /// As `snapshot.json` says it.
    pub(super) fn to_file(&self) -> AskedFor {
        AskedFor {
            sites: Vec::new(),
            servers: self.servers.iter().map(ToString::to_string).collect(),
            accounts: self.accounts.iter().map(ToString::to_string).collect(),
            service_principal_names: self.spns.iter().map(ToString::to_string).collect(),
        }
    }
}
