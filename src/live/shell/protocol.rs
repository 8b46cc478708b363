//! The lines that go between this program and the script.
//!
//! Everything is ASCII. Requests are JSON, one a line, each text with `=` before it. A reply's line begins with the
//! process's own marker, a random word that was given to the script when it began, and a blank; whatever else stands
//! on the standard output is stray. Every reply line has an empty line before it, so that what was written without a
//! line end does not hide it.

#[cfg(test)]
use super::Manner;
use super::{Call, CallFailure, Category, Effect, Ended, ErrorRecord, Place, Reply, Report};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// The version of the protocol; the script says the same, or nothing is called.
pub const PROTOCOL: u32 = 1;

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Its number; the reply has the same.
    pub id: u64,
    /// The cmdlet, program or function.
    pub call: String,
    /// Its arguments, each text with `=` before it.
    pub arguments: Map<String, Value>,
    /// The file name of the report that it shall write, with `=` before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

impl Request {
    /// The request of that call.
    pub fn new(id: u64, call: &Call) -> Self {
        let report = call.report().map(|name| format!("={name}"));
        Self { id, call: call.name().to_owned(), arguments: call.arguments(), report }
    }

    /// The request's line, in ASCII.
    pub fn line(&self) -> String {
        // The order is fixed: the script knows a request to connect by how it begins.
        let mut line = Map::new();
        line.insert("id".to_owned(), self.id.into());
        line.insert("call".to_owned(), self.call.as_str().into());
        line.insert("arguments".to_owned(), Value::Object(self.arguments.clone()));
        line.extend(self.report.as_ref().map(|report| ("report".to_owned(), report.as_str().into())));
        ascii(&Value::Object(line).to_string())
    }
}

/// The line that asks for a session on another computer: its names, to be tried in turn.
pub(super) fn connect(id: u64, addresses: &[String], credential: Option<&Path>) -> String {
    let mut arguments = Map::new();
    arguments.insert("Address".to_owned(), addresses.iter().map(|address| format!("={address}")).collect());
    if let Some(file) = credential {
        arguments.insert("CredentialFile".to_owned(), format!("={}", file.display()).into());
    }
    Request { id, call: "connect".to_owned(), arguments, report: None }.line()
}

/// What the script says when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Its protocol.
    pub protocol: u32,
    /// `$PSVersionTable.PSVersion`.
    pub power_shell: String,
    /// The machine's FQDN.
    pub fqdn: String,
    /// The process.
    pub process: u32,
}

/// A reply as the script writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplyLine {
    pub(super) id: u64,
    pub(super) ended: EndedLine,
    #[serde(default)]
    pub(super) output: Value,
    #[serde(default)]
    pub(super) errors: Vec<ErrorLine>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
    #[serde(default)]
    pub(super) remarks: Vec<String>,
    /// The report's bytes in Base64.
    #[serde(default)]
    pub(super) report: Option<String>,
    #[serde(default)]
    pub(super) report_missing: Option<String>,
    pub(super) milliseconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum EndedLine {
    Completed,
    Threw,
    /// The script called nothing.
    Refused,
    /// The place could not be reached; nothing was called.
    Unreachable,
    /// The session broke off meanwhile.
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorLine {
    pub(super) id: String,
    pub(super) category: String,
    pub(super) message: String,
    #[serde(default)]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) exception: Option<String>,
    #[serde(default)]
    pub(super) hresult: Option<u32>,
}

impl ReplyLine {
    /// What it says of that call, made at that place; `effect` is what it may have
    /// done where it has no answer.
    pub(super) fn understood(self, call: &Call, at: &Place, from: &str, effect: Effect) -> Result<Reply, CallFailure> {
        let errors: Vec<ErrorRecord> = self.errors.into_iter().map(ErrorRecord::from).collect();
        let ended = match self.ended {
            EndedLine::Completed => Ended::Completed,
            EndedLine::Threw => Ended::Threw,
            EndedLine::Refused => {
                let why =
                    errors.first().map_or_else(|| "it does not say why".to_owned(), |error| error.message.clone());
                return Err(CallFailure::Refused { call: call.name().to_owned(), why });
            }
            EndedLine::Lost => {
                let why =
                    errors.last().map_or_else(|| "the session broke off".to_owned(), |error| error.message.clone());
                return Err(CallFailure::Lost { call: call.name().to_owned(), why, effect });
            }
            EndedLine::Unreachable => return Err(unreachable(at, from, errors.last())),
        };
        let report = match (self.report, self.report_missing) {
            (Some(bytes), _) => Some(match BASE64.decode(bytes) {
                Ok(bytes) => Report::Written(bytes),
                Err(error) => Report::Missing(format!("it did not arrive whole: {error}")),
            }),
            (None, missing) => missing.map(Report::Missing),
        };
        Ok(Reply {
            ended,
            output: self.output,
            errors,
            warnings: self.warnings,
            remarks: self.remarks,
            report,
            took: Duration::from_millis(self.milliseconds),
            stray: Vec::new(),
        })
    }
}

fn unreachable(at: &Place, from: &str, error: Option<&ErrorRecord>) -> CallFailure {
    let (id, why) = match error {
        Some(error) => (error.id.clone(), error.message.clone()),
        None => ("Unreachable".to_owned(), "it does not say why".to_owned()),
    };
    let code = error.and_then(|error| error.hresult);
    CallFailure::Unreachable { place: at.to_string().into(), from: from.into(), id, why, code, hint: None }
}

impl From<ErrorLine> for ErrorRecord {
    fn from(line: ErrorLine) -> Self {
        let ErrorLine { id, category, message, target, exception, hresult } = line;
        Self { id, category: Category::from_name(&category), message, target, exception, hresult }
    }
}

/// JSON text in ASCII: what is not ASCII can only stand in its strings, and is written `\uXXXX` there.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_of_ascii_with_marked_texts() {
        let call = Call::RemoveAssignment { site: "Z\u{fc}rich \u{1d4b3}".parse().unwrap(), manner: Manner::Really };
        let line = Request::new(7, &call).line();
        assert_eq!(
            line,
            r#"{"id":7,"call":"Remove-CsKerberosAccountAssignment","arguments":{"Identity":"=site:Z\u00fcrich \ud835\udcb3","Confirm":false}}"#
        );
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), Request::new(7, &call));
    }
}
