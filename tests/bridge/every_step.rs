//! Every call that changes something, and the test, with a process that dies, hangs or talks nonsense in it: nothing is
//! done twice, nothing is lost, and no password is set a second time.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::mischief::Mischief;
use crate::ran::{not_done, steps};
use crate::stage::{Stage, side_by_side};
use cskerb::apply::events::{Event, What};
use cskerb::apply::journal::Ending;
use cskerb::apply::target::Target;
use cskerb::apply::{self, Outcome, Status, Unfinished};
use cskerb::lab::{Cmdlet, Fault};
use cskerb::plan::{Action, Plan, Request, Step, StepKind, plan};
use std::collections::BTreeSet;
use std::time::Duration;

const TEST: &str = "Test-CsKerberosAccountAssignment";
const PASSWORD: &str = "Set-CsKerberosAccountPassword";

/// The calls of the steps of [`moved`].
const CALLS: [&str; 9] = [
    "New-CsKerberosAccount",
    "New-CsKerberosAccountAssignment",
    "Set-CsKerberosAccountAssignment",
    "Remove-CsKerberosAccountAssignment",
    "Enable-CsTopology",
    "setspn",
    PASSWORD,
    "set-authentication",
    TEST,
];

/// Contoso with a third site and a second account.
fn declared(redmond: &str, dublin: &str, oslo: &str, kernel: bool) -> String {
    let account = r"account: CONTOSO\kerbauth";
    let sites = CONTOSO.replacen(account, &format!("account: {redmond}"), 1);
    let sites = sites.replacen(account, &format!("account: {dublin}"), 1);
    let third = format!(
        "  - name: Oslo\n    account: {oslo}\n    pools: [{{ fqdn: se02.contoso.com, role: standard-edition }}]\niis:"
    );
    let second = "accounts:\n  - { name: CONTOSO\\kerbnew, encryption: [aes256] }";
    let all = sites.replacen("iis:", &third, 1).replacen("accounts:", second, 1);
    all.replace("useKernelMode: false", &format!("useKernelMode: {kernel}"))
}

/// A lab in which one site gets another account, one is given up and one gets its first; and IIS another setting.
fn moved() -> Stage {
    let old = r"CONTOSO\kerbauth";
    let before =
        declared(old, old, "none", false).replace("  - { name: CONTOSO\\kerbnew, encryption: [aes256] }\n", "");
    let after = declared(r"CONTOSO\kerbnew", "none", r"CONTOSO\kerbnew", true);
    let Stage { folder, lab, .. } = Stage::new(load(&before));
    Stage::on(folder, lab, load(&after))
}

/// The run, resumed until it is finished.
fn until_finished(stage: &Stage, plan: &Plan) -> Outcome {
    let live = stage.live();
    let mut outcome = stage.run(plan, &live, Unfinished::Refuse);
    for _ in 0..2 {
        if !matches!(outcome, Outcome::Finished(_)) {
            outcome = stage.run(plan, &live, Unfinished::Resume);
        }
    }
    outcome
}

#[test]
fn whatever_becomes_of_the_process_of_any_step_it_is_done_once() {
    let undisturbed = moved();
    let plan = undisturbed.plan(&undisturbed.live());
    let kinds: BTreeSet<StepKind> = plan.steps.iter().map(|step| step.action.kind()).collect();
    assert_eq!(kinds.len(), StepKind::ALL.len() - 1, "all but a copy: {:?}", steps(&plan));
    assert!(matches!(until_finished(&undisturbed, &plan), Outcome::Finished(_)));
    let wanted = sorted(undisturbed.changing_calls());
    let ways = [Mischief::DieBefore, Mischief::DieAfter, Mischief::AnotherNumber];
    let cases = CALLS.into_iter().flat_map(|call| ways.map(|what| (call, what)));
    std::thread::scope(|scope| {
        // All at once: each does nothing but hang for most of its time.
        for call in CALLS {
            let wanted = &wanted;
            scope.spawn(move || check(&moved().impatient(Duration::from_secs(3)), call, Mischief::HangBefore, wanted));
        }
        side_by_side(cases, |(call, what)| check(&moved(), call, what, &wanted));
    });
}

