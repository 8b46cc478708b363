//! `collect`

use super::exit::{Exit, Failure};
use super::{collection, directory, live, output, read, tickets, trace};
use crate::live::collect::{Asked, DirectoryBy};
use crate::live::directory::Question;
use crate::live::tickets::{of_deployment, of_snapshot};
use crate::model::{Deployment, ServerFqdn, Verdict};
use crate::plan::Scope;
use crate::render::escape::{Lines, terminal};
use crate::snapshot::description::{AskedFor, DescriptionFile, FormatVersion};
use crate::snapshot::{self, Writer};
use clap::{ArgGroup, Args};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("from").args(["directory", "tickets"]).required(true).multiple(true))]
pub(super) struct Arguments {
    /// The deployment file, for what it declares; `-` reads standard input
    file: Option<String>,
    /// The snapshot folder to make or to add to
    #[arg(long, value_name = "DIR", required_unless_present = "script")]
    out: Option<PathBuf>,
    /// Read the real systems, through PowerShell
    #[arg(long, group = "from")]
    live: bool,
    /// Print the script that does it by hand, and read nothing
    #[arg(long, group = "from", conflicts_with_all = ["out", "live", "directory", "tickets"])]
    script: bool,
    /// Read IIS of this server only (several: of each)
    #[arg(long, value_name = "FQDN", requires = "live")]
    server: Vec<ServerFqdn>,
    #[command(flatten)]
    reach: live::Options,
    #[command(flatten)]
    directory: directory::Options,
    #[command(flatten)]
    tickets: tickets::Options,
    #[command(flatten)]
    trace: trace::Options,
}

const EXAMPLES: &str = "\
Examples:
  On a Front End Server, what a plan for this file needs:
      cskerb collect contoso.yaml --live --out monday/
  From elsewhere, through WinRM or ssh:
      cskerb collect contoso.yaml --live --out monday/ --host fe01.contoso.com
      cskerb collect contoso.yaml --live --out monday/ --ssh alice@fe01.contoso.com --shell powershell.exe
  Where no tool is let in: a script to be read, and run by hand
      cskerb collect contoso.yaml --script > collect.ps1
  Ask a domain controller; the password is asked for on the terminal:
      cskerb collect contoso.yaml --out monday/ --directory ldaps://dc01.contoso.com --bind-as alice@contoso.com
  The SPNs of a forest with several domains:
      cskerb collect contoso.yaml --out monday/ --directory ldaps://dc01.contoso.com --global-catalog ldaps://dc01.contoso.com:3269 --bind-as alice@contoso.com
  In a pipeline, for what the folder speaks of, with the company's own certificate authority:
      cskerb collect --out monday/ --directory ldaps://dc01.contoso.com --ca-file ca.pem --bind-as 'CONTOSO\\audit' --password-file audit.txt
  Where the domain controller offers StartTLS only:
      cskerb collect contoso.yaml --out monday/ --directory ldap://dc01.contoso.com --starttls --bind-as alice@contoso.com
  Show every server a Kerberos ticket, your own to begin with:
      cskerb collect contoso.yaml --out monday/ --tickets";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    arguments.trace.begin();
    let declared = match &arguments.file {
        Some(file) => match read::deployment(file)? {
            Ok((deployment, _)) => Some(deployment),
            Err(exit) => return Ok(exit),
        },
        None => None,
    };
    let mut asked = declared.as_ref().map(Asked::of).unwrap_or_default();
    if arguments.script {
        return collection::print_script(&asked);
    }
    let Some(folder) = &arguments.out else {
        return Err(Failure::new("it is not known where to").hint("name a folder: --out DIR"));
    };
    if snapshot::is_lab(folder) {
        let message = format!("{} is a lab: what is real does not belong there", folder.display());
        return Err(Failure::new(message).hint("name another folder, or make a new lab: cskerb lab new FILE DIR"));
    }
    let mut exit = Exit::Done;
    if arguments.live {
        asked.servers.extend(arguments.server.iter().cloned());
        if !arguments.directory.is_empty() {
            asked.directory = DirectoryBy::Another;
        }
        let pool = arguments.reach.pool()?;
        let collected = collection::into_folder(&pool, &asked, folder, arguments.reach.parallel())?;
        exit = collection::exit(&collected);
    }
    if !arguments.directory.is_empty() && ask_directory(arguments, declared.as_ref(), folder)? != directory::Came::Whole
    {
        exit = Exit::Unreadable;
    }
    if arguments.tickets.is_asked() && !prove(arguments, declared.as_ref(), folder)? {
        exit = Exit::Unreadable;
    }
    Ok(exit)
}

