//! What is noted beside `lab.json` is on the disk before a call goes on. Those who wait for that wait together, and keep
//! nobody from the lab meanwhile.

use super::{LabError, calls, changes};
use crate::durable::Progress;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The log of the calls and that of the changes.
#[derive(Debug)]
pub(super) struct Logs {
    paths: [PathBuf; 2],
    /// How many lines were written.
    noted: AtomicU64,
    on_disk: Progress,
}

impl Logs {
    pub(super) fn of(state: &Path) -> Self {
        let paths = [calls::path(state), changes::path(state)];
        Self { paths, noted: AtomicU64::new(0), on_disk: Progress::default() }
    }

    /// A line was written to one of them; which it is of all.
    pub(super) fn noted(&self) -> u64 {
        self.noted.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until that line is on the disk.
    pub(super) fn wait_for(&self, line: u64) -> Result<(), LabError> {
        let mut at = &self.paths[0];
        let waited = self.on_disk.reach(line, || {
            let all = self.noted.load(Ordering::SeqCst);
            for path in &self.paths {
                at = path;
                match File::options().append(true).open(path) {
                    Ok(log) => log.sync_data()?,
                    // There was no such line yet, or `lab.json` was written whole since.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(all)
        });
        waited.map_err(|source| LabError::Io { path: at.clone(), doing: "written", source })
    }
}
