//! Which hosts a text names, whatever its language and markup: FQDNs by their shape, and nothing else.

use crate::model::ServerFqdn;
use std::collections::BTreeSet;

/// The FQDNs that stand in these texts by themselves.
///
/// One behind a `/` is the host of an SPN or of an address, which names a pool, not a server: on a Standard Edition
/// server the two are equal. A full stop behind an FQDN ends a sentence.
pub(super) fn hosts<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<ServerFqdn> {
    let mut hosts = BTreeSet::new();
    for text in texts {
        let mut from = 0;
        while let Some(begin) = text[from..].find(in_name).map(|at| from + at) {
            let end = text[begin..].find(|c| !in_name(c)).map_or(text.len(), |length| begin + length);
            if !text[..begin].ends_with('/') {
                hosts.extend(text[begin..end].trim_matches('.').parse::<ServerFqdn>());
            }
            from = end;
        }
    }
    hosts
}

/// Whether a name of DNS may have this character; a letter of another script ends the name, as a Korean particle does.
fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = hosts([text]).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn hosts_are_known_by_their_shape() {
        check("The Kerberos configuration on fe01.contoso.com is invalid.", &["fe01.contoso.com"]);
        check("Die Kerberos-Konfiguration auf FE01.contoso.com ist ungültig.", &["FE01.contoso.com"]);
        check("fe01.contoso.com의 Kerberos 구성이 잘못되었습니다.", &["fe01.contoso.com"]);
        check("auf fe01.contoso.com.", &["fe01.contoso.com"]);
        check("<td>fe01.contoso.com</td><td>fe02.contoso.com</td>", &["fe01.contoso.com", "fe02.contoso.com"]);
        check("http/se01.contoso.com was not found on contoso\\kerbauth", &[]);
        check("on 10.0.0.1, on fe01, at -x.contoso.com", &[]);
        check("xfe01.contoso.com", &["xfe01.contoso.com"]);
        check("", &[]);
    }
}
