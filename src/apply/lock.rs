//! One apply per target: a lock that the operating system drops when its process dies.
//!
//! `lock` in the state folder is locked and stays empty; `lock.json` beside it says who holds it. They are two files
//! because Windows lets nobody read a locked one. Whoever gets the lock and finds a `lock.json` knows that its writer
//! died: one that ends by itself takes the file away.

use super::disk::{self, StateError, Verb};
use super::operator::Operator;
use crate::plan::moment;
use crate::wire::journal as wire;
use jiff::Timestamp;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The file that says who holds the lock.
const HOLDER: &str = "lock.json";

/// How often a lock that is held is asked for again: the operating system has no lock with a time limit.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub operator: Operator,
    /// Since when, by the target's clock.
    pub since: Timestamp,
    /// The digest of the plan that is carried out.
    pub plan: String,
}

/// Why there is no lock.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{}", held(state, holder.as_ref()))]
    Held {
        /// The state folder.
        state: PathBuf,
        /// Who has it; `None` where that could not be read.
        holder: Option<Holder>,
    },
    /// The lock file cannot be made or locked.
    #[error(transparent)]
    State(#[from] StateError),
}

fn held(state: &Path, holder: Option<&Holder>) -> String {
    let who = match holder {
        Some(holder) => format!("{} since {}, with the plan {}", holder.operator, moment(holder.since), holder.plan),
        None => "a process that did not say who it is".to_owned(),
    };
    format!(
        "another apply works with {}: {who}; let it end, or wait for it with --lock-timeout DURATION",
        state.display()
    )
}

/// The lock, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    holder: PathBuf,
    /// Who had it before and died.
    pub(crate) left_by: Option<Holder>,
}

impl Lock {
    /// Takes the lock of that state folder, asking for as long as `timeout`.
    pub(crate) fn acquire(state: &Path, mine: &Holder, timeout: Duration) -> Result<Self, LockError> {
        let file = take(state, timeout)?;
        let holder = state.join(HOLDER);
        let left_by = read(&holder);
        let written = serde_json::to_vec(&wire::Holder::from(mine)).map_err(std::io::Error::from);
        // It need not outlive a power cut: nor does the lock. Whoever reads it half written reads it again.
        let written = written.and_then(|bytes| std::fs::write(&holder, bytes));
        written.map_err(disk::on(&holder, Verb::Written))?;
        Ok(Self { file, holder, left_by })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Should this fail, the next one takes us for dead, which then is true.
        let _ = std::fs::remove_file(&self.holder);
        let _ = self.file.unlock();
    }
}

/// Takes the lock for as long as the file is open, without saying who holds it.
pub(crate) fn take(state: &Path, timeout: Duration) -> Result<File, LockError> {
    disk::make_folders(state)?;
    let path = state.join("lock");
    // Windows locks no file that is open for nothing but appending.
    let file = OpenOptions::new().create(true).append(true).read(true).open(&path);
    let file = file.map_err(disk::on(&path, Verb::Written))?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if asked.elapsed() < timeout => {
                sleep(ASK_AGAIN.min(timeout.saturating_sub(asked.elapsed())));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { state: state.to_owned(), holder: read_soon(&state.join(HOLDER)) });
            }
            Err(TryLockError::Error(source)) => return Err(disk::on(&path, Verb::Locked)(source).into()),
        }
    }
}

/// Who holds it; asked more than once, since whoever just got it may not have written it yet.
fn read_soon(holder: &Path) -> Option<Holder> {
    (0..10).find_map(|asked| {
        if asked > 0 {
            sleep(ASK_AGAIN / 10);
        }
        read(holder)
    })
}

fn read(holder: &Path) -> Option<Holder> {
    let text = std::fs::read_to_string(holder).ok()?;
    let written: wire::Holder = serde_json::from_str(&text).ok()?;
    Some(written.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::scratch;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    fn holder(user: &str) -> Holder {
        Holder {
            operator: Operator { user: user.to_owned(), host: "admin01".to_owned(), pid: 4711 },
            since: "2026-11-21T21:00:00Z".parse().unwrap(),
            plan: "sha256:abc".to_owned(),
        }
    }

    #[test]
    fn the_second_is_told_who_holds_it_since_when_and_with_which_plan() {
        let state = scratch();
        let first = Lock::acquire(state.path(), &holder("alice"), Duration::ZERO).unwrap();
        let error = Lock::acquire(state.path(), &holder("bob"), Duration::ZERO).unwrap_err().to_string();
        for part in ["alice@admin01 (process 4711)", "since 2026-11-21 21:00:00 UTC", "sha256:abc", "--lock-timeout"] {
            assert!(error.contains(part), "{error}");
        }
        drop(first);
        assert_eq!(Lock::acquire(state.path(), &holder("bob"), Duration::ZERO).unwrap().left_by, None);
    }

    #[test]
    fn whoever_waits_gets_it_as_soon_as_it_is_free() {
        let state = scratch();
        let first = Lock::acquire(state.path(), &holder("alice"), Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::acquire(state.path(), &holder("bob"), Duration::from_mins(1)).is_ok());
            sleep(Duration::from_millis(50));
            drop(first);
            assert!(second.join().unwrap());
        });
    }

    #[test]
    fn a_lock_left_by_a_dead_process_is_taken_and_recognised() {
        let state = scratch();
        let died = serde_json::to_vec(&wire::Holder::from(&holder("alice"))).unwrap();
        std::fs::write(state.path().join("lock.json"), died).unwrap();
        let lock = Lock::acquire(state.path(), &holder("bob"), Duration::ZERO).unwrap();
        assert_eq!(lock.left_by, Some(holder("alice")));
    }

    #[test]
    fn never_do_two_hold_it() {
        let state = scratch();
        for _ in 0..100 {
            let (inside, start) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
            let got: usize = std::thread::scope(|scope| {
                let attempt = || {
                    start.wait();
                    let lock = Lock::acquire(state.path(), &holder("alice"), Duration::ZERO);
                    let held = lock.is_ok();
                    if held {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
                    }
                    // Both have tried before either lets go.
                    start.wait();
                    if held {
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                    usize::from(held)
                };
                let (one, two) = (scope.spawn(attempt), scope.spawn(attempt));
                one.join().unwrap() + two.join().unwrap()
            });
            assert_eq!(got, 1, "one runs, one is refused");
        }
    }
}