fn ask_directory(
    arguments: &Arguments,
    declared: Option<&Deployment>,
    folder: &Path,
) -> Result<directory::Came, Failure> {
    let description = description(folder)?;
    let former = if folder.is_dir() { Some(read::snapshot(folder)?) } else { None };
    let question = Question::of(declared, former.as_ref());
    if question.is_empty() {
        let hint = "name the deployment file, or put topology.xml and assignments.json into the folder first";
        return Err(Failure::new("it is not known which accounts and SPNs to ask for").hint(hint));
    }
    let access = arguments.directory.access()?;
    let writer = writer(folder)?;
    let came = directory::collect(&access, &question, former.as_ref(), &writer)?;
    let news = if came == directory::Came::ToNothing { News::Nothing } else { News::Some };
    // Written last: should this stop in between, the new file is taken for older than it is, never the old for new.
    describe(&writer, description, Some(&question), news)?;
    Ok(came)
}

/// Shows every server of the deployment, or else of the folder, a ticket; whether each could be judged.
fn prove(arguments: &Arguments, declared: Option<&Deployment>, folder: &Path) -> Result<bool, Failure> {
    let description = description(folder)?;
    let actual = read::snapshot(folder)?;
    let targets = match declared {
        Some(deployment) => of_deployment(deployment, &actual, &Scope::default()),
        None => of_snapshot(&actual),
    };
    if targets.is_empty() {
        let hint = "name the deployment file, or put topology.xml and assignments.json into the folder first";
        return Err(Failure::new("it is not known which servers to show a ticket").hint(hint));
    }
    let proofs = arguments.tickets.prove(&targets)?;
    let writer = writer(folder)?;
    let judged = tickets::write(&proofs, &actual, &writer)?;
    let any = proofs.iter().any(|proof| proof.verdict() != Verdict::Unknown);
    describe(&writer, description, None, if any { News::Some } else { News::Nothing })?;
    Ok(judged)
}

fn description(folder: &Path) -> Result<Option<DescriptionFile>, Failure> {
    snapshot::read_description(folder).map_err(|error| {
        Failure::new(format!("nothing can be added to {}", folder.display()))
            .source(error)
            .hint("name another folder with --out")
    })
}

fn writer(folder: &Path) -> Result<Writer, Failure> {
    Writer::new(folder)
        .map_err(|error| Failure::new(format!("the snapshot {} cannot be written", folder.display())).source(error))
}

/// Whether anything new was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    Some,
    Nothing,
}

/// `snapshot.json`: from now on this is "now", where anything new was read; a folder that is new gets its description all
/// the same. What was asked for before still was, but for what was asked again.
fn describe(
    writer: &Writer,
    former: Option<DescriptionFile>,
    question: Option<&Question>,
    news: News,
) -> Result<(), Failure> {
    if news == News::Nothing {
        output::remark("nothing new was read\n");
        if former.is_some() {
            return Ok(());
        }
    }
    let now = Timestamp::now();
    let collected_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let asked = question.map(|question| AskedFor {
        accounts: question.accounts.iter().map(ToString::to_string).collect(),
        service_principal_names: question.spns.iter().map(ToString::to_string).collect(),
        ..AskedFor::default()
    });
    let tool = Some(concat!("cskerb ", env!("CARGO_PKG_VERSION")).to_owned());
    let file = match former {
        // No askedFor means that all there is was asked for.
        Some(former) => DescriptionFile {
            collected_at,
            tool,
            asked_for: former.asked_for.map(|before| match asked {
                Some(AskedFor { accounts, service_principal_names, .. }) => {
                    AskedFor { accounts, service_principal_names, ..before }
                }
                None => before,
            }),
            ..former
        },
        None => DescriptionFile {
            format_version: FormatVersion::CURRENT,
            collected_at,
            product: None,
            tool,
            asked_for: asked,
            unread: Vec::new(),
        },
    };
    if let Err(error) = writer.description(&file) {
        return Err(Failure::new("the snapshot cannot be written").source(error));
    }
    if news == News::Some {
        output::remark(&terminal(&format!("collected at {collected_at}\n"), Lines::Keep));
    }
    Ok(())
}
