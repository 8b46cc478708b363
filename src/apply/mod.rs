//! Carries a plan out: lock, journal, batches, windows, resume, undo.

pub mod target;
