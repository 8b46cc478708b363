//! Finds the targets: the servers that run Web Services, as the cmdlet itself locates them.

use super::SHARE;
use super::survey::{Survey, Target};
use crate::model::{AccountName, DeclaredAccount, PoolFqdn, Server, ServerFqdn, SiteName};
use rayon::prelude::*;
use std::collections::HashSet;

/// Every target, the declared ones first and in their order, then those that are only published.
///
/// A declared server that is not published, or published elsewhere, is no target: Set-CsKerberosAccountPassword
/// would not reach it. Where the topology could not be read, what is declared is taken for published.
pub(super) fn find<'a>(survey: &Survey<'a>) -> Vec<Target<'a>> {
    let mut found = Vec::new();
    let mut seen: HashSet<&ServerFqdn> = HashSet::new();
    for site in &survey.deployment.sites {
        if !survey.is_published(&site.name) {
            continue;
        }
        let managed = !matches!(site.account, DeclaredAccount::Unmanaged);
        for pool in site.pools.iter().filter(|pool| pool.role.runs_web_services()) {
            for server in pool.servers.iter().filter(|server| stands_there(survey, &site.name, &pool.fqdn, server)) {
                if seen.insert(&server.fqdn) {
                    found.push((&site.name, &pool.fqdn, &server.fqdn, Some((server, managed))));
                }
            }
        }
    }
    if let Some(published) = &survey.published {
        for pool in published.topology.pools.iter().filter(|pool| pool.web_services) {
            // Print the site as the file declares it, where it does.
            let site = survey.declared_site(&pool.site).map_or(&pool.site, |declared| &declared.name);
            for server in pool.servers.iter().filter(|server| seen.insert(server)) {
                found.push((site, &pool.fqdn, server, None));
            }
        }
    }
    // Each is judged by itself.
    let judged = found.into_par_iter().with_min_len(SHARE);
    judged.map(|(site, pool, server, declared)| target(survey, site, pool, server, declared)).collect()
}

fn stands_there(survey: &Survey<'_>, site: &SiteName, pool: &PoolFqdn, server: &Server) -> bool {
    survey.published.as_ref().is_none_or(|published| {
        published.web_servers.get(&server.fqdn).is_some_and(|there| there.fqdn == *pool && there.site == *site)
    })
}

fn target<'a>(
    survey: &Survey<'a>,
    site: &'a SiteName,
    pool: &'a PoolFqdn,
    server: &'a ServerFqdn,
    declared: Option<(&'a Server, bool)>,
) -> Target<'a> {
    let account: Option<&'a AccountName> = survey.eventual(site);
    let state = account.map(|account| survey.judge_server(site, server, account));
    let managed = declared.is_some_and(|(_, managed)| managed);
    Target { site, pool, server, declared: declared.map(|(server, _)| server), account, managed, state }
}
