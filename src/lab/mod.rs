//! The lab: a snapshot folder that `apply` may change, by the same rules as the real cmdlets.
//!
//! `lab.json` is the truth ([`Memory`]); `assignments.json`, `directory.json`, `snapshot.json` and each server's
//! `kerberos.json` are made from it after every change. `topology.xml` and each server's `applicationHost.config` are
//! their own truth. Every file is replaced whole, `lab.json` first, so whenever the program is killed,
//! [`Lab::open`] completes what is derived.
//!
//! The lab knows everything, so its `directory.json` is complete. Its clock starts when the snapshot was collected and
//! moves on by a second for every call of a cmdlet and for every server that a rotation sets.
//!
//! Where Microsoft's pages say nothing of what a cmdlet does, the lab does what its own module says, marked \[inferred\].
//!
//! **Architecture invariant:** the lab decides nothing about plans and reads no deployment; no secret enters it.

mod adopt;
mod calls;
mod cmdlets;
mod console;
mod create;
mod derived;
mod fault;
mod memory;
mod observe;
mod refusal;
mod target;
mod world;

pub use calls::{Call, Cmdlet, Outcome};
pub use console::{ConsoleCall, ConsoleEnd, ConsoleError, ConsoleReply};
pub use fault::{Fault, Right};
pub use memory::{AccountObject, Behind, Down, Held, Memory, Publication, Rights, ServerMemory, schema};

use crate::model::{Cause, ServerFqdn};
use crate::snapshot::{self, WriteError, Writer, change};
use jiff::{SignedDuration, Timestamp};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use thiserror::Error;
use world::World;

/// The folder of locks, journals and the call log.
const STATE: &str = ".cskerb";

/// Held while the lab's files are read and changed; journals have a lock of their own.
const LOCK: &str = "lab.lock";

/// How far the clock moves with every call.
const TICK: SignedDuration = SignedDuration::from_secs(1);

/// A lab.
///
/// Several programs may have the same one open: each reads `lab.json` anew under a lock, whatever it does.
#[derive(Debug)]
pub struct Lab {
    folder: PathBuf,
    name: String,
    state: PathBuf,
    /// One thread at a time; the lock file keeps other programs out.
    gate: Mutex<()>,
    /// What is derived could not be written, and is to be completed with the next change.
    incomplete: AtomicBool,
}

