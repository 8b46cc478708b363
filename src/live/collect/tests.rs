//! Collections from labs, through a shell that answers as the real systems would; and what they withstand.

mod fake;
mod script;

use super::*;
use crate::lab::{Down, Fault, Lab, Right};
use crate::live::shell::{Call, CallFailure, Effect, Ended, ErrorRecord, Place, Reply};
use crate::model::Deployment;
use crate::plan::{self, Plan, Request};
use crate::{deployment, snapshot};
use fake::{Fake, error, iis, reply, test};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const NOW: &str = "2026-05-30T20:00:00Z";

fn load(folder: &Path) -> Option<Deployment> {
    let bytes = fs::read(folder.join("deployment.yaml")).ok()?;
    deployment::load("deployment.yaml", &bytes).deployment
}

fn contoso() -> Deployment {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso")).unwrap()
}

/// A healthy lab of that deployment.
fn lab(deployment: &Deployment) -> (TempDir, PathBuf, Lab) {
    let parent = crate::scratch::scratch();
    let folder = parent.path().join("lab");
    let lab = Lab::create(deployment, &folder, NOW.parse().unwrap()).unwrap();
    (parent, folder, lab)
}

fn plan(deployment: &Deployment, actual: &Actual) -> Plan {
    plan::plan(deployment, actual, &Request::default())
}

/// What a plan says, without who said it and in which words.
fn told(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| format!("step {} after {:?}", step.id(), step.after));
    let changes = plan.changes.iter().map(|it| format!("{:?} {:?} {:?}", it.action, it.layer, it.subject));
    let findings = plan.findings.iter().map(|it| format!("{:?} {:?}", it.code, it.subject));
    let unreadable = plan.unreadable.iter().map(|it| format!("unreadable {:?} {:?}", it.layer, it.subject));
    let mut all: Vec<String> = steps.chain(changes).chain(findings).chain(unreadable).collect();
    all.push(format!("{:?}", plan.enable_topology.need));
    all.push(format!("{:?}", plan.summary));
    all
}

fn collected(fake: &Fake<'_>, asked: &Asked, folder: &Path) -> (Collected, Vec<Progress>) {
    let said = Mutex::new(Vec::new());
    let clock = || fake.actual().collected_at.known().copied().unwrap_or_default();
    let watch = |progress| said.lock().unwrap().push(progress);
    let manner = Manner { parallel: 4, clock: &clock, watch: &watch };
    let collected = collect(fake, asked, folder, &manner).unwrap();
    (collected, said.into_inner().unwrap())
}

#[test]
fn a_healthy_lab_collected_leaves_nothing_to_do() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["examples", "tests/scenarios"].iter().flat_map(|parent| fs::read_dir(root.join(parent)).unwrap());
    let mut labs = 0;
    for folder in folders.map(|entry| entry.unwrap().path()) {
        let Some(deployment) = load(&folder) else { continue };
        let (parent, place, lab) = lab(&deployment);
        let (collected, _) = collected(&Fake::new(&place), &Asked::of(&deployment), &parent.path().join("out"));
        assert_eq!(collected.unreadable, [], "{}", folder.display());
        let direct = plan(&deployment, &crate::apply::target::Target::read(&lab).unwrap());
        let plan = plan(&deployment, &collected.actual);
        assert!(plan.steps.is_empty() && plan.complete() && !plan.differs(), "{}", folder.display());
        assert_eq!(told(&plan), told(&direct), "{}", folder.display());
        labs += 1;
    }
    assert!(labs >= 25, "only {labs} deployments were found");
}

#[test]
fn a_broken_lab_collected_gives_the_plan_of_the_lab() {
    let deployment = contoso();
    let (_parent, place, _) = lab(&deployment);
    let actual = snapshot::read(&place).unwrap();
    let account = actual.assignments.known().unwrap().values().next().unwrap().clone();
    let (site, _) = actual.assignments.known().unwrap().iter().next().unwrap();
    let pool = actual.topology.known().unwrap().pools.iter().find(|it| it.web_services && it.site == *site).unwrap();
    let (spn, server) = (pool.fqdn.spn(), pool.servers[0].clone());
    let faults = [
        Fault::StalePassword(server.clone()),
        Fault::NeverConfigured(server.clone()),
        Fault::ServerDown(server.clone(), Down::ForGood),
        Fault::HalfDoneRotation(account.clone()),
        Fault::SpnMissing(spn.clone()),
        Fault::SpnTwice(spn, crate::model::Principal::new(r"CONTOSO\other")),
        Fault::AccountDisabled(account.clone()),
        Fault::AccountDeleted(account.clone()),
        Fault::EncryptionUnset(account.clone()),
        Fault::ProvidersReversed(server),
        Fault::EnableTopologyForgotten(site.clone()),
        Fault::ServerAdded(pool.fqdn.clone(), "fe99.contoso.com".parse().unwrap()),
        Fault::TopologyPublished(0),
        Fault::ControllersDisagree(account, 3),
        Fault::RightLost(Right::DomainAdmins),
    ];
    let mut differing = 0;
    for fault in faults {
        let (parent, place, lab) = lab_of(&deployment);
        lab.inject(&fault).unwrap();
        let direct = plan(&deployment, &snapshot::read(&place).unwrap());
        let (collected, _) = collected(&Fake::new(&place), &Asked::of(&deployment), &parent.path().join("out"));
        assert_eq!(told(&plan(&deployment, &collected.actual)), told(&direct), "{fault}");
        differing += usize::from(direct.differs() || !direct.complete());
    }
    assert!(differing >= 11, "only {differing} of the faults show in a plan");
}

