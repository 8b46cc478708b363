//! A Standard Edition server has an overridden internal web FQDN.
//!
//! Topology Builder offers the override for Enterprise pools and Directors, not for a Standard Edition server. [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::Role;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pool) in subject.pools().filter(|(_, pool)| pool.has_role(Role::StandardEdition)) {
        if let Some(fqdn) = pool.internal_fqdn() {
            let message = "the internal web FQDN of a Standard Edition server cannot be overridden";
            let hint = "delete `internalFqdn`: its Web Services use the server's own name";
            found.push(Diagnostic::new(Code::StandardEditionOverride, fqdn.at(), message).hint(hint));
        }
    }
}
