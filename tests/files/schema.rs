//! The published schema of the deployment file judges as the loader does, over every such file that the project has:
//! examples, scenarios, rules, printed first files, and the pages of `cskerb explain`.
//!
//! The schema sees what another reader, serde_yaml, made of a file, as an editor would.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

use cskerb::codes::{Block, Code};
use cskerb::deployment::{Loaded, load};
use cskerb::render::diagnostics::{Colour, text};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files of a folder and of the folders below it.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every deployment file, each with a name and its bytes.
fn every_file() -> Vec<(String, Vec<u8>)> {
    let folders = ["examples", "tests/scenarios", "tests/rules", "tests/deployments", "tests/init"];
    let paths = folders.iter().flat_map(|folder| yaml_files(&root().join(folder)));
    let mut files: Vec<_> = paths.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    for code in Code::ALL {
        let explanation = code.explanation();
        for (side, blocks) in [("wrong", explanation.wrong), ("right", explanation.right)] {
            for block in blocks {
                // Only whole files: what a plan says to add is a part of one.
                if let Block::Fenced { language: "yaml", text } = block
                    && (text.contains("version:") || text.starts_with('#'))
                {
                    files.push((format!("{code}, {side}"), text.into_bytes()));
                }
            }
        }
    }
    files
}

/// The file as serde_yaml reads it; `None` where it is no YAML to that reader, or nothing.
fn second_reading(loaded: &Loaded) -> Option<Json> {
    serde_yaml::from_str::<Json>(loaded.source.text()).ok().filter(|json| !json.is_null())
}

fn published_schema() -> jsonschema::Validator {
    let schema = fs::read_to_string(root().join("schemas/deployment.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

fn is_refused_for_its_structure(loaded: &Loaded) -> bool {
    const STRUCTURE: [Code; 5] =
        [Code::UnknownKey, Code::MissingKey, Code::WrongType, Code::UnknownValue, Code::VersionUnsupported];
    loaded.diagnostics.iter().any(|found| STRUCTURE.contains(&found.code))
}

#[test]
fn the_published_schema_accepts_what_the_loader_accepts_and_refuses_what_it_refuses() {
    let validator = published_schema();
    let (mut accepted, mut refused) = (0, 0);
    for (name, bytes) in every_file() {
        let loaded = load("x.yaml", &bytes);
        let Some(json) = second_reading(&loaded) else {
            assert!(loaded.deployment.is_none(), "{name} is in order, and serde_yaml cannot read it");
            continue;
        };
        let structural = is_refused_for_its_structure(&loaded);
        assert_eq!(validator.is_valid(&json), !structural, "{name}: {}", text(&loaded, Colour::Plain));
        accepted += usize::from(!structural);
        refused += usize::from(structural);
    }
    assert!(accepted > 180 && refused >= 9, "only {accepted} accepted and {refused} refused");
}

#[test]
fn serde_yaml_reads_the_names_of_every_file_in_order_alike() {
    let mut read = 0;
    for (name, bytes) in every_file() {
        let loaded = load("x.yaml", &bytes);
        let (Some(deployment), Some(json)) = (&loaded.deployment, second_reading(&loaded)) else { continue };
        let sites = json["sites"].as_array().unwrap();
        let theirs: Vec<&str> = sites.iter().map(|site| site["name"].as_str().unwrap()).collect();
        let ours: Vec<&str> = deployment.sites.iter().map(|site| site.name.as_str()).collect();
        assert_eq!(ours, theirs, "{name}");
        read += 1;
    }
    assert!(read > 150, "only {read} files are in order");
}

/// The value with one change somewhere in it, each in turn: a part gone, of another kind, or with a key too many.
fn changed(value: &Json) -> Vec<Json> {
    let kinds =
        [json!(null), json!(true), json!(7), json!(-1), json!(1.5), json!("x"), json!([]), json!([[]]), json!({})];
    let mut all: Vec<Json> = kinds.into_iter().filter(|kind| kind != value).collect();
    match value {
        Json::Array(items) => {
            for at in 0..items.len() {
                all.extend(changed(&items[at]).into_iter().map(|item| {
                    let mut items = items.clone();
                    items[at] = item;
                    Json::Array(items)
                }));
            }
        }
        Json::Object(entries) => {
            let with = |key: &str, value: Option<Json>| {
                let mut entries = entries.clone();
                match value {
                    Some(value) => drop(entries.insert(key.to_owned(), value)),
                    None => drop(entries.remove(key)),
                }
                Json::Object(entries)
            };
            all.push(with("colour", Some(json!("blue"))));
            for (key, value) in entries {
                all.push(with(key, None));
                all.extend(changed(value).into_iter().map(|value| with(key, Some(value))));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn the_schema_and_the_loader_agree_about_every_change_of_a_file_with_every_key() {
    let everything = fs::read_to_string(root().join("tests/deployments/everything.yaml")).unwrap();
    let everything: Json = serde_yaml::from_str(&everything).unwrap();
    let validator = published_schema();
    let changes = changed(&everything);
    assert!(changes.len() > 1200, "only {} changes", changes.len());
    for json in changes.iter().filter(|json| !json.is_null()) {
        // JSON is YAML.
        let written = serde_json::to_string(json).unwrap();
        let loaded = load("x.yaml", written.as_bytes());
        let refused = is_refused_for_its_structure(&loaded);
        assert_eq!(validator.is_valid(json), !refused, "{written}\n{}", text(&loaded, Colour::Plain));
    }
}
