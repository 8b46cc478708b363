//! The real systems.

pub mod directory;
