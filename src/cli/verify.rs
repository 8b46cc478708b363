//! `verify`

use super::exit::{Exit, Failure};
use super::request::Narrowed;
use super::running::write_metrics;
use super::{collection, live, output, read, tickets, trace};
use crate::apply;
use crate::apply::target::Target;
use crate::live::tickets::of_deployment;
use crate::plan;
use crate::render::{outline::Outline, text};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("where").required(true))]
pub(super) struct Arguments {
    /// The deployment file; `-` reads standard input
    file: String,
    /// The snapshot folder to look at
    #[arg(long, value_name = "DIR", group = "where", conflicts_with_all = live::ONLY_LIVE)]
    snapshot: Option<PathBuf>,
    /// The lab to look at
    #[arg(long, value_name = "DIR", group = "where", conflicts_with_all = live::ONLY_LIVE)]
    lab: Option<PathBuf>,
    /// Look at the real systems, through PowerShell
    #[arg(long, group = "where")]
    live: bool,
    /// Write what was found to this file, for Prometheus
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    #[command(flatten)]
    narrowed: Narrowed,
    #[command(flatten)]
    reach: live::Options,
    #[command(flatten)]
    tickets: tickets::Options,
    #[command(flatten)]
    trace: trace::Options,
}

const EXAMPLES: &str = "\
Examples:
  Every night, from the scheduler:
      cskerb verify contoso.yaml --lab lab/ --metrics cskerb.prom
      cskerb verify contoso.yaml --live --metrics cskerb.prom
  Show every server a Kerberos ticket, with your own ticket to begin with:
      cskerb verify contoso.yaml --snapshot monday/ --tickets
  From the scheduler, with a keytab, and the two servers of a pool that the DNS does not name:
      cskerb verify contoso.yaml --snapshot monday/ --tickets --keytab audit.keytab --pool pool01.contoso.com --resolve fe01.contoso.com=10.0.0.1 --resolve fe02.contoso.com=10.0.0.2

Exit codes: 2 for steps, error findings, undeclared servers, and what reaches beyond --site, --pool or --server; 5 where
something could not be read; 0 otherwise.";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    arguments.trace.begin();
    let (deployment, loaded) = match read::deployment(&arguments.file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let request = arguments.narrowed.request(&arguments.file, &deployment, loaded.allow)?;
    if arguments.tickets.is_asked() && arguments.lab.is_some() {
        let hint = "give --snapshot DIR: its topology says which servers to ask";
        return Err(Failure::new("the servers of a lab take no tickets").hint(hint));
    }
    let lab = arguments.lab.as_deref().map(read::lab).transpose()?;
    let plan = match (&lab, &arguments.snapshot) {
        (Some(lab), _) => apply::verify(&deployment, &request, lab)
            .map_err(|error| Failure::new("the lab cannot be read").source(error))?,
        (None, folder) => {
            let mut actual = match folder {
                Some(folder) => read::snapshot(folder)?,
                None => collection::for_now(&arguments.reach, &deployment)?,
            };
            if arguments.tickets.is_asked() {
                let targets = of_deployment(&deployment, &actual, &request.scope);
                tickets::overlay(&arguments.tickets.prove(&targets)?, &mut actual);
            }
            plan::plan(&deployment, &actual, &request)
        }
    };
    if let Some(path) = &arguments.metrics {
        write_metrics(path, &plan, lab.as_ref().map(Target::state_folder))?;
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
