//! `schema`

use super::exit::{Exit, Failure};
use super::output;
use crate::{deployment, lab, wire};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the schemas are
    #[arg(default_value = "schemas", value_name = "DIR")]
    folder: PathBuf,
    /// Change nothing; fail where a schema is not as this version writes it
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  Beside a deployment file whose first line names schemas/deployment.schema.json:
      cskerb schema
  In CI of this program itself, where the schemas are kept:
      cskerb schema schemas/ --check";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let schemas = [
        ("deployment.schema.json", deployment::schema()),
        ("plan.schema.json", wire::plan::schema()),
        ("diagnostics.schema.json", wire::diagnostics::schema()),
        ("status.schema.json", wire::status::schema()),
        ("lab.schema.json", lab::schema()),
    ];
    for (name, schema) in schemas {
        let path = arguments.folder.join(name);
        let text = serde_json::to_string_pretty(&schema)
            .map_err(|error| Failure::new("the schema cannot be written").source(error))?
            + "\n";
        if arguments.check {
            check(&path, &text, &arguments.folder)?;
        } else {
            std::fs::create_dir_all(&arguments.folder).map_err(|error| {
                Failure::new(format!("{} cannot be made", arguments.folder.display())).source(error)
            })?;
            output::replace(&path, &text)?;
        }
    }
    Ok(Exit::Done)
}

fn check(path: &Path, expected: &str, folder: &Path) -> Result<(), Failure> {
    let mend = format!("run: cskerb schema {}", folder.display());
    let found = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read", path.display())).source(error).hint(mend.clone()))?;
    if found.replace("\r\n", "\n") == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{} is not as this version writes it", path.display())).hint(mend))
}
