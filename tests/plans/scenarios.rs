//! Scenario folders: what a person and a program see of a plan, word for word.
//!
//! Each folder of `examples/` and `tests/scenarios/` has a deployment file and a snapshot, and what `plan` says of
//! them in `plan.txt` and `plan.json`; a file that is not in order has `diagnostics.txt` instead.
//! `SNAPSHOTS=overwrite cargo test --test plans scenarios` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

use snapbox::{Data, assert_data_eq};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["examples", "tests/scenarios"]
        .iter()
        .flat_map(|parent| std::fs::read_dir(root.join(parent)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("deployment.yaml").is_file())
        .collect();
    folders.sort();
    folders
}

fn plan(folder: &Path, format: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cskerb"))
        .current_dir(folder)
        .args(["plan", "deployment.yaml", "--snapshot", "snapshot", "--format", format])
        .output()
        .unwrap()
}

fn check(folder: &Path, file: &str, actual: &[u8]) {
    let text = String::from_utf8(actual.to_vec()).unwrap();
    assert!(!text.contains('\u{1b}'), "{}: colour in a pipe", folder.display());
    assert_data_eq!(text, Data::read_from(&folder.join(file), None).raw());
}

#[test]
fn every_scenario_says_what_it_is_expected_to_say() {
    let folders = folders();
    assert!(folders.len() >= 25, "only {} scenarios were found", folders.len());
    for folder in folders {
        let text = plan(&folder, "text");
        match text.status.code() {
            Some(3) => check(&folder, "diagnostics.txt", &text.stderr),
            Some(0 | 5) => {
                let remarks = String::from_utf8_lossy(&text.stderr);
                let of_warnings = "`cskerb validate deployment.yaml` shows them\n";
                let nothing_else = remarks.is_empty() || remarks.lines().count() == 1 && remarks.ends_with(of_warnings);
                assert!(nothing_else, "{}: {remarks}", folder.display());
                check(&folder, "plan.txt", &text.stdout);
                let json = plan(&folder, "json");
                assert_eq!(json.status.code(), text.status.code());
                check(&folder, "plan.json", &json.stdout);
            }
            other => panic!("{}: exit {other:?}: {}", folder.display(), String::from_utf8_lossy(&text.stderr)),
        }
    }
}

#[test]
fn lines_fit_80_columns() {
    for folder in folders() {
        let Ok(text) = std::fs::read_to_string(folder.join("plan.txt")) else { continue };
        for line in text.lines().filter(|line| line.contains(' ')) {
            // YAML and commands to copy, under `help`, are kept whole; a name longer than the line cannot be broken.
            let kept_whole = line.starts_with(&" ".repeat(15));
            let longest_word = line.split_whitespace().map(str::len).max().unwrap_or_default();
            let fits = line.chars().count() <= 80 || kept_whole || longest_word > 60;
            assert!(fits, "{}: {line}", folder.display());
        }
    }
}
