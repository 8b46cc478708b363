//! `lab.json`: what the simulated systems know, whole. Everything else in a lab that changes is made from it.
//!
//! ```json
//! { "formatVersion": "1.0", "now": "2026-05-30T20:00:07Z", "nextKey": 2,
//!   "rights": { "domainAdmins": true, "rtcUniversalServerAdmins": true, "setupDelegated": false },
//!   "assignments": { "Redmond": "CONTOSO\\kerbauth" },
//!   "accounts": { "CONTOSO\\kerbauth": { "computer": true, "enabled": true, "keyVersion": 2, "key": 1, ... },
//!                 "CONTOSO\\gone": null },
//!   "servers": { "fe01.contoso.com": { "holds": { "account": "CONTOSO\\kerbauth", "key": 1 } } }, ... }
//! ```
//! A key is a number, never a secret: each password that was ever set in the lab has its own. So two passwords are the
//! same where their numbers are, even of an account that was deleted and made again, whose key version begins anew.

mod text;

use crate::model::{AccountName, Principal, ServerFqdn, SiteName, Spn};
use crate::snapshot::description::FormatVersion;
use crate::snapshot::kerberos::KerberosFile;
use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the schema of this format.
const ID: &str = "urn:cskerb:schema:lab:1.0";

/// The JSON schema of [`Memory`].
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Memory>();
    schema.insert("$id".into(), json!(ID));
    schema
}

/// What a lab knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Memory {
    /// The version of this file's format.
    #[serde(with = "text::one")]
    #[schemars(with = "String")]
    pub format_version: FormatVersion,
    /// The lab's clock (RFC 3339).
    #[serde(with = "text::one")]
    #[schemars(with = "String")]
    pub now: Timestamp,
    /// The product that `snapshot.json` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// What the person who works here may do.
    pub rights: Rights,
    /// The signature of the topology that was enabled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_topology: Option<String>,
    /// A topology that is going to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<Publication>,
    /// The account of each site that has one.
    #[serde(with = "text::both")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub assignments: BTreeMap<SiteName, AccountName>,
    /// The accounts; `null` where there was one, or one was looked for, and there is none.
    #[serde(with = "text::keys")]
    #[schemars(with = "BTreeMap<String, Option<AccountObject>>")]
    pub accounts: BTreeMap<AccountName, Option<AccountObject>>,
    /// SPNs that others in the forest hold.
    #[serde(default, with = "text::holders")]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub other_holders: BTreeMap<Spn, BTreeSet<Principal>>,
    /// Since when the domain makes AES keys.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub aes_keys_since: Option<Timestamp>,
    /// The number of the password that is set next.
    pub next_key: u64,
    /// The servers that run Web Services.
    #[serde(with = "text::keys")]
    #[schemars(with = "BTreeMap<String, ServerMemory>")]
    pub servers: BTreeMap<ServerFqdn, ServerMemory>,
    /// The account whose next rotation breaks off between IIS and Active Directory.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub rotation_breaks_off: Option<AccountName>,
}

/// What the person who works in the lab may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rights {
    /// Domain Admins: creates accounts, sets SPNs, enables the topology.
    pub domain_admins: bool,
    /// RTCUniversalServerAdmins: every Kerberos cmdlet needs it.
    pub rtc_universal_server_admins: bool,
    /// Setup was delegated (Grant-CsSetupPermission): Enable-CsTopology without Domain Admins.
    pub setup_delegated: bool,
}

impl Rights {
    /// Whoever may do everything without delegation.
    pub const ALL: Self = Self { domain_admins: true, rtc_universal_server_admins: true, setup_delegated: false };
}

/// A topology that is going to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publication {
    /// With which call of a cmdlet from now: 1 is the next.
    pub calls: u32,
    /// Its signature.
    pub signature: String,
}

/// An account object of Active Directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountObject {
    /// Whether it is a computer object.
    pub computer: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it expires, if ever.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// The SPNs it holds.
    #[serde(with = "text::set")]
    #[schemars(with = "Vec<String>")]
    pub service_principal_names: BTreeSet<Spn>,
    /// `msDS-SupportedEncryptionTypes`; null where it is unset.
    #[serde(default)]
    pub supported_encryption_types: Option<u32>,
    /// When its password was set; left out where it never was.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub password_set_at: Option<Timestamp>,
    /// `msDS-KeyVersionNumber`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_version: Option<u32>,
    /// The number of its password.
    pub key: u64,
    /// A domain controller that has older data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Behind>,
}

