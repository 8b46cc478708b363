//! A site's preferred server to copy from is not a declared server.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::suggest::did_you_mean;
use crate::model::ServerFqdn;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for source in subject.sites().filter_map(|site| site.source.as_ref()) {
        let Ok(name) = source.parse::<ServerFqdn>() else { continue };
        let known = subject.names.servers.contains_key(&name) || subject.names.pools.contains_key(&name.as_pool());
        if !known && !subject.is_unread(name.as_str()) {
            let hint = did_you_mean(name.as_str(), subject.names.servers.keys().map(ServerFqdn::as_str));
            let hint = hint.unwrap_or_else(|| "name a server that stands under `servers`".into());
            let message = format!("no server {name} is declared");
            found.push(Diagnostic::new(Code::SourceUnknown, source.at(), message).hint(hint));
        }
    }
}
