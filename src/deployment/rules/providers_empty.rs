//! A list of providers is empty: IIS would offer no authentication and refuse everybody. [inferred]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for list in subject.providers().filter(|list| list.is_empty() && list.is_whole()) {
        let message = "no provider is left, so nobody could authenticate";
        let hint = "leave `providers` out to manage none, or write `providers: [Negotiate, NTLM]`";
        found.push(Diagnostic::new(Code::ProvidersEmpty, list.at(), message).hint(hint));
    }
}
