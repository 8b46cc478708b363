//! A Topology Builder document (`.tbxml`).
//!
//! `NewTopology/PartialTopology@Signature`; `CentralSites/CentralSite` with `Name`, `Clusters/Cluster@UniqueId,@Fqdn`
//! with `Machines/Machine@Fqdn`, and `RemoteSites/RemoteSite` (or `BranchSite`) of the same shape;
//! `Services/Service@RoleName,@InstalledOn,@ServiceVersion`. Clusters and services join by GUID. The `<Machine/>` of
//! a single-machine cluster has no name and inherits the cluster's. [seen, remote sites inferred]

use super::pools::{Cluster, Service, pools, signature, site};
use super::tree::{Element, Space};
use crate::model::{PublishedSite, SiteKind, Topology};
use crate::snapshot::place::Fault;
use std::collections::HashMap;

const W: Space = Space::Writable;

pub(super) fn read(root: &Element) -> Result<Topology, Fault> {
    let partial = root.required_child(Space::Builder, "NewTopology")?.required_child(W, "PartialTopology")?;
    let mut sites: Vec<PublishedSite> = Vec::new();
    let mut found: Vec<(usize, &Element<'_>)> = Vec::new();
    for (element, kind) in site_elements(partial.required_child(W, "CentralSites")?) {
        let site = site(element, kind, &sites)?;
        let of_site = element.child(W, "Clusters").into_iter().flat_map(|all| all.children(W, "Cluster"));
        found.extend(of_site.map(|cluster| (sites.len(), cluster)));
        sites.push(site);
    }
    let mut clusters = Vec::new();
    let mut by_id = HashMap::new();
    for (site, element) in found {
        if by_id.insert(guid(element.required("UniqueId")?), clusters.len()).is_some() {
            return Err(Fault::new(element.offset_of("UniqueId"), "two clusters have the same UniqueId"));
        }
        let machines = element.child(W, "Machines").into_iter().flat_map(|all| all.children(W, "Machine"));
        let machines = machines.map(|machine| machine.attribute("Fqdn")).collect();
        clusters.push(Cluster { element, site: Some(&sites[site]), machines, services: Vec::new() });
    }
    for element in partial.required_child(W, "Services")?.children(W, "Service") {
        let service = Service::new(element, element.required("RoleName")?);
        match element.attribute("InstalledOn").and_then(|id| by_id.get(&guid(id))) {
            Some(at) => clusters[*at].services.push(service),
            // On a SQL instance, or on a cluster that the document does not have.
            None if !service.is_web_services() => {}
            None => return Err(Fault::new(element.offset, "Web Services are installed on an unknown cluster")),
        }
    }
    let pools = pools(&clusters)?;
    Ok(Topology { signature: signature(partial), pools, sites })
}

/// Every site, each central one followed by its branches.
fn site_elements<'e>(central_sites: &'e Element<'e>) -> Vec<(&'e Element<'e>, SiteKind)> {
    let mut all = Vec::new();
    for central in central_sites.children(W, "CentralSite") {
        all.push((central, SiteKind::Central));
        for group in central.elements().filter(|it| it.is(W, "RemoteSites") || it.is(W, "BranchSites")) {
            let branches = group.elements().filter(|it| it.is(W, "RemoteSite") || it.is(W, "BranchSite"));
            all.extend(branches.map(|branch| (branch, SiteKind::Branch)));
        }
    }
    all
}

/// A GUID in one spelling: Windows writes it in either case, with or without braces.
fn guid(text: &str) -> String {
    text.trim().trim_matches(['{', '}']).to_ascii_lowercase()
}
