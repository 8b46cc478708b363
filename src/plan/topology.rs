//! The declared places against the published topology: who is missing on which side.

use super::draft::Draft;
use super::survey::{Published, Survey};
use super::{Layer, Subject};
use crate::codes::Code;
use crate::model::{Deployment, Pool, PoolFqdn, Product, PublishedPool, Role, ServerFqdn, Site, SiteKind};
use crate::yaml::scalar;
use std::collections::{BTreeSet, HashSet};

/// Findings only: nothing about the topology is ever changed by a plan.
pub(super) fn inspect(survey: &Survey<'_>, draft: &mut Draft) {
    if let Some(cause) = survey.actual.collected_at.cause() {
        draft.unreadable(Subject::Snapshot, Layer::Assignment, cause);
    }
    inspect_assigned_sites(survey, draft);
    let Some(published) = &survey.published else {
        if let Some(cause) = survey.actual.topology.cause() {
            draft.unreadable(Subject::Topology, Layer::Assignment, cause);
        }
        return;
    };
    for site in &survey.deployment.sites {
        if let Some(kind) = published.sites.get(&site.name) {
            inspect_kind(site, *kind, draft);
            site.pools.iter().for_each(|pool| inspect_pool(published, site, pool, draft));
        } else {
            let hint = "publish the site with Topology Builder, correct its name, or take it out of the file";
            let message = "declared, but not in the published topology; nothing is planned for it";
            draft.find(Code::SiteUnpublished, Subject::Site(site.name.clone()), message, Some(hint.to_owned()));
        }
    }
    inspect_undeclared(published, survey, draft);
}

fn inspect_kind(site: &Site, published: SiteKind, draft: &mut Draft) {
    if site.kind != published {
        let what = match published {
            SiteKind::Central => "a central",
            SiteKind::Branch => "a branch",
        };
        let message = format!("published as {what} site, and not declared as one; the plan goes by what is published");
        let hint = format!("set `kind: {}` on the site", published.as_str());
        draft.find(Code::SiteKindMismatch, Subject::Site(site.name.clone()), message, Some(hint));
    }
}

fn inspect_assigned_sites(survey: &Survey<'_>, draft: &mut Draft) {
    for (site, account) in survey.actual.assignments.known().into_iter().flatten() {
        if survey.declared_site(site).is_none() {
            let message = format!("has {account} assigned, but is not in the file; nothing is planned for it");
            let (name, account) = (scalar(site.as_str()), scalar(account.as_str()));
            let kind = if survey.is_branch(site) { "\n    kind: branch" } else { "" };
            let mut hint = format!("add it to the file under `sites:`\n  - name: {name}{kind}\n    account: {account}");
            let pools = survey.published.iter().flat_map(|published| &published.topology.pools);
            let pools: Vec<_> = pools.filter(|pool| pool.web_services && pool.site == *site).collect();
            hint.push_str(if pools.is_empty() { "" } else { "\n    pools:" });
            for pool in pools {
                hint.push_str(&pool_yaml(pool, "      "));
            }
            draft.find(Code::SiteUndeclared, Subject::Site(site.clone()), message, Some(hint));
        }
    }
}

fn inspect_pool(published: &Published<'_>, site: &Site, pool: &Pool, draft: &mut Draft) {
    let subject = Subject::Pool(site.name.clone(), pool.fqdn.clone());
    let Some(there) = published.pools.get(&pool.fqdn).copied() else {
        let message = "declared, but not in the published topology; nothing is planned for it";
        let hint = "publish the pool with Topology Builder, or take it out of the file";
        draft.find(Code::PoolUnpublished, subject, message, Some(hint.to_owned()));
        return;
    };
    if there.site != site.name {
        let message = format!("declared here, but published in site {}; nothing is planned for it", there.site);
        let hint = format!("move it to site {} in the file", there.site);
        draft.find(Code::PoolElsewhere, subject, message, Some(hint));
        return;
    }
    if there.web_services != pool.role.runs_web_services() {
        let (has, hint) = if there.web_services {
            ("has Web Services", "correct its role in the file")
        } else {
            ("has no Web Services", "correct its role in the file, or publish the topology")
        };
        let message = format!("declared as {}, but its published pool {has}; nothing is planned for it", pool.role);
        draft.find(Code::RoleMismatch, subject, message, Some(hint.to_owned()));
        return;
    }
    if pool.role.runs_web_services() {
        inspect_product(pool, there, &subject, draft);
        inspect_override(pool, there, &subject, draft);
        inspect_servers(published, site, pool, there, draft);
    }
}

