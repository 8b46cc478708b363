//! `explain`

use super::exit::{Exit, Failure};
use super::output;
use super::request::nearest;
use crate::codes::Code;
use crate::render::explanation;
use clap::Args;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The code, as it stands in brackets in the output; left out: the list of all codes
    code: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  What does error[account-upn] mean?
      cskerb explain account-upn
  Which codes are there?
      cskerb explain";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let style = output::style();
    let text = match &arguments.code {
        None => explanation::list(style),
        Some(typed) => explanation::page(code(typed)?, style),
    };
    output::data(&text)?;
    Ok(Exit::Done)
}

fn code(typed: &str) -> Result<Code, Failure> {
    let word = typed.trim().to_ascii_lowercase();
    word.parse().map_err(|()| {
        let failure = Failure::new(format!("there is no code {typed:?}"));
        match nearest(&word, Code::ALL.iter().map(|code| code.slug())) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("`cskerb explain` lists the codes"),
        }
    })
}
