//! A run in a real process to which something happens, and that is resumed: the lab ends exactly as if nothing had.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

#[path = "../rehearsal/declared.rs"]
mod declared;
#[path = "../rehearsal/folder.rs"]
mod folder;
#[cfg(unix)]
mod full_disk;
mod killed;
#[path = "../rehearsal/mod.rs"]
mod rehearsal;
mod scene;
#[path = "../rehearsal/scratch.rs"]
mod scratch;
