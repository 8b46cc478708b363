//! Whole runs on a target in memory: what is done, in which order, what is left, and what a cut-off run leaves behind.

use super::*;
use crate::apply::history::History;
use crate::apply::journal::{Record, Refusal, runs, seal, unfinished};
use crate::apply::memory::{Fault, Memory};
use crate::apply::operator::Operator;
use crate::apply::options::{StopSignal, Unfinished};
use crate::apply::samples::{copy, plan_of, step};
use crate::apply::target::ErrorKind;
use crate::apply::windows::Calendar;
use crate::apply::{TOOL, run};
use crate::model::{BatchSize, Deployment, Maintenance, Origin, ServerFqdn, Window};
use crate::plan::{Plan, Predicate};
use jiff::SignedDuration;
use std::num::NonZeroUsize;
use std::time::Duration;

mod ending;

/// A target, and how it is worked on.
struct Scene {
    memory: Memory,
    deployment: Deployment,
    stop: StopSignal,
    parallel: usize,
    enable_topology: EnableTopology,
}

/// It happens, and there is no answer.
const LOST: Fault = Fault::AllTheSame(ErrorKind::OutcomeUnknown);

fn account() -> AccountName {
    r"CONTOSO\kerbauth".parse().unwrap()
}

fn site() -> SiteName {
    "Redmond".parse().unwrap()
}

fn server(name: &str) -> ServerFqdn {
    format!("{name}.contoso.com").parse().unwrap()
}

impl Scene {
    /// Two pools of three invalid servers each, and a valid server to copy from.
    fn new() -> Self {
        let memory = Memory::new();
        let mut world = memory.world();
        world.accounts.insert(account(), 3);
        for name in ["a-1", "a-2", "a-3", "b-1", "b-2", "b-3"] {
            world.servers.insert(server(name), false);
        }
        drop(world);
        let deployment = Deployment {
            origin: Origin::default(),
            accounts: Vec::new(),
            sites: Vec::new(),
            maintenance: Maintenance { max_failures: 99, ..Maintenance::default() },
        };
        Self { memory, deployment, stop: StopSignal::default(), parallel: 1, enable_topology: EnableTopology::Wait }
    }

    fn options(&self) -> Options<'_> {
        Options {
            deployment: &self.deployment,
            operator: Operator { user: "alice".to_owned(), host: "admin01".to_owned(), pid: 4711 },
            consents: [crate::apply::Allowance::Rotation(account())].into(),
            enable_topology: self.enable_topology,
            outside_window: None,
            parallel: NonZeroUsize::new(self.parallel).unwrap(),
            lock_timeout: Duration::ZERO,
            unfinished: Unfinished::Refuse,
            undoes: None,
            delays: vec![Duration::ZERO; 3],
            stop: &self.stop,
        }
    }

    fn run(&self, plan: &Plan) -> Outcome {
        self.run_with(plan, &self.options())
    }

    fn run_with(&self, plan: &Plan, options: &Options<'_>) -> Outcome {
        run(plan, &self.memory, options, &|_| {}).unwrap()
    }

    fn resume(&self, plan: &Plan) -> Outcome {
        self.run_with(plan, &Options { unfinished: Unfinished::Resume, ..self.options() })
    }

    /// A run whose journal cannot take more than so many lines after the first, as if it were killed there.
    fn cut_off(&self, plan: &Plan, lines: usize) -> ApplyError {
        let options = self.options();
        let sealed = seal(plan).unwrap();
        let mut journal = Journal::create(self.memory.state_folder(), self.memory.now(), &sealed).unwrap();
        let (at, run) = (self.memory.now(), journal.run.clone());
        let session = crate::apply::journal::Session {
            operator: options.operator.clone(),
            tool: TOOL.to_owned(),
            consents: options.consents.clone(),
            enable_topology: options.enable_topology,
            outside_window: None,
            parallel: 1,
            max_failures: 0,
        };
        let (target, plan_digest) = (self.memory.name().to_owned(), sealed.digest);
        journal.write(&Entry::RunStarted { at, run, target, plan: plan_digest, undoes: None, session }).unwrap();
        journal.fail_after(lines);
        let rules = Rules {
            calendar: Some(Calendar::new(&self.deployment.maintenance.windows)),
            history: History::default(),
            maintenance: &self.deployment.maintenance,
            parallel: self.parallel,
            enable_topology: options.enable_topology,
        };
        let executor = Executor::new(&self.memory, &options, &|_| {}, journal, BTreeSet::new());
        executor.drive(Board::new(plan), &rules).unwrap_err()
    }

    fn calls(&self) -> Vec<String> {
        self.memory.world().calls.iter().map(ToString::to_string).collect()
    }

    fn calls_of(&self, id: &StepId) -> usize {
        self.memory.world().calls.iter().filter(|call| *call == id).count()
    }

    fn record(&self) -> Record {
        let state = self.memory.state_folder();
        Record::read(state, runs(state).unwrap().last().unwrap()).unwrap().unwrap()
    }
}

