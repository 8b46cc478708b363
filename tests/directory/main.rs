//! The directory reader, against a real domain controller.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

#[path = "../servers/mod.rs"]
mod servers;

mod accounts;
mod conversation;
mod failures;
mod folder;
mod forest;
mod login;
mod scene;
