//! The tree against the schema: every structural problem at once, each at its place and in our own words.

use super::scalar::boolean_word;
use super::schema::COMPILED;
use super::suggest::did_you_mean;
use super::tree::{Key, Node, Soundness, Step, Style, Value};
use super::wanted::{Wanted, described, listed};
use super::{Diagnostic, Span};
use crate::codes::Code;
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashSet};

/// Checks the tree of that text, and marks what is unsound in it.
pub(crate) fn check(root: &mut Node<'_>, text: &str) -> Vec<Diagnostic> {
    let json = root.to_json();
    let (validator, schema) = &*COMPILED;
    let mut problems = Problems { root, text, schema, found: Vec::new(), unsound: Vec::new(), lacking: Vec::new() };
    let errors: Vec<ValidationError<'_>> = validator.iter_errors(&json).collect();
    problems.group(&errors);
    let Problems { found, unsound, lacking, .. } = problems;
    for path in unsound {
        root.spoil(&path);
    }
    for path in lacking {
        root.make_partial(&path);
    }
    found
}

struct Problems<'a> {
    root: &'a Node<'a>,
    text: &'a str,
    schema: &'a Json,
    found: Vec<Diagnostic>,
    unsound: Vec<Vec<Step>>,
    lacking: Vec<Vec<Step>>,
}

/// A node of the tree that a schema error speaks of.
struct Subject<'a> {
    path: Vec<Step>,
    node: &'a Node<'a>,
    /// The key that leads to it, or to the list it is in.
    key: Option<&'a Key<'a>>,
}

impl Subject<'_> {
    fn name(&self) -> String {
        match (self.path.last(), self.key) {
            (Some(Step::Key(_)), Some(key)) => format!("`{}`", key.text),
            (Some(Step::Index(_)), Some(key)) => format!("this entry of `{}`", key.text),
            _ => "the file".into(),
        }
    }

    /// The place of its key, or its own where it is an entry of a list or the whole file.
    fn place(&self) -> Span {
        match (self.path.last(), self.key) {
            (Some(Step::Key(_)), Some(key)) => key.at,
            _ => self.node.at,
        }
    }
}

impl<'a> Problems<'a> {
    /// Takes the errors of one node together: a wrong type makes its other errors meaningless.
    fn group(&mut self, errors: &[ValidationError<'_>]) {
        let mut by_path: BTreeMap<&str, Vec<&ValidationError<'_>>> = BTreeMap::new();
        for error in errors {
            by_path.entry(error.instance_path().as_str()).or_default().push(error);
        }
        for errors in by_path.into_values() {
            let Some(subject) = errors.first().and_then(|first| self.subject(first.instance_path())) else { continue };
            if subject.path == [Step::Key("version".into())] {
                self.version(&subject);
                continue;
            }
            let wrong_type = errors.iter().any(|error| matches!(error.kind(), Kind::Type { .. }));
            if wrong_type {
                self.wrong_type(&subject, &Wanted::of(errors.iter().copied()));
                continue;
            }
            for error in errors {
                self.error(error, &subject);
            }
        }
    }

    /// The node at that place; `None` where it or something above it was reported already.
    fn subject(&self, location: &Location) -> Option<Subject<'a>> {
        let mut subject = Subject { path: Vec::new(), node: self.root, key: None };
        for segment in location.segments() {
            let step = match (&subject.node.value, segment) {
                (Value::List(_), LocationSegment::Index(index)) => Step::Index(index),
                (_, segment) => Step::Key(segment.to_string()),
            };
            let (key, node) = subject.node.child(&step)?;
            subject.key = key.or(subject.key);
            subject.node = node;
            subject.path.push(step);
            if node.soundness == Soundness::Unsound {
                return None;
            }
        }
        Some(subject)
    }

