//! The real systems.

pub mod tickets;
