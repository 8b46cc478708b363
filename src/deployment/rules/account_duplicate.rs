//! An account is declared twice, in any case: names in Active Directory compare without it. [doc]

use super::{Subject, repeated};
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::AccountName;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let names = subject.accounts().filter_map(|account| account.name.as_ref());
    let parsed = names.filter_map(|name| Some((name.parse::<AccountName>().ok()?, name.at())));
    for (at, first) in repeated(parsed) {
        let message = "this account is declared already";
        let hint = "one declaration serves every site that uses the account";
        found.push(Diagnostic::new(Code::AccountDuplicate, at, message).hint(hint).related(first, "first declared here"));
    }
}
