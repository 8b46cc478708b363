//! `man`

use super::exit::{Exit, Failure};
use super::output;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Write cskerb.1 and one page a verb into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Read the page at once:
      cskerb man | man -l -
  Install all pages:
      cskerb man --out ~/.local/share/man/man1";

/// What each page says that it belongs to.
const SOURCE: &str = concat!("cskerb ", env!("CARGO_PKG_VERSION"));

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut command = without_help(super::Arguments::command());
    // Verbs then know their whole name, `cskerb-plan`.
    command.build();
    let Some(folder) = &arguments.out else {
        output::data(&page(&command)?)?;
        return Ok(Exit::Done);
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("{} cannot be made", folder.display())).source(error))?;
    for each in pages(&command) {
        let name = each.get_display_name().unwrap_or_else(|| each.get_name());
        output::replace(&folder.join(format!("{name}.1")), &page(each)?)?;
    }
    Ok(Exit::Done)
}

/// Without the verb `help`, here and in its verbs: it has no page, and a page names only what has one.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// The command, its verbs, and theirs.
fn pages(command: &Command) -> Vec<&Command> {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    std::iter::once(command).chain(verbs.flat_map(pages)).collect()
}

fn page(command: &Command) -> Result<String, Failure> {
    let failed = || Failure::new("the manual page cannot be written");
    let mut page = Vec::new();
    Man::new(command.clone())
        .source(SOURCE)
        .manual("cskerb")
        .render(&mut page)
        .map_err(|error| failed().source(error))?;
    String::from_utf8(page).map_err(|error| failed().source(error))
}
