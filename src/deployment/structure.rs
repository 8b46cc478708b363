//! The tree against the schema: every structural problem at once, each at its place and in our own words.

use super::scalar::boolean_word;
use super::schema::COMPILED;
use super::suggest::did_you_mean;
use super::tree::{Key, Node, Soundness, Step, Style, Value};
use super::{Diagnostic, Span};
use crate::codes::Code;
use jsonschema::error::TypeKind;
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Checks the tree of that text, and marks what is unsound in it.
pub(crate) fn check(root: &mut Node, text: &str) -> Vec<Diagnostic> {
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

/// What a value is, in words: "a list", "the number 10".
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Boolean(value) => format!("the boolean `{value}`"),
        Value::Integer(value) => format!("the number {value}"),
        Value::Float(value) => format!("the number {value}"),
        Value::Text { .. } => "a text".into(),
        Value::List(_) => "a list".into(),
        Value::Mapping(_) => "a mapping".into(),
    }
}

struct Problems<'a> {
    root: &'a Node,
    text: &'a str,
    schema: &'a Json,
    found: Vec<Diagnostic>,
    unsound: Vec<Vec<Step>>,
    lacking: Vec<Vec<Step>>,
}

/// A node of the tree that a schema error speaks of.
struct Subject<'a> {
    path: Vec<Step>,
    node: &'a Node,
    /// The key that leads to it, or to the list it is in.
    key: Option<&'a Key>,
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
            let wrong_type = errors.iter().position(|error| matches!(error.kind(), Kind::Type { .. }));
            let meant = match wrong_type {
                Some(at) => &errors[at..=at],
                None => &errors[..],
            };
            for error in meant {
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
            Kind::Required { property } => self.missing(subject, property.as_str().unwrap_or_default()),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.alternatives(subject, context),
            Kind::Type { kind } => self.wrong_type(subject, &types(kind)),
            Kind::Enum { options } => {
                let words = options.as_array().into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>();
                self.unknown_value(subject, &words);
            }
            Kind::Minimum { limit } => self.out_of_range(subject, &format!("is below {limit}, the least it may be")),
            Kind::Maximum { limit } => self.out_of_range(subject, &format!("is above {limit}, the most it may be")),
            // No other keyword stands in the schema; a new one is still reported, and named.
            other => self.out_of_range(subject, &format!("breaks the rule `{}` of the format", other.keyword())),
        }
    }

    fn unsound(&mut self, subject: &Subject<'_>, diagnostic: Diagnostic) {
        self.unsound.push(subject.path.clone());
        // An alias repeats a mistake at the place where it was made: once is enough.
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    fn unknown_keys(&mut self, error: &ValidationError<'_>, subject: &Subject<'a>, unexpected: &[String]) {
        let known = self.known_keys(error.schema_path());
        for name in unexpected {
            let step = Step::Key(name.clone());
            let Some((Some(key), node)) = subject.node.child(&step) else { continue };
            let hint = match name.as_str() {
                "<<" => "YAML 1.2 has no merge keys: write `iis` once at a wider level, or an alias for a whole value"
                    .into(),
                _ => did_you_mean(name, known.iter().copied())
                    .unwrap_or_else(|| format!("the keys here are {}", listed(&known))),
            };
            let message = format!("{} has no key `{name}`", subject.name());
            let path = subject.path.iter().cloned().chain([step]).collect();
            let unknown = Subject { path, node, key: Some(key) };
            self.unsound(&unknown, Diagnostic::new(Code::UnknownKey, key.at, message).hint(hint));
        }
    }

    /// The keys of the mapping whose `additionalProperties` that is.
    fn known_keys(&self, schema_path: &Location) -> Vec<&'a str> {
        let mapping = schema_path.as_str().rsplit_once('/').map_or("", |(mapping, _)| mapping);
        let properties = self.schema.pointer(&format!("{mapping}/properties")).and_then(Json::as_object);
        properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    fn missing(&mut self, subject: &Subject<'a>, property: &str) {
        self.lacking.push(subject.path.clone());
        let mut diagnostic =
            Diagnostic::new(Code::MissingKey, subject.place(), format!("{} has no `{property}`", subject.name()));
        if subject.path.is_empty() && property == "version" {
            diagnostic = diagnostic.hint("begin the file with `version: 1`");
        }
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
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
        let mut words = Vec::new();
        let mut wanted = Vec::new();
        for error in context.iter().flatten() {
            match error.kind() {
                Kind::Constant { expected_value } => words.extend(expected_value.as_str()),
                Kind::Enum { options } => {
                    words.extend(options.as_array().into_iter().flatten().filter_map(Json::as_str));
                }
                Kind::Type { kind } => wanted.extend(types(kind)),
                _ => {}
            }
        }
        wanted.dedup();
        if matches!(subject.node.value, Value::Text { .. }) && !words.is_empty() {
            self.unknown_value(subject, &words);
        } else {
            self.wrong_type(subject, &wanted);
        }
    }

    fn unknown_value(&mut self, subject: &Subject<'a>, words: &[&str]) {
        let Value::Text { text, .. } = &subject.node.value else {
            return self.wrong_type(subject, &[JsonType::String]);
        };
        let hint =
            did_you_mean(text, words.iter().copied()).unwrap_or_else(|| format!("it is one of {}", listed(words)));
        let message = format!("{} cannot be `{text}`", subject.name());
        self.unsound(subject, Diagnostic::new(Code::UnknownValue, subject.node.at, message).hint(hint));
    }

    fn wrong_type(&mut self, subject: &Subject<'a>, wanted: &[JsonType]) {
        let expected = wanted.iter().map(|kind| type_name(*kind)).collect::<Vec<_>>().join(" or ");
        let message = match subject.node.value {
            Value::Null => format!("{} has no value, and needs {expected}", subject.name()),
            _ => format!("{} needs {expected}, and this is {}", subject.name(), described(&subject.node.value)),
        };
        let hint = self.type_hint(subject, wanted);
        self.unsound(subject, Diagnostic::new(Code::WrongType, subject.node.at, message).maybe_hint(hint));
    }

    fn type_hint(&self, subject: &Subject<'a>, wanted: &[JsonType]) -> Option<String> {
        let wants = |kind| wanted.contains(&kind);
        let written = self.text.get(subject.node.at.start..subject.node.at.end).unwrap_or("");
        let account = subject.path.last() == Some(&Step::Key("account".into()));
        match &subject.node.value {
            Value::Null if account => {
                Some("write `none` for a site that shall have no account, or leave the key out".into())
            }
            Value::Null if wants(JsonType::Array) => Some("write `[]` for an empty list, or leave the key out".into()),
            Value::Null => Some("give it a value, or leave the key out".into()),
            Value::Boolean(_) | Value::Integer(_) | Value::Float(_) if wants(JsonType::String) => {
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

fn types(kind: &TypeKind) -> Vec<JsonType> {
    match kind {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().collect(),
    }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "nothing",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a text",
        JsonType::Array => "a list",
        JsonType::Object => "a mapping",
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
