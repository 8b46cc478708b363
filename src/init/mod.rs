//! A first deployment file, from what a snapshot tells.
//!
//! The file declares what was read, so that planning it against the same snapshot changes nothing: what is left to do
//! is to mend what is broken in itself. What is not known is said in a comment, and never guessed.
//!
//! **Architecture invariant:** a name reaches the file only through `yaml`, in a value or in a comment.

mod iis;
mod page;
mod pools;

use crate::model::{
    AccountName, Actual, Cause, EncryptionTypes, PublishedPool, PublishedSite, Reading, SiteKind, SiteName, Topology,
};
use crate::yaml::scalar;
use page::Page;
use pools::Products;
use std::collections::BTreeSet;
use thiserror::Error;

/// Why there is no first file.
#[derive(Debug, Error)]
pub enum InitError {
    /// Sites, pools and servers stand in the topology only.
    #[error("a deployment file begins with the published topology, and it could not be read: {0}")]
    NoTopology(Cause),
}

/// The text of a deployment file that declares what was observed.
pub fn deployment_file(actual: &Actual) -> Result<String, InitError> {
    let topology = match &actual.topology {
        Reading::Known(topology) => topology,
        Reading::Absent => return Err(InitError::NoTopology(Cause::NotCollected { file: "topology.xml".into() })),
        Reading::Unreadable(cause) => return Err(InitError::NoTopology(cause.clone())),
    };
    let draft = Draft { actual, topology, products: Products::of(&topology.pools) };
    let mut page = Page::default();
    draft.head(&mut page);
    draft.accounts(&mut page);
    draft.sites(&mut page);
    iis::offer(actual, &topology.pools.iter().filter(|pool| pool.web_services).collect::<Vec<_>>(), &mut page);
    draft.maintenance(&mut page);
    Ok(page.text())
}

struct Draft<'a> {
    actual: &'a Actual,
    topology: &'a Topology,
    products: Products,
}

