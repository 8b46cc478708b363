//! The folder as it lies on disk: names in any case, no way out of it.

use super::SERVERS;
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
    root: Arc<Path>,
    /// This folder's path relative to the snapshot, with `/` at its end; empty for the snapshot itself.
    prefix: String,
    /// What is in it, by name.
    entries: Vec<Entry>,
    /// Which files could not be made when the snapshot was, by their paths in lower case, and why.
    unread: Arc<BTreeMap<String, String>>,
}

/// What a folder has.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: String,
    kind: Kind,
}

/// What it is by the folder's own list. What is a file or folder there is no link, and so lies within the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    File,
    Folder,
    /// A link, or something that is neither file nor folder.
    Other,
}

/// Memory for the bytes of one file after the other: hundreds of megabytes pass through it.
#[derive(Debug, Default)]
pub(super) struct Scratch(Vec<u8>);

impl Scratch {
    /// Takes back what a text was held in that nobody needs any more.
    pub(super) fn reuse(&mut self, text: String) {
        let bytes = text.into_bytes();
        if bytes.capacity() > self.0.capacity() {
            self.0 = bytes;
        }
    }
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
        Self::list(path.to_owned(), fs::canonicalize(path)?.into(), String::new(), Arc::default())
    }

    /// The same folder, of which these files could not be made, each with its cause.
    pub(super) fn without(self, unread: impl IntoIterator<Item = (String, String)>) -> Self {
        let unread = unread.into_iter().map(|(file, why)| (file.to_lowercase(), why)).collect();
        Self { unread: Arc::new(unread), ..self }
    }

    fn list(path: PathBuf, root: Arc<Path>, prefix: String, unread: Arc<BTreeMap<String, String>>) -> io::Result<Self> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            // A name that is no Unicode is the name of nothing that is looked for.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = match entry.file_type()? {
                kind if kind.is_file() => Kind::File,
                kind if kind.is_dir() => Kind::Folder,
                _ => Kind::Other,
            };
            entries.push(Entry { name, kind });
        }
        entries.sort_unstable();
        Ok(Self { path, root, prefix, entries, unread })
    }

    /// What is looked for, under its real names, in any case.
    fn named<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f Entry> {
        self.entries.iter().filter(move |known| known.name.eq_ignore_ascii_case(name))
    }

    /// The path of that file in the snapshot, under its real name where it has one.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(self.named(name).next().map_or(name, |entry| &entry.name))
    }

    /// Whether there is a file or folder of that name, in any case.
    pub(super) fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// That file as text.
    pub(super) fn load(&self, name: &str) -> Loaded {
        self.load_into(name, &mut Scratch::default())
    }

    /// That file as text, in the memory of an earlier one.
    pub(super) fn load_into(&self, name: &str, scratch: &mut Scratch) -> Loaded {
        let mut found = self.named(name);
        let (first, second) = (found.next(), found.next());
        let relative: Arc<str> = format!("{}{}", self.prefix, first.map_or(name, |entry| &entry.name)).into();
        if let Some(why) = self.why_unread(&relative) {
            let why = format!("it could not be read when the snapshot was made: {why}");
            return Loaded { source: Err(broken(relative, why)), print: None };
        }
        let Some(first) = first else {
            return Loaded { source: Err(Cause::NotCollected { file: relative }), print: None };
        };
        if let Some(second) = second {
            let why = format!("{}{} is there too, and differs by case only: keep one", self.prefix, second.name);
            return Loaded { source: Err(broken(relative, why)), print: None };
        }
        let mut bytes = std::mem::take(&mut scratch.0);
        bytes.clear();
        match self.read(first, &mut bytes) {
            Err(why) => Loaded { source: Err(broken(relative, why)), print: None },
            Ok(()) => Self::decoded(relative, bytes),
        }
    }

    fn decoded(name: Arc<str>, bytes: Vec<u8>) -> Loaded {
        match decode(bytes) {
            Ok(text) => {
                let print = Print::of_text(&name, &text);
                Loaded { source: Ok(Source { name, text }), print: Some(print) }
            }
            Err((error, bytes)) => {
                // What cannot be decoded still has a digest.
                let print = Print::of_bytes(&name, &bytes);
                let place = Place { file: name, line_column: Some(error.line_column) };
                Loaded { source: Err(Cause::Broken { place, why: error.why }), print: Some(print) }
            }
        }
    }

    /// That file as it lies there.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        match self.named(name).next() {
            Some(entry) => self.read(entry, &mut bytes)?,
            None => return Err("cannot be found".to_owned()),
        }
        Ok(bytes)
    }

    fn read(&self, entry: &Entry, bytes: &mut Vec<u8>) -> Result<(), String> {
        let mut path = self.path.join(&entry.name);
        match entry.kind {
            Kind::File => {}
            Kind::Folder => return Err("is no file".to_owned()),
            Kind::Other => path = self.within(&path)?,
        }
        // What is no file may never end, or wait for somebody to open its other end.
        if entry.kind == Kind::Other
            && !fs::metadata(&path).map_err(|error| format!("cannot be read: {error}"))?.is_file()
        {
            return Err("is no file".to_owned());
        }
        let file = File::open(&path).map_err(|error| format!("cannot be opened: {error}"))?;
        let length = file.metadata().map_or(0, |kind| kind.len()).min(MOST_BYTES + 1);
        bytes.reserve_exact(usize::try_from(length).unwrap_or(0).saturating_add(1));
        file.take(MOST_BYTES + 1).read_to_end(bytes).map_err(|error| format!("cannot be read: {error}"))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("is larger than {} MiB, the most that is read", MOST_BYTES / (1024 * 1024)));
        }
        Ok(())
    }

    fn within(&self, path: &Path) -> Result<PathBuf, String> {
        within(&self.root, path)
    }

    /// The folders of servers, under `servers` in any case.
    ///
    /// What is no folder, or whose name is no FQDN, belongs to no server and is passed over.
    pub(super) fn servers(&self) -> io::Result<BTreeMap<ServerFqdn, Vec<ServerFolder>>> {
        let mut servers: BTreeMap<ServerFqdn, Vec<ServerFolder>> = BTreeMap::new();
        for entry in self.named(SERVERS) {
            let all = self.enter(entry)?;
            for entry in all.server_folders() {
                // Parsed before it is joined to a path.
                let Ok(fqdn) = entry.name.parse() else { continue };
                servers.entry(fqdn).or_default().push(all.server_folder(entry));
            }
        }
        for fqdn in self.unread_servers() {
            let relative = format!("servers/{fqdn}");
            let (path, root, unread) = (self.path.join(&relative), self.root.clone(), self.unread.clone());
            let absent = ServerFolder { path, kind: None, root, relative, unread };
            servers.entry(fqdn).or_insert_with(|| vec![absent]);
        }
        Ok(servers)
    }

    /// Why that file could not be made, where that is so; of most snapshots everything could.
    fn why_unread(&self, relative: &str) -> Option<&str> {
        if self.unread.is_empty() {
            return None;
        }
        self.unread.get(&relative.to_lowercase()).map(String::as_str)
    }

    /// The servers of which something could not be read; they may have no folder.
    fn unread_servers(&self) -> impl Iterator<Item = ServerFqdn> {
        let of_server = self.unread.keys().filter_map(|file| file.strip_prefix("servers/")?.split_once('/'));
        of_server.filter_map(|(fqdn, _)| fqdn.parse().ok())
    }

    /// The folder of that name in this one, in any case; `None` where there is none.
    pub(super) fn folder(&self, name: &str) -> io::Result<Option<Self>> {
        self.named(name).next().map(|entry| self.enter(entry)).transpose()
    }

    /// The names of what is in it, in a stable order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The folders of that one server.
    pub(super) fn server(&self, server: &ServerFqdn) -> io::Result<Vec<ServerFolder>> {
        let mut folders = Vec::new();
        for entry in self.named(SERVERS) {
            let all = self.enter(entry)?;
            // An FQDN is ASCII, and white space around it is no part of it.
            let same = |entry: &&Entry| entry.name.trim().eq_ignore_ascii_case(server.as_str());
            folders.extend(all.server_folders().filter(same).map(|entry| all.server_folder(entry)));
        }
        Ok(folders)
    }

    fn enter(&self, entry: &Entry) -> io::Result<Self> {
        let (name, path) = (&entry.name, self.path.join(&entry.name));
        let path = match entry.kind {
            Kind::Folder => path,
            Kind::File => return Err(no_folder(name)),
            Kind::Other => match self.within(&path) {
                Ok(path) if path.is_dir() => path,
                Ok(_) => return Err(no_folder(name)),
                Err(why) => return Err(io::Error::other(format!("{name} {why}"))),
            },
        };
        Self::list(path, self.root.clone(), format!("{}{name}/", self.prefix), self.unread.clone())
    }

    /// Whatever may be the folder of a server.
    fn server_folders(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.kind != Kind::File)
    }

    fn server_folder(&self, entry: &Entry) -> ServerFolder {
        let (path, relative) = (self.path.join(&entry.name), format!("{}{}", self.prefix, entry.name));
        ServerFolder { path, kind: Some(entry.kind), root: self.root.clone(), relative, unread: self.unread.clone() }
    }
}

