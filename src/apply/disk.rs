//! Files of the state folder: file and folder are on the disk before anybody relies on what was written.

use crate::durable::{self, Progress, sync_folder};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A file or folder of the state folder that could not be read or written.
#[derive(Debug, Error)]
#[error("{} could not be {verb}: {source}", path.display())]
pub struct StateError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was tried.
    pub verb: Verb,
    /// Why it failed.
    pub source: io::Error,
}

/// What was tried on a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reading.
    Read,
    /// Writing or making.
    Written,
    /// Locking.
    Locked,
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Written => "written",
            Self::Locked => "locked",
        })
    }
}

/// Makes it an error about that path.
pub(crate) fn on(path: &Path, verb: Verb) -> impl FnOnce(io::Error) -> StateError + '_ {
    move |source| StateError { path: path.to_owned(), verb, source }
}

/// Makes the folder, and those above it, where they are not there.
pub(crate) fn make_folders(folder: &Path) -> Result<(), StateError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).and_then(|()| sync_parent(folder)).map_err(on(folder, Verb::Written))
}

/// Makes a folder that must not be there yet; `false` where it is.
pub(crate) fn make_new_folder(folder: &Path) -> Result<bool, StateError> {
    match fs::create_dir(folder).and_then(|()| sync_parent(folder)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(on(folder, Verb::Written)(error)),
    }
}

/// Puts the entry of that file or folder on the disk.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    durable::replace(path, bytes).map_err(on(path, Verb::Written))
}

/// A file that only grows, to which several threads append.
///
/// What is appended while the disk is busy goes to it together, and nothing more is once it refused something: see
/// [`Progress`].
#[derive(Debug)]
pub(crate) struct AppendFile {
    path: PathBuf,
    file: File,
    written: Progress,
    on_disk: Progress,
}

impl AppendFile {
    /// Makes the file, which must not be there yet.
    pub(crate) fn create(path: &Path) -> Result<Self, StateError> {
        let opened = OpenOptions::new().append(true).create_new(true).open(path).and_then(|file| {
            file.sync_all()?;
            sync_parent(path)?;
            Ok(file)
        });
        Ok(Self::of(path, opened.map_err(on(path, Verb::Written))?))
    }

    /// Opens the file to go on after its first `whole` bytes: what a crash left of a further line is cut off.
    pub(crate) fn reopen(path: &Path, whole: u64) -> Result<Self, StateError> {
        let opened = OpenOptions::new().write(true).open(path).and_then(|mut file| {
            file.set_len(whole)?;
            file.sync_all()?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        });
        Ok(Self::of(path, opened.map_err(on(path, Verb::Written))?))
    }

    fn of(path: &Path, file: File) -> Self {
        Self { path: path.to_owned(), file, written: Progress::default(), on_disk: Progress::default() }
    }

    /// Appends a line; it is on the disk when this returns.
    pub(crate) fn append(&self, line: &str) -> Result<(), StateError> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let appended = self.written.step(|| (&self.file).write_all(&bytes)).and_then(|own| self.sync(own));
        appended.map_err(on(&self.path, Verb::Written))
    }

    /// Waits until that line is on the disk; the folder's entry is there since the file was made.
    fn sync(&self, own: u64) -> io::Result<()> {
        self.on_disk.reach(own, || {
            let all = self.written.reached();
            self.file.sync_all().map(|()| all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_cut_off_before_more_is_written() {
        let folder = crate::scratch::scratch();
        let path = folder.path().join("journal.jsonl");
        AppendFile::create(&path).unwrap().append("one").unwrap();
        fs::write(&path, "one\ntw").unwrap();
        AppendFile::reopen(&path, 4).unwrap().append("three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\nthree\n");
    }

    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            println!("skipped: there is no /dev/full here");
            return;
        }
        let file = OpenOptions::new().append(true).open(full).unwrap();
        let file = AppendFile::of(full, file);
        let error = file.append("one").unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull, "{error}");
        assert!(error.to_string().starts_with("/dev/full could not be written"), "{error}");
        // It may be torn: nothing comes after it, even where the disk would take it.
        let there = AppendFile { written: file.written, ..AppendFile::of(full, tempfile::tempfile().unwrap()) };
        assert_eq!(there.append("two").unwrap_err().source.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn what_many_append_at_once_is_whole_and_in_each_one_s_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let file = AppendFile::create(&path).unwrap();
        let (threads, lines) = (8, 40);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (file, path) = (&file, &path);
                scope.spawn(move || {
                    for line in 0..lines {
                        let own = format!("{thread} {line} {}", "x".repeat(line * 50));
                        file.append(&own).unwrap();
                        assert!(fs::read_to_string(path).unwrap().lines().any(|line| line == own), "{own}");
                    }
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        for thread in 0..threads {
            let of_thread = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
            let numbers: Vec<usize> = of_thread.map(|it| it.split(' ').next().unwrap().parse().unwrap()).collect();
            assert_eq!(numbers, (0..lines).collect::<Vec<_>>());
        }
        assert_eq!((file.written.reached(), file.on_disk.reached()), (320, 320));
    }
}
