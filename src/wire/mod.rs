//! The formats that others read: plan, journal, events, status, diagnostics. One set of types writes and reads each.
//!
//! **Architecture invariant:** nothing is decided here; a wire type holds text and numbers, and becomes a value of
//! [`crate::model`] or [`crate::plan`] by parsing.

pub mod diagnostics;
pub mod events;
pub mod journal;
pub mod plan;
pub mod sarif;
pub mod status;
