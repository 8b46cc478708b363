//! `plan`

use super::exit::{Exit, Failure};
use super::request::Asked;
use super::{collection, live, output, read};
use crate::plan::{self, Plan};
use crate::render::{markdown, outline::Outline, powershell, text};
use crate::wire;
use clap::{ArgGroup, Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("where").required(true))]
pub(super) struct Arguments {
    /// The deployment file; `-` reads standard input
    file: String,
    /// The snapshot folder to compare with
    #[arg(long, value_name = "DIR", group = "where", conflicts_with_all = live::ONLY_LIVE)]
    snapshot: Option<PathBuf>,
    /// Read the real systems, through PowerShell, and compare with them
    #[arg(long, group = "where")]
    live: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// For Markdown: the most bytes it may have; what is left out is said
    #[arg(long, value_name = "BYTES", default_value_t = markdown::DEFAULT_MAX_BYTES)]
    max_bytes: usize,
    /// Also save the plan, as JSON, for a later apply
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    /// Exit with 2 where reality differs from the file
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    reach: live::Options,
}

const EXAMPLES: &str = "\
Examples:
  What differs, for a change review:
      cskerb plan contoso.yaml --snapshot monday/
  The same for one site, saved for a maintenance window:
      cskerb plan contoso.yaml --snapshot monday/ --site Redmond --out redmond.plan.json
  For a pull request's comment:
      cskerb plan contoso.yaml --snapshot monday/ --format markdown --out plan.json
  Against the real systems, on a Front End Server:
      cskerb plan contoso.yaml --live --out plan.json
  In CI, failing where reality has drifted:
      cskerb plan contoso.yaml --snapshot monday/ --detailed-exitcode
  Rotate a password that is due:
      cskerb plan contoso.yaml --snapshot monday/ --rotate 'CONTOSO\\kerbauth' --reason CHG0031";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a pull request or a change ticket
    Markdown,
    /// For working by hand: a script that changes nothing until it is edited
    Powershell,
    /// For programs: schemas/plan.schema.json
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some(out) = &arguments.out {
        keeps(&arguments.file, out)?;
    }
    let (deployment, snapshot) = match &arguments.snapshot {
        Some(folder) => {
            let (deployment, actual) = read::both(&arguments.file, folder);
            (deployment, Some(actual))
        }
        None => (read::deployment(&arguments.file), None),
    };
    let (deployment, loaded) = match deployment? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    read::remark_warnings(&loaded);
    let request = arguments.asked.request(&arguments.file, &deployment, loaded.allow)?;
    let actual = match snapshot {
        Some(actual) => actual?,
        None => collection::for_now(&arguments.reach, &deployment)?,
    };
    let plan = plan::plan(&deployment, &actual, &request);
    // The plan has all that it needs of it; that it goes takes a while, and nobody has to wait for it.
    // Made only for what needs it: it names every server many times over.
    let written =
        || wire::plan::Plan::try_from(&plan).map_err(|error| Failure::new("the plan cannot be written").source(error));
    let saved = match &arguments.out {
        Some(path) => Some(save(path, written()?)?),
        None => None,
    };
    let written = || saved.map_or_else(written, Ok);
    match arguments.format {
        Format::Json => {
            let written = written()?;
            output::json_by(|out| written.write_json(out))?;
            std::mem::forget(written);
        }
        Format::Markdown => {
            let outline = Outline { digest: Some(written()?.digest), ..Outline::of(&plan) };
            output::data(&markdown::plan(&outline, arguments.max_bytes))?;
        }
        Format::Powershell => output::data(&powershell::plan(&plan))?,
        Format::Text => {
            let outline = Outline::of(&plan);
            output::data(&text::plan(&outline, output::style()))?;
            std::mem::forget(outline);
        }
    }
    let exit = exit(&plan, arguments.detailed_exitcode);
    // The program ends: the system takes its memory back at once, piece by piece it takes long.
    std::mem::forget((plan, deployment, actual));
    Ok(exit)
}

/// Whether the deployment file stays: a plan in its place would be all that is left of it.
fn keeps(file: &str, out: &Path) -> Result<(), Failure> {
    match (std::fs::canonicalize(file), std::fs::canonicalize(out)) {
        (Ok(file), Ok(out)) if file == out => {
            let message = format!("--out {} would replace the deployment file by its plan", out.display());
            Err(Failure::new(message).hint("name another file, such as plan.json"))
        }
        _ => Ok(()),
    }
}

fn save(path: &Path, plan: wire::plan::Plan) -> Result<wire::plan::Plan, Failure> {
    output::replace(path, &json(&plan)?)?;
    Ok(plan)
}

fn json(plan: &wire::plan::Plan) -> Result<String, Failure> {
    plan.to_json().map_err(|error| Failure::new("the plan cannot be written").source(error))
}

fn exit(plan: &Plan, detailed: bool) -> Exit {
    if !plan.complete() {
        Exit::Unreadable
    } else if detailed && plan.differs() {
        Exit::Differences
    } else {
        Exit::Done
    }
}
