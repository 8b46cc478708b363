//! The status as JSON: `cskerb status --format json`.

#[cfg(test)]
mod tests;
mod write;

use super::plan::{Deployment, LocationChange, Observed, Unreadable};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

const FORMAT_VERSION: &str = "1.0";
const ID: &str = "urn:cskerb:schema:status:1.0";

/// All three layers by site, pool and server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "cskerb status")]
pub struct Status {
    /// The version of this format: a reader of `1.0` reads every `1.x`.
    pub format_version: String,
    /// The program that made it, with its version.
    pub tool: String,
    /// The deployment file.
    pub deployment: Deployment,
    /// What was observed.
    pub observed: Observed,
    /// The layers that could not be read at all.
    pub unreadable: Vec<Unreadable>,
    /// The accounts in Active Directory, by name.
    pub accounts: Vec<Account>,
    /// The sites, the declared ones first and in their order.
    pub sites: Vec<Site>,
}

/// One account in Active Directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// `DOMAIN\name`.
    pub name: String,
    /// Whether it can be used.
    pub state: AccountState,
    /// Why nothing is known of it; only where it is unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When it expires or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When its password was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_set_at: Option<String>,
    /// The number of its key (`msDS-KeyVersionNumber`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_version: Option<u32>,
    /// The encryption types it allows; left out where they are unset or were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Vec<EncryptionType>>,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// It can.
    Usable,
    /// It is disabled.
    Disabled,
    /// It expired.
    Expired,
    /// It is not a computer account.
    NotComputer,
    /// There is no such account.
    Missing,
    /// It could not be read.
    Unreadable,
}

/// An encryption type of `msDS-SupportedEncryptionTypes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptionType {
    /// DES.
    Des,
    /// RC4.
    Rc4,
    /// AES with 128 bits.
    Aes128,
    /// AES with 256 bits.
    Aes256,
}

/// On which side something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It is declared and published.
    Both,
    /// It is declared and not published there.
    OnlyDeclared,
    /// It is published and not declared.
    OnlyPublished,
    /// It is declared; the topology could not be read.
    Unreadable,
}

/// One site: its account in the Central Management Store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Site {
    /// Its name.
    pub site: String,
    /// Where it stands.
    pub presence: Presence,
    /// What the file says of its account.
    pub declared: Declared,
    /// The account that it has.
    pub assigned: Assigned,
    /// Its pools with Web Services.
    pub pools: Vec<Pool>,
}

/// What the file says of a site's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Declared {
    /// Nothing: it is not managed.
    Unmanaged {},
    /// It shall have none.
    None {},
    /// This one.
    Account {
        /// `DOMAIN\name`.
        account: String,
    },
}

/// The account that a site has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Assigned {
    /// This one.
    Account {
        /// `DOMAIN\name`.
        account: String,
    },
    /// None.
    None {},
    /// It could not be read.
    Unreadable {
        /// Why.
        cause: String,
    },
}

/// One pool with Web Services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pool {
    /// Its FQDN.
    pub pool: String,
    /// Where it stands.
    pub presence: Presence,
    /// How its Web Services authenticate clients: `Negotiate`, `NTLM` or `None`; left out where that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_windows_auth: Option<String>,
    /// Its SPNs.
    pub spns: Vec<Spn>,
    /// Its servers, the declared ones first and in their order.
    pub servers: Vec<Server>,
}

/// One SPN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spn {
    /// `class/host`.
    pub spn: String,
    /// The account that shall hold it; null where nobody shall.
    pub account: Option<String>,
    /// Everybody who holds it; null where that could not be read.
    pub holders: Option<Vec<String>>,
    /// Why that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whether the account that shall hold it does, and nobody else.
    pub in_place: bool,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// Its FQDN.
    pub server: String,
    /// Where it stands.
    pub presence: Presence,
    /// Its Kerberos configuration with regard to its site's account; null where there is none.
    pub kerberos: Option<Kerberos>,
    /// Its IIS settings; null where the file declares none.
    pub iis: Option<Iis>,
}

/// A server's Kerberos configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kerberos {
    /// How it is.
    pub state: KerberosState,
    /// Who said something of it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Witness>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Why it is so, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a server's Kerberos configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KerberosState {
    /// It uses the account, with the password that Active Directory has.
    Valid,
    /// It does not.
    Invalid,
    /// Nobody gave it the account: its site does not have it, or there is no such account.
    NotGiven,
    /// Nothing can be said.
    Unknown,
}

/// Who says something of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// Test-CsKerberosAccountAssignment.
    Test,
    /// A fresh service ticket.
    Ticket,
    /// The lab.
    Lab,
}

/// A server's IIS settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Iis {
    /// They were read.
    Read {
        /// The declared locations that are as declared.
        as_declared: Vec<String>,
        /// Those where settings differ.
        differing: Vec<LocationChange>,
        /// Those that the server does not have.
        missing: Vec<String>,
        /// Those that could not be read.
        unreadable: Vec<UnreadableLocation>,
    },
    /// They could not be read.
    Unreadable {
        /// Why.
        cause: String,
    },
}

/// A location that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnreadableLocation {
    /// The location.
    pub location: String,
    /// Why.
    pub cause: String,
}

impl Status {
    /// The JSON text, with a line break at its end.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// The JSON schema of [`Status`].
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Status>();
    schema.insert("$id".into(), json!(ID));
    schema
}