fn copies() -> Vec<Step> {
    let pools = [("a", "a-1"), ("a", "a-2"), ("a", "a-3"), ("b", "b-1"), ("b", "b-2"), ("b", "b-3")];
    pools.iter().map(|(pool, name)| copy("Redmond", pool, server(name).as_str())).collect()
}

fn rotation() -> Step {
    Step { touches: vec![site()], ..step(Action::RotatePassword { account: account() }) }
}

/// Assign, enable, rotate and test; and copies of which all but the first wait for nothing.
fn whole() -> Plan {
    let assign = Step {
        preconditions: vec![Predicate::AssignmentIs { site: site(), account: None }],
        ..step(Action::AssignAccount { site: site(), account: account() })
    };
    let enable = Step {
        preconditions: vec![Predicate::TopologySignatureIs { signature: Some("s1".to_owned()) }],
        after: vec![assign.id()],
        ..step(Action::EnableTopology { signature: Some("s1".to_owned()) })
    };
    let add = step(Action::AddSpn { spn: "http/webint.contoso.com".parse().unwrap(), account: account() });
    let mut copies = copies();
    copies[0].after = vec![enable.id()];
    let test = step(Action::TestAssignment { site: site() });
    let mut steps = vec![assign, enable, add];
    steps.extend(copies);
    let after = steps.iter().map(Step::id).collect();
    steps.push(Step { after, touches: vec![site()], ..test });
    plan_of(steps)
}

fn statuses(outcome: &Outcome, wanted: impl Fn(&Status) -> bool) -> Vec<String> {
    let steps = outcome.report().steps.iter().filter(|step| wanted(&step.status));
    steps.map(|step| step.step.id().to_string()).collect()
}

#[test]
fn everything_is_journaled_before_it_is_done_and_in_the_order_of_the_plan() {
    let scene = Scene::new();
    let plan = whole();
    let outcome = scene.run_with(&plan, &Options { enable_topology: EnableTopology::Run, ..scene.options() });
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
    let ids: Vec<String> = plan.steps.iter().map(|step| step.id().to_string()).collect();
    let mut calls = scene.calls();
    // The first copy to pool a waits for Enable-CsTopology, so another server of the pool may come before it.
    calls.sort();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(calls, sorted, "each once");
    assert_eq!(scene.calls()[..2], ids[..2]);
    assert_eq!(scene.calls().last(), ids.last());
    let record = scene.record();
    assert_eq!(record.ending(), Some(Ending::Finished));
    assert_eq!(record.plan().unwrap(), plan);
    let begun = record.entries.iter().filter(|entry| matches!(entry, Entry::StepBegun { .. })).count();
    assert_eq!(begun, ids.len());
    assert!(unfinished(scene.memory.state_folder()).unwrap().is_none());
}

#[test]
fn enable_topology_is_waited_for_and_seen_by_its_spns() {
    let scene = Scene::new();
    let outcome = scene.run(&whole());
    assert_eq!(outcome.ending(), Ending::WaitsForEnableTopology);
    assert_eq!(outcome.report().enable_topology().map(Step::id), Some(StepId("enable-topology".to_owned())));
    assert_eq!(
        statuses(&outcome, |status| matches!(status, Status::Left(_))),
        ["copy:a-1.contoso.com", "test:Redmond"]
    );
    assert_eq!(scene.calls().len(), 7, "what does not depend on it is done: {:?}", scene.calls());
    // Nobody ran it yet.
    assert_eq!(scene.resume(&whole()).ending(), Ending::WaitsForEnableTopology);
    scene.memory.world().spns_in_order = true;
    assert!(matches!(scene.resume(&whole()), Outcome::Finished(_)));
    assert!(!scene.calls().contains(&"enable-topology".to_owned()));
    assert_eq!(scene.calls().len(), 9);
}

