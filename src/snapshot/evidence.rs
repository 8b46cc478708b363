//! `replication.json` and `operator.json`: under which circumstances a folder was collected. No plan reads them.
//!
//! ```json
//! [{ "replica": "fe01.contoso.com", "upToDate": true }]
//! { "user": "CONTOSO\\alice", "groups": [{ "sid": "S-1-5-21-1-2-3-512", "name": "CONTOSO\\Domain Admins" }] }
//! ```

use serde::{Deserialize, Serialize};

/// Whether one replica of the Central Management Store has the last published data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replica {
    /// Its FQDN, as the cmdlet says it.
    pub replica: String,
    /// Whether it has them.
    pub up_to_date: bool,
}

/// Who collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// `DOMAIN\name`.
    pub user: String,
    /// The groups of the operator's token.
    pub groups: Vec<Group>,
}

/// A group of the operator's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its SID, which is the same in every language.
    pub sid: String,
    /// `DOMAIN\name`, where the SID has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
