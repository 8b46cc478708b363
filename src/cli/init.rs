//! `init`

use super::exit::{Exit, Failure};
use super::{output, read};
use crate::render::escape::{Lines, terminal};
use crate::{deployment, init, plan};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The snapshot folder
    #[arg(value_name = "DIR")]
    snapshot: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  A first file from a snapshot:
      cskerb init monday/ > contoso.yaml
  Before anything was collected, on a server with the management shell:
      mkdir first; (Get-CsTopology -AsXml) > first/topology.xml
      cskerb init first/ > contoso.yaml
  Then look at it, check it, and see what is to mend:
      cskerb validate contoso.yaml
      cskerb plan contoso.yaml --snapshot monday/";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let actual = read::snapshot(&arguments.snapshot)?;
    let text = init::deployment_file(&actual).map_err(|error| {
        let hint = "write it on a server with the management shell: (Get-CsTopology -AsXml) > topology.xml";
        Failure::new(error.to_string()).hint(hint)
    })?;
    output::data(&text)?;
    // A topology may be such that no file can declare it: say so at once, and at the lines that were printed.
    let loaded = deployment::load("the printed file", text.as_bytes());
    let Some(deployment) = &loaded.deployment else {
        read::say(&loaded);
        return Ok(Exit::Invalid);
    };
    let plan = plan::plan(deployment, &actual, &plan::Request::default());
    if !plan.steps.is_empty() {
        let folder = arguments.snapshot.display();
        let next = format!("note: something is broken in itself: cskerb plan FILE --snapshot {folder} says what\n");
        output::remark(&terminal(&next, Lines::Keep));
    }
    Ok(Exit::Done)
}
