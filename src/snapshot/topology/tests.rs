//! Both documents, the real samples, roles, and what breaks a document.

use super::*;
use crate::model::{PublishedPool, Role, SiteKind};
use crate::snapshot::samples;
use crate::snapshot::tests::{broken, source};

fn read_text(text: &str) -> Result<Topology, Cause> {
    read(&source("topology.xml", text))
}

/// A published document with these sites, clusters and services.
fn published(sites: &str, clusters: &str, services: &str) -> String {
    format!(
        "<Topology xmlns='urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008' Signature='4327'>\
         <Sites>{sites}</Sites><Clusters>{clusters}</Clusters><Services>{services}</Services></Topology>"
    )
}

const SITES: &str = "<CentralSite SiteId='1'><Name>Redmond</Name></CentralSite>\
                     <BranchSite SiteId='2'><Name>Z&#252;rich &amp; Bern</Name></BranchSite>";

fn cluster(site: u8, number: u8, fqdn: &str, machines: &[&str]) -> String {
    let machines: Vec<String> = machines.iter().map(|machine| format!("<Machine Fqdn='{machine}'/>")).collect();
    let machines = machines.concat();
    format!("<Cluster Fqdn='{fqdn}'><ClusterId SiteId='{site}' Number='{number}'/>{machines}</Cluster>")
}

fn service(role: &str, site: u8, number: u8, settings: &str) -> String {
    format!(
        "<Service ServiceVersion='7'><ServiceId SiteId='{site}' RoleName='{role}' Instance='1'/>\
         <InstalledOn><ClusterId SiteId='{site}' Number='{number}'/></InstalledOn>{settings}</Service>"
    )
}

fn pools(clusters: &str, services: &str) -> Vec<PublishedPool> {
    read_text(&published(SITES, clusters, services)).unwrap().pools
}

fn target_names(topology: &Topology) -> Vec<String> {
    let targets = topology.pools.iter().filter(|pool| pool.web_services);
    targets.flat_map(|pool| &pool.servers).map(ToString::to_string).collect()
}

#[test]
fn the_enterprise_pool_of_the_sample_has_one_front_end() {
    let Some(text) = samples::read("topology/enterprise-pool-sfb2015.xml") else { return };
    let topology = read_text(&text).unwrap();
    assert_eq!(target_names(&topology), ["SKYPE-FE-01.tenant.rlevchenko.com"]);
    assert_eq!(topology.signature.as_deref(), Some("432720da-08b7-47cd-bba0-605b1969f388"));
    let pool = &topology.pools[0];
    assert_eq!((pool.role, pool.service_version), (Some(Role::FrontEnd), Some(7)));
    assert_eq!(pool.internal_fqdn, None, "the sample has only external settings");
    assert_eq!(pool.site.as_str(), "Tenant");
    assert_eq!(topology.pools.len(), 4, "SQL, file store and WAC are pools without a role");
    assert!(topology.pools[1..].iter().all(|pool| pool.role.is_none()));
}

#[test]
fn the_topology_builder_sample_has_four_front_ends_and_no_edge_target() {
    let Some(text) = samples::read("topology/contoso.tbxml") else { return };
    let topology = read_text(&text).unwrap();
    let expected = [1, 2, 3, 4].map(|number| format!("xfrontend{number}.contoso.com"));
    assert_eq!(target_names(&topology), expected);
    assert_eq!(topology.signature, None, "it was never published");
    let role = |fqdn: &str| topology.pools.iter().find(|pool| pool.fqdn == fqdn.parse().unwrap()).unwrap().role;
    assert_eq!(role("frontendpool.contoso.com"), Some(Role::FrontEnd));
    assert_eq!(role("edgepool.contoso.com"), Some(Role::Edge));
    let sql = topology.pools.iter().find(|pool| pool.fqdn.as_str() == "xSQL1.contoso.com").unwrap();
    assert_eq!(sql.servers, [sql.fqdn.as_server()], "a machine without a name has its cluster's");
}

#[test]
fn samples_cut_off_anywhere_are_never_read() {
    for name in ["topology/enterprise-pool-sfb2015.xml", "topology/contoso.tbxml"] {
        let Some(text) = samples::read(name) else { return };
        let text = text.trim_end();
        for end in (0..text.len()).step_by(997).chain(text.len() - 40..text.len()) {
            assert!(read_text(&text[..end]).is_err(), "{name} cut off at {end}");
        }
    }
}