fn sorted(mut calls: Vec<Cmdlet>) -> Vec<Cmdlet> {
    calls.sort();
    calls
}

/// A run of which one call goes wrong like that makes the same calls as one that nothing disturbs.
fn check(stage: &Stage, call: &str, what: Mischief, wanted: &[Cmdlet]) {
    let plan = stage.plan(&stage.live());
    stage.mischief(call, what);
    let outcome = until_finished(stage, &plan);
    assert_eq!(not_done(&outcome), [""; 0], "{call} {what:?}");
    assert_eq!(stage.mischief_left(), 0, "{call} {what:?}");
    assert_eq!(sorted(stage.changing_calls()), wanted, "{call} {what:?}");
    assert_eq!(steps(&stage.plan(&stage.live())), [""; 0], "{call} {what:?}");
}

/// A rotation that somebody asked for, in a lab that is in order.
struct Rotation {
    stage: Stage,
    plan: Plan,
}

impl Rotation {
    fn on(stage: Stage) -> Self {
        let request = Request { rotate: vec![(name(r"CONTOSO\kerbauth"), "a test".to_owned())], ..Request::default() };
        let plan = plan(&stage.deployment, &stage.live().read().unwrap(), &request);
        Self { stage, plan }
    }

    /// A run in which the rotation goes wrong like that, and then whoever looks at the account meets this.
    fn run(&self, unfinished: Unfinished, what: Option<Mischief>, then: &[Mischief]) -> Outcome {
        self.stage.clear_mischief();
        if let Some(what) = what {
            self.stage.mischief(PASSWORD, what);
        }
        let begun = |event: Event| {
            if matches!(&event.what, What::StepStarted { step, .. } if rotates(step)) {
                for what in then {
                    self.stage.mischief("account", *what);
                }
            }
        };
        apply::run(&self.plan, &self.stage.live(), &self.stage.options(unfinished), &begun).unwrap()
    }

    fn rotations(&self) -> usize {
        self.stage.changing_calls().into_iter().filter(|call| *call == Cmdlet::RotatePassword).count()
    }
}

fn rotates(step: &Step) -> bool {
    matches!(step.action, Action::RotatePassword { .. })
}

/// That the rotation's outcome is in doubt, and why.
fn check_doubt(outcome: &Outcome, why: &str) {
    assert_eq!(outcome.ending(), Ending::Unclear, "{:?}", not_done(outcome));
    let unclear = outcome.report().steps.iter().find_map(|step| match &step.status {
        Status::Unclear(why) if rotates(&step.step) => Some(why.clone()),
        _ => None,
    });
    assert!(unclear.as_ref().is_some_and(|told| told.contains(why)), "{unclear:?}");
}

#[test]
fn a_rotation_waits_for_the_directory_before_it_is_judged() {
    for (what, rotations) in [(Mischief::DieBefore, 0), (Mischief::DieAfter, 1)] {
        let rotation = Rotation::on(Stage::new(load(CONTOSO)));
        let outcome = rotation.run(Unfinished::Refuse, Some(what), &[Mischief::Throw; 9]);
        check_doubt(&outcome, "it went wrong");
        assert_eq!(rotation.rotations(), rotations, "{what:?}");
        (0..9).for_each(|_| rotation.stage.mischief("account", Mischief::Throw));
        let outcome =
            apply::run(&rotation.plan, &rotation.stage.live(), &rotation.stage.options(Unfinished::Resume), &|_| {});
        check_doubt(&outcome.unwrap(), "it went wrong");
        let outcome = rotation.run(Unfinished::Resume, None, &[]);
        assert_eq!((not_done(&outcome).len(), rotation.rotations()), (0, 1), "{what:?}: {:?}", not_done(&outcome));
    }
}

