//! `directory.json`: the accounts that were asked for, and every holder of the SPNs that were asked for.
//!
//! ```json
//! { "aesKeysSince": "2012-04-01T00:00:00Z",
//!   "accounts": [{ "name": "CONTOSO\\kerbauth", "computer": true, "enabled": true,
//!                  "servicePrincipalNames": ["http/pool01.contoso.com"], "supportedEncryptionTypes": 24,
//!                  "passwordSetAt": "2026-01-10T08:00:00Z", "keyVersion": 3 },
//!                { "name": "CONTOSO\\gone", "exists": false }, { "name": "CONTOSO\\other", "error": "access denied" }],
//!   "servicePrincipalNames": [{ "spn": "http/pool01.contoso.com", "holders": ["CONTOSO\\kerbauth"] }] }
//! ```
//! Instead of what is known of it, an account may have `controllers`: what each domain controller says, as
//! `[{ "controller": "dc1.contoso.com", "account": { "computer": true, "enabled": true, ... } }]`, with an `error` where
//! it could not be asked and no `account` where it has none. Those that answer must agree; where they do not, the
//! account is unreadable until they do.
//!
//! An account that exists needs `computer` and `enabled`. One whose entry has an `error`, lacks one of these, or holds
//! something that is no SPN is unreadable by itself; the rest of the file is read. So is an SPN whose entry has an
//! `error`. `supportedEncryptionTypes` is `msDS-SupportedEncryptionTypes` as a number, null where it is unset. Times
//! are RFC 3339. A list of one may stand as its one text, as ConvertTo-Json writes it. Two entries for one account or
//! SPN are broken. Where `complete` is true, an account or SPN that the file does not name is not there; else nobody
//! asked for it.

mod controllers;

pub(crate) use controllers::agreed;
pub use controllers::{ControllerAccount, ControllerEntry};

