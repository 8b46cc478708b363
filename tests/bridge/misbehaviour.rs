//! Processes that hang, die and babble, and cmdlets that fail: what each comes to, and that a run converges.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::mischief::Mischief;
use crate::ran::{not_done, steps};
use crate::stage::{Stage, side_by_side};
use cskerb::apply::target::{ErrorKind, Observation, Target};
use cskerb::apply::{Outcome, Unfinished};
use cskerb::lab::{Cmdlet, Down, Fault, Right};
use cskerb::live::shell::{Call, Place, Shell};
use cskerb::model::AccountName;
use cskerb::plan::{Action, Request, StepKind, plan};
use std::time::{Duration, Instant};

const COPY: &str = "Set-CsKerberosAccountPassword";

/// Within this a process has taken its request, however busy the machine is, and all that is left is to hang.
const UNTIL_IT_HANGS: Duration = Duration::from_secs(3);

/// Nobody waits for as long as this unless something hangs for which it was not meant to.
const LIMIT: Duration = Duration::from_mins(2);

fn account() -> AccountName {
    name(r"CONTOSO\kerbauth")
}

fn copy_to_fe02() -> Action {
    Action::CopyConfiguration { account: account(), from: name("fe01.contoso.com"), to: name("fe02.contoso.com") }
}

fn stage(what: Mischief) -> Stage {
    let hangs = matches!(what, Mischief::HangBefore | Mischief::HangAfter);
    Stage::new(load(CONTOSO)).impatient(if hangs { UNTIL_IT_HANGS } else { LIMIT })
}

/// What one copy comes to, whose call goes wrong like that and that says so; and that a run that meets it mends the
/// server once.
fn check(kind: Option<ErrorKind>, all: &[(Mischief, &str)]) {
    type Case<'c> = Box<dyn FnOnce() + Send + 'c>;
    let calls = all.iter().map(|(what, said)| Box::new(move || check_call(*what, kind, said)) as Case);
    let runs = all.iter().map(|(what, _)| Box::new(move || check_run(*what)) as Case);
    side_by_side(calls.chain(runs), |case| case());
}

fn check_call(what: Mischief, kind: Option<ErrorKind>, said: &str) {
    let stage = stage(what);
    stage.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    stage.mischief(COPY, what);
    let live = stage.live();
    let began = Instant::now();
    let result = live.perform(&copy_to_fe02());
    assert!(began.elapsed() < LIMIT, "{what:?}");
    assert_eq!(stage.mischief_left(), 0, "{what:?}");
    assert_eq!(result.as_ref().err().map(|error| error.kind), kind, "{what:?}: {result:?}");
    if let Err(error) = &result {
        assert!(error.message.contains(said), "{what:?}: {}", error.message);
    }
    // The next call has a process that answers.
    assert!(matches!(live.observe(&copy_to_fe02()), Observation::Server(_)), "{what:?}");
}

fn check_run(what: Mischief) {
    let stage = stage(what);
    for server in ["fe02.contoso.com", "dir01.contoso.com"] {
        stage.lab.inject(&Fault::StalePassword(name(server))).unwrap();
    }
    let live = stage.live();
    let plan = stage.plan(&live);
    stage.mischief(COPY, what);
    let mut outcome = stage.run(&plan, &live, Unfinished::Refuse);
    if !matches!(outcome, Outcome::Finished(_)) {
        outcome = stage.run(&plan, &live, Unfinished::Resume);
    }
    assert!(matches!(outcome, Outcome::Finished(_)), "{what:?}: {:?}", not_done(&outcome));
    assert_eq!(stage.changing_calls(), [Cmdlet::CopyPassword; 2], "{what:?}: once each");
    assert_eq!(steps(&stage.plan(&live)), [""; 0], "{what:?}");
}

#[test]
fn a_process_that_hangs_is_ended_and_what_it_did_is_looked_at() {
    let said = "did not end within 3 s";
    check(Some(ErrorKind::Unended), &[(Mischief::HangBefore, said), (Mischief::HangAfter, said)]);
}

#[test]
fn a_process_that_dies_is_replaced_and_what_it_did_is_looked_at() {
    let cases = [
        (Mischief::DieBefore, "OutOfMemoryException"),
        (Mischief::DieAfter, "OutOfMemoryException"),
        (Mischief::HalfALine, "what it did is not known"),
    ];
    check(Some(ErrorKind::OutcomeUnknown), &cases);
}

#[test]
fn what_is_no_reply_is_neither_success_nor_failure() {
    let cases = [
        (Mischief::Babble, "megabytes"),
        (Mischief::Endless, "longer than any reply"),
        (Mischief::NotUtf8, "not understood"),
        (Mischief::NoJson, "not understood"),
        (Mischief::AnotherNumber, "replied to request"),
    ];
    check(Some(ErrorKind::OutcomeUnknown), &cases);
}

