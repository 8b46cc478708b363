//! Generated deployments, with what was observed of them.

use cskerb::model::{
    Account, AccountName, AccountState, Actual, Caseless, Cause, DeclaredAccount, Deployment, Directory,
    EncryptionTypes, KerberosReading, Maintenance, Origin, Place, Pool, PoolFqdn, Principal, Product, PublishedPool,
    PublishedSite, Reading, Role, Server, ServerActual, ServerFqdn, Site, SiteKind, SiteName, Topology, Verdict,
    WebFqdn, WebServicesSettings, Witness,
};
use cskerb::plan::Request;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NOW: &str = "2026-11-20T08:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

fn account(at: usize) -> AccountName {
    format!("CONTOSO\\kerb{at}").parse().unwrap()
}

/// One server as drawn: where it stands, and what was read of it.
#[derive(Clone, Debug)]
struct DrawnServer {
    declared: bool,
    published: bool,
    /// `None`: nothing was ever read.
    reading: Option<(u8, Option<usize>, i64)>,
}

#[derive(Clone, Debug)]
struct DrawnPool {
    role: usize,
    overridden: bool,
    /// Of the internal web FQDN; up to 5: what is declared, 6: none, from 7 on: another one.
    published_override: u8,
    published: bool,
    servers: Vec<DrawnServer>,
}

#[derive(Clone, Debug)]
struct DrawnSite {
    /// 0: unmanaged, 1: nobody, from 2 on: that account.
    wanted: usize,
    /// 0: none, from 1 on: that account.
    assigned: usize,
    declared: bool,
    published: bool,
    branch: bool,
    pools: Vec<DrawnPool>,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
struct DrawnAccount {
    exists: bool,
    enabled: bool,
    computer: bool,
    password_hours_ago: Option<i64>,
    asked: bool,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    sites: Vec<DrawnSite>,
    accounts: Vec<DrawnAccount>,
    spns: Vec<u8>,
    broken: [bool; 4],
    rotate: Option<usize>,
}

const ACCOUNTS: usize = 3;

fn server() -> impl Strategy<Value = DrawnServer> {
    let reading = prop::option::weighted(0.85, (0u8..4, prop::option::of(0..ACCOUNTS), 1i64..100));
    (prop::bool::weighted(0.9), prop::bool::weighted(0.9), reading)
        .prop_map(|(declared, published, reading)| DrawnServer { declared, published, reading })
}

fn pool() -> impl Strategy<Value = DrawnPool> {
    let servers = prop::collection::vec(server(), 1..5);
    (0usize..5, prop::bool::weighted(0.3), 0u8..8, prop::bool::weighted(0.9), servers).prop_map(
        |(role, overridden, published_override, published, servers)| DrawnPool {
            role,
            overridden,
            published_override,
            published,
            servers,
        },
    )
}

fn site() -> impl Strategy<Value = DrawnSite> {
    (
        0..ACCOUNTS + 2,
        0..=ACCOUNTS,
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.95),
        prop::bool::weighted(0.15),
        prop::collection::vec(pool(), 1..4),
    )
        .prop_map(|(wanted, assigned, declared, published, branch, pools)| DrawnSite {
            wanted,
            assigned,
            declared,
            published,
            branch,
            pools,
        })
}

fn drawn_account() -> impl Strategy<Value = DrawnAccount> {
    let weighted = prop::bool::weighted;
    (weighted(0.8), weighted(0.9), weighted(0.95), prop::option::weighted(0.9, 1i64..100), weighted(0.95)).prop_map(
        |(exists, enabled, computer, password_hours_ago, asked)| DrawnAccount {
            exists,
            enabled,
            computer,
            password_hours_ago,
            asked,
        },
    )
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let broken = prop::array::uniform4(prop::bool::weighted(0.05));
    (
        prop::collection::vec(site(), 1..4),
        prop::collection::vec(drawn_account(), ACCOUNTS),
        prop::collection::vec(any::<u8>(), 24),
        broken,
        prop::option::weighted(0.1, 0..ACCOUNTS),
    )
        .prop_map(|(sites, accounts, spns, broken, rotate)| World { sites, accounts, spns, broken, rotate })
}

