//! The program as a person meets it: real processes, their exit codes, and what they say and leave behind.
//!
//! The harness goes by name: the rehearsal, which waits for ten seconds, begins first, and the others run beside it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

mod a_rehearsal;
mod cli;
mod collect;
mod command_line;
#[path = "../rehearsal/declared.rs"]
mod declared;
mod disturbed;
#[path = "../rehearsal/engine.rs"]
mod engine;
#[path = "../rehearsal/folder.rs"]
mod folder;
#[path = "../rehearsal/mod.rs"]
mod rehearsal;
mod running;
#[path = "../rehearsal/scratch.rs"]
mod scratch;
