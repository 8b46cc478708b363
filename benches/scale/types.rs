//! The types of a deployment file as plain serde would read them: no places, no rules, and the first mistake ends it.

#![expect(dead_code, reason = "they are only read into")]

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document {
    version: i64,
    product: Option<String>,
    #[serde(default)]
    accounts: Vec<Account>,
    pub(crate) sites: Vec<Site>,
    #[serde(default)]
    iis: Vec<Location>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Account {
    name: String,
    container: Option<String>,
    encryption: Option<Vec<String>>,
    max_password_age: Option<String>,
}

/// A site.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Site {
    name: String,
    kind: Option<String>,
    account: Option<String>,
    source: Option<String>,
    #[serde(default)]
    pools: Vec<Pool>,
    #[serde(default)]
    iis: Vec<Location>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pool {
    fqdn: String,
    role: String,
    product: Option<String>,
    #[serde(default)]
    servers: Vec<Server>,
    #[serde(default)]
    iis: Vec<Location>,
}

#[derive(Debug)]
enum Server {
    Fqdn(String),
    Settings(Settings),
}

/// By hand: serde's untagged enums copy everything first.
impl<'de> Deserialize<'de> for Server {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Server;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a server")
            }

            fn visit_str<E>(self, fqdn: &str) -> Result<Server, E> {
                Ok(Server::Fqdn(fqdn.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Server, A::Error> {
                Settings::deserialize(MapAccessDeserializer::new(map)).map(Server::Settings)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    fqdn: String,
    #[serde(default)]
    iis: Vec<Location>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Location {
    location: String,
    windows_authentication: Authentication,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Authentication {
    enabled: Option<bool>,
    use_kernel_mode: Option<bool>,
    use_app_pool_credentials: Option<bool>,
    providers: Option<Vec<String>>,
    extended_protection: Option<String>,
}
