//! `verify`

use super::exit::{Exit, Failure};
use super::request::Asked;
use super::running::write_metrics;
use super::{collection, live, output, read};
use crate::apply;
use crate::plan;
use crate::render::{outline::Outline, text};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Says whether everything is in the desired state, and what is not.
///
/// Nothing is changed. A lab and the real systems are tested afresh; a snapshot is taken as it was collected.
#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("where").required(true))]
pub(super) struct Arguments {
    /// The deployment file; `-` reads standard input
    file: String,
    /// The snapshot folder to look at
    #[arg(long, value_name = "DIR", group = "where")]
    snapshot: Option<PathBuf>,
    /// The lab to look at
    #[arg(long, value_name = "DIR", group = "where")]
    lab: Option<PathBuf>,
    /// Look at the real systems, through PowerShell
    #[arg(long, group = "where")]
    live: bool,
    /// Write what was found to this file, for Prometheus
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    reach: live::Options,
}

const EXAMPLES: &str = "\
Examples:
  Every night, from the scheduler:
      cskerb verify contoso.yaml --lab lab/ --metrics cskerb.prom
      cskerb verify contoso.yaml --live --metrics cskerb.prom

Exit codes: 2 for steps, error findings and undeclared servers; 5 where something could not be read; 0 otherwise.";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (deployment, loaded) = match read::deployment(&arguments.file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let request = arguments.asked.request(&arguments.file, &deployment, loaded.allow)?;
    let lab = arguments.lab.as_deref().map(read::lab).transpose()?;
    let plan = match (&lab, &arguments.snapshot) {
        (Some(lab), _) => apply::verify(&deployment, &request, lab)
            .map_err(|error| Failure::new("the lab cannot be read").source(error))?,
        (None, Some(folder)) => plan::plan(&deployment, &read::snapshot(folder)?, &request),
        (None, None) => plan::plan(&deployment, &collection::for_now(&arguments.reach, &deployment)?, &request),
    };
    if let Some(path) = &arguments.metrics {
        write_metrics(path, &plan, lab.as_ref())?;
    }
    output::data(&text::plan(&Outline::of(&plan), output::style()))?;
    Ok(if !plan.complete() {
        Exit::Unreadable
    } else if plan.differs() {
        Exit::Differences
    } else {
        Exit::Done
    })
}