const ROLES: [Role; 5] = [Role::FrontEnd, Role::FrontEnd, Role::Director, Role::StandardEdition, Role::Edge];

fn names(at: usize, p: usize) -> (SiteName, PoolFqdn) {
    (format!("Site{at}").parse().unwrap(), format!("pool{at}{p}.contoso.com").parse().unwrap())
}

fn server_name(role: Role, at: usize, p: usize, s: usize) -> ServerFqdn {
    match role {
        Role::StandardEdition => format!("pool{at}{p}.contoso.com").parse().unwrap(),
        _ => format!("fe{at}{p}{s}.contoso.com").parse().unwrap(),
    }
}

/// A Standard Edition pool has one server.
fn servers(pool: &DrawnPool) -> &[DrawnServer] {
    let end = if ROLES[pool.role] == Role::StandardEdition { 1 } else { pool.servers.len() };
    &pool.servers[..end]
}

fn reading<T>(cause: Option<Cause>, value: T) -> Reading<T> {
    cause.map_or(Reading::Known(value), Reading::Unreadable)
}

impl DrawnPool {
    /// As it is declared.
    fn internal_fqdn(&self, at: usize, p: usize) -> Option<WebFqdn> {
        let overridden = self.overridden && ROLES[self.role] == Role::FrontEnd;
        overridden.then(|| format!("web{at}{p}.contoso.com").parse().unwrap())
    }
}

impl DrawnSite {
    fn kind(&self) -> SiteKind {
        if self.branch { SiteKind::Branch } else { SiteKind::Central }
    }
}

impl World {
    /// A rotation passes it over.
    pub(super) fn is_branch(&self, site: &SiteName) -> bool {
        self.sites.iter().enumerate().any(|(at, drawn)| drawn.branch && names(at, 0).0 == *site)
    }

    pub(super) fn deployment(&self) -> Deployment {
        let declared = |name: AccountName| Account {
            name,
            container: None,
            encryption: Some(EncryptionTypes(0x18)),
            max_password_age: None,
        };
        let iis: Arc<[_]> = Arc::from(Vec::new());
        let pool = |at: usize, p: usize, pool: &DrawnPool| {
            let role = ROLES[pool.role];
            let servers = servers(pool).iter().enumerate().filter(|(_, server)| server.declared);
            Pool {
                fqdn: names(at, p).1,
                role,
                product: Some(Product::Lync2013),
                internal_fqdn: pool.internal_fqdn(at, p),
                servers: servers.map(|(s, _)| Server { fqdn: server_name(role, at, p, s), iis: iis.clone() }).collect(),
            }
        };
        let sites = self.sites.iter().enumerate().filter(|(_, site)| site.declared).map(|(at, site)| Site {
            name: names(at, 0).0,
            kind: site.kind(),
            account: match site.wanted {
                0 => DeclaredAccount::Unmanaged,
                1 => DeclaredAccount::Nobody,
                n => DeclaredAccount::Account(account(n - 2)),
            },
            source: None,
            pools: site.pools.iter().enumerate().map(|(p, drawn)| pool(at, p, drawn)).collect(),
        });
        Deployment {
            origin: Origin::default(),
            accounts: (0..ACCOUNTS).map(|at| declared(account(at))).collect(),
            sites: sites.collect(),
            maintenance: Maintenance::default(),
        }
    }

    fn topology(&self) -> Topology {
        let published = || self.sites.iter().enumerate().filter(|(_, site)| site.published);
        let pool = |at: usize, p: usize, pool: &DrawnPool| {
            let role = ROLES[pool.role];
            let servers = servers(pool).iter().enumerate().filter(|(_, server)| server.published);
            PublishedPool {
                fqdn: names(at, p).1,
                site: names(at, p).0,
                role: Some(role),
                web_services: role.runs_web_services(),
                service_version: Some(6),
                internal_fqdn: match pool.published_override {
                    6 => None,
                    7.. if role == Role::FrontEnd => Some(format!("int{at}{p}.contoso.com").parse().unwrap()),
                    _ => pool.internal_fqdn(at, p),
                },
                servers: servers.map(|(s, _)| server_name(role, at, p, s)).collect(),
            }
        };
        let pools = published().flat_map(|(at, site)| {
            let drawn = site.pools.iter().enumerate().filter(|(_, drawn)| drawn.published);
            drawn.map(move |(p, drawn)| pool(at, p, drawn)).collect::<Vec<_>>()
        });
        Topology {
            signature: Some("s".to_owned()),
            sites: published().map(|(at, site)| PublishedSite { name: names(at, 0).0, kind: site.kind() }).collect(),
            pools: pools.collect(),
        }
    }

