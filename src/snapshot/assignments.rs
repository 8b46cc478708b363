//! `assignments.json`: which account each site has, as Get-CsKerberosAccountAssignment says.
//!
//! ```json
//! [{ "identity": "site:Redmond", "userAccount": "CONTOSO\\kerbauth" }]
//! ```
//! One object instead of a list is read, and `[]` or `null` where nobody is assigned; an empty file is broken, since
//! that is what a cmdlet that failed leaves behind. `Identity` and `UserAccount`, as the cmdlet writes its own
//! properties, are read too. Two entries for one site are broken.

use super::json::{self, Entries, Entry};
use super::place::Source;
use crate::model::{AccountName, Cause, NameError, SiteName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The content of `assignments.json`.
pub type AssignmentsFile = Entries<Assignment>;

/// The account of one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// `site:<Name>`.
    #[serde(with = "json::name", alias = "Identity")]
    #[schemars(with = "String")]
    pub identity: SiteIdentity,
    /// `DOMAIN\name`.
    #[serde(with = "json::name", alias = "UserAccount")]
    #[schemars(with = "String")]
    pub user_account: AccountName,
}

/// A site as the cmdlets name it: `site:<Name>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteIdentity(pub SiteName);

impl fmt::Display for SiteIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.identity())
    }
}

/// Why a text is not the identity of a site.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoSiteIdentity {
    /// Another kind of identity, or none.
    #[error("it is not the identity of a site, site:<Name>")]
    NotSite,
    /// The site's name is none.
    #[error("the site's name: {0}")]
    Name(#[from] NameError),
}

impl FromStr for SiteIdentity {
    type Err = NoSiteIdentity;

    fn from_str(text: &str) -> Result<Self, NoSiteIdentity> {
        match text.split_once(':') {
            Some((kind, name)) if kind.trim().eq_ignore_ascii_case("site") => Ok(Self(name.parse()?)),
            _ => Err(NoSiteIdentity::NotSite),
        }
    }
}

impl Entry for Assignment {
    type Key = SiteIdentity;

    fn key(&self) -> SiteIdentity {
        self.identity.clone()
    }
}

impl From<&BTreeMap<SiteName, AccountName>> for AssignmentsFile {
    fn from(assignments: &BTreeMap<SiteName, AccountName>) -> Self {
        let entry = |(site, account): (&SiteName, &AccountName)| Assignment {
            identity: SiteIdentity(site.clone()),
            user_account: account.clone(),
        };
        assignments.iter().map(entry).collect()
    }
}

pub(super) fn read(source: &Source) -> Result<BTreeMap<SiteName, AccountName>, Cause> {
    let Entries(entries) = json::parse::<AssignmentsFile>(source)?;
    Ok(entries.into_iter().map(|entry| (entry.identity.0, entry.user_account)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::{broken, source};

    fn check(text: &str, expected: Result<&[(&str, &str)], &str>) {
        let read = read(&source("assignments.json", text));
        let read = read.map(|map| map.iter().map(|(site, to)| (site.to_string(), to.to_string())).collect::<Vec<_>>());
        match expected {
            Ok(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
                assert_eq!(read, Ok(pairs), "{text}");
            }
            Err(why) => broken(&read, why),
        }
    }

    #[test]
    fn good_and_odd_files() {
        let one: &[(&str, &str)] = &[("Redmond", r"CONTOSO\kerbauth")];
        check(r#"[{"identity":"site:Redmond","userAccount":"CONTOSO\\kerbauth"}]"#, Ok(one));
        check(r#"{"Identity":"Site:Redmond","UserAccount":"CONTOSO\\kerbauth","Anchor":{}}"#, Ok(one));
        check("[]", Ok(&[]));
        check(" null\r\n", Ok(&[]));
        check(
            r#"[{"identity":"site:B: b","userAccount":"A\\x"},{"identity":"site:A","userAccount":"A\\x"}]"#,
            Ok(&[("A", r"A\x"), ("B: b", r"A\x")]),
        );
    }

    #[test]
    fn broken_files_say_where_and_why() {
        check("", Err("assignments.json:1:1: the file is empty"));
        check("[{", Err("assignments.json:1:2: EOF while parsing"));
        check("[{}]", Err("assignments.json:1:3: missing field `identity`"));
        check(
            "[\n{\"identity\":\"global\",\"userAccount\":\"A\\\\x\"}]",
            Err("assignments.json:2:13: \"global\" cannot be taken: it is not the identity of a site"),
        );
        check(
            "[{\"identity\":\"site:Zürich\",\n \"userAccount\":\"x@contoso.com\"}]",
            Err("assignments.json:2:16: \"x@contoso.com\" cannot be taken: it is a user principal name"),
        );
        check(r#"[{"identity":"site:ü","userAccount":3}]"#, Err("1:37: invalid type: integer `3`"));
        check(
            r#"[{"identity":"site:","userAccount":"A\\x"}]"#,
            Err("1:14: \"site:\" cannot be taken: the site's name"),
        );
        check(
            r#"[{"identity":"site:a","userAccount":"A\\x"},{"identity":"SITE:A","userAccount":"A\\y"}]"#,
            Err("1:86: site:A stands here twice"),
        );
        check("\"x\"", Err("expected a list of objects, one object, or null"));
        check("[] []", Err("1:4: trailing characters"));
    }
}
