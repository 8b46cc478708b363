//! The real files that tests read where they are at hand.

use super::text::decode;
use std::path::{Path, PathBuf};

/// A sample as text; `None`, with a printed reason, where the samples are not at hand.
pub(super) fn read(name: &str) -> Option<String> {
    let folder = match std::env::var_os("CSKERB_SAMPLES") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples"),
    };
    let path = folder.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(decode(bytes).unwrap()),
        Err(error) => {
            println!("skipped: {} is not at hand ({error}); CSKERB_SAMPLES names the folder", path.display());
            None
        }
    }
}
