//! Files that are replaced whole or not at all, and are on the disk once that is said.
//!
//! **Architecture invariant:** it knows nobody, and decides nothing about names or contents.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Begins the name of a file that is not yet in its place; one that is left over was being written when the program
/// was killed.
pub const UNFINISHED: &str = ".writing-";

/// Replaces the file: whoever reads it meanwhile, or after a crash, finds all of the old bytes or all of the new ones.
///
/// The new file has the permissions of any new file, not those of a temporary one. Whatever failed, the old file is
/// untouched.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = unfinished(path, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder_of(path))
}

/// Replaces the file in the same way, without waiting for the disk: for what can be made again from something lasting.
///
/// Whenever the program is killed, all of the old bytes or all of the new ones stand there; a power cut may leave less.
pub fn replace_for_now(path: &Path, bytes: &[u8]) -> io::Result<()> {
    unfinished(path, bytes)?.persist(path).map(drop).map_err(|error| error.error)
}

/// The bytes in a file beside the place where they belong.
fn unfinished(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)); // less the umask
    }
    let folder = folder_of(path);
    let mut file = builder.prefix(UNFINISHED).tempfile_in(folder).map_err(|error| why_not(&error, folder))?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Why nothing can be made in that folder: tempfile's own words name a file that nobody asked for.
fn why_not(error: &io::Error, folder: &Path) -> io::Error {
    fs::metadata(folder).err().unwrap_or_else(|| error.kind().into())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes sure that the folder's entries are on the disk; Windows does so by itself.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// How far something has come that several threads do for each other: how many lines are written, or are on the disk.
///
/// A disk takes as long for ten lines as for one, so those who wait for it wait together. Once something was refused,
/// nothing goes on any more: a line may be torn, and a disk that failed to take what was written may have forgotten it,
/// and say afterwards that all is well.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Reached>);

#[derive(Debug, Default)]
struct Reached {
    count: u64,
    refused: Option<(io::ErrorKind, String)>,
}

impl Progress {
    /// How far it has come.
    pub fn reached(&self) -> u64 {
        self.held().count
    }

    /// Goes one on, by this; how far it is then.
    pub fn step(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<u64> {
        let mut reached = self.held();
        let next = reached.count + 1;
        reached.advance(|| work().map(|()| next))?;
        Ok(next)
    }

    /// Waits until it has come so far, which it may have by somebody else's doing; else goes on by this, which says how
    /// far it came.
    pub fn reach(&self, own: u64, work: impl FnOnce() -> io::Result<u64>) -> io::Result<()> {
        let mut reached = self.held();
        if reached.count >= own { Ok(()) } else { reached.advance(work) }
    }

    fn held(&self) -> MutexGuard<'_, Reached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reached {
    fn advance(&mut self, work: impl FnOnce() -> io::Result<u64>) -> io::Result<()> {
        if let Some((kind, why)) = &self.refused {
            return Err(io::Error::new(*kind, why.clone()));
        }
        self.count = work().inspect_err(|error| self.refused = Some((error.kind(), error.to_string())))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"a longer first text").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        replace_for_now(&path, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let fresh = folder.path().join("fresh");
            fs::write(&fresh, b"").unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&path), mode(&fresh), "as readable as any new file");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = replace(&folder.path().join("missing/plan.json"), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains(UNFINISHED), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn once_something_was_refused_nothing_goes_on() {
        let progress = Progress::default();
        assert_eq!(progress.step(|| Ok(())).unwrap(), 1);
        progress.reach(3, || Ok(4)).unwrap();
        progress.reach(4, || panic!("it has come so far")).unwrap();
        assert_eq!(progress.reached(), 4);
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(progress.reach(5, || Err(full())).unwrap_err().kind(), io::ErrorKind::StorageFull);
        let again = progress.step(|| panic!("nothing goes on")).unwrap_err();
        assert_eq!((again.kind(), again.to_string()), (io::ErrorKind::StorageFull, full().to_string()));
        progress.reach(4, || panic!("what was reached is")).unwrap();
    }
}
