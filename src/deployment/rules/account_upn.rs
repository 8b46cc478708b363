//! An account is written as `name@domain`.
//!
//! The Kerberos cmdlets take `DOMAIN\name` only (New-CsKerberosAccount and New-CsKerberosAccountAssignment, parameter
//! `-UserAccount`). [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::{AccountName, NameError};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.account_names() {
        if written.parse::<AccountName>() != Err(NameError::Upn) {
            continue;
        }
        let hint = written.split_once('@').map(|(name, domain)| {
            let netbios = domain.split('.').next().unwrap_or(domain).to_uppercase();
            format!(r"write DOMAIN\name, perhaps {netbios}\{name}")
        });
        let message = format!("`{}` is a user principal name; Lync supports only DOMAIN\\name", written.as_str());
        found.push(Diagnostic::new(Code::AccountUpn, written.at(), message).maybe_hint(hint));
    }
}
