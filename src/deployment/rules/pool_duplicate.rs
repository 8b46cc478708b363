//! A pool is declared twice, in any case: it belongs to one site, and its SPN to one account. [doc]

use super::{Subject, repeated};
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let parsed = subject.pools().filter_map(|(_, pool)| pool.parsed().map(|(name, written)| (name, written.at())));
    for (at, first) in repeated(parsed) {
        let message = "this pool is declared already";
        let hint = "a pool belongs to one site";
        found.push(Diagnostic::new(Code::PoolDuplicate, at, message).hint(hint).related(first, "first declared here"));
    }
}
