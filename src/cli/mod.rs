//! The command line: one file a verb. Here, and only here, the program speaks to a person and ends.

mod apply;
mod exit;
mod init;
mod lab;
mod log;
mod output;
mod plan;
mod progress;
mod read;
mod recap;
mod request;
mod running;
mod schema;
mod undo;
mod validate;
mod verify;

use clap::{Parser, Subcommand};
use exit::Exit;
use std::process::ExitCode;

/// Keeps Kerberos web authentication on Lync Server and Skype for Business Server in a declared state.
///
/// One YAML file says which sites, pools and servers there are and which Kerberos account each site uses. `plan`
/// shows what differs, layer by layer and server by server, and says whether Enable-CsTopology must run, and why;
/// `apply` makes it so; `validate` guards the file.
#[derive(Parser)]
#[command(name = "cskerb", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes, the first that holds:
  1  an error, or refused before anything ran
  3  the deployment file is invalid
  5  something that the deployment needs could not be read
  4  apply stopped part-way, or waits for Enable-CsTopology
  2  differences (verify, plan --detailed-exitcode)
  0  otherwise";

#[derive(Subcommand)]
enum Verb {
    Validate(validate::Arguments),
    Plan(plan::Arguments),
    Apply(Box<apply::Arguments>),
    Verify(verify::Arguments),
    Undo(Box<undo::Arguments>),
    Log(log::Arguments),
    Init(init::Arguments),
    Lab(lab::Arguments),
    Schema(schema::Arguments),
}

/// Runs what the command line asks for; the exit code is what it came to.
pub fn main() -> ExitCode {
    let ended = match Arguments::parse().verb {
        Verb::Validate(arguments) => validate::run(&arguments),
        Verb::Plan(arguments) => plan::run(&arguments),
        Verb::Apply(arguments) => apply::run(&arguments),
        Verb::Verify(arguments) => verify::run(&arguments),
        Verb::Undo(arguments) => undo::run(&arguments),
        Verb::Log(arguments) => log::run(&arguments),
        Verb::Init(arguments) => init::run(&arguments),
        Verb::Lab(arguments) => lab::run(&arguments),
        Verb::Schema(arguments) => schema::run(&arguments),
    };
    let exit = ended.unwrap_or_else(|failure| {
        output::failure(&failure);
        Exit::Error
    });
    exit.into()
}
