//! `allow` names a code that does not exist, or an error: those cannot be silenced.

use super::Subject;
use crate::codes::{Code, Severity};
use crate::deployment::Diagnostic;
use crate::deployment::suggest::did_you_mean;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.document.allow.iter().filter_map(|entry| entry.code.as_ref()) {
        let (message, hint) = match written.parse::<Code>() {
            Ok(code) if code.severity() == Severity::Error => {
                (format!("{code} is an error, and errors cannot be silenced"), "correct what it reports".to_owned())
            }
            Ok(_) => continue,
            Err(()) => {
                let may_be_allowed = Code::ALL.iter().filter(|code| code.severity() != Severity::Error);
                let hint = did_you_mean(written, may_be_allowed.map(|code| code.slug()));
                let hint = hint.unwrap_or_else(|| "`cskerb explain` lists the codes".into());
                (format!("there is no code `{}`", written.as_str()), hint)
            }
        };
        found.push(Diagnostic::new(Code::AllowUnknown, written.at(), message).hint(hint));
    }
}
