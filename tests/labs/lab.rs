//! The lab against every deployment and snapshot of `examples/` and `tests/scenarios/`.

use crate::folder;
use crate::scratch::scratch;
use cskerb::apply::target::{Holds, Target};
use cskerb::codes::Severity;
use cskerb::deployment;
use cskerb::lab::{ConsoleCall, ConsoleEnd, Lab, LabError};
use cskerb::model::{Actual, Deployment};
use cskerb::plan::{Plan, Request, plan};
use folder::copy;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["examples", "tests/scenarios"]
        .iter()
        .flat_map(|parent| fs::read_dir(root.join(parent)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("deployment.yaml").is_file())
        .collect();
    folders.sort();
    folders
}

/// The deployment of that folder; `None` where it is not in order.
fn load(folder: &Path) -> Option<Deployment> {
    let bytes = fs::read(folder.join("deployment.yaml")).unwrap();
    deployment::load("deployment.yaml", &bytes).deployment
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.id().to_string()).collect()
}

fn planned(deployment: &Deployment, actual: &Actual) -> Plan {
    plan(deployment, actual, &Request::default())
}

#[test]
fn a_new_lab_leaves_nothing_to_do() {
    let mut labs = 0;
    for folder in folders() {
        let Some(deployment) = load(&folder) else { continue };
        let parent = scratch();
        let lab = Lab::create(&deployment, &parent.path().join("lab"), "2026-05-30T20:00:00Z".parse().unwrap());
        let plan = planned(&deployment, &lab.unwrap().read().unwrap());
        assert_eq!(steps(&plan), Vec::<String>::new(), "{}", folder.display());
        assert_eq!(plan.unreadable, [], "{}", folder.display());
        assert!(!plan.differs(), "{}: {:?}", folder.display(), plan.findings);
        let wrong: Vec<_> = plan.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", folder.display());
        labs += 1;
    }
    assert!(labs >= 25, "only {labs} deployments were found");
}

/// The steps of a plan, done in its order, leave no step: every precondition holds when its step is reached, and no
/// cmdlet refuses. The tests of sites that have something else wrong with them may say so.
#[test]
fn the_steps_of_a_plan_leave_no_step() {
    let mut labs = 0;
    for folder in folders() {
        let (Some(deployment), true) = (load(&folder), folder.join("snapshot").is_dir()) else { continue };
        let parent = scratch();
        let place = parent.path().join("lab");
        copy(&folder.join("snapshot"), &place);
        let lab = match Lab::adopt(&place) {
            Ok(lab) => lab,
            Err(LabError::Unreadable { .. }) => continue,
            Err(error) => panic!("{}: {error}", folder.display()),
        };
        let before = planned(&deployment, &lab.read().unwrap());
        for step in &before.steps {
            for predicate in &step.preconditions {
                assert_eq!(lab.holds(predicate), Holds::Yes, "{}: {} {predicate:?}", folder.display(), step.id());
            }
            let done = lab.perform(&step.action);
            let looks = lab.calls().unwrap().last().unwrap().cmdlet.only_looks();
            assert!(looks || done.is_ok(), "{}: {}: {done:?}", folder.display(), step.id());
        }
        let after = planned(&deployment, &lab.read().unwrap());
        assert_eq!(steps(&after), Vec::<String>::new(), "{}: after {:?}", folder.display(), steps(&before));
        labs += usize::from(!before.steps.is_empty());
    }
    assert!(labs >= 15, "only {labs} snapshots had something to do");
}

fn cskerb(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cskerb"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_lab_is_made_and_broken_from_the_command_line() {
    const FILE: &str = "examples/contoso/deployment.yaml";
    let parent = scratch();
    let place = parent.path().join("lab");
    let dir = place.to_str().unwrap();
    let (exit, out, said) = cskerb(&["lab", "new", FILE, dir, "--at", "2026-05-30T20:00:00Z"]);
    assert_eq!((exit, out.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("made a healthy lab"), "{said}");
    let plan = || cskerb(&["plan", FILE, "--snapshot", dir, "--detailed-exitcode"]);
    assert_eq!(plan().0, Some(0), "{}", plan().1);

    let check = |arguments: &[&str], expected: i32, words: &str| {
        let (exit, _, said) = cskerb(arguments);
        assert_eq!(exit, Some(expected), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?} shall say {words:?}, but: {said}");
    };
    check(&["lab", "new", FILE, dir], 1, "is not empty");
    check(&["lab", "break", dir], 1, "required");
    check(&["lab", "break", dir, "--stale-password", "fe01"], 1, "it has no domain part");
    check(&["lab", "break", dir, "--server-down", "fe01.contoso.com=x"], 1, "\"x\"");
    check(&["lab", "break", dir, "--stale-password", "fe99.contoso.com"], 1, "has no server fe99.contoso.com");
    check(&["lab", "break", "examples/contoso/snapshot", "--topology-published"], 1, "has no lab.json");
    let stale = ["lab", "break", dir, "--stale-password", "fe02.contoso.com", "--server-down", "fe03.contoso.com=2"];
    check(&stale, 0, "broken: fe02.contoso.com has an older password of its account\nbroken: fe03.contoso.com");
    let (exit, out, _) = plan();
    assert_eq!(exit, Some(5), "{out}");
    assert!(out.contains("InvalidKerberosConfiguration: it has an older password"), "{out}");
    check(&["lab", "break", dir, "--server-up", "fe03.contoso.com"], 0, "fe03.contoso.com answers again");
    assert_eq!(plan().0, Some(2));
}

/// As PowerShell does it, before anything happens: the stand-in of the product's module plays through here.
#[test]
fn a_cmdlet_that_is_called_wrongly_is_refused_and_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso")).unwrap();
    let lab = Lab::create(&deployment, &folder.path().join("lab"), "2026-05-30T20:00:00Z".parse().unwrap()).unwrap();
    let check = |call: &str, arguments: serde_json::Value, id: &str| {
        let arguments = arguments.as_object().unwrap().clone();
        let reply = lab.console(&ConsoleCall { call: call.to_owned(), arguments, server: None });
        let ids: Vec<&str> = reply.errors.iter().map(|error| error.id.split(',').next().unwrap()).collect();
        assert_eq!((reply.ended, &ids[..]), (ConsoleEnd::Threw, &[id][..]), "{call}");
    };
    let (account, server) = (r"CONTOSO\kerbauth", "fe01.contoso.com");
    check("Get-CsKerberosAccount", json!({}), "CommandNotFoundException");
    check("Enable-CsTopology", json!({ "Identity": "site:Redmond" }), "NamedParameterNotFound");
    let report = json!({ "Identity": "site:Redmond", "UserAccount": account, "Report": "x.html" });
    check("New-CsKerberosAccountAssignment", report, "NamedParameterNotFound");
    check("Remove-CsKerberosAccountAssignment", json!({}), "MissingMandatoryParameter");
    let confirm = json!({ "Identity": "site:Redmond", "Confirm": false });
    check("Test-CsKerberosAccountAssignment", confirm, "NamedParameterNotFound");
    let sets = json!({ "UserAccount": account, "FromComputer": server, "ToComputer": "fe02.contoso.com" });
    check("Set-CsKerberosAccountPassword", sets, "AmbiguousParameterSet");
    check("Set-CsKerberosAccountPassword", json!({ "FromComputer": server }), "AmbiguousParameterSet");
    check("Set-CsKerberosAccountPassword", json!({}), "AmbiguousParameterSet");
    assert_eq!(lab.calls().unwrap(), []);
}
