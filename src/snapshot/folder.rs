//! The folder as it lies on disk: names in any case, no way out of it.

use super::digest::Print;
use super::place::Source;
use super::text::{MOST_BYTES, decode};
use crate::model::{Cause, Place, ServerFqdn};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of the snapshot.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Where the whole snapshot really is, links resolved: nothing outside is read.
    root: PathBuf,
    /// This folder's path relative to the snapshot, with `/` at its end; empty for the snapshot itself.
    prefix: String,
    /// The names that are in it.
    names: Vec<String>,
    /// Which files could not be made when the snapshot was, by their paths in lower case, and why.
    unread: Arc<BTreeMap<String, String>>,
}

/// A file that was looked for.
pub(super) struct Loaded {
    /// Its text.
    pub(super) source: Result<Source, Cause>,
    /// What it adds to the digest; nothing where it is not there or could not be read.
    pub(super) print: Option<Print>,
}

impl Folder {
    /// The snapshot folder itself.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::list(path.to_owned(), fs::canonicalize(path)?, String::new(), Arc::default())
    }

    /// The same folder, of which these files could not be made, each with its cause.
    pub(super) fn without(self, unread: impl IntoIterator<Item = (String, String)>) -> Self {
        let unread = unread.into_iter().map(|(file, why)| (file.to_lowercase(), why)).collect();
        Self { unread: Arc::new(unread), ..self }
    }

    fn list(path: PathBuf, root: PathBuf, prefix: String, unread: Arc<BTreeMap<String, String>>) -> io::Result<Self> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&path)? {
            // A name that is no Unicode is the name of nothing that is looked for.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(Self { path, root, prefix, names, unread })
    }

    /// The real names of what is looked for, in any case.
    fn named<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.names.iter().map(String::as_str).filter(move |known| known.eq_ignore_ascii_case(name))
    }

    /// The path of that file in the snapshot, under its real name where it has one.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(self.named(name).next().unwrap_or(name))
    }

    /// Whether there is a file or folder of that name, in any case.
    pub(super) fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// That file as text.
    pub(super) fn load(&self, name: &str) -> Loaded {
        let mut found = self.named(name);
        let (first, second) = (found.next(), found.next());
        let relative: Arc<str> = format!("{}{}", self.prefix, first.unwrap_or(name)).into();
        if let Some(why) = self.unread.get(&relative.to_lowercase()) {
            let why = format!("it could not be read when the snapshot was made: {why}");
            return Loaded { source: Err(broken(relative, why)), print: None };
        }
        if first.is_none() {
            return Loaded { source: Err(Cause::NotCollected { file: relative }), print: None };
        }
        if let Some(second) = second {
            let why = format!("{}{second} is there too, and differs by case only: keep one", self.prefix);
            return Loaded { source: Err(broken(relative, why)), print: None };
        }
        match self.bytes(name) {
            Err(why) => Loaded { source: Err(broken(relative, why)), print: None },
            Ok(bytes) => Self::decoded(relative, bytes),
        }
    }

    fn decoded(name: Arc<str>, bytes: Vec<u8>) -> Loaded {
        // Decoding consumes the bytes, and what cannot be decoded still has a digest.
        let raw = Print::of_bytes(&name, &bytes);
        match decode(bytes) {
            Ok(text) => {
                let print = Print::of_text(&name, &text);
                Loaded { source: Ok(Source { name, text }), print: Some(print) }
            }
            Err(error) => {
                let place = Place { file: name, line_column: Some(error.line_column) };
                Loaded { source: Err(Cause::Broken { place, why: error.why }), print: Some(raw) }
            }
        }
    }

    /// That file as it lies there.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.within(&self.path_of(name))?;
        let kind = fs::metadata(&path).map_err(|error| format!("cannot be read: {error}"))?;
        if !kind.is_file() {
            return Err("is no file".to_owned());
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|error| format!("cannot be opened: {error}"))?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("is larger than {} MiB, the most that is read", MOST_BYTES / (1024 * 1024)));
        }
        Ok(bytes)
    }

    /// The real path of this one, which must lie within the snapshot.
    fn within(&self, path: &Path) -> Result<PathBuf, String> {
        let real = fs::canonicalize(path).map_err(|error| format!("cannot be found: {error}"))?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err("is a link that leaves the snapshot folder, which is not followed: put the file itself there"
                .to_owned())
        }
    }

    /// The folders of servers, under `servers` in any case.
    ///
    /// What is no folder, or whose name is no FQDN, belongs to no server and is passed over.
    pub(super) fn servers(&self) -> io::Result<BTreeMap<ServerFqdn, Vec<ServerFolder>>> {
        let mut servers: BTreeMap<ServerFqdn, Vec<ServerFolder>> = BTreeMap::new();
        for name in self.named("servers") {
            let prefix = format!("{name}/");
            let path = match self.within(&self.path.join(name)) {
                Ok(path) if path.is_dir() => path,
                Ok(_) => return Err(io::Error::new(io::ErrorKind::NotADirectory, "servers is no folder")),
                Err(why) => return Err(io::Error::other(format!("servers {why}"))),
            };
            let all = Self::list(path, self.root.clone(), prefix, self.unread.clone())?;
            for name in &all.names {
                // Parsed before it is joined to a path.
                let Ok(fqdn) = name.parse::<ServerFqdn>() else { continue };
                let path = all.path.join(name);
                let is_file = fs::symlink_metadata(&path)?.is_file();
                if !is_file {
                    let relative = format!("{}{name}", all.prefix);
                    let (root, unread) = (self.root.clone(), self.unread.clone());
                    servers.entry(fqdn).or_default().push(ServerFolder { path, root, relative, unread });
                }
            }
        }
        for fqdn in self.unread_servers() {
            let relative = format!("servers/{fqdn}");
            let (path, root, unread) = (self.path.join(&relative), self.root.clone(), self.unread.clone());
            servers.entry(fqdn).or_insert_with(|| vec![ServerFolder { path, root, relative, unread }]);
        }
        Ok(servers)
    }

    /// The servers of which something could not be read; they may have no folder.
    fn unread_servers(&self) -> impl Iterator<Item = ServerFqdn> {
        let of_server = self.unread.keys().filter_map(|file| file.strip_prefix("servers/")?.split_once('/'));
        of_server.filter_map(|(fqdn, _)| fqdn.parse().ok())
    }

    /// The folder of that name in this one, in any case; `None` where there is none.
    pub(super) fn folder(&self, name: &str) -> io::Result<Option<Self>> {
        let Some(found) = self.named(name).next() else { return Ok(None) };
        match self.within(&self.path.join(found)) {
            Ok(path) if path.is_dir() => {
                Self::list(path, self.root.clone(), format!("{}{found}/", self.prefix), self.unread.clone()).map(Some)
            }
            Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{found} is no folder"))),
            Err(why) => Err(io::Error::other(format!("{found} {why}"))),
        }
    }

    /// The names of what is in it, in a stable order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// A server's folder, not yet listed.