/// A domain controller that has not yet got what another one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Behind {
    /// The key version that it has.
    pub key_version: u32,
    /// After how many looks at the account it has caught up.
    pub calls: u32,
}

/// What a server holds, and how it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerMemory {
    /// The account and password that its IIS is configured with; left out where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Held>,
    /// What a test said of it last; left out where it was never tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<KerberosFile>,
    /// Left out where it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Down>,
    /// How many milliseconds it takes to answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slow: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An account and one of its passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// The account.
    #[serde(with = "text::one")]
    #[schemars(with = "String")]
    pub account: AccountName,
    /// The number of the password.
    pub key: u64,
}

/// A server that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Down {
    /// Until somebody mends it.
    ForGood,
    /// For so many calls that need it.
    Calls(u32),
}

impl Memory {
    /// A lab in which there is nothing yet.
    pub(super) fn empty(now: Timestamp) -> Self {
        Self {
            format_version: FormatVersion::CURRENT,
            now,
            product: None,
            rights: Rights::ALL,
            enabled_topology: None,
            publication: None,
            assignments: BTreeMap::new(),
            accounts: BTreeMap::new(),
            other_holders: BTreeMap::new(),
            aes_keys_since: None,
            next_key: 1,
            servers: BTreeMap::new(),
            rotation_breaks_off: None,
        }
    }

    /// The account object, where there is one.
    pub fn account(&self, name: &AccountName) -> Option<&AccountObject> {
        self.accounts.get(name).and_then(Option::as_ref)
    }

    pub(super) fn account_mut(&mut self, name: &AccountName) -> Option<&mut AccountObject> {
        self.accounts.get_mut(name).and_then(Option::as_mut)
    }

    /// Everybody in the forest who holds the SPN.
    pub fn holders(&self, spn: &Spn) -> BTreeSet<Principal> {
        let mut holders = self.other_holders.get(spn).cloned().unwrap_or_default();
        for (name, object) in &self.accounts {
            if object.as_ref().is_some_and(|object| object.service_principal_names.contains(spn)) {
                holders.insert(Principal::from(name));
            }
        }
        holders
    }

    /// The number of a password that nobody had before.
    pub(super) fn new_key(&mut self) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        key
    }
}

impl AccountObject {
    /// Whether a service ticket for it can be had at that time.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.computer && self.enabled && self.expires_at.is_none_or(|at| at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_comes_back_as_it_was_written() {
        let mut memory = Memory::empty("2026-05-30T20:00:00Z".parse().unwrap());
        let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
        let held = Held { account: account.clone(), key: 1 };
        memory.assignments.insert("Redmond".parse().unwrap(), account.clone());
        memory.accounts.insert(r"CONTOSO\gone".parse().unwrap(), None);
        memory.accounts.insert(
            account,
            Some(AccountObject {
                computer: true,
                enabled: true,
                expires_at: None,
                service_principal_names: BTreeSet::from(["http/pool01.contoso.com".parse().unwrap()]),
                supported_encryption_types: Some(24),
                password_set_at: Some(memory.now),
                key_version: Some(2),
                key: 1,
                behind: Some(Behind { key_version: 1, calls: 3 }),
            }),
        );
        memory.other_holders.insert("http/x.contoso.com".parse().unwrap(), BTreeSet::from([Principal::new("CN=x")]));
        let down = ServerMemory { holds: Some(held), down: Some(Down::Calls(2)), slow: 5, reading: None };
        memory.servers.insert("fe01.contoso.com".parse().unwrap(), down);
        memory.publication = Some(Publication { calls: 1, signature: "s".to_owned() });
        let text = serde_json::to_string_pretty(&memory).unwrap();
        assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory, "{text}");
    }

    #[test]
    fn what_is_no_memory_is_refused() {
        let text = serde_json::to_string(&Memory::empty(Timestamp::UNIX_EPOCH)).unwrap();
        let check = |from: &str, to: &str, why: &str| {
            let odd = text.replace(from, to);
            assert_ne!(odd, text);
            let error = serde_json::from_str::<Memory>(&odd).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        check("\"nextKey\"", "\"next\"", "unknown field `next`");
        check("\"1970-01-01T00:00:00Z\"", "\"once\"", "\"once\" cannot be taken");
        check("\"servers\":{}", "\"servers\":{\"fe01\":{}}", "\"fe01\" cannot be taken: it has no domain part");
        check("\"servers\":{}", "\"servers\":{\"a.b\":{},\"A.B\":{}}", "A.B stands here twice");
    }
}
