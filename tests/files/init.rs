//! `init`: the file that it prints is in order, says what the snapshot says, and changes nothing.
//!
//! `SNAPSHOTS=overwrite cargo test --test files init` writes the expected files anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]
#![expect(clippy::print_stdout, reason = "a test says why it was skipped")]

use cskerb::deployment::{Loaded, load};
use cskerb::init::deployment_file;
use cskerb::model::{
    AccountName, Actual, Cause, DeclaredAccount, Deployment, KerberosReading, NameError, Origin, PoolFqdn, Principal,
    PublishedPool, PublishedSite, Reading, Role, ServerActual, ServerFqdn, SiteKind, SiteName, Spn, Topology, Verdict,
    Witness,
};
use cskerb::plan::{Layer, Plan, Request, StepKind, plan};
use cskerb::render::diagnostics::{Colour, text};
use cskerb::snapshot;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

/// Every snapshot folder of the examples and scenarios whose topology can be read.
fn snapshots() -> Vec<(PathBuf, Actual)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["examples", "tests/scenarios"].iter().flat_map(|parent| std::fs::read_dir(root.join(parent)).unwrap());
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path().join("snapshot")).collect();
    folders.sort();
    let read = folders.into_iter().filter(|folder| folder.is_dir()).map(|folder| {
        let actual = snapshot::read(&folder).unwrap();
        (folder, actual)
    });
    read.filter(|(_, actual)| actual.topology.known().is_some()).collect()
}

/// The real topology documents, each as a snapshot folder with nothing else in it.
fn samples() -> Vec<(PathBuf, Actual)> {
    let folder = std::env::var_os("CSKERB_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples"), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(folder.join("topology")) else {
        println!("skipped: no samples in {}; CSKERB_SAMPLES names the folder", folder.display());
        return Vec::new();
    };
    let read = entries.map(|entry| {
        let path = entry.unwrap().path();
        let snapshot = tempfile::tempdir().unwrap();
        let name = if path.extension().is_some_and(|extension| extension == "tbxml") {
            "topology.tbxml"
        } else {
            "topology.xml"
        };
        std::fs::write(snapshot.path().join(name), std::fs::read(&path).unwrap()).unwrap();
        let actual = snapshot::read(snapshot.path()).unwrap();
        (path, actual)
    });
    read.collect()
}

/// The deployment that the printed file declares: in order, and read by serde_yaml as by the program.
fn declared(name: &str, actual: &Actual) -> (String, Deployment) {
    let printed = deployment_file(actual).unwrap();
    let deployment = in_order(name, &printed);
    let second: serde_yaml::Value = serde_yaml::from_str(&printed).unwrap();
    let sites: Vec<&str> =
        second["sites"].as_sequence().unwrap().iter().map(|site| site["name"].as_str().unwrap()).collect();
    let ours: Vec<&str> = deployment.sites.iter().map(|site| site.name.as_str()).collect();
    assert_eq!(ours, sites, "{name}");
    (printed, deployment)
}

fn in_order(name: &str, printed: &str) -> Deployment {
    let Loaded { deployment, .. } = &mut load(name, printed.as_bytes());
    deployment.take().unwrap_or_else(|| panic!("{}\n{printed}", text(&load(name, printed.as_bytes()), Colour::Plain)))
}

/// The same systems with nothing broken in them: accounts usable, SPNs where they belong, every server valid.
fn mended(mut actual: Actual) -> Actual {
    let (Reading::Known(topology), Reading::Known(assignments)) = (&actual.topology, &actual.assignments) else {
        return actual;
    };
    let now = *actual.collected_at.known().unwrap();
    let mut holders: BTreeMap<Spn, BTreeSet<Principal>> = BTreeMap::new();
    for pool in topology.pools.iter().filter(|pool| pool.web_services) {
        let account = assignments.get(&pool.site);
        let held = || account.map(Principal::from).into_iter().collect();
        holders.insert(pool.fqdn.spn(), held());
        holders.extend(pool.internal_fqdn.iter().map(|internal| (internal.spn(), held())));
        for server in account.iter().flat_map(|_| &pool.servers) {
            let kerberos = Reading::Known(KerberosReading {
                verdict: Verdict::Valid,
                account: account.cloned(),
                by: Witness::Ticket,
                at: now,
                detail: None,
            });
            let iis = actual.iis(server).map(Clone::clone);
            actual.servers.insert(server.clone(), ServerActual { iis, kerberos });
        }
    }
    if let Reading::Known(directory) = &mut actual.directory {
        directory.holders = holders;
        for reading in directory.accounts.values_mut() {
            let Reading::Known(state) = reading else { continue };
            (state.computer, state.enabled, state.expires_at) = (true, true, None);
            state.spns.clear();
            state.password_set_at = Some(now);
        }
    }
    actual
}

