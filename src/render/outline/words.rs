//! Numbers, lists and states in words.

use crate::model::{ServerFqdn, SiteName};
use crate::plan::{PoolHealth, Subject};

/// How many names a list shows before it counts the rest.
const SHOWN: usize = 6;

/// `1 step`, `2 steps`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The first names, and how many more there are.
pub(crate) fn list(names: &[String]) -> String {
    let shown = if names.len() <= SHOWN + 1 { names.len() } else { SHOWN };
    let more = names.len() - shown;
    let text = names[..shown].join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// Neighbours and strangers with the same key, in the order in which each key first appears.
pub(in crate::render) fn fold<T, K: std::hash::Hash + Eq>(entries: &[T], key: impl Fn(&T) -> K) -> Vec<Vec<&T>> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<Vec<&T>> = Vec::new();
    for entry in entries {
        let at = *places.entry(key(entry)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(entry);
    }
    groups
}

/// One server by its name, several by their number.
pub(super) fn servers(names: &[&ServerFqdn]) -> String {
    match names {
        [one] => one.to_string(),
        many => count(many.len(), "server", "servers"),
    }
}

/// The subject's own name.
pub(in crate::render) fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Topology => "the published topology".to_owned(),
        Subject::Assignments => "the assignments".to_owned(),
        Subject::WebServices => "the Web Services settings".to_owned(),
        Subject::Directory => "Active Directory".to_owned(),
        Subject::Snapshot => "the snapshot".to_owned(),
        Subject::Account(account) => account.to_string(),
        Subject::Spn { spn, .. } => spn.to_string(),
        Subject::Site(site) => site.to_string(),
        Subject::Pool(_, pool) => pool.to_string(),
        Subject::Server(_, _, server) => server.to_string(),
        Subject::Location(_, _, server, location) => format!("{server}, {location}"),
    }
}

/// `site Redmond: `, where the subject is not the site itself.
pub(super) fn place(subject: &Subject) -> String {
    let site: Option<&SiteName> = match subject {
        Subject::Site(_) => None,
        other => other.site(),
    };
    site.map(|site| format!("{site}: ")).unwrap_or_default()
}

/// How healthy a pool is: what its clients notice.
pub(in crate::render) fn health(pool: &PoolHealth) -> String {
    let servers = pool.servers();
    let noun = if servers == 1 { "server" } else { "servers" };
    let unknown = match pool.unreadable {
        0 => String::new(),
        n => format!("; {n} not known"),
    };
    if pool.pending > 0 {
        return format!("{} of {servers} {noun} not given the account{unknown}", pool.pending);
    }
    let noticed = match requests_lost(pool.invalid, servers) {
        Some(words) => format!(": {words} Unauthorized"),
        None => String::new(),
    };
    format!("{} of {servers} {noun} valid{noticed}{unknown}", pool.valid)
}

/// The share of a load-balanced pool's requests that meet an invalid server.
fn requests_lost(invalid: usize, servers: usize) -> Option<String> {
    if invalid == 0 {
        return None;
    }
    let tenths = (invalid * 10 + servers / 2) / servers;
    Some(match (invalid, tenths) {
        (all, _) if all == servers => "every request gets".to_owned(),
        (_, 5) => "about half of the requests get".to_owned(),
        (some, ..5) => format!("about one request in {} gets", (servers + some / 2) / some),
        (_, 10..) => "nearly every request gets".to_owned(),
        (_, tenths) => format!("about {tenths} in 10 requests get"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(valid: usize, invalid: usize, unreadable: usize, pending: usize, expected: &str) {
        let (site, pool) = ("Redmond".parse().unwrap(), "pool01.contoso.com".parse().unwrap());
        assert_eq!(health(&PoolHealth { site, pool, valid, invalid, pending, unreadable }), expected);
    }

    #[test]
    fn pools_are_described_by_what_clients_notice() {
        check(3, 0, 0, 0, "3 of 3 servers valid");
        check(0, 1, 0, 0, "0 of 1 server valid: every request gets Unauthorized");
        check(2, 2, 0, 0, "2 of 4 servers valid: about half of the requests get Unauthorized");
        check(7, 1, 0, 0, "7 of 8 servers valid: about one request in 8 gets Unauthorized");
        check(1, 7, 0, 0, "1 of 8 servers valid: about 9 in 10 requests get Unauthorized");
        check(1, 99, 0, 0, "1 of 100 servers valid: nearly every request gets Unauthorized");
        check(2, 0, 1, 0, "2 of 3 servers valid; 1 not known");
        check(0, 0, 0, 3, "3 of 3 servers not given the account");
    }

    #[test]
    fn long_lists_are_counted() {
        let names: Vec<String> = (1..=9).map(|n| format!("fe{n}")).collect();
        assert_eq!(list(&names), "fe1, fe2, fe3, fe4, fe5, fe6 and 3 more");
        assert_eq!(list(&names[..7]), "fe1, fe2, fe3, fe4, fe5, fe6, fe7");
    }
}
