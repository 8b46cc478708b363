//! When maintenance windows are open. Pure: whoever asks says what time it is.
//!
//! A window opens at its local time on its days and stays open for its duration, which is elapsed time. Where daylight
//! saving skips that local time, it opens as much later as the clocks jump; where the time comes twice, it opens at the
//! first (the rule of RFC 5545, section 3.3.5). Windows of one site that touch or overlap are one opening. Once any
//! window exists, a site that no window names is closed.

use crate::model::{SiteName, Window};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use std::collections::BTreeSet;
use std::fmt;

/// How far ahead an opening is looked for: windows are weekly, and more than a year sees every change of the clocks.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 400);

/// A weekly window that lasts this long never closes.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 15);

/// The windows of a deployment, to be asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar<'w> {
    windows: &'w [Window],
}

/// Whether work on some sites may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Openness {
    /// It may.
    Open,
    /// Every site is open, but not for as long as the work is thought to take.
    TooShort {
        /// When the first of them closes.
        closes: Timestamp,
    },
    /// These sites are closed.
    Closed {
        /// The sites.
        sites: Vec<SiteName>,
    },
}

/// When something can begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The moment.
    pub at: Timestamp,
    /// The zone of the window that opens then.
    pub zone: TimeZone,
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_zoned_datetime(self.zone.clone());
        let zone = self.zone.iana_name().map(|name| format!(" {name}")).unwrap_or_default();
        write!(f, "{}{zone}", at.strftime("%a %Y-%m-%d %H:%M %:z"))
    }
}

/// A time during which a site is open, with the zone of the window that begins it.
#[derive(Clone, Debug)]
struct Interval {
    start: Timestamp,
    end: Timestamp,
    zone: TimeZone,
}

impl<'w> Calendar<'w> {
    pub(crate) fn new(windows: &'w [Window]) -> Self {
        Self { windows }
    }

    /// Whether work of that length on these sites may begin now. Without any window it always may.
    pub(crate) fn openness(&self, sites: &BTreeSet<SiteName>, now: Timestamp, length: SignedDuration) -> Openness {
        if self.windows.is_empty() || sites.is_empty() {
            return Openness::Open;
        }
        let closing = |site: &SiteName| {
            let open = self.intervals(site, now, now);
            open.into_iter().find(|interval| interval.covers(now, SignedDuration::ZERO)).map(|interval| interval.end)
        };
        let (mut closed, mut first) = (Vec::new(), Timestamp::MAX);
        for site in sites {
            match closing(site) {
                Some(end) => first = first.min(end),
                None => closed.push(site.clone()),
            }
        }
        if !closed.is_empty() {
            return Openness::Closed { sites: closed };
        }
        if first.duration_since(now) < length { Openness::TooShort { closes: first } } else { Openness::Open }
    }

    /// The first moment from `after` on at which all of these sites are open for that long; `None` where there is none
    /// within 400 days.
    pub(crate) fn next_opening(
        &self,
        sites: &BTreeSet<SiteName>,
        after: Timestamp,
        length: SignedDuration,
    ) -> Option<Opening> {
        let until = after.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
        let by_site: Vec<Vec<Interval>> = sites.iter().map(|site| self.intervals(site, after, until)).collect();
        let mut candidates: Vec<Opening> = by_site
            .iter()
            .flatten()
            .map(|interval| Opening { at: interval.start.max(after), zone: interval.zone.clone() })
            .collect();
        candidates.sort_by_key(|opening| opening.at);
        let fits = |at| by_site.iter().all(|open| open.iter().any(|interval| interval.covers(at, length)));
        candidates.into_iter().find(|opening| fits(opening.at))
    }

    /// The times between the two moments, and around them, during which the site is open: in order, none touching
    /// another.
    fn intervals(&self, site: &SiteName, from: Timestamp, until: Timestamp) -> Vec<Interval> {
        let mut found: Vec<Interval> = Vec::new();
        for window in self.windows.iter().filter(|window| window.sites.contains(site)) {
            found.extend(openings(window, from, until));
        }
        found.sort_by_key(|interval| interval.start);
        let mut merged: Vec<Interval> = Vec::new();
        for interval in found {
            match merged.last_mut() {
                Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
                _ => merged.push(interval),
            }
        }
        merged
    }
}

impl Interval {
    /// Whether it is open at that moment and stays so for that long.
    fn covers(&self, at: Timestamp, length: SignedDuration) -> bool {
        self.start <= at && at < self.end && self.end.duration_since(at) >= length
    }
}

/// Every opening of one window that touches the time between the two moments, and some around.
fn openings(window: &Window, from: Timestamp, until: Timestamp) -> Vec<Interval> {
    let duration = window.duration.min(LONGEST);
    let date = |at: Timestamp| at.to_zoned_datetime(window.time_zone.clone()).date();
    // An opening that touches `until` may belong to a window that began a whole duration before `from`, or that joins
    // one which does.
    let around = duration.saturating_add(SignedDuration::from_hours(24 * 8));
    let first = date(from.saturating_add(-around).unwrap_or(Timestamp::MIN));
    let last = date(until.saturating_add(around).unwrap_or(Timestamp::MAX));
    let mut found = Vec::new();
    let mut day = first;
    while day <= last {
        if window.days.contains(&day.weekday()) {
            found.extend(opening(window, day, duration));
        }
        match day.checked_add(Span::new().days(1)) {
            Ok(next) => day = next,
            Err(_) => break, // the end of the calendar, in the year 9999
        }
    }
    found
}

fn opening(window: &Window, day: Date, duration: SignedDuration) -> Option<Interval> {
    let start = day.to_datetime(window.start).to_zoned_datetime(window.time_zone.clone()).ok()?.timestamp();
    let end = start.checked_add(duration).ok()?;
    (start < end).then(|| Interval { start, end, zone: window.time_zone.clone() })
}

#[cfg(test)]
#[path = "windows/tests.rs"]
mod tests;
