//! What no schema can say of a deployment file: one rule a file.
//!
//! A new rule is a file here, a line in [`RULES`], a code in the catalogue, and a folder under `tests/rules/` with a
//! wrong and a right file. A rule sees the whole document and says everything that it finds; it never needs another
//! rule to have passed. Whoever complains of something missing asks first whether the place is whole.

mod names;

use super::document::{Account, Document, Location, Pool, Server, Site, Window};
use super::tree::{Node, Soundness};
use super::typed::Placed;
use super::{Diagnostic, Span};
use crate::model::Caseless;
use names::Names;
use std::collections::{BTreeMap, BTreeSet};

macro_rules! rules {
    ($($rule:ident)*) => {
        $(mod $rule;)*

        /// Every rule, in the order of the file format.
        const RULES: &[fn(&Subject<'_>, &mut Vec<Diagnostic>)] = &[$($rule::check,)*];
    };
}

rules! {
    boolean_word
    product_unsupported
    account_upn account_name account_duplicate account_unknown account_unused
    container_not_dn
    encryption_weak encryption_rc4 encryption_unset
    site_name site_duplicate
    branch_account account_without_targets survivable_branch
    source_unknown source_unfit
    fqdn_invalid
    pool_duplicate pool_empty pool_as_server
    server_duplicate
    standard_edition_servers standard_edition_override
    internal_fqdn_taken spn_expected_twice
    location_invalid location_duplicate
    providers_empty provider_repeated provider_unknown
    duration_invalid time_invalid time_zone_unknown
    window_never_opens window_short window_site_unknown site_closed
    batch_size
    allow_unknown allow_reason
}

/// What the rules say of a document.
pub(crate) fn check(document: &Placed<Document>, root: &Node<'_>) -> Vec<Diagnostic> {
    let mut unread = BTreeSet::new();
    if root.soundness != Soundness::Whole {
        root.unread(&mut |text| {
            unread.insert(Caseless::from(text));
        });
    }
    let subject = Subject { document, root, names: Names::of(document), unread };
    let mut found = Vec::new();
    for rule in RULES {
        rule(&subject, &mut found);
    }
    found
}

/// What a rule looks at.
struct Subject<'a> {
    document: &'a Placed<Document>,
    /// The tree the document was made from, for rules about how a value is written.
    root: &'a Node<'a>,
    /// What is declared, by name.
    names: Names<'a>,
    /// The texts in the parts that could not be read: a name among them may well be declared there.
    unread: BTreeSet<Caseless>,
}

impl<'a> Subject<'a> {
    fn accounts(&self) -> impl Iterator<Item = &'a Placed<Account>> + Clone + use<'a> {
        self.document.accounts.iter()
    }

    /// Every text that should be an account: the declarations, and what sites name. A site that repeats a declaration
    /// word for word adds nothing, whatever is wrong with it.
    fn account_names(&self) -> impl Iterator<Item = &'a Placed<String>> + use<'a> {
        let document = self.document;
        let declared = |written: &str| {
            document.accounts.iter().filter_map(|account| account.name.as_ref()).any(|name| name.as_str() == written)
        };
        let named = self.sites().filter_map(|site| site.assigned()).filter(move |name| !declared(name));
        self.accounts().filter_map(|account| account.name.as_ref()).chain(named)
    }

    /// Whether the name stands in a part that could not be read, so that it may be declared or used there.
    fn is_unread(&self, name: &str) -> bool {
        self.unread.contains(&Caseless::from(name))
    }

    fn sites(&self) -> impl Iterator<Item = &'a Placed<Site>> + use<'a> {
        sites(self.document)
    }

    fn pools(&self) -> impl Iterator<Item = (&'a Placed<Site>, &'a Placed<Pool>)> + use<'a> {
        pools(self.document)
    }

    fn servers(&self) -> impl Iterator<Item = (&'a Placed<Pool>, &'a Placed<Server>)> + use<'a> {
        self.pools().flat_map(|(_, pool)| pool.servers.iter().map(move |server| (pool, server)))
    }

    fn windows(&self) -> impl Iterator<Item = &'a Placed<Window>> + use<'a> {
        self.document.maintenance.iter().flat_map(|maintenance| maintenance.windows.iter())
    }

    /// Every list of expected IIS settings, at every level.
    fn iis(&self) -> impl Iterator<Item = &'a Placed<Vec<Placed<Location>>>> + use<'a> {
        let top = self.document.iis.iter();
        let sites = self.sites().filter_map(|site| site.iis.as_ref());
        let pools = self.pools().filter_map(|(_, pool)| pool.iis.as_ref());
        top.chain(sites).chain(pools).chain(self.servers().filter_map(|(_, server)| server.iis()))
    }

    /// Every list of providers.
    fn providers(&self) -> impl Iterator<Item = &'a Placed<Vec<Placed<String>>>> + use<'a> {
        let locations = self.iis().flat_map(|list| list.iter());
        locations.filter_map(|location| location.windows_authentication.as_ref()?.providers.as_ref())
    }
}

fn sites(document: &Document) -> impl Iterator<Item = &Placed<Site>> {
    document.sites.iter().flatten()
}

fn pools(document: &Document) -> impl Iterator<Item = (&Placed<Site>, &Placed<Pool>)> {
    sites(document).flat_map(|site| site.pools.iter().map(move |pool| (site, pool)))
}

/// The names that come again, each with its place and the place where it came first.
fn repeated<K: Ord>(names: impl Iterator<Item = (K, Span)>) -> Vec<(Span, Span)> {
    let mut first: BTreeMap<K, Span> = BTreeMap::new();
    let mut again = Vec::new();
    for (name, at) in names {
        match first.get(&name) {
            Some(earlier) => again.push((at, *earlier)),
            None => {
                first.insert(name, at);
            }
        }
    }
    again
}

#[cfg(test)]
mod testing {
    use crate::codes::Code;
    use crate::deployment::load;

    /// What the program says of that code in a file, each as `line:column message`.
    pub(super) fn check(code: Code, file: &str, expected: &[&str]) {
        let loaded = load("x.yaml", file.as_bytes());
        let of_code = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.code == code);
        let found: Vec<String> = of_code
            .map(|diagnostic| {
                let place = loaded.source.position(diagnostic.at.start);
                format!("{}:{} {}", place.line, place.column, diagnostic.message)
            })
            .collect();
        assert_eq!(found, expected, "{file}");
    }
}
