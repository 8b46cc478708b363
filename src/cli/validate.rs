//! `validate`

use super::exit::{Exit, Failure};
use super::{output, read};
use crate::codes::Severity;
use crate::deployment::{self, Loaded};
use crate::wire;
use clap::{Args, ValueEnum};

/// Finds everything that is wrong with deployment files, at once, each with its place.
///
/// It needs no snapshot and knows no clock: run it in every pull request.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The deployment files; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  Before a commit:
      cskerb validate contoso.yaml
  For a program:
      cskerb validate contoso.yaml fabrikam.yaml --format json";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, on standard error
    Text,
    /// For programs: schemas/diagnostics.schema.json
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut files: Vec<Loaded> = Vec::new();
    for file in &arguments.files {
        files.push(deployment::load(file, &read::bytes(file)?));
    }
    match arguments.format {
        Format::Text => files.iter().for_each(read::say),
        Format::Json => {
            let report = wire::diagnostics::Report::new(&files);
            let text = serde_json::to_string_pretty(&report)
                .map_err(|error| Failure::new("the diagnostics cannot be written").source(error))?;
            output::data(&(text + "\n"))?;
        }
    }
    let wrong = files.iter().flat_map(|file| &file.diagnostics).any(|found| found.severity() == Severity::Error);
    Ok(if wrong { Exit::Invalid } else { Exit::Done })
}
