//! What holds for every deployment file that the project has, valid or not.

use super::schema::COMPILED;
use super::schema::tests::each_property;
use super::tree::{Key, Node, Value};
use super::{Loaded, Span, load, parse};
use crate::codes::{Code, Severity, Stage};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EVERYTHING: &str = include_str!("../../tests/deployments/everything.yaml");

/// The YAML files of a folder of the project and of the folders below it.
fn files(folder: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if wanted(&name) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn valid_files() -> Vec<PathBuf> {
    let right = files("tests/rules", &|name| name == "right.yaml");
    let own = files("tests/deployments", &|_| true);
    let deployments = |folder| files(folder, &|name| name == "deployment.yaml");
    let mut all: Vec<PathBuf> =
        [right, own, deployments("examples"), deployments("tests/scenarios")].into_iter().flatten().collect();
    // A scenario with diagnostics is one of a file that is not in order.
    all.retain(|path| !path.with_file_name("diagnostics.txt").exists());
    assert!(all.len() > 50);
    all
}

fn read(path: &Path) -> (String, Loaded) {
    let bytes = std::fs::read(path).unwrap();
    (path.display().to_string(), load("x.yaml", &bytes))
}

/// What the program says, to be read where a test fails.
fn told(loaded: &Loaded) -> String {
    let line = |found: &super::Diagnostic| {
        let place = loaded.source.position(found.at.start);
        format!("{}:{} {}: {}", place.line, place.column, found.code, found.message)
    };
    loaded.diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn worst(loaded: &Loaded) -> Option<Severity> {
    loaded.diagnostics.iter().map(super::Diagnostic::severity).max()
}

#[test]
fn valid_files_are_deployments() {
    for path in valid_files() {
        let (name, loaded) = read(&path);
        assert!(worst(&loaded) < Some(Severity::Error), "{name}: {}", told(&loaded));
        assert!(loaded.deployment.is_some(), "{name} has no errors and is no deployment");
    }
}

#[test]
fn serde_yaml_reads_every_valid_file_alike() {
    for path in valid_files() {
        let (name, loaded) = read(&path);
        let ours = parse::parse(loaded.source.text()).root.unwrap().to_json();
        let theirs: Json = serde_yaml::from_str(loaded.source.text()).unwrap();
        assert_eq!(ours, theirs, "{name}");
    }
}

/// The schema judges what another reader made of the file: it agrees with the loader about every file of the project.
#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    const STRUCTURE: [Code; 5] =
        [Code::UnknownKey, Code::MissingKey, Code::WrongType, Code::UnknownValue, Code::VersionUnsupported];
    let mut refused = 0;
    let wrong = files("tests/rules", &|name| name == "wrong.yaml");
    for path in valid_files().into_iter().chain(wrong) {
        let (name, loaded) = read(&path);
        let Ok(theirs) = serde_yaml::from_str::<Json>(loaded.source.text()) else { continue };
        if theirs.is_null() {
            continue; // an empty file has a code of its own
        }
        let structural = loaded.diagnostics.iter().any(|found| STRUCTURE.contains(&found.code));
        assert_eq!(COMPILED.0.is_valid(&theirs), !structural, "{name}: {}", told(&loaded));
        refused += usize::from(structural);
    }
    assert!(refused >= 4, "only {refused} files are refused for their structure");
}

#[test]
fn the_file_with_every_key_has_every_key() {
    let mut keys = BTreeSet::new();
    visit(&parse::parse(EVERYTHING).root.unwrap(), &mut |key, _| {
        keys.extend(key.map(|key| key.text.clone().into_owned()));
    });
    let mut known = BTreeSet::new();
    each_property(&COMPILED.1, &mut |key, _| {
        known.insert(key.to_owned());
    });
    assert_eq!(keys, known);
}

/// One way to break a file in one place, and the line where the program must say so.
struct Mutation {
    text: String,
    line: usize,
    what: String,
}

/// Every key misspelt, every key given twice, and every value replaced by what no key takes.
fn mutations(source: &str) -> Vec<Mutation> {
    let root = parse::parse(source).root.unwrap();
    let mut all = Vec::new();
    let line = |at: usize| source[..at].matches('\n').count() + 1;
    let replaced = |at: Span, with: &str| format!("{}{with}{}", &source[..at.start], &source[at.end..]);
    visit(&root, &mut |key, value| {
        if let Some(Key { text: key, at }) = key {
            let at = *at;
            let what = format!("the key {key} misspelt");
            all.push(Mutation { text: replaced(at, &format!("{key}x")), line: line(at.start), what });
            if source[..at.start].ends_with("{ ") {
                let what = format!("the key {key} twice");
                all.push(Mutation { text: replaced(at, &format!("{key}: 1, {key}")), line: line(at.start), what });
            }
        }
        let scalar = !matches!(value.value, Value::List(_) | Value::Mapping(_));
        for wrong in ["{ x: 1 }", "[[]]", "~", "\"\"", "\"\\t\"", "-1.5", "!x y"].iter().filter(|_| scalar) {
            let what = format!("{wrong} for {:?}", value.value);
            all.push(Mutation { text: replaced(value.at, wrong), line: line(value.at.start), what });
        }
    });
    all
}

fn visit(node: &Node, seen: &mut dyn FnMut(Option<&Key>, &Node)) {
    match &node.value {
        Value::List(items) => {
            for item in items {
                seen(None, item);
                visit(item, seen);
            }
        }
        Value::Mapping(entries) => {
            for entry in entries {
                seen(Some(&entry.key), &entry.value);
                visit(&entry.value, seen);
            }
        }
        _ => {}
    }
}

#[test]
fn every_broken_key_and_value_is_named_on_its_line() {
    let examples = files("examples", &|name| name == "deployment.yaml");
    let examples = examples.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let mut tried = 0;
    for source in examples.chain([EVERYTHING.to_owned()]) {
        for mutation in mutations(&source) {
            let loaded = load("x.yaml", mutation.text.as_bytes());
            let mut errors = loaded.diagnostics.iter().filter(|found| found.severity() == Severity::Error);
            let named = errors.any(|found| loaded.source.position(found.at.start).line == mutation.line);
            assert!(
                named && loaded.deployment.is_none(),
                "{} in line {}:\n{}",
                mutation.what,
                mutation.line,
                told(&loaded)
            );
            tried += 1;
        }
    }
    assert!(tried > 600, "only {tried} mutations");
}

#[test]
fn ten_mistakes_of_structure_and_rule_are_found_in_one_run() {
    let file = r#"version: "1"
product: lync2013
accounts:
  - name: kerbauth@contoso.com
  - name: CONTOSO\much-too-long-name
    contaner: CN=Users
sites:
  - name: Redmond
    kind: branch
    account: CONTOSO\nobody
    source: fe01
    pools:
      - fqdn: pool01.contoso.com
        servers: [fe01.contoso.com, FE01.contoso.com]
      - { fqdn: se01.contoso.com, role: standard-edition, servers: [fe02.contoso.com] }
iis:
  - location: /
    windowsAuthentication: { providers: [], enabled: yes }
maintenance:
  batches: [0]
  batches: [1]
"#;
    let loaded = load("x.yaml", file.as_bytes());
    let found: Vec<(usize, Code)> =
        loaded.diagnostics.iter().map(|found| (loaded.source.position(found.at.start).line, found.code)).collect();
    let expected = [
        (1, Code::VersionUnsupported),
        (2, Code::UnknownValue),
        (4, Code::AccountUpn),
        (4, Code::EncryptionUnset),
        (5, Code::AccountName),
        (6, Code::UnknownKey),
        (10, Code::AccountUnknown),
        (10, Code::BranchAccount),
        (11, Code::FqdnInvalid),
        (13, Code::MissingKey),
        (14, Code::ServerDuplicate),
        (15, Code::StandardEditionServers),
        (17, Code::LocationInvalid),
        (18, Code::ProvidersEmpty),
        (18, Code::WrongType),
        (20, Code::BatchSize),
        (21, Code::DuplicateKey),
    ];
    assert_eq!(found, expected, "{}", told(&loaded));
}

#[test]
fn an_encoding_changes_nothing() {
    let plain = load("x.yaml", EVERYTHING.as_bytes());
    let crlf = EVERYTHING.replace('\n', "\r\n");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for bytes in [crlf.clone().into_bytes(), format!("\u{FEFF}{crlf}").into_bytes(), utf16(&format!("\u{FEFF}{crlf}"))]
    {
        assert_eq!(load("x.yaml", &bytes).deployment, plain.deployment);
    }
    assert!(plain.deployment.unwrap().origin.digest.starts_with("sha256:"));
}

#[test]
fn an_honest_file_of_many_servers_is_read() {
    use std::fmt::Write;
    let mut file = String::from("version: 1\nproduct: sfb-se\nsites:\n  - name: Redmond\n    pools:\n");
    for pool in 0..500 {
        let _ = writeln!(file, "      - fqdn: pool{pool}.contoso.com\n        role: front-end\n        servers:");
        for server in 0..20 {
            let _ = writeln!(file, "          - {{ fqdn: fe{server}.pool{pool}.contoso.com, iis: [] }}");
        }
    }
    let loaded = load("x.yaml", file.as_bytes());
    assert_eq!(loaded.diagnostics, []);
    let deployment = loaded.deployment.unwrap();
    assert_eq!(deployment.sites[0].pools.iter().map(|pool| pool.servers.len()).sum::<usize>(), 10_000);
}

#[test]
fn only_codes_of_the_file_are_raised_by_a_file() {
    for path in files("tests/rules", &|name| name == "wrong.yaml") {
        let (name, loaded) = read(&path);
        assert!(loaded.diagnostics.iter().all(|found| found.code.stage() == Stage::File), "{name}");
    }
}
