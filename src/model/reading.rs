//! A fact that is known, absent, or could not be read.

use super::{AccountName, Caseless, Witness};
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

/// One fact about the real systems.
///
/// The three cases stay apart everywhere: what could not be read is never taken for "not there" or "no change".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// It was read.
    Known(T),
    /// It was looked for and is not there.
    Absent,
    /// It could not be read.
    Unreadable(Cause),
}

impl<T> Reading<T> {
    /// The fact, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// The cause, where it could not be read.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Unreadable(cause) => Some(cause),
            Self::Known(_) | Self::Absent => None,
        }
    }

    /// The same reading of a borrowed fact.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Known(value) => Reading::Known(value),
            Self::Absent => Reading::Absent,
            Self::Unreadable(cause) => Reading::Unreadable(cause.clone()),
        }
    }

    /// The same reading of a fact derived from this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(f(value)),
            Self::Absent => Reading::Absent,
            Self::Unreadable(cause) => Reading::Unreadable(cause),
        }
    }
}

/// A place in a file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's path relative to the snapshot folder, with `/`.
    pub file: Arc<str>,
    /// Line and column, counted from 1; the column counts characters.
    pub line_column: Option<(usize, usize)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line_column {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// Why a fact could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The snapshot has no such file or folder.
    NotCollected {
        /// Its path relative to the snapshot folder.
        file: Arc<str>,
    },
    /// The file is there, and cannot be read or understood.
    Broken {
        /// Where.
        place: Place,
        /// What is wrong with it, in words; never a line of the file itself.
        why: String,
    },
    /// The systems were read, and this was not among what was asked for.
    NotAsked {
        /// What it is that nobody asked for.
        what: String,
    },
    /// No test and no ticket ever said anything about this server.
    NeverTested,
    /// A test or ticket was tried and could not say.
    Inconclusive {
        /// Who could not say.
        by: Witness,
        /// What it said, in words.
        detail: Caseless,
    },
    /// The reading is older than the account's last password change, so it says nothing any more.
    OlderThanPassword {
        /// When the server was read.
        read: Timestamp,
        /// When the account's password was set.
        password_set: Timestamp,
    },
    /// The reading was made while the site had another account.
    OtherAccount {
        /// The account that it speaks of.
        tested: AccountName,
    },
    /// The account itself is disabled, expired, deleted or no computer: every server looks invalid meanwhile.
    AccountUnusable {
        /// The account to mend first.
        account: AccountName,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCollected { file } => write!(f, "{file} is not in the snapshot"),
            Self::Broken { place, why } => write!(f, "{place}: {why}"),
            Self::NotAsked { what } => write!(f, "{what} was not asked for when the snapshot was made"),
            Self::NeverTested => f.write_str("never tested"),
            Self::Inconclusive { by: Witness::Ticket, detail } => write!(f, "the ticket could not say: {detail}"),
            Self::Inconclusive { by: Witness::Test | Witness::Lab, detail } => {
                write!(f, "the test could not say: {detail}")
            }
            Self::OlderThanPassword { read, password_set } => write!(
                f,
                "read at {}, before the account's password was set at {}, so it says nothing any more",
                read.strftime("%Y-%m-%d %H:%M:%S UTC"),
                password_set.strftime("%Y-%m-%d %H:%M:%S UTC")
            ),
            Self::OtherAccount { tested } => write!(f, "the reading speaks of another account, {tested}"),
            Self::AccountUnusable { account } => {
                write!(f, "read while {account} could not be used: every server looks invalid then")
            }
        }
    }
}
