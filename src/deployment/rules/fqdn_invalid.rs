//! A pool, server, source or internal web FQDN is not a fully qualified domain name.
//!
//! Kerberos knows servers by such names only, and Lync's topology has no others. [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::typed::Placed;
use crate::deployment::{Diagnostic, Span};
use crate::model::{NameError, ServerFqdn};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut name = |text: &str, at: Span| {
        // Pools, servers and web FQDNs share one form.
        if let Err(error) = text.parse::<ServerFqdn>() {
            let hint = match &error {
                NameError::NotQualified => Some(format!("add the domain, as in {text}.contoso.com")),
                NameError::BadLabel(label) if label.is_empty() => Some("dots stand between labels only".to_owned()),
                _ => None,
            };
            let message = format!("{text:?} is not a fully qualified domain name: {error}");
            found.push(Diagnostic::new(Code::FqdnInvalid, at, message).maybe_hint(hint));
        }
    };
    let sources = subject.sites().filter_map(|site| site.source.as_ref());
    let pools = subject.pools().filter_map(|(_, pool)| pool.fqdn.as_ref());
    let overrides = subject.pools().filter_map(|(_, pool)| pool.web_services.as_ref()?.internal_fqdn.as_ref());
    for written in sources.chain(pools).chain(overrides) {
        name(written, written.at());
    }
    for written in subject.servers().filter_map(|(_, server)| Placed::fqdn(server)) {
        name(&written, written.at());
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
        check("pool01.contoso.com", &[]);
        check("pool_01.Contoso.COM", &[]);
        check(
            "pool01",
            &["5:15 \"pool01\" is not a fully qualified domain name: it has no domain part, so it is not a fully qualified domain name"],
        );
        check(
            "10.0.0.1",
            &["5:15 \"10.0.0.1\" is not a fully qualified domain name: it is an address; Kerberos knows servers by name only"],
        );
    }
}
