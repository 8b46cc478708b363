//! A pool, server, source or internal web FQDN is not a fully qualified domain name.
//!
//! Kerberos knows servers by such names only, and Lync's topology has no others. [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::typed::Placed;
use crate::deployment::{Diagnostic, Span};
use crate::model::{NameError, ServerFqdn};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    // Pools, servers and web FQDNs share one form, so one parser judges them all.
    let mut judge = |text: &str, at: Span, what: &str| {
        let Err(error) = text.parse::<ServerFqdn>() else { return };
        let (why, hint) = match error {
            NameError::NotQualified => {
                ("it has no domain part".to_owned(), Some(format!("add the domain, as in {text}.contoso.com")))
            }
            NameError::BadLabel(label) if label.is_empty() => {
                ("a dot begins or ends it, or follows another dot".to_owned(), None)
            }
            other => (other.to_string(), None),
        };
        let message = format!("`{text}` is not the fully qualified domain name of {what}: {why}");
        found.push(Diagnostic::new(Code::FqdnInvalid, at, message).maybe_hint(hint));
    };
    for site in subject.sites() {
        if let Some(source) = &site.source {
            judge(source, source.at(), "a server");
        }
        for pool in &site.pools {
            if let Some(fqdn) = &pool.fqdn {
                judge(fqdn, fqdn.at(), "a pool");
            }
            if let Some(fqdn) = pool.internal_fqdn() {
                judge(fqdn, fqdn.at(), "Web Services");
            }
            let servers = if subject.names.all_well_formed { &[] } else { pool.servers.as_slice() };
            for fqdn in servers.iter().filter_map(Placed::fqdn) {
                judge(&fqdn, fqdn.at(), "a server");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use crate::codes::Code;

    fn check(pool: &str, expected: &[&str]) {
        let file = format!("version: 1\nsites:\n  - name: A\n    pools:\n      - fqdn: {pool}\n        role: edge\n");
        testing::check(Code::FqdnInvalid, &file, expected);
    }

    #[test]
    fn names_of_pools() {
        const WHAT: &str = "is not the fully qualified domain name of a pool";
        check("pool01.contoso.com", &[]);
        check("pool_01.Contoso.COM", &[]);
        check("pool01", &[&format!("5:15 `pool01` {WHAT}: it has no domain part")]);
        check("a..com", &[&format!("5:15 `a..com` {WHAT}: a dot begins or ends it, or follows another dot")]);
        check(
            "10.0.0.1",
            &[&format!("5:15 `10.0.0.1` {WHAT}: it is an address; Kerberos knows servers by name only")],
        );
    }
}
