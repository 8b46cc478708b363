//! `terraform plan` of as many resources as there are servers: the built-in `terraform_data`, each of seven
//! attributes, so that no provider is needed and no file is read.

use super::measure::Row;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

const CONFIGURATION: &str = r#"
variable "servers" { type = number }

resource "terraform_data" "server" {
  count = var.servers
  input = {
    fqdn      = format("fe%05d.contoso.com", count.index)
    site      = "Site ${floor(count.index / 200)}"
    pool      = "pool${floor(count.index / 10)}.contoso.com"
    account   = "CONTOSO\\kerb${floor(count.index / 200)}"
    enabled   = true
    kernel    = false
    providers = "Negotiate, NTLM"
  }
}
"#;

/// Whether terraform is on the PATH.
pub(crate) fn is_there() -> bool {
    let version = Command::new("terraform").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// The plan of so many new resources.
pub(crate) fn all_new(folder: &Path, servers: usize) -> io::Result<Row> {
    configure(folder)?;
    Ok(Row::new("terraform plan, all new", terraform(folder, &["plan", "-input=false"], servers)))
}

/// The plan of so many resources of which none is to be changed.
pub(crate) fn unchanged(folder: &Path, servers: usize) -> io::Result<Row> {
    configure(folder)?;
    done(terraform(folder, &["apply", "-input=false", "-auto-approve"], servers))?;
    Ok(Row::new("terraform plan, unchanged", terraform(folder, &["plan", "-input=false"], servers)))
}

fn configure(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("main.tf"), CONFIGURATION)?;
    let mut init = Command::new("terraform");
    init.current_dir(folder).args(["init", "-input=false"]).stdout(Stdio::null()).stderr(Stdio::null());
    done(init)
}

fn terraform(folder: &Path, arguments: &[&str], servers: usize) -> Command {
    let mut command = Command::new("terraform");
    command.current_dir(folder).args(arguments).arg(format!("-var=servers={servers}"));
    command.env("CHECKPOINT_DISABLE", "1").stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn done(mut command: Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {status}"))) }
}
