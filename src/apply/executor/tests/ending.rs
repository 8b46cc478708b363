//! How runs end that do not come to their end: cut off, in doubt, out of their window, refused, given up.

use super::*;

#[test]
fn cut_off_at_any_line_and_resumed_it_ends_as_if_undisturbed() {
    let plan = || {
        let mut plan = whole();
        let at = plan.steps.len() - 1;
        plan.steps.insert(at, rotation());
        let id = plan.steps[at].id();
        plan.steps[at + 1].after.push(id);
        // The rotation would mend every server, so the copies come first.
        plan.steps[at].after = plan.steps[2..at].iter().map(Step::id).collect();
        plan
    };
    let scene = || Scene { enable_topology: EnableTopology::Run, ..Scene::new() };
    let undisturbed = scene();
    let run_it = |scene: &Scene, unfinished| scene.run_with(&plan(), &Options { unfinished, ..scene.options() });
    assert!(matches!(run_it(&undisturbed, Unfinished::Refuse), Outcome::Finished(_)));
    let lines = undisturbed.record().entries.len() - 1;
    assert!(lines > 20, "{lines}");
    for line in 0..lines {
        let scene = scene();
        let error = scene.cut_off(&plan(), line);
        assert!(error.to_string().contains("--resume"), "{error}");
        assert!(matches!(run_it(&scene, Unfinished::Resume), Outcome::Finished(_)), "cut off at line {line}");
        let (ended, wanted) = (scene.memory.world(), undisturbed.memory.world());
        assert_eq!(ended.accounts, wanted.accounts, "one rotation, cut off at line {line}");
        assert_eq!((&ended.assignments, &ended.servers), (&wanted.assignments, &wanted.servers));
        drop((ended, wanted));
        for step in plan().steps.iter().filter(|step| !matches!(step.action, Action::TestAssignment { .. })) {
            assert_eq!(scene.calls_of(&step.id()), 1, "{} ran once, cut off at line {line}", step.id());
        }
    }
}

#[test]
fn nothing_is_done_that_could_not_be_journaled() {
    let scene = Scene::new();
    let error = scene.cut_off(&plan_of(copies()), 0);
    assert_eq!(scene.calls(), [""; 0]);
    assert!(matches!(&error, ApplyError::JournalLost { steps, .. } if steps.is_empty()), "{error}");
    let scene = Scene::new();
    let error = scene.cut_off(&plan_of(copies()), 1).to_string();
    assert_eq!(scene.calls(), ["copy:a-1.contoso.com"]);
    assert!(error.contains("how these ended is not in it: copy:a-1.contoso.com"), "{error}");
}

#[test]
fn what_is_in_doubt_and_cannot_be_seen_stops_a_rotation_and_fails_a_copy() {
    let scene = Scene::new();
    let plan = plan_of(vec![copies().remove(0), copies().remove(3)]);
    scene.cut_off(&plan, 1); // the first copy was begun, and its end is not known
    scene.memory.world().servers.remove(&server("a-1"));
    let outcome = scene.resume(&plan);
    assert_eq!(outcome.ending(), Ending::Failures, "{outcome:?}");
    assert_eq!(statuses(&outcome, |status| matches!(status, Status::Unclear(_))), ["copy:a-1.contoso.com"]);
    assert_eq!(outcome.report().done(), 1, "another pool goes on");

    let scene = Scene::new();
    let plan = plan_of(vec![rotation(), copies().remove(0)]);
    scene.cut_off(&plan, 1);
    scene.memory.world().accounts.clear(); // the account is gone
    let outcome = scene.resume(&plan);
    assert_eq!(outcome.ending(), Ending::Unclear, "{outcome:?}");
    assert_eq!(scene.calls().len(), 1, "nothing more is begun");
    assert!(scene.record().is_unfinished());
}

