//! `tests/site-<name>.json` and `.html`: what Test-CsKerberosAccountAssignment said of a site, as it said it.
//!
//! ```json
//! { "identity": "site:Redmond", "account": "CONTOSO\\kerbauth", "at": "2026-05-30T20:00:00Z", "finished": true,
//!   "errors": [{ "id": "InvalidKerberosConfiguration,Microsoft...", "message": "... on fe02.contoso.com ..." }] }
//! ```
//! The cmdlet puts out nothing: it says errors and writes a report, which lies beside as `site-<name>.html`. The file
//! holds no verdict, so that whoever made it knows no rule. Whether a server is valid is judged when the folder is
//! read, by the rules of `judge`, for the servers that the topology gives the site. `account` is the
//! one that the site had when it was tested. Of the site's name, what is no ASCII letter, digit, blank, `.`, `-` or `_`
//! stands in the file's name as `%` and two hexadecimal digits, byte by byte of its UTF-8.

mod judge;
mod mention;
mod weight;

pub(crate) use judge::judge;
pub use weight::Weight;

use super::assignments::SiteIdentity;
use super::digest::Print;
use super::folder::Folder;
use super::json;
use super::place::Fault;
use super::{SERVERS, TESTS};
use crate::model::{
    AccountName, Actual, Caseless, Cause, KerberosReading, Reading, ServerActual, ServerFqdn, SiteName, Topology,
    Witness,
};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;

/// The content of `tests/site-<name>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiteTestFile {
    /// `site:<Name>`.
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub identity: SiteIdentity,
    /// The account that the site had.
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub account: Option<AccountName>,
    /// When the test began (RFC 3339).
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Whether it came to its end, with or without errors.
    pub finished: bool,
    /// What it said, in order; the last one ended it where it did not finish.
    #[serde(default)]
    pub errors: Vec<TestError>,
}

/// An error that the test said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestError {
    /// Its FullyQualifiedErrorId, which is the same in every language.
    pub id: String,
    /// Its message, in the product's language.
    #[serde(default)]
    pub message: String,
}

/// What a site's test said, with its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Whether it came to its end, with or without errors.
    pub(crate) finished: bool,
    /// Its errors, in order.
    pub(crate) errors: Vec<TestError>,
    /// The text of its report, or why there is none.
    pub(crate) report: Result<String, String>,
}

/// A site's test, or why there is none.
pub(super) type OfSite = (SiteName, Result<SiteTest, Cause>);

/// A site's test.
pub(super) struct SiteTest {
    account: Option<AccountName>,
    at: Timestamp,
    said: Said,
}

/// What may stand in a file name everywhere, beside letters and digits.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b' ').remove(b'.').remove(b'-').remove(b'_');

/// Begins every name, so that no site is called like a device of Windows.
const PREFIX: &str = "site-";

/// The file name of a site's test without its extension.
pub(super) fn file_stem(site: &SiteName) -> String {
    format!("{PREFIX}{}", utf8_percent_encode(site.as_str(), ESCAPED))
}

/// The path of a site's test in the folder.
pub(crate) fn path(site: &SiteName) -> String {
    format!("{TESTS}/{}.json", file_stem(site))
}

/// The site of that file name; `None` where it is the name of no site's test.
fn site_of(file: &str) -> Option<SiteName> {
    let extension = file.len().checked_sub(".json".len())?;
    let (stem, end) = file.split_at_checked(extension)?;
    let (begin, name) = stem.split_at_checked(PREFIX.len())?;
    let named = end.eq_ignore_ascii_case(".json") && begin.eq_ignore_ascii_case(PREFIX);
    named.then(|| percent_decode_str(name).decode_utf8().ok()?.parse().ok()).flatten()
}

/// The tests that lie in the folder, by site, also those that it wanted and could not have.
pub(super) fn read_all(root: &Folder, prints: &mut Vec<Print>) -> io::Result<Vec<OfSite>> {
    let Some(folder) = root.folder(TESTS)? else { return Ok(Vec::new()) };
    let sites: BTreeSet<SiteName> = folder.names().filter_map(site_of).collect();
    Ok(sites.into_iter().map(|site| (site.clone(), read(&folder, &site, prints))).collect())
}

