//! A branch site has an account.
//!
//! The assignment takes any site, yet Set-CsKerberosAccountPassword pushes the password to central sites only. [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::SiteKind;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for site in subject.sites().filter(|site| site.kind.as_deref() == Some(&SiteKind::Branch)) {
        if let Some(account) = site.assigned() {
            let message = "this branch site has an account; Set-CsKerberosAccountPassword reaches central sites only";
            let hint = "give the account to the central site that the branch belongs to";
            found.push(Diagnostic::new(Code::BranchAccount, account.at(), message).hint(hint));
        }
    }
}
