//! Diagnostics as SARIF 2.1.0 (OASIS): `cskerb validate --format sarif`, for code scanning and editors.
//!
//! Columns count characters (`unicodeCodePoints`), the end is the one after the last. Rules are those that the
//! results name, in the order of the catalogue.

use super::diagnostics::{Place, Severity};
use crate::codes::{Block, Code};
use crate::deployment::{self, Loaded, SourceText, Span};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use std::collections::BTreeSet;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A whole SARIF file.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Clone, Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Clone, Debug, Serialize)]
struct Configuration {
    level: Severity,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: Severity,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "these are SARIF's own names")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Clone, Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// A plain text message (§3.11.3).
#[derive(Clone, Debug, Serialize)]
struct Message {
    text: String,
}

impl Log {
    /// The diagnostics of these files, in their order.
    pub fn new(files: &[Loaded]) -> Self {
        let codes: BTreeSet<Code> = files.iter().flat_map(|file| &file.diagnostics).map(|found| found.code).collect();
        let codes: Vec<Code> = codes.into_iter().collect();
        let mut results = Vec::new();
        for file in files {
            let uri = uri(file.source.name(), std::path::MAIN_SEPARATOR);
            results.extend(file.diagnostics.iter().map(|found| Finding::new(found, &codes, &uri, &file.source)));
        }
        let driver = Driver {
            name: env!("CARGO_PKG_NAME"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules: codes.into_iter().map(Rule::new).collect(),
        };
        let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
        Self { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

impl Rule {
    fn new(code: Code) -> Self {
        let explanation = code.explanation();
        let mut paragraphs = explanation.what.iter().filter_map(|block| match block {
            Block::Paragraph(text) => Some(text.as_str()),
            Block::Fenced { .. } => None,
        });
        let what = paragraphs.next().unwrap_or_else(|| code.title());
        let why: Vec<&str> = paragraphs.collect();
        let more = format!("`cskerb explain {code}` shows a wrong and a right example.");
        Self {
            id: code.slug(),
            short_description: Message::new(code.title()),
            full_description: Message::new(what),
            help: Message::new(&format!("{what}\n\n{}\n\n{more}", why.join("\n\n"))),
            default_configuration: Configuration { level: code.severity().into() },
        }
    }
}

impl Finding {
    fn new(found: &deployment::Diagnostic, codes: &[Code], uri: &str, source: &SourceText) -> Self {
        let text = match &found.hint {
            Some(hint) => format!("{}\nhelp: {hint}", found.message),
            None => found.message.clone(),
        };
        let related = found.related.iter().enumerate().map(|(at, second)| Location {
            id: Some(at + 1),
            physical_location: PhysicalLocation::new(second.at, uri, source),
            message: Some(Message::new(&second.message)),
        });
        let here =
            Location { id: None, physical_location: PhysicalLocation::new(found.at, uri, source), message: None };
        Self {
            rule_id: found.code.slug(),
            // Every code that a result names is among the rules, in their order.
            rule_index: codes.partition_point(|code| *code < found.code),
            level: found.severity().into(),
            message: Message::new(&text),
            locations: [here],
            related_locations: related.collect(),
        }
    }
}

impl PhysicalLocation {
    fn new(at: Span, uri: &str, source: &SourceText) -> Self {
        let place = Place::new(at, source);
        let region = Region {
            start_line: place.line,
            start_column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
        };
        Self { artifact_location: ArtifactLocation { uri: uri.to_owned() }, region }
    }
}

impl Message {
    /// The text as it shall be read: braces are placeholders unless they are doubled (§3.11.5), and `[a](b)` is a link
    /// (§3.11.6), which no name of a file may make.
    fn new(text: &str) -> Self {
        Self { text: text.replace('{', "{{").replace('}', "}}").replace("](", "] (") }
    }
}

/// What a URI has besides letters and digits without a meaning of its own (RFC 3986), and the `/` between its parts.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The file as a URI: relative to where the program ran, or `file:` for an absolute path.
fn uri(file: &str, separator: char) -> String {
    let path = file.replace(separator, "/");
    let encode = |path: &str| utf8_percent_encode(path, PATH).to_string();
    let mut letters = path.chars();
    let drive = match (letters.next(), letters.next()) {
        (Some(letter), Some(':')) if separator == '\\' && letter.is_ascii_alphabetic() => Some(letter),
        _ => None,
    };
    match (drive, path.strip_prefix("//")) {
        (Some(letter), _) => format!("file:///{letter}:{}", encode(&path[2..])),
        (None, Some(share)) if separator == '\\' => format!("file://{}", encode(share)),
        _ if path.starts_with('/') => format!("file://{}", encode(&path)),
        _ => encode(path.strip_prefix("./").unwrap_or(&path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Stage;
    use serde_json::{Value as Json, json};

    const SCHEMA_TEXT: &str = include_str!("../../tests/schemas/sarif-schema-2.1.0.json");

    fn log(files: &[(&str, &str)]) -> Json {
        let files: Vec<Loaded> = files.iter().map(|(name, text)| deployment::load(name, text.as_bytes())).collect();
        serde_json::to_value(Log::new(&files)).unwrap()
    }

    #[test]
    fn a_diagnostic_has_its_region_its_rule_and_its_second_place() {
        let log = log(&[("a b.yaml", "version: 1\nsites: [{ name: Zürich }, { name: ZÜRICH }]\n")]);
        let place = |start: usize, end: usize| {
            json!({
                "artifactLocation": { "uri": "a%20b.yaml" },
                "region": { "startLine": 2, "startColumn": start, "endLine": 2, "endColumn": end },
            })
        };
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        assert_eq!(
            run["results"],
            json!([{
                "ruleId": "site-duplicate", "ruleIndex": 0, "level": "error",
                "message": { "text": "this site is declared already\nhelp: put the pools of both under one of them" },
                "locations": [{ "physicalLocation": place(35, 41) }],
                "relatedLocations": [{
                    "id": 1, "physicalLocation": place(17, 23), "message": { "text": "first declared here" },
                }],
            }])
        );
        let rule = &run["tool"]["driver"]["rules"][0];
        assert_eq!((&rule["id"], &rule["defaultConfiguration"]["level"]), (&json!("site-duplicate"), &json!("error")));
        assert_eq!(rule["shortDescription"]["text"], "A site is declared twice");
    }

    #[test]
    fn every_file_that_is_wrong_gives_a_log_that_fits_the_schema_and_names_its_rules() {
        // One pattern of the published schema is no regular expression: "...{2}]?$" closes a bracket that never opened.
        let text = SCHEMA_TEXT.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
        let schema = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let pages: Vec<(String, String)> = (Code::ALL.iter().filter(|code| code.stage() == Stage::File))
            .filter_map(|code| match code.explanation().wrong.first() {
                Some(Block::Fenced { language: "yaml", text }) => Some((format!("{code}.yaml"), text.clone())),
                _ => None,
            })
            .collect();
        assert!(pages.len() > 40);
        let files: Vec<(&str, &str)> = pages.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        for log in [log(&files), log(&[])] {
            let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
            for result in log["runs"][0]["results"].as_array().unwrap() {
                let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
                assert_eq!(rules[index]["id"], result["ruleId"]);
            }
        }
        assert!(!validator.is_valid(&json!({ "version": "2.1.0" })), "the schema does say no");
    }

    #[test]
    fn nothing_in_a_name_makes_a_placeholder_or_a_link() {
        let log = log(&[("x.yaml", "version: 1\nsites: [{ name: x, \"{0}[a](https://evil)\": 1 }]\n")]);
        let text = log["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
        assert!(text.contains("{{0}}[a] (https://evil)"), "{text}");
    }

    #[test]
    fn file_names_are_uris() {
        let check = |file: &str, separator: char, expected: &str| assert_eq!(uri(file, separator), expected, "{file}");
        check("examples/contoso/deployment.yaml", '/', "examples/contoso/deployment.yaml");
        check("./a b#c?d%.yaml", '/', "a%20b%23c%3Fd%25.yaml");
        check("../Zürich.yaml", '/', "../Z%C3%BCrich.yaml");
        check("a:b\\c.yaml", '/', "a%3Ab%5Cc.yaml"); // a scheme is never read into it
        check("/srv/[x].yaml", '/', "file:///srv/%5Bx%5D.yaml");
        check("sites\\contoso.yaml", '\\', "sites/contoso.yaml");
        check("C:\\lync\\a b.yaml", '\\', "file:///C:/lync/a%20b.yaml");
        check("\\\\share\\lync\\a.yaml", '\\', "file://share/lync/a.yaml");
        check("-", '/', "-");
    }
}
