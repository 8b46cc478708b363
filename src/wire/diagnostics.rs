//! Diagnostics of deployment files as JSON: `cskerb validate --format json`.

use crate::codes;
use crate::deployment::{self, Loaded, SourceText, Span};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

const FORMAT_VERSION: &str = "1.0";
const ID: &str = "urn:cskerb:schema:diagnostics:1.0";

/// What `cskerb validate` found in one or more deployment files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "cskerb diagnostics")]
pub struct Report {
    /// The version of this format: a reader of `1.0` reads every `1.x`.
    pub format_version: String,
    /// The diagnostics, file by file and in each in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Diagnostic {
    /// What it is about, in kebab-case; `cskerb explain CODE` tells more.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// The file as it was typed.
    pub file: String,
    /// Where in the file.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Other places that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The line, counted from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The column, counted from 1 in characters.
    #[schemars(range(min = 1))]
    pub column: usize,
    /// The line where it ends.
    #[schemars(range(min = 1))]
    pub end_line: usize,
    /// The column after its last character.
    #[schemars(range(min = 1))]
    pub end_column: usize,
}

/// A second place of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Related {
    /// The file, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is there.
    pub message: String,
}

/// How grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably not what is wanted; `allow` in the file silences it.
    Warning,
    /// Wrong: the file cannot be planned.
    Error,
}

impl Report {
    /// The diagnostics of these files, in their order.
    pub fn new<'a>(files: impl IntoIterator<Item = &'a Loaded>) -> Self {
        let of_file = |file: &'a Loaded| file.diagnostics.iter().map(|found| Diagnostic::new(found, &file.source));
        Self { format_version: FORMAT_VERSION.to_owned(), diagnostics: files.into_iter().flat_map(of_file).collect() }
    }
}

impl Diagnostic {
    fn new(found: &deployment::Diagnostic, source: &SourceText) -> Self {
        let related = found.related.iter().map(|second| Related {
            file: None,
            place: Place::new(second.at, source),
            message: second.message.clone(),
        });
        Self {
            code: found.code.slug().to_owned(),
            severity: found.severity().into(),
            file: source.name().to_owned(),
            place: Place::new(found.at, source),
            message: found.message.clone(),
            hint: found.hint.clone(),
            related: related.collect(),
        }
    }
}

impl Place {
    fn new(span: Span, source: &SourceText) -> Self {
        let (start, end) = (source.position(span.start), source.position(span.end));
        Self { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }
}

impl From<codes::Severity> for Severity {
    fn from(severity: codes::Severity) -> Self {
        match severity {
            codes::Severity::Note => Self::Note,
            codes::Severity::Warning => Self::Warning,
            codes::Severity::Error => Self::Error,
        }
    }
}

/// The JSON schema of [`Report`].
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Report>();
    schema.insert("$id".into(), json!(ID));
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    fn report(text: &str) -> Json {
        let loaded = crate::deployment::load("deployment.yaml", text.as_bytes());
        serde_json::to_value(Report::new([&loaded])).unwrap()
    }

    #[test]
    fn places_count_from_one_in_characters() {
        let found = report("version: 1\nsites: [{ name: Zürich }, { name: ZÜRICH }]\n");
        assert_eq!(
            found,
            json!({
                "formatVersion": "1.0",
                "diagnostics": [{
                    "code": "site-duplicate", "severity": "error", "file": "deployment.yaml",
                    "line": 2, "column": 35, "endLine": 2, "endColumn": 41,
                    "message": "this site is declared already",
                    "hint": "put the pools of both under one of them",
                    "related": [{ "line": 2, "column": 17, "endLine": 2, "endColumn": 23, "message": "first declared here" }],
                }],
            })
        );
    }

    #[test]
    fn every_report_fits_its_schema_and_is_read_back() {
        let validator = jsonschema::validator_for(&schema().to_value()).unwrap();
        for text in ["", "version: 1\nsites: []\n", "version: 2\nsites: [{ nam: x }]\n", "\t:", "a: 1\na: 2\n"] {
            let json = report(text);
            let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{text:?} {errors:?}");
            let read: Report = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), json);
        }
        assert!(!validator.is_valid(&json!({ "formatVersion": "1.0" })));
    }
}
