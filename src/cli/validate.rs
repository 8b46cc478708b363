//! `validate`

use super::exit::{Exit, Failure};
use super::{output, read};
use crate::codes::Severity;
use crate::deployment::{self, Loaded};
use crate::render::{github, junit};
use crate::wire;
use clap::{Args, ValueEnum};
use serde::Serialize;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The deployment files; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Warnings make a file invalid too; `allow` in the file is the way to live with one
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

const EXAMPLES: &str = "\
Examples:
  Before a commit:
      cskerb validate contoso.yaml
  In CI, where nobody reads warnings:
      cskerb validate sites/*.yaml --deny warnings
  As annotations of a pull request on GitHub:
      cskerb validate contoso.yaml --format github
  For code scanning, or for a build server that shows tests:
      cskerb validate contoso.yaml --format sarif > contoso.sarif
      cskerb validate contoso.yaml --format junit > contoso.junit.xml
  What another program made:
      make-deployment | cskerb validate -";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: schemas/diagnostics.schema.json
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations
    Github,
    /// A JUnit report: a file is a suite, a diagnostic a case
    Junit,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.files.iter().filter(|file| *file == "-").count() > 1 {
        return Err(Failure::new("standard input is named twice").hint("it can be read once: name `-` once"));
    }
    // One file that cannot be read hides nothing of the others.
    let (mut files, mut unread): (Vec<Loaded>, Vec<Failure>) = (Vec::new(), Vec::new());
    for file in &arguments.files {
        match read::bytes(file) {
            Ok(bytes) => files.push(deployment::load(file, &bytes)),
            Err(failure) => unread.push(failure),
        }
    }
    print(arguments, &files)?;
    let last = unread.pop();
    unread.iter().for_each(output::failure);
    if let Some(failure) = last {
        return Err(failure);
    }
    let worst = files.iter().flat_map(|file| &file.diagnostics).map(deployment::Diagnostic::severity).max();
    if worst < Some(arguments.fails()) {
        return Ok(Exit::Done);
    }
    if worst == Some(Severity::Warning) && arguments.format == Format::Text {
        output::remark("warnings are denied, so this is exit code 3\n");
    }
    Ok(Exit::Invalid)
}

impl Arguments {
    /// The least severity that makes a file invalid.
    fn fails(&self) -> Severity {
        match self.deny {
            Some(Deny::Warnings) => Severity::Warning,
            None => Severity::Error,
        }
    }
}

fn print(arguments: &Arguments, files: &[Loaded]) -> Result<(), Failure> {
    match arguments.format {
        Format::Text => {
            let (style, columns) = (output::style(), output::columns());
            output::data(&files.iter().map(|file| read::diagnostics(file, style, columns)).collect::<String>())
        }
        Format::Json => json(&wire::diagnostics::Report::new(files)),
        Format::Sarif => json(&wire::sarif::Log::new(files)),
        Format::Github => output::data(&github::commands(&wire::diagnostics::Report::new(files))),
        Format::Junit => {
            let report = junit::report(files, arguments.fails().into());
            output::data(&report.map_err(|error| Failure::new("the report cannot be written").source(error))?)
        }
    }
}

fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new("the diagnostics cannot be written").source(error))?;
    output::json(&(text + "\n"))
}