fn inspect_product(pool: &Pool, there: &PublishedPool, subject: &Subject, draft: &mut Draft) {
    let (Some(declared), Some(version)) = (pool.product, there.service_version) else { return };
    let shown = Product::of_service_version(version);
    if !shown.is_empty() && !shown.contains(&declared) {
        let names: Vec<&str> = shown.iter().map(|product| product.id()).collect();
        let message = format!(
            "declared as {declared}, but the topology shows {} (Web Services of service version {version})",
            names.join(" or ")
        );
        let hint = format!("set `product: {}` on the pool", names[0]);
        draft.find(Code::ProductMismatch, subject.clone(), message, Some(hint));
    }
}

fn inspect_override(pool: &Pool, there: &PublishedPool, subject: &Subject, draft: &mut Draft) {
    let (message, hint) = match (&pool.internal_fqdn, &there.internal_fqdn) {
        (None, Some(published)) => (
            format!("its internal web FQDN is published as {published}, but the file does not declare it"),
            format!("add `webServices: {{ internalFqdn: {} }}` to the pool", scalar(published.as_str())),
        ),
        (Some(declared), None) => (
            format!("its internal web FQDN is declared as {declared}, but none is published"),
            "override it in Topology Builder, or take `webServices` out of the file".to_owned(),
        ),
        (Some(declared), Some(published)) if declared != published => (
            format!("its internal web FQDN is declared as {declared}, but published as {published}"),
            "make the two agree".to_owned(),
        ),
        _ => return,
    };
    draft.find(Code::OverrideMismatch, subject.clone(), message, Some(hint));
}

fn inspect_servers(published: &Published<'_>, site: &Site, pool: &Pool, there: &PublishedPool, draft: &mut Draft) {
    let members: HashSet<&ServerFqdn> = there.servers.iter().collect();
    for server in pool.servers.iter().filter(|server| !members.contains(&server.fqdn)) {
        let subject = Subject::Server(site.name.clone(), pool.fqdn.clone(), server.fqdn.clone());
        if let Some(elsewhere) = published.web_servers.get(&server.fqdn) {
            let place = format!("{} in site {}", elsewhere.fqdn, elsewhere.site);
            let message = format!("declared here, but published in {place}; nothing is planned for it");
            let hint = format!("move it to {place} in the file");
            draft.find(Code::ServerElsewhere, subject, message, Some(hint));
        } else {
            let message = "declared, but not in the published topology; nothing is planned for it";
            let hint = "publish the server with Topology Builder, or take it out of the file";
            draft.find(Code::ServerUnpublished, subject, message, Some(hint.to_owned()));
        }
    }
}

/// What is published with Web Services, in a declared site, and not declared: the commonest trouble of all, a new
/// Front End that nobody gave the password.
fn inspect_undeclared(published: &Published<'_>, survey: &Survey<'_>, draft: &mut Draft) {
    let declared_pools: HashSet<_> =
        survey.deployment.sites.iter().flat_map(|site| &site.pools).map(|p| &p.fqdn).collect();
    let said = said_elsewhere(published, survey.deployment);
    let mut pools = BTreeSet::new();
    for target in &survey.targets {
        let known = target.declared.is_some() || said.contains(&(target.server, target.pool));
        if known || survey.declared_site(target.site).is_none() {
            continue;
        }
        if !declared_pools.contains(target.pool) {
            pools.insert((target.site, target.pool));
            continue;
        }
        let subject = Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone());
        let message =
            format!("published with Web Services, but not declared; nothing is planned for it{}", told(survey, target));
        let hint =
            format!("add it to the servers of {} in the file\n  - {}", target.pool, scalar(target.server.as_str()));
        draft.find(Code::ServerUndeclared, subject, message, Some(hint));
    }
    for (site, pool) in pools {
        let Some(there) = published.pools.get(pool) else { continue };
        let message = "published with Web Services, but not declared; nothing is planned for it";
        let hint = format!("add it to the pools of {site} in the file{}", pool_yaml(there, "  "));
        draft.find(Code::PoolUndeclared, Subject::Pool(site.clone(), pool.clone()), message, Some(hint));
    }
}