fn planned(deployment: &Deployment, actual: &Actual) -> Plan {
    plan(deployment, actual, &Request::default())
}

#[test]
fn what_is_printed_word_for_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let topology_alone = tempfile::tempdir().unwrap();
    let topology = root.join("tests/scenarios/edge-in-topology/snapshot/topology.xml");
    std::fs::create_dir(topology_alone.path().join("snapshot")).unwrap();
    std::fs::copy(topology, topology_alone.path().join("snapshot/topology.xml")).unwrap();
    let examples = [("contoso", root.join("examples/contoso")), ("topology-alone", topology_alone.path().to_owned())];
    let assert = snapbox::Assert::new().normalize_paths(false).action_env(snapbox::assert::DEFAULT_ACTION_ENV);
    for (name, folder) in examples {
        let run =
            Command::new(env!("CARGO_BIN_EXE_cskerb")).current_dir(folder).args(["init", "snapshot"]).output().unwrap();
        assert_eq!(run.status.code(), Some(0));
        let expected = root.join(format!("tests/init/{name}.yaml"));
        assert.eq(String::from_utf8(run.stdout).unwrap(), snapbox::Data::read_from(&expected, None).raw());
    }
}

#[test]
fn planning_the_printed_file_only_mends_what_is_broken_in_itself() {
    let snapshots = snapshots();
    assert!(snapshots.len() >= 25, "only {} snapshots were found", snapshots.len());
    for (folder, actual) in snapshots {
        let name = folder.display().to_string();
        let plan = planned(&declared(&name, &actual).1, &actual);
        let declares = |kind: &StepKind| {
            use StepKind::{AssignAccount, CreateAccount, ReassignAccount, SetIis, UnassignAccount};
            matches!(kind, CreateAccount | AssignAccount | ReassignAccount | UnassignAccount | SetIis)
        };
        let steps: Vec<StepKind> = plan.steps.iter().map(|step| step.action.kind()).filter(declares).collect();
        assert_eq!(steps, [], "{name}");
        let changes = plan.changes.iter().filter(|change| matches!(change.layer, Layer::Assignment | Layer::Iis));
        assert_eq!(changes.count(), 0, "{name}");
    }
}

#[test]
fn where_nothing_is_broken_the_printed_file_plans_to_no_step() {
    for (folder, actual) in snapshots() {
        let name = folder.display().to_string();
        let actual = mended(actual);
        let plan = planned(&declared(&name, &actual).1, &actual);
        assert!(plan.steps.is_empty(), "{name}: {:?}", plan.steps);
        assert_eq!(plan.enable_topology.because, [], "{name}");
    }
}

#[test]
fn a_real_topology_alone_gives_a_file_that_plans_to_no_step() {
    for (path, actual) in samples() {
        let name = path.display().to_string();
        let (printed, deployment) = declared(&name, &actual);
        assert!(printed.contains("assignments.json is not in the snapshot"), "{printed}");
        let plan = planned(&deployment, &actual);
        assert!(plan.steps.is_empty() && plan.changes.is_empty(), "{name}: {:?}", plan.steps);
        assert!(plan.findings.is_empty(), "{name}: {:?}", plan.findings);
    }
}

