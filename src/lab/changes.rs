//! `.cskerb/lab-changes.jsonl`: what changed since `lab.json` was written, in a lab that is too large to be written whole
//! after every call.
//!
//! Its first line names the `lab.json` that it goes on from by that file's digest; with any other one it says nothing.
//! Each further line is a memory, whole but for the accounts and servers that are as they were. A last line that was cut
//! off says nothing.

use super::LabError;
use super::logs::Log;
use super::memory::Memory;
use crate::model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Seek, SeekFrom, Write};

/// A smaller `lab.json` is written whole after every change, in bytes.
const SMALL: usize = 64 * 1024;

/// How many times as long as `lab.json` the log may become, before that is written whole: by a run that tests each server
/// once or twice it does not.
const MOST: u64 = 8;

/// A `lab.json`, and how far the changes since have been read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// The digest of its bytes.
    digest: Digest,
    /// How many bytes it has.
    length: usize,
    /// How many bytes of the log are whole lines that go on from it.
    changes: u64,
}

/// What was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// Nothing: `lab.json` is to be written whole instead.
    NotHere,
    /// That it is later, which may be lost.
    Time,
    /// More than that.
    Change,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    extends: String,
}

impl Base {
    /// Of a `lab.json` with these bytes, from which nothing has changed.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes), length: bytes.len(), changes: 0 }
    }

    /// Whether the log has just what was read or written of it.
    pub(super) fn is_up_to(&self, length: u64) -> bool {
        self.changes == length
    }

    /// Brings the memory up to the last change.
    pub(super) fn read(mut self, log: &Log, memory: &mut Memory) -> Result<Self, LabError> {
        let bytes = match fs::read(log.path()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self),
            Err(source) => return Err(LabError::Io { path: log.path().to_owned(), doing: "read", source }),
        };
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let Some(first) = lines.next() else { return Ok(self) };
        if !serde_json::from_slice::<Head>(first).is_ok_and(|head| head.extends == self.digest.to_string()) {
            return Ok(self);
        }
        let mut whole = first.len();
        for line in lines {
            let Ok(change) = serde_json::from_slice::<Memory>(line) else { break };
            apply(memory, change);
            whole += line.len();
        }
        self.changes = whole as u64;
        Ok(self)
    }

    /// Notes what changed; it is not yet on the disk when this returns.
    pub(super) fn append(&mut self, log: &Log, former: &Memory, memory: &Memory) -> Result<Noted, LabError> {
        if self.length < SMALL || self.changes > MOST * self.length as u64 {
            return Ok(Noted::NotHere);
        }
        let Some(change) = between(former, memory) else { return Ok(Noted::NotHere) };
        let failed = |source| log.failed(source);
        let mut text = Vec::new();
        if self.changes == 0 {
            line(&mut text, &Head { extends: self.digest.to_string() }).map_err(failed)?;
        }
        line(&mut text, &change).map_err(failed)?;
        let file = log.file()?;
        let mut file = &*file;
        // What a program that was killed has left of a line, or of the changes of another file, goes first.
        if file.metadata().map_err(failed)?.len() != self.changes {
            file.set_len(self.changes).map_err(failed)?;
        }
        file.seek(SeekFrom::Start(self.changes)).and_then(|_| file.write_all(&text)).map_err(failed)?;
        self.changes += text.len() as u64;
        Ok(if is_only_later(former, &change) { Noted::Time } else { Noted::Change })
    }
}

fn line<T: Serialize>(text: &mut Vec<u8>, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *text, value)?;
    text.push(b'\n');
    Ok(())
}

/// The memory without the accounts and servers that are as they were; `None` where one of them is gone.
fn between(former: &Memory, memory: &Memory) -> Option<Memory> {
    let (accounts, servers) = (new(&former.accounts, &memory.accounts)?, new(&former.servers, &memory.servers)?);
    Some(Memory { accounts, servers, ..head(memory) })
}

/// Whether what changed is the time and nothing else.
fn is_only_later(former: &Memory, change: &Memory) -> bool {
    change.accounts.is_empty()
        && change.servers.is_empty()
        && Memory { now: former.now, ..head(change) } == head(former)
}

/// The memory without its accounts and servers.
fn head(memory: &Memory) -> Memory {
    Memory {
        accounts: BTreeMap::new(),
        servers: BTreeMap::new(),
        format_version: memory.format_version,
        now: memory.now,
        product: memory.product.clone(),
        rights: memory.rights,
        enabled_topology: memory.enabled_topology.clone(),
        publication: memory.publication.clone(),
        assignments: memory.assignments.clone(),
        other_holders: memory.other_holders.clone(),
        aes_keys_since: memory.aes_keys_since,
        next_key: memory.next_key,
        rotation_breaks_off: memory.rotation_breaks_off.clone(),
    }
}

