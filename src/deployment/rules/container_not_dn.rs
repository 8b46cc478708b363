//! An account's container is not a distinguished name (New-CsKerberosAccount: `-ContainerDN`). [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::DistinguishedName;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for container in subject.accounts().filter_map(|account| account.container.as_ref()) {
        if let Err(error) = container.parse::<DistinguishedName>() {
            let message = format!("`{}` cannot be a container: {error}", container.as_str());
            let hint = "write it as Active Directory has it, such as OU=Lync,DC=contoso,DC=com";
            found.push(Diagnostic::new(Code::ContainerNotDn, container.at(), message).hint(hint));
        }
    }
}
