//! What `Get-CsTopology -AsXml` prints.
//!
//! `Topology@Signature`; `Sites/CentralSite@SiteId` (or `BranchSite`, `RemoteSite`) with `Name`;
//! `Clusters/Cluster@Fqdn` with `ClusterId@SiteId,@Number` and `Machine@Fqdn`; `Services/Service@ServiceVersion`
//! with `ServiceId@RoleName` and `InstalledOn/ClusterId`. Clusters and services join on `SiteId` and `Number`.

use super::pools::{Cluster, Service, pools, signature, site};
use super::tree::{Element, Space};
use crate::model::{PublishedSite, SiteKind, Topology};
use crate::snapshot::place::Fault;
use std::collections::HashMap;

const T: Space = Space::Topology;

pub(super) fn read(root: &Element) -> Result<Topology, Fault> {
    let (sites, by_id) = sites(root.required_child(T, "Sites")?)?;
    let mut clusters = Vec::new();
    let mut by_key = HashMap::new();
    for element in root.required_child(T, "Clusters")?.children(T, "Cluster") {
        let key = key(element.required_child(T, "ClusterId")?)?;
        if by_key.insert(key, clusters.len()).is_some() {
            return Err(Fault::new(element.offset, "two clusters have the same site and number"));
        }
        let site = by_id.get(key.0).map(|at| &sites[*at]);
        let machines = element.children(T, "Machine").map(|machine| machine.attribute("Fqdn")).collect();
        clusters.push(Cluster { element, site, machines, services: Vec::new() });
    }
    for element in root.required_child(T, "Services")?.children(T, "Service") {
        let service = Service::new(element, element.required_child(T, "ServiceId")?.required("RoleName")?);
        let installed = element.child(T, "InstalledOn").into_iter().flat_map(|on| on.children(T, "ClusterId"));
        let mut at = None;
        for id in installed {
            at = by_key.get(&key(id)?).copied();
        }
        match at {
            Some(at) => clusters[at].services.push(service),
            // On a SQL instance, or on a cluster that the document does not have.
            None if !service.is_web_services() => {}
            None => return Err(Fault::new(element.offset, "Web Services are installed on an unknown cluster")),
        }
    }
    let pools = pools(&clusters)?;
    Ok(Topology { signature: signature(root), pools, sites })
}

fn sites<'e>(element: &'e Element<'e>) -> Result<(Vec<PublishedSite>, HashMap<&'e str, usize>), Fault> {
    let mut sites = Vec::new();
    let mut by_id = HashMap::new();
    for element in element.elements() {
        let kind = if element.is(T, "CentralSite") {
            SiteKind::Central
        } else if element.is(T, "BranchSite") || element.is(T, "RemoteSite") {
            SiteKind::Branch
        } else {
            continue;
        };
        if by_id.insert(element.required("SiteId")?.trim(), sites.len()).is_some() {
            return Err(Fault::new(element.offset_of("SiteId"), "two sites have the same SiteId"));
        }
        let site = site(element, kind, &sites)?;
        sites.push(site);
    }
    Ok((sites, by_id))
}

fn key<'e>(cluster_id: &'e Element<'e>) -> Result<(&'e str, &'e str), Fault> {
    Ok((cluster_id.required("SiteId")?.trim(), cluster_id.required("Number")?.trim()))
}
