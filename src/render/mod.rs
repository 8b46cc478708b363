//! What people read.

pub mod diagnostics;
