//! Plans, carried out in labs.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

mod apply;
mod iis;
mod lab;
#[path = "../rehearsal/mod.rs"]
mod rehearsal;
#[path = "../rehearsal/scratch.rs"]
mod scratch;
