//! `webservices.json`: `UseWindowsAuth` by scope, as Get-CsWebServiceConfiguration says.
//!
//! ```json
//! [{ "identity": "global", "useWindowsAuth": "Negotiate" }, { "identity": "site:Redmond", "useWindowsAuth": "NTLM" }]
//! ```
//! Scopes are `global`, `site:<Name>` and `service:WebServer:<pool FQDN>`; values are `Negotiate`, `NTLM` and `None`,
//! in any case. One object instead of a list is read. Two entries for one scope are broken.

use super::json::{self, Entries, Entry};
use super::place::Source;
use crate::model::{Cause, NameError, PoolFqdn, SiteName, UseWindowsAuth, WebServicesSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The content of `webservices.json`.
pub type WebServicesFile = Entries<WebServicesEntry>;

/// The setting of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebServicesEntry {
    /// `global`, `site:<Name>` or `service:WebServer:<pool FQDN>`.
    #[serde(with = "json::name", alias = "Identity")]
    #[schemars(with = "String")]
    pub identity: Scope,
    /// `Negotiate`, `NTLM` or `None`.
    #[serde(with = "json::name", alias = "UseWindowsAuth")]
    #[schemars(with = "String")]
    pub use_windows_auth: Value,
}

/// What a setting holds for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything.
    Global,
    /// One site.
    Site(SiteName),
    /// One pool.
    Pool(PoolFqdn),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Site(site) => f.write_str(&site.identity()),
            Self::Pool(pool) => write!(f, "service:WebServer:{pool}"),
        }
    }
}

/// Why a text is no scope of this setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoScope {
    /// None of the three.
    #[error("it is none of global, site:<Name>, service:WebServer:<pool FQDN>")]
    Unknown,
    /// The name within it is none.
    #[error("the name in it: {0}")]
    Name(#[from] NameError),
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let text = text.trim();
        let after = |prefix: &str| {
            let begin = text.get(..prefix.len())?;
            begin.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
        };
        if text.eq_ignore_ascii_case("global") {
            Ok(Self::Global)
        } else if let Some(site) = after("site:") {
            Ok(Self::Site(site.parse()?))
        } else if let Some(pool) = after("service:WebServer:") {
            Ok(Self::Pool(pool.parse()?))
        } else {
            Err(NoScope::Unknown)
        }
    }
}

/// [`UseWindowsAuth`] as the cmdlet writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(pub UseWindowsAuth);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// A text that is no [`Value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is none of Negotiate, NTLM, None")]
pub struct NoValue;

impl FromStr for Value {
    type Err = NoValue;

    fn from_str(text: &str) -> Result<Self, NoValue> {
        let known = [UseWindowsAuth::Negotiate, UseWindowsAuth::Ntlm, UseWindowsAuth::None];
        let same = |value: &UseWindowsAuth| value.as_str().eq_ignore_ascii_case(text.trim());
        known.into_iter().find(same).map(Self).ok_or(NoValue)
    }
}

impl Entry for WebServicesEntry {
    type Key = Scope;

    fn key(&self) -> Scope {
        self.identity.clone()
    }
}

impl From<&WebServicesSettings> for WebServicesFile {
    fn from(settings: &WebServicesSettings) -> Self {
        let global = settings.global.iter().map(|value| (Scope::Global, *value));
        let sites = settings.sites.iter().map(|(site, value)| (Scope::Site(site.clone()), *value));
        let pools = settings.pools.iter().map(|(pool, value)| (Scope::Pool(pool.clone()), *value));
        let entry = |(identity, value)| WebServicesEntry { identity, use_windows_auth: Value(value) };
        global.chain(sites).chain(pools).map(entry).collect()
    }
}

pub(super) fn read(source: &Source) -> Result<WebServicesSettings, Cause> {
    let Entries(entries) = json::parse::<WebServicesFile>(source)?;
    let mut settings = WebServicesSettings::default();
    for WebServicesEntry { identity, use_windows_auth: Value(value) } in entries {
        match identity {
            Scope::Global => settings.global = Some(value),
            Scope::Site(site) => _ = settings.sites.insert(site, value),
            Scope::Pool(pool) => _ = settings.pools.insert(pool, value),
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::{broken, source};

    fn check(text: &str, expected: Result<&[(&str, &str)], &str>) {
        let read = read(&source("webservices.json", text));
        let read = read.map(|settings| {
            let Entries(entries) = WebServicesFile::from(&settings);
            entries.iter().map(|it| (it.identity.to_string(), it.use_windows_auth.to_string())).collect::<Vec<_>>()
        });
        match expected {
            Ok(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
                assert_eq!(read, Ok(pairs), "{text}");
            }
            Err(why) => broken(&read, why),
        }
    }

    #[test]
    fn scopes_and_values() {
        check(r#"{"identity":"Global","useWindowsAuth":"negotiate"}"#, Ok(&[("global", "Negotiate")]));
        check(
            r#"[{"Identity":"Service:WebServer:pool01.contoso.com","UseWindowsAuth":"None","x":1},
                {"identity":"site:Redmond","useWindowsAuth":"ntlm"}]"#,
            Ok(&[("site:Redmond", "NTLM"), ("service:WebServer:pool01.contoso.com", "None")]),
        );
        check("[]", Ok(&[]));
    }

    #[test]
    fn broken_files_say_where_and_why() {
        check(r#"[{"identity":"tenant","useWindowsAuth":"NTLM"}]"#, Err(":1:14: \"tenant\" cannot be taken"));
        check(r#"[{"identity":"sitü:x","useWindowsAuth":"NTLM"}]"#, Err(":1:14: \"sitü:x\" cannot be taken"));
        check(r#"[{"identity":"global","useWindowsAuth":"Basic"}]"#, Err("none of Negotiate, NTLM, None"));
        check(r#"[{"identity":"service:WebServer:pool","useWindowsAuth":"NTLM"}]"#, Err("no domain part"));
        check(
            r#"[{"identity":"global","useWindowsAuth":"NTLM"},{"identity":"GLOBAL","useWindowsAuth":"None"}]"#,
            Err("global stands here twice"),
        );
    }
}