fn new<K: Ord + Clone, V: PartialEq + Clone>(former: &BTreeMap<K, V>, now: &BTreeMap<K, V>) -> Option<BTreeMap<K, V>> {
    let mut before = former.iter().peekable();
    let mut new = BTreeMap::new();
    for (key, value) in now {
        match before.next_if(|(known, _)| *known == key) {
            Some((_, known)) if known == value => {}
            _ => _ = new.insert(key.clone(), value.clone()),
        }
    }
    before.peek().is_none().then_some(new)
}

fn apply(memory: &mut Memory, change: Memory) {
    let mut accounts = std::mem::take(&mut memory.accounts);
    let mut servers = std::mem::take(&mut memory.servers);
    accounts.extend(change.accounts);
    servers.extend(change.servers);
    *memory = Memory { accounts, servers, ..change };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::memory::{Down, ServerMemory};
    use crate::scratch::scratch;
    use jiff::Timestamp;
    use tempfile::TempDir;

    fn memory(servers: usize) -> Memory {
        let mut memory = Memory::empty(Timestamp::UNIX_EPOCH);
        for at in 0..servers {
            memory.servers.insert(format!("fe{at}.contoso.com").parse().unwrap(), ServerMemory::default());
        }
        memory
    }

    fn log_of(folder: &TempDir) -> Log {
        Log::of(folder.path(), "lab-changes.jsonl")
    }

    fn base(length: usize) -> Base {
        Base::new(&vec![b' '; length])
    }

    fn read(folder: &TempDir, length: usize, mut memory: Memory) -> Memory {
        base(length).read(&log_of(folder), &mut memory).unwrap();
        memory
    }

    #[test]
    fn what_was_noted_is_read_back_and_a_line_that_was_cut_off_is_not() {
        let folder = scratch();
        let first = memory(3);
        let mut second = memory(4);
        second.next_key = 7;
        second.servers.values_mut().next().unwrap().down = Some(Down::ForGood);
        let mut third = second.clone();
        third.accounts.insert(r"CONTOSO\kerbauth".parse().unwrap(), None);
        let mut log = base(SMALL);
        assert_eq!(log.append(&log_of(&folder), &first, &second).unwrap(), Noted::Change);
        let whole = fs::read(log_of(&folder).path()).unwrap();
        assert_eq!(log.append(&log_of(&folder), &second, &third).unwrap(), Noted::Change);
        assert_eq!(read(&folder, SMALL, first.clone()), third);
        assert_eq!(read(&folder, SMALL + 1, first.clone()), first, "with another lab.json it says nothing");
        let all = fs::read(log_of(&folder).path()).unwrap();
        for end in whole.len()..all.len() {
            fs::write(log_of(&folder).path(), &all[..end]).unwrap();
            assert_eq!(read(&folder, SMALL, first.clone()), second, "cut off at {end}");
        }
        let mut again = base(SMALL).read(&log_of(&folder), &mut first.clone()).unwrap();
        assert_eq!(again.append(&log_of(&folder), &second, &third).unwrap(), Noted::Change);
        assert_eq!(fs::read(log_of(&folder).path()).unwrap(), all, "what was cut off is replaced");
    }

    #[test]
    fn only_the_time_may_be_lost() {
        let first = memory(2);
        let mut later = first.clone();
        later.now = "2026-05-30T20:00:00Z".parse().unwrap();
        assert!(is_only_later(&first, &between(&first, &later).unwrap()));
        let mut other = later.clone();
        other.next_key += 1;
        assert!(!is_only_later(&first, &between(&first, &other).unwrap()));
        let mut other = later.clone();
        other.servers.values_mut().next().unwrap().slow = 1;
        assert!(!is_only_later(&first, &between(&first, &other).unwrap()));
    }

    #[test]
    fn a_small_lab_and_one_that_lost_a_server_are_written_whole() {
        let folder = scratch();
        assert_eq!(base(SMALL - 1).append(&log_of(&folder), &memory(1), &memory(2)).unwrap(), Noted::NotHere);
        assert_eq!(base(SMALL).append(&log_of(&folder), &memory(2), &memory(1)).unwrap(), Noted::NotHere);
        assert!(!log_of(&folder).path().exists());
    }
}
