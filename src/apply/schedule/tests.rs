//! What comes next: order, batches, windows.

use super::*;
use crate::apply::journal::{Failure, FailureKind};
use crate::apply::samples::{copy, plan_of, step};
use crate::model::{AccountName, Window};
use crate::plan::{PoolHealth, Subject};
use BatchSize::{Percent, Servers};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

fn now() -> Timestamp {
    "2026-11-21T22:30:00Z".parse().unwrap() // a Saturday
}

fn rules(maintenance: &Maintenance) -> Rules<'_> {
    Rules {
        calendar: Some(Calendar::new(&maintenance.windows)),
        history: History::default(),
        maintenance,
        parallel: 1,
        enable_topology: EnableTopology::Wait,
    }
}

/// The ids of what is begun, unit by unit, while all goes well.
fn units(plan: &Plan, maintenance: &Maintenance) -> Vec<String> {
    let mut board = Board::new(plan);
    let mut units = Vec::new();
    while let Next::Unit(unit) = board.next(&rules(maintenance), now()) {
        board.begin(&unit);
        let ids: Vec<String> = unit.members.iter().map(|at| board.step(*at).id().to_string()).collect();
        units.push(ids.join(" "));
        unit.members.iter().for_each(|at| board.set(*at, Status::Done));
    }
    units
}

fn copies(pool: &str, servers: usize) -> Vec<Step> {
    (1..=servers).map(|server| copy("Redmond", pool, &format!("{pool}-{server}.contoso.com"))).collect()
}

#[test]
fn batches_grow_and_the_last_size_repeats() {
    let check = |servers, batches: &[BatchSize], expected: &[usize]| {
        let maintenance = Maintenance { batches: batches.to_vec(), ..Maintenance::default() };
        let sizes: Vec<usize> =
            units(&plan_of(copies("a", servers)), &maintenance).iter().map(|unit| unit.split(' ').count()).collect();
        assert_eq!(sizes, expected, "{servers} by {batches:?}");
    };
    check(8, &[], &[1, 7]);
    check(8, &[Servers(1), Servers(3)], &[1, 3, 3, 1]);
    check(20, &[Servers(1), Servers(5), Percent(20)], &[1, 5, 4, 4, 4, 2]);
    check(3, &[Percent(1)], &[1, 1, 1]); // at least one
    check(3, &[Servers(0)], &[1, 1, 1]);
}

#[test]
fn a_percentage_is_of_the_whole_pool() {
    let mut plan = plan_of(copies("a", 4));
    let (site, pool) = ("Redmond".parse().unwrap(), "a.contoso.com".parse().unwrap());
    plan.summary.pools.push(PoolHealth { site, pool, valid: 6, invalid: 4, pending: 0, unreadable: 0 });
    let maintenance = Maintenance { batches: vec![BatchSize::Percent(20)], ..Maintenance::default() };
    assert_eq!(units(&plan, &maintenance).len(), 2);
}

#[test]
fn each_pool_and_each_kind_has_its_own_batches() {
    let mut steps = copies("a", 3);
    steps.extend(copies("b", 2));
    assert_eq!(
        units(&plan_of(steps), &Maintenance::default()),
        [
            "copy:a-1.contoso.com",
            "copy:a-2.contoso.com copy:a-3.contoso.com",
            "copy:b-1.contoso.com",
            "copy:b-2.contoso.com"
        ]
    );
}

#[test]
fn nothing_comes_before_what_it_waits_for_and_other_pools_go_on() {
    let mut steps = copies("a", 2);
    steps.extend(copies("b", 1));
    steps[0].after = vec![steps[2].id()];
    assert_eq!(
        units(&plan_of(steps), &Maintenance::default()),
        ["copy:a-2.contoso.com", "copy:b-1.contoso.com", "copy:a-1.contoso.com"]
    );
}

#[test]
fn what_waits_for_something_that_failed_is_left_and_says_for_what() {
    let mut steps = copies("a", 3);
    steps[1].after = vec![steps[0].id()];
    steps[2].after = vec![steps[1].id()];
    let mut board = Board::new(&plan_of(steps));
    let failure = Failure { kind: FailureKind::Refused, id: None, message: "no".to_owned() };
    board.set(0, Status::Failed(failure));
    let left: Vec<String> = board.settle().into_iter().map(|(_, why)| why).collect();
    assert_eq!(
        left,
        ["it waits for copy:a-1.contoso.com, which failed", "it waits for copy:a-2.contoso.com, which was left"]
    );
    assert_eq!(board.next(&rules(&Maintenance::default()), now()), Next::Nothing);
}

#[test]
fn one_server_that_fails_twice_counts_once() {
    let failed = || Status::Refused(Refusal::Unread("no answer".to_owned()));
    let mut twice = copies("a", 2);
    twice.push(Step {
        action: Action::SetIis { server: "a-1.contoso.com".parse().unwrap(), locations: Vec::new() },
        ..twice[0].clone()
    });
    twice.push(step(Action::TestAssignment { site: "Redmond".parse().unwrap() }));
    let mut board = Board::new(&plan_of(twice));
    board.set(0, failed());
    board.set(2, failed());
    assert_eq!(board.failures(), 1);
    board.set(3, failed());
    assert_eq!(board.failures(), 1, "a test changes nothing");
    board.set(1, Status::Refused(Refusal::Stale("moved".to_owned())));
    assert_eq!(board.failures(), 1, "a stale step is no failure");
    board.set(1, failed());
    assert_eq!(board.failures(), 2);
}

fn window(start: &str, hours: i64, site: &str) -> Window {
    Window {
        days: vec![Weekday::Saturday],
        start: start.parse().unwrap(),
        duration: SignedDuration::from_hours(hours),
        time_zone: TimeZone::UTC,
        sites: vec![site.parse().unwrap()],
    }
}

