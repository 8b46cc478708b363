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
use exit::{Exit, Failure};
use std::io::{self, Write as _};
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

/// The verbs, with what is said of each. clap hears of a verb's arguments only when it is called. A doc comment on their
/// type, or on that of options flattened into them, would take the place of what is said here.
#[derive(Subcommand)]
#[command(defer = true)]
enum Verb {
    /// Finds everything that is wrong with deployment files, at once, each with its place.
    ///
    /// It needs no snapshot and knows no clock: run it in every pull request. The exit code is 3 where a file is invalid.
    Validate(validate::Arguments),
    /// Shows what differs between the deployment file and a snapshot, and what to do, in order.
    ///
    /// Nothing is changed: a plan is for the change review. Without --live no server is contacted either.
    Plan(plan::Arguments),
    /// Shows what is known, on one screen: sites, pools and servers, layer by layer.
    ///
    /// Which account each site has, the accounts and their SPNs in Active Directory, and each server's Kerberos
    /// configuration and IIS settings, with who said so and when. A plan shows of all this only what differs.
    Status(status::Arguments),
    /// Makes it so: carries a plan out, step by step, and looks afterwards whether everything is as declared.
    ///
    /// A deployment file is planned, the plan is shown, and you are asked. A saved plan is carried out as it was reviewed:
    /// where reality moved since, a step is refused as stale, and so is what depends on it.
    ///
    /// Everything is journaled before it is done, so a run may be cut off anywhere: --resume looks first, and goes on.
    /// Ctrl-C ends after what is running.
    ///
    /// With --live every cmdlet runs where the management shell is: here, or where --host or --ssh says. So does a copy,
    /// which Microsoft's page has made in a logon on its source; where it is refused from elsewhere, start cskerb there.
    Apply(Box<apply::Arguments>),
    /// Says whether everything is in the desired state, and what is not.
    ///
    /// Nothing is changed. A lab and the real systems are tested afresh; a snapshot is taken as it was collected. With
    /// --tickets, the servers are shown fresh Kerberos tickets, whose word then counts instead.
    Verify(Box<verify::Arguments>),
    /// Takes a run back: plans to the values that its journal saw before, the newest step first, and carries that out.
    ///
    /// What has no way back is named: a rotation, an account that was created, a copy. The way back wants its own consents.
    Undo(Box<undo::Arguments>),
    /// Shows the runs of apply, or what happened in one.
    Log(log::Arguments),
    /// Reads the real systems into a snapshot folder.
    ///
    /// With --live, it reads the topology, the assignments, the settings of the Web Services, the directory, each site's
    /// test and each server's IIS configuration through PowerShell. What is secret is removed on the server where it lies.
    ///
    /// With --directory, it asks Active Directory itself for the accounts, and for every holder of the SPNs, that FILE and
    /// the folder (assignments.json, topology.xml) speak of. The connection is always protected by TLS, and the server's
    /// certificate always checked. With --live too, it is asked in the place of PowerShell.
    ///
    /// With --tickets, it shows every server a fresh Kerberos ticket, and writes down how it answered.
    ///
    /// With --script, it prints one PowerShell script which makes the same folder as --live by hand, on a Front End Server.
    ///
    /// Nothing is changed anywhere. A folder that is already there is added to: what is read replaces its former content,
    /// the rest stays. What cannot be read is then unreadable in the folder, with its cause, whatever was there before, and
    /// the exit code is 5.
    Collect(Box<collect::Arguments>),
    /// Prints a first deployment file that matches a snapshot.
    ///
    /// It declares the sites, pools and servers of the topology, and the accounts that the sites have. What the snapshot
    /// does not tell is said in comments. Planned against the same snapshot, the file changes nothing: only what is broken
    /// in itself is left to mend.
    ///
    /// A folder with nothing but topology.xml will do.
    Init(init::Arguments),
    /// Explains a code of `validate` or `plan`, or lists them all.
    ///
    /// Each page says what the code means, why it matters and who says so, and shows a wrong and a right example.
    Explain(explain::Arguments),
    /// Makes and breaks labs: snapshot folders that `apply` may change, by the same rules as the real cmdlets.
    ///
    /// A lab is for rehearsal and training: no server is contacted, and nothing outside of its folder is changed.
    Lab(lab::Arguments),
    /// Writes the JSON schemas of the formats, or checks that they are as this version writes them.
    ///
    /// Editors complete and check a deployment file by its schema: put
    /// `# yaml-language-server: $schema=PATH/deployment.schema.json` on its first line.
    Schema(schema::Arguments),
    /// Prints what a shell needs to complete verbs, options and values.
    Completions(completions::Arguments),
    /// Prints the manual page, or writes the pages of all verbs into a folder.
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
    let printed = said.print();
    if said.use_stderr() {
        return Exit::Error.into();
    }
    match printed.and_then(|()| io::stdout().flush()) {
        // A reader that went away, as `| head` does, is not an error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            output::failure(&Failure::new("standard output cannot be written").source(error));
            Exit::Error.into()
        }
        _ => Exit::Done.into(),
    }
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

    /// The whole command line, with the arguments of every verb.
    fn whole() -> clap::Command {
        let mut command = Arguments::command().disable_help_subcommand(true);
        command.build();
        command
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_arguments_of_a_verb_leave_what_is_said_of_it() {
        let (listed, whole) = (Arguments::command(), whole());
        for verb in listed.get_subcommands() {
            let name = verb.get_name();
            let built = whole.find_subcommand(name).unwrap();
            let said = |verb: &clap::Command| (verb.get_about().cloned(), verb.get_long_about().cloned());
            assert!(verb.get_about().is_some(), "{name} says nothing of itself");
            assert!(said(built) == said(verb), "{name} says of itself: {:?}", said(built));
        }
    }

    #[test]
    fn an_option_stands_under_the_heading_that_it_belongs_to() {
        for verb in whole().get_subcommands() {
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
    fn what_only_the_live_systems_heed_is_refused_elsewhere() {
        let check = |line: &str, understood: bool| {
            let read = Arguments::try_parse_from(line.split(' '));
            assert_eq!(read.is_ok(), understood, "{line}: {:?}", read.err().map(|error| error.to_string()));
        };
        let live = "--shell pwsh --host fe01.contoso.com --ssh fe01 --credential c.xml --call-timeout 5m";
        for place in ["plan f --snapshot d", "status f --snapshot d", "verify f --snapshot d", "verify f --lab l"] {
            check(&format!("cskerb {place}"), true);
            check(&format!("cskerb {} --live {live}", &place[..place.find(" --").unwrap()]), true);
            for option in live.split("--").skip(1) {
                check(&format!("cskerb {place} --{}", option.trim()), false);
            }
        }
        for verb in ["apply f", "undo 20260530T200000Z-1a2b3c4d"] {
            check(&format!("cskerb {verb} --lab l --parallel 2"), true);
            check(&format!("cskerb {verb} --live --state s --nothing-at-work --replication-timeout 1h {live}"), true);
            for option in live.split("--").chain(["nothing-at-work", "replication-timeout 1h", "state s"]).skip(1) {
                check(&format!("cskerb {verb} --lab l --{}", option.trim()), false);
            }
        }
    }

    #[test]
    fn every_verb_has_examples_and_every_example_is_understood() {
        for verb in whole().get_subcommands() {
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
