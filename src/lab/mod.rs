//! The lab: a snapshot folder that `apply` may change, by the same rules as the real cmdlets.
//!
//! `lab.json` is the truth ([`Memory`]); `assignments.json`, `directory.json`, `snapshot.json` and each server's
//! `kerberos.json` are made from it. `topology.xml` and each server's `applicationHost.config` are their own truth. Every
//! file is replaced whole, `lab.json` first, so whenever the program is killed, [`Lab::open`] completes what is derived.
//! In a large lab what changes is noted beside `lab.json` (`changes`); that and what is derived are written, all of one
//! moment, when somebody reads, when the program ends, or when the next one begins.
//!
//! The lab knows everything, so its `directory.json` is complete. Its clock starts when the snapshot was collected and
//! moves on by a second for every call of a cmdlet and for every server that a rotation sets.
//!
//! Where Microsoft's pages say nothing of what a cmdlet does, the lab does what its own module says, marked \[inferred\].
//!
//! **Architecture invariant:** the lab decides nothing about plans and reads no deployment; no secret enters it.

mod adopt;
mod calls;
mod changes;
mod cmdlets;
mod console;
mod create;
mod derived;
mod fault;
mod logs;
mod memory;
mod observe;
mod refusal;
mod target;
mod working;
mod world;

pub use calls::{Call, Cmdlet, Outcome};
pub use console::{ConsoleCall, ConsoleEnd, ConsoleError, ConsoleReply};
pub use fault::{Fault, Right};
pub use memory::{AccountObject, Behind, Down, Held, Memory, Publication, Rights, ServerMemory, schema};

use crate::apply::target::TargetError;
use crate::model::{Cause, Place, ServerFqdn};
use crate::plan::Action;
use crate::snapshot::change::Stamp;
use crate::snapshot::{self, WriteError, Writer, change};
use changes::{Base, Noted};
use jiff::{SignedDuration, Timestamp};
use logs::Logs;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use working::Working;
use world::{LastRead, World};

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
    gate: Mutex<Option<LastSeen>>,
    topology: Arc<LastRead>,
    logs: Logs,
    /// What is derived may be of an earlier moment than `lab.json`, and is to be compared with it when that is written.
    incomplete: AtomicBool,
}

/// The memory as this program last read or wrote it: thousands of calls ask for the same.
#[derive(Clone, Debug)]
struct LastSeen {
    /// Of `lab.json`.
    stamp: Stamp,
    base: Base,
    memory: Arc<Memory>,
}

/// Why a lab cannot be used.
#[derive(Debug, Error)]
pub enum LabError {
    /// It has no `lab.json`.
    #[error("{} is no lab: it has no lab.json", .0.display())]
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
    /// What was to be added is in this lab.
    #[error("the lab has {0} already")]
    Present(String),
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
        change::strip_secrets(folder).map_err(|error| lab.unchanged(error))?;
        session.complete()?;
        drop(session);
        Ok(lab)
    }

    /// The folder of the journals of the lab that is there; the lab itself is neither opened nor completed.
    pub fn state_of(folder: &Path) -> Result<PathBuf, LabError> {
        if snapshot::is_lab(folder) { Ok(folder.join(STATE)) } else { Err(LabError::None(folder.to_owned())) }
    }

    /// Whether the lab in that folder is a large one, in which changes were noted that its files do not have.
    pub fn has_notes(folder: &Path) -> bool {
        snapshot::is_lab(folder) && Self::at(folder).logs.changes.length() > 0
    }

    /// Brings every file up to what happened, as dropping the lab does; but says where that fails.
    pub fn close(self) -> Result<(), LabError> {
        self.session()?.gather()
    }

    /// Whether some of its files are, or may be, of an earlier moment than others.
    fn is_behind(&self) -> bool {
        self.incomplete.load(Ordering::Relaxed) || self.logs.changes.length() > 0
    }

    fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            name: folder.display().to_string(),
            state: folder.join(STATE),
            gate: Mutex::default(),
            topology: Arc::default(),
            logs: Logs::of(&folder.join(STATE)),
            incomplete: AtomicBool::new(false),
        }
    }

    /// What it knows at this moment.
    pub fn memory(&self) -> Result<Memory, LabError> {
        Ok(self.session()?.world.memory.clone().into_memory())
    }

    /// Every call of a cmdlet so far, in order.
    pub fn calls(&self) -> Result<Vec<Call>, LabError> {
        calls::read(&self.logs.calls)
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
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = self.lock()?;
        let seen = self.seen(gate.take())?;
        let written = Arc::clone(&seen.memory);
        *gate = Some(seen);
        let writer = Writer::of_derived(&self.folder)?;
        let world = World::reading(&self.folder, Working::shared(&written), Arc::clone(&self.topology));
        Ok(Session { lab: self, writer, world, written, noted: None, gate, _lock: lock })
    }

    /// The memory as it stands in `lab.json` and the changes.
    fn seen(&self, last: Option<LastSeen>) -> Result<LastSeen, LabError> {
        let unreadable = |cause| LabError::Unreadable { folder: self.folder.clone(), cause };
        let stamp = change::lab_stamp(&self.folder);
        let same =
            |last: &LastSeen| stamp.as_ref() == Some(&last.stamp) && last.base.is_up_to(self.logs.changes.length());
        if let Some(last) = last.filter(same) {
            return Ok(last);
        }
        // Somebody else wrote it, who may have been killed before what is derived.
        self.incomplete.store(true, Ordering::Relaxed);
        let (mut memory, bytes): (Memory, Vec<u8>) = change::lab(&self.folder).map_err(unreadable)?;
        let base = Base::new(&bytes).read(&self.logs.changes, &mut memory)?;
        let gone = || {
            let place = Place { file: "lab.json".into(), line_column: None };
            unreadable(Cause::Broken { place, why: "it went away while it was read".to_owned() })
        };
        Ok(LastSeen { stamp: stamp.ok_or_else(gone)?, base, memory: Arc::new(memory) })
    }

    fn lock(&self) -> Result<File, LabError> {
        let path = self.state.join(LOCK);
        let failed = |source| LabError::Io { path: path.clone(), doing: "locked", source };
        fs::create_dir_all(&self.state).map_err(failed)?;
        // Windows locks no file that is open for nothing but appending.
        let file = File::options().create(true).append(true).read(true).open(&path).map_err(failed)?;
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
            let slowest = world.slowest(servers);
            if !slowest.is_zero() {
                world.memory.now += SignedDuration::try_from(slowest).unwrap_or(SignedDuration::ZERO);
            }
            slowest
        })?;
        std::thread::sleep(slowest);
        Ok(())
    }
}

