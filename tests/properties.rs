//! What must always hold of a plan, over generated deployments and observations.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

use cskerb::codes::Code;
use cskerb::model::{
    Account, AccountName, AccountState, Actual, Caseless, Cause, DeclaredAccount, Deployment, Directory,
    EncryptionTypes, KerberosReading, Maintenance, Origin, Place, Pool, PoolFqdn, Principal, Product, PublishedPool,
    PublishedSite, Reading, Role, Server, ServerActual, ServerFqdn, Site, SiteKind, SiteName, Topology, Verdict,
    WebServicesSettings, Witness,
};
use cskerb::plan::{Action, Plan, Request, Scope, ServerState, StepKind, Subject, Survey, plan};
use cskerb::wire;
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
struct World {
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
    (0usize..5, prop::bool::weighted(0.3), prop::bool::weighted(0.9), prop::collection::vec(server(), 1..5))
        .prop_map(|(role, overridden, published, servers)| DrawnPool { role, overridden, published, servers })
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

fn world() -> impl Strategy<Value = World> {
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

impl DrawnSite {
    fn kind(&self) -> SiteKind {
        if self.branch { SiteKind::Branch } else { SiteKind::Central }
    }
}

impl World {
    /// A rotation passes it over.
    fn is_branch(&self, site: &SiteName) -> bool {
        self.sites.iter().enumerate().any(|(at, drawn)| drawn.branch && names(at, 0).0 == *site)
    }

    fn deployment(&self) -> Deployment {
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
                internal_fqdn: (pool.overridden && role == Role::FrontEnd)
                    .then(|| format!("web{at}{p}.contoso.com").parse().unwrap()),
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
                internal_fqdn: None,
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
            };
            (account(at), if drawn.exists { Reading::Known(state) } else { Reading::Absent })
        });
        Directory { accounts: accounts.collect(), holders, ..Directory::default() }
    }

    fn actual(&self, deployment: &Deployment) -> Actual {
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

    fn request(&self) -> Request {
        let rotate = self.rotate.iter().map(|at| (account(*at), "drawn so".to_owned())).collect();
        Request { rotate, ..Request::default() }
    }
}

fn copies(plan: &Plan) -> impl Iterator<Item = (&AccountName, &ServerFqdn, &ServerFqdn)> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::CopyConfiguration { account, from, to } => Some((account, from, to)),
        _ => None,
    })
}