/// A server's folder, not yet listed.
pub(super) struct ServerFolder {
    path: PathBuf,
    /// `None` where nothing is there: nothing of the server could be read.
    kind: Option<Kind>,
    root: Arc<Path>,
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
        let path = match first.kind {
            Some(Kind::Folder) => first.path.clone(),
            Some(Kind::File | Kind::Other) => within(&root, &first.path).map_err(|why| broken(file.clone(), why))?,
            None => {
                return Ok(Folder { path: first.path.clone(), root, prefix, entries: Vec::new(), unread });
            }
        };
        Folder::list(path, root, prefix, unread).map_err(|error| broken(file, format!("cannot be listed: {error}")))
    }
}

/// The real path of this one, which must lie within that folder.
fn within(root: &Path, path: &Path) -> Result<PathBuf, String> {
    let real = fs::canonicalize(path).map_err(|error| format!("cannot be found: {error}"))?;
    if real.starts_with(root) {
        Ok(real)
    } else {
        Err("is a link that leaves the snapshot folder, which is not followed: put the file itself there".to_owned())
    }
}

fn no_folder(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotADirectory, format!("{name} is no folder"))
}

fn broken(file: Arc<str>, why: impl Into<String>) -> Cause {
    Cause::Broken { place: Place { file, line_column: None }, why: why.into() }
}
