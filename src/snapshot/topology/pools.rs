//! From clusters and their services to pools: names, roles, targets.

use super::tree::{Element, Space};
use crate::model::{PoolFqdn, PublishedPool, PublishedSite, Role, ServerFqdn, SiteKind, WebFqdn};
use crate::snapshot::place::Fault;
use std::collections::BTreeMap;

/// A cluster as either document has it.
pub(super) struct Cluster<'d> {
    /// Its element.
    pub(super) element: &'d Element<'d>,
    /// The site it belongs to, where the document has it.
    pub(super) site: Option<&'d PublishedSite>,
    /// The machines' names in the document's order; `None` inherits the cluster's.
    pub(super) machines: Vec<Option<&'d str>>,
    /// The services installed on it.
    pub(super) services: Vec<Service<'d>>,
}

/// A service.
pub(super) struct Service<'d> {
    name: ServiceName,
    element: &'d Element<'d>,
}

/// The role names that tell what a cluster is for.
///
/// `PersistentChatService` and `ExternalServer` (a trusted-application pool) stand in Microsoft's documentation
/// [doc], the others in real files [seen].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServiceName {
    UserServices,
    Registrar,
    WebServices,
    Edge,
    Mediation,
    PersistentChat,
    ExternalServer,
    Other,
}

impl<'d> Service<'d> {
    /// The service of that element and role name.
    pub(super) fn new(element: &'d Element<'d>, role_name: &str) -> Self {
        let name = match role_name {
            "UserServices" => ServiceName::UserServices,
            "Registrar" => ServiceName::Registrar,
            "WebServices" => ServiceName::WebServices,
            "EdgeServer" => ServiceName::Edge,
            "MediationServer" => ServiceName::Mediation,
            "PersistentChatService" => ServiceName::PersistentChat,
            "ExternalServer" => ServiceName::ExternalServer,
            _ => ServiceName::Other,
        };
        Self { name, element }
    }

    /// Whether it makes the servers it is installed on targets.
    pub(super) fn is_web_services(&self) -> bool {
        self.name == ServiceName::WebServices
    }

    fn is_director(&self) -> Result<bool, Fault> {
        match self.element.child(Space::Roles, "RegistrarService") {
            Some(settings) => settings.flag("IsDirector"),
            None => Ok(false),
        }
    }

    fn version(&self) -> Result<Option<u32>, Fault> {
        let Some(text) = self.element.attribute("ServiceVersion") else {
            return Ok(None);
        };
        text.trim().parse().map(Some).map_err(|_| {
            Fault::new(self.element.offset_of("ServiceVersion"), format!("ServiceVersion is {text:?}, not a number"))
        })
    }

    /// `InternalSettings@Host` where it differs from the pool's own FQDN. [inferred]
    fn internal_fqdn(&self, pool: &PoolFqdn) -> Result<Option<WebFqdn>, Fault> {
        let settings = self.element.child(Space::Roles, "WebService");
        let Some(internal) = settings.and_then(|web| web.child(Space::Roles, "InternalSettings")) else {
            return Ok(None);
        };
        match internal.attribute("Host").map(str::trim) {
            None | Some("") => Ok(None),
            Some(host) => {
                let fqdn: WebFqdn = host.parse().map_err(|error| {
                    Fault::new(internal.offset_of("Host"), format!("the internal web FQDN {host:?}: {error}"))
                })?;
                Ok((fqdn.as_pool() != *pool).then_some(fqdn))
            }
        }
    }
}

