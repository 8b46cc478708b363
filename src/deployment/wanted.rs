//! What a value is, and what it might have been, in words.

use super::tree::Value;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;
use std::fmt;

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

/// What a value might have been: of a type, or one of some words.
#[derive(Default)]
pub(crate) struct Wanted<'e> {
    pub(crate) types: Vec<JsonType>,
    pub(crate) words: Vec<&'e str>,
}

impl<'e> Wanted<'e> {
    /// What these errors of one value asked for.
    pub(crate) fn of(errors: impl IntoIterator<Item = &'e ValidationError<'e>>) -> Self {
        let mut wanted = Self::default();
        for error in errors {
            match error.kind() {
                Kind::Type { kind: TypeKind::Single(kind) } => wanted.types.push(*kind),
                Kind::Type { kind: TypeKind::Multiple(kinds) } => wanted.types.extend(kinds.iter()),
                Kind::Constant { expected_value } => wanted.words.extend(expected_value.as_str()),
                Kind::Enum { options } => {
                    wanted.words.extend(options.as_array().into_iter().flatten().filter_map(Json::as_str));
                }
                _ => {}
            }
        }
        wanted.types.dedup();
        wanted
    }
}

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.words.is_empty() {
            return write!(f, "one of {}", listed(&self.words));
        }
        let names: Vec<&str> = self.types.iter().map(|kind| type_name(*kind)).collect();
        f.write_str(&names.join(" or "))
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

/// The words in backticks, one after the other.
pub(crate) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
