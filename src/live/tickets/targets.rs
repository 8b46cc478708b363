//! Which servers are asked, and by which names.

use super::no_ticket::KnownSpn;
use crate::model::{
    AccountName, Actual, Deployment, Directory, PoolFqdn, Reading, ServerFqdn, SiteName, Spn, Topology, WebFqdn,
};
use crate::plan::{Scope, Subject, Survey};
use std::collections::BTreeMap;

/// A server that is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub server: ServerFqdn,
    /// Its pool.
    pub pool: PoolFqdn,
    /// The names that clients use for it, the pool's own first.
    pub names: Vec<Name>,
    /// The account that the ticket speaks of: the one that holds the pool's SPN, where that is known.
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
            Target::new(target.server, target.pool, internal, actual)
        })
        .collect()
}

/// The servers with Web Services of every site that has an account, or of every site where that could not be read.
pub fn of_snapshot(actual: &Actual) -> Vec<Target> {
    let has_account = |site: &SiteName| match &actual.assignments {
        Reading::Known(assignments) => assignments.contains_key(site),
        Reading::Absent | Reading::Unreadable(_) => true,
    };
    let pools = actual.topology.known().into_iter().flat_map(|topology| &topology.pools);
    pools
        .filter(|pool| pool.web_services && has_account(&pool.site))
        .flat_map(|pool| {
            let internal = pool.internal_fqdn.as_ref();
            pool.servers.iter().map(move |server| Target::new(server, &pool.fqdn, internal, actual))
        })
        .collect()
}

fn published_override<'t>(topology: &'t Topology, pool: &PoolFqdn) -> Option<&'t WebFqdn> {
    topology.pools.iter().find(|published| published.fqdn == *pool)?.internal_fqdn.as_ref()
}

impl Target {
    fn new(server: &ServerFqdn, pool: &PoolFqdn, internal: Option<&WebFqdn>, actual: &Actual) -> Self {
        let directory = actual.directory.known();
        let own = Name { host: pool.to_string(), known: KnownSpn::of(&pool.spn(), directory) };
        let internal = internal.map(|web| Name { host: web.to_string(), known: KnownSpn::of(&web.spn(), directory) });
        let account = directory.and_then(|directory| holder(&pool.spn(), directory)).cloned();
        Self {
            server: server.clone(),
            pool: pool.clone(),
            names: std::iter::once(own).chain(internal).collect(),
            account,
        }
    }
}

/// The one account that holds the SPN: its key is what a ticket is encrypted with.
fn holder<'d>(spn: &Spn, directory: &'d Directory) -> Option<&'d AccountName> {
    let Reading::Known(holders) = directory.holders(spn) else { return None };
    let holder = holders.iter().next().filter(|_| holders.len() == 1)?;
    directory.accounts.keys().find(|account| holder.is(account))
}

impl KnownSpn {
    fn of(spn: &Spn, directory: Option<&Directory>) -> Self {
        let Some(directory) = directory else { return Self::default() };
        let Reading::Known(holders) = directory.holders(spn) else { return Self::default() };
        let account =
            holder(spn, directory).and_then(|account| directory.account(account).known().map(|known| (*known).clone()));
        Self { holders: Some(holders), account }
    }
}
