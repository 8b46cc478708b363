//! How the real systems are reached: by which PowerShell, and where.

use super::exit::Failure;
use crate::live::shell::{Launch, Limits, Pool, Reach};
use crate::model::ServerFqdn;
use clap::Args;
use jiff::SignedDuration;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// The heading of these options. Each names it: a heading for whatever comes next would last beyond them.
const HEADING: &str = "The live systems";

/// The options that nothing but --live heeds. Whatever may stand in its place names them as its conflicts: that they
/// require --live is not checked beside what excludes it.
pub(super) const ONLY_LIVE: [&str; 5] = ["shell", "host", "ssh", "credential", "call_timeout"];

// By which PowerShell the real systems are reached, and where.
#[derive(Args)]
#[group(id = "live_options")]
pub(super) struct Options {
    /// The PowerShell to start: powershell.exe or pwsh, or the path of one
    #[arg(long, value_name = "PROGRAM", default_value = Launch::USUAL, requires = "live", help_heading = HEADING)]
    shell: String,
    /// The server whose management shell to use, through WinRM; without it, this machine's
    #[arg(long, value_name = "FQDN", requires = "live", help_heading = HEADING)]
    host: Option<ServerFqdn>,
    /// The machine to start PowerShell on, through ssh: user@host, or a name of ssh's own configuration
    ///
    /// ssh must not have to ask: it takes a key, a Kerberos ticket, or a connection that is shared already
    /// (ControlMaster). Windows passes a logon by key on to no other computer, and copies, tests and questions to Active
    /// Directory need others: delegate the ticket, or open the shared connection with the password.
    #[arg(long, value_name = "DESTINATION", requires = "live", help_heading = HEADING)]
    ssh: Option<String>,
    /// A file that `Get-Credential | Export-Clixml FILE` wrote: sessions on other computers are opened with CredSSP
    #[arg(long, value_name = "FILE", requires = "live", help_heading = HEADING)]
    credential: Option<PathBuf>,
    /// How long a call may take before its PowerShell is ended, as 90s or 30m; by default 5m for one that reads, 20m for
    /// a site's test, 10m for one that changes, 1h for a rotation and for Enable-CsTopology
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "live", help_heading = HEADING)]
    call_timeout: Option<Duration>,
    /// How many servers to work on at a time, and how many calls to make at one place at once
    #[arg(long, value_name = "N", default_value_t = PARALLEL, value_parser = at_least_one)]
    pub(super) parallel: NonZeroUsize,
}

const PARALLEL: NonZeroUsize = NonZeroUsize::new(4).expect("it is not 0");

/// A duration as it is typed.
pub(super) fn typed(duration: Duration) -> String {
    SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{}s", duration.as_secs()), |duration| format!("{duration:#}"))
}

/// A duration such as 30s, 5m or 1h30m.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text.parse().map_err(|_| "a duration is written 30s, 5m or 1h".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "a duration is not negative".to_owned())
}

/// How many of something to do at a time.
pub(super) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "a whole number is needed, and at least 1".to_owned())
}

impl Options {
    /// The PowerShell processes; none is started yet.
    pub(super) fn pool(&self) -> Result<Pool, Failure> {
        let launch = match &self.ssh {
            None => Launch::Here(self.shell.clone()),
            // What begins with a hyphen would be an option of ssh.
            Some(destination) if destination.starts_with('-') || destination.trim().is_empty() => {
                let message = format!("--ssh {destination} is no destination");
                return Err(Failure::new(message).hint("write user@host, or a name of ssh's own configuration"));
            }
            Some(destination) => Launch::Ssh { destination: destination.clone(), program: self.shell.clone() },
        };
        Ok(Pool::new(Reach {
            launch,
            host: self.host.clone(),
            credential: self.credential.clone(),
            parallel: self.parallel,
            limits: self.call_timeout.map_or_else(Limits::default, Limits::all),
        }))
    }

    /// How many calls are made at once, at all places together.
    pub(super) fn parallel(&self) -> usize {
        // Each server is a place of its own, and the pool has a limit for all of them.
        self.parallel.get().saturating_mul(2)
    }

    /// The options as they would be typed, for a command that goes on with the same.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut give = |option: &str, value: String| words.extend([option.to_owned(), value]);
        if self.shell != Launch::USUAL {
            give("--shell", self.shell.clone());
        }
        for (option, value) in [("--host", self.host.as_ref().map(ToString::to_string)), ("--ssh", self.ssh.clone())] {
            if let Some(value) = value {
                give(option, value);
            }
        }
        if let Some(file) = &self.credential {
            give("--credential", file.display().to_string());
        }
        if let Some(limit) = self.call_timeout {
            give("--call-timeout", typed(limit));
        }
        if self.parallel != PARALLEL {
            give("--parallel", self.parallel.to_string());
        }
        words
    }
}
