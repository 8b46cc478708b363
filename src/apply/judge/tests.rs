//! The table, row by row.

use super::*;
use crate::model::{Principal, SettingChange};

const ACCOUNT: &str = r"CONTOSO\kerbauth";

fn account() -> AccountName {
    ACCOUNT.parse().unwrap()
}

/// The judgement in one word.
fn check(action: &Action, before: &Observation, now: &Observation, expected: &str) {
    let judgement = judge(action, before, now);
    let found = match &judgement {
        Judgement::Done(_) => "done",
        Judgement::NotDone(_) => "not done",
        Judgement::Unclear(_) => "unclear",
    };
    assert_eq!(found, expected, "{action:?}\n{before:?}\n{now:?}\n{judgement:?}");
}

/// What is unreadable is unclear, whatever the step.
fn check_unreadable(action: &Action, before: &Observation) {
    check(action, before, &Observation::Unreadable("no answer".to_owned()), "unclear");
}

fn password(exists: bool, set: Option<i64>, key_version: Option<u32>) -> Observation {
    let at = |second| jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
    Observation::Account { exists, password_set_at: set.map(at), key_version, silent: Vec::new() }
}

#[test]
fn a_rotation_by_password_date_or_key_version() {
    let rotate = Action::RotatePassword { account: account() };
    let before = password(true, Some(0), Some(3));
    check(&rotate, &before, &password(true, Some(0), Some(3)), "not done");
    check(&rotate, &before, &password(true, Some(60), Some(4)), "done");
    check(&rotate, &before, &password(true, Some(60), Some(3)), "done"); // either of the two tells
    check(&rotate, &before, &password(true, Some(0), Some(4)), "done");
    check(&rotate, &before, &password(true, None, Some(4)), "done");
    check(&rotate, &before, &password(true, Some(0), None), "not done");
    check(&rotate, &before, &password(true, None, None), "unclear");
    check(&rotate, &before, &password(false, None, None), "unclear");
    check_unreadable(&rotate, &before);
    check(&rotate, &Observation::Unreadable("no answer".to_owned()), &password(true, Some(0), Some(3)), "unclear");
    // An account that this run created never had a password.
    check(&rotate, &password(true, None, None), &password(true, Some(0), Some(1)), "done");
    check(&rotate, &password(true, None, None), &password(true, None, None), "unclear");
    // One says "unchanged", and the other was not known before.
    check(&rotate, &password(true, Some(0), None), &password(true, Some(0), Some(4)), "unclear");
}

#[test]
fn a_rotation_may_lie_on_the_controller_that_fell_silent() {
    let rotate = Action::RotatePassword { account: account() };
    let seen = |version, controllers: &[&str]| Observation::Account {
        exists: true,
        password_set_at: None,
        key_version: Some(version),
        silent: controllers.iter().map(|&controller| controller.to_owned()).collect(),
    };
    check(&rotate, &seen(3, &[]), &seen(3, &["dc02"]), "unclear");
    check(&rotate, &seen(3, &["dc02"]), &seen(3, &["dc02"]), "not done"); // it was down before, too
    check(&rotate, &seen(3, &["dc02"]), &seen(3, &["dc03"]), "unclear");
    check(&rotate, &seen(3, &["dc02"]), &seen(3, &[]), "not done");
    check(&rotate, &seen(3, &[]), &seen(4, &["dc02"]), "done");
}

#[test]
fn a_copy_by_a_fresh_test() {
    let copy = Action::CopyConfiguration {
        account: account(),
        from: "fe01.contoso.com".parse().unwrap(),
        to: "fe02.contoso.com".parse().unwrap(),
    };
    let before = Observation::Server(Verdict::Invalid);
    check(&copy, &before, &Observation::Server(Verdict::Valid), "done");
    check(&copy, &before, &Observation::Server(Verdict::Invalid), "not done");
    check(&copy, &before, &Observation::Server(Verdict::Unknown), "unclear");
    check_unreadable(&copy, &before);
}

