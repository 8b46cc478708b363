//! What the document declares, by name: the first declaration of each.

use super::super::Span;
use super::super::document::{Document, Pool, Role as DeclaredRole, Site};
use super::super::typed::Placed;
use super::{pools, sites};
use crate::model::{AccountName, PoolFqdn, Role, ServerFqdn, SiteName};
use std::collections::BTreeMap;

/// The declared names; one that is not well formed is not among them.
pub(super) struct Names<'a> {
    pub(super) accounts: BTreeMap<AccountName, Span>,
    pub(super) sites: BTreeMap<SiteName, Span>,
    pub(super) pools: BTreeMap<PoolFqdn, Span>,
    pub(super) servers: BTreeMap<ServerFqdn, Home<'a>>,
    /// How many servers are declared with a well-formed name: more than there are names where one stands twice.
    pub(super) well_formed: usize,
    /// Whether every server's name is well formed.
    pub(super) all_well_formed: bool,
}

/// Where a server is declared.
pub(super) struct Home<'a> {
    pub(super) at: Span,
    pub(super) site: &'a Placed<Site>,
    pub(super) pool: &'a Placed<Pool>,
}

impl<'a> Names<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let mut names = Self {
            accounts: BTreeMap::new(),
            sites: BTreeMap::new(),
            pools: BTreeMap::new(),
            servers: BTreeMap::new(),
            well_formed: 0,
            all_well_formed: true,
        };
        for name in document.accounts.iter().filter_map(|account| account.name.as_ref()) {
            if let Ok(parsed) = name.parse() {
                names.accounts.entry(parsed).or_insert(name.at());
            }
        }
        for name in sites(document).filter_map(|site| site.name.as_ref()) {
            if let Ok(parsed) = name.parse() {
                names.sites.entry(parsed).or_insert(name.at());
            }
        }
        let (mut of_pools, mut of_servers) = (Vec::new(), Vec::new());
        for (site, pool) in pools(document) {
            of_pools.extend(pool.parsed().map(|(parsed, fqdn)| (parsed, fqdn.at())));
            let servers = pool.its_servers();
            let declared = pool.servers.iter().filter(|server| server.fqdn().is_some()).count();
            names.all_well_formed &= declared <= servers.len();
            of_servers.extend(servers.into_iter().map(|(parsed, at)| (parsed, Home { at, site, pool })));
        }
        names.well_formed = of_servers.len();
        names.pools = first_of_each(of_pools);
        names.servers = first_of_each(of_servers);
        names
    }
}

/// The first of each name. Names mostly stand in order already, which sorting makes use of and inserting does not.
fn first_of_each<K: Ord, V>(mut entries: Vec<(K, V)>) -> BTreeMap<K, V> {
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(later, _), (first, _)| later == first);
    entries.into_iter().collect()
}

impl Pool {
    /// Its FQDN, where that is well formed.
    pub(super) fn parsed(&self) -> Option<(PoolFqdn, &Placed<String>)> {
        let fqdn = self.fqdn.as_ref()?;
        fqdn.parse().ok().map(|parsed| (parsed, fqdn))
    }

    /// Its servers that are well formed, with their places; a Standard Edition pool without a list is its own server.
    pub(super) fn its_servers(&self) -> Vec<(ServerFqdn, Span)> {
        if self.servers.is_empty() && self.has_role(DeclaredRole::StandardEdition) {
            return self.parsed().map(|(pool, fqdn)| (pool.as_server(), fqdn.at())).into_iter().collect();
        }
        let declared = self.servers.iter().filter_map(Placed::fqdn);
        declared.filter_map(|fqdn| fqdn.parse().ok().map(|parsed| (parsed, fqdn.at()))).collect()
    }

    /// Whether it is declared to have that role.
    pub(super) fn has_role(&self, role: DeclaredRole) -> bool {
        self.role.as_deref() == Some(&role)
    }

    /// Whether its servers run Web Services; an unknown role may.
    pub(super) fn may_run_web_services(&self) -> bool {
        self.role.as_ref().is_none_or(|role| Role::from(**role).runs_web_services())
    }
}
