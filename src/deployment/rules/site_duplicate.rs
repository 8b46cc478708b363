//! A site is declared twice, in any case: the identity `site:<Name>` compares without it. [doc]

use super::{Subject, repeated};
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::SiteName;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let names = subject.sites().filter_map(|site| site.name.as_ref());
    let parsed = names.filter_map(|name| Some((name.parse::<SiteName>().ok()?, name.at())));
    for (at, first) in repeated(parsed) {
        let hint = "put the pools of both under one of them";
        found.push(
            Diagnostic::new(Code::SiteDuplicate, at, "this site is declared already")
                .hint(hint)
                .related(first, "first declared here"),
        );
    }
}
