//! Plans, carried out in labs.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

mod apply;
#[path = "../rehearsal/contoso.rs"]
mod contoso;
#[path = "../rehearsal/declared.rs"]
mod declared;
#[path = "../rehearsal/folder.rs"]
mod folder;
mod iis;
mod lab;
#[path = "../rehearsal/ran.rs"]
mod ran;
#[path = "../rehearsal/mod.rs"]
mod rehearsal;
#[path = "../rehearsal/scratch.rs"]
mod scratch;
