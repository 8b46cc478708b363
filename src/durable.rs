//! Files that are replaced whole or not at all, and are on the disk once that is said.
//!
//! **Architecture invariant:** it knows nobody, and decides nothing about names or contents.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

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
}
