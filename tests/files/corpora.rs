//! What the fuzzer found worth keeping, and what was made for it, replayed: `fuzz/targets.rs` says what must hold.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on shall fail")]

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// Every input of a target's corpus, by name.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs.iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_input_of_every_corpus_holds() {
    for (target, run) in targets::ALL {
        let inputs = inputs(target);
        assert!(inputs.len() >= 10, "{target} has only {} inputs", inputs.len());
        for (name, bytes) in inputs {
            assert!(catch_unwind(|| run(&bytes)).is_ok(), "{name} does not hold; what failed stands above");
        }
    }
}