#[test]
fn enable_topology_is_not_run_where_somebody_published_meanwhile() {
    let scene = Scene::new();
    scene.memory.world().signature = Some("s2".to_owned());
    let outcome = scene.run_with(&whole(), &Options { enable_topology: EnableTopology::Run, ..scene.options() });
    assert_eq!(outcome.ending(), Ending::Stale);
    assert!(!scene.calls().contains(&"enable-topology".to_owned()));
}

#[test]
fn a_stale_step_is_not_done_and_what_depends_on_it_is_left() {
    let scene = Scene::new();
    scene.memory.world().servers.insert(server("a-2"), true); // somebody mended it
    let mut steps = copies();
    steps[4].after = vec![steps[1].id()];
    let outcome = scene.run(&plan_of(steps));
    assert_eq!(outcome.ending(), Ending::Stale, "{outcome:?}");
    let stale = |status: &Status| matches!(status, Status::Refused(Refusal::Stale(_)));
    assert_eq!(statuses(&outcome, stale), ["copy:a-2.contoso.com"]);
    assert_eq!(statuses(&outcome, |status| matches!(status, Status::Left(_))), ["copy:b-2.contoso.com"]);
    assert_eq!(scene.calls().len(), 4);
    assert!(unfinished(scene.memory.state_folder()).unwrap().is_none(), "nothing is left that could be resumed");
}

#[test]
fn only_what_is_transient_is_tried_again() {
    let check = |faults: &[Fault], calls: usize, ending: Ending| {
        let scene = Scene::new();
        let steps = copies();
        scene.memory.fault(&steps[0].id(), faults);
        let outcome = scene.run(&plan_of(steps[..1].to_vec()));
        assert_eq!((scene.calls().len(), outcome.ending()), (calls, ending), "{outcome:?}");
    };
    let transient = Fault::Error(ErrorKind::Transient);
    check(&[transient, transient], 3, Ending::Finished);
    check(&[transient; 9], 4, Ending::Failures);
    check(&[Fault::Error(ErrorKind::Refused)], 1, Ending::Failures);
    check(&[Fault::Error(ErrorKind::OutcomeUnknown)], 2, Ending::Finished); // it is seen that nothing happened
    check(&[Fault::Error(ErrorKind::OutcomeUnknown); 9], 2, Ending::Failures); // and once is enough
    check(&[Fault::Error(ErrorKind::Unended)], 1, Ending::Failures); // it may be going on
    check(&[LOST], 1, Ending::Finished); // it is seen that it happened
    check(&[Fault::AllTheSame(ErrorKind::Unended)], 1, Ending::Finished);
    check(&[Fault::NoEffect], 1, Ending::Failures); // it is not simply done again
}

#[test]
fn a_rotation_that_was_completed_never_runs_again() {
    let all_the_same = [ErrorKind::Transient, ErrorKind::Refused, ErrorKind::OutcomeUnknown, ErrorKind::Unended]
        .map(Fault::AllTheSame);
    let not =
        [ErrorKind::Transient, ErrorKind::Refused, ErrorKind::OutcomeUnknown, ErrorKind::Unended].map(Fault::Error);
    for fault in all_the_same.into_iter().chain(not).chain([Fault::NoEffect]) {
        let scene = Scene::new();
        let plan = plan_of(vec![rotation()]);
        scene.memory.fault(&plan.steps[0].id(), &[fault]);
        let first = scene.run(&plan);
        if !matches!(first, Outcome::Finished(_)) {
            assert!(matches!(scene.resume(&plan), Outcome::Finished(_)));
        }
        assert_eq!(scene.memory.world().accounts[&account()], 4, "one new password and no more");
    }
}

#[test]
fn no_rotation_is_begun_beside_one_that_may_be_going_on() {
    let scene = Scene::new();
    let plan = plan_of(vec![rotation()]);
    scene.memory.world().goes_on_for = Some(SignedDuration::from_hours(1));
    scene.memory.fault(&plan.steps[0].id(), &[Fault::Error(ErrorKind::OutcomeUnknown)]);
    scene.cut_off(&plan, 1); // it was begun, and whoever began it is gone
    for _ in 0..2 {
        let outcome = scene.resume(&plan);
        assert_eq!(outcome.ending(), Ending::Unclear, "{outcome:?}");
        assert_eq!(scene.calls().len(), 1, "nothing more is begun");
    }
    let run_id = scene.record().run;
    let abandon = Options { unfinished: Unfinished::Abandon(run_id), ..scene.options() };
    let error = run(&plan, &scene.memory, &abandon, &|_| {}).unwrap_err().to_string();
    assert!(error.contains("cannot be given up yet") && error.contains("it may be at work"), "{error}");
    assert_eq!(scene.calls().len(), 1);
    scene.memory.world().now += SignedDuration::from_hours(1);
    assert!(matches!(scene.resume(&plan), Outcome::Finished(_)));
    assert_eq!(scene.memory.world().accounts[&account()], 4, "one new password");

    // One whose call was seen to end is not going on.
    let scene = Scene::new();
    scene.memory.world().goes_on_for = Some(SignedDuration::from_hours(1));
    scene.memory.fault(&plan.steps[0].id(), &[Fault::NoEffect]);
    assert_eq!(scene.run(&plan).ending(), Ending::Failures);
    assert!(matches!(scene.resume(&plan), Outcome::Finished(_)));
    assert_eq!(scene.memory.world().accounts[&account()], 4);
}

