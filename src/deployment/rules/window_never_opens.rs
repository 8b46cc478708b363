//! A maintenance window never opens: it has no day, no site, or no duration.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::times::duration;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut report = |at, message| {
        let hint = "correct the window, or delete it: without any window `apply` may work at any time";
        found.push(Diagnostic::new(Code::WindowNeverOpens, at, message).hint(hint));
    };
    for window in subject.windows() {
        if let Some(days) = window.days.as_ref().filter(|days| days.is_empty() && days.is_whole()) {
            report(days.at(), "this window opens on no day");
        }
        if let Some(sites) = window.sites.as_ref().filter(|sites| sites.is_empty() && sites.is_whole()) {
            report(sites.at(), "this window is for no site");
        }
        if let Some(length) = window.duration.as_ref().filter(|text| duration(text).is_ok_and(|it| it.is_zero())) {
            report(length.at(), "this window closes as it opens");
        }
    }
}
