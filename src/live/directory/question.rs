//! What is asked for: the accounts, and the SPNs whose holders are looked for.

use crate::model::{AccountName, Actual, Deployment, Spn, WebFqdn};
use std::collections::BTreeSet;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Accounts.
    pub accounts: BTreeSet<AccountName>,
    /// SPNs: every holder in the forest is looked for.
    pub spns: BTreeSet<Spn>,
}

impl Question {
    /// Everything that a plan of this deployment against this snapshot may want to know, from either or both.
    ///
    /// A pool that the deployment declares may not be published yet, and an assigned account not be declared: hence
    /// the union.
    pub fn of(deployment: Option<&Deployment>, actual: Option<&Actual>) -> Self {
        let mut question = Self::default();
        if let Some(deployment) = deployment {
            question.add_declared(deployment);
        }
        if let Some(actual) = actual {
            question.add_observed(actual);
        }
        question
    }

    /// Whether there is nothing to ask for.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.spns.is_empty()
    }

    fn add_declared(&mut self, deployment: &Deployment) {
        self.accounts.extend(deployment.accounts.iter().map(|account| account.name.clone()));
        self.accounts.extend(deployment.sites.iter().filter_map(|site| site.account.name().cloned()));
        let pools = deployment.sites.iter().flat_map(|site| &site.pools);
        for pool in pools.filter(|pool| pool.role.runs_web_services()) {
            self.spns.insert(pool.fqdn.spn());
            self.spns.extend(pool.internal_fqdn.as_ref().map(WebFqdn::spn));
        }
    }

    fn add_observed(&mut self, actual: &Actual) {
        self.accounts.extend(actual.assignments.known().into_iter().flat_map(|map| map.values().cloned()));
        let pools = actual.topology.known().into_iter().flat_map(|topology| &topology.pools);
        for pool in pools.filter(|pool| pool.web_services) {
            self.spns.insert(pool.fqdn.spn());
            self.spns.extend(pool.internal_fqdn.as_ref().map(WebFqdn::spn));
        }
    }
}