#[test]
fn what_is_slow_or_talks_beside_the_point_has_answered_all_the_same() {
    check(None, &[(Mischief::Slow, ""), (Mischief::Stray, ""), (Mischief::Warn, ""), (Mischief::Twice, "")]);
}

#[test]
fn a_cmdlet_that_throws_or_wants_to_ask_has_refused() {
    let cases = [
        (Mischief::Throw, "it went wrong"),
        (Mischief::Prompt, "NonInteractive"),
        (Mischief::SecondHop, "--credential FILE"),
    ];
    check(Some(ErrorKind::Refused), &cases);
}

#[test]
fn a_cmdlet_that_says_an_error_and_goes_on_is_judged_by_what_it_did() {
    check(Some(ErrorKind::Refused), &[(Mischief::Complain, "it complains")]);
    check(None, &[(Mischief::ComplainAfter, "")]);
    let stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    stage.mischief(COPY, Mischief::ComplainAfter);
    stage.live().perform(&copy_to_fe02()).unwrap();
    let said = stage.said.lock().unwrap().join("\n");
    assert!(said.contains("it complains (Complained,X); all the same, fe02.contoso.com is valid"), "{said}");
}

const REPLICATION: &str = "Get-CsManagementStoreReplicationStatus";

#[test]
fn replication_is_waited_for_and_said_and_not_for_ever() {
    let enable = Action::EnableTopology { signature: None };
    let stage = Stage::new(load(CONTOSO));
    let live = stage.live();
    for _ in 0..3 {
        stage.mischief(REPLICATION, Mischief::Behind);
    }
    live.perform(&enable).unwrap();
    assert_eq!(stage.mischief_left(), 0);
    let said = stage.said.lock().unwrap().clone();
    assert_eq!(said, ["waiting for replication: 1 server does not have it yet: dir01.contoso.com"], "said once");

    stage.mischief(REPLICATION, Mischief::Behind);
    let error = stage.live_with(Duration::ZERO).perform(&enable).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("the topology is enabled, and after 0 s 1 server does not have it yet"), "{error}");

    (0..50).for_each(|_| stage.mischief(REPLICATION, Mischief::Behind));
    let error = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| live.perform(&enable).unwrap_err());
        while stage.mischief_left() == 50 {
            std::thread::sleep(Duration::from_millis(5));
        }
        stage.stop.request();
        waiting.join().unwrap()
    });
    assert!(error.message.contains("and when the wait was stopped, 1 server does not have it yet"), "{error}");
    assert!(stage.mischief_left() > 0, "it was not waited for to its end");
    stage.clear_mischief();

    stage.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    let plan = stage.plan(&live);
    stage.mischief(REPLICATION, Mischief::Behind);
    let missing = live.preflight(&plan.steps.iter().collect::<Vec<_>>(), &stage.deployment).missing;
    let what: Vec<&str> = missing.iter().map(|missing| missing.what.as_str()).collect();
    assert_eq!(what, ["dir01.contoso.com does not have the last published configuration yet"]);
}

#[test]
fn enable_topology_is_seen_to_be_done_although_another_site_has_lost_its_account() {
    let paris = r"
  - name: Paris
    account: CONTOSO\paris
    pools: [{ fqdn: pool02.contoso.com, role: front-end, servers: [fe11.contoso.com] }]
iis:";
    let with_paris = CONTOSO.replace("\niis:", paris).replace("\nsites:", "\n  - name: CONTOSO\\paris\nsites:");
    let stage = Stage::new(load(&with_paris));
    stage.lab.inject(&Fault::AccountDeleted(name(r"CONTOSO\paris"))).unwrap();
    stage.lab.inject(&Fault::EnableTopologyForgotten(name("Dublin"))).unwrap();
    let enable = Action::EnableTopology { signature: None };
    let live = stage.live();
    let in_order = || match live.observe(&enable) {
        Observation::Topology { spns_in_order, .. } => spns_in_order,
        other => panic!("{other:?}"),
    };
    assert!(!in_order(), "the SPN of Dublin is missing");
    live.perform(&enable).unwrap();
    assert!(in_order());
}

