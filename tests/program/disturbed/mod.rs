//! A run in a real process to which something happens, and that is resumed: the lab ends exactly as if nothing had.

#[cfg(unix)]
mod full_disk;
mod killed;
mod scene;
