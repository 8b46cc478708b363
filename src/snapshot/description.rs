//! `snapshot.json`: what this folder is, and when it was made.
//!
//! ```json
//! { "formatVersion": "1.0", "collectedAt": "2026-05-30T20:00:00Z", "product": "sfb-2019", "tool": "cskerb 0.1.0",
//!   "askedFor": { "sites": ["Redmond"], "servers": ["fe01.contoso.com"] },
//!   "unread": [{ "file": "servers/fe02.contoso.com/applicationHost.config", "why": "access is denied" }] }
//! ```
//! `formatVersion` and `collectedAt` must be there. `unread` names each file that the collector wanted to write and could
//! not, with the cause: the reading is unreadable for that cause, even where the file is left from an earlier
//! collection. A reader of version 1.0 reads any 1.x, whose additions it may
//! ignore, and refuses 2.0 and later.

use super::json;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The content of `snapshot.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescriptionFile {
    /// The version of the format of the whole folder.
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub format_version: FormatVersion,
    /// When the systems were read (RFC 3339): "now" for a plan.
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub collected_at: Timestamp,
    /// The product, as the deployment file names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The program that made the folder, and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What was asked for; all there is where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<AskedFor>,
    /// What was asked for and could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

/// A file of the snapshot that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// Its path relative to the folder, with `/`.
    pub file: String,
    /// Why, in words.
    pub why: String,
}

/// What a collector was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AskedFor {
    /// Names of sites.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "json::texts")]
    pub sites: Vec<String>,
    /// FQDNs of servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "json::texts")]
    pub servers: Vec<String>,
    /// Accounts, `DOMAIN\name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "json::texts")]
    pub accounts: Vec<String>,
    /// Service principal names whose holders were looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "json::texts")]
    pub service_principal_names: Vec<String>,
}

/// `major.minor` of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion {
    /// Moves when a reader of the former version would misread.
    pub major: u32,
    /// Moves when something is added that a reader of the former version may ignore.
    pub minor: u32,
}

impl FormatVersion {
    /// The version that this program writes.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };

    /// Whether this program would misread it.
    pub fn is_of_the_future(self) -> bool {
        self.major > Self::CURRENT.major
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no [`FormatVersion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is not a format version such as 1.0")]
pub struct NoFormatVersion;

impl FromStr for FormatVersion {
    type Err = NoFormatVersion;

    fn from_str(text: &str) -> Result<Self, NoFormatVersion> {
        let (major, minor) = text.split_once('.').ok_or(NoFormatVersion)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| NoFormatVersion);
        match (number(major)?, number(minor)?) {
            (0, _) => Err(NoFormatVersion),
            (major, minor) => Ok(Self { major, minor }),
        }
    }
}

/// Only the version: it is looked at first, since the rest of a later format may look different.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionOnly {
    #[serde(with = "json::name")]
    pub(super) format_version: FormatVersion,
}
