//! A Front End or Director pool has no servers, so its servers would never be looked at.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::Role;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (_, pool) in subject.pools().filter(|(_, pool)| pool.is_whole() && pool.servers.is_empty()) {
        let needs_servers = pool.has_role(Role::FrontEnd) || pool.has_role(Role::Director);
        if let (true, Some(fqdn)) = (needs_servers, &pool.fqdn) {
            let message = "this pool has no servers";
            let hint = "list its servers by FQDN: `servers: [fe01.contoso.com]`; a pool's own name is no server";
            found.push(Diagnostic::new(Code::PoolEmpty, fqdn.at(), message).hint(hint));
        }
    }
}
