//! The proof: tickets first, then every server side by side.

use super::connection::Address;
use super::no_ticket::NoTicket;
use super::outcome::Outcome;
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
    /// How long each of looking up the name, connecting, TLS and answering may take.
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
    for name in targets.iter().flat_map(|target| &target.names) {
        if tickets.contains_key(name.host.as_str()) {
            continue;
        }
        let known = tickets.iter().find_map(|(host, answered)| {
            let refusal = answered.as_ref().err()?;
            refusal.reaches(host, &name.host).then(|| refusal.clone())
        });
        let answered = known.map_or_else(|| ticket(security, &name.host), Err);
        tickets.insert(&name.host, answered);
    }
    tickets
}

fn ticket(security: &dyn Security, host: &str) -> Result<Ticket, Refusal> {
    debug!("http/{host}: asking the KDC for a ticket");
    let answered = security.ticket(host);
    match &answered {
        Ok(ticket) => debug!("http/{host}: {ticket}"),
        Err(refusal) => debug!("http/{host}: no ticket: {refusal}"),
    }
    answered
}

fn answers(security: &dyn Security, target: &Target, tickets: &Tickets<'_>, settings: &Settings) -> Vec<Answer> {
    let (address, port) = match settings.addresses.get(&target.server) {
        Some((address, port)) => (Address::Given(*address), port.unwrap_or(settings.port)),
        None => (Address::Name(target.server.to_string()), settings.port),
    };
    let mut answers: Vec<Answer> = Vec::new();
    for name in &target.names {
        let outcome = match (tickets.get(name.host.as_str()), &name.known.elsewhere) {
            (Some(Ok(_)), Some(elsewhere)) => {
                Outcome::NotOfTheAccount { host: name.host.clone(), elsewhere: elsewhere.clone() }
            }
            (Some(Ok(ticket)), None) => present(
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
            (Some(Err(refusal)), _) => no_ticket(name, refusal.clone()),
            (None, _) => no_ticket(name, Refusal::Failed("nobody asked for it".to_owned())),
        };
        // For its own name a computer has a HOST SPN, for which the KDC gives a ticket too.
        let own =
            name.known.holders.is_none() && target.server.names_pool(&target.pool) && name.host == target.pool.as_str();
        let outcome = match outcome.verdict() {
            Verdict::Valid | Verdict::Invalid if own => Outcome::Unattributed(Box::new(outcome)),
            _ => outcome,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tickets::known_spn::KnownSpn;
    use crate::live::tickets::krb_error::KrbError;
    use crate::live::tickets::security::{Context, Fault};
    use std::sync::Mutex;

    /// KDCs that refuse everybody in one way, and know who was asked for.
    struct Refusing(Refusal, Mutex<Vec<String>>);

    impl Security for Refusing {
        fn ticket(&self, host: &str) -> Result<Ticket, Refusal> {
            self.1.lock().unwrap().push(host.to_owned());
            Err(self.0.clone())
        }

        fn context<'s>(&'s self, _: &'s Ticket, _: Option<&[u8]>) -> Result<Box<dyn Context + 's>, Fault> {
            Err(Fault("there is no ticket".to_owned()))
        }
    }

    fn check(refusal: &Refusal, asked: &[&str]) {
        let target = |server: &str, host: &str| Target {
            server: server.parse().unwrap(),
            pool: host.parse().unwrap(),
            names: vec![Name { host: host.to_owned(), known: KnownSpn::default() }],
            account: None,
        };
        let targets = [
            target("fe01.contoso.com", "pool01.contoso.com"),
            target("fe02.contoso.com", "pool01.contoso.com"),
            target("fe03.contoso.com", "pool02.Contoso.com"),
            target("fe01.fabrikam.com", "pool01.fabrikam.com"),
        ];
        let kdcs = Refusing(refusal.clone(), Mutex::default());
        let tickets = tickets(&kdcs, &targets);
        assert_eq!(tickets.len(), 3);
        assert!(tickets.values().all(|answered| answered.as_ref().unwrap_err() == refusal));
        assert_eq!(kdcs.1.into_inner().unwrap(), asked, "{refusal:?}");
    }

    #[test]
    fn a_refusal_holds_for_as_many_names_as_it_speaks_of() {
        let each = ["pool01.contoso.com", "pool02.Contoso.com", "pool01.fabrikam.com"];
        check(&Refusal::Answered(KrbError::of(7)), &each);
        check(&Refusal::Failed("the name is too long".to_owned()), &each);
        // The realm of the other forest has a KDC of its own.
        check(
            &Refusal::Silent("no KDC of the realm answers".to_owned()),
            &["pool01.contoso.com", "pool01.fabrikam.com"],
        );
        check(&Refusal::NotLoggedOn("the password is wrong".to_owned()), &["pool01.contoso.com"]);
    }
}
