//! A maintenance window is open for less than 15 minutes: a step and its verification hardly fit into it. [inferred]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::times::duration;
use jiff::SignedDuration;

const SHORTEST: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.windows().filter_map(|window| window.duration.as_ref()) {
        if duration(written).is_ok_and(|length| !length.is_zero() && length < SHORTEST) {
            let message = format!("{} is hardly enough for one step and its verification", written.as_str());
            found.push(Diagnostic::new(Code::WindowShort, written.at(), message).hint("allow 15m or more"));
        }
    }
}
