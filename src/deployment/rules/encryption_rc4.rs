//! An account allows DES or RC4 beside AES.
//!
//! Whoever may ask for a weaker ticket will, and Windows retires RC4 during 2026 (CVE-2026-20833). [doc for Windows]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::EncryptionType;
use crate::model::EncryptionTypes;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for list in subject.accounts().filter_map(|account| account.encryption.as_ref()) {
        if !list.iter().any(|one| EncryptionTypes::from(**one).has_aes()) {
            continue;
        }
        for weak in list.iter().filter(|one| matches!(***one, EncryptionType::Des | EncryptionType::Rc4)) {
            let message = format!("{} is still allowed beside AES", EncryptionTypes::from(**weak));
            let hint = "leave it out once a ticket test has shown that every client takes AES";
            found.push(Diagnostic::new(Code::EncryptionRc4, weak.at(), message).hint(hint));
        }
    }
}
