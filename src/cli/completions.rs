//! `completions`

use super::exit::{Exit, Failure};
use super::output;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  For bash, in every session from now on:
      cskerb completions bash > ~/.local/share/bash-completion/completions/cskerb
  For PowerShell, in this session:
      cskerb completions powershell | Out-String | Invoke-Expression";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), env!("CARGO_PKG_NAME"), &mut script);
    let script =
        String::from_utf8(script).map_err(|error| Failure::new("the completions cannot be written").source(error))?;
    output::data(&script)?;
    Ok(Exit::Done)
}
