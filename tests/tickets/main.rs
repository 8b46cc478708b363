//! Proof by ticket against real servers: a domain controller, and web servers that accept tickets.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its servers shall fail")]

#[path = "../servers/mod.rs"]
mod servers;

mod channel;
mod clocks;
mod first_ticket;
mod kept;
mod keys;
mod many;
mod prompt;
mod race;
mod secrets;
mod spns;
mod stage;
