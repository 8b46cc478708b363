//! `status`

use super::exit::{Exit, Failure};
use super::{collection, live, output, read};
use crate::{plan, render, wire};
use clap::{ArgGroup, Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("where").required(true))]
pub(super) struct Arguments {
    /// The deployment file; `-` reads standard input
    file: String,
    /// The snapshot folder to show
    #[arg(long, value_name = "DIR", group = "where", conflicts_with_all = live::ONLY_LIVE)]
    snapshot: Option<PathBuf>,
    /// Read the real systems, through PowerShell, and show them
    #[arg(long, group = "where")]
    live: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: live::Options,
}

const EXAMPLES: &str = "\
Examples:
  One screen:
      cskerb status contoso.yaml --snapshot monday/
      cskerb status contoso.yaml --live
  The servers that are not valid, for a script:
      cskerb status contoso.yaml --snapshot monday/ --format json |
        jq -r '.sites[].pools[].servers[] | select(.kerberos.state != \"valid\").server'";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: schemas/status.schema.json
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (deployment, _) = match read::deployment(&arguments.file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let actual = match &arguments.snapshot {
        Some(folder) => read::snapshot(folder)?,
        None => collection::for_now(&arguments.reach, &deployment)?,
    };
    let status = plan::status(&deployment, &actual);
    match arguments.format {
        Format::Text => output::data(&render::status::text(&status, output::style()))?,
        Format::Json => {
            let json = wire::status::Status::from(&status).to_json();
            output::json(&json.map_err(|error| Failure::new("the status cannot be written").source(error))?)?;
        }
    }
    Ok(Exit::Done)
}
