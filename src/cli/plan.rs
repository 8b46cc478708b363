//! `plan`

use super::exit::{Exit, Failure};
use super::{output, read};
use crate::model::{AccountName, Deployment, NameError, PoolFqdn, ServerFqdn, SiteName};
use crate::plan::{self, Plan, Request, Scope};
use crate::render::{markdown, outline::Outline, powershell, text};
use crate::wire;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// Shows what differs between the deployment file and a snapshot, and what to do, in order.
///
/// Nothing is changed and no server is contacted: a plan is for the change review.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The deployment file; `-` reads standard input
    file: String,
    /// The snapshot folder to compare with
    #[arg(long, value_name = "DIR")]
    snapshot: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// For Markdown: the most bytes it may have; what is left out is said
    #[arg(long, value_name = "BYTES", default_value_t = markdown::DEFAULT_MAX_BYTES)]
    max_bytes: usize,
    /// Also save the plan, as JSON, for a later apply
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only this site (may be repeated)
    #[arg(long, value_name = "NAME")]
    site: Vec<String>,
    /// Only this pool (may be repeated)
    #[arg(long, value_name = "FQDN")]
    pool: Vec<String>,
    /// Only this server (may be repeated)
    #[arg(long, value_name = "FQDN")]
    server: Vec<String>,
    /// Plan a rotation of this account's password, although nothing calls for it
    #[arg(long, value_name = "ACCOUNT", requires = "reason")]
    rotate: Vec<String>,
    /// Why: it stands in the plan
    #[arg(long, value_name = "TEXT", requires = "rotate")]
    reason: Option<String>,
    /// Exit with 2 where reality differs from the file
    #[arg(long)]
    detailed_exitcode: bool,
}

const EXAMPLES: &str = "\
Examples:
  What differs, for a change review:
      cskerb plan contoso.yaml --snapshot monday/
  The same for one site, saved for a maintenance window:
      cskerb plan contoso.yaml --snapshot monday/ --site Redmond --out redmond.plan.json
  For a pull request's comment:
      cskerb plan contoso.yaml --snapshot monday/ --format markdown --out plan.json
  In CI, failing where reality has drifted:
      cskerb plan contoso.yaml --snapshot monday/ --detailed-exitcode
  Rotate a password that is due:
      cskerb plan contoso.yaml --snapshot monday/ --rotate 'CONTOSO\\kerbauth' --reason 'yearly, CHG0031'";

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
    let (deployment, loaded) = match read::deployment(&arguments.file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let request = Request {
        scope: scope(arguments, &deployment)?,
        rotate: rotations(arguments, &deployment)?,
        allow: loaded.allow,
    };
    let actual = read::snapshot(&arguments.snapshot)?;
    let plan = plan::plan(&deployment, &actual, &request);
    let written =
        wire::plan::Plan::try_from(&plan).map_err(|error| Failure::new("the plan cannot be written").source(error))?;
    let json = || written.to_json().map_err(|error| Failure::new("the plan cannot be written").source(error));
    if let Some(path) = &arguments.out {
        output::replace(path, &json()?)?;
    }
    match arguments.format {
        Format::Json => output::data(&json()?)?,
        Format::Markdown => {
            let outline = Outline { digest: Some(written.digest.clone()), ..Outline::of(&plan) };
            output::data(&markdown::plan(&outline, arguments.max_bytes))?;
        }
        Format::Powershell => output::data(&powershell::plan(&plan))?,
        Format::Text => output::data(&text::plan(&Outline::of(&plan), output::style()))?,
    }
    Ok(exit(&plan, arguments.detailed_exitcode))
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

fn names<N: FromStr<Err = NameError>, C: FromIterator<N>>(option: &str, typed: &[String]) -> Result<C, Failure> {
    let parse = |text: &String| {
        text.parse().map_err(|error: NameError| Failure::new(format!("{option} {text:?} is not a name")).source(error))
    };
    typed.iter().map(parse).collect()
}

fn scope(arguments: &Arguments, deployment: &Deployment) -> Result<Scope, Failure> {
    let scope = Scope {
        sites: names::<SiteName, _>("--site", &arguments.site)?,
        pools: names::<PoolFqdn, _>("--pool", &arguments.pool)?,
        servers: names::<ServerFqdn, _>("--server", &arguments.server)?,
    };
    if let Some(unknown) = scope.first_unknown(deployment) {
        let message = format!("{unknown} is not declared in {}", arguments.file);
        let known = deployment.sites.iter().flat_map(|site| {
            let servers = site.pools.iter().flat_map(|pool| pool.servers.iter().map(|server| server.fqdn.as_str()));
            std::iter::once(site.name.as_str()).chain(site.pools.iter().map(|pool| pool.fqdn.as_str())).chain(servers)
        });
        let failure = Failure::new(message);
        return Err(match nearest(unknown, known) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("name a site, pool or server of the file, as --site, --pool or --server"),
        });
    }
    Ok(scope)
}

/// The name most like the one that was typed, where one is like it.
pub(super) fn nearest<'n>(typed: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|name| (strsim::jaro_winkler(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn rotations(arguments: &Arguments, deployment: &Deployment) -> Result<Vec<(AccountName, String)>, Failure> {
    let accounts: Vec<AccountName> = names("--rotate", &arguments.rotate)?;
    let reason = arguments.reason.clone().unwrap_or_default();
    if !accounts.is_empty() && reason.trim().is_empty() {
        return Err(Failure::new("--reason is empty").hint("a rotation disturbs clients: say why it is worth it"));
    }
    let declared = |account: &AccountName| match deployment.account(account) {
        // As the file spells it: the plan prints it so.
        Some(declared) => Ok((declared.name.clone(), reason.clone())),
        None => {
            let known: Vec<&str> = deployment.accounts.iter().map(|account| account.name.as_str()).collect();
            let message = format!("--rotate {account}: {} does not declare that account", arguments.file);
            Err(Failure::new(message).hint(format!("declared: {}", known.join(", "))))
        }
    };
    accounts.iter().map(declared).collect()
}
