//! What a change, a finding or an unreadable fact is about.

use crate::model::{AccountName, LocationPath, PoolFqdn, ServerFqdn, SiteName, Spn};

/// The thing spoken of, with enough around it to group it by site and pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The published topology as a whole.
    Topology,
    /// All assignments: the Central Management Store's answer.
    Assignments,
    /// The Web Services settings of all scopes.
    WebServices,
    /// Active Directory as a whole.
    Directory,
    /// The snapshot itself.
    Snapshot,
    /// An account.
    Account(AccountName),
    /// An SPN, and the pool that it is for where there is one.
    Spn {
        /// The SPN.
        spn: Spn,
        /// Its pool and that pool's site.
        of: Option<(SiteName, PoolFqdn)>,
    },
    /// A site.
    Site(SiteName),
    /// A pool of a site.
    Pool(SiteName, PoolFqdn),
    /// A server of a pool.
    Server(SiteName, PoolFqdn, ServerFqdn),
    /// An IIS location of a server.
    Location(SiteName, PoolFqdn, ServerFqdn, LocationPath),
}

impl Subject {
    /// The site it belongs to, where it belongs to one.
    pub fn site(&self) -> Option<&SiteName> {
        match self {
            Self::Site(site)
            | Self::Pool(site, _)
            | Self::Server(site, ..)
            | Self::Location(site, ..)
            | Self::Spn { of: Some((site, _)), .. } => Some(site),
            _ => None,
        }
    }

    /// The pool it belongs to, where it belongs to one.
    pub fn pool(&self) -> Option<&PoolFqdn> {
        match self {
            Self::Pool(_, pool)
            | Self::Server(_, pool, _)
            | Self::Location(_, pool, ..)
            | Self::Spn { of: Some((_, pool)), .. } => Some(pool),
            _ => None,
        }
    }

    /// The server it belongs to, where it belongs to one.
    pub fn server(&self) -> Option<&ServerFqdn> {
        match self {
            Self::Server(_, _, server) | Self::Location(_, _, server, _) => Some(server),
            _ => None,
        }
    }
}
