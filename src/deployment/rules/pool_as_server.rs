//! A pool's FQDN stands where a server's is needed.
//!
//! Set-CsKerberosAccountPassword refuses a pool's FQDN unless it equals the name of its one server (task page
//! Gg398107). [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::Role;
use crate::model::{PoolFqdn, ServerFqdn};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    // There are far fewer pools than servers, and mostly none bears a server's name.
    let bears_a_servers_name = |pool: &PoolFqdn| subject.names.servers.contains_key(&pool.as_server());
    let servers = subject.names.pools.keys().any(bears_a_servers_name).then(|| subject.servers());
    for (pool, server) in servers.into_iter().flatten() {
        let Some(fqdn) = server.fqdn() else { continue };
        let Ok(name) = fqdn.parse::<ServerFqdn>() else { continue };
        let Some(declared) = subject.names.pools.get(&name.as_pool()) else { continue };
        let itself = pool.parsed().is_some_and(|(own, _)| name.names_pool(&own));
        // A Standard Edition pool has a rule of its own for its servers.
        let alone = pool.its_servers().iter().all(|(other, _)| *other == name);
        if !(itself && (alone || pool.has_role(Role::StandardEdition))) {
            found.push(report(fqdn.at(), *declared));
        }
    }
    for source in subject.sites().filter_map(|site| site.source.as_ref()) {
        let Ok(name) = source.parse::<ServerFqdn>() else { continue };
        if subject.names.servers.contains_key(&name) {
            continue;
        }
        if let Some(declared) = subject.names.pools.get(&name.as_pool()) {
            found.push(report(source.at(), *declared));
        }
    }
}

fn report(at: crate::deployment::Span, declared: crate::deployment::Span) -> Diagnostic {
    Diagnostic::new(Code::PoolAsServer, at, "this is a pool; a server is needed here")
        .hint("name one of the pool's servers: the cmdlets refuse a pool unless it bears its one server's name")
        .related(declared, "declared as a pool here")
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use crate::codes::Code;

    fn check(pools: &str, expected: &[&str]) {
        let file = format!("version: 1\nsites:\n  - name: A\n    pools: [{pools}]\n");
        testing::check(Code::PoolAsServer, &file, expected);
    }

    #[test]
    fn a_pool_may_bear_the_name_of_its_one_server() {
        const WRONG: &str = "this is a pool; a server is needed here";
        check("{ fqdn: dir.x.com, role: director, servers: [DIR.x.com] }", &[]);
        check("{ fqdn: se.x.com, role: standard-edition, servers: [se.x.com] }", &[]);
        check("{ fqdn: p.x.com, role: front-end, servers: [p.x.com, a.x.com] }", &[&format!("4:57 {WRONG}")]);
        check(
            "{ fqdn: p.x.com, role: front-end, servers: [a.x.com] }, { fqdn: q.x.com, role: edge, servers: [p.x.com] }",
            &[&format!("4:108 {WRONG}")],
        );
    }
}
