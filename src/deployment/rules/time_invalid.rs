//! The start of a maintenance window is not a time HH:MM.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::times::start_time;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.windows().filter_map(|window| window.start.as_ref()) {
        if start_time(written).is_none() {
            let message = format!("`{}` is no time of day", written.as_str());
            let hint = "write HH:MM in 24 hours, from \"00:00\" to \"23:59\"";
            found.push(Diagnostic::new(Code::TimeInvalid, written.at(), message).hint(hint));
        }
    }
}