#[test]
fn roles_follow_from_services() {
    let check = |services: &[&str], site: u8, machines: &[&str], expected: Option<Role>| {
        let all: String = services.iter().map(|role| service(role, site, 1, "")).collect();
        let pools = pools(&cluster(site, 1, "p.contoso.com", machines), &all);
        assert_eq!(pools[0].role, expected, "{services:?} in site {site} on {machines:?}");
        assert_eq!(pools[0].web_services, services.contains(&"WebServices"));
    };
    let one: &[&str] = &["a.contoso.com"];
    let own: &[&str] = &["P.contoso.com"];
    check(&["UserServices", "Registrar", "WebServices"], 1, one, Some(Role::FrontEnd));
    check(&["UserServices", "Registrar", "WebServices", "MediationServer"], 1, own, Some(Role::StandardEdition));
    check(&["UserServices", "Registrar", "WebServices", "PersistentChatService"], 1, own, Some(Role::StandardEdition));
    check(&["UserServices", "WebServices"], 1, &["p.contoso.com", "q.contoso.com"], Some(Role::FrontEnd));
    check(&["Registrar", "WebServices"], 1, one, Some(Role::Director));
    check(&["Registrar", "MediationServer"], 2, own, Some(Role::Sba));
    check(&["EdgeServer", "ManagementServices"], 1, one, Some(Role::Edge));
    check(&["MediationServer"], 1, one, Some(Role::Mediation));
    check(&["PersistentChatService"], 1, one, Some(Role::PersistentChat));
    check(&["ExternalServer"], 1, one, Some(Role::TrustedApplication));
    check(&["PstnGateway"], 1, one, None);
    check(&[], 1, one, None);
}

#[test]
fn settings_of_services_count_in_their_own_namespace_only() {
    const ROLES: &str = "urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008";
    let machine = cluster(1, 1, "p.contoso.com", &["a.contoso.com"]);
    let director = |space: &str, flag: &str| {
        let settings = format!("<x:RegistrarService xmlns:x='{space}' IsDirector='{flag}'/>");
        pools(&machine, &service("Registrar", 1, 1, &settings))[0].role
    };
    assert_eq!(director(ROLES, "true"), Some(Role::Director));
    assert_eq!(director(ROLES, "false"), None);
    assert_eq!(director("urn:other", "true"), None);
    let internal = |host: &str| {
        let settings = format!("<WebService xmlns='{ROLES}'><InternalSettings Host='{host}'/></WebService>");
        pools(&machine, &service("WebServices", 1, 1, &settings))[0].internal_fqdn.as_ref().map(ToString::to_string)
    };
    assert_eq!(internal("webint.contoso.com"), Some("webint.contoso.com".to_owned()));
    assert_eq!(internal("P.contoso.com"), None, "the pool's own name is no override");
    assert_eq!(internal(""), None);
}

#[test]
fn sites_keep_their_kind_and_order() {
    let clusters = cluster(2, 1, "sba.contoso.com", &["sba.contoso.com"]);
    let topology = read_text(&published(SITES, &clusters, &service("Registrar", 2, 1, ""))).unwrap();
    let sites: Vec<_> = topology.sites.iter().map(|site| (site.name.as_str(), site.kind)).collect();
    assert_eq!(sites, [("Redmond", SiteKind::Central), ("Zürich & Bern", SiteKind::Branch)]);
    assert_eq!(topology.pools[0].site.as_str(), "Zürich & Bern");
}

#[test]
fn clusters_that_cannot_matter_may_have_odd_names() {
    let odd = cluster(1, 1, "10.0.0.7", &["10.0.0.7"]) + &cluster(9, 2, "far.contoso.com", &[]);
    let same = cluster(1, 3, "p.contoso.com", &["x"]) + &cluster(1, 4, "P.contoso.com", &["a.contoso.com"]);
    let services =
        service("PstnGateway", 1, 1, "") + &service("UserServices", 1, 4, "") + &service("UserStore", 7, 7, "");
    let pools = pools(&(odd + &same), &services);
    assert_eq!(pools.len(), 1, "{pools:?}");
    assert_eq!(pools[0].servers[0].as_str(), "a.contoso.com", "of two with one name, the one with a role");
}

