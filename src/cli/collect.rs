//! `collect`

use super::exit::{Exit, Failure};
use super::{collection, live, read};
use crate::live::collect::Asked;
use crate::model::ServerFqdn;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Reads the real systems into a snapshot folder.
///
/// With --live, it reads the topology, the assignments, the settings of the Web Services, the directory, each site's
/// test and each server's IIS configuration through PowerShell. Nothing is changed. What is secret is removed on the
/// server where it lies.
///
/// With --script, it prints one PowerShell script which makes the same folder by hand, on a Front End Server.
///
/// A folder that is already there is added to: what is read replaces its former content, the rest stays. What cannot
/// be read is then unreadable in the folder, with its cause, whatever was there before, and the exit code is 5.
#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("from").required(true))]
pub(super) struct Arguments {
    /// The deployment file, for what it declares; `-` reads standard input
    file: Option<String>,
    /// The snapshot folder to make or to add to
    #[arg(long, value_name = "DIR", required_unless_present = "script")]
    out: Option<PathBuf>,
    /// Read the real systems, through PowerShell
    #[arg(long, group = "from")]
    live: bool,
    /// Print the script that does it by hand, and read nothing
    #[arg(long, group = "from", conflicts_with = "out")]
    script: bool,
    /// Read IIS of this server only (several: of each)
    #[arg(long, value_name = "FQDN", requires = "live")]
    server: Vec<ServerFqdn>,
    #[command(flatten)]
    reach: live::Options,
}

const EXAMPLES: &str = "\
Examples:
  On a Front End Server, what a plan for this file needs:
      cskerb collect contoso.yaml --live --out monday/
  From elsewhere, through WinRM or ssh:
      cskerb collect contoso.yaml --live --out monday/ --host fe01.contoso.com
      cskerb collect contoso.yaml --live --out monday/ --ssh alice@fe01.contoso.com --shell powershell.exe
  Where no tool is let in: a script to be read, and run by hand
      cskerb collect contoso.yaml --script > collect.ps1";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut asked = match &arguments.file {
        Some(file) => match read::deployment(file)? {
            Ok((deployment, _)) => Asked::of(&deployment),
            Err(exit) => return Ok(exit),
        },
        None => Asked::default(),
    };
    if arguments.script {
        return collection::print_script(&asked);
    }
    let Some(folder) = &arguments.out else {
        return Err(Failure::new("it is not known where to").hint("name a folder: --out DIR"));
    };
    asked.servers.extend(arguments.server.iter().cloned());
    let pool = arguments.reach.pool()?;
    let collected = collection::into_folder(&pool, &asked, folder, arguments.reach.parallel())?;
    Ok(collection::exit(&collected))
}
