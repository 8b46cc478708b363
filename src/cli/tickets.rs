//! How `verify` and `collect` are told to prove servers by ticket, and what they say about that.

use super::exit::Failure;
use super::{output, read};
use crate::live::tickets::{
    self, DEFAULT_PATH, Initial, Outcome, Platform, Proof, Security, SecurityError, Settings, Target,
};
use crate::live::trust::{Trust, TrustError};
use crate::model::{Actual, Cause, Reading, ServerActual, ServerFqdn, Verdict, Witness};
use crate::render::escape::{Lines, terminal};
use crate::snapshot::Writer;
use crate::snapshot::kerberos::KerberosFile;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{IsTerminal, stderr, stdin};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// The environment variable that may hold the password.
const PASSWORD: &str = "CSKERB_TICKET_PASSWORD";

// Whether to prove servers by ticket, and how.
#[derive(Args)]
#[group(id = "tickets_options")]
#[command(next_help_heading = "Proof by Kerberos ticket")]
pub(super) struct Options {
    /// Show each server a fresh Kerberos ticket for its pool's name, and judge it by its answer
    ///
    /// The first ticket is your own (kinit), unless --keytab or --principal says otherwise. It is copied into a cache
    /// in memory, where the others are made afresh; nothing is written into your own cache. A server is valid only
    /// where it proves that it could read the ticket.
    #[arg(long)]
    tickets: bool,
    /// Take the first ticket with the keys of this file; its first principal, unless --principal names one
    #[arg(long, value_name = "FILE", requires = "tickets")]
    keytab: Option<PathBuf>,
    /// Take the first ticket as this user, name or name@REALM
    ///
    /// Without --keytab, the password comes from --ticket-password-file, else from the environment variable
    /// CSKERB_TICKET_PASSWORD, else it is asked for on the terminal.
    #[arg(long, value_name = "NAME", requires = "tickets")]
    principal: Option<String>,
    /// The file that holds that user's password, and nothing else
    #[arg(long, value_name = "FILE", requires = "principal", conflicts_with = "keytab")]
    ticket_password_file: Option<PathBuf>,
    /// The path to ask for, which must demand authentication: the Address Book's does unless that was changed
    ///
    /// So does /GroupExpansion/service.svc. A server that answers without asking who is there proves nothing.
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH, value_parser = path)]
    path: String,
    /// How to ask. Nothing falls back from https to http by itself: over http there is no channel binding
    #[arg(long, value_enum, default_value_t = Scheme::Https)]
    scheme: Scheme,
    /// The port to ask at, where it is not that of the scheme, 443 or 80
    #[arg(long, value_name = "PORT", requires = "tickets", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Ask this server at this address, and do not look it up in the DNS (may be repeated)
    #[arg(long, value_name = "FQDN=ADDRESS[:PORT]", requires = "tickets", value_parser = resolve)]
    resolve: Vec<Resolved>,
    /// Believe web servers' certificates by the authorities of this PEM file, and not by those of the system
    #[arg(long, value_name = "PEM", requires = "tickets")]
    web_ca_file: Option<PathBuf>,
    /// How many servers to talk to at a time; one that has kept silent for a second does not count any more
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = parallel)]
    ticket_parallel: usize,
    /// How long a server may take to each: its name, connecting, TLS, and the answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    ticket_timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scheme {
    /// With TLS and channel binding
    Https,
    /// Without
    Http,
}

impl Scheme {
    fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// An address that was given for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Resolved {
    server: ServerFqdn,
    address: IpAddr,
    port: Option<u16>,
}

impl Options {
    /// Whether servers are to be proved.
    pub(super) fn is_asked(&self) -> bool {
        self.tickets
    }