fn lab_of(deployment: &Deployment) -> (TempDir, PathBuf, Lab) {
    lab(deployment)
}

type Answer = Result<Reply, CallFailure>;

/// Collects the lab of contoso with that fault; what of it could not be read shall be exactly this.
fn check(what: &str, fault: impl Fn(&Place, &Call) -> Option<Answer> + Sync, expected: &[(&str, &str)]) {
    let (parent, place, _) = lab(&contoso());
    let fake = Fake::new(&place).but(fault);
    let (collected, said) = collected(&fake, &Asked::of(&contoso()), &parent.path().join("out"));
    let mut found = collected.unreadable.iter();
    for (subject, why) in expected {
        let (found, cause) = found.next().unwrap_or_else(|| panic!("{what}: {subject} can be read"));
        assert!(found == subject && cause.contains(why), "{what}: {found}: {cause}, not {subject}: {why}");
    }
    assert_eq!(found.next(), None, "{what}");
    nothing_secret(what, &parent, &collected, &said);
}

/// `hunter2` stands for every secret of these tests.
fn nothing_secret(what: &str, parent: &TempDir, collected: &Collected, said: &[Progress]) {
    let said = format!("{collected:?} {said:?}");
    assert!(!said.contains("hunter2"), "{what}: {said}");
    let mut folders = vec![parent.path().join("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains("hunter2"), "{what}: {} holds it", path.display());
            }
        }
    }
}

fn threw(id: &str, message: &str) -> Reply {
    Reply { ended: Ended::Threw, errors: vec![error(id, message)], ..reply(json!(null)) }
}

fn on(server: &str, at: &Place) -> bool {
    matches!(at, Place::Server(name) if name.as_str() == server)
}

#[test]
fn a_server_that_fails_is_unreadable_with_its_cause() {
    let fe02 = "fe02.contoso.com";
    let unreachable = || CallFailure::Unreachable {
        place: fe02.into(),
        from: "fe01.contoso.com".into(),
        id: "WinRMOperationTimeout".to_owned(),
        why: "WinRM kann den Vorgang nicht abschließen.".to_owned(),
        code: None,
        hint: Some("see whether WinRM answers".to_owned()),
    };
    let subject = "IIS of fe02.contoso.com";
    check(
        "down",
        |at, _| on(fe02, at).then(|| Err(unreachable())),
        &[(subject, "WinRMOperationTimeout); see whether")],
    );
    let denied =
        |at: &Place, _: &Call| on(fe02, at).then(|| Ok(threw("UnauthorizedAccess,x", "액세스가 거부되었습니다.")));
    check(
        "denied",
        denied,
        &[(subject, "when the snapshot was made: 액세스가 거부되었습니다. (UnauthorizedAccess,x)")],
    );
    let garbage = |at: &Place, _: &Call| on(fe02, at).then(|| Ok(reply(json!({ "text": "x" }))));
    check("garbage", garbage, &[(subject, "the answer is not understood: missing field `base64`")]);
    let no_base64 = |at: &Place, _: &Call| on(fe02, at).then(|| Ok(reply(json!({ "base64": "\u{fc}" }))));
    check("no Base64", no_base64, &[(subject, "it did not arrive whole")]);
    let half = |at: &Place, _: &Call| on(fe02, at).then(|| Ok(iis(b"<configuration><system.webServer>")));
    check("half a file", half, &[(subject, "applicationHost.config:1:")]);
    let binary = |at: &Place, _: &Call| on(fe02, at).then(|| Ok(iis(b"<a>\xff password='hunter2'")));
    check("no text", binary, &[(subject, "nothing of it was kept: line 1, column 4")]);
    let planted = |at: &Place, _: &Call| on(fe02, at).then(|| Ok(iis(b"<a password='hunter2'/>")));
    check("a secret", planted, &[(subject, "still held something secret when it arrived, so nothing of it was kept")]);
    let telltale = |at: &Place, _: &Call| on(fe02, at).then(|| Ok(threw("X", "Zeile 3: password=\"hunter2\"")));
    check("a secret in an error", telltale, &[(subject, "Zeile 3: password=\"\" (X)")]);
    let lost = |at: &Place, _: &Call| {
        on(fe02, at).then(|| {
            Err(CallFailure::Lost {
                call: "iis".to_owned(),
                why: "password='hunter2'".to_owned(),
                effect: Effect::Nothing,
            })
        })
    };
    check("a secret on a stream", lost, &[(subject, "iis gave no answer: password=''")]);
}

