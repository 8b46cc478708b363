//! When and how fast `apply` may work.

use super::SiteName;
use jiff::{SignedDuration, civil::Time, tz::TimeZone};

pub use jiff::civil::Weekday;

/// The `maintenance` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Maintenance {
    /// The windows; none means: at any time.
    pub windows: Vec<Window>,
    /// Servers of a pool at a time, growing; the last size repeats.
    pub batches: Vec<BatchSize>,
    /// How many servers may fail in one run before nothing new begins.
    pub max_failures: u32,
}

/// A weekly maintenance window; it may run over midnight and follows daylight saving in its zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The days on which it opens.
    pub days: Vec<Weekday>,
    /// The local time at which it opens.
    pub start: Time,
    /// How long it stays open.
    pub duration: SignedDuration,
    /// Whose local time that is.
    pub time_zone: TimeZone,
    /// The sites it is for.
    pub sites: Vec<SiteName>,
}

/// How many servers of a pool one batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// So many.
    Servers(u32),
    /// So many of a hundred, at least one.
    Percent(u8),
}