/// What is offered in a comment that begins with `# key:`, with its first `# ` taken away.
fn taken_up(printed: &str, key: &str) -> String {
    let mut offered = false;
    let lines = printed.lines().map(|line| {
        offered = line == format!("# {key}:") || (offered && line.starts_with("#  "));
        if offered { &line[2..] } else { line }
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn what_is_offered_in_comments_may_be_taken_up_and_changes_nothing() {
    let mut offered = 0;
    for (folder, actual) in snapshots() {
        let name = folder.display().to_string();
        let actual = mended(actual);
        let (printed, deployment) = declared(&name, &actual);
        let taken = in_order(&name, &taken_up(&printed, "maintenance"));
        assert_eq!(taken.maintenance.windows[0].sites.len(), deployment.sites.len(), "{name}");
        let taken = taken_up(&printed, "iis");
        let before = planned(&deployment, &actual);
        let after = planned(&in_order(&name, &taken), &actual);
        assert_eq!(after.steps, before.steps, "{name}");
        offered += usize::from(taken != printed);
    }
    assert!(offered >= 3, "only {offered} snapshots have settings to offer");
}

/// A topology of one site with these pools, and nothing else that is known.
fn actual(topology: Topology) -> Actual {
    let unknown = || Cause::NotCollected { file: "nothing".into() };
    Actual {
        origin: Origin::default(),
        collected_at: Reading::Unreadable(unknown()),
        topology: Reading::Known(topology),
        assignments: Reading::Unreadable(unknown()),
        web_services: Reading::Unreadable(unknown()),
        directory: Reading::Unreadable(unknown()),
        servers: BTreeMap::new(),
    }
}

fn pool(fqdn: &str, role: Option<Role>, servers: &[&str]) -> PublishedPool {
    PublishedPool {
        fqdn: fqdn.parse().unwrap(),
        site: "A".parse().unwrap(),
        role,
        web_services: role.is_some_and(Role::runs_web_services),
        service_version: Some(6),
        internal_fqdn: None,
        servers: servers.iter().map(|server| server.parse().unwrap()).collect(),
    }
}

fn topology(pools: Vec<PublishedPool>) -> Topology {
    let site = PublishedSite { name: "A".parse().unwrap(), kind: SiteKind::Branch };
    Topology { signature: None, sites: vec![site], pools }
}

/// The lines of the printed file that begin with one of these words, without their indentation.
fn lines(pools: Vec<PublishedPool>, words: &[&str]) -> Vec<String> {
    let (printed, _) = declared("x", &actual(topology(pools)));
    let lines = printed.lines().map(str::trim).filter(|line| words.iter().any(|word| line.starts_with(word)));
    lines.map(str::to_owned).collect()
}

#[test]
fn every_product_is_declared_where_it_is_known() {
    let of = |versions: [Option<u32>; 3]| {
        let pools = ["a", "b", "c"].iter().zip(versions).map(|(name, service_version)| PublishedPool {
            service_version,
            ..pool(&format!("{name}.x.com"), Some(Role::StandardEdition), &[])
        });
        lines(pools.collect(), &["product", "# product", "- fqdn"])
    };
    let pools = ["- fqdn: a.x.com", "- fqdn: b.x.com", "- fqdn: c.x.com"];
    assert_eq!(of([Some(7), Some(7), None])[0], "product: sfb-2015");
    assert_eq!(of([Some(7), Some(7), None])[1..], pools);
    assert_eq!(
        of([Some(5), Some(6), Some(6)]),
        ["product: lync-2013", pools[0], "product: lync-2010", pools[1], pools[2]]
    );
    assert_eq!(
        of([None; 3])[0],
        "# product: the topology does not tell; one of lync-2010, lync-2013, sfb-2015, sfb-2019, sfb-se"
    );
}

#[test]
fn what_no_file_can_declare_is_said_in_a_comment() {
    let override_on = |role| PublishedPool {
        internal_fqdn: Some("web.x.com".parse().unwrap()),
        ..pool("p.x.com", Some(role), &["p.x.com"])
    };
    assert_eq!(
        lines(vec![override_on(Role::StandardEdition)], &["webServices", "# Published"]),
        ["# Published, and not possible for this role: webServices: { internalFqdn: web.x.com }"]
    );
    assert_eq!(
        lines(vec![override_on(Role::Director)], &["webServices"]),
        ["webServices: { internalFqdn: web.x.com }"]
    );
    assert_eq!(
        lines(vec![pool("p.x.com", Some(Role::FrontEnd), &[])], &["- fqdn", "# The front-end"]),
        ["# The front-end pool p.x.com is left out: it has no servers in the topology."]
    );
    let trusted = pool("apps.x.com", Some(Role::TrustedApplication), &["FE1.x.com"]);
    let front_end = pool("p.x.com", Some(Role::FrontEnd), &["fe1.x.com"]);
    assert_eq!(
        lines(vec![trusted, pool("sql.x.com", None, &["fe1.x.com"]), front_end], &["- ", "# The trusted"]),
        [
            "- name: A",
            "# The trusted-application pool apps.x.com is left out: another pool has the same names.",
            "- fqdn: p.x.com",
            "- fe1.x.com"
        ]
    );
}

#[test]
fn without_a_topology_there_is_no_file() {
    let mut actual = actual(topology(Vec::new()));
    actual.topology = Reading::Unreadable(Cause::NotCollected { file: "topology.xml".into() });
    let error = deployment_file(&actual).unwrap_err().to_string();
    assert!(error.ends_with("it could not be read: topology.xml is not in the snapshot"), "{error}");
}

fn named<N: FromStr<Err = NameError> + Debug>(text: impl Strategy<Value = String>) -> impl Strategy<Value = N> {
    text.prop_filter_map("not such a name", |text| text.parse().ok())
}

fn site_name() -> impl Strategy<Value = SiteName> {
    const HARD: &[&str] = &[
        "no",
        "Yes",
        "null",
        "~",
        "true",
        "1.5",
        "0x1F",
        "1_000",
        "12:30:00",
        "2026-11-20",
        ".inf",
        "-",
        "?",
        ":",
        "- a",
        "? a",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "*a",
        "&a",
        "!a",
        "!!str a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "[a]",
        "{a}",
        "a, b",
        "'a'",
        "\"a\"",
        "it's",
        "a\\b",
        "---",
        "...",
        "<<",
        "=",
        "Zürich",
        "東京",
        "a\u{2028}b",
        "\u{FEFF}a",
        "a\u{202E}b",
    ];
    named(prop_oneof![prop::sample::select(HARD).prop_map(str::to_owned), any::<String>()])
}

fn account_name() -> impl Strategy<Value = AccountName> {
    named("[A-Za-z0-9#!%&'(){}^`~._é-]{1,15}\\\\[A-Za-z0-9#!%&'(){}^`~._é-]{1,15}")
}

fn fqdn() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,3}[a-zA-Z0-9_])?(\\.[a-zA-Z0-9_]{1,3}){1,2}"
}

