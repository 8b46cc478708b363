//! An internal web FQDN is also another pool's FQDN or internal web FQDN.
//!
//! `http/<internal web FQDN>` must be unique in the forest, or the key distribution centre answers "server not
//! found". [doc, seen with a real one]

use super::Subject;
use crate::codes::Code;
use crate::deployment::{Diagnostic, Span};
use crate::model::WebFqdn;
use std::collections::BTreeMap;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<WebFqdn, Span> = BTreeMap::new();
    for (_, pool) in subject.pools() {
        let Some(written) = pool.internal_fqdn() else {
            continue;
        };
        let Ok(name) = written.parse::<WebFqdn>() else { continue };
        let own = pool.parsed().map(|(own, _)| own);
        let other_pool = subject.names.pools.get(&name.as_pool()).filter(|_| own != Some(name.as_pool()));
        let (place, whose) = match (taken.get(&name), other_pool) {
            (Some(first), _) => (*first, "another pool's internal web FQDN"),
            (None, Some(pool)) => (*pool, "another pool's FQDN"),
            (None, None) => {
                taken.insert(name, written.at());
                continue;
            }
        };
        let message = format!("{name} is {whose} too; its SPN must be unique in the forest");
        let hint = "give each pool's internal Web Services a name of their own";
        found.push(Diagnostic::new(Code::InternalFqdnTaken, written.at(), message).hint(hint).related(place, "used here"));
    }
}