#[test]
fn a_server_that_is_down_does_not_hold_up_the_others_where_one_may_fail() {
    let mut scene = Scene::new();
    scene.deployment.maintenance.max_failures = 1;
    scene.memory.world().servers.remove(&server("a-1"));
    let plan = plan_of(copies());
    let outcome = scene.run(&plan);
    assert_eq!(outcome.ending(), Ending::Failures);
    assert_eq!(statuses(&outcome, Status::is_failure), ["copy:a-1.contoso.com"]);
    assert_eq!(outcome.report().done(), 5);
    let error = run(&plan, &scene.memory, &scene.options(), &|_| {}).unwrap_err();
    assert!(matches!(error, ApplyError::Unfinished { .. }), "{error}");
    scene.memory.world().servers.insert(server("a-1"), false);
    assert!(matches!(scene.resume(&plan), Outcome::Finished(_)));
    assert_eq!(scene.calls().len(), 6, "each once");
}

#[test]
fn max_failures_0_stops_the_run_after_its_batch() {
    let mut scene = Scene::new();
    let batches = vec![BatchSize::Servers(2)];
    scene.deployment.maintenance = Maintenance { batches, max_failures: 0, ..Maintenance::default() };
    scene.memory.world().servers.remove(&server("a-1"));
    let outcome = scene.run(&plan_of(copies()));
    assert_eq!(outcome.ending(), Ending::Failures);
    assert_eq!(scene.calls(), ["copy:a-2.contoso.com"], "the other one of its batch is done, nothing else");
}

#[test]
fn servers_of_a_batch_are_done_side_by_side_and_no_others() {
    let mut scene = Scene::new();
    scene.parallel = 8;
    scene.deployment.maintenance.batches = vec![BatchSize::Servers(3)];
    scene.memory.world().meet = 3;
    assert!(matches!(scene.run(&plan_of(copies())), Outcome::Finished(_)));
    assert_eq!(scene.memory.world().running.1, 3);
}

#[test]
fn whoever_stops_it_lets_the_running_step_end() {
    let scene = Scene::new();
    let plan = plan_of(copies());
    let stop_at_the_second = |event: Event| {
        if matches!(&event.what, What::StepStarted { step, .. } if step.id().as_str() == "copy:a-2.contoso.com") {
            scene.stop.request();
        }
    };
    let outcome = run(&plan, &scene.memory, &scene.options(), &stop_at_the_second).unwrap();
    assert_eq!(outcome.ending(), Ending::Interrupted);
    assert_eq!(scene.calls(), ["copy:a-1.contoso.com", "copy:a-2.contoso.com"]);
    assert_eq!(outcome.report().done(), 2);
    let go_on = StopSignal::default();
    let options = Options { stop: &go_on, unfinished: Unfinished::Resume, ..scene.options() };
    assert!(matches!(scene.run_with(&plan, &options), Outcome::Finished(_)));
    assert_eq!(scene.calls().len(), 6);
}

#[test]
fn nothing_is_tried_again_once_somebody_stopped_it() {
    let scene = Scene::new();
    let plan = plan_of(copies()[..1].to_vec());
    scene.memory.fault(&plan.steps[0].id(), &[Fault::Error(ErrorKind::Transient); 9]);
    let stop_at_the_first = |event: Event| {
        if matches!(event.what, What::StepRetried { .. }) {
            scene.stop.request();
        }
    };
    let outcome = run(&plan, &scene.memory, &scene.options(), &stop_at_the_first).unwrap();
    assert_eq!(scene.calls().len(), 1);
    assert!(matches!(outcome.report().steps[0].status, Status::Failed(_)), "{outcome:?}");
}