#[test]
fn assignments_by_who_is_assigned() {
    let site = || "Redmond".parse().unwrap();
    let other = || -> AccountName { r"CONTOSO\other".parse().unwrap() };
    let (none, ours) = (Observation::Assignment(None), Observation::Assignment(Some(account())));
    let third = Observation::Assignment(Some(other()));
    let assign = Action::AssignAccount { site: site(), account: account() };
    check(&assign, &none, &ours, "done");
    check(&assign, &none, &none, "not done");
    check(&assign, &none, &third, "not done"); // its preconditions then say that reality moved
    check_unreadable(&assign, &none);
    let reassign = Action::ReassignAccount { site: site(), from: other(), to: account() };
    check(&reassign, &third, &ours, "done");
    check(&reassign, &third, &third, "not done");
    check_unreadable(&reassign, &third);
    let unassign = Action::UnassignAccount { site: site(), from: account() };
    check(&unassign, &ours, &none, "done");
    check(&unassign, &ours, &ours, "not done");
    check_unreadable(&unassign, &ours);
}

#[test]
fn a_creation_by_existence() {
    let create = Action::CreateAccount { account: account(), container: None };
    let before = password(false, None, None);
    check(&create, &before, &password(true, None, None), "done");
    check(&create, &before, &before, "not done");
    check_unreadable(&create, &before);
}

#[test]
fn spns_by_their_holders() {
    let spn = || "http/webint.contoso.com".parse().unwrap();
    let (none, ours) = (Observation::Holders(Vec::new()), Observation::Holders(vec![Principal::new(ACCOUNT)]));
    let add = Action::AddSpn { spn: spn(), account: account() };
    check(&add, &none, &ours, "done");
    check(&add, &none, &none, "not done");
    check_unreadable(&add, &none);
    let remove = Action::RemoveSpn { spn: spn(), holder: Principal::new(r"contoso\KERBAUTH$") };
    check(&remove, &ours, &none, "done");
    check(&remove, &ours, &ours, "not done");
    check_unreadable(&remove, &ours);
}

#[test]
fn settings_by_what_is_effective() {
    let change = |on: bool, kernel: bool| LocationChange {
        location: "Site".parse().unwrap(),
        settings: vec![
            SettingChange { before: Setting::Enabled(!on), after: Setting::Enabled(on) },
            SettingChange { before: Setting::UseKernelMode(!kernel), after: Setting::UseKernelMode(kernel) },
        ],
    };
    let locations = vec![change(true, false)];
    let set = Action::SetIis { server: "fe01.contoso.com".parse().unwrap(), locations: locations.clone() };
    let seen = |on, kernel| Observation::Settings(vec![vec![Setting::Enabled(on), Setting::UseKernelMode(kernel)]]);
    let before = seen(false, true);
    check(&set, &before, &seen(true, false), "done");
    check(&set, &before, &seen(true, true), "not done"); // half-way
    check(&set, &before, &before, "not done");
    check_unreadable(&set, &before);
    assert!(is_between(&locations, &seen(true, true)), "half-way is where the step itself may have left it");
    let foreign = Observation::Settings(vec![vec![Setting::Enabled(true), Setting::UseAppPoolCredentials(true)]]);
    assert!(!is_between(&locations, &foreign));
    assert!(!is_between(&locations, &Observation::Settings(Vec::new())));
}

#[test]
fn a_location_may_have_what_one_above_it_was_to_leave() {
    let change = |location: &str, before, after| LocationChange {
        location: location.parse().unwrap(),
        settings: vec![SettingChange { before: Setting::Enabled(before), after: Setting::Enabled(after) }],
    };
    // The inner location stays as it is, and inherits the other value until its own turn comes.
    let locations = vec![change("Site", false, true), change("Site/abs", false, false)];
    let seen = |outer, inner| Observation::Settings(vec![vec![Setting::Enabled(outer)], vec![Setting::Enabled(inner)]]);
    assert!(is_between(&locations, &seen(true, true)));
    let apart = vec![change("Site", false, true), change("Other", false, false)];
    assert!(!is_between(&apart, &seen(true, true)), "a location beside it inherits nothing");
}

#[test]
fn enable_topology_by_the_spns() {
    let enable = Action::EnableTopology { signature: None };
    let seen = |spns_in_order| Observation::Topology { spns_in_order, signature: None };
    check(&enable, &seen(false), &seen(true), "done");
    check(&enable, &seen(false), &seen(false), "not done");
    check_unreadable(&enable, &seen(false));
}

#[test]
fn a_test_is_made_again() {
    let test = Action::TestAssignment { site: "Redmond".parse().unwrap() };
    check(&test, &Observation::Nothing, &Observation::Nothing, "not done");
}

#[test]
fn what_was_observed_of_something_else_says_nothing() {
    let rotate = Action::RotatePassword { account: account() };
    check(&rotate, &password(true, Some(0), Some(3)), &Observation::Nothing, "unclear");
}
