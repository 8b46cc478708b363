//! A published topology document with just what tells sites, pools and roles apart.

use crate::model::{Deployment, Pool, Product, Role, SiteKind};
use crate::snapshot::escape_xml;
use std::fmt::Write as _;

/// The signature of a new lab's topology.
pub(super) const SIGNATURE: &str = "00000000-0000-4000-8000-000000000001";

const TOPOLOGY: &str = "urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008";
const ROLES: &str = "urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008";

/// The document, as `Get-CsTopology -AsXml` would print it.
pub(super) fn document(deployment: &Deployment) -> String {
    let (mut sites, mut clusters, mut services) = (String::new(), String::new(), String::new());
    for (at, site) in deployment.sites.iter().enumerate() {
        let id = at + 1;
        let element = match site.kind {
            SiteKind::Central => "CentralSite",
            SiteKind::Branch => "BranchSite",
        };
        let name = escape_xml(site.name.as_str());
        line(&mut sites, 2, &format!("<{element} SiteId=\"{id}\">"));
        line(&mut sites, 3, &format!("<Name>{name}</Name>"));
        line(&mut sites, 2, &format!("</{element}>"));
        for (at, pool) in site.pools.iter().enumerate() {
            let key = format!("SiteId=\"{id}\" Number=\"{}\"", at + 1);
            cluster(&mut clusters, &key, pool);
            for (name, settings) in installed(pool) {
                service(&mut services, id, &key, pool, name, &settings);
            }
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Topology xmlns=\"{TOPOLOGY}\" Signature=\"{SIGNATURE}\">\r\n  \
         <Sites>\r\n{sites}  </Sites>\r\n  <Clusters>\r\n{clusters}  </Clusters>\r\n  <Services>\r\n{services}  \
         </Services>\r\n</Topology>\r\n"
    )
}

fn line(to: &mut String, depth: usize, text: &str) {
    let written = write!(to, "{:width$}{text}\r\n", "", width = depth * 2);
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

fn cluster(to: &mut String, key: &str, pool: &Pool) {
    line(to, 2, &format!("<Cluster Fqdn=\"{}\">", pool.fqdn));
    line(to, 3, &format!("<ClusterId {key} />"));
    for server in &pool.servers {
        line(to, 3, &format!("<Machine Fqdn=\"{}\" />", server.fqdn));
    }
    line(to, 2, "</Cluster>");
}

/// The services that make the role, as the reader of these documents tells roles by them.
fn installed(pool: &Pool) -> Vec<(&'static str, String)> {
    let none = String::new;
    let registrar = |director: bool| format!("<RegistrarService xmlns=\"{ROLES}\" IsDirector=\"{director}\" />");
    let web = || {
        let host = pool.internal_fqdn.as_ref().map_or(pool.fqdn.as_str(), |fqdn| fqdn.as_str());
        format!("<WebService xmlns=\"{ROLES}\"><InternalSettings Host=\"{host}\" /></WebService>")
    };
    match pool.role {
        Role::FrontEnd | Role::StandardEdition => {
            vec![("UserServices", none()), ("Registrar", registrar(false)), ("WebServices", web())]
        }
        Role::Director => vec![("Registrar", registrar(true)), ("WebServices", web())],
        Role::Edge => vec![("EdgeServer", none())],
        Role::Mediation => vec![("MediationServer", none())],
        Role::PersistentChat => vec![("PersistentChatService", none())],
        Role::Sba | Role::Sbs => vec![("Registrar", registrar(false)), ("MediationServer", none())],
        Role::TrustedApplication => vec![("ExternalServer", none())],
    }
}

fn service(to: &mut String, site: usize, key: &str, pool: &Pool, name: &str, settings: &str) {
    let version = pool.product.map(|product| format!(" ServiceVersion=\"{}\"", version(product))).unwrap_or_default();
    line(to, 2, &format!("<Service{version}>"));
    line(to, 3, &format!("<ServiceId SiteId=\"{site}\" RoleName=\"{name}\" Instance=\"1\" />"));
    line(to, 3, &format!("<InstalledOn><ClusterId {key} /></InstalledOn>"));
    if !settings.is_empty() {
        line(to, 3, settings);
    }
    line(to, 2, "</Service>");
}

/// `ServiceVersion` of a product's Web Services; that of Subscription Edition is not known and taken for 2019's.
fn version(product: Product) -> u32 {
    match product {
        Product::Lync2010 => 5,
        Product::Lync2013 => 6,
        Product::Sfb2015 => 7,
        Product::Sfb2019 | Product::SfbSe => 8,
    }
}
