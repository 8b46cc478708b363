//! A Survivable Branch Appliance or Server stands in a site with an account.
//!
//! No document mentions Web Services on them, so they are taken for no targets: whether they are is worth a look. [inferred]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::Role;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (site, pool) in subject.pools() {
        let (Some(account), Some(role)) = (site.assigned(), &pool.role) else { continue };
        if matches!(**role, Role::Sba | Role::Sbs) {
            let message = "servers of this role are taken to run no Web Services, so they do not get the site's account";
            let hint = "no document says so; a ticket test on one of them does";
            found.push(
                Diagnostic::new(Code::SurvivableBranch, role.at(), message)
                    .hint(hint)
                    .related(account.at(), "the site's account"),
            );
        }
    }
}
