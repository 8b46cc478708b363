//! Carries a plan out: lock, journal, batches, windows, resume.
//!
//! [`run`] takes a plan to an [`Outcome`]. It locks the target, refuses what must not begin (another apply, an
//! unfinished run, a missing consent, a closed window), writes down the plan, and then does unit after unit: a single
//! step, or a batch of a pool's servers side by side. Before each step its preconditions are read again.
//!
//! # A step that was begun and has no end
//!
//! A run may be cut off anywhere, and a call may end without an answer. Such a step is observed before anything else
//! is done, and what is seen decides, by this table. *Before* is what the journal says of the moment before the step.
//! What cannot be read is unclear: a rotation then stops the run, and any other step counts as failed until it is
//! resumed again.
//!
//! | step | looked at | done | not done: it is done again | unclear |
//! | --- | --- | --- | --- | --- |
//! | `rotate-password` | key version and password date, against those before | either changed: servers that were left behind get copies | unchanged: it was not completed, and runs again under the same consent | neither can be read, the account is gone, a domain controller fell silent, or nobody saw it end and it may be going on |
//! | `copy-configuration` | a fresh test of the server | valid | invalid | the test cannot say |
//! | `assign-account`, `reassign-account`, `unassign-account` | who is assigned | as wanted | anything else; its preconditions then say whether reality moved | |
//! | `create-account` | the account | it exists | it does not | |
//! | `add-spn`, `remove-spn` | the holders | the account holds it; the former does not | otherwise | |
//! | `set-iis` | the effective settings | all as wanted | some or none as wanted, the others as before, or as one above them was to be: those are set | |
//! | `enable-topology` | the SPNs that it makes and removes | all in order | otherwise; its signature is checked again | |
//! | `test-assignment` | nothing: a test leaves nothing behind | | always: it is tested again | |
//!
//! What died without an answer is done again at once, and once; what nobody saw end ([`target::ErrorKind::Unended`]) only
//! by a run that somebody resumes. A rotation is looked at in this way whatever its call said, since one that fails after
//! its last server has changed the password.
//!
//! A rotation sets IIS first and Active Directory second, so a password that changed in Active Directory means that
//! the rotation came to its end. The observation that a target gives must not be one that lags: while domain
//! controllers disagree, an account is unreadable.
//!
//! **Architecture invariants:** it acts on typed arguments only, never on text. Nothing is done that was not journaled
//! first. Nothing is planned here, but for the copies that a rotation asks for.

mod consent;
mod disk;
pub mod events;
mod executor;
mod history;
pub mod journal;
pub(crate) mod judge;
mod lock;
#[cfg(test)]
mod memory;
mod metrics;
mod operator;
mod options;
mod outcome;
mod resume;
mod run;
#[cfg(test)]
mod samples;
mod schedule;
pub mod target;
mod undo;
mod verify;
mod windows;

pub use consent::{Allowance, AllowanceError, missing};
pub use disk::{StateError, Verb};
pub use lock::{Holder, LockError};
pub use metrics::{LastApply, last_apply, metrics};
pub use operator::Operator;
pub use options::{Options, StopSignal, Unfinished};
pub use outcome::{ApplyError, Outcome, Report, Status, StepReport, rights};
pub use run::{run, unfinished_run};
pub use undo::{Undo, undo};
pub use verify::verify;
pub use windows::Opening;

#[cfg(test)]
use run::TOOL;