/// Why a lab cannot be used.
#[derive(Debug, Error)]
pub enum LabError {
    /// It has no `lab.json`.
    #[error("{} is no lab: it has no lab.json; `cskerb lab new FILE DIR` makes one", .0.display())]
    None(PathBuf),
    /// Something of it cannot be read.
    #[error("the lab {} cannot be used: {cause}", folder.display())]
    Unreadable {
        /// The lab.
        folder: PathBuf,
        /// What, and why.
        cause: Cause,
    },
    /// The folder for a new lab is not empty.
    #[error("{} is not empty; a new lab wants a folder of its own", .0.display())]
    NotEmpty(PathBuf),
    /// What was asked for is not in this lab.
    #[error("the lab has no {0}")]
    Unknown(String),
    /// A file could not be read or changed.
    #[error("{} cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `locked`, `written`, ...
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be replaced; what was there before still is.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Lab {
    /// Opens the lab in that folder, and completes what a program that was killed has left undone.
    pub fn open(folder: &Path) -> Result<Self, LabError> {
        let lab = Self::at(folder);
        let mut session = lab.session()?;
        let io = |source| LabError::Io { path: folder.to_owned(), doing: "tidied", source };
        change::remove_unfinished(folder).map_err(io)?;
        for server in change::servers(folder).map_err(io)? {
            change::strip_secrets(folder, &server).map_err(|error| lab.unchanged(error))?;
        }
        session.complete()?;
        drop(session);
        Ok(lab)
    }

    fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            name: folder.display().to_string(),
            state: folder.join(STATE),
            gate: Mutex::new(()),
            incomplete: AtomicBool::new(false),
        }
    }

    /// What it knows at this moment.
    pub fn memory(&self) -> Result<Memory, LabError> {
        Ok(self.session()?.world.memory.clone())
    }

    /// Every call of a cmdlet so far, in order.
    pub fn calls(&self) -> Result<Vec<Call>, LabError> {
        calls::read(&self.state)
    }

    /// Sets the clock, to rehearse maintenance windows; it never goes back.
    pub fn set_now(&self, now: Timestamp) -> Result<(), LabError> {
        self.change(|world| world.memory.now = world.memory.now.max(now))
    }

    /// Does something to the lab, all of it or nothing.
    fn change<T>(&self, work: impl FnOnce(&mut World) -> T) -> Result<T, LabError> {
        let mut session = self.session()?;
        let result = work(&mut session.world);
        session.commit()?;
        Ok(result)
    }

    /// Reads the lab under its lock.
    fn session(&self) -> Result<Session<'_>, LabError> {
        if !snapshot::is_lab(&self.folder) {
            return Err(LabError::None(self.folder.clone()));
        }
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = self.lock()?;
        let unreadable = |cause| LabError::Unreadable { folder: self.folder.clone(), cause };
        let memory: Memory = change::lab(&self.folder).map_err(unreadable)?;
        let writer = Writer::new(&self.folder)?;
        let world = World::new(&self.folder, memory.clone());
        Ok(Session { lab: self, writer, world, written: memory, _lock: lock, _gate: gate })
    }

    fn lock(&self) -> Result<File, LabError> {
        let path = self.state.join(LOCK);
        let failed = |source| LabError::Io { path: path.clone(), doing: "locked", source };
        fs::create_dir_all(&self.state).map_err(failed)?;
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    fn unchanged(&self, error: change::ChangeError) -> LabError {
        match error {
            change::ChangeError::Unreadable(cause) => LabError::Unreadable { folder: self.folder.clone(), cause },
            change::ChangeError::Write(error) => LabError::Write(error),
        }
    }

    /// Waits as long as the slowest of these servers takes to answer; nothing is locked meanwhile.
    fn wait_for(&self, servers: &[ServerFqdn]) -> Result<(), LabError> {
        let slowest = self.change(|world| {
            let slow = servers.iter().filter_map(|server| world.memory.servers.get(server)).map(|server| server.slow);
            let slowest = slow.max().unwrap_or(0);
            world.memory.now += SignedDuration::from_millis(i64::from(slowest));
            slowest
        })?;
        if slowest > 0 {
            std::thread::sleep(Duration::from_millis(u64::from(slowest)));
        }
        Ok(())
    }
}

/// The lab while it is locked.
struct Session<'l> {
    lab: &'l Lab,
    writer: Writer,
    world: World,
    /// The memory as `lab.json` has it.
    written: Memory,
    _lock: File,
    _gate: MutexGuard<'l, ()>,
}

impl Session<'_> {
    /// Makes what happened last: `lab.json` first, then what is derived from it.
    fn commit(&mut self) -> Result<(), LabError> {
        if self.world.memory == self.written {
            return Ok(());
        }
        self.write_memory()?;
        let former = std::mem::replace(&mut self.written, self.world.memory.clone());
        self.derive(Some(&former))?;
        self.publish()
    }

    /// Writes what is derived; what an earlier failure left undone, too.
    fn derive(&self, former: Option<&Memory>) -> Result<(), LabError> {
        let incomplete = &self.lab.incomplete;
        let former = former.filter(|_| !incomplete.load(Ordering::Relaxed));
        let written = derived::write(&self.writer, &self.world.memory, former);
        incomplete.store(written.is_err(), Ordering::Relaxed);
        Ok(written?)
    }

    /// Brings everything in line with `lab.json`, whatever was left undone.
    fn complete(&mut self) -> Result<(), LabError> {
        self.world.add_missing_servers();
        self.write_memory()?;
        self.written = self.world.memory.clone();
        self.derive(None)?;
        self.publish()
    }

    /// Publishes the topology whose time has come.
    fn publish(&mut self) -> Result<(), LabError> {
        let Some(due) = self.world.memory.publication.take_if(|publication| publication.calls == 0) else {
            return Ok(());
        };
        change::sign_topology(&self.lab.folder, &due.signature).map_err(|error| self.lab.unchanged(error))?;
        self.world.forget_topology();
        self.write_memory()?;
        self.written = self.world.memory.clone();
        Ok(())
    }

    fn write_memory(&self) -> Result<(), LabError> {
        let failed = |source: serde_json::Error| LabError::Io {
            path: self.lab.folder.join("lab.json"),
            doing: "written",
            source: source.into(),
        };
        let text = serde_json::to_string_pretty(&self.world.memory).map_err(failed)?;
        Ok(self.writer.lab(&format!("{text}\n"))?)
    }
}

#[cfg(test)]
mod tests;
