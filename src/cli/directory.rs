//! How `collect` is told to ask Active Directory, and what it says about that.

use super::exit::Failure;
use super::{output, read};
use crate::live::directory::{self, Access, AddressError, DirectoryError, Login, Question, Secret, ServerAddress};
use crate::live::trust::Trust;
use crate::model::Actual;
use crate::render::escape::{Lines, terminal};
use crate::snapshot::Writer;
use crate::snapshot::directory::DirectoryFile;
use clap::Args;
use jiff::SignedDuration;
use std::io::{IsTerminal, stderr, stdin};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// The environment variable that may hold the password.
const PASSWORD: &str = "CSKERB_DIRECTORY_PASSWORD";

// Whom to ask, and as whom.
#[derive(Args)]
#[group(id = "directory_options")]
#[command(next_help_heading = "Active Directory")]
pub(super) struct Options {
    /// A domain controller, as its certificate names it: ldaps://dc01.contoso.com[:PORT] (several: tried in order)
    #[arg(long, value_name = "URL")]
    directory: Vec<String>,
    /// A global catalog, which knows the SPNs of the whole forest: ldaps://dc01.contoso.com:3269 (StartTLS: 3268)
    #[arg(long, value_name = "URL", requires = "directory")]
    global_catalog: Option<String>,
    /// Begin TLS by StartTLS where the URL says ldap://; plain LDAP is refused
    #[arg(long, requires = "directory")]
    starttls: bool,
    /// Believe the certificate authorities of this PEM file, and not those of the system
    #[arg(long, value_name = "PEM", requires = "directory")]
    ca_file: Option<PathBuf>,
    /// The user to log in as: name@domain, DOMAIN\name or a distinguished name
    ///
    /// The password comes from --password-file, else from the environment variable CSKERB_DIRECTORY_PASSWORD, else it
    /// is asked for on the terminal.
    ///
    #[cfg_attr(feature = "gssapi", doc = "Without this option, the Kerberos ticket that you have is used.")]
    #[cfg_attr(
        not(feature = "gssapi"),
        doc = "A program built with the feature `gssapi` can use the Kerberos ticket that you have instead; this one is not."
    )]
    #[arg(long, value_name = "NAME", requires = "directory")]
    bind_as: Option<String>,
    /// The file that holds the password, and nothing else
    #[arg(long, value_name = "FILE", requires = "bind_as")]
    password_file: Option<PathBuf>,
    /// How long the server may take to each: the name, connecting, TLS, the login, and every search
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    timeout: Duration,
}

/// What the question to the directory came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// All was read.
    Whole,
    /// Something could not be read.
    InPart,
    /// Nothing was read.
    ToNothing,
}

impl Options {
    /// Whether the directory is not to be asked.
    pub(super) fn is_empty(&self) -> bool {
        self.directory.is_empty()
    }

    /// Whom to ask, and as whom. The password is asked for last, when nothing else is wrong.
    pub(super) fn access(&self) -> Result<Access, Failure> {
        let address = |option: &str, text: &String| {
            ServerAddress::parse(text, self.starttls).map_err(|error| not_an_address(option, text, &error))
        };
        let servers: Vec<ServerAddress> =
            self.directory.iter().map(|text| address("--directory", text)).collect::<Result<_, _>>()?;
        let global_catalog = self.global_catalog.as_ref().map(|text| address("--global-catalog", text)).transpose()?;
        if let Some(catalog) = servers.iter().find(|server| server.is_global_catalog()) {
            let message = format!("--directory {catalog}: a global catalog does not tell all of an account");
            return Err(Failure::new(message)
                .hint("name it with --global-catalog, and a domain controller's own port with --directory"));
        }
        let trust = match &self.ca_file {
            Some(file) => Trust::file(file),
            None => Trust::system(),
        };
        let trust = trust.map_err(|error| {
            Failure::new("no server can be believed")
                .source(error)
                .hint("--ca-file takes the certificates of authorities, as PEM")
        })?;
        Ok(Access { servers, global_catalog, trust, login: self.login()?, timeout: self.timeout })
    }

    fn login(&self) -> Result<Login, Failure> {
        let Some(name) = &self.bind_as else { return nameless() };
        if name.trim().is_empty() {
            return Err(Failure::new("--bind-as is empty").hint("write name@domain or DOMAIN\\name"));
        }
        Ok(Login::Simple { name: name.clone(), password: self.password(name)? })
    }