#[test]
fn what_the_central_store_does_not_say_is_unreadable() {
    let denied = |wanted: &'static str| {
        move |_: &Place, call: &Call| (call.name() == wanted).then(|| Ok(threw("AccessDenied", "Zugriff verweigert")))
    };
    let why = "could not be read when the snapshot was made: Zugriff verweigert (AccessDenied)";
    check("web services", denied(Call::WebServices.name()), &[("the settings of the Web Services", why)]);
    check("replication", denied(Call::Replication.name()), &[]);
    check("topology", denied(Call::Topology.name()), &[("the topology", why)]);
    check("assignments", denied(Call::Assignments.name()), &[("the assignments", why)]);
    let garbage = |_: &Place, call: &Call| {
        (*call == Call::Assignments).then(|| Ok(reply(json!([{ "identity": "global", "userAccount": "x" }]))))
    };
    check("garbage", garbage, &[("the assignments", "\"global\" was said, which cannot be taken")]);
    let cut = |_: &Place, call: &Call| (*call == Call::Topology).then(|| Ok(reply(json!({ "xml": "<Topology" }))));
    check("half a topology", cut, &[("the topology", "topology.xml:1:")]);
    let planted = |_: &Place, call: &Call| {
        (*call == Call::Topology).then(|| Ok(reply(json!({ "xml": "<Topology password='hunter2'/>" }))))
    };
    check("a secret", planted, &[("the topology", "the topology still held something secret")]);
}

#[test]
fn what_the_directory_does_not_say_is_unreadable() {
    let account = |call: &Call| matches!(call, Call::Account { account } if account.account() == "kerbauth");
    let down = |_: &Place, call: &Call| {
        account(call).then(|| Ok(threw("DirectoryServicesCOMException", "Der Server ist nicht funktionstüchtig.")))
    };
    check("down", down, &[(r"CONTOSO\kerbauth", "Der Server ist nicht funktionstüchtig. (DirectoryServicesCOM")]);
    let alone = |_: &Place, call: &Call| {
        let error =
            ErrorRecord { hresult: Some(0x8007_2020), ..error("DirectoryServicesCOMException", "Vorgangsfehler") };
        account(call).then(|| Ok(Reply { ended: Ended::Threw, errors: vec![error], ..reply(json!(null)) }))
    };
    check(
        "second hop",
        alone,
        &[(r"CONTOSO\kerbauth", "the logon was not passed on to the next computer: give --cred")],
    );
    let none = |_: &Place, call: &Call| account(call).then(|| Ok(reply(json!({ "controllers": [] }))));
    check("no controller", none, &[(r"CONTOSO\kerbauth", "no domain controller was found")]);
    let timeout = |_: &Place, call: &Call| match call {
        Call::Holders { spns } => {
            let of = |spn: &crate::model::Spn| json!({ "spn": spn.to_string(), "error": "password: hunter2", "holders": [] });
            Some(Ok(reply(spns.iter().map(of).collect())))
        }
        _ => None,
    };
    let (parent, place, _) = lab(&contoso());
    let fake = Fake::new(&place).but(timeout);
    let (collected, said) = collected(&fake, &Asked::of(&contoso()), &parent.path().join("out"));
    assert_eq!(collected.unreadable.len(), collected.asked.service_principal_names.len());
    assert!(collected.unreadable.iter().all(|(_, why)| why.contains("could not be looked for: password: ")));
    nothing_secret("holders", &parent, &collected, &said);
}

/// What is unreadable where a test of Redmond cannot say: its three servers with Web Services.
fn of_redmond(why: &'static str) -> Vec<(String, &'static str)> {
    let (_parent, place, _) = lab(&contoso());
    let actual = snapshot::read(&place).unwrap();
    let mut servers = site_test::targets(actual.topology.known().unwrap(), &"Redmond".parse().unwrap());
    servers.sort();
    servers.iter().map(|server| (format!("Kerberos of {server}"), why)).collect()
}