    fn error(&mut self, error: &ValidationError<'_>, subject: &Subject<'a>) {
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => self.unknown_keys(error, subject, unexpected),
            Kind::Required { property } => self.missing(error, subject, property.as_str().unwrap_or_default()),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.alternatives(subject, context),
            Kind::Enum { .. } | Kind::Constant { .. } => self.wrong_type(subject, &Wanted::of([error])),
            Kind::Minimum { limit } => self.out_of_range(subject, &format!("is below {limit}, the least it may be")),
            Kind::Maximum { limit } => self.out_of_range(subject, &format!("is above {limit}, the most it may be")),
            // No other keyword stands in the schema; a new one is still reported, and named.
            other => self.out_of_range(subject, &format!("breaks the rule `{}` of the format", other.keyword())),
        }
    }

    fn unsound(&mut self, subject: &Subject<'_>, diagnostic: Diagnostic) {
        self.unsound.push(subject.path.clone());
        self.found.push(diagnostic);
    }

    fn unknown_keys(&mut self, error: &ValidationError<'_>, subject: &Subject<'a>, unexpected: &[String]) {
        let known = self.properties(error.schema_path()).into_iter().flatten();
        let known: Vec<&str> = known.map(|(key, _)| key.as_str()).collect();
        let unexpected: HashSet<&str> = unexpected.iter().map(String::as_str).collect();
        let Value::Mapping(entries) = &subject.node.value else { return };
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| unexpected.contains(&*entry.key.text)) {
            let (key, name) = (&entry.key, &*entry.key.text);
            let hint = match name {
                "<<" => "YAML 1.2 has no merge keys: write `iis` once at a wider level, or an alias for a whole value"
                    .into(),
                _ => did_you_mean(name, known.iter().copied())
                    .unwrap_or_else(|| format!("the keys here are {}", listed(&known))),
            };
            let message = format!("{} has no key `{name}`", subject.name());
            self.unsound.push(subject.path.iter().cloned().chain([Step::Entry(index)]).collect());
            self.found.push(Diagnostic::new(Code::UnknownKey, key.at, message).hint(hint));
        }
    }

    /// The keys of the mapping that the keyword at that place of the schema is about, with their schemas.
    fn properties(&self, keyword: &Location) -> Option<&'a serde_json::Map<String, Json>> {
        let (mapping, _) = keyword.as_str().rsplit_once('/')?;
        self.schema.pointer(&format!("{mapping}/properties"))?.as_object()
    }

    /// How the schema would write that key.
    fn example(&self, keyword: &Location, property: &str) -> Option<String> {
        let schema = self.properties(keyword)?.get(property)?;
        let value = schema.pointer("/examples/0").or_else(|| schema.get("const"))?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(format!("for example `{property}: {value}`"))
    }

    fn missing(&mut self, error: &ValidationError<'_>, subject: &Subject<'a>, property: &str) {
        self.lacking.push(subject.path.clone());
        let message = format!("{} has no `{property}`", subject.name());
        let hint = self.example(error.schema_path(), property);
        let diagnostic = Diagnostic::new(Code::MissingKey, subject.place(), message).maybe_hint(hint);
        self.found.push(diagnostic);
    }

    /// A value that may be of several kinds: the errors of the kind it is, else all that it might have been.
    fn alternatives(&mut self, subject: &Subject<'a>, context: &[Vec<ValidationError<'static>>]) {
        let here = |error: &&ValidationError<'_>| {
            matches!(error.kind(), Kind::Type { .. } | Kind::Constant { .. } | Kind::Enum { .. })
                && self.subject(error.instance_path()).is_some_and(|other| other.path == subject.path)
        };
        if let Some(meant) = context.iter().find(|branch| !branch.iter().any(|error| here(&error))) {
            return self.group(meant);
        }
        self.wrong_type(subject, &Wanted::of(context.iter().flatten()));
    }

    fn wrong_type(&mut self, subject: &Subject<'a>, wanted: &Wanted<'_>) {
        let name = subject.name();
        let diagnostic = match &subject.node.value {
            Value::Text { text, .. } if !wanted.words.is_empty() => {
                let hint = did_you_mean(text, wanted.words.iter().copied());
                let hint = hint.unwrap_or_else(|| format!("it is one of {}", listed(&wanted.words)));
                let message = format!("{name} cannot be `{text}`");
                Diagnostic::new(Code::UnknownValue, subject.node.at, message).hint(hint)
            }
            value => {
                let message = match value {
                    Value::Null => format!("{name} has no value, and needs {wanted}"),
                    _ => format!("{name} needs {wanted}, and this is {}", described(value)),
                };
                let hint = self.type_hint(subject, wanted);
                Diagnostic::new(Code::WrongType, subject.node.at, message).maybe_hint(hint)
            }
        };
        self.unsound(subject, diagnostic);
    }

    fn type_hint(&self, subject: &Subject<'a>, wanted: &Wanted<'_>) -> Option<String> {
        let wants = |kind| wanted.types.contains(&kind);
        let any_text = wanted.types == [JsonType::String] && wanted.words.is_empty();
        let written = self.text.get(subject.node.at.start..subject.node.at.end).unwrap_or("");
        let account = subject.path.last() == Some(&Step::Key("account".into()));
        match &subject.node.value {
            Value::Null if account => {
                Some("write `none` for a site that shall have no account, or leave the key out".into())
            }
            Value::Null if wants(JsonType::Array) => Some("write `[]` for an empty list, or leave the key out".into()),
            Value::Null => Some("give it a value, or leave the key out".into()),
            Value::Boolean(_) | Value::Integer(_) | Value::Float(_) if any_text => {
                Some(format!("quotes make it a text: \"{written}\""))
            }
            Value::Text { text, .. } if wants(JsonType::Boolean) => {
                let word = boolean_word(text).map(|word| word.to_string());
                let word = word.or_else(|| text.parse::<bool>().ok().map(|word| word.to_string()));
                word.map(|word| format!("write `{word}`, without quotes: YAML 1.2 knows no other words for it"))
            }
            Value::Text { text, style: Style::Quoted } if wants(JsonType::Integer) && text.parse::<i64>().is_ok() => {
                Some(format!("write it without quotes: {text}"))
            }
            Value::Text { .. } if wants(JsonType::Array) => Some(format!("write it as a list: [{written}]")),
            Value::Mapping(_) if wants(JsonType::Array) => Some("begin every entry of the list with `- `".into()),
            _ => None,
        }
    }

    fn out_of_range(&mut self, subject: &Subject<'a>, what: &str) {
        let message = format!("{} {what}", subject.name());
        self.unsound(subject, Diagnostic::new(Code::WrongType, subject.node.at, message));
    }

    fn version(&mut self, subject: &Subject<'a>) {
        let written = self.text.get(subject.node.at.start..subject.node.at.end).unwrap_or("");
        let (message, hint) = match &subject.node.value {
            Value::Text { text, .. } if text == "1" => {
                ("the version is the number 1, and this is a text".into(), "write it without quotes: `version: 1`")
            }
            Value::Integer(number) if *number > 1 => (
                format!("this program knows version 1 of the format, and this is version {written}"),
                "a newer cskerb may read this file",
            ),
            _ => (
                format!("the version is the number 1, and this is {}", described(&subject.node.value)),
                "write `version: 1`",
            ),
        };
        let at = subject.node.at;
        self.unsound(subject, Diagnostic::new(Code::VersionUnsupported, at, message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::deployment::{load, parse};

    /// Each diagnostic as `line:column code: message`.
    fn check(text: &str, expected: &[&str]) {
        let loaded = load("x.yaml", text.as_bytes());
        let found: Vec<String> = loaded
            .diagnostics
            .iter()
            .map(|found| {
                let place = loaded.source.position(found.at.start);
                format!("{}:{} {}: {}", place.line, place.column, found.code, found.message)
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_value_of_several_kinds_is_judged_as_the_kind_it_is() {
        const FILE: &str = "version: 1\nsites: [{ name: A, pools: [{ fqdn: p.x.com, role: edge, servers: [{}] }] }]\n";
        check(
            &FILE.replace("{}", "{ fqdn: a.x.com, isi: [] }"),
            &["2:84 unknown-key: this entry of `servers` has no key `isi`"],
        );
        check(&FILE.replace("{}", "{ fqdn: 1 }"), &["2:75 wrong-type: `fqdn` needs a text, and this is the number 1"]);
        check(
            &FILE.replace("{}", "[]"),
            &["2:67 wrong-type: this entry of `servers` needs a text or a mapping, and this is a list"],
        );
    }

    #[test]
    fn a_mistake_behind_an_alias_is_told_once() {
        let file = "version: 1\nsites:\n  - name: A\n    iis: &a\n      - location: S\n        windowsAuthentication: { enable: true }\n  \
                    - { name: B, iis: *a }\n";
        check(file, &["6:34 unknown-key: `windowsAuthentication` has no key `enable`"]);
    }

    #[test]
    fn what_is_below_something_unsound_is_not_judged() {
        check(
            "version: 1\nsites: !list [{ nam: x }]\n",
            &["2:8 wrong-type: this tag has no meaning here, or not for this value"],
        );
    }

    #[test]
    fn a_root_that_is_no_mapping_is_one_problem() {
        check("- version: 1\n", &["1:3 wrong-type: the file needs a mapping, and this is a list"]);
        check("version 1\n", &["1:1 wrong-type: the file needs a mapping, and this is a text"]);
    }

    #[test]
    fn a_missing_key_does_not_hide_what_else_is_wrong() {
        check(
            "version: 1\nsites:\n  - pools: [{ role: edge, servers: [fe01] }]\n",
            &[
                "3:5 missing-key: this entry of `sites` has no `name`",
                "3:13 missing-key: this entry of `pools` has no `fqdn`",
                "3:37 fqdn-invalid: `fe01` is not the fully qualified domain name of a server: it has no domain part",
            ],
        );
    }

    #[test]
    fn what_could_not_be_read_is_not_called_missing() {
        // The servers are there, under a misspelt key; the source may be among them.
        check(
            "version: 1\nsites: [{ name: A, source: a.x.com, pools: [{ fqdn: p.x.com, role: front-end, servesr: [a.x.com] }] }]\n",
            &["2:79 unknown-key: this entry of `pools` has no key `servesr`"],
        );
    }

    #[test]
    fn the_tree_of_a_sound_file_stays_whole() {
        let text = "version: 1\nsites: []\n";
        let mut root = parse::parse(text).root.unwrap();
        assert_eq!(super::check(&mut root, text), []);
        assert_eq!(root.soundness, super::Soundness::Whole);
    }
}
