//! A provider stands twice in one list: IIS answers such a configuration with error 500.19. [doc]

use super::{Subject, repeated};
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::Caseless;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for list in subject.providers() {
        for (at, first) in repeated(list.iter().map(|name| (Caseless::from(name.trim()), name.at()))) {
            let message = "this provider stands in the list already; IIS answers that with error 500.19";
            found.push(
                Diagnostic::new(Code::ProviderRepeated, at, message)
                    .hint("delete one of the two; the order of the others decides")
                    .related(first, "first given here"),
            );
        }
    }
}
