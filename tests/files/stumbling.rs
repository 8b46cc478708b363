//! No file makes the loader or the drawing of its diagnostics stumble.

use cskerb::codes::Severity;
use cskerb::deployment::{Diagnostic, Loaded, load};
use cskerb::render::diagnostics::{Colour, text};
use proptest::prelude::*;

const EVERYTHING: &str = include_str!("../deployments/everything.yaml");

/// A deployment comes of a file exactly where nothing in it is an error.
fn is_consistent(loaded: &Loaded) -> bool {
    let worst = loaded.diagnostics.iter().map(Diagnostic::severity).max();
    loaded.deployment.is_none() == (worst == Some(Severity::Error))
}

/// What may be put into a file: marks of YAML, and anything.
fn edit() -> impl Strategy<Value = Vec<u8>> {
    let yaml = "[-:?,\\[\\]{}#&*!|>'\"%@` \n\tax1~\\\\]{0,12}".prop_map(String::into_bytes);
    prop_oneof![yaml, proptest::collection::vec(any::<u8>(), 0..6)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is cut out of a file and put in its place: an answer, the same each time, and within the file.
    #[test]
    fn edited_files(at in 0..EVERYTHING.len(), length in 0_usize..60, with in edit()) {
        let mut bytes = EVERYTHING.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with);
        let loaded = load("x.yaml", &bytes);
        prop_assert_eq!(text(&loaded, Colour::Plain), text(&load("x.yaml", &bytes), Colour::Plain));
        prop_assert!(loaded.diagnostics.iter().all(|found| found.at.start <= loaded.source.text().len()));
        prop_assert!(is_consistent(&loaded));
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let loaded = load("x.yaml", &bytes);
        let drawn = text(&loaded, Colour::Plain);
        prop_assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", drawn);
        prop_assert!(is_consistent(&loaded));
    }
}
