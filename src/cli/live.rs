//! How the real systems are reached: by which PowerShell, and where.

use super::exit::Failure;
use crate::live::shell::{Launch, Limits, Pool, Reach};
use crate::model::ServerFqdn;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// By which PowerShell the real systems are reached, and where.
#[derive(Args)]
#[command(next_help_heading = "The live systems")]
pub(super) struct Options {
    /// The PowerShell to start: powershell.exe or pwsh, or the path of one
    #[arg(long, value_name = "PROGRAM", default_value = Launch::USUAL, requires = "live")]
    shell: String,
    /// The server whose management shell to use, through WinRM; without it, this machine's
    #[arg(long, value_name = "FQDN", requires = "live")]
    host: Option<ServerFqdn>,
    /// The machine to start PowerShell on, with a full logon there: user@host, or a name of ssh's own configuration
    #[arg(long, value_name = "DESTINATION", requires = "live")]
    ssh: Option<String>,
    /// A file that `Get-Credential | Export-Clixml FILE` wrote: sessions are then opened with CredSSP
    #[arg(long, value_name = "FILE", requires = "host")]
    credential: Option<PathBuf>,
    /// How many calls to make at one place at once
    #[arg(long, value_name = "NUMBER", default_value = "4", requires = "live")]
    parallel: NonZeroUsize,
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
            limits: Limits::default(),
        }))
    }

    /// How many calls are made at once, at all places together.
    pub(super) fn parallel(&self) -> usize {
        // Each server is a place of its own, and the pool has a limit for all of them.
        self.parallel.get().saturating_mul(2)
    }
}
