//! Who runs this program, for lock and journal.

use std::fmt;

/// A person at a host, and the process that acts for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The user's name.
    pub user: String,
    /// The host's name.
    pub host: String,
    /// The process id on that host.
    pub pid: u32,
}

impl Operator {
    /// Whoever runs this process; a name that the system does not tell is `unknown`.
    pub fn current() -> Self {
        let unknown = |_| "unknown".to_owned();
        Self {
            user: whoami::username().unwrap_or_else(unknown),
            host: whoami::hostname().unwrap_or_else(unknown),
            pid: std::process::id(),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}
