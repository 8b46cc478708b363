//! An `allow` gives no reason: in a year nobody knows whether it still holds.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let reasons = subject.document.allow.iter().filter_map(|entry| entry.reason.as_ref());
    for reason in reasons.filter(|reason| reason.trim().is_empty()) {
        let message = "the reason is empty";
        let hint = "say why this is allowed, and until when";
        found.push(Diagnostic::new(Code::AllowReason, reason.at(), message).hint(hint));
    }
}
