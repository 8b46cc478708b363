//! What a plan is asked for, beside the file: `plan` and `apply` take the same options.

use super::exit::Failure;
use crate::codes::Allow;
use crate::model::{AccountName, Deployment, NameError, PoolFqdn, ServerFqdn, SiteName};
use crate::plan::{Request, Scope};
use clap::Args;
use std::str::FromStr;

// What to narrow a plan to.
#[derive(Args)]
pub(super) struct Narrowed {
    /// Only this site (may be repeated)
    #[arg(long, value_name = "NAME")]
    site: Vec<String>,
    /// Only this pool (may be repeated)
    #[arg(long, value_name = "FQDN")]
    pool: Vec<String>,
    /// Only this server (may be repeated)
    #[arg(long, value_name = "FQDN")]
    server: Vec<String>,
}

impl Narrowed {
    /// The request, for that file.
    pub(super) fn request(&self, file: &str, deployment: &Deployment, allow: Vec<Allow>) -> Result<Request, Failure> {
        Ok(Request { scope: scope(self, file, deployment)?, rotate: Vec::new(), allow })
    }

    fn is_empty(&self) -> bool {
        self.site.is_empty() && self.pool.is_empty() && self.server.is_empty()
    }
}

// What to narrow a plan to, and which rotations to plan.
#[derive(Args)]
pub(super) struct Asked {
    #[command(flatten)]
    narrowed: Narrowed,
    /// Plan a rotation of this account's password, although nothing calls for it
    #[arg(long, value_name = "ACCOUNT", requires = "reason")]
    rotate: Vec<String>,
    /// Why: it stands in the plan
    #[arg(long, value_name = "TEXT", requires = "rotate")]
    reason: Option<String>,
}

impl Asked {
    /// The request, for that file.
    pub(super) fn request(&self, file: &str, deployment: &Deployment, allow: Vec<Allow>) -> Result<Request, Failure> {
        let rotate = rotations(self, file, deployment)?;
        Ok(Request { rotate, ..self.narrowed.request(file, deployment, allow)? })
    }

    /// Whether anything was asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.narrowed.is_empty() && self.rotate.is_empty()
    }
}

fn names<N: FromStr<Err = NameError>, C: FromIterator<N>>(option: &str, typed: &[String]) -> Result<C, Failure> {
    let parse = |text: &String| {
        text.parse().map_err(|error: NameError| Failure::new(format!("{option} {text:?} is not a name")).source(error))
    };
    typed.iter().map(parse).collect()
}

fn scope(asked: &Narrowed, file: &str, deployment: &Deployment) -> Result<Scope, Failure> {
    let scope = Scope {
        sites: names::<SiteName, _>("--site", &asked.site)?,
        pools: names::<PoolFqdn, _>("--pool", &asked.pool)?,
        servers: names::<ServerFqdn, _>("--server", &asked.server)?,
    };
    match scope.first_unknown(deployment) {
        Some((kind, name)) => Err(undeclared(kind, name, file, deployment)),
        None => Ok(scope),
    }
}

/// A name that the file does not declare as what it was given as: what is meant may be another kind, or a name like it.
fn undeclared(kind: &str, name: &str, file: &str, deployment: &Deployment) -> Failure {
    let failure = Failure::new(format!("--{kind} {name}: no {kind} of that name is declared in {file}"));
    let known = names_of(deployment);
    if let Some((other, _)) = known.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)) {
        return failure.hint(format!("it is a {other}: --{other} {name}"));
    }
    let alike = known.iter().filter(|(of, _)| *of == kind).map(|(_, known)| *known);
    match nearest(name, alike) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint("name a site, pool or server of the file, as --site, --pool or --server"),
    }
}

/// Every name that may be given, with the option that takes it.
fn names_of(deployment: &Deployment) -> Vec<(&'static str, &str)> {
    let pools = || deployment.sites.iter().flat_map(|site| &site.pools);
    let sites = deployment.sites.iter().map(|site| ("site", site.name.as_str()));
    let servers = pools().flat_map(|pool| &pool.servers).map(|server| ("server", server.fqdn.as_str()));
    sites.chain(pools().map(|pool| ("pool", pool.fqdn.as_str()))).chain(servers).collect()
}

pub(super) fn nearest<'n>(typed: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|name| (strsim::jaro_winkler(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn rotations(asked: &Asked, file: &str, deployment: &Deployment) -> Result<Vec<(AccountName, String)>, Failure> {
    let accounts: Vec<AccountName> = names("--rotate", &asked.rotate)?;
    let reason = asked.reason.clone().unwrap_or_default();
    if !accounts.is_empty() && reason.trim().is_empty() {
        return Err(Failure::new("--reason is empty").hint("a rotation disturbs clients: say why it is worth it"));
    }
    let declared = |account: &AccountName| match deployment.account(account) {
        // As the file spells it: the plan prints it so.
        Some(declared) => Ok((declared.name.clone(), reason.clone())),
        None => {
            let known: Vec<&str> = deployment.accounts.iter().map(|account| account.name.as_str()).collect();
            let message = format!("--rotate {account}: {file} does not declare that account");
            Err(Failure::new(message).hint(format!("declared: {}", known.join(", "))))
        }
    };
    accounts.iter().map(declared).collect()
}