impl Drop for Lab {
    /// Whoever looks into the folder afterwards finds all of it of one moment. What cannot be written now is completed by
    /// the next program that opens the lab.
    fn drop(&mut self) {
        if self.is_behind()
            && let Ok(mut session) = self.session()
        {
            drop(session.gather());
        }
    }
}

/// The lab while it is locked.
struct Session<'l> {
    lab: &'l Lab,
    writer: Writer,
    world: World,
    /// The memory as it stands in `lab.json` and the changes.
    written: Arc<Memory>,
    /// The last line that this session noted, and that shall be on the disk when it ends.
    noted: Option<u64>,
    gate: MutexGuard<'l, Option<LastSeen>>,
    _lock: File,
}

impl Session<'_> {
    /// Makes what happened last, lets others at the lab, and waits until it is on the disk.
    fn commit(mut self) -> Result<(), LabError> {
        let written = self.write();
        let (lab, noted) = (self.lab, self.noted);
        drop(self);
        noted.map_or(Ok(()), |line| lab.logs.wait_for(line)).and(written)
    }

    /// Notes what happened, or writes all of it.
    fn write(&mut self) -> Result<(), LabError> {
        if self.world.memory.is(&self.written) {
            return Ok(());
        }
        let noted = self.note_change()?;
        let former = std::mem::replace(&mut self.written, self.world.memory.share());
        match noted {
            Noted::NotHere => self.write_whole(Some(&former))?,
            Noted::Time => {}
            Noted::Change => self.noted = Some(self.lab.logs.noted()),
        }
        self.publish()
    }

    /// Notes what changed beside `lab.json`, if it is not to be written whole.
    fn note_change(&mut self) -> Result<Noted, LabError> {
        let Some(mut seen) = self.gate.take() else { return Ok(Noted::NotHere) };
        let noted = seen.base.append(&self.lab.logs.changes, &self.written, &self.world.memory)?;
        if noted != Noted::NotHere {
            seen.memory = self.world.memory.share();
        }
        *self.gate = Some(seen);
        Ok(noted)
    }

    /// Notes that a call begins; its number.
    fn begin_call(&mut self, action: &Action) -> Result<u64, LabError> {
        let call = calls::begin(&self.lab.logs.calls, self.world.memory.now, action)?;
        self.noted = Some(self.lab.logs.noted());
        Ok(call)
    }

    /// Notes how it ended.
    fn end_call(&mut self, call: u64, result: &Result<(), TargetError>) -> Result<(), LabError> {
        calls::end(&self.lab.logs.calls, call, result)?;
        self.noted = Some(self.lab.logs.noted());
        Ok(())
    }

    /// Writes `lab.json` first, then what is derived from it and differs from what `former` made.
    ///
    /// Until all of it stands, every program takes all of it to be outdated: this one by `incomplete`, those that see
    /// another `lab.json` by that, and in a large lab all of them by the changes, which are taken away last.
    fn write_whole(&mut self, former: Option<&Memory>) -> Result<(), LabError> {
        let (logs, noted) = (&self.lab.logs, self.lab.logs.changes.length() > 0);
        let outdated = self.lab.incomplete.swap(true, Ordering::Relaxed) || noted;
        *self.gate = None;
        let failed = |source: serde_json::Error| LabError::Io {
            path: self.lab.folder.join("lab.json"),
            doing: "written",
            source: source.into(),
        };
        let mut text = serde_json::to_string_pretty(&*self.world.memory).map_err(failed)?;
        text.push('\n');
        self.writer.lab(&text, noted)?;
        derived::write(&self.writer, &self.world.memory, former.filter(|_| !outdated))?;
        logs.changes.clear()?;
        let (base, memory) = (Base::new(text.as_bytes()), self.world.memory.share());
        *self.gate = change::lab_stamp(&self.lab.folder).map(|stamp| LastSeen { stamp, base, memory });
        self.lab.incomplete.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Brings everything in line with `lab.json`, whatever was left undone.
    fn complete(&mut self) -> Result<(), LabError> {
        self.world.add_missing_servers();
        self.write_whole(None)?;
        self.written = self.world.memory.share();
        self.publish()
    }

    /// Brings `lab.json` and what is derived up to what happened.
    fn gather(&mut self) -> Result<(), LabError> {
        if self.lab.is_behind() { self.write_whole(None) } else { Ok(()) }
    }

    /// Publishes the topology whose time has come.
    fn publish(&mut self) -> Result<(), LabError> {
        let Some(due) = self.world.memory.publication.take_if(|publication| publication.calls == 0) else {
            return Ok(());
        };
        change::sign_topology(&self.lab.folder, &due.signature).map_err(|error| self.lab.unchanged(error))?;
        self.world.forget_topology();
        let former = std::mem::replace(&mut self.written, self.world.memory.share());
        self.write_whole(Some(&former))
    }
}

#[cfg(test)]
mod tests;
