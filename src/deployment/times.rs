//! Durations, times of day and time zones, as the file writes them.

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// The longest duration that is taken, in minutes: a hundred years.
const LONGEST: i64 = 36_500 * 24 * 60;

/// The bundled time zones: a bare container and Windows have none of their own.
static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The duration of a text such as `30m`, `4h` or `365d`, or how to write one.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, &'static str> {
    const FORM: &str = "write one number with `m` (minutes), `h` (hours) or `d` (days), such as 90m";
    let unit = text.chars().next_back().ok_or(FORM)?;
    let minutes_a_unit = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return Err(FORM),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FORM);
    }
    let minutes = digits.parse::<i64>().ok().and_then(|number| number.checked_mul(minutes_a_unit));
    match minutes {
        Some(minutes) if minutes <= LONGEST => Ok(SignedDuration::from_mins(minutes)),
        _ => Err("write at most 36500d, a hundred years"),
    }
}

/// The time of day of a text of the form HH:MM.
pub(crate) fn start_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let good = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if good { digits.parse::<i8>().ok() } else { None }
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// The time zone of that IANA name: as the system knows it, else as this program was built with it.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    jiff::tz::db().get(name).or_else(|_| BUNDLED.get(name)).ok()
}

/// The names of the time zones.
pub(crate) fn time_zone_names() -> Vec<String> {
    BUNDLED.available().map(|name| name.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, minutes: Option<i64>| {
            assert_eq!(duration(text).ok(), minutes.map(SignedDuration::from_mins), "{text:?}");
        };
        check("30m", Some(30));
        check("4h", Some(240));
        check("365d", Some(525_600));
        check("0m", Some(0));
        for wrong in
            ["", "m", "30", "30 m", "-1h", "1.5h", "1h30m", "30s", "4H", "é", "36501d", "99999999999999999999d"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(start_time("22:00"), Time::new(22, 0, 0, 0).ok());
        for wrong in ["24:00", "7:30", "22", "22:60", "22:00:00", "+1:00", "é:00", ""] {
            assert_eq!(start_time(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn zones_need_no_files_of_the_system() {
        assert!(BUNDLED.get("Europe/Berlin").is_ok());
        assert!(time_zone("Europe/Berlin").is_some() && time_zone("UTC").is_some());
        assert!(time_zone("W. Europe Standard Time").is_none() && time_zone("../etc/passwd").is_none());
        assert!(time_zone_names().len() > 400);
    }
}