/// The published servers, each with its pool, that a finding about another place in the file has named: they are
/// declared there, or their whole pool is.
fn said_elsewhere<'a>(
    published: &Published<'a>,
    deployment: &'a Deployment,
) -> HashSet<(&'a ServerFqdn, &'a PoolFqdn)> {
    let mut said = HashSet::new();
    let declared = deployment.sites.iter().flat_map(|site| site.pools.iter().map(move |pool| (site, pool)));
    for (site, pool) in declared {
        let Some(there) = published.pools.get(&pool.fqdn).copied() else { continue };
        let as_declared = there.site == site.name && there.web_services && pool.role.runs_web_services();
        for server in &pool.servers {
            let elsewhere = published.web_servers.get(&server.fqdn).map(|elsewhere| &elsewhere.fqdn);
            said.extend(elsewhere.filter(|at| as_declared || **at == pool.fqdn).map(|at| (&server.fqdn, at)));
        }
    }
    said
}

/// A published pool as the file would declare it, each line on a new one.
fn pool_yaml(pool: &PublishedPool, indent: &str) -> String {
    let role = pool.role.unwrap_or(Role::FrontEnd);
    let servers: Vec<_> = pool.servers.iter().map(|server| scalar(server.as_str())).collect();
    let servers = match role {
        Role::StandardEdition => String::new(),
        _ => format!("\n{indent}  servers: [{}]", servers.join(", ")),
    };
    let internal = pool.internal_fqdn.as_ref().filter(|_| role != Role::StandardEdition);
    let internal = internal.map_or(String::new(), |fqdn| {
        format!("\n{indent}  webServices: {{ internalFqdn: {} }}", scalar(fqdn.as_str()))
    });
    format!("\n{indent}- fqdn: {}\n{indent}  role: {role}{internal}{servers}", scalar(pool.fqdn.as_str()))
}

fn told(survey: &Survey<'_>, target: &super::Target<'_>) -> String {
    let words = match &target.state {
        Some(state) if state.is_valid() => "Its configuration is valid",
        // What it has now may serve its clients well.
        Some(state) if state.is_invalid() && survey.is_pending(target) => "It was not given the account yet",
        Some(state) if state.is_invalid() => "Its configuration is invalid, so clients get Unauthorized from it",
        Some(_) => "Whether its configuration is valid is not known",
        None => return String::new(),
    };
    format!(". {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_to_add_is_read_as_the_names_it_was_made_from() {
        let pool = PublishedPool {
            fqdn: "1.5".parse().unwrap(),
            site: "A".parse().unwrap(),
            role: None,
            web_services: true,
            service_version: None,
            internal_fqdn: Some("7.5e3".parse().unwrap()),
            servers: vec!["1e3.5".parse().unwrap(), "fe01.contoso.com".parse().unwrap()],
        };
        let read: serde_yaml::Value = serde_yaml::from_str(&pool_yaml(&pool, "  ")).unwrap();
        assert_eq!(read[0]["fqdn"], "1.5");
        assert_eq!(read[0]["webServices"]["internalFqdn"], "7.5e3");
        assert_eq!(read[0]["servers"][0], "1e3.5");
        assert_eq!(read[0]["servers"][1], "fe01.contoso.com");
    }
}