fn read(folder: &Folder, site: &SiteName, prints: &mut Vec<Print>) -> Result<SiteTest, Cause> {
    let stem = file_stem(site);
    let mut load = |extension: &str| {
        let loaded = folder.load(&format!("{stem}.{extension}"));
        prints.extend(loaded.print);
        loaded.source
    };
    let (source, report) = (load("json")?, load("html"));
    let test: SiteTestFile = json::parse_object(&source)?;
    if test.identity.0 != *site {
        let why = format!("it speaks of {}, and its name says {site}", test.identity);
        return Err(source.broken(Fault::new(0, why)));
    }
    let report = report.map(|source| source.text).map_err(|cause| cause.to_string());
    let said = Said { finished: test.finished, errors: test.errors, report };
    Ok(SiteTest { account: test.account, at: test.at, said })
}

/// Enters what the tests say of each server, where nothing weightier is known of it.
pub(super) fn enter(tests: Vec<OfSite>, actual: &mut Actual) {
    for (site, test) in tests {
        let servers = servers(&site, test.as_ref().ok().map(|test| &test.said), actual);
        match test {
            Ok(SiteTest { account, at, said }) => {
                let judged = judge(&said, &servers);
                for (server, (verdict, detail)) in servers.into_iter().zip(judged) {
                    let detail = detail.map(|words| Caseless::from(words.as_str()));
                    let reading = KerberosReading { verdict, account: account.clone(), by: Witness::Test, at, detail };
                    enter_one(server, reading, &site, actual);
                }
            }
            Err(cause) => {
                for server in servers {
                    let kerberos = &mut observed(server, actual).kerberos;
                    if matches!(kerberos, Reading::Unreadable(Cause::NeverTested)) {
                        *kerberos = Reading::Unreadable(cause.clone());
                    }
                }
            }
        }
    }
}

fn enter_one(server: ServerFqdn, reading: KerberosReading, site: &SiteName, actual: &mut Actual) {
    let of = |reading: &KerberosReading| Weight::of(reading, site, &actual.assignments, &actual.directory);
    let outweighed = match actual.kerberos(&server) {
        Reading::Known(present) => of(present) >= of(&reading),
        Reading::Absent | Reading::Unreadable(Cause::NeverTested) => false,
        // A file that is there and broken is to be mended, not passed over in silence.
        Reading::Unreadable(_) => true,
    };
    if !outweighed {
        observed(server, actual).kerberos = Reading::Known(reading);
    }
}

fn observed(server: ServerFqdn, actual: &mut Actual) -> &mut ServerActual {
    let Actual { servers, .. } = actual;
    servers.entry(server).or_insert_with_key(|server| ServerActual {
        iis: Reading::Unreadable(Cause::NotCollected {
            file: format!("{SERVERS}/{server}/{}", super::APPLICATION_HOST).into(),
        }),
        kerberos: Reading::Unreadable(Cause::NeverTested),
    })
}

/// The servers that a test of the site is about: those of its pools with Web Services; where the topology could not be
/// read, those of the folder that the test names.
fn servers(site: &SiteName, said: Option<&Said>, actual: &Actual) -> Vec<ServerFqdn> {
    match &actual.topology {
        Reading::Known(topology) => targets(topology, site),
        Reading::Absent | Reading::Unreadable(_) => {
            let texts = said.iter().flat_map(|said| {
                let errors = said.errors.iter().map(|error| error.message.as_str());
                errors.chain(said.report.as_deref().ok())
            });
            let mentioned = mention::hosts(texts);
            actual.servers.keys().filter(|server| mentioned.contains(*server)).cloned().collect()
        }
    }
}

/// The servers of the site's pools that run Web Services.
pub(crate) fn targets(topology: &Topology, site: &SiteName) -> Vec<ServerFqdn> {
    let web = topology.pools.iter().filter(|pool| pool.web_services && pool.site == *site);
    web.flat_map(|pool| pool.servers.iter().cloned()).collect()
}

#[cfg(test)]
mod tests;
