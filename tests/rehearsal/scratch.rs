//! Where tests keep their labs.

use tempfile::TempDir;

/// A folder in memory where there is such a place: every write is synced, and what is tested is not the disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
