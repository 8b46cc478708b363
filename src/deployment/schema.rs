//! The JSON schema of the deployment file, made from the types that read it.

use super::document::Document;
use jsonschema::Validator;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value as Json, json};
use std::sync::LazyLock;

const ID: &str = "urn:cskerb:schema:deployment:1";

/// The JSON schema of the deployment file: it accepts what [`load`](super::load) accepts as to structure.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(ForPeople);
    let mut schema = settings.into_generator().into_root_schema_for::<Document>();
    schema.insert("$id".into(), json!(ID));
    schema
}

/// The compiled schema, and its text to look up which keys a mapping knows.
pub(crate) static COMPILED: LazyLock<(Validator, Json)> = LazyLock::new(|| {
    let schema = schema().to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema made from our own types compiles");
    (validator, schema)
});

/// Makes schemars' schema that of a file which people write.
#[derive(Clone)]
struct ForPeople;

impl Transform for ForPeople {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        without_null(schema);
        // A number in a file has no width.
        if schema.get("type") == Some(&json!("integer")) {
            schema.remove("format");
        }
        // The lines of a comment are no lines of the text: an editor wraps it as it likes.
        if let Some(Json::String(text)) = schema.get_mut("description") {
            *text = text.replace("\n\n", "\u{0}").replace('\n', " ").replace('\u{0}', "\n\n");
        }
    }
}

/// A key may be left out, yet it is never null: schemars allows both for every `Option`.
fn without_null(schema: &mut Schema) {
    if let Some(Json::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    let Some(Json::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type") != Some(&json!("null")));
    if let [Json::Object(only)] = branches.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            schema.insert(key, value);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every key of the format with its schema.
    pub(crate) fn each_property(schema: &Json, seen: &mut dyn FnMut(&str, &Json)) {
        match schema {
            Json::Object(entries) => {
                for (keyword, value) in entries {
                    if let ("properties", Json::Object(properties)) = (keyword.as_str(), value) {
                        properties.iter().for_each(|(key, property)| seen(key, property));
                    }
                    each_property(value, seen);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| each_property(item, seen)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_compiles_allows_no_null_and_describes_every_key() {
        let (_, schema) = &*COMPILED;
        let text = schema.to_string();
        assert!(!text.contains("\"null\""), "{text}");
        let mut bare = Vec::new();
        let defs = schema["$defs"].as_object().unwrap();
        for (name, definition) in defs.iter().map(|(name, value)| (name.as_str(), value)).chain([("Document", schema)])
        {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                if property.get("description").is_none() {
                    bare.push(format!("{name}.{key}"));
                }
            }
        }
        assert!(bare.is_empty(), "keys without a description: {bare:?}");
        assert_eq!(schema["required"], json!(["version", "sites"]));
    }
}