proptest! {
    #[test]
    fn every_name_is_read_back(
        sites in prop::collection::btree_set(site_name(), 1..4),
        account in account_name(),
        names in prop::collection::btree_set(named::<ServerFqdn>(fqdn()), 2..6),
    ) {
        let names: Vec<ServerFqdn> = names.into_iter().collect();
        let first = sites.iter().next().unwrap().clone();
        let pool = PublishedPool {
            site: first.clone(),
            servers: names[1..].to_vec(),
            ..pool(names[0].as_str(), Some(Role::FrontEnd), &[])
        };
        let published = sites.iter().map(|name| PublishedSite { name: name.clone(), kind: SiteKind::Central });
        let topology = Topology { signature: None, sites: published.collect(), pools: vec![pool] };
        let mut actual = actual(topology);
        actual.assignments = Reading::Known(BTreeMap::from([(first, account.clone())]));
        actual.origin.source = "a\nversion: 2\u{2028}".to_owned();
        let (_, deployment) = declared("x", &actual);
        let text = |name: &SiteName| name.as_str().to_owned();
        prop_assert_eq!(
            deployment.sites.iter().map(|site| text(&site.name)).collect::<Vec<_>>(),
            sites.iter().map(text).collect::<Vec<_>>()
        );
        let site = &deployment.sites[0];
        let DeclaredAccount::Account(declared) = &site.account else { panic!("no account") };
        prop_assert_eq!(declared.as_str(), account.as_str());
        let fqdn: &PoolFqdn = &site.pools[0].fqdn;
        prop_assert_eq!(fqdn.as_str(), names[0].as_str());
        let servers: Vec<&str> = site.pools[0].servers.iter().map(|server| server.fqdn.as_str()).collect();
        prop_assert_eq!(servers, names[1..].iter().map(ServerFqdn::as_str).collect::<Vec<_>>());
    }
}