#[test]
fn a_controller_that_fell_silent_may_have_the_new_password() {
    let rotation = Rotation::on(Stage::new(load(CONTOSO)));
    let silent = [Mischief::SilentController; 9];
    let outcome = rotation.run(Unfinished::Refuse, Some(Mischief::DieBefore), &silent);
    check_doubt(&outcome, "dc9.contoso.com does not answer any more");
    let outcome = rotation.run(Unfinished::Resume, None, &[]);
    assert_eq!((not_done(&outcome).len(), rotation.rotations()), (0, 1), "{:?}", not_done(&outcome));
}

#[test]
fn a_rotation_that_hangs_is_not_begun_again_by_itself() {
    let rotation = Rotation::on(Stage::new(load(CONTOSO)).impatient(Duration::from_secs(3)));
    let outcome = rotation.run(Unfinished::Refuse, Some(Mischief::HangBefore), &[]);
    check_doubt(&outcome, "did not end within 3 s");
    assert_eq!(rotation.rotations(), 0);
    let outcome = rotation.run(Unfinished::Resume, None, &[]);
    assert_eq!((not_done(&outcome).len(), rotation.rotations()), (0, 1), "{:?}", not_done(&outcome));
}

#[test]
fn a_rotation_that_failed_at_its_very_end_is_done() {
    let stage = moved();
    let plan = stage.plan(&stage.live());
    let rotations = plan.steps.iter().filter(|step| rotates(step)).count();
    stage.mischief(PASSWORD, Mischief::ThrowAfter);
    let outcome = until_finished(&stage, &plan);
    assert_eq!(not_done(&outcome), [""; 0]);
    let done = stage.changing_calls().into_iter().filter(|call| *call == Cmdlet::RotatePassword).count();
    assert_eq!(done, rotations);
}

#[test]
fn what_was_published_meanwhile_is_not_enabled() {
    let stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::EnableTopologyForgotten(name("Redmond"))).unwrap();
    let live = stage.live();
    let plan = stage.plan(&live);
    stage.lab.inject(&Fault::TopologyPublished(0)).unwrap();
    let outcome = stage.run(&plan, &live, Unfinished::Refuse);
    let left = not_done(&outcome).join("\n");
    assert!(left.contains("enable-topology: Refused(Stale(\"the published topology has the signature"), "{left}");
    assert!(!stage.changing_calls().contains(&Cmdlet::EnableTopology));
}

const REPLICATION: &str = "Get-CsManagementStoreReplicationStatus";

#[test]
fn replication_is_waited_for_although_enable_topology_gave_no_answer() {
    let stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::EnableTopologyForgotten(name("Redmond"))).unwrap();
    let live = stage.live();
    let plan = stage.plan(&live);
    stage.mischief("Enable-CsTopology", Mischief::DieAfter);
    (0..3).for_each(|_| stage.mischief(REPLICATION, Mischief::Behind));
    let outcome = stage.run(&plan, &live, Unfinished::Refuse);
    assert_eq!(not_done(&outcome), [""; 0]);
    assert_eq!(stage.mischief_left(), 0);
    let said = stage.said.lock().unwrap().join("\n");
    assert!(said.contains("waiting for replication: 1 server does not have it yet"), "{said}");
}

#[test]
fn what_waits_for_replication_that_never_comes_is_left_until_it_has_come() {
    let stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::EnableTopologyForgotten(name("Redmond"))).unwrap();
    let plan = stage.plan(&stage.live());
    stage.mischief(REPLICATION, Mischief::Behind);
    let outcome = stage.run(&plan, &stage.live_with(Duration::ZERO), Unfinished::Refuse);
    let left = not_done(&outcome);
    assert!(left[0].contains("ReplicationPending"), "{left:?}");
    assert!(left.len() > 1 && left[1..].iter().all(|step| step.contains("it waits for enable-topology")), "{left:?}");
    let outcome = stage.run(&plan, &stage.live(), Unfinished::Resume);
    assert_eq!(not_done(&outcome), [""; 0]);
}
