//! Every scenario of the plan tests, and faults of every kind, applied through the bridge and directly.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::folder::copy;
use crate::ran::{not_done, steps};
use crate::rehearsal::ended;
use crate::scratch::scratch;
use crate::stage::{Stage, side_by_side};
use cskerb::apply::Unfinished;
use cskerb::apply::target::Target;
use cskerb::deployment;
use cskerb::lab::{Cmdlet, Fault, Lab};
use cskerb::plan::{Action, StepKind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Two labs of the same kind, changed both ways: they were planned alike, and end alike.
fn check(what: &str, direct: &Stage, bridged: &Stage) -> BTreeSet<StepKind> {
    let live = bridged.live();
    let (plan, by_live) = (direct.plan(&direct.lab), bridged.plan(&live));
    assert_eq!(steps(&by_live), steps(&plan), "{what}: the same plan: {:?}", by_live.unreadable);
    let outcome = direct.run(&plan, &direct.lab, Unfinished::Refuse);
    let live_outcome = bridged.run(&by_live, &live, Unfinished::Refuse);
    assert_eq!(live_outcome.ending(), outcome.ending(), "{what}: {:?}", not_done(&live_outcome));
    assert_eq!(ended(&bridged.lab), ended(&direct.lab), "{what}");
    assert_eq!(cmdlets(bridged), cmdlets(direct), "{what}");
    assert_eq!(steps(&bridged.plan(&live)), steps(&direct.plan(&direct.lab)), "{what}: what is left");
    plan.steps.iter().map(|step| step.action.kind()).collect()
}

/// What was called, but for IIS: through the bridge each location is a call by itself.
fn cmdlets(stage: &Stage) -> Vec<Cmdlet> {
    stage.changing_calls().into_iter().filter(|cmdlet| *cmdlet != Cmdlet::SetIis).collect()
}

fn adopted(scenario: &Path) -> Option<Stage> {
    let bytes = std::fs::read(scenario.join("deployment.yaml")).ok()?;
    let deployment = deployment::load("deployment.yaml", &bytes).deployment?;
    let folder = scratch();
    copy(&scenario.join("snapshot"), &folder.path().join("lab"));
    let lab = Lab::adopt(&folder.path().join("lab")).ok()?;
    // The live systems are tested when they are read, so what the snapshot says is as old as it is in neither lab.
    for site in lab.memory().unwrap().assignments.into_keys() {
        drop(lab.perform(&Action::TestAssignment { site }));
    }
    Some(Stage::on(folder, lab, deployment))
}

#[test]
fn every_scenario_ends_through_the_bridge_as_it_does_directly() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["examples", "tests/scenarios"]
        .iter()
        .flat_map(|parent| std::fs::read_dir(root.join(parent)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("snapshot").is_dir())
        .collect();
    folders.sort();
    let played = Mutex::new(Vec::new());
    side_by_side(folders, |folder| {
        let (Some(direct), Some(bridged)) = (adopted(&folder), adopted(&folder)) else { return };
        let what = folder.file_name().unwrap().to_string_lossy().into_owned();
        let kinds = check(&what, &direct, &bridged);
        played.lock().unwrap().push(kinds);
    });
    let played = played.into_inner().unwrap();
    assert!(played.len() >= 15, "only {} scenarios can be labs", played.len());
    let kinds: BTreeSet<StepKind> = played.into_iter().flatten().collect();
    assert_eq!(kinds.len(), StepKind::ALL.len(), "every kind of step: {kinds:?}");
}

#[test]
fn every_fault_is_mended_through_the_bridge_as_it_is_directly() {
    let faults = [
        Fault::StalePassword(name("se01.contoso.com")),
        Fault::NeverConfigured(name("dir01.contoso.com")),
        Fault::HalfDoneRotation(name(r"CONTOSO\kerbauth")),
        Fault::SpnMissing(name("http/webint.contoso.com")),
        Fault::SpnMissing(name("http/pool01.contoso.com")),
        Fault::AccountDeleted(name(r"CONTOSO\kerbauth")),
        Fault::ProvidersReversed(name("se01.contoso.com")),
        Fault::EnableTopologyForgotten(name("Redmond")),
        Fault::ServerAdded(name("pool01.contoso.com"), name("fe04.contoso.com")),
    ];
    side_by_side(faults, |fault| {
        let (direct, bridged) = (Stage::new(load(CONTOSO)), Stage::new(load(CONTOSO)));
        direct.lab.inject(&fault).unwrap();
        bridged.lab.inject(&fault).unwrap();
        check(&fault.to_string(), &direct, &bridged);
    });
}

#[test]
fn reports_are_kept_as_evidence_under_the_ids_of_their_steps() {
    let stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    let live = stage.live();
    stage.run(&stage.plan(&live), &live, Unfinished::Refuse);
    let mut kept = Vec::new();
    for run in std::fs::read_dir(stage.folder.path().join("state/evidence")).unwrap() {
        for file in std::fs::read_dir(run.unwrap().path()).unwrap() {
            kept.push(file.unwrap().file_name().into_string().unwrap());
        }
    }
    kept.sort();
    assert_eq!(kept, ["copy_fe02.contoso.com.html", "test_Redmond.html"]);
}
