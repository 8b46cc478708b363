//! The logs beside `lab.json`: what is noted in them is on the disk before a call goes on. Those who wait for that wait
//! together, and keep nobody from the lab meanwhile.

use super::LabError;
use crate::durable::{Progress, sync_folder};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A file to which lines are added, under the lab's lock.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// Open from before the first line that this program adds: a disk tells of what it refused only those who had the
    /// file open then.
    file: Mutex<Option<Arc<File>>>,
}

impl Log {
    pub(super) fn of(state: &Path, name: &str) -> Self {
        Self { path: state.join(name), file: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, to be read and written; it is made where it is not there.
    pub(super) fn file(&self) -> Result<Arc<File>, LabError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*file {
            return Ok(Arc::clone(file));
        }
        let opened = File::options().create(true).truncate(false).read(true).write(true).open(&self.path);
        let opened = opened.and_then(|opened| {
            self.path.parent().map_or(Ok(()), sync_folder)?;
            Ok(Arc::new(opened))
        });
        Ok(Arc::clone(file.insert(opened.map_err(|source| self.failed(source))?)))
    }

    fn opened(&self) -> Option<Arc<File>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |log| log.len())
    }

    /// Takes all lines away.
    pub(super) fn clear(&self) -> Result<(), LabError> {
        if self.length() == 0 { Ok(()) } else { self.file()?.set_len(0).map_err(|source| self.failed(source)) }
    }

    pub(super) fn failed(&self, source: io::Error) -> LabError {
        LabError::Io { path: self.path.clone(), doing: "written", source }
    }
}

/// The log of the calls and that of the changes.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) calls: Log,
    pub(super) changes: Log,
    state: PathBuf,
    /// How many lines were written.
    noted: AtomicU64,
    on_disk: Progress,
}

impl Logs {
    pub(super) fn of(state: &Path) -> Self {
        Self {
            calls: Log::of(state, "lab-calls.jsonl"),
            changes: Log::of(state, "lab-changes.jsonl"),
            state: state.to_owned(),
            noted: AtomicU64::new(0),
            on_disk: Progress::default(),
        }
    }

    /// A line was written to one of them; which it is of all.
    pub(super) fn noted(&self) -> u64 {
        self.noted.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until that line is on the disk.
    pub(super) fn wait_for(&self, line: u64) -> Result<(), LabError> {
        // Where the disk refused something before, that is said of both.
        let mut at = &self.state;
        let waited = self.on_disk.reach(line, || {
            let all = self.noted.load(Ordering::SeqCst);
            for log in [&self.calls, &self.changes] {
                at = &log.path;
                log.opened().map_or(Ok(()), |file| file.sync_data())?;
            }
            Ok(all)
        });
        waited.map_err(|source| LabError::Io { path: at.clone(), doing: "written", source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_log_is_made_with_its_first_line_and_cleared_where_it_has_any() {
        let folder = crate::scratch::scratch();
        let log = Log::of(folder.path(), "log.jsonl");
        log.clear().unwrap();
        assert!(!log.path().exists());
        log.file().unwrap().write_all(b"line\n").unwrap();
        assert_eq!(log.length(), 5);
        log.clear().unwrap();
        assert_eq!(log.length(), 0);
        fs::create_dir(folder.path().join("blocked")).unwrap();
        let error = Log::of(folder.path(), "blocked").file().unwrap_err().to_string();
        assert!(error.ends_with("blocked cannot be written"), "{error}");
    }

    #[test]
    fn a_line_that_others_have_brought_to_the_disk_is_not_waited_for() {
        let folder = crate::scratch::scratch();
        let logs = Logs::of(folder.path());
        let (first, second) = (logs.noted(), logs.noted());
        logs.wait_for(second).unwrap();
        assert_eq!((first, logs.on_disk.reached()), (1, 2));
        logs.wait_for(first).unwrap();
    }
}
