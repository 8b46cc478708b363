//! Products, roles, and the published topology.

use super::{PoolFqdn, ServerFqdn, SiteName, WebFqdn};
use std::fmt;

/// A product version, as one pool runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Lync Server 2010.
    Lync2010,
    /// Lync Server 2013, the product of the task page this program grew from.
    Lync2013,
    /// Skype for Business Server 2015.
    Sfb2015,
    /// Skype for Business Server 2019.
    Sfb2019,
    /// Skype for Business Server Subscription Edition, the one that is supported.
    SfbSe,
}

impl Product {
    /// Every product, the oldest first.
    pub const ALL: [Self; 5] = [Self::Lync2010, Self::Lync2013, Self::Sfb2015, Self::Sfb2019, Self::SfbSe];

    /// The id in the deployment file.
    pub fn id(self) -> &'static str {
        match self {
            Self::Lync2010 => "lync-2010",
            Self::Lync2013 => "lync-2013",
            Self::Sfb2015 => "sfb-2015",
            Self::Sfb2019 => "sfb-2019",
            Self::SfbSe => "sfb-se",
        }
    }

    /// The product's full name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lync2010 => "Lync Server 2010",
            Self::Lync2013 => "Lync Server 2013",
            Self::Sfb2015 => "Skype for Business Server 2015",
            Self::Sfb2019 => "Skype for Business Server 2019",
            Self::SfbSe => "Skype for Business Server Subscription Edition",
        }
    }

    /// The products that a topology document's `ServiceVersion` of Web Services may mean.
    ///
    /// 8 was seen with 2019 and 7 with 2015; 6 and 5 are inferred; Subscription Edition is unknown, so it
    /// contradicts nothing from 8 on.
    pub fn of_service_version(version: u32) -> &'static [Self] {
        match version {
            5 => &[Self::Lync2010],
            6 => &[Self::Lync2013],
            7 => &[Self::Sfb2015],
            8 => &[Self::Sfb2019, Self::SfbSe],
            9.. => &[Self::SfbSe],
            _ => &[],
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What a pool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Enterprise Edition Front End Servers.
    FrontEnd,
    /// One Standard Edition server, which bears its pool's name.
    StandardEdition,
    /// Directors.
    Director,
    /// Edge Servers, in the perimeter network.
    Edge,
    /// Mediation Servers of their own.
    Mediation,
    /// Persistent Chat servers.
    PersistentChat,
    /// A Survivable Branch Appliance.
    Sba,
    /// A Survivable Branch Server.
    Sbs,
    /// Trusted-application servers.
    TrustedApplication,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::FrontEnd,
        Self::StandardEdition,
        Self::Director,
        Self::Edge,
        Self::Mediation,
        Self::PersistentChat,
        Self::Sba,
        Self::Sbs,
        Self::TrustedApplication,
    ];

    /// The id in the deployment file.
    pub fn id(self) -> &'static str {
        match self {
            Self::FrontEnd => "front-end",
            Self::StandardEdition => "standard-edition",
            Self::Director => "director",
            Self::Edge => "edge",
            Self::Mediation => "mediation",
            Self::PersistentChat => "persistent-chat",
            Self::Sba => "sba",
            Self::Sbs => "sbs",
            Self::TrustedApplication => "trusted-application",
        }
    }

    /// Whether servers of this role run Web Services, and so are targets of the Kerberos account.
    ///
    /// Front End Servers, Standard Edition servers and Directors do (task page Gg398107). Survivable Branch
    /// Appliances and Servers are never mentioned with Web Services, so they are no targets \[inferred\].
    pub fn runs_web_services(self) -> bool {
        matches!(self, Self::FrontEnd | Self::StandardEdition | Self::Director)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Central or branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SiteKind {
    /// A central site.
    #[default]
    Central,
    /// A branch site: Set-CsKerberosAccountPassword reaches central sites only.
    Branch,
}

impl SiteKind {
    /// The word for it in the deployment file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Central => "central",
            Self::Branch => "branch",
        }
    }
}

/// The published topology, as far as Kerberos accounts are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// The document's `Signature`: it moves with every publication.
    pub signature: Option<String>,
    /// Its sites, in the document's order.
    pub sites: Vec<PublishedSite>,
    /// Its pools (clusters) of every role, in the document's order.
    pub pools: Vec<PublishedPool>,
}

/// A site of the published topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedSite {
    /// Its name.
    pub name: SiteName,
    /// Central or branch.
    pub kind: SiteKind,
}

/// A pool (cluster) of the published topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPool {
    /// Its FQDN.
    pub fqdn: PoolFqdn,
    /// The site it belongs to.
    pub site: SiteName,
    /// What it is for, as its services tell; `None` for SQL, file stores, gateways and the like.
    pub role: Option<Role>,
    /// Whether a service with the role name `WebServices` is installed on it: its servers are then targets.
    pub web_services: bool,
    /// `ServiceVersion` of its Web Services.
    pub service_version: Option<u32>,
    /// The overridden internal web FQDN (`InternalSettings@Host`), where it differs from the pool's.
    pub internal_fqdn: Option<WebFqdn>,
    /// Its machines, in the document's order.
    pub servers: Vec<ServerFqdn>,
}
