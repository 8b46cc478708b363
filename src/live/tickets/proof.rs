//! The proof: tickets first, then every server side by side.

use super::connection::Address;
use super::outcome::{NoTicket, Outcome};
use super::present::{Question, present};
use super::security::{Refusal, Security, Ticket};
use super::side_by_side::side_by_side;
use super::targets::{Name, Target};
use crate::live::trust::Trust;
use crate::model::{AccountName, Caseless, KerberosReading, PoolFqdn, ServerFqdn, Verdict, Witness};
use jiff::Timestamp;
use log::debug;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// How servers are asked.
pub struct Settings {
    /// TLS, and whose certificates are believed; `None` is plain HTTP.
    pub tls: Option<Trust>,
    /// The port of every server that [`Settings::addresses`] gives no other.
    pub port: u16,
    /// The path, which must demand authentication.
    pub path: String,
    /// Servers that are not to be looked up in the DNS.
    pub addresses: BTreeMap<ServerFqdn, (IpAddr, Option<u16>)>,
    /// How many servers are talked to at a time.
    pub parallel: usize,
    /// How long each of connecting, TLS and answering may take.
    pub timeout: Duration,
}

/// The path that is asked for where none is named: the Address Book's, in every product.
///
/// Its virtual directory demands Windows authentication by default, and so does that of `/GroupExpansion/service.svc`:
/// thus "Verify access through your reverse proxy in Lync Server 2013" (TechNet Gg429697), which has an administrator
/// look for that challenge \[doc\]. For the other products, whose web services have the same paths, it is \[inferred\]; so is
/// that the slash at the end, for which IIS would redirect, matters nothing before authentication.
pub const DEFAULT_PATH: &str = "/abs/";

/// What the tickets said of one server.
#[derive(Debug)]
pub struct Proof {
    /// The server.
    pub server: ServerFqdn,
    /// Its pool.
    pub pool: PoolFqdn,
    /// What each name came to, the pool's own first.
    pub answers: Vec<Answer>,
    /// The account that it is about, where that is known.
    pub account: Option<AccountName>,
    /// When its tickets were taken.
    pub at: Timestamp,
}

/// What presenting the ticket for one name came to.
#[derive(Debug)]
pub struct Answer {
    /// The name.
    pub host: String,
    /// What it came to.
    pub outcome: Outcome,
}

/// Takes one fresh ticket for each name, presents it to every server, and tells `said` of each as it answers; in the
/// end they stand in the order of `targets`.
pub fn prove(
    security: &dyn Security,
    targets: &[Target],
    settings: &Settings,
    said: &mut dyn FnMut(&Proof),
) -> Vec<Proof> {
    let asked_at = Timestamp::now();
    let tickets = tickets(security, targets);
    let ask = |target: &Target| Proof {
        server: target.server.clone(),
        pool: target.pool.clone(),
        answers: answers(security, target, &tickets, settings),
        account: target.account.clone(),
        at: asked_at,
    };
    // A server that has kept silent for that long gives its place to the next, and is still waited for.
    let patience = (settings.timeout / 10).min(Duration::from_secs(1));
    side_by_side(targets, settings.parallel, patience, &ask, said)
}

type Tickets<'t> = BTreeMap<&'t str, Result<Ticket, Refusal>>;

/// One ticket for each name.
fn tickets<'t>(security: &dyn Security, targets: &'t [Target]) -> Tickets<'t> {
    let mut tickets = Tickets::new();
    // Where nobody answers once, asking for every other name would only take as long again.
    let mut nobody: Option<Refusal> = None;
    for name in targets.iter().flat_map(|target| &target.names) {
        tickets.entry(&name.host).or_insert_with(|| match &nobody {
            Some(refusal) => Err(refusal.clone()),
            None => {
                debug!("http/{}: asking the KDC for a ticket", name.host);
                let answered = security.ticket(&name.host);
                match &answered {
                    Ok(ticket) => debug!("http/{}: {ticket}", name.host),
                    Err(refusal) => debug!("http/{}: no ticket: {refusal}", name.host),
                }
                if let Err(refusal @ Refusal::NotAsked(_)) = &answered {
                    nobody = Some(refusal.clone());
                }
                answered
            }
        });
    }
    tickets
}

fn answers(security: &dyn Security, target: &Target, tickets: &Tickets<'_>, settings: &Settings) -> Vec<Answer> {
    let (address, port) = match settings.addresses.get(&target.server) {
        Some((address, port)) => (Address::Given(*address), port.unwrap_or(settings.port)),
        None => (Address::Name(target.server.to_string()), settings.port),
    };
    let mut answers: Vec<Answer> = Vec::new();
    for name in &target.names {
        let outcome = match tickets.get(name.host.as_str()) {
            Some(Ok(ticket)) => present(
                security,
                ticket,
                &Question {
                    server: &target.server,
                    address: &address,
                    port,
                    host: &name.host,
                    path: &settings.path,
                    tls: settings.tls.as_ref(),
                    limit: settings.timeout,
                },
            ),
            Some(Err(refusal)) => no_ticket(name, refusal.clone()),
            None => no_ticket(name, Refusal::NotAsked("nobody asked for it".to_owned())),
        };
        let gone = matches!(&outcome, Outcome::Unreachable(why) if why.is_of_the_server());
        answers.push(Answer { host: name.host.clone(), outcome });
        if gone {
            break; // under another name it is not there either
        }
    }
    answers
}

fn no_ticket(name: &Name, refusal: Refusal) -> Outcome {
    Outcome::NoTicket(NoTicket { host: name.host.clone(), refusal, known: name.known.clone() })
}

impl Proof {
    /// What the server is, all names taken together: one refusal of the key weighs more than any other answer, since
    /// all names use the same key.
    pub fn verdict(&self) -> Verdict {
        let verdicts = || self.answers.iter().map(|answer| answer.outcome.verdict());
        if verdicts().any(|verdict| verdict == Verdict::Invalid) {
            Verdict::Invalid
        } else if verdicts().any(|verdict| verdict == Verdict::Valid) {
            Verdict::Valid
        } else {
            Verdict::Unknown
        }
    }

    /// The answer that decided.
    pub fn decisive(&self) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.outcome.verdict() == self.verdict())
    }

    /// What each name came to, in words: that which decided, then the others with their names.
    pub fn words(&self) -> String {
        let decisive = self.decisive();
        let others = self.answers.iter().filter(|answer| !decisive.is_some_and(|first| std::ptr::eq(first, *answer)));
        let others = others.map(|answer| format!("as {}: {}", answer.host, answer.outcome));
        let words = decisive.map(|answer| answer.outcome.to_string()).into_iter().chain(others);
        words.collect::<Vec<_>>().join("; ")
    }

    /// It as a reading of the server.
    pub fn reading(&self) -> KerberosReading {
        KerberosReading {
            verdict: self.verdict(),
            account: self.account.clone(),
            by: Witness::Ticket,
            at: self.at,
            detail: Some(Caseless::from(self.words().as_str())),
        }
    }
}
