//! The forest: its domains, and which of them an entry belongs to.

use super::connection::{Connection, Depth, Search};
use super::error::{DirectoryError, Phase, Trouble};
use crate::model::Caseless;

/// A domain of the forest, as CN=Partitions names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Domain {
    /// Its NetBIOS name: the part before the backslash.
    pub(super) netbios: String,
    /// Its naming context, as `DC=contoso,DC=com`.
    pub(super) dn: String,
}

/// The forest, as one domain controller tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Forest {
    /// The naming context of the domain controller's own domain.
    pub(super) home: String,
    /// Its domains.
    pub(super) domains: Vec<Domain>,
    /// Naming contexts of no domain: configuration, schema, DNS.
    others: Vec<String>,
}

impl Forest {
    /// Asks the root DSE, and then CN=Partitions in the configuration.
    pub(super) fn of(connection: &mut Connection) -> Result<Self, DirectoryError> {
        let root = Search {
            base: "",
            depth: Depth::Entry,
            filter: "(objectClass=*)",
            attributes: &["defaultNamingContext", "configurationNamingContext", "schemaNamingContext"],
        };
        let found = connection.search(&root)?;
        let told = |attribute: &str| found.entries.first()?.text(attribute).map(str::to_owned);
        let (Some(home), Some(configuration)) = (told("defaultNamingContext"), told("configurationNamingContext"))
        else {
            let why = "its root entry names no naming contexts: it is no Active Directory".to_owned();
            let (server, trouble) = (connection.server().clone(), Trouble::Misunderstood(why));
            return Err(DirectoryError { server, phase: Phase::Search, trouble });
        };
        let partitions = format!("CN=Partitions,{configuration}");
        let search = Search {
            base: &partitions,
            depth: Depth::Children,
            filter: "(objectClass=crossRef)",
            attributes: &["nETBIOSName", "nCName"],
        };
        let mut forest = Self { home, domains: Vec::new(), others: vec![configuration] };
        for entry in connection.search(&search)?.entries {
            match (entry.text("nETBIOSName"), entry.text("nCName")) {
                (Some(netbios), Some(dn)) => {
                    forest.domains.push(Domain { netbios: netbios.to_owned(), dn: dn.to_owned() });
                }
                (None, Some(dn)) => forest.others.push(dn.to_owned()),
                (_, None) => {}
            }
        }
        Ok(forest)
    }

    /// The domain of that NetBIOS name.
    pub(super) fn named(&self, netbios: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| same(&domain.netbios, netbios))
    }

    /// The domain that an entry belongs to: the one whose naming context is the longest end of its name.
    pub(super) fn of_entry(&self, dn: &str) -> Option<&Domain> {
        let above = self.domains.iter().filter(|domain| is_within(dn, &domain.dn));
        above.max_by_key(|domain| domain.dn.len())
    }

    /// Whether this is the domain controller's own domain.
    pub(super) fn is_home(&self, domain: &Domain) -> bool {
        same(&domain.dn, &self.home)
    }

    /// The domains that this domain controller does not hold.
    pub(super) fn foreign(&self) -> impl Iterator<Item = &Domain> {
        self.domains.iter().filter(|domain| !self.is_home(domain))
    }

    /// Whether a referral leads to a part of the forest where no account is: every search of a domain meets these.
    pub(super) fn is_no_domain(&self, referral: &str) -> bool {
        let path = referral.split_once("://").map_or("", |(_, rest)| rest);
        let dn = path.split_once('/').map_or("", |(_, dn)| dn).split('?').next().unwrap_or_default();
        self.others.iter().any(|other| same(other, dn))
    }
}

/// Whether two names are one.
fn same(one: &str, other: &str) -> bool {
    Caseless::from(one) == Caseless::from(other)
}

/// Whether the entry is that naming context or below it.
fn is_within(dn: &str, context: &str) -> bool {
    let Some(start) = dn.len().checked_sub(context.len()) else { return false };
    let (Some(before), Some(end)) = (dn.get(..start), dn.get(start..)) else { return false };
    same(end, context) && (before.is_empty() || before.ends_with(',') && !before.ends_with("\\,"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest() -> Forest {
        let domain = |netbios: &str, dn: &str| Domain { netbios: netbios.into(), dn: dn.into() };
        Forest {
            home: "DC=contoso,DC=com".into(),
            domains: vec![domain("CONTOSO", "DC=contoso,DC=com"), domain("EUROPE", "DC=eu,DC=contoso,DC=com")],
            others: vec!["CN=Configuration,DC=contoso,DC=com".into()],
        }
    }

    #[test]
    fn an_entry_belongs_to_the_nearest_domain() {
        let check = |dn: &str, expected: Option<&str>| {
            assert_eq!(forest().of_entry(dn).map(|domain| domain.netbios.clone()).as_deref(), expected, "{dn}");
        };
        check("CN=a,CN=Computers,DC=contoso,DC=com", Some("CONTOSO"));
        check("CN=a,dc=EU,dc=Contoso,dc=com", Some("EUROPE"));
        check("CN=a,DC=xcontoso,DC=com", None);
        check(r"CN=a\,DC=contoso,DC=com", None);
        check("DC=contoso,DC=com", Some("CONTOSO"));
        check("é", None);
    }

    #[test]
    fn domains_by_name_and_home() {
        assert!(forest().is_home(forest().named("contoso").unwrap()));
        assert_eq!(forest().named("FABRIKAM"), None);
        assert_eq!(forest().foreign().count(), 1);
    }

    #[test]
    fn referrals_to_no_domain_are_told_apart() {
        assert!(forest().is_no_domain("ldap:///CN=Configuration,DC=contoso,DC=com"));
        assert!(forest().is_no_domain("ldap://contoso.com/CN=Configuration,DC=contoso,DC=com??base"));
        assert!(!forest().is_no_domain("ldap://eu.contoso.com/DC=eu,DC=contoso,DC=com"));
        assert!(!forest().is_no_domain("nonsense"));
    }
}
