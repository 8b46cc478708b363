//! Files of the state folder: file and folder are on the disk before anybody relies on what was written.

use crate::durable::{self, sync_folder};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
/// A disk takes as long for ten lines as for one, so what is appended while it is busy goes to it together. Once it
/// refused something, nothing more is appended: a line may be torn, and a disk that failed to take what was written may
/// have forgotten it, and say afterwards that all is well.
#[derive(Debug)]
pub(crate) struct AppendFile {
    path: PathBuf,
    file: File,
    written: Mutex<Lines>,
    on_disk: Mutex<Lines>,
}

/// How many lines got so far, and why no more do.
#[derive(Debug, Default)]
struct Lines {
    count: u64,
    refused: Option<(io::ErrorKind, String)>,
}

impl Lines {
    /// Goes on to that many lines, unless something was refused before or is now.
    fn advance(&mut self, to: u64, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if let Some((kind, why)) = &self.refused {
            return Err(io::Error::new(*kind, why.clone()));
        }
        write().inspect_err(|error| self.refused = Some((error.kind(), error.to_string())))?;
        self.count = to;
        Ok(())
    }
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
        Self { path: path.to_owned(), file, written: Mutex::default(), on_disk: Mutex::default() }
    }

    /// Appends a line; it is on the disk when this returns.
    pub(crate) fn append(&self, line: &str) -> Result<(), StateError> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let own = self.write(&bytes).and_then(|own| self.sync(own));
        own.map_err(on(&self.path, Verb::Written))
    }

    /// Writes it behind what others wrote; which line it is.
    fn write(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut written = held(&self.written);
        let own = written.count + 1;
        written.advance(own, || (&self.file).write_all(bytes))?;
        Ok(own)
    }

    /// Waits until that line is on the disk, which it may be with somebody else's.
    fn sync(&self, own: u64) -> io::Result<()> {
        let mut on_disk = held(&self.on_disk);
        if on_disk.count >= own {
            return Ok(());
        }
        let all = held(&self.written).count;
        // The folder's entry is on the disk since the file was made.
        on_disk.advance(all, || self.file.sync_all())
    }
}

fn held(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
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
        let there = AppendFile::of(full, tempfile::tempfile().unwrap());
        *held(&there.written) = std::mem::take(&mut *held(&file.written));
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
        assert_eq!((held(&file.written).count, held(&file.on_disk).count), (320, 320));
    }
}