/// What is known of a site's account.
enum Assigned<'a> {
    Account(&'a AccountName),
    /// It is assigned, and Active Directory has no such account: declared, a plan would create it.
    Missing(&'a AccountName),
    Nobody,
    /// Assignments could not be read.
    Unknown,
}

impl<'a> Draft<'a> {
    fn head(&self, page: &mut Page) {
        page.line(0, "# yaml-language-server: $schema=schemas/deployment.schema.json");
        page.comment(0, "`cskerb schema` writes that schema: editors then complete and check this file.");
        page.blank();
        let collected = match &self.actual.collected_at {
            Reading::Known(at) => format!(", collected {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
            Reading::Absent => String::new(),
            Reading::Unreadable(cause) => format!("; when it was collected is not known: {cause}"),
        };
        let made = format!("Made by `cskerb init` from the snapshot {}{collected}.", self.actual.origin.source);
        page.comment(0, &made);
        let what = "It declares what was read there. Make it say what shall be, check it with `cskerb validate`, and \
                    keep it under version control.";
        page.comment(0, what);
        if self.topology.signature.is_none() {
            page.comment(0, "The topology has no signature: it was never published.");
        }
        page.line(0, "version: 1");
        self.products.write(page);
    }

    fn assigned(&self, site: &SiteName) -> Assigned<'a> {
        let account = match &self.actual.assignments {
            Reading::Known(assignments) => assignments.get(site),
            Reading::Absent => None,
            Reading::Unreadable(_) => return Assigned::Unknown,
        };
        let missing = |account| {
            let directory = self.actual.directory.known();
            directory.is_some_and(|directory| matches!(directory.account(account), Reading::Absent))
        };
        match account {
            None => Assigned::Nobody,
            Some(account) if missing(account) => Assigned::Missing(account),
            Some(account) => Assigned::Account(account),
        }
    }

    /// The accounts of the published sites, and those among them that do not exist.
    fn known_accounts(&self) -> (BTreeSet<&'a AccountName>, BTreeSet<&'a AccountName>) {
        let (mut found, mut missing) = (BTreeSet::new(), BTreeSet::new());
        for site in &self.topology.sites {
            match self.assigned(&site.name) {
                Assigned::Account(account) => found.insert(account),
                Assigned::Missing(account) => missing.insert(account),
                Assigned::Nobody | Assigned::Unknown => continue,
            };
        }
        (found, missing)
    }

    fn accounts(&self, page: &mut Page) {
        let (found, missing) = self.known_accounts();
        page.blank();
        if found.is_empty() && missing.is_empty() {
            let why = match self.actual.assignments.cause() {
                Some(cause) => format!("No account is known: {cause}."),
                None => "No site has an account.".to_owned(),
            };
            page.comment(0, &format!("{why} An account is DOMAIN\\name, with at most 15 characters on each side:"));
            page.line(0, "# accounts:");
            page.line(0, "#   - name: CONTOSO\\kerbauth");
            page.line(0, "#     encryption: [aes128, aes256]");
            return;
        }
        if found.is_empty() {
            page.comment(0, "Active Directory has none of these accounts. Declared, a plan creates them:");
            page.line(0, "# accounts:");
        } else {
            page.line(0, "accounts:");
        }
        for account in found {
            page.line(1, &format!("- name: {}", scalar(account.as_str())));
            page.comment(2, "container: only used to create an account, and this one exists");
            self.encryption(account, page);
            page.line(2, "# maxPasswordAge: 365d # with this line, an older password is a finding");
        }
        for account in missing {
            page.line(0, &format!("#   - name: {}", scalar(account.as_str())));
        }
    }

    /// The account's encryption types where they may be declared: those that are in order.
    fn encryption(&self, account: &AccountName, page: &mut Page) {
        let state = self.actual.directory.as_ref().map(|directory| directory.account(account));
        let (set, why) = match state {
            Reading::Known(Reading::Known(state)) => (state.encryption.map(EncryptionTypes::types_only), None),
            Reading::Known(Reading::Unreadable(cause)) | Reading::Unreadable(cause) => (None, Some(cause)),
            Reading::Known(Reading::Absent) | Reading::Absent => (None, None),
        };
        let weak = EncryptionTypes::DES.union(EncryptionTypes::RC4);
        let offer = "# encryption: [aes128, aes256]";
        match (set, why) {
            (Some(set), _) if set.has_aes() && !set.intersects(weak) => {
                page.line(2, &format!("encryption: [{set}] # as Active Directory has it; checked, never changed"));
            }
            (Some(set), _) => {
                page.comment(2, &format!("encryption: Active Directory has {set}; declare what it shall be:"));
                page.line(2, offer);
            }
            (None, Some(cause)) => {
                page.comment(2, &format!("encryption: not known ({cause}); declare what it shall be:"));
                page.line(2, offer);
            }
            (None, None) => {
                page.comment(2, "encryption: unset in Active Directory, so the domain's default holds. Declare it:");
                page.line(2, offer);
            }
        }
    }

    fn sites(&self, page: &mut Page) {
        page.blank();
        if let Some(cause) = self.actual.assignments.cause() {
            page.comment(0, &format!("Which account each site has is not known: {cause}."));
        }
        page.line(0, "sites:");
        let pools = pools::Declared::of(&self.topology.pools);
        for site in &self.topology.sites {
            self.site(site, page);
            let of_site: Vec<&PublishedPool> =
                self.topology.pools.iter().filter(|pool| pool.site == site.name).collect();
            pools.write(&of_site, &self.products, page);
        }
        for (site, account) in self.unpublished() {
            page.comment(1, &format!("{site} is not in the topology, and has {account} assigned: a left-over."));
        }
    }

    fn site(&self, site: &PublishedSite, page: &mut Page) {
        page.line(1, &format!("- name: {}", scalar(site.name.as_str())));
        if site.kind == SiteKind::Branch {
            page.line(2, "kind: branch");
        }
        match self.assigned(&site.name) {
            Assigned::Account(account) => page.line(2, &format!("account: {}", scalar(account.as_str()))),
            Assigned::Missing(account) => {
                page.comment(
                    2,
                    "This one is assigned, and Active Directory does not have it. Declared, it is created:",
                );
                page.line(2, &format!("# account: {}", scalar(account.as_str())));
            }
            Assigned::Nobody => page.line(2, "# account: none # it has none; with this line it shall stay so"),
            Assigned::Unknown => page.line(2, "# account: DOMAIN\\name # not known"),
        }
    }

    /// Assignments of sites that the topology does not have.
    fn unpublished(&self) -> impl Iterator<Item = (&'a SiteName, &'a AccountName)> {
        let published: BTreeSet<&SiteName> = self.topology.sites.iter().map(|site| &site.name).collect();
        let assignments = self.actual.assignments.known().into_iter().flatten();
        assignments.filter(move |(site, _)| !published.contains(site))
    }

    fn maintenance(&self, page: &mut Page) {
        let names: Vec<_> = self.topology.sites.iter().map(|site| scalar(site.name.as_str())).collect();
        page.blank();
        let what = "When `apply` may work, and how many servers of a pool at a time. Without windows it may at any \
                    time; once there is one, a site that no window names is closed.";
        page.comment(0, what);
        page.line(0, "# maintenance:");
        page.line(0, "#   windows:");
        page.line(0, "#     - days: [sat]");
        page.line(0, "#       start: \"22:00\"");
        page.line(0, "#       duration: 4h");
        page.line(0, "#       timeZone: Europe/Berlin");
        page.line(0, &format!("#       sites: [{}]", names.join(", ")));
        page.line(0, "#   batches: [1, \"100%\"]");
    }
}
