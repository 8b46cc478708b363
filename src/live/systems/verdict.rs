//! What a site's test says of each of its servers.
//!
//! - Silence is not health: a server is valid only if the test finished, its report lists the server, and no error can
//!   be about it \[inferred\].
//! - `InvalidKerberosConfiguration` names the server that is invalid \[doc\]; one that names none leaves all unknown
//!   \[inferred\].
//! - `ServicePrincipalNameError` is about the account's SPNs \[doc\], and says nothing of a server.
//! - Any other error leaves those unknown that it names, and all where it names none \[inferred\].

use crate::live::shell::{Ended, ErrorRecord, Reply, Report};
use crate::model::{ServerFqdn, Verdict};

/// What an error of a test is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Configuration,
    Spns,
    Anything,
}

fn about(error: &ErrorRecord) -> About {
    // The documented message begins with the identifier, in every language [doc].
    let is = |name: &str| error.id.starts_with(name) || error.message.trim_start().starts_with(name);
    if is("InvalidKerberosConfiguration") {
        About::Configuration
    } else if is("ServicePrincipalNameError") {
        About::Spns
    } else {
        About::Anything
    }
}

/// What the test says of that server, of the targets of its site; with its words, where it has any.
pub(super) fn of_server(reply: &Reply, server: &ServerFqdn, targets: &[ServerFqdn]) -> (Verdict, Option<String>) {
    let telling =
        |what: About| reply.errors.iter().find(move |error| about(error) == what && names(&error.message, server));
    let about_all = || {
        reply
            .errors
            .iter()
            .find(|error| about(error) != About::Spns && !targets.iter().any(|target| names(&error.message, target)))
    };
    let words = |error: &ErrorRecord| Some(format!("{}: {}", error.name(), error.message));
    if let Some(error) = telling(About::Configuration) {
        return (Verdict::Invalid, words(error));
    }
    if let Some(error) = telling(About::Anything).or_else(about_all) {
        return (Verdict::Unknown, words(error));
    }
    if reply.ended == Ended::Threw {
        let last = reply.errors.last().map_or("it does not say why", |error| error.message.as_str());
        return (Verdict::Unknown, Some(format!("the test did not finish: {last}")));
    }
    match &reply.report {
        Some(Report::Written(bytes)) if names(&text(bytes), server) => (Verdict::Valid, None),
        Some(Report::Written(_)) => {
            (Verdict::Unknown, Some("the test finished, and its report does not list the server".to_owned()))
        }
        Some(Report::Missing(why)) => {
            (Verdict::Unknown, Some(format!("the test finished, and its report is missing: {why}")))
        }
        None => (Verdict::Unknown, Some("the test finished, and wrote no report".to_owned())),
    }
}

/// The report as text, in whatever encoding its mark says.
fn text(bytes: &[u8]) -> String {
    let encoding = encoding_rs::Encoding::for_bom(bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    encoding.decode(bytes).0.into_owned()
}

/// Whether the text names that server, by itself: not as the host of an SPN or of an address, nor within a longer name.
fn names(text: &str, server: &ServerFqdn) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut from = 0;
    while let Some(begin) = text[from..].find(in_name).map(|at| from + at) {
        let end = text[begin..].find(|c| !in_name(c)).map_or(text.len(), |length| begin + length);
        let name = text[begin..end].trim_matches('.');
        if !text[..begin].ends_with('/') && name.eq_ignore_ascii_case(server.as_str()) {
            return true;
        }
        from = end;
    }
    false
}
