//! The formats that programs read, one set of types both ways.

pub mod diagnostics;
