//! One SPN is expected on two accounts.
//!
//! Expected are `http/<pool FQDN>` and `http/<internal web FQDN>` on the account of the pool's site; an SPN on two
//! accounts makes the key distribution centre answer "server not found". [doc, seen with a real one]

use super::Subject;
use crate::codes::Code;
use crate::deployment::{Diagnostic, Span};
use crate::model::{AccountName, Spn, WebFqdn};
use std::collections::BTreeMap;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut expected: BTreeMap<Spn, (AccountName, Span)> = BTreeMap::new();
    for (site, pool) in subject.pools().filter(|(_, pool)| pool.may_run_web_services()) {
        let Some(Ok(account)) = site.assigned().map(|written| written.parse::<AccountName>()) else { continue };
        let overridden = pool.internal_fqdn();
        let internal = overridden.and_then(|text| Some((text.parse::<WebFqdn>().ok()?.spn(), text.at())));
        let own = pool.parsed().map(|(name, text)| (name.spn(), text.at()));
        for (spn, at) in own.into_iter().chain(internal) {
            match expected.get(&spn) {
                Some((other, _)) if *other == account => {}
                Some((other, first)) => {
                    let message = format!("{spn} is expected on {account} here and on {other} elsewhere");
                    let hint = "an SPN is held by one account: rename, or let both sites use one account";
                    found.push(
                        Diagnostic::new(Code::SpnExpectedTwice, at, message)
                            .hint(hint)
                            .related(*first, format!("expected on {other} here")),
                    );
                }
                None => {
                    expected.insert(spn, (account.clone(), at));
                }
            }
        }
    }
}