#[test]
fn no_batch_begins_that_cannot_end_inside_its_window() {
    // The first server takes 5 minutes of the half hour that is left; seven more would take 35.
    let maintenance = Maintenance { windows: vec![window("22:00", 1, "Redmond")], ..Maintenance::default() };
    let plan = plan_of(copies("a", 8));
    assert_eq!(units(&plan, &maintenance), ["copy:a-1.contoso.com"]);
    let mut board = Board::new(&plan);
    board.begin(&board.batch(&"a.contoso.com".parse().unwrap(), StepKind::CopyConfiguration, &rules(&maintenance)));
    match board.next(&Rules { parallel: 7, ..rules(&maintenance) }, now()) {
        Next::Unit(unit) => assert_eq!(unit.members.len(), 8, "side by side they fit"),
        other => panic!("{other:?}"),
    }
    match board.next(&rules(&maintenance), now()) {
        Next::Closed { sites, opening } => {
            assert_eq!(sites, ["Redmond".parse().unwrap()]);
            assert_eq!(opening.unwrap().to_string(), "Sat 2026-11-28 22:00 +00:00 UTC");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(board.next(&Rules { calendar: None, ..rules(&maintenance) }, now()), Next::Unit(_)));
}

#[test]
fn what_is_closed_does_not_hold_up_what_is_open() {
    let maintenance = Maintenance { windows: vec![window("22:00", 4, "Dublin")], ..Maintenance::default() };
    let mut steps = copies("a", 1);
    steps.push(copy("Dublin", "b", "b-1.contoso.com"));
    assert_eq!(units(&plan_of(steps), &maintenance), ["copy:b-1.contoso.com"]);
}

#[test]
fn enable_topology_waits_for_the_windows_of_the_sites_it_touches() {
    let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
    let assign = Step {
        touches: vec!["Redmond".parse().unwrap()],
        subject: Subject::Site("Redmond".parse().unwrap()),
        ..step(Action::AssignAccount { site: "Redmond".parse().unwrap(), account })
    };
    let enable = Step {
        touches: assign.touches.clone(),
        after: vec![assign.id()],
        ..step(Action::EnableTopology { signature: None })
    };
    let plan = plan_of(vec![assign, enable]);
    let maintenance = Maintenance { windows: vec![window("22:00", 4, "Dublin")], ..Maintenance::default() };
    let mut board = Board::new(&plan);
    board.set(0, Status::Done);
    let run = Rules { enable_topology: EnableTopology::Run, ..rules(&maintenance) };
    assert!(matches!(board.next(&run, now()), Next::Closed { .. }), "Redmond is closed");
    assert!(matches!(board.next(&rules(&maintenance), now()), Next::Unit(_)), "looking whether it ran needs no window");
}

#[test]
fn no_outage_begins_that_its_window_would_not_see_the_end_of() {
    let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
    let at = |touches: &[&str], after: &[&Step], action: Action| Step {
        touches: touches.iter().map(|site| site.parse().unwrap()).collect(),
        after: after.iter().map(|before| before.id()).collect(),
        ..step(action)
    };
    let assign =
        at(&["Redmond"], &[], Action::AssignAccount { site: "Redmond".parse().unwrap(), account: account.clone() });
    let enable = at(&["Redmond"], &[&assign], Action::EnableTopology { signature: None });
    let rotate = at(&["Redmond", "Dublin"], &[&assign, &enable], Action::RotatePassword { account });
    let test = at(&["Redmond"], &[&rotate], Action::TestAssignment { site: "Redmond".parse().unwrap() });
    let mut elsewhere = copy("Paris", "p", "p-1.contoso.com"); // waits for Enable-CsTopology, and closes nothing
    elsewhere.after = vec![enable.id()];
    let plan = plan_of(vec![assign, enable, rotate, elsewhere, test]);
    // Half an hour is left; three steps are thought to take 15 minutes.
    let windows = |sites: &[&str]| sites.iter().map(|site| window("22:00", 1, site)).collect();
    let check = |sites: &[&str], minutes: i64, enable_topology, closed: Option<&[&str]>| {
        let maintenance = Maintenance { windows: windows(sites), ..Maintenance::default() };
        let rules = Rules { enable_topology, ..rules(&maintenance) };
        let later = now() + SignedDuration::from_mins(minutes);
        match (Board::new(&plan).next(&rules, later), closed) {
            (Next::Unit(unit), None) => assert_eq!(unit.members, [0]),
            (Next::Closed { sites, .. }, Some(closed)) => {
                assert_eq!(sites.iter().map(SiteName::as_str).collect::<Vec<_>>(), closed);
            }
            (next, _) => panic!("{sites:?} after {minutes} minutes: {next:?}"),
        }
    };
    let both = ["Dublin", "Redmond"];
    check(&both, 15, EnableTopology::Run, None);
    check(&both, 16, EnableTopology::Run, Some(&both));
    check(&["Redmond"], 0, EnableTopology::Run, Some(&both));
    check(&["Redmond"], 16, EnableTopology::Wait, None); // it takes effect when somebody runs Enable-CsTopology
}

#[test]
fn copies_that_are_added_come_before_the_test_of_their_site() {
    let mut test = step(Action::TestAssignment { site: "Redmond".parse().unwrap() });
    test.touches = vec!["Redmond".parse().unwrap()];
    let mut board = Board::new(&plan_of(vec![test]));
    let added = board.add(copies("a", 1));
    assert_eq!(added.len(), 1);
    assert_eq!(board.add(copies("a", 1)), [], "it is there already");
    match board.next(&rules(&Maintenance::default()), now()) {
        Next::Unit(unit) => assert_eq!(unit.members, [1]),
        other => panic!("{other:?}"),
    }
}
