//! A Standard Edition pool names a server that is not the pool itself.
//!
//! Standard Edition is one server, and its pool's FQDN is that server's (topology documents). [seen]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::Role;
use crate::model::ServerFqdn;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (pool, server) in subject.servers().filter(|(pool, _)| pool.has_role(Role::StandardEdition)) {
        let (Some(fqdn), Some((own, declared))) = (server.fqdn(), pool.parsed()) else { continue };
        if fqdn.parse::<ServerFqdn>().is_ok_and(|name| !name.names_pool(&own)) {
            let message = "a Standard Edition pool is one server, which bears the pool's name";
            let hint = "leave `servers` out, or give the pool the role front-end";
            found.push(
                Diagnostic::new(Code::StandardEditionServers, fqdn.at(), message)
                    .hint(hint)
                    .related(declared.at(), "the pool, and so its one server"),
            );
        }
    }
}