    /// Proves these servers, and says of each what it came to.
    ///
    /// The password is asked for last, when nothing else is wrong.
    pub(super) fn prove(&self, targets: &[Target]) -> Result<Vec<Proof>, Failure> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        for given in self.resolve.iter().filter(|given| targets.iter().all(|target| target.server != given.server)) {
            let unused = format!("warning: --resolve {}: no server of that name is asked\n", given.server);
            output::remark(&terminal(&unused, Lines::Keep));
        }
        let settings = self.settings()?;
        let security = Platform::new(&self.initial()?).map_err(no_ticket)?;
        Ok(prove(&security, targets, &settings))
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let tls = match self.scheme {
            Scheme::Https => Some(self.trust().map_err(nobody_to_trust)?),
            Scheme::Http => None,
        };
        let addresses = self.resolve.iter().map(|given| (given.server.clone(), (given.address, given.port)));
        Ok(Settings {
            tls,
            port: self.port.unwrap_or_else(|| self.scheme.port()),
            path: self.path.clone(),
            addresses: addresses.collect::<BTreeMap<_, _>>(),
            parallel: self.ticket_parallel,
            timeout: self.ticket_timeout,
        })
    }

    fn trust(&self) -> Result<Trust, TrustError> {
        match &self.web_ca_file {
            Some(file) => Trust::file(file),
            None => Trust::system(),
        }
    }

    fn initial(&self) -> Result<Initial, Failure> {
        Ok(match (&self.keytab, &self.principal) {
            (Some(file), principal) => Initial::Keytab { file: file.clone(), principal: principal.clone() },
            (None, Some(principal)) => {
                Initial::Password { principal: principal.clone(), password: self.password(principal)? }
            }
            (None, None) => Initial::Own,
        })
    }

    fn password(&self, principal: &str) -> Result<Zeroizing<String>, Failure> {
        let (password, from) = self.read_password(principal)?;
        if password.is_empty() {
            let hint = format!("put it into a file for --ticket-password-file, or into {PASSWORD}");
            return Err(Failure::new(format!("the password of {principal} is empty in {from}")).hint(hint));
        }
        Ok(password)
    }

    /// The password, and where it comes from.
    fn read_password(&self, principal: &str) -> Result<(Zeroizing<String>, String), Failure> {
        if let Some(file) = &self.ticket_password_file {
            let file = file.display().to_string();
            return Ok((read::password(&file)?, file));
        }
        if let Some(value) = std::env::var_os(PASSWORD) {
            let text = value.into_string().map_err(|_| Failure::new(format!("{PASSWORD} is no text")))?;
            return Ok((Zeroizing::new(text), PASSWORD.to_owned()));
        }
        if stdin().is_terminal() && stderr().is_terminal() {
            let prompt = format!("Password of {}: ", terminal(principal, Lines::Escape));
            let typed = rpassword::prompt_password(prompt);
            return typed
                .map(|typed| (Zeroizing::new(typed), "what was typed".to_owned()))
                .map_err(|error| Failure::new("no password could be asked for").source(error));
        }
        let hint = format!("name a file with --ticket-password-file, set {PASSWORD}, or give --keytab FILE");
        Err(Failure::new(format!("there is no password for {principal}, and no terminal to ask on")).hint(hint))
    }
}

fn no_ticket(error: SecurityError) -> Failure {
    let hint = match &error {
        SecurityError::Library { package, .. } => format!("on Debian: apt install {package}"),
        SecurityError::Initial { fault, .. } => fault.hint().to_owned(),
        SecurityError::Configuration(_) => "look at /etc/krb5.conf, or at the file that KRB5_CONFIG names".to_owned(),
        SecurityError::Unsupported(_) => "leave out --keytab; --principal NAME asks for a password".to_owned(),
    };
    Failure::new("there is no Kerberos ticket to begin with").source(error).hint(hint)
}

fn nobody_to_trust(error: TrustError) -> Failure {
    Failure::new("no web server can be believed")
        .source(error)
        .hint("--web-ca-file takes the certificates of authorities, as PEM; --scheme http needs none")
}

/// Proves the servers, and says what each came to as it answers.
fn prove(security: &dyn Security, targets: &[Target], settings: &Settings) -> Vec<Proof> {
    let mut ticketless: BTreeMap<String, ServerFqdn> = BTreeMap::new();
    let mut said = |proof: &Proof| {
        let words = proof.words();
        // Where there is no ticket for a pool, all of its servers come to the same.
        let words = match ticketless.get(&words) {
            Some(first) => format!("the same as of {first}"),
            None => {
                if proof.answers.iter().all(|answer| matches!(answer.outcome, Outcome::NoTicket(_))) {
                    ticketless.insert(words.clone(), proof.server.clone());
                }
                words
            }
        };
        let line = line(proof, &words);
        output::remark(&format!("{}\n", output::paragraph(&terminal(&line, Lines::Escape), 4)));
    };
    tickets::prove(security, targets, settings, &mut said)
}

/// One server: `  valid                   fe01.contoso.com: it takes the current key (aes256, key version 3)`.
fn line(proof: &Proof, words: &str) -> String {
    let label = proof.decisive().map_or("not asked", |answer| answer.outcome.label());
    format!("  {label:<23} {}: {words}", proof.server)
}