impl Cluster<'_> {
    fn has(&self, name: ServiceName) -> bool {
        self.services.iter().any(|service| service.name == name)
    }

    fn web_services(&self) -> Option<&Service<'_>> {
        self.services.iter().find(|service| service.is_web_services())
    }

    /// What it is for.
    ///
    /// In a branch site a Registrar without User Services is a Survivable Branch Appliance; the document does not
    /// tell a Survivable Branch Server from one [inferred].
    fn role(&self) -> Result<Option<Role>, Fault> {
        let mut director = false;
        for service in self.services.iter().filter(|service| service.name == ServiceName::Registrar) {
            director |= service.is_director()?;
        }
        let branch = self.site.is_some_and(|site| site.kind == SiteKind::Branch);
        let role = if self.has(ServiceName::Edge) {
            Role::Edge
        } else if director {
            Role::Director
        } else if self.has(ServiceName::UserServices) {
            if self.is_its_one_machine() { Role::StandardEdition } else { Role::FrontEnd }
        } else if self.has(ServiceName::Registrar) && branch {
            Role::Sba
        } else if self.has(ServiceName::Registrar) && self.has(ServiceName::WebServices) {
            Role::Director
        } else if self.has(ServiceName::PersistentChat) {
            Role::PersistentChat
        } else if self.has(ServiceName::Mediation) {
            Role::Mediation
        } else if self.has(ServiceName::ExternalServer) {
            Role::TrustedApplication
        } else {
            return Ok(None);
        };
        Ok(Some(role))
    }

    /// Whether the one machine bears the cluster's own name, as a Standard Edition server does.
    fn is_its_one_machine(&self) -> bool {
        match (self.machines.as_slice(), self.element.attribute("Fqdn")) {
            ([None], _) => true,
            ([Some(machine)], Some(fqdn)) => machine.trim().eq_ignore_ascii_case(fqdn.trim()),
            _ => false,
        }
    }

    /// The pool; `None` where this cluster cannot matter and has no proper name or site.
    fn pool(&self) -> Result<Option<PublishedPool>, Fault> {
        let role = self.role()?;
        let matters = role.is_some() || self.web_services().is_some();
        let fqdn: PoolFqdn = match self.element.required("Fqdn").map(|text| (text, text.parse())) {
            Ok((_, Ok(fqdn))) => fqdn,
            _ if !matters => return Ok(None),
            Ok((text, Err(error))) => {
                return Err(Fault::new(
                    self.element.offset_of("Fqdn"),
                    format!("the cluster's FQDN {text:?}: {error}"),
                ));
            }
            Err(fault) => return Err(fault),
        };
        let Some(site) = self.site else {
            if !matters {
                return Ok(None);
            }
            return Err(Fault::new(self.element.offset, format!("the document does not have the site of {fqdn}")));
        };
        let (service_version, internal_fqdn) = match self.web_services() {
            Some(service) => (service.version()?, service.internal_fqdn(&fqdn)?),
            None => (None, None),
        };
        Ok(Some(PublishedPool {
            site: site.name.clone(),
            role,
            web_services: self.web_services().is_some(),
            service_version,
            internal_fqdn,
            servers: self.servers(&fqdn, matters)?,
            fqdn,
        }))
    }

    fn servers(&self, fqdn: &PoolFqdn, matters: bool) -> Result<Vec<ServerFqdn>, Fault> {
        let mut servers: Vec<ServerFqdn> = Vec::new();
        for machine in &self.machines {
            let server = match machine.map(|text| (text, text.parse::<ServerFqdn>())) {
                None => fqdn.as_server(),
                Some((_, Ok(server))) => server,
                Some((_, Err(_))) if !matters => continue,
                Some((text, Err(error))) => {
                    return Err(Fault::new(self.element.offset, format!("the machine {text:?} of {fqdn}: {error}")));
                }
            };
            if servers.contains(&server) {
                return Err(Fault::new(self.element.offset, format!("{fqdn} has the machine {server} twice")));
            }
            servers.push(server);
        }
        Ok(servers)
    }
}

/// The pools of these clusters, in the document's order.
///
/// Two clusters may bear one name, where one is a gateway or a file store: the one with a role is the pool. A machine
/// belongs to one cluster that runs Web Services, or nobody could say which site's account it has.
pub(super) fn pools(clusters: &[Cluster<'_>]) -> Result<Vec<PublishedPool>, Fault> {
    let mut pools: Vec<PublishedPool> = Vec::new();
    let mut places: BTreeMap<PoolFqdn, usize> = BTreeMap::new();
    let mut targets: BTreeMap<ServerFqdn, PoolFqdn> = BTreeMap::new();
    for cluster in clusters {
        let Some(pool) = cluster.pool()? else { continue };
        for server in pool.servers.iter().filter(|_| pool.web_services) {
            if let Some(other) = targets.insert(server.clone(), pool.fqdn.clone()) {
                let why = format!("{server} runs the Web Services of two clusters, {other} and {}", pool.fqdn);
                return Err(Fault::new(cluster.element.offset, why));
            }
        }
        let matters = |pool: &PublishedPool| pool.role.is_some() || pool.web_services;
        match places.get(&pool.fqdn) {
            None => {
                places.insert(pool.fqdn.clone(), pools.len());
                pools.push(pool);
            }
            Some(_) if !matters(&pool) => {}
            Some(at) if !matters(&pools[*at]) => pools[*at] = pool,
            Some(_) => {
                return Err(Fault::new(cluster.element.offset, format!("two clusters are named {}", pool.fqdn)));
            }
        }
    }
    Ok(pools)
}

/// The site that this element describes, unless one of that name is already known.
pub(super) fn site(element: &Element, kind: SiteKind, known: &[PublishedSite]) -> Result<PublishedSite, Fault> {
    let name = element.required_child(Space::Topology, "Name")?;
    let site = PublishedSite {
        name: name.text().parse().map_err(|error| Fault::new(name.offset, format!("the site's name: {error}")))?,
        kind,
    };
    if known.iter().any(|other| other.name == site.name) {
        return Err(Fault::new(name.offset, format!("two sites are named {}", site.name)));
    }
    Ok(site)
}

/// The document's signature; a signature of zeros is that of a topology which was never published.
pub(super) fn signature(element: &Element) -> Option<String> {
    let text = element.attribute("Signature")?.trim();
    let published = text.chars().any(|c| c != '0' && c != '-');
    published.then(|| text.to_owned())
}
