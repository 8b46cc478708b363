//! The rules of the house, held by a test: who may know whom, and how files are kept.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Whom each module of the crate may know, beside itself.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("codes", &[]),
    ("deployment", &["model", "codes"]),
    ("durable", &[]),
    ("snapshot", &["model", "codes", "durable"]),
    ("yaml", &[]),
    ("init", &["model", "yaml"]),
    ("plan", &["model", "codes", "yaml"]),
    ("wire", &["model", "codes", "plan", "deployment"]),
    ("grammar", &[]), // only tests know it
    ("render", &["model", "codes", "plan", "wire", "deployment", "grammar"]),
    ("apply", &["model", "codes", "durable", "plan", "snapshot", "wire"]),
    ("lab", &["model", "codes", "durable", "plan", "snapshot", "apply"]),
    ("live", &["model", "codes", "durable", "plan", "snapshot", "apply", "grammar"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// A module's own file or folder.
fn module_sources(module: &str) -> Vec<PathBuf> {
    let file = src().join(format!("{module}.rs"));
    if file.is_file() { vec![file] } else { sources(&src().join(module)) }
}

/// The modules that a source names by `crate::`, in braces or not, outside of comments.
fn known_modules(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut known = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(list) => top_level(list),
            None => vec![rest],
        };
        for name in names {
            let end = name.trim().find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.trim().len());
            known.insert(name.trim()[..end].to_owned());
        }
    }
    known
}

/// The entries of a brace list, up to its closing brace, without those of inner lists.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut entries) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                entries.push(&list[start..at]);
                return entries;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                entries.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    entries
}

fn exists(module: &str) -> bool {
    src().join(module).is_dir() || src().join(format!("{module}.rs")).is_file()
}

#[test]
fn nobody_knows_whom_they_must_not_know() {
    for (module, may_know) in MAY_KNOW {
        let of_tests = |path: &PathBuf| path.file_name().is_some_and(|name| name == "tests.rs");
        for path in module_sources(module).into_iter().filter(|path| !of_tests(path)) {
            let known = known_modules(&std::fs::read_to_string(&path).unwrap());
            for name in known.iter().filter(|name| *name != module && exists(name)) {
                assert!(may_know.contains(&name.as_str()), "{} knows `{name}`, and must not", path.display());
            }
        }
    }
}

#[test]
fn the_check_sees_imports_in_braces() {
    let known = known_modules("use crate::{model::{A, B}, plan};\nuse crate::wire::plan;\n// use crate::cli;");
    assert_eq!(known, BTreeSet::from(["model", "plan", "wire"].map(str::to_owned)));
}

#[test]
fn every_module_says_what_it_is_for_and_none_is_a_drawer() {
    for path in sources(&src()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().find(|line| !line.is_empty() && !line.starts_with("#![")).unwrap_or_default();
        assert!(first.starts_with("//! "), "{}: no module comment", path.display());
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "helpers", "common", "misc"].contains(&name.as_str()),
            "{}: name it by what it holds",
            path.display()
        );
        assert!(text.lines().count() <= 600, "{}: over 600 lines; split it", path.display());
    }
}

/// The only places that may hold unsafe code: the bridges to C libraries.
const UNSAFE: &[&str] = &["live/tickets/mit", "live/tickets/sspi"];

#[test]
fn unsafe_code_stands_only_at_the_bridges_and_says_why_it_is_sound() {
    for path in sources(&src()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let of_src = path.strip_prefix(src()).unwrap();
        let bridge =
            UNSAFE.iter().any(|place| of_src.starts_with(place) || of_src == Path::new(place).with_extension("rs"));
        let mut explained = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("//") {
                explained |= line.starts_with("// SAFETY: ");
                continue;
            }
            let block = line.contains("unsafe {") || line.starts_with("unsafe impl");
            assert!(bridge || !(block || line.contains("unsafe fn")), "{}: unsafe code: {line}", path.display());
            assert!(!block || explained, "{}: no SAFETY comment above: {line}", path.display());
            // A comment explains the statement below it.
            explained &= !(line.ends_with(';') || line.ends_with('}')) || line.is_empty();
        }
    }
}
