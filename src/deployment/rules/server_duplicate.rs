//! A server is declared twice, in any case: a machine belongs to one pool. [doc]

use super::{Subject, repeated};
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.names.servers.len() == subject.names.well_formed {
        return;
    }
    let servers = subject.pools().flat_map(|(_, pool)| pool.its_servers());
    for (at, first) in repeated(servers) {
        let message = "this server is declared already";
        let hint = "a server belongs to one pool";
        found.push(Diagnostic::new(Code::ServerDuplicate, at, message).hint(hint).related(first, "first declared here"));
    }
}