    fn directory(&self, topology: &Topology, deployment: &Deployment) -> Directory {
        let pools = topology.pools.iter().map(|pool| pool.fqdn.spn());
        let declared = deployment.sites.iter().flat_map(|site| &site.pools);
        let overrides =
            declared.clone().filter_map(|pool| pool.internal_fqdn.as_ref()).map(cskerb::model::WebFqdn::spn);
        let spns: BTreeSet<_> = pools.chain(declared.map(|pool| pool.fqdn.spn())).chain(overrides).collect();
        let mut holders = BTreeMap::new();
        for (spn, draw) in spns.into_iter().zip(self.spns.iter().cycle()) {
            let held: BTreeSet<Principal> = match draw % 8 {
                0 => BTreeSet::new(),
                1 => BTreeSet::from([Principal::new("CONTOSO\\stranger")]),
                2 => BTreeSet::from([Principal::from(&account(0)), Principal::from(&account(1))]),
                3 => continue, // nobody asked
                n => BTreeSet::from([Principal::from(&account(usize::from(n) % ACCOUNTS))]),
            };
            holders.insert(spn, held);
        }
        let accounts = self.accounts.iter().enumerate().filter(|(_, drawn)| drawn.asked).map(|(at, drawn)| {
            let state = AccountState {
                computer: drawn.computer,
                enabled: drawn.enabled,
                expires_at: None,
                spns: BTreeSet::new(),
                encryption: Some(EncryptionTypes(0x18)),
                password_set_at: drawn.password_hours_ago.map(|ago| now() - hours(ago)),
                key_version: Some(3),
                agreed: false,
            };
            (account(at), if drawn.exists { Reading::Known(state) } else { Reading::Absent })
        });
        Directory { accounts: accounts.collect(), holders, ..Directory::default() }
    }

    pub(super) fn actual(&self, deployment: &Deployment) -> Actual {
        let topology = self.topology();
        let directory = self.directory(&topology, deployment);
        let broken = |at: usize| {
            let place = Place { file: Arc::from("x"), line_column: None };
            self.broken[at].then(|| Cause::Broken { place, why: "drawn so".to_owned() })
        };
        let assigned = self.sites.iter().enumerate().filter(|(_, site)| site.assigned > 0);
        let assignments = assigned.map(|(at, site)| (names(at, 0).0, account(site.assigned - 1))).collect();
        let mut servers = BTreeMap::new();
        for (at, site) in self.sites.iter().enumerate() {
            for (p, pool) in site.pools.iter().enumerate() {
                for (s, drawn) in pool.servers.iter().enumerate() {
                    let Some((verdict, of, ago)) = drawn.reading else { continue };
                    let kerberos = KerberosReading {
                        verdict: [Verdict::Valid, Verdict::Valid, Verdict::Invalid, Verdict::Unknown]
                            [usize::from(verdict)],
                        account: of.map(account),
                        by: Witness::Test,
                        at: now() - hours(ago),
                        detail: Some(Caseless::from("drawn so")),
                    };
                    let observed = ServerActual {
                        iis: Reading::Unreadable(Cause::NeverTested),
                        kerberos: Reading::Known(kerberos),
                    };
                    servers.insert(server_name(ROLES[pool.role], at, p, s), observed);
                }
            }
        }
        Actual {
            origin: Origin::default(),
            collected_at: Reading::Known(now()),
            topology: reading(broken(0), topology),
            assignments: reading(broken(1), assignments),
            web_services: reading(broken(2), WebServicesSettings::default()),
            directory: reading(broken(3), directory),
            servers,
        }
    }

    pub(super) fn request(&self) -> Request {
        let rotate = self.rotate.iter().map(|at| (account(*at), "drawn so".to_owned())).collect();
        Request { rotate, ..Request::default() }
    }
}