use super::json::{self, Entries, Entry};
use super::place::Source;
use crate::model::{AccountName, AccountState, Cause, Directory, EncryptionTypes, Place, Principal, Reading, Spn};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The content of `directory.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryFile {
    /// Since when the domain makes AES keys (its 2008 level), where that is known.
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub aes_keys_since: Option<Timestamp>,
    /// Whether everything was asked for: what is not named here is not there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub complete: bool,
    /// The accounts that were asked for.
    #[serde(default)]
    pub accounts: Entries<AccountEntry>,
    /// The SPNs whose holders were looked for in the whole forest.
    #[serde(default)]
    pub service_principal_names: Entries<SpnEntry>,
}

/// One account that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountEntry {
    /// `DOMAIN\name`.
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub name: AccountName,
    /// Why it could not be read; the other properties say nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether there is such an object.
    #[serde(default = "there_is")]
    pub exists: bool,
    /// Whether it is a computer object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer: Option<bool>,
    /// Whether it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When it expires (`accountExpires`), if ever.
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// The SPNs it holds (`servicePrincipalName`), of any class.
    #[serde(default, deserialize_with = "json::texts")]
    pub service_principal_names: Vec<String>,
    /// `msDS-SupportedEncryptionTypes`; null where it is unset.
    #[serde(default)]
    pub supported_encryption_types: Option<u32>,
    /// When its password was last set (`pwdLastSet`).
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub password_set_at: Option<Timestamp>,
    /// `msDS-KeyVersionNumber`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_version: Option<u32>,
    /// Whether every domain controller of its domain was asked, and all of them said this.
    #[serde(default, skip_serializing_if = "is_false")]
    pub agreed: bool,
    /// What each domain controller says, instead of all of the above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controllers: Vec<ControllerEntry>,
}

/// Every holder of one SPN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpnEntry {
    /// `class/host`.
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub spn: Spn,
    /// Why its holders could not be looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its holders: `DOMAIN\name`, or distinguished names.
    #[serde(default, deserialize_with = "json::texts")]
    pub holders: Vec<String>,
}

fn there_is() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Entry for AccountEntry {
    type Key = AccountName;

    fn key(&self) -> AccountName {
        self.name.clone()
    }
}

impl Entry for SpnEntry {
    type Key = Spn;

    fn key(&self) -> Spn {
        self.spn.clone()
    }
}

impl AccountEntry {
    /// The entry of an account that is not there.
    pub fn absent(name: AccountName) -> Self {
        Self {
            name,
            error: None,
            exists: false,
            computer: None,
            enabled: None,
            expires_at: None,
            service_principal_names: Vec::new(),
            supported_encryption_types: None,
            password_set_at: None,
            key_version: None,
            agreed: false,
            controllers: Vec::new(),
        }
    }

    /// The entry of an account as the domain controllers of its domain have it.
    pub fn by_controllers(name: AccountName, controllers: Vec<ControllerEntry>) -> Self {
        Self { exists: true, controllers, ..Self::absent(name) }
    }

    /// The entry of an account that could not be read.
    pub fn unreadable(name: AccountName, error: String) -> Self {
        Self { error: Some(error), exists: true, ..Self::absent(name) }
    }

    /// The entry of an account as it was read.
    pub fn known(name: AccountName, state: &AccountState) -> Self {
        Self {
            exists: true,
            computer: Some(state.computer),
            enabled: Some(state.enabled),
            expires_at: state.expires_at,
            service_principal_names: state.spns.iter().map(Spn::to_string).collect(),
            supported_encryption_types: state.encryption.map(|types| types.0),
            password_set_at: state.password_set_at,
            key_version: state.key_version,
            agreed: state.agreed,
            ..Self::absent(name)
        }
    }

    fn reading(self, source: &Source) -> Reading<AccountState> {
        if self.error.is_none() && !self.controllers.is_empty() {
            return match agreed(&self.name, &self.controllers) {
                Ok(account) => controllers::entry(self.name, account, &self.controllers).reading(source),
                Err(why) => Reading::Unreadable(unread(source, why)),
            };
        }
        if let Some(error) = self.error {
            return Reading::Unreadable(unread(source, format!("{} could not be read: {error}", self.name)));
        }
        if !self.exists {
            return Reading::Absent;
        }
        let (Some(computer), Some(enabled)) = (self.computer, self.enabled) else {
            let missing = if self.computer.is_none() { "computer" } else { "enabled" };
            return Reading::Unreadable(unread(source, format!("the entry of {} has no {missing}", self.name)));
        };
        let mut spns = BTreeSet::new();
        for text in &self.service_principal_names {
            match text.parse() {
                Ok(spn) => _ = spns.insert(spn),
                Err(error) => {
                    let why = format!("{} holds {text:?}, which cannot be taken: {error}", self.name);
                    return Reading::Unreadable(unread(source, why));
                }
            }
        }
        Reading::Known(AccountState {
            computer,
            enabled,
            expires_at: self.expires_at,
            spns,
            encryption: self.supported_encryption_types.map(EncryptionTypes),
            password_set_at: self.password_set_at,
            key_version: self.key_version,
            agreed: self.agreed,
        })
    }
}

fn unread(source: &Source, why: String) -> Cause {
    Cause::Broken { place: Place { file: source.name.clone(), line_column: None }, why }
}

pub(super) fn read(source: &Source) -> Result<Directory, Cause> {
    let file = json::parse_object::<DirectoryFile>(source)?;
    let mut directory =
        Directory { aes_keys_since: file.aes_keys_since, complete: file.complete, ..Directory::default() };
    for entry in file.accounts.0 {
        directory.accounts.insert(entry.name.clone(), entry.reading(source));
    }
    for SpnEntry { spn, error, holders } in file.service_principal_names.0 {
        let nameless = holders.iter().any(|name| Principal::new(name).as_str().is_empty());
        match error.or_else(|| nameless.then(|| "a holder has no name".to_owned())) {
            None => _ = directory.holders.insert(spn, holders.iter().map(|name| Principal::new(name)).collect()),
            Some(error) => {
                let cause = unread(source, format!("the holders of {spn} could not be looked for: {error}"));
                directory.unreadable.insert(spn, cause);
            }
        }
    }
    Ok(directory)
}

impl From<&Directory> for DirectoryFile {
    fn from(directory: &Directory) -> Self {
        let accounts = directory.accounts.iter().map(|(name, reading)| match reading {
            Reading::Known(state) => AccountEntry::known(name.clone(), state),
            Reading::Absent => AccountEntry::absent(name.clone()),
            Reading::Unreadable(cause) => AccountEntry::unreadable(name.clone(), cause.to_string()),
        });
        let known = directory.holders.iter().map(|(spn, holders)| SpnEntry {
            spn: spn.clone(),
            error: None,
            holders: holders.iter().map(Principal::to_string).collect(),
        });
        let unreadable = directory.unreadable.iter().map(|(spn, cause)| SpnEntry {
            spn: spn.clone(),
            error: Some(cause.to_string()),
            holders: Vec::new(),
        });
        Self {
            aes_keys_since: directory.aes_keys_since,
            complete: directory.complete,
            accounts: accounts.collect(),
            service_principal_names: known.chain(unreadable).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::{broken, source};

    const FILE: &str = r#"{
        "aesKeysSince": "2012-04-01T00:00:00Z",
        "accounts": [
            { "name": "CONTOSO\\kerbauth", "computer": true, "enabled": false, "supportedEncryptionTypes": 24,
              "servicePrincipalNames": ["http/pool01.contoso.com", "MSOMHSvc/x:1", "HTTP/POOL01.contoso.com"],
              "passwordSetAt": "2026-01-10T08:00:00Z", "keyVersion": 3, "expiresAt": null, "later": {} },
            { "name": "CONTOSO\\gone", "exists": false },
            { "name": "CONTOSO\\denied", "error": "access denied" },
            { "name": "CONTOSO\\half", "computer": true },
            { "name": "CONTOSO\\odd", "computer": true, "enabled": true, "servicePrincipalNames": "odd" },
            { "name": "CONTOSO\\plain", "computer": false, "enabled": true, "servicePrincipalNames": "http/a.b",
              "supportedEncryptionTypes": null }],
        "servicePrincipalNames": [
            { "spn": "http/pool01.contoso.com", "holders": ["CONTOSO\\kerbauth$", "CN=x,DC=y"] },
            { "spn": "http/one.contoso.com", "holders": "CONTOSO\\one" },
            { "spn": "http/none.contoso.com", "holders": null },
            { "spn": "http/nameless.contoso.com", "holders": ["$"] },
            { "spn": "http/denied.contoso.com", "error": "timeout" }] }"#;

    fn directory() -> Directory {
        read(&source("directory.json", FILE)).unwrap()
    }

    #[test]
    fn accounts_are_read_one_by_one() {
        let directory = directory();
        let account = |name: &str| directory.accounts[&format!(r"CONTOSO\{name}").parse().unwrap()].clone();
        let kerbauth = account("kerbauth").known().unwrap().clone();
        assert!(kerbauth.computer && !kerbauth.enabled);
        assert_eq!(kerbauth.encryption, Some(EncryptionTypes(24)));
        assert_eq!((kerbauth.key_version, kerbauth.expires_at), (Some(3), None));
        assert_eq!(kerbauth.spns.len(), 2, "one SPN in two cases is one, and another class is kept");
        assert_eq!(account("gone"), Reading::Absent);
        let causes = ["denied", "half", "odd"].map(|name| account(name).cause().unwrap().to_string());
        assert_eq!(
            causes,
            [
                r"directory.json: CONTOSO\denied could not be read: access denied",
                r"directory.json: the entry of CONTOSO\half has no enabled",
                "directory.json: CONTOSO\\odd holds \"odd\", which cannot be taken: \
                 it is not a service principal name: class/host is needed"
            ]
        );
        let plain = account("plain").known().unwrap().clone();
        assert_eq!((plain.computer, plain.encryption, plain.spns.len()), (false, None, 1));
        assert!(directory.aes_keys_since.is_some());
    }

    #[test]
    fn holders_are_read_one_by_one() {
        let directory = directory();
        let holders = |host: &str| {
            let reading = directory.holders(&format!("http/{host}.contoso.com").parse().unwrap());
            reading.map(|all| all.iter().map(Principal::to_string).collect::<Vec<_>>())
        };
        assert_eq!(holders("pool01").known().unwrap(), &["CN=x,DC=y", r"CONTOSO\kerbauth"]);
        assert_eq!(holders("one").known().unwrap(), &[r"CONTOSO\one"]);
        assert!(holders("none").known().unwrap().is_empty());
        let cause = holders("denied").cause().unwrap().to_string();
        assert_eq!(cause, "directory.json: the holders of http/denied.contoso.com could not be looked for: timeout");
        let cause = holders("nameless").cause().unwrap().to_string();
        assert!(cause.ends_with("a holder has no name"), "{cause}");
        assert!(matches!(holders("other").cause(), Some(Cause::NotAsked { .. })));
    }

    #[test]
    fn what_a_complete_file_does_not_name_is_not_there() {
        let text = FILE.replacen('{', "{ \"complete\": true,", 1);
        let directory = read(&source("directory.json", &text)).unwrap();
        let other = directory.account(&r"CONTOSO\other".parse().unwrap());
        assert_eq!(other, Reading::Absent);
        let holders = |host: &str| directory.holders(&format!("http/{host}.contoso.com").parse().unwrap());
        assert_eq!(holders("other"), Reading::Known(BTreeSet::new()));
        assert!(holders("denied").cause().is_some(), "what could not be read stays so");
        let text = serde_json::to_string(&DirectoryFile::from(&directory)).unwrap();
        assert!(read(&source("directory.json", &text)).unwrap().complete);
    }

    #[test]
    fn a_directory_comes_back_as_it_was_written() {
        let mut directory = directory();
        directory.accounts.retain(|_, reading| reading.cause().is_none());
        directory.unreadable.clear();
        let text = serde_json::to_string(&DirectoryFile::from(&directory)).unwrap();
        assert_eq!(read(&source("directory.json", &text)), Ok(directory));
        let nothing = read(&source("directory.json", "{}"));
        assert_eq!(nothing, Ok(Directory::default()));
    }

    #[test]
    fn broken_files_say_where_and_why() {
        let check = |text: &str, why: &str| broken(&read(&source("directory.json", text)), why);
        check("[]", "directory.json:1:");
        check(r#"{"accounts":[{"name":"kerbauth"}]}"#, ":1:22: \"kerbauth\" cannot be taken: it has no domain");
        check(r#"{"accounts":[{"name":"A\\x","enabled":"yes"}]}"#, ":1:39: invalid type: string \"yes\"");
        check(r#"{"accounts":[{"name":"A\\x"},{"name":"a\\X"}]}"#, "a\\X stands here twice");
        check(r#"{"servicePrincipalNames":[{"spn":"x"}]}"#, ":1:34: \"x\" cannot be taken");
        check(r#"{"accounts":[{"name":"A\\x","keyVersion":-1}]}"#, "invalid value: integer `-1`");
        check(r#"{"accounts":[],"accounts":[]}"#, "duplicate field");
    }
}
