//! `lab new` and `lab break`

use super::exit::{Exit, Failure};
use super::{output, read};
use crate::lab::{Down, Fault, Lab, Right};
use crate::model::{AccountName, PoolFqdn, Principal, ServerFqdn, SiteName, Spn};
use crate::render::escape::{Lines, terminal};
use crate::render::outline::words::count;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Args)]
#[command(after_help = "\
Examples:
  Make a healthy lab of a deployment file, and break it:
      cskerb lab new contoso.yaml lab/
      cskerb lab break lab/ --stale-password dir01.contoso.com")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    New(New),
    Break(Box<Break>),
    #[command(hide = true)]
    Call(Call),
}

/// Plays one call of a cmdlet, as JSON on standard input: for what stands in for the product's module.
#[derive(Args)]
struct Call {
    /// The lab
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Makes a healthy lab that matches a deployment file: a plan has nothing to do.
#[derive(Args)]
struct New {
    /// The deployment file; `-` reads standard input
    file: String,
    /// The folder to make; it must be empty or not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// When the lab's clock starts, as 2026-05-30T20:00:00Z; now where left out
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

/// Breaks something in a lab, one option a fault; each may be repeated.
///
/// Of several, those of a server's configuration happen first, and those of servers that do not answer last.
#[derive(Args)]
#[command(after_help = EXAMPLES, override_usage = "cskerb lab break <DIR> --FAULT...")]
#[group(id = "faults", required = true, multiple = true)]
struct Break {
    /// The lab
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    servers: ServerFaults,
    #[command(flatten)]
    accounts: AccountFaults,
    #[command(flatten)]
    places: TopologyFaults,
}

#[derive(Args)]
#[group(id = "server_faults", multiple = true)]
struct ServerFaults {
    /// The server has an older password of its account
    #[arg(long, value_name = "SERVER", group = "faults")]
    stale_password: Vec<ServerFqdn>,
    /// Nobody ever gave the server the password
    #[arg(long, value_name = "SERVER", group = "faults")]
    never_configured: Vec<ServerFqdn>,
    /// The order of the providers is reversed wherever Windows authentication is enabled
    #[arg(long, value_name = "SERVER", group = "faults")]
    provider_order_reversed: Vec<ServerFqdn>,
    /// The server does not answer: for good, or for the next CALLS that need it
    #[arg(long, value_name = "SERVER[=CALLS]", value_parser = down, group = "faults")]
    server_down: Vec<(ServerFqdn, Down)>,
    /// The server answers again
    #[arg(long, value_name = "SERVER", group = "faults")]
    server_up: Vec<ServerFqdn>,
    /// The server takes so many milliseconds to answer
    #[arg(long, value_name = "SERVER=MS", value_parser = pair::<ServerFqdn, u32>, group = "faults")]
    slow_server: Vec<(ServerFqdn, u32)>,
}

#[derive(Args)]
#[group(id = "account_faults", multiple = true)]
struct AccountFaults {
    /// A rotation broke off: the servers have a password that Active Directory does not have
    #[arg(long, value_name = "ACCOUNT", group = "faults")]
    half_done_rotation: Vec<AccountName>,
    /// The next rotation of the account will break off like that
    #[arg(long, value_name = "ACCOUNT", group = "faults")]
    rotation_breaks_off: Vec<AccountName>,
    /// Nobody holds the SPN
    #[arg(long, value_name = "SPN", group = "faults")]
    spn_missing: Vec<Spn>,
    /// Another account holds the SPN too
    #[arg(long, value_name = "SPN=ACCOUNT", value_parser = spn_twice, group = "faults")]
    spn_on_two_accounts: Vec<(Spn, Principal)>,
    /// The account is disabled
    #[arg(long, value_name = "ACCOUNT", group = "faults")]
    account_disabled: Vec<AccountName>,
    /// The account is deleted
    #[arg(long, value_name = "ACCOUNT", group = "faults")]
    account_deleted: Vec<AccountName>,
    /// The account's encryption types are unset
    #[arg(long, value_name = "ACCOUNT", group = "faults")]
    encryption_unset: Vec<AccountName>,
    /// The domain controllers do not agree on the account yet: for so many looks at it
    #[arg(long, value_name = "ACCOUNT=LOOKS", value_parser = pair::<AccountName, u32>, group = "faults")]
    controllers_disagree: Vec<(AccountName, u32)>,
    /// You lose a right
    #[arg(long, value_enum, value_name = "RIGHT", group = "faults")]
    right_lost: Vec<TypedRight>,
}

#[derive(Args)]
#[group(id = "topology_faults", multiple = true)]
struct TopologyFaults {
    /// Enable-CsTopology was not run after the site was assigned: its SPNs are missing
    #[arg(long, value_name = "SITE", group = "faults")]
    enable_topology_forgotten: Vec<SiteName>,
    /// A server was added to the pool, and nobody gave it the password
    #[arg(long, value_name = "POOL=SERVER", value_parser = pair::<PoolFqdn, ServerFqdn>, group = "faults")]
    server_added: Vec<(PoolFqdn, ServerFqdn)>,
    /// Somebody publishes another topology: at once, or with the CALLS-th cmdlet from now
    #[arg(long, value_name = "CALLS", num_args = 0..=1, require_equals = true, default_missing_value = "0", group = "faults")]
    topology_published: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum TypedRight {
    /// Domain Admins
    DomainAdmins,
    /// RTCUniversalServerAdmins
    RtcUniversalServerAdmins,
}

const EXAMPLES: &str = "\
Examples:
  One server missed a rotation; another one is down:
      cskerb lab break lab/ --stale-password fe02.contoso.com --server-down se01.contoso.com
  A new Front End, and somebody else who has the SPN:
      cskerb lab break lab/ --server-added pool01.contoso.com=fe04.contoso.com
      cskerb lab break lab/ --spn-on-two-accounts 'http/pool01.contoso.com=CONTOSO\\websvc'";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::New(arguments) => new(arguments),
        Verb::Break(arguments) => break_lab(arguments),
        Verb::Call(arguments) => call(arguments),
    }
}

fn call(arguments: &Call) -> Result<Exit, Failure> {
    let lab = read::lab(&arguments.folder)?;
    let call = serde_json::from_slice(&read::bytes("-")?)
        .map_err(|error| Failure::new("standard input is no call").source(error))?;
    let reply = serde_json::to_string(&lab.console(&call))
        .map_err(|error| Failure::new("the reply cannot be written").source(error))?;
    lab.close().map_err(read::no_lab)?;
    output::data(&(reply + "\n"))?;
    Ok(Exit::Done)
}

fn new(arguments: &New) -> Result<Exit, Failure> {
    let (deployment, _) = match read::deployment(&arguments.file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let now = arguments.at.unwrap_or_else(Timestamp::now);
    let lab = Lab::create(&deployment, &arguments.folder, now).map_err(read::no_lab)?;
    let memory = lab.memory().map_err(read::no_lab)?;
    let made = format!(
        "made a healthy lab in {}: {}, {}\n",
        arguments.folder.display(),
        count(memory.servers.len(), "server that runs Web Services", "servers that run Web Services"),
        count(memory.accounts.len(), "account", "accounts")
    );
    output::remark(&terminal(&made, Lines::Keep));
    Ok(Exit::Done)
}

fn break_lab(arguments: &Break) -> Result<Exit, Failure> {
    let lab = read::lab(&arguments.folder)?;
    for fault in arguments.faults() {
        lab.inject(&fault).map_err(read::no_lab)?;
        let done = if matches!(fault, Fault::ServerUp(_)) { "mended" } else { "broken" };
        output::remark(&terminal(&format!("{done}: {fault}\n"), Lines::Keep));
    }
    lab.close().map_err(read::no_lab)?;
    Ok(Exit::Done)
}

impl Break {
    fn faults(&self) -> Vec<Fault> {
        let (servers, accounts, places) = (&self.servers, &self.accounts, &self.places);
        let mut all: Vec<Fault> = Vec::new();
        all.extend(places.server_added.iter().cloned().map(|(pool, server)| Fault::ServerAdded(pool, server)));
        all.extend(servers.stale_password.iter().cloned().map(Fault::StalePassword));
        all.extend(servers.never_configured.iter().cloned().map(Fault::NeverConfigured));
        all.extend(servers.provider_order_reversed.iter().cloned().map(Fault::ProvidersReversed));
        all.extend(accounts.half_done_rotation.iter().cloned().map(Fault::HalfDoneRotation));
        all.extend(accounts.rotation_breaks_off.iter().cloned().map(Fault::RotationBreaksOff));
        all.extend(places.enable_topology_forgotten.iter().cloned().map(Fault::EnableTopologyForgotten));
        all.extend(accounts.spn_missing.iter().cloned().map(Fault::SpnMissing));
        let twice = accounts.spn_on_two_accounts.iter().cloned();
        all.extend(twice.map(|(spn, holder)| Fault::SpnTwice(spn, holder)));
        all.extend(accounts.encryption_unset.iter().cloned().map(Fault::EncryptionUnset));
        all.extend(accounts.account_disabled.iter().cloned().map(Fault::AccountDisabled));
        all.extend(accounts.account_deleted.iter().cloned().map(Fault::AccountDeleted));
        let behind = accounts.controllers_disagree.iter().cloned();
        all.extend(behind.map(|(account, looks)| Fault::ControllersDisagree(account, looks)));
        all.extend(servers.server_up.iter().cloned().map(Fault::ServerUp));
        all.extend(servers.server_down.iter().cloned().map(|(server, down)| Fault::ServerDown(server, down)));
        all.extend(servers.slow_server.iter().cloned().map(|(server, ms)| Fault::SlowServer(server, ms)));
        all.extend(places.topology_published.map(Fault::TopologyPublished));
        all.extend(accounts.right_lost.iter().map(|right| {
            Fault::RightLost(match right {
                TypedRight::DomainAdmins => Right::DomainAdmins,
                TypedRight::RtcUniversalServerAdmins => Right::RtcUniversalServerAdmins,
            })
        }));
        all
    }
}

/// `A=B`
fn pair<A: FromStr<Err: Display>, B: FromStr<Err: Display>>(text: &str) -> Result<(A, B), String> {
    let (one, other) = text.split_once('=').ok_or("two values are needed, with = between them")?;
    let said = |error: &dyn Display, part: &str| format!("{part:?}: {error}");
    Ok((one.parse().map_err(|error| said(&error, one))?, other.parse().map_err(|error| said(&error, other))?))
}

/// `SERVER` or `SERVER=CALLS`
fn down(text: &str) -> Result<(ServerFqdn, Down), String> {
    if text.contains('=') {
        return match pair::<ServerFqdn, u32>(text)? {
            (_, 0) => Err("at least one call".to_owned()),
            (server, calls) => Ok((server, Down::Calls(calls))),
        };
    }
    let server = text.parse::<ServerFqdn>().map_err(|error| error.to_string())?;
    Ok((server, Down::ForGood))
}

/// `SPN=ACCOUNT`
fn spn_twice(text: &str) -> Result<(Spn, Principal), String> {
    let (spn, holder) = text.split_once('=').ok_or("an SPN and an account are needed, with = between them")?;
    if holder.trim().is_empty() {
        return Err("the account has no name".to_owned());
    }
    Ok((spn.parse::<Spn>().map_err(|error| error.to_string())?, Principal::new(holder)))
}
