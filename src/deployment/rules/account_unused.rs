//! An account is declared and assigned nowhere: it would be created and nobody would use it.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::suggest::closest;
use crate::model::AccountName;
use std::collections::BTreeSet;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let declared = &subject.names.accounts;
    let mut assigned = BTreeSet::new();
    for written in subject.sites().filter_map(|site| site.assigned()) {
        let known = written.parse::<AccountName>().ok().filter(|name| declared.contains_key(name));
        // The account that a misspelt one means is not unused as well.
        let meant = || closest(written, declared.keys().map(AccountName::as_str))?.parse().ok();
        assigned.extend(known.or_else(meant));
    }
    for (name, at) in declared.iter().filter(|(name, _)| !assigned.contains(name) && !subject.is_unread(name.as_str())) {
        let message = format!("no site uses {name}");
        let hint = format!("give it to a site with `account: {name}`, or delete it");
        found.push(Diagnostic::new(Code::AccountUnused, *at, message).hint(hint));
    }
}