#[test]
fn at_the_end_of_a_window_what_runs_is_finished_and_nothing_new_begins() {
    let mut scene = Scene::new();
    let now = scene.memory.now().to_zoned_datetime(jiff::tz::TimeZone::UTC);
    // A step is thought to take 5 minutes, and takes 10 seconds.
    scene.deployment.maintenance.windows = vec![Window {
        days: vec![now.weekday()],
        start: now.time(),
        duration: SignedDuration::from_mins(6),
        time_zone: jiff::tz::TimeZone::UTC,
        sites: vec![site()],
    }];
    let plan = plan_of(copies());
    let outcome = scene.run(&plan);
    assert_eq!(outcome.ending(), Ending::WindowClosed, "{outcome:?}");
    assert_eq!(scene.calls(), ["copy:a-1.contoso.com", "copy:b-1.contoso.com"], "two servers would take too long");
    let resume = Options { unfinished: Unfinished::Resume, ..scene.options() };
    scene.memory.world().now += SignedDuration::from_hours(1);
    let error = run(&plan, &scene.memory, &resume, &|_| {}).unwrap_err();
    assert!(matches!(error, ApplyError::Window { .. }), "{error}");
    // A week later it is known that a step takes 10 seconds.
    scene.memory.world().now += SignedDuration::from_hours(7 * 24 - 1);
    assert!(matches!(scene.run_with(&plan, &resume), Outcome::Finished(_)));
}

#[test]
fn refused_before_anything_ran() {
    let scene = Scene::new();
    let plan = plan_of(vec![rotation()]);
    let check = |options: &Options<'_>, expected: &[&str]| {
        let error = run(&plan, &scene.memory, options, &|_| {}).unwrap_err().to_string();
        for part in expected {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(scene.calls(), [""; 0]);
        assert_eq!(runs(scene.memory.state_folder()).unwrap(), [], "no journal is begun");
    };
    let without = Options { consents: BTreeSet::new(), ..scene.options() };
    check(&without, &[r"--allow 'rotation:CONTOSO\kerbauth'"]);
    let run: crate::apply::journal::RunId = "20260101T000000Z-abcdef01".parse().unwrap();
    check(&Options { unfinished: Unfinished::Abandon(run), ..scene.options() }, &["nothing to abandon"]);
    let mut closed = scene.deployment.clone();
    closed.maintenance.windows = vec![Window {
        days: vec![jiff::civil::Weekday::Sunday],
        start: jiff::civil::Time::midnight(),
        duration: SignedDuration::from_hours(4),
        time_zone: jiff::tz::TimeZone::UTC,
        sites: vec![site()],
    }];
    let outside = Options { deployment: &closed, ..scene.options() };
    check(&outside, &["Redmond", "Sun 2026-11-22 00:00 +00:00 UTC", "--outside-window REASON"]);
    let reason = Options { outside_window: Some("an outage".to_owned()), ..outside };
    assert!(matches!(scene.run_with(&plan, &reason), Outcome::Finished(_)));
}

#[test]
fn an_unfinished_run_is_named_and_can_be_given_up() {
    let scene = Scene::new();
    let plan = plan_of(copies());
    scene.cut_off(&plan, 3);
    let interrupted = scene.record().run;
    let error = run(&plan, &scene.memory, &scene.options(), &|_| {}).unwrap_err().to_string();
    for part in [interrupted.as_str(), "alice@admin01", "--resume", "--abandon", "it was cut off"] {
        assert!(error.contains(part), "{error}");
    }
    let other = plan_of(copies()[3..].to_vec());
    let abandon = Options { unfinished: Unfinished::Abandon(interrupted.clone()), ..scene.options() };
    assert!(matches!(scene.run_with(&other, &abandon), Outcome::Finished(_)));
    let given_up = Record::read(scene.memory.state_folder(), &interrupted).unwrap().unwrap();
    assert_eq!(given_up.ending(), Some(Ending::Abandoned));
    assert!(
        matches!(scene.resume(&plan_of(Vec::new())), Outcome::Finished(_)),
        "with nothing to resume, it is ordinary"
    );
}
