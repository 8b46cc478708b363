//! The command line: one file a verb. Here, and only here, the program speaks to a person and ends.

mod apply;
mod collect;
mod collection;
mod completions;
mod directory;
mod exit;
mod explain;
mod init;
mod lab;
mod live;
mod log;
mod man;
mod output;
mod plan;
mod preflight;
mod progress;
mod read;
mod recap;
mod request;
mod running;
mod schema;
mod status;
mod systems;
mod tickets;
mod trace;
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
    Status(status::Arguments),
    Apply(Box<apply::Arguments>),
    Verify(Box<verify::Arguments>),
    Undo(Box<undo::Arguments>),
    Log(log::Arguments),
    Collect(Box<collect::Arguments>),
    Init(init::Arguments),
    Explain(explain::Arguments),
    Lab(lab::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs what the command line asks for; the exit code is what it came to.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(said) => return not_run(&said),
    };
    let ended = match arguments.verb {
        Verb::Validate(arguments) => validate::run(&arguments),
        Verb::Plan(arguments) => plan::run(&arguments),
        Verb::Status(arguments) => status::run(&arguments),
        Verb::Apply(arguments) => apply::run(&arguments),
        Verb::Verify(arguments) => verify::run(&arguments),
        Verb::Undo(arguments) => undo::run(&arguments),
        Verb::Log(arguments) => log::run(&arguments),
        Verb::Collect(arguments) => collect::run(&arguments),
        Verb::Init(arguments) => init::run(&arguments),
        Verb::Explain(arguments) => explain::run(&arguments),
        Verb::Lab(arguments) => lab::run(&arguments),
        Verb::Schema(arguments) => schema::run(&arguments),
        Verb::Completions(arguments) => completions::run(&arguments),
        Verb::Man(arguments) => man::run(&arguments),
    };
    let exit = ended.unwrap_or_else(|failure| {
        output::failure(&failure);
        Exit::Error
    });
    exit.into()
}

/// Help that was asked for, or what is wrong with the command line: an error like any other, since clap's own exit code
/// for it means differences here.
fn not_run(said: &clap::Error) -> ExitCode {
    // A reader that went away, as `| head` does, is not an error.
    let _ = said.print();
    if said.use_stderr() { Exit::Error.into() } else { Exit::Done.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// The words of a command line up to its first redirection, as a shell would take them apart.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                '>' | '|' if !quoted => break,
                ' ' if !quoted => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
                c => word.push(c),
            }
        }
        words.extend((!word.is_empty()).then_some(word));
        words
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_option_stands_under_the_heading_that_it_belongs_to() {
        let mut command = Arguments::command();
        command.build();
        for verb in command.get_subcommands() {
            let of_live: Vec<&str> = verb
                .get_arguments()
                .filter(|argument| argument.get_help_heading() == Some("The live systems"))
                .map(|argument| argument.get_id().as_str())
                .collect();
            let expected: &[&str] =
                if of_live.is_empty() { &[] } else { &["shell", "host", "ssh", "credential", "call_timeout"] };
            assert_eq!(of_live, expected, "{}", verb.get_name());
        }
    }

    #[test]
    fn every_verb_has_examples_and_every_example_is_understood() {
        for verb in Arguments::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Examples:\n"), "{} has no examples", verb.get_name());
            let commands = help.lines().filter(|line| line.starts_with("      ") && line.contains("cskerb "));
            let mut own = 0;
            for line in commands {
                let line = line.rsplit_once("| cskerb ").map_or(line.trim(), |(_, rest)| rest);
                let words = words(line.strip_prefix("cskerb ").unwrap_or(line));
                let read = Arguments::try_parse_from(std::iter::once("cskerb").chain(words.iter().map(String::as_str)));
                assert!(read.is_ok(), "{line}: {}", read.err().unwrap());
                own += usize::from(words.first().is_some_and(|word| word == verb.get_name()));
            }
            assert!(own > 0, "{} has no example of its own", verb.get_name());
        }
    }
}
