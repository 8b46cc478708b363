//! An account's encryption types are not declared, so nothing checks them.
//!
//! Unset in Active Directory means the domain's default, and Windows' retirement of RC4 hits exactly those accounts;
//! nobody sets it on a computer that does not exist. [doc for Windows, inferred for Lync]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let undeclared = subject.accounts().filter(|account| account.encryption.is_none() && account.is_whole());
    for name in undeclared.filter_map(|account| account.name.as_ref()) {
        let message = format!("no encryption types are declared for {}, so none are checked", name.as_str());
        let hint = "add `encryption: [aes128, aes256]`; it is checked and never changed";
        found.push(Diagnostic::new(Code::EncryptionUnset, name.at(), message).hint(hint));
    }
}
