//! A site has an account and no server that runs Web Services: nothing would ever use it.
//!
//! Front End Servers, Standard Edition servers and Directors run Web Services (task page Gg398107). [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for site in subject.sites().filter(|site| site.is_whole()) {
        let Some(account) = site.assigned() else { continue };
        if !site.pools.iter().any(|pool| pool.may_run_web_services()) {
            let message = "this site has an account and no Front End, Standard Edition or Director pool to use it";
            let hint = "declare the site's pools, or leave the account out";
            found.push(Diagnostic::new(Code::AccountWithoutTargets, account.at(), message).hint(hint));
        }
    }
}
