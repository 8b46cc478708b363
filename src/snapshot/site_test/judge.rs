//! The one judge of what a site's test says of each of its servers.
//!
//! - Silence is not health: a server is valid only if the test finished, its report lists the server, and no error can
//!   be about it \[inferred\].
//! - `InvalidKerberosConfiguration` names the server that is invalid \[doc\]. One that names no server of the site
//!   leaves all of them unknown \[inferred\].
//! - `ServicePrincipalNameError` is about the account's SPNs \[doc\]: it says nothing of a server.
//! - Any other error leaves the servers unknown that it names, and all of them where it names none \[inferred\].
//!
//! Messages are in the product's language. Nothing is taken out of them but FQDNs, by their shape.

use super::super::secrets;
use super::{Said, TestError, mention};
use crate::model::{ServerFqdn, Verdict};
use std::collections::BTreeSet;

/// What an error is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    InvalidConfiguration,
    ServicePrincipalName,
    Other,
}

impl TestError {
    fn kind(&self) -> Kind {
        // The documented message begins with the identifier, in every language [doc]; the id of that error is not shown.
        let is = |name: &str| begins_with(&self.id, name) || begins_with(&self.message, name);
        if is("InvalidKerberosConfiguration") {
            Kind::InvalidConfiguration
        } else if is("ServicePrincipalNameError") {
            Kind::ServicePrincipalName
        } else {
            Kind::Other
        }
    }

    /// The id without the class of the cmdlet, and the message, for people.
    fn words(&self) -> String {
        let id = self.id.split(',').next().unwrap_or_default().trim();
        let words = match self.message.trim() {
            "" => id.to_owned(),
            message if id.is_empty() || begins_with(message, id) => message.to_owned(),
            message => format!("{id}: {message}"),
        };
        secrets::strip(&words).into_owned()
    }
}

/// Whether the text begins with this word.
fn begins_with(text: &str, word: &str) -> bool {
    let Some((begin, rest)) = text.trim_start().split_at_checked(word.len()) else { return false };
    begin.eq_ignore_ascii_case(word) && !rest.starts_with(|c: char| c.is_alphanumeric())
}

/// What a test says of each of these servers of its site, in their order; with its words, where it has any.
pub(crate) fn judge(said: &Said, servers: &[ServerFqdn]) -> Vec<(Verdict, Option<String>)> {
    let findings = Findings::of(said, servers);
    servers.iter().map(|server| findings.of_server(server, said)).collect()
}

/// What the errors and the report say, before any one server is asked about.
struct Findings<'t> {
    /// Each error that can be about a server, with the site's servers that it names.
    errors: Vec<(Kind, &'t TestError, BTreeSet<ServerFqdn>)>,
    /// What the report lists.
    listed: BTreeSet<ServerFqdn>,
}

impl<'t> Findings<'t> {
    fn of(said: &'t Said, servers: &[ServerFqdn]) -> Self {
        let of_site = |host: &ServerFqdn| servers.contains(host);
        let errors = said.errors.iter().map(|error| {
            let named = mention::hosts([error.message.as_str()]).into_iter().filter(of_site).collect();
            (error.kind(), error, named)
        });
        let errors = errors.filter(|(kind, ..)| *kind != Kind::ServicePrincipalName).collect();
        Self { errors, listed: mention::hosts(said.report.as_deref().ok()) }
    }

    fn of_server(&self, server: &ServerFqdn, said: &Said) -> (Verdict, Option<String>) {
        let naming = |kind: Kind| {
            self.errors.iter().find(move |(of, _, named)| *of == kind && named.contains(server)).map(|it| it.1)
        };
        if let Some(error) = naming(Kind::InvalidConfiguration) {
            return (Verdict::Invalid, Some(error.words()));
        }
        let about_all = || self.errors.iter().find(|(_, _, named)| named.is_empty()).map(|it| it.1);
        if let Some(error) = naming(Kind::Other).or_else(about_all) {
            return (Verdict::Unknown, Some(error.words()));
        }
        if !said.finished {
            let last = said.errors.last().map_or_else(|| "it does not say why".to_owned(), TestError::words);
            return (Verdict::Unknown, Some(format!("it did not finish: {last}")));
        }
        match &said.report {
            Ok(_) if self.listed.contains(server) => (Verdict::Valid, None),
            Ok(_) => (Verdict::Unknown, Some("it finished, and its report does not list the server".to_owned())),
            Err(cause) => (Verdict::Unknown, Some(format!("it finished, and its report cannot be read: {cause}"))),
        }
    }
}
