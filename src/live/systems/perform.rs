//! What is done for each step, and what an answer that says errors means.

use super::{Live, stripped, told, unanswered, verdict};
use crate::apply::journal::Judgement;
use crate::apply::judge::judge;
use crate::apply::target::{ErrorKind, Observation, Target as _, TargetError};
use crate::live::shell::{Call, Category, Ended, ErrorRecord, Manner, Place, Reply, ReportName, second_hop};
use crate::model::{ServerFqdn, Setting, SiteName, Verdict};
use crate::plan::{Action, LocationChange, report_name};

impl Live<'_> {
    /// Does it.
    pub(super) fn carry_out(&self, action: &Action) -> Result<(), TargetError> {
        match action {
            Action::SetIis { server, locations } => self.set_iis(server, locations),
            Action::TestAssignment { site } => self.test_assignment(site, action),
            Action::EnableTopology { .. } => {
                let ran = self.change(action);
                if ran.is_ok() || self.enabled_all_the_same(action, &ran) {
                    self.await_replication()?;
                }
                ran
            }
            _ => self.change(action),
        }
    }

    /// One call that changes something.
    fn change(&self, action: &Action) -> Result<(), TargetError> {
        let Some(call) = call(action, Manner::Really) else { return Ok(()) };
        let reply = self.call(&Place::ManagementShell, &call).map_err(|failure| unanswered(&failure))?;
        self.keep(&call, &reply);
        judged(&call, &reply).or_else(|error| self.in_spite_of(error, action, &reply))
    }

    /// Whether Enable-CsTopology can be seen to have done its work although it gave no answer. Then it will be taken for
    /// done, and what comes next needs its servers just as well.
    fn enabled_all_the_same(&self, action: &Action, ran: &Result<(), TargetError>) -> bool {
        let unknown = matches!(ran, Err(error) if matches!(error.kind, ErrorKind::OutcomeUnknown | ErrorKind::Unended));
        unknown && matches!(judge(action, &Observation::Nothing, &self.observe(action)), Judgement::Done(_))
    }

    /// A cmdlet that says an error and goes on to its end may have done what it was asked: that is looked at, and the
    /// error said. Not so Enable-CsTopology, which does more than can be looked at.
    fn in_spite_of(&self, error: TargetError, action: &Action, reply: &Reply) -> Result<(), TargetError> {
        let went_on = reply.ended == Ended::Completed && error.kind == ErrorKind::Refused;
        if !went_on || matches!(action, Action::EnableTopology { .. }) {
            return Err(error);
        }
        match judge(action, &Observation::Nothing, &self.observe(action)) {
            Judgement::Done(how) => {
                (self.means.say)(&format!("{}: {error}; all the same, {how}", action.id()));
                Ok(())
            }
            Judgement::NotDone(_) | Judgement::Unclear(_) => Err(error),
        }
    }

    /// One location after the other, each committed by itself. What failed after another was set is half done; a step
    /// that goes on after that leaves alone what has the wanted values already.
    fn set_iis(&self, server: &ServerFqdn, locations: &[LocationChange]) -> Result<(), TargetError> {
        let at = Place::Server(server.clone());
        for (number, change) in locations.iter().enumerate() {
            let alone = !locations.iter().any(|above| change.location.is_below(&above.location));
            if locations.len() > 1 && alone && self.is_set(server, change) {
                continue;
            }
            let settings = change.settings.iter().map(|setting| setting.after.clone()).collect();
            let call = Call::SetAuthentication { location: change.location.clone(), settings };
            let reply = self.call(&at, &call).map_err(|failure| unanswered(&failure));
            reply.and_then(|reply| judged(&call, &reply)).map_err(|error| match number {
                0 => error,
                done => TargetError {
                    message: format!("{done} of {} locations are set, then: {}", locations.len(), error.message),
                    kind: ErrorKind::OutcomeUnknown,
                    ..error
                },
            })?;
        }
        Ok(())
    }

    /// Whether the location was set before. What cannot be read is set again; so is what lies below another location of
    /// the step, which may have the wanted values from there only.
    fn is_set(&self, server: &ServerFqdn, change: &LocationChange) -> bool {
        let wanted: Vec<Setting> = change.settings.iter().map(|setting| setting.after.clone()).collect();
        self.settings(server, &change.location, &wanted).is_ok_and(|found| found == wanted)
    }

    /// Tests the site. It is in order where the test finished without an error and its report lists every server.
    fn test_assignment(&self, site: &SiteName, action: &Action) -> Result<(), TargetError> {
        let call = Call::TestAssignment { site: site.clone(), report: report(action) };
        let reply = self.call(&Place::ManagementShell, &call).map_err(|failure| unanswered(&failure))?;
        self.keep(&call, &reply);
        judged(&call, &reply)?;
        let unknown = |why: String| TargetError {
            id: "cskerb.TestIncomplete".to_owned(),
            message: why,
            kind: ErrorKind::Transient,
        };
        let targets = self.targets_of(site).map_err(unknown)?;
        let silent = targets.iter().filter_map(|server| match verdict::of_server(&reply, server, &targets) {
            (Verdict::Valid, _) => None,
            (_, why) => Some(format!("{server}: {}", why.unwrap_or_else(|| "nothing".to_owned()))),
        });
        match &silent.collect::<Vec<_>>()[..] {
            [] => Ok(()),
            silent => Err(TargetError {
                id: "cskerb.TestIncomplete".to_owned(),
                message: format!("the test said no error, and does not say that all is well: {}", silent.join("; ")),
                kind: ErrorKind::Refused,
            }),
        }
    }

    /// Keeps the report; that it could not be kept is said, and stops nothing.
    pub(super) fn keep(&self, call: &Call, reply: &Reply) {
        if let Err(why) = self.evidence.keep(call.report(), reply) {
            (self.means.say)(&why);
        }
        for warning in &reply.warnings {
            (self.means.say)(&format!("{} warns: {}", call.name(), stripped(warning)));
        }
    }
}

