//! A time zone that the IANA database does not have. Windows' own names, such as "W. Europe Standard Time", are not
//! among them.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::suggest::did_you_mean;
use crate::deployment::times::{time_zone, time_zone_names};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.windows().filter_map(|window| window.time_zone.as_ref()) {
        if time_zone(written).is_some() {
            continue;
        }
        let hint = if written.ends_with("Time") {
            "that looks like a name of Windows: write the IANA name, such as Europe/Berlin".to_owned()
        } else {
            did_you_mean(written, time_zone_names().iter().map(String::as_str))
                .unwrap_or_else(|| "write a name of the IANA database, such as Europe/Berlin".to_owned())
        };
        let message = format!("no time zone `{}` is known", written.as_str());
        found.push(Diagnostic::new(Code::TimeZoneUnknown, written.at(), message).hint(hint));
    }
}
