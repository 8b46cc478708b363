//! One ticket presented to one server: SPNEGO over HTTP (RFC 4559).

use super::connection::{Address, Connection};
use super::http::{self, AnswerError, Challenge};
use super::krb_error::KrbError;
use super::outcome::{Channel, Outcome, Refused};
use super::security::{Context, Security, Step, Ticket};
use super::spnego::End;
use crate::live::trust::Trust;
use crate::model::ServerFqdn;
use jiff::Timestamp;
use log::debug;
use std::time::Duration;

/// The most tokens that are sent to a server. Kerberos needs one; a server that wants to agree on the mechanism first,
/// two.
const MAX_TOKENS: usize = 3;

/// Where a ticket is presented, and how.
pub(super) struct Question<'a> {
    /// Who is asked, for what is said of it.
    pub(super) server: &'a ServerFqdn,
    /// The server's own address.
    pub(super) address: &'a Address,
    /// Its port.
    pub(super) port: u16,
    /// The name that clients use: the `Host`, and what the certificate must bear.
    pub(super) host: &'a str,
    /// A path that demands authentication.
    pub(super) path: &'a str,
    /// TLS, unless it is plain HTTP.
    pub(super) tls: Option<&'a Trust>,
    /// How long each of connecting, TLS and answering may take.
    pub(super) limit: Duration,
}

/// Presents a ticket to a server, and reads its answer.
pub(super) fn present(security: &dyn Security, ticket: &Ticket, question: &Question<'_>) -> Outcome {
    match exchange(security, ticket, question) {
        Ok(outcome) => outcome,
        Err(AnswerError::Unreachable(why)) => Outcome::Unreachable(why),
        Err(AnswerError::NotHttp(why)) => Outcome::Senseless(why),
    }
}

fn exchange(security: &dyn Security, ticket: &Ticket, question: &Question<'_>) -> Result<Outcome, AnswerError> {
    let senseless = |why: &dyn std::fmt::Display| Ok(Outcome::Senseless(why.to_string()));
    let Question { server, address, port, host, path, tls, limit } = question;
    debug!("{server}: connecting to {address}, port {port}, as {host}");
    let mut connection = Connection::open(address, *port, host, *tls, *limit)?;
    debug!("{server}: {connection}");
    let binding = connection.binding();
    let channel = if binding.is_some() { Channel::Bound } else { Channel::Unbound };
    let mut context = match security.context(ticket, binding.as_deref()) {
        Ok(context) => context,
        Err(fault) => return senseless(&fault),
    };
    let mut token = match context.step(None) {
        Ok(Step::Send(token)) => token,
        Ok(Step::Mutual | Step::Unproved) => return senseless(&"the exchange ended before it began"),
        Err(fault) => return senseless(&fault),
    };
    for _ in 0..MAX_TOKENS {
        let bound = if channel == Channel::Bound { "bound to the certificate" } else { "bound to no connection" };
        debug!("{server}: GET {path}, Host {host}, Negotiate with a token of {} bytes, {bound}", token.len());
        let answer = http::ask(&mut connection, host, path, &token, *limit)?;
        debug!("{server}: {answer}");
        match judge(context.as_mut(), ticket, channel, &answer) {
            Judged::Final(outcome) => return Ok(outcome),
            Judged::GoOn(next) => token = next,
        }
        http::skip_body(&mut connection, &answer, *limit)?;
    }
    senseless(&"it goes on asking")
}

enum Judged {
    Final(Outcome),
    /// The server wants this token.
    GoOn(Vec<u8>),
}

fn judge(context: &mut dyn Context, ticket: &Ticket, channel: Channel, answer: &http::Answer) -> Judged {
    let mut bare = false;
    let mut others = Vec::new();
    for challenge in &answer.challenges {
        match challenge {
            Challenge::Token(token) => return judge_token(context, ticket, channel, token),
            Challenge::Garbled => return Judged::Final(Outcome::Senseless("its token is no base64".to_owned())),
            Challenge::Negotiate => bare = true,
            Challenge::Other(name) => others.push(name.clone()),
        }
    }
    Judged::Final(match (answer.status, bare) {
        (401, true) => Outcome::NoAnswer(channel),
        (401, false) => Outcome::NotOffered(others),
        (status, _) => Outcome::NotDemanded { status, location: answer.location.clone(), sent: answer.sent },
    })
}

fn judge_token(context: &mut dyn Context, ticket: &Ticket, channel: Channel, token: &[u8]) -> Judged {
    if let Some(error) = KrbError::in_token(token) {
        let skew = error.skew(Timestamp::now());
        return Judged::Final(Outcome::Refused(Refused { error, skew, key: ticket.key, channel }));
    }
    match End::in_token(token) {
        Some(End::Rejected) => return Judged::Final(Outcome::Rejected(channel)),
        Some(End::Ntlm) => return Judged::Final(Outcome::Ntlm),
        None => {}
    }
    match context.step(Some(token)) {
        Ok(Step::Mutual) => Judged::Final(Outcome::Valid(ticket.key)),
        Ok(Step::Unproved) => {
            Judged::Final(Outcome::Senseless("it says that it took the ticket, and does not prove it".to_owned()))
        }
        Ok(Step::Send(next)) if next.is_empty() => Judged::Final(Outcome::NoAnswer(channel)),
        Ok(Step::Send(next)) => Judged::GoOn(next),
        Err(fault) => Judged::Final(Outcome::Senseless(fault.to_string())),
    }
}

#[cfg(test)]
mod tests;