fn report(action: &Action) -> Option<ReportName> {
    report_name(&action.id()).parse().ok()
}

/// The one call of an action; `None` for those that are several, or a test.
pub(super) fn call(action: &Action, manner: Manner) -> Option<Call> {
    Some(match action.clone() {
        Action::CreateAccount { account, container } => {
            Call::NewAccount { account, container, manner, report: report(action) }
        }
        Action::AssignAccount { site, account } => Call::NewAssignment { site, account, manner },
        Action::ReassignAccount { site, to, .. } => Call::SetAssignment { site, account: to, manner },
        Action::UnassignAccount { site, .. } => Call::RemoveAssignment { site, manner },
        Action::EnableTopology { .. } => Call::EnableTopology { manner, report: report(action) },
        Action::RemoveSpn { spn, holder } => Call::RemoveSpn { spn, holder },
        Action::AddSpn { spn, account } => Call::AddSpn { spn, account },
        Action::RotatePassword { account } => Call::RotatePassword { account, manner, report: report(action) },
        Action::CopyConfiguration { from, to, .. } => Call::CopyPassword { from, to, manner, report: report(action) },
        Action::SetIis { .. } | Action::TestAssignment { .. } => return None,
    })
}

/// What the answer means: an answer without an error is a success, until it is looked at.
pub(super) fn judged(call: &Call, reply: &Reply) -> Result<(), TargetError> {
    let Some(first) = reply.errors.first() else {
        return match reply.ended {
            Ended::Completed => Ok(()),
            Ended::Threw => Err(TargetError {
                id: "cskerb.Threw".to_owned(),
                message: format!("{} was ended, and does not say why", call.name()),
                kind: ErrorKind::OutcomeUnknown,
            }),
        };
    };
    // The error that ended it says most; else the first.
    let main = match reply.ended {
        Ended::Threw => reply.errors.last().unwrap_or(first),
        Ended::Completed => first,
    };
    let mut message = main.message.clone();
    if reply.errors.len() > 1 {
        let all: Vec<&str> = reply.errors.iter().map(|error| error.message.as_str()).collect();
        message = all.join("; ");
    }
    if let Some(hint) = second_hop(reply) {
        message = format!("{message}; {hint}");
    }
    // Both go into the journal, and of a bare `throw` the id is the message.
    Err(TargetError { id: stripped(&main.id), message: stripped(&message), kind: kind(call, reply, main) })
}

/// What is worth another attempt, what is not, and what has to be looked at first.
///
/// A rotation goes from server to server, so one that says errors and goes on, or that a connection ended, has done
/// some of it. Any other cmdlet is one change, which an error has kept from happening \[inferred\]; what was stopped
/// is known by nobody.
fn kind(call: &Call, reply: &Reply, error: &ErrorRecord) -> ErrorKind {
    let rotates = matches!(call, Call::RotatePassword { .. });
    match (error.category, reply.ended) {
        (Category::Stopped, _) if call.changes() => ErrorKind::OutcomeUnknown,
        (Category::Denied, Ended::Threw) => ErrorKind::Refused,
        (_, Ended::Completed) if rotates => ErrorKind::OutcomeUnknown,
        (Category::Connection | Category::Unavailable | Category::Timeout, _) if rotates => ErrorKind::OutcomeUnknown,
        (Category::Connection | Category::Unavailable | Category::Timeout, _) => ErrorKind::Transient,
        _ => ErrorKind::Refused,
    }
}

impl Live<'_> {
    /// A call that only reads or shows, of which the answer is wanted as it is.
    pub(super) fn show(&self, at: &Place, call: &Call) -> Result<Reply, String> {
        self.call(at, call).map_err(|failure| told(&failure))
    }
}
