//! Windows against an oracle that looks at every single minute, and the cases worth naming.

use super::*;
use jiff::civil::{Time, Weekday, date};
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn site(name: &str) -> SiteName {
    name.parse().unwrap()
}

fn window(days: &[Weekday], start: &str, minutes: i64, time_zone: &str, sites: &[&str]) -> Window {
    Window {
        days: days.to_vec(),
        start: start.parse().unwrap(),
        duration: SignedDuration::from_mins(minutes),
        time_zone: zone(time_zone),
        sites: sites.iter().map(|name| site(name)).collect(),
    }
}

fn sites(names: &[&str]) -> BTreeSet<SiteName> {
    names.iter().map(|name| site(name)).collect()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `openness` for one minute of work, and the next opening for it, in words.
fn check(windows: &[Window], names: &[&str], now: &str, expected: &str) {
    let calendar = Calendar::new(windows);
    let minute = SignedDuration::from_mins(1);
    let found = match calendar.openness(&sites(names), moment(now), minute) {
        Openness::Open => "open".to_owned(),
        Openness::TooShort { closes } => format!("closes {closes}"),
        Openness::Closed { .. } => match calendar.next_opening(&sites(names), moment(now), minute) {
            Some(opening) => opening.to_string(),
            None => "never".to_owned(),
        },
    };
    assert_eq!(found, expected, "{names:?} at {now}");
}

#[test]
fn windows_run_over_midnight_and_name_their_next_opening() {
    let saturday = [window(&[Weekday::Saturday], "22:00", 240, "Europe/Berlin", &["Redmond"])];
    check(&saturday, &["Redmond"], "2026-11-21T20:59:59Z", "Sat 2026-11-21 22:00 +01:00 Europe/Berlin");
    check(&saturday, &["Redmond"], "2026-11-21T21:00:00Z", "open");
    check(&saturday, &["REDMOND"], "2026-11-22T00:58:59Z", "open"); // Sunday there; names compare without case
    check(&saturday, &["Redmond"], "2026-11-22T00:59:30Z", "closes 2026-11-22T01:00:00Z");
    check(&saturday, &["Redmond"], "2026-11-22T01:00:00Z", "Sat 2026-11-28 22:00 +01:00 Europe/Berlin");
}

#[test]
fn a_site_that_no_window_names_is_closed_once_there_is_one() {
    let one = [window(&[Weekday::Saturday], "22:00", 240, "UTC", &["Redmond"])];
    check(&[], &["Dublin"], "2026-11-21T22:00:00Z", "open");
    check(&one, &["Dublin"], "2026-11-21T22:00:00Z", "never");
    check(&one, &["Redmond", "Dublin"], "2026-11-21T22:00:00Z", "never");
    check(&one, &[], "2026-11-20T22:00:00Z", "open"); // what touches no site needs no window
}

#[test]
fn a_step_of_two_sites_waits_for_both() {
    let two = [
        window(&[Weekday::Saturday], "22:00", 240, "UTC", &["Redmond"]),
        window(&[Weekday::Sunday], "01:00", 240, "UTC", &["Dublin"]),
    ];
    check(&two, &["Redmond", "Dublin"], "2026-11-21T22:30:00Z", "Sun 2026-11-22 01:00 +00:00 UTC");
    check(&two, &["Redmond", "Dublin"], "2026-11-22T01:30:00Z", "open");
}

#[test]
fn windows_that_touch_are_one() {
    let two = [
        window(&[Weekday::Saturday], "22:00", 120, "UTC", &["Redmond"]),
        window(&[Weekday::Sunday], "00:00", 120, "UTC", &["Redmond"]),
    ];
    let open = Calendar::new(&two).openness(
        &sites(&["Redmond"]),
        moment("2026-11-21T22:00:00Z"),
        SignedDuration::from_hours(4),
    );
    assert_eq!(open, Openness::Open);
}

#[test]
fn daylight_saving_both_ways() {
    let night = |start| [window(&[Weekday::Sunday], start, 60, "Europe/Berlin", &["Redmond"])];
    // 02:30 does not come on 2026-03-29: the clocks go from 02:00 to 03:00.
    check(&night("02:30"), &["Redmond"], "2026-03-29T00:00:00Z", "Sun 2026-03-29 03:30 +02:00 Europe/Berlin");
    check(&night("02:30"), &["Redmond"], "2026-03-29T01:29:00Z", "Sun 2026-03-29 03:30 +02:00 Europe/Berlin");
    check(&night("02:30"), &["Redmond"], "2026-03-29T01:30:00Z", "open");
    // 02:30 comes twice on 2026-10-25: the first counts, and an hour is an hour.
    check(&night("02:30"), &["Redmond"], "2026-10-25T00:00:00Z", "Sun 2026-10-25 02:30 +02:00 Europe/Berlin");
    check(&night("02:30"), &["Redmond"], "2026-10-25T01:28:00Z", "open");
    check(&night("02:30"), &["Redmond"], "2026-10-25T01:30:00Z", "Sun 2026-11-01 02:30 +01:00 Europe/Berlin");
}

#[test]
fn a_window_that_lasts_a_week_or_longer_never_closes() {
    let always = [window(&[Weekday::Monday], "00:00", 100 * 365 * 24 * 60, "UTC", &["Redmond"])];
    check(&always, &["Redmond"], "2026-11-21T22:00:00Z", "open");
}

/// Zones with jumps of an hour, of half an hour, and with none, on both hemispheres.
const ZONES: [&str; 5] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"];

/// Days around changes of the clocks in those zones.
const DAYS: [(i16, i8, i8); 6] =
    [(2026, 3, 7), (2026, 3, 28), (2026, 4, 4), (2026, 10, 3), (2026, 10, 24), (2026, 10, 31)];

prop_compose! {
    fn any_window()(
        days in prop::collection::vec(prop::sample::select(vec![
            Weekday::Friday, Weekday::Saturday, Weekday::Sunday, Weekday::Monday,
        ]), 1..3),
        // Most starts lie where clocks jump.
        start in prop_oneof![0..240_i64, 0..1440_i64],
        minutes in prop_oneof![1..240_i64, 1..3000_i64],
        time_zone in prop::sample::select(&ZONES[..]),
        sites in prop::sample::select(vec![vec!["A"], vec!["B"], vec!["A", "B"]]),
    ) -> Window {
        let start = Time::midnight() + Span::new().minutes(start);
        Window { start, ..window(&days, "00:00", minutes, time_zone, &sites) }
    }
}

/// Whether the window is open at each minute of the nine days from `from` on, found by looking at each minute, from four
/// days earlier on.
fn open_minutes(window: &Window, from: Timestamp) -> Vec<bool> {
    let (before, after) = (4 * 1440, 9 * 1440);
    let local: Vec<_> = (-before..after)
        .map(|minute| {
            let at = from + SignedDuration::from_mins(minute);
            at.to_zoned_datetime(window.time_zone.clone()).datetime()
        })
        .collect();
    let mut open = vec![false; local.len()];
    let mut opened = BTreeSet::new();
    for at in 1..local.len() {
        let (previous, now) = (local[at - 1], local[at]);
        let start = now.date().to_datetime(window.start);
        let late = if now == start {
            0
        } else if previous < start && start < now {
            // The clocks jumped over it: as much later as they jump, which is counted from where they jumped.
            usize::try_from(previous.duration_until(start).as_mins()).unwrap() - 1
        } else {
            continue;
        };
        if window.days.contains(&start.weekday()) && opened.insert(start) {
            let minutes = usize::try_from(window.duration.as_mins()).unwrap();
            let end = (at + late + minutes).min(open.len());
            open[(at + late).min(end)..end].fill(true);
        }
    }
    open.split_off(usize::try_from(before).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_an_oracle_that_looks_at_every_minute(
        windows in prop::collection::vec(any_window(), 1..4),
        day in prop::sample::select(&DAYS[..]),
        offset in 0..1440_i64,
        length in prop_oneof![1..10_i64, 1..400_i64],
        both in any::<bool>(),
    ) {
        let midnight = date(day.0, day.1, day.2).to_zoned_datetime(TimeZone::UTC).unwrap().timestamp();
        let from = midnight + SignedDuration::from_mins(offset);
        let names: &[&str] = if both { &["A", "B"] } else { &["A"] };
        let minutes = windows.iter().map(|window| (window, open_minutes(window, from))).collect::<Vec<_>>();
        let sites = sites(names);
        let open_at = |minute: usize| sites.iter().all(|site| {
            minutes.iter().any(|(window, open)| window.sites.contains(site) && open[minute])
        });
        let open: Vec<bool> = (0..9 * 1440).map(open_at).collect();
        let wanted = usize::try_from(length).unwrap();
        let fits = |minute: usize| open[minute..minute + wanted].iter().all(|open| *open);
        let calendar = Calendar::new(&windows);
        let length = SignedDuration::from_mins(length);

        for minute in (0..7 * 1440).step_by(7) {
            let now = from + SignedDuration::from_mins(i64::try_from(minute).unwrap());
            let expected = if fits(minute) { "fits" } else if open[minute] { "too short" } else { "closed" };
            let found = match calendar.openness(&sites, now, length) {
                Openness::Open => "fits",
                Openness::TooShort { .. } => "too short",
                Openness::Closed { .. } => "closed",
            };
            prop_assert_eq!(found, expected, "at {}", now);
        }
        let expected = (0..8 * 1440).find(|minute| fits(*minute));
        let horizon = from + SignedDuration::from_hours(24 * 8);
        let found = calendar.next_opening(&sites, from, length).filter(|opening| opening.at < horizon);
        let expected = expected.map(|minute| from + SignedDuration::from_mins(i64::try_from(minute).unwrap()));
        prop_assert_eq!(found.map(|opening| opening.at), expected);
    }
}
