//! What the deployment file declares, resolved: nothing is left to look up or to merge.

use super::{
    AccountName, DistinguishedName, EncryptionTypes, ExpectedLocation, Maintenance, Origin, PoolFqdn, Product, Role,
    ServerFqdn, SiteKind, SiteName, WebFqdn,
};
use jiff::SignedDuration;
use std::sync::Arc;

/// A whole deployment file.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// The file as typed, and its digest.
    pub origin: Origin,
    /// The accounts, as declared.
    pub accounts: Vec<Account>,
    /// The sites, as declared.
    pub sites: Vec<Site>,
    /// When and how fast `apply` may work.
    pub maintenance: Maintenance,
}

/// A Kerberos account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: AccountName,
    /// The container it is created in; the domain's Computers container where left out.
    pub container: Option<DistinguishedName>,
    /// The encryption types it shall allow: checked, never changed.
    pub encryption: Option<EncryptionTypes>,
    /// The age above which its password is a finding.
    pub max_password_age: Option<SignedDuration>,
}

/// A Lync site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: SiteName,
    /// Central or branch.
    pub kind: SiteKind,
    /// The account it shall use.
    pub account: DeclaredAccount,
    /// The server to copy from, where the operator prefers one.
    pub source: Option<ServerFqdn>,
    /// Its pools, as declared.
    pub pools: Vec<Pool>,
}

/// What the file says of a site's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredAccount {
    /// Nothing: the site's assignment is not managed.
    Unmanaged,
    /// `none`: the site shall have no account.
    Nobody,
    /// This account.
    Account(AccountName),
}

impl DeclaredAccount {
    /// The account, where one is declared.
    pub fn name(&self) -> Option<&AccountName> {
        match self {
            Self::Account(name) => Some(name),
            Self::Unmanaged | Self::Nobody => None,
        }
    }
}

/// A pool of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its FQDN.
    pub fqdn: PoolFqdn,
    /// What it is for.
    pub role: Role,
    /// The product it runs: its own, else the file's.
    pub product: Option<Product>,
    /// The overridden internal web FQDN.
    pub internal_fqdn: Option<WebFqdn>,
    /// Its servers, as declared; a Standard Edition pool's one server is the pool itself.
    pub servers: Vec<Server>,
}

/// A server of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its FQDN.
    pub fqdn: ServerFqdn,
    /// Its expected IIS settings, merged: server over pool over site over top. Shared by servers that have the same.
    pub iis: Arc<[ExpectedLocation]>,
}

impl Deployment {
    /// That account's declaration.
    pub fn account(&self, name: &AccountName) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == *name)
    }
}