#[test]
fn a_test_that_cannot_say_leaves_its_servers_unknown() {
    let redmond = |call: &Call| matches!(call, Call::TestAssignment { site, .. } if site.as_str() == "Redmond");
    let silent = |_: &Place, call: &Call| redmond(call).then(|| Ok(test(Ended::Completed, Vec::new(), None)));
    let expect = |why: &'static str| of_redmond(why);
    let run = |what: &str, fault: &(dyn Fn(&Place, &Call) -> Option<Answer> + Sync), why: &'static str| {
        let expected = expect(why);
        let expected: Vec<(&str, &str)> = expected.iter().map(|(subject, why)| (subject.as_str(), *why)).collect();
        check(what, fault, &expected);
    };
    run("silent", &silent, "it finished, and its report cannot be read");
    let empty = |_: &Place, call: &Call| redmond(call).then(|| Ok(test(Ended::Completed, Vec::new(), Some("<html/>"))));
    run("an empty report", &empty, "it finished, and its report does not list the server");
    let nameless = |_: &Place, call: &Call| {
        let errors =
            vec![error("InvalidKerberosConfiguration,x", "Kerberos 구성이 잘못되었습니다. Password='hunter2'")];
        redmond(call).then(|| Ok(test(Ended::Completed, errors, Some("Password: hunter2"))))
    };
    run("nameless", &nameless, "InvalidKerberosConfiguration: Kerberos 구성이 잘못되었습니다. Password=''");
    let slow = |_: &Place, call: &Call| {
        redmond(call).then(|| {
            Err(CallFailure::Lost { call: "the test".to_owned(), why: "it ended".to_owned(), effect: Effect::Nothing })
        })
    };
    run("killed", &slow, "the test gave no answer: it ended");
}

#[test]
fn a_second_collection_into_the_folder_leaves_no_former_word() {
    let (parent, place, _) = lab(&contoso());
    let out = parent.path().join("out");
    let asked = Asked::of(&contoso());
    let (first, _) = collected(&Fake::new(&place), &asked, &out);
    assert_eq!(first.unreadable, []);
    let down = |at: &Place, call: &Call| {
        let silent = matches!(call, Call::TestAssignment { .. }) || on("fe02.contoso.com", at);
        silent.then(|| Ok(threw("Down", "nichts")))
    };
    let (second, _) = collected(&Fake::new(&place).but(down), &asked, &out);
    let subjects: Vec<&str> = second.unreadable.iter().map(|(subject, _)| subject.as_str()).collect();
    assert!(
        subjects.contains(&"IIS of fe02.contoso.com"),
        "the file of the first is there, and says nothing: {subjects:?}"
    );
    assert!(subjects.contains(&"Kerberos of fe01.contoso.com"), "{subjects:?}");
    let (third, _) = collected(&Fake::new(&place), &asked, &out);
    assert_eq!(third.unreadable, []);
    assert_eq!(third.actual.origin.digest, first.actual.origin.digest, "the same facts are the same snapshot");
}

#[test]
fn a_lab_is_not_collected_into_and_what_is_behind_is_said() {
    let (parent, place, _) = lab(&contoso());
    let fake = Fake::new(&place);
    let manner = Manner { parallel: 0, clock: &Timestamp::now, watch: &|_| {} };
    let refused = collect(&fake, &Asked::default(), &place, &manner).unwrap_err();
    assert!(refused.to_string().ends_with("is a lab: collect into another folder"), "{refused}");
    let (_, said) = collected(&fake, &Asked::default(), &parent.path().join("out"));
    assert!(said.contains(&Progress::Behind(vec!["fe01.contoso.com".to_owned()])), "{said:?}");
    assert!(said.contains(&Progress::Made("tests/site-Redmond.json".to_owned())), "{said:?}");
    let live = read(&fake, &Asked::default(), &manner).unwrap();
    assert_eq!(live.actual.origin.source, "live");
}

#[test]
fn only_what_is_asked_for_is_read() {
    let (parent, place, _) = lab(&contoso());
    let asked = Asked {
        servers: ["fe01.contoso.com".parse().unwrap()].into(),
        directory: DirectoryBy::Another,
        ..Asked::of(&contoso())
    };
    let out = parent.path().join("out");
    let of_the_directory = |_: &Place, call: &Call| {
        assert!(!matches!(call, Call::Account { .. } | Call::Holders { .. } | Call::Directory { .. }), "{call:?}");
        None
    };
    let (collected, _) = collected(&Fake::new(&place).but(of_the_directory), &asked, &out);
    assert_eq!(collected.unreadable, [], "the directory is the business of whoever reads it");
    assert!(!out.join("directory.json").exists());
    assert_eq!(fs::read_dir(out.join("servers")).unwrap().count(), 1);
    assert_eq!(collected.asked.servers, ["fe01.contoso.com"]);
}
