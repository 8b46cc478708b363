//! `servers/<fqdn>/kerberos.json`: what a test or a ticket said of that server.
//!
//! ```json
//! { "status": "invalid", "account": "CONTOSO\\kerbauth", "by": "test", "at": "2026-05-30T20:00:00Z",
//!   "detail": "InvalidKerberosConfiguration" }
//! ```
//! `status` is `valid`, `invalid` or `unknown`; `by` is `test`, `ticket` or `lab`. `account` and `detail` may be left
//! out. Where there is no such file the server was never tested.

use super::json;
use super::place::Source;
use crate::model::{AccountName, Caseless, Cause, KerberosReading, Verdict, Witness};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The content of `kerberos.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KerberosFile {
    /// What was said.
    pub status: Status,
    /// The account it was about.
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub account: Option<AccountName>,
    /// Who said so.
    pub by: By,
    /// When (RFC 3339).
    #[serde(with = "json::name")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// In its own words, where it had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// [`Verdict`] as the file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It uses the account, with the password that Active Directory has.
    Valid,
    /// It does not.
    Invalid,
    /// The test could not say.
    Unknown,
}

/// [`Witness`] as the file writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Test-CsKerberosAccountAssignment.
    Test,
    /// A fresh service ticket presented to the server.
    Ticket,
    /// The lab.
    Lab,
}

impl From<&KerberosReading> for KerberosFile {
    fn from(reading: &KerberosReading) -> Self {
        Self {
            status: match reading.verdict {
                Verdict::Valid => Status::Valid,
                Verdict::Invalid => Status::Invalid,
                Verdict::Unknown => Status::Unknown,
            },
            account: reading.account.clone(),
            by: match reading.by {
                Witness::Test => By::Test,
                Witness::Ticket => By::Ticket,
                Witness::Lab => By::Lab,
            },
            at: reading.at,
            detail: reading.detail.as_ref().map(|detail| detail.as_str().to_owned()),
        }
    }
}

impl From<KerberosFile> for KerberosReading {
    fn from(file: KerberosFile) -> Self {
        Self {
            verdict: match file.status {
                Status::Valid => Verdict::Valid,
                Status::Invalid => Verdict::Invalid,
                Status::Unknown => Verdict::Unknown,
            },
            account: file.account,
            by: match file.by {
                By::Test => Witness::Test,
                By::Ticket => Witness::Ticket,
                By::Lab => Witness::Lab,
            },
            at: file.at,
            detail: file.detail.as_deref().map(Caseless::from),
        }
    }
}

pub(super) fn read(source: &Source) -> Result<KerberosReading, Cause> {
    json::parse_object::<KerberosFile>(source).map(KerberosReading::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::{broken, source};

    #[test]
    fn a_reading_comes_back_as_it_was_written() {
        for (verdict, by) in
            [(Verdict::Valid, Witness::Test), (Verdict::Invalid, Witness::Ticket), (Verdict::Unknown, Witness::Lab)]
        {
            let reading = KerberosReading {
                verdict,
                account: Some(r"CONTOSO\kerbauth".parse().unwrap()),
                by,
                at: "2026-05-30T20:00:00Z".parse().unwrap(),
                detail: Some(Caseless::from("said so")),
            };
            let text = serde_json::to_string(&KerberosFile::from(&reading)).unwrap();
            assert_eq!(read(&source("kerberos.json", &text)), Ok(reading));
        }
    }

    #[test]
    fn what_may_be_left_out() {
        let text = r#"{"status":"unknown","account":null,"by":"test","at":"2026-05-30T22:00:00+02:00","more":[]}"#;
        let reading = read(&source("kerberos.json", text)).unwrap();
        assert_eq!((reading.account, reading.detail), (None, None));
        assert_eq!(reading.at, "2026-05-30T20:00:00Z".parse().unwrap());
    }

    #[test]
    fn broken_files_say_where_and_why() {
        let check = |text: &str, why: &str| broken(&read(&source("servers/a.b/kerberos.json", text)), why);
        check(r#"{"status":"OK","by":"test","at":"2026-05-30T20:00:00Z"}"#, "kerberos.json:1:11: unknown variant `OK`");
        check(r#"{"status":"valid","by":"me","at":"2026-05-30T20:00:00Z"}"#, "unknown variant `me`");
        check(r#"{"status":"valid","by":"test"}"#, "missing field `at`");
        check(r#"{"status":"valid","by":"test","at":"yesterday"}"#, ":1:36: \"yesterday\" cannot be taken");
        check(r#"{"status":"valid","by":"test","at":"2026-05-30T20:00:00Z","account":"kerbauth"}"#, "it has no domain");
        check("[]", "kerberos.json:1:");
    }
}