/// The counts, as one line.
fn counts(proofs: &[Proof]) -> String {
    if proofs.is_empty() {
        return "no server was shown a ticket: no site that is looked at has, or shall have, an account".to_owned();
    }
    let count = |verdict| proofs.iter().filter(|proof| proof.verdict() == verdict).count();
    let mut line = format!("{} of {} servers proved valid by ticket", count(Verdict::Valid), proofs.len());
    for (verdict, word) in [(Verdict::Invalid, "invalid"), (Verdict::Unknown, "not proved")] {
        let count = count(verdict);
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(line, ", {count} {word}");
        }
    }
    line
}

/// Puts what the tickets said in the place of what the snapshot has: it is newer, and the better witness.
pub(super) fn overlay(proofs: &[Proof], actual: &mut Actual) {
    output::remark(&format!("{}\n", output::paragraph(&counts(proofs), 2)));
    for proof in proofs {
        let reading = Reading::Known(proof.reading());
        match actual.servers.get_mut(&proof.server) {
            Some(server) => server.kerberos = reading,
            None => {
                let file = format!("servers/{}/applicationHost.config", proof.server).into();
                let iis = Reading::Unreadable(Cause::NotCollected { file });
                actual.servers.insert(proof.server.clone(), ServerActual { iis, kerberos: reading });
            }
        }
    }
}

/// Writes what the tickets said into the snapshot; whether every server was judged.
///
/// A ticket outranks a test report. One that could not say leaves a report that could.
pub(super) fn write(proofs: &[Proof], former: &Actual, writer: &Writer) -> Result<bool, Failure> {
    output::remark(&format!("{}\n", output::paragraph(&counts(proofs), 2)));
    for proof in proofs {
        let reading = proof.reading();
        let tested = matches!(
            former.kerberos(&proof.server),
            Reading::Known(former) if former.by == Witness::Test && former.verdict != Verdict::Unknown
        );
        if reading.verdict == Verdict::Unknown && tested {
            let kept = format!("{}: the ticket could not say, so the test's word stays\n", proof.server);
            output::remark(&terminal(&kept, Lines::Keep));
        } else {
            let written = writer.kerberos(&proof.server, &KerberosFile::from(&reading));
            written.map_err(|error| Failure::new("the snapshot cannot be written").source(error))?;
        }
    }
    Ok(proofs.iter().all(|proof| proof.verdict() != Verdict::Unknown))
}

fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err("it begins with `/`".to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("write what is no ASCII letter, digit or mark as %XX".to_owned())
    }
}

fn resolve(text: &str) -> Result<Resolved, String> {
    let (server, address) = text.split_once('=').ok_or("write it as fe01.contoso.com=10.0.0.1")?;
    let server = server.parse().map_err(|error| format!("{server}: {error}"))?;
    if let Ok(address) = address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(Resolved { server, address, port: None });
    }
    let address: SocketAddr =
        address.parse().map_err(|_| format!("{address:?} is no IP address, with or without a port"))?;
    Ok(Resolved { server, address: address.ip(), port: Some(address.port()) })
}

fn parallel(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=512) => Ok(number),
        _ => Err("it is a number from 1 to 512".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|_| "write it as 10s or 500ms".to_owned())?;
    let duration = Duration::try_from(duration).map_err(|_| "it cannot be negative".to_owned())?;
    if duration < Duration::from_millis(1) { Err("it is too short".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_given_with_and_without_a_port() {
        let check = |text: &str, expected: Option<(&str, Option<u16>)>| {
            let given = resolve(text).ok().map(|given| (given.address.to_string(), given.port));
            assert_eq!(given, expected.map(|(address, port)| (address.to_owned(), port)), "{text}");
        };
        check("fe01.contoso.com=10.0.0.1", Some(("10.0.0.1", None)));
        check("fe01.contoso.com=10.0.0.1:4443", Some(("10.0.0.1", Some(4443))));
        check("fe01.contoso.com=::1", Some(("::1", None)));
        check("fe01.contoso.com=[::1]", Some(("::1", None)));
        check("fe01.contoso.com=[::1]:80", Some(("::1", Some(80))));
        check("fe01.contoso.com=fe02.contoso.com", None);
        check("fe01.contoso.com", None);
        check("fe01=10.0.0.1", None);
    }

    #[test]
    fn a_path_cannot_smuggle_a_header() {
        assert!(path("/abs/").is_ok());
        assert!(path("abs").is_err());
        assert!(path("/a\r\nHost: b").is_err());
        assert!(path("/a b").is_err());
    }
}