#[test]
fn what_would_hide_a_target_breaks_the_document() {
    let check = |clusters: &str, services: &str, why: &str| {
        broken(&read_text(&published(SITES, clusters, services)), why);
    };
    let web = service("WebServices", 1, 1, "");
    let good = cluster(1, 1, "p.contoso.com", &["a.contoso.com"]);
    check(&cluster(1, 1, "p", &[]), &web, "the cluster's FQDN \"p\": it has no domain part");
    check(&cluster(1, 1, "p.contoso.com", &["a"]), &web, "the machine \"a\" of p.contoso.com");
    check(&cluster(1, 1, "p.contoso.com", &["a.b", "A.b"]), &web, "has the machine A.b twice");
    check(&cluster(9, 1, "p.contoso.com", &[]), &service("WebServices", 9, 1, ""), "does not have the site");
    check(&good, &service("WebServices", 1, 2, ""), "unknown cluster");
    check(&(good.clone() + &good), &web, "same site and number");
    let twin = good.clone() + &cluster(1, 2, "P.contoso.com", &[]);
    check(&twin, &(web.clone() + &service("Registrar", 1, 2, "") + &service("WebServices", 1, 2, "")), "two clusters");
    let shared = good.clone() + &cluster(1, 2, "q.contoso.com", &["A.contoso.com"]);
    let webs = web.clone() + &service("WebServices", 1, 2, "");
    check(&shared, &webs, "A.contoso.com runs the Web Services of two clusters, p.contoso.com and q.contoso.com");
    let seven = web.replace("'7'", "'seven'");
    check(&good, &seven, "ServiceVersion is \"seven\"");
    let roles = "urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008";
    let maybe = format!("<RegistrarService xmlns='{roles}' IsDirector='maybe'/>");
    check(&good, &service("Registrar", 1, 1, &maybe), "IsDirector is \"maybe\", neither true nor false");
    let host = format!("<WebService xmlns='{roles}'><InternalSettings Host='web'/></WebService>");
    check(&good, &service("WebServices", 1, 1, &host), "the internal web FQDN \"web\"");
}

#[test]
fn broken_documents_say_where() {
    let check = |text: &str, why: &str| broken(&read_text(text), why);
    check("", "topology.xml:1:1: the document has no element");
    check("<Topology/>", "topology.xml:1:1: the root element is Topology, in another namespace");
    check(&published("", "", ""), "the topology has no site");
    check(&published("<CentralSite SiteId='1'/>", "", ""), "CentralSite has no Name");
    check(&published("<CentralSite><Name>A</Name></CentralSite>", "", ""), "CentralSite has no attribute SiteId");
    let twice =
        "<CentralSite SiteId='1'><Name>A</Name></CentralSite><CentralSite SiteId='2'><Name>a</Name></CentralSite>";
    check(&published(twice, "", ""), "two sites are named a");
    check(&published(&twice.replace("'2'", "'1'"), "", ""), "the same SiteId");
    check(&format!("{}\n<x/>", published(SITES, "", "")), "topology.xml:2:1: there is a second root");
    let bomb = format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{}", published(SITES, "", ""));
    check(&bomb, "topology.xml:1:1: there is a DTD");
    check(&published("<CentralSite SiteId='1'><Name>&x;</Name></CentralSite>", "", ""), "entity reference");
}

/// A Topology Builder document with a branch site.
#[test]
fn the_builder_joins_by_guid_in_any_spelling() {
    let text = "<b:TopologyBuilder xmlns:b='urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008'>\
        <b:NewTopology><PartialTopology Signature='1-2' \
            xmlns='urn:schema:Microsoft.Rtc.Management.Deploy.WritableTopology.2008' \
            xmlns:t='urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008'>\
          <CentralSites><CentralSite SiteId='1'><t:Name>HQ</t:Name>\
            <Clusters><Cluster UniqueId='{AB}' Fqdn='se.contoso.com'><Machines><Machine/></Machines></Cluster></Clusters>\
            <RemoteSites><RemoteSite SiteId='2'><t:Name>Far</t:Name>\
              <Clusters><Cluster UniqueId='cd' Fqdn='far.contoso.com'><Machines><Machine/></Machines></Cluster></Clusters>\
            </RemoteSite></RemoteSites>\
          </CentralSite></CentralSites>\
          <Services><Service RoleName='UserServices' InstalledOn='ab'/><Service RoleName='WebServices' InstalledOn='Ab'/>\
            <Service RoleName='Registrar' InstalledOn='CD'/><Service RoleName='UserStore' InstalledOn='ef'/></Services>\
        </PartialTopology></b:NewTopology></b:TopologyBuilder>";
    let topology = read_text(text).unwrap();
    let roles: Vec<_> = topology.pools.iter().map(|pool| (pool.fqdn.as_str(), pool.site.as_str(), pool.role)).collect();
    assert_eq!(
        roles,
        [("se.contoso.com", "HQ", Some(Role::StandardEdition)), ("far.contoso.com", "Far", Some(Role::Sba))]
    );
    assert_eq!(topology.sites[1].kind, SiteKind::Branch);
    assert_eq!(topology.signature.as_deref(), Some("1-2"));
    assert_eq!(target_names(&topology), ["se.contoso.com"]);
    broken(&read_text(&text.replace("'Ab'", "'zz'")), "unknown cluster");
    broken(&read_text(&text.replace("'cd'", "'AB'")), "same UniqueId");
}