fn rotated(plan: &Plan) -> BTreeSet<&AccountName> {
    let rotated = plan.steps.iter().filter_map(|step| match &step.action {
        Action::RotatePassword { account } => Some(account),
        _ => None,
    });
    rotated.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_same_inputs_give_the_same_plan_and_it_is_read_back(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let first = plan(&deployment, &actual, &world.request());
        let json = |plan: &Plan| wire::plan::Plan::try_from(plan).unwrap().to_json().unwrap();
        let again = plan(&world.deployment(), &world.actual(&deployment), &world.request());
        prop_assert_eq!(json(&first), json(&again));
        prop_assert_eq!(wire::plan::read(&json(&first)).unwrap(), first);
    }

    #[test]
    fn steps_come_in_the_order_of_the_field(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.action.kind()).collect();
        prop_assert!(kinds.is_sorted(), "{:?}", kinds);
        let ids: Vec<_> = plan.steps.iter().map(cskerb::plan::Step::id).collect();
        prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for (at, step) in plan.steps.iter().enumerate() {
            for before in &step.after {
                prop_assert!(ids[..at].contains(before), "{} waits for {}, which is not before it", step.id(), before);
            }
        }
        let enables = kinds.iter().filter(|kind| **kind == StepKind::EnableTopology).count();
        let required = plan.enable_topology.need == cskerb::plan::Need::Required;
        prop_assert_eq!(enables, usize::from(required));
        // The sites that it concerns are those of its windows, and are tested after it.
        for enable in plan.steps.iter().filter(|step| step.action.kind() == StepKind::EnableTopology) {
            for site in deployment.sites.iter().filter(|site| enable.touches.contains(&site.name)) {
                let id = format!("test:{}", site.name);
                let test = plan.steps.iter().find(|step| step.id().as_str() == id);
                prop_assert_eq!(test.is_some(), site.account.name().is_some() || matches!(site.account, DeclaredAccount::Unmanaged) && survey.assigned(&site.name).known().is_some(), "{}", id);
                prop_assert!(test.is_none_or(|test| test.after.contains(&enable.id())), "{} does not wait", id);
            }
            let declared = |site: &SiteName| deployment.sites.iter().any(|known| known.name == *site);
            prop_assert!(enable.touches.iter().all(declared), "{:?}", enable.touches);
        }
        // After an assignment, the passwords of its account wait for Enable-CsTopology.
        for step in &plan.steps {
            let (Action::AssignAccount { account: assigned, .. } | Action::ReassignAccount { to: assigned, .. }) =
                &step.action
            else {
                continue;
            };
            let waits = |id: &str| plan.steps.iter().any(|other| other.id().as_str() == id && other.after.iter().any(|id| id.as_str() == "enable-topology"));
            for id in rotated(&plan).iter().filter(|account| **account == assigned).map(|account| format!("rotate:{account}")) {
                prop_assert!(waits(&id), "{} does not wait", id);
            }
            for (_, _, to) in copies(&plan).filter(|(account, ..)| *account == assigned) {
                let id = format!("copy:{to}");
                prop_assert!(waits(&id), "{} does not wait", id);
            }
        }
    }

    #[test]
    fn every_target_is_reached_once_or_named(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let rotated = rotated(&plan);
        for target in survey.targets.iter().filter(|target| target.managed) {
            let (Some(account), Some(state)) = (target.account, &target.state) else { continue };
            let by_copy = copies(&plan).filter(|(_, _, to)| *to == target.server).count();
            let reached = by_copy + usize::from(rotated.contains(account) && !world.is_branch(target.site));
            prop_assert!(reached <= 1, "{} is reached {} times", target.server, reached);
            let about = |subject: &Subject| subject.server() == Some(target.server);
            let of_account = |subject: &Subject| matches!(subject, Subject::Account(name) if name == account);
            let named = plan.unreadable.iter().any(|entry| about(&entry.subject))
                || plan.findings.iter().any(|finding| about(&finding.subject) || of_account(&finding.subject));
            let valid = matches!(state, ServerState::Valid { .. });
            prop_assert!(valid || reached == 1 || named, "{} is {:?}, and nobody speaks of it", target.server, state);
        }
    }

    #[test]
    fn whoever_gets_another_account_gets_its_password(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let rotated = rotated(&plan);
        for step in &plan.steps {
            let (Action::AssignAccount { site, account } | Action::ReassignAccount { site, to: account, .. }) = &step.action else {
                continue;
            };
            for target in survey.targets.iter().filter(|target| target.site == site) {
                let valid = target.state.as_ref().is_some_and(ServerState::is_valid);
                let rotated = rotated.contains(account) && !world.is_branch(site);
                let given = valid || rotated || copies(&plan).any(|(_, _, to)| to == target.server);
                prop_assert!(given, "{} is left behind without the password of {}", target.server, account);
            }
        }
    }

    #[test]
    fn no_step_reaches_who_is_not_a_target(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        let target = |server: &ServerFqdn| survey.targets.iter().find(|target| target.server == server);
        for (account, from, to) in copies(&plan) {
            let (Some(from), Some(to)) = (target(from), target(to)) else {
                return Err(TestCaseError::fail(format!("{from} or {to} is not a target")));
            };
            prop_assert!(to.managed, "{} is not managed", to.server);
            let rotated = rotated(&plan).contains(account) && !world.is_branch(from.site) && world.is_branch(to.site);
            let valid = matches!(from.state, Some(ServerState::Valid { .. }));
            prop_assert!(valid || rotated, "{} is not valid, nor will be", from.server);
            prop_assert_eq!((from.account, to.account), (Some(account), Some(account)));
        }
        for step in &plan.steps {
            if let Some(server) = step.subject.server() {
                prop_assert!(target(server).is_some(), "{} reaches {}", step.id(), server);
            }
        }
    }

    #[test]
    fn a_rotation_has_one_of_its_three_grounds(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &world.request());
        let survey = Survey::new(&deployment, &actual);
        for account in rotated(&plan) {
            let created = plan.steps.iter().any(|step| matches!(&step.action, Action::CreateAccount { account: new, .. } if new == account));
            let asked = world.request().rotate.iter().any(|(name, _)| name == account);
            let mut targets = survey.targets.iter().filter(|target| target.account == Some(account)).peekable();
            let all_invalid = targets.peek().is_some()
                && targets.all(|target| target.state.as_ref().is_some_and(|state| state.is_invalid() && state.settles().is_none()))
                && actual.topology.known().is_some()
                && actual.assignments.known().is_some();
            prop_assert!(created || asked || all_invalid, "{} is rotated without ground", account);
            let state = actual.directory.known().and_then(|directory| directory.account(account).known().copied());
            let usable = state.is_some_and(|state| state.enabled && state.computer);
            prop_assert!(created || usable, "{} is rotated although it cannot be used", account);
        }
    }

    #[test]
    fn a_narrowed_plan_is_part_of_the_whole_and_opens_no_outage(world in world(), draws in prop::collection::vec(0usize..40, 1..4)) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let whole = plan(&deployment, &actual, &world.request());
        let mut scope = Scope::default();
        for draw in draws {
            let Some(site) = deployment.sites.get(draw % 4) else { continue };
            match (draw % 3, site.pools.first()) {
                (0, _) | (_, None) => drop(scope.sites.insert(site.name.clone())),
                (1, Some(pool)) => drop(scope.pools.insert(pool.fqdn.clone())),
                (_, Some(pool)) => scope.servers.extend(pool.servers.first().map(|server| server.fqdn.clone())),
            }
        }
        let narrowed = plan(&deployment, &actual, &Request { scope: scope.clone(), ..world.request() });
        for step in narrowed.steps.iter().filter(|step| !matches!(step.action, Action::EnableTopology { .. } | Action::TestAssignment { .. })) {
            prop_assert!(whole.step(&step.id()).is_some_and(|known| known.action == step.action), "{} is new", step.id());
            if let Some(server) = step.subject.server() {
                prop_assert!(scope.is_whole() || scope.selects(&step.subject), "{} lies outside", server);
            }
        }
        // Whoever is assigned in the narrowed plan is given its password there, as in the whole one.
        let assigned = narrowed.steps.iter().filter_map(|step| match &step.action {
            Action::AssignAccount { site, account } | Action::ReassignAccount { site, to: account, .. } => Some((site, account)),
            _ => None,
        });
        for (site, account) in assigned {
            prop_assert_eq!(rotated(&whole).contains(account), rotated(&narrowed).contains(account), "{}", account);
            let of_site = |plan: &Plan| plan.steps.iter().filter(|step| matches!(step.action, Action::CopyConfiguration { .. }) && step.subject.site() == Some(site)).count();
            prop_assert_eq!(of_site(&whole), of_site(&narrowed), "{}", site);
        }
    }

    #[test]
    fn unreadable_is_never_no_change(world in world()) {
        let deployment = world.deployment();
        let actual = world.actual(&deployment);
        let plan = plan(&deployment, &actual, &Request::default());
        let names = |subject: &Subject| plan.unreadable.iter().any(|entry| entry.subject == *subject);
        prop_assert!(actual.topology.cause().is_none() || names(&Subject::Topology));
        prop_assert!(actual.assignments.cause().is_none() || names(&Subject::Assignments));
        prop_assert!(actual.directory.cause().is_none() || names(&Subject::Directory));
        prop_assert_eq!(plan.complete(), plan.unreadable.is_empty());
        for finding in &plan.findings {
            prop_assert_eq!(finding.severity, finding.code.severity());
            prop_assert!(Code::ALL.contains(&finding.code));
        }
    }
}
