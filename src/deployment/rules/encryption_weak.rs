//! An account allows DES or RC4 only, or nothing at all.
//!
//! Windows does not use DES any more and retires RC4 during 2026 (CVE-2026-20833): the account would then get no
//! tickets. [doc for Windows, inferred for Lync]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::EncryptionTypes;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for list in subject.accounts().filter_map(|account| account.encryption.as_ref()).filter(|list| list.is_whole()) {
        let types = list.iter().fold(EncryptionTypes(0), |all, one| all.union(EncryptionTypes::from(**one)));
        if !types.has_aes() {
            let message = match types {
                EncryptionTypes(0) => "no encryption type is allowed, so there can be no ticket".to_owned(),
                _ => format!("the account allows weak types only ({types}): Windows refuses them or soon will (CVE-2026-20833)"),
            };
            let hint = "write `encryption: [aes128, aes256]`, and prove one server by ticket before the change";
            found.push(Diagnostic::new(Code::EncryptionWeak, list.at(), message).hint(hint));
        }
    }
}