#[test]
fn a_rotation_without_an_answer_is_never_simply_run_again() {
    for (what, rotations) in [(Mischief::DieAfter, 1), (Mischief::NoJson, 1), (Mischief::DieBefore, 1)] {
        let stage = Stage::new(load(CONTOSO));
        let live = stage.live();
        let request = Request { rotate: vec![(account(), "a test".to_owned())], ..Request::default() };
        let plan = plan(&stage.deployment, &live.read().unwrap(), &request);
        stage.mischief(COPY, what);
        let outcome = stage.run(&plan, &live, Unfinished::Refuse);
        assert!(matches!(outcome, Outcome::Finished(_)), "{what:?}: {:?}", not_done(&outcome));
        let done = stage.changing_calls().into_iter().filter(|call| *call == Cmdlet::RotatePassword).count();
        assert_eq!(done, rotations, "{what:?}");
        assert_eq!(steps(&stage.plan(&live)), [""; 0], "{what:?}");
    }
}

#[test]
fn a_server_that_goes_down_half_way_is_mended_once_it_is_up() {
    let stage = Stage::new(load(CONTOSO));
    for server in ["fe02.contoso.com", "dir01.contoso.com"] {
        stage.lab.inject(&Fault::StalePassword(name(server))).unwrap();
    }
    let live = stage.live();
    let plan = stage.plan(&live);
    stage.lab.inject(&Fault::ServerDown(name("fe02.contoso.com"), Down::ForGood)).unwrap();
    let outcome = stage.run(&plan, &live, Unfinished::Refuse);
    assert!(!matches!(outcome, Outcome::Finished(_)));
    let said = not_done(&outcome).join("\n");
    assert!(said.contains("fe02.contoso.com does not answer"), "{said}");
    stage.lab.inject(&Fault::ServerUp(name("fe02.contoso.com"))).unwrap();
    let outcome = stage.run(&plan, &live, Unfinished::Resume);
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(steps(&stage.plan(&live)), [""; 0]);
}

#[test]
fn many_calls_at_once_share_a_few_processes_and_each_has_its_own_answer() {
    let stage = Stage::new(load(CONTOSO));
    std::thread::scope(|scope| {
        for number in 0..24 {
            let pool = &stage.pool;
            scope.spawn(move || {
                let spn = format!("http/pool{number:02}.contoso.com");
                let call = Call::Holders { spns: vec![name(&spn)] };
                let reply = pool.call(&Place::ManagementShell, &call).unwrap();
                assert_eq!(reply.output[0]["spn"], spn.as_str());
            });
        }
    });
}

#[test]
fn everything_that_is_missing_is_said_before_the_first_change() {
    let stage = Stage::new(load(CONTOSO));
    stage.lab.inject(&Fault::AccountDeleted(account())).unwrap();
    stage.lab.inject(&Fault::ProvidersReversed(name("fe01.contoso.com"))).unwrap();
    let live = stage.live();
    let plan = stage.plan(&live);
    let missing = || {
        let found = live.preflight(&plan.steps.iter().collect::<Vec<_>>(), &stage.deployment);
        found.missing.into_iter().map(|missing| missing.what).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(missing(), "");
    for right in [Right::DomainAdmins, Right::RtcUniversalServerAdmins] {
        stage.lab.inject(&Fault::RightLost(right)).unwrap();
    }
    // The rotation of the account that is to be made again reaches every server of its sites.
    stage.lab.inject(&Fault::ServerDown(name("dir01.contoso.com"), Down::ForGood)).unwrap();
    let all = missing();
    assert!(all.contains("RTCUniversalServerAdmins") && all.contains("Domain Admins"), "{all}");
    assert!(all.contains("dir01.contoso.com cannot be reached: it does not answer"), "{all}");
    assert_eq!(all.lines().count(), 3, "{all}");
}

#[test]
fn the_servers_of_copies_must_be_there_and_the_steps_that_are_done_need_nothing() {
    let stage = Stage::new(load(CONTOSO));
    for server in ["fe02.contoso.com", "dir01.contoso.com"] {
        stage.lab.inject(&Fault::StalePassword(name(server))).unwrap();
    }
    let live = stage.live();
    let plan = stage.plan(&live);
    let (copies, others): (Vec<_>, Vec<_>) =
        plan.steps.iter().partition(|step| step.action.kind() == StepKind::CopyConfiguration);
    assert_eq!(copies.len(), 2);
    let said = live.preflight(&copies, &stage.deployment);
    assert_eq!(said.missing, []);
    let notes = said.notes.join("\n");
    assert!(notes.contains("copies from fe01.contoso.com are made on console.contoso.com"), "{notes}");
    stage.lab.inject(&Fault::ServerDown(name("fe02.contoso.com"), Down::ForGood)).unwrap();
    let missing = live.preflight(&copies, &stage.deployment).missing;
    let all: Vec<&str> = missing.iter().map(|missing| missing.what.as_str()).collect();
    assert_eq!(all, ["fe02.contoso.com cannot be reached: it does not answer"]);
    assert_eq!(live.preflight(&others, &stage.deployment).missing, []);
}
