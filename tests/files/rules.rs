//! Every code that a deployment file can raise has a folder under `tests/rules/`: `wrong.yaml`, what the program says of
//! it in `wrong.txt`, and `right.yaml`, of which it says nothing. SNAPSHOTS=overwrite writes `wrong.txt` anew.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use cskerb::codes::{Code, Stage};
use cskerb::deployment::{Loaded, load};
use cskerb::render::diagnostics::{Colour, text};
use cskerb::wire::diagnostics::Report;
use std::path::{Path, PathBuf};

fn folders() -> Vec<(Code, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let mut found: Vec<(Code, PathBuf)> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name.parse().unwrap_or_else(|()| panic!("tests/rules/{name} is no code")), path)
        })
        .collect();
    found.sort();
    found
}

/// Loads one of the folder's files; the one that is too large is made here rather than kept.
fn loaded(code: Code, folder: &Path, file: &str) -> Loaded {
    match (code, file) {
        (Code::FileTooLarge, "wrong.yaml") => load("wrong.yaml", &vec![b'#'; (64 << 20) + 1]),
        _ => load(file, &std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{code}/{file}: {error}"))),
    }
}

#[test]
fn every_code_of_a_file_has_a_folder() {
    let folders: Vec<Code> = folders().into_iter().map(|(code, _)| code).collect();
    let of_files: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.stage() == Stage::File).collect();
    assert_eq!(folders, of_files);
}

#[test]
fn wrong_files_are_wrong_as_expected() {
    // Backslashes are part of the names here, not of paths.
    let assert = snapbox::Assert::new().normalize_paths(false).action_env(snapbox::assert::DEFAULT_ACTION_ENV);
    for (code, folder) in folders() {
        let wrong = loaded(code, &folder, "wrong.yaml");
        assert!(wrong.diagnostics.iter().any(|found| found.code == code), "{code}: wrong.yaml does not raise it");
        assert.eq(text(&wrong, Colour::Plain), snapbox::Data::read_from(&folder.join("wrong.txt"), None));
    }
}

#[test]
fn right_files_are_right() {
    for (code, folder) in folders() {
        let right = loaded(code, &folder, "right.yaml");
        assert!(right.diagnostics.is_empty(), "{code}: {}", text(&right, Colour::Plain));
        assert!(right.deployment.is_some(), "{code}: right.yaml is without errors and is no deployment");
    }
}

#[test]
fn every_diagnostic_lies_within_its_file() {
    for (code, folder) in folders() {
        let wrong = loaded(code, &folder, "wrong.yaml");
        let lines = wrong.source.text().lines().count().max(1);
        for found in Report::new([&wrong]).diagnostics {
            let place = found.place;
            assert!((place.line, place.column) <= (place.end_line, place.end_column), "{code}: {found:?}");
            assert!(place.end_line <= lines + 1, "{code}: {found:?}");
        }
    }
}
