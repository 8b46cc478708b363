//! `collect`

use super::directory;
use super::exit::{Exit, Failure};
use super::{output, read};
use crate::live::directory::Question;
use crate::render::escape::{Lines, terminal};
use crate::snapshot::description::{AskedFor, DescriptionFile, FormatVersion};
use crate::snapshot::{self, Writer};
use clap::Args;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// Reads the real systems into a snapshot folder.
///
/// With --directory, it asks Active Directory for the accounts, and for every holder of the SPNs, that FILE and the
/// folder (assignments.json, topology.xml) speak of, and writes directory.json. The connection is always protected by
/// TLS, and the server's certificate always checked. Nothing is changed in the directory.
///
/// A folder that is already there is added to: what is read replaces its former content, the rest stays. What cannot
/// be read is then unreadable in the folder, with its cause, whatever was there before, and the exit code is 5.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The deployment file, for what it declares; `-` reads standard input
    file: Option<String>,
    /// The snapshot folder to make or to add to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    directory: directory::Options,
}

const EXAMPLES: &str = "\
Examples:
  Ask a domain controller; the password is asked for on the terminal:
      cskerb collect contoso.yaml --out monday/ --directory ldaps://dc01.contoso.com --bind-as alice@contoso.com
  The SPNs of a forest with several domains:
      cskerb collect contoso.yaml --out monday/ --directory ldaps://dc01.contoso.com --global-catalog ldaps://dc01.contoso.com:3269 --bind-as alice@contoso.com
  In a pipeline, for what the folder speaks of, with the company's own certificate authority:
      cskerb collect --out monday/ --directory ldaps://dc01.contoso.com --ca-file ca.pem --bind-as 'CONTOSO\\audit' --password-file audit.txt
  Where the domain controller offers StartTLS only:
      cskerb collect contoso.yaml --out monday/ --directory ldap://dc01.contoso.com --starttls --bind-as alice@contoso.com";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.directory.is_empty() {
        let hint = "name a domain controller: --directory ldaps://dc01.contoso.com";
        return Err(Failure::new("nothing is asked for").hint(hint));
    }
    let declared = match &arguments.file {
        Some(file) => match read::deployment(file)? {
            Ok((deployment, _)) => Some(deployment),
            Err(exit) => return Ok(exit),
        },
        None => None,
    };
    let folder = &arguments.out;
    if snapshot::is_lab(folder) {
        let hint = "name another folder, or make a new lab: cskerb lab new FILE DIR";
        return Err(
            Failure::new(format!("{} is a lab: what is real does not belong there", folder.display())).hint(hint)
        );
    }
    let description = description(folder)?;
    let former = if folder.is_dir() { Some(read::snapshot(folder)?) } else { None };
    let question = Question::of(declared.as_ref(), former.as_ref());
    if question.is_empty() {
        let hint = "name the deployment file, or put topology.xml and assignments.json into the folder first";
        return Err(Failure::new("it is not known which accounts and SPNs to ask for").hint(hint));
    }
    let access = arguments.directory.access()?;
    let writer = writer(folder)?;
    let came = directory::collect(&access, &question, former.as_ref(), &writer)?;
    // Where nothing new was read, "now" does not move; a folder that is new gets its description all the same.
    if came != directory::Came::ToNothing || description.is_none() {
        // Written last: should this stop in between, the new file is taken for older than it is, never the old for new.
        write_description(&writer, description, &question)?;
    }
    Ok(match came {
        directory::Came::Whole => Exit::Done,
        directory::Came::InPart | directory::Came::ToNothing => Exit::Unreadable,
    })
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

/// `snapshot.json`: from now on this is "now". What was asked for before still was, but for what was asked again.
fn write_description(writer: &Writer, former: Option<DescriptionFile>, question: &Question) -> Result<(), Failure> {
    let now = Timestamp::now();
    let collected_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let texts = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>();
    let accounts = texts(&mut question.accounts.iter().map(ToString::to_string));
    let service_principal_names = texts(&mut question.spns.iter().map(ToString::to_string));
    let tool = Some(concat!("cskerb ", env!("CARGO_PKG_VERSION")).to_owned());
    let file = match former {
        // No askedFor means that all there is was asked for.
        Some(former) => DescriptionFile {
            collected_at,
            tool,
            asked_for: former.asked_for.map(|asked| AskedFor { accounts, service_principal_names, ..asked }),
            ..former
        },
        None => DescriptionFile {
            format_version: FormatVersion::CURRENT,
            collected_at,
            product: None,
            tool,
            asked_for: Some(AskedFor { accounts, service_principal_names, ..AskedFor::default() }),
        },
    };
    if let Err(error) = writer.description(&file) {
        return Err(Failure::new("the snapshot cannot be written").source(error));
    }
    output::remark(&terminal(&format!("collected at {collected_at}\n"), Lines::Keep));
    Ok(())
}
