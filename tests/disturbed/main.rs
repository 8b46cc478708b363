//! A run in a real process to which something happens, and that is resumed: the lab ends exactly as if nothing had.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

#[cfg(unix)]
mod full_disk;
mod killed;
#[path = "../rehearsal/mod.rs"]
mod rehearsal;
mod scene;