    fn password(&self, name: &str) -> Result<Secret, Failure> {
        let (text, from) = if let Some(file) = &self.password_file {
            let file = file.display().to_string();
            (read::password(&file)?, file)
        } else if let Some(value) = std::env::var_os(PASSWORD) {
            let text = value.into_string().map_err(|_| Failure::new(format!("{PASSWORD} is no text")))?;
            (Zeroizing::new(text), PASSWORD.to_owned())
        } else if stdin().is_terminal() && stderr().is_terminal() {
            let prompt = format!("Password of {}: ", terminal(name, Lines::Escape));
            let typed = rpassword::prompt_password(prompt);
            let typed = typed.map_err(|error| Failure::new("no password could be asked for").source(error))?;
            (Zeroizing::new(typed), "what was typed".to_owned())
        } else {
            let hint = format!("name a file with --password-file, or set {PASSWORD}; it is never an argument");
            return Err(Failure::new(format!("there is no password for {name}, and no terminal to ask on")).hint(hint));
        };
        Secret::new(text.as_str().to_owned()).ok_or_else(|| {
            let hint = "a directory takes an empty password for a login of nobody, and says that it worked";
            Failure::new(format!("the password of {name} is empty in {from}")).hint(hint)
        })
    }
}

#[cfg(feature = "gssapi")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
fn nameless() -> Result<Login, Failure> {
    Ok(Login::Kerberos)
}

#[cfg(not(feature = "gssapi"))]
fn nameless() -> Result<Login, Failure> {
    let hint = "write --bind-as name@domain; this program was built without the feature `gssapi`, with which it \
                could use the Kerberos ticket that you have";
    Err(Failure::new("--bind-as is missing: nobody was named to log in to the directory").hint(hint))
}

/// A URL may hold a login, so it is not shown where one may be in it.
fn not_an_address(option: &str, text: &str, error: &AddressError) -> Failure {
    let shown = if text.contains('@') { "the URL" } else { text };
    Failure::new(format!("{option} {shown} cannot be taken: {error}"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|_| "write it as 10s or 500ms".to_owned())?;
    let duration = Duration::try_from(duration).map_err(|_| "it cannot be negative".to_owned())?;
    if duration < Duration::from_millis(1) { Err("it is too short".to_owned()) } else { Ok(duration) }
}

/// Asks, and writes what came of it.
///
/// Where no server answered, the file says of all that was asked for that it could not be read: what stood there before
/// would pass for new.
///
/// Since when the domain makes AES keys is not read here, so what the former file says of it stays.
pub(super) fn collect(
    access: &Access,
    question: &Question,
    former: Option<&Actual>,
    writer: &Writer,
) -> Result<Came, Failure> {
    let (mut file, came) = match directory::read(access, question) {
        Ok(answer) => {
            for remark in &answer.remarks {
                say("note", remark, None);
            }
            let unread = say_unread(&answer.file);
            let came = if answer.is_complete() { Came::Whole } else { Came::InPart };
            let counts =
                format!("{} of {} accounts and SPNs read from {}", unread.1 - unread.0, unread.1, answer.server);
            output::remark(&terminal(&format!("{counts}\n"), Lines::Keep));
            (answer.file, came)
        }
        Err(failures) => {
            say_failures(&failures);
            let why: Vec<String> = failures.iter().map(ToString::to_string).collect();
            (directory::unreadable(question, &why.join("; ")), Came::ToNothing)
        }
    };
    file.aes_keys_since = former.and_then(|actual| actual.directory.known()?.aes_keys_since);
    let written = writer.directory(&file);
    written.map_err(|error| Failure::new("the snapshot cannot be written").source(error))?;
    Ok(came)
}

/// Says what could not be read; how many that is, of how many.
fn say_unread(file: &DirectoryFile) -> (usize, usize) {
    let accounts = file.accounts.0.iter().map(|entry| (entry.name.to_string(), &entry.error));
    let spns = file.service_principal_names.0.iter().map(|entry| (entry.spn.to_string(), &entry.error));
    let (mut unread, mut all) = (0, 0);
    for (what, error) in accounts.chain(spns) {
        all += 1;
        if let Some(error) = error {
            unread += 1;
            say("unreadable", &format!("{what}: {error}"), None);
        }
    }
    (unread, all)
}

fn say_failures(failures: &[DirectoryError]) {
    for failure in failures {
        say("error", &failure.to_string(), Some(&failure.hint()));
    }
}

fn say(kind: &str, text: &str, hint: Option<&str>) {
    let style = output::error_style();
    let (bold, plain) = if style.colour { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let said = output::paragraph(&format!("{kind}: {}", terminal(text, Lines::Escape)), 2);
    output::remark(&format!("{bold}{kind}{plain}{}\n", said.strip_prefix(kind).unwrap_or(&said)));
    if let Some(hint) = hint {
        output::remark(&format!("{}\n", output::paragraph(&format!("  help: {}", terminal(hint, Lines::Keep)), 8)));
    }
}
