//! Which servers are asked, and by which names.

use super::known_spn::{Elsewhere, KnownSpn};
use crate::model::{
    AccountName, Actual, Deployment, Directory, PoolFqdn, Principal, Reading, ServerFqdn, SiteName, Spn, Topology,
    WebFqdn,
};
use crate::plan::{Scope, Subject, Survey};
use std::collections::{BTreeMap, BTreeSet};

/// A server that is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub server: ServerFqdn,
    /// Its pool.
    pub pool: PoolFqdn,
    /// The names that clients use for it, the pool's own first.
    pub names: Vec<Name>,
    /// The account that is proved, where that is known: the one that the site has or shall have if it holds one of the
    /// names, else the one that holds the first that anybody does.
    pub account: Option<AccountName>,
}

/// A name that clients ask tickets for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The host.
    pub host: String,
    /// What the directory tells of its SPN.
    pub known: KnownSpn,
}

/// The servers of a deployment whose site has, or shall have, an account, as far as the scope reaches.
pub fn of_deployment(deployment: &Deployment, actual: &Actual, scope: &Scope) -> Vec<Target> {
    let survey = Survey::new(deployment, actual);
    let declared = deployment.sites.iter().flat_map(|site| &site.pools);
    let overrides: BTreeMap<&PoolFqdn, Option<&WebFqdn>> =
        declared.map(|pool| (&pool.fqdn, pool.internal_fqdn.as_ref())).collect();
    let published = actual.topology.known();
    let of_survey = survey.targets.iter().filter(|target| target.account.is_some()).filter(|target| {
        scope.selects(&Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone()))
    });
    of_survey
        .map(|target| {
            let internal = match overrides.get(target.pool) {
                Some(declared) => *declared,
                None => published.and_then(|published| published_override(published, target.pool)),
            };
            Target::new(target.server, target.pool, internal, target.account, actual)
        })
        .collect()
}

/// The servers with Web Services of every site that has an account, or of every site where that could not be read.
pub fn of_snapshot(actual: &Actual) -> Vec<Target> {
    // `None` where there is no account.
    let assigned = |site: &SiteName| match &actual.assignments {
        Reading::Known(assignments) => assignments.get(site).map(Some),
        Reading::Absent | Reading::Unreadable(_) => Some(None),
    };
    let pools = actual.topology.known().into_iter().flat_map(|topology| &topology.pools);
    let asked = pools.filter(|pool| pool.web_services).filter_map(|pool| Some((pool, assigned(&pool.site)?)));
    asked
        .flat_map(|(pool, account)| {
            let target = move |server| Target::new(server, &pool.fqdn, pool.internal_fqdn.as_ref(), account, actual);
            pool.servers.iter().map(target)
        })
        .collect()
}

fn published_override<'t>(topology: &'t Topology, pool: &PoolFqdn) -> Option<&'t WebFqdn> {
    topology.pools.iter().find(|published| published.fqdn == *pool)?.internal_fqdn.as_ref()
}

impl Target {
    /// `wanted` is the account that its site has or shall have.
    fn new(
        server: &ServerFqdn,
        pool: &PoolFqdn,
        internal: Option<&WebFqdn>,
        wanted: Option<&AccountName>,
        actual: &Actual,
    ) -> Self {
        let directory = actual.directory.known();
        let own = (pool.to_string(), pool.spn());
        let names = std::iter::once(own).chain(internal.map(|web| (web.to_string(), web.spn())));
        let held =
            |(host, spn): (String, Spn)| (host, directory.and_then(|directory| Held::new(&spn, directory, wanted)));
        let names: Vec<(String, Option<Held<'_>>)> = names.map(held).collect();
        let accounts = || names.iter().filter_map(|(_, held)| held.as_ref()?.account);
        let account = accounts().find(|account| Some(*account) == wanted).or_else(|| accounts().next()).cloned();
        let names = names.into_iter().map(|(host, held)| {
            let known = held.map(|held| held.known(directory, account.as_ref())).unwrap_or_default();
            Name { host, known }
        });
        Self { server: server.clone(), pool: pool.clone(), names: names.collect(), account }
    }
}

/// Who holds an SPN, and which account that is, if it is one and alone: its key is what a ticket is encrypted with.
struct Held<'a> {
    holders: BTreeSet<Principal>,
    account: Option<&'a AccountName>,
}

impl<'a> Held<'a> {
    fn new(spn: &Spn, directory: &'a Directory, wanted: Option<&'a AccountName>) -> Option<Self> {
        let Reading::Known(holders) = directory.holders(spn) else { return None };
        let only = holders.first().filter(|_| holders.len() == 1);
        let account = only.and_then(|only| directory.accounts.keys().chain(wanted).find(|account| only.is(account)));
        Some(Self { holders, account })
    }

    /// It with regard to the account that is to be proved.
    fn known(self, directory: Option<&Directory>, proved: Option<&AccountName>) -> KnownSpn {
        let state = |account| directory?.account(account).known().map(|state| (*state).clone());
        let elsewhere = match (self.holders.len(), self.holders.first()) {
            (0, _) => Some(Elsewhere::Nowhere),
            (1, Some(_)) if self.account.is_some() && self.account == proved => None,
            (1, Some(only)) => Some(Elsewhere::On(only.clone())),
            _ => None, // on several, for which there is no ticket
        };
        KnownSpn { account: self.account.and_then(state), holders: Some(self.holders), elsewhere }
    }
}
