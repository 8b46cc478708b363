//! The stages of reading a deployment file by themselves, for the benches; nothing else uses them.

use super::document::Document;
use super::typed::Placed;
use super::{parse, rules};
use serde::Deserialize;

/// Reads the text into a tree; whether there is one.
pub fn tree(text: &str) -> bool {
    parse::parse(text).root.is_some()
}

/// Hands over what runs every rule on that file once, and says how much they found; nothing where it does not fit its
/// types.
pub fn rules(text: &str, bench: impl FnOnce(&dyn Fn() -> usize)) {
    let Some(root) = parse::parse(text).root else { return };
    if let Ok(document) = Placed::<Document>::deserialize(&root) {
        bench(&|| rules::check(&document, &root).len());
    }
}