pub(super) struct ServerFolder {
    path: PathBuf,
    root: PathBuf,
    relative: String,
    unread: Arc<BTreeMap<String, String>>,
}

impl ServerFolder {
    /// Lists the one folder of a server; several, or one that cannot be listed, are the cause of all its readings.
    pub(super) fn open(folders: &[Self]) -> Result<Folder, Cause> {
        let (Some(first), second) = (folders.first(), folders.get(1)) else {
            return Err(Cause::NeverTested);
        };
        let file: Arc<str> = first.relative.as_str().into();
        if let Some(second) = second {
            let why = format!("{} is there too, and differs by case only: keep one", second.relative);
            return Err(broken(file, why));
        }
        let prefix = format!("{file}/");
        let (root, unread) = (first.root.clone(), first.unread.clone());
        let unlisted = Folder { path: first.path.clone(), root: root.clone(), prefix, names: Vec::new(), unread };
        let metadata = fs::symlink_metadata(&unlisted.path);
        if metadata.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(unlisted);
        }
        let path = unlisted.within(&first.path).map_err(|why| broken(file.clone(), why))?;
        Folder::list(path, root, unlisted.prefix, unlisted.unread)
            .map_err(|error| broken(file, format!("cannot be listed: {error}")))
    }
}

fn broken(file: Arc<str>, why: impl Into<String>) -> Cause {
    Cause::Broken { place: Place { file, line_column: None }, why: why.into() }
}
