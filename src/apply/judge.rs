//! What an observation says of a step that was begun: the table that stands in the page of [`crate::apply`].

use super::journal::Judgement;
use super::target::Observation;
use crate::model::{AccountName, Principal, Setting, Verdict};
use crate::plan::{Action, LocationChange, moment};

/// Whether the action was completed, by what it is about before it and now.
///
/// A test leaves nothing behind, so it was never completed.
pub(crate) fn judge(action: &Action, before: &Observation, now: &Observation) -> Judgement {
    if let Observation::Unreadable(why) = now {
        return Judgement::Unclear(why.clone());
    }
    match (action, now) {
        (Action::CreateAccount { account, .. }, Observation::Account { exists, .. }) => {
            decide(*exists, format!("{account} exists"), format!("{account} does not exist"))
        }
        (Action::RotatePassword { account }, Observation::Account { .. }) => rotation(account, before, now),
        (
            Action::AssignAccount { account: wanted, .. } | Action::ReassignAccount { to: wanted, .. },
            Observation::Assignment(assigned),
        ) => assignment(assigned.as_ref(), Some(wanted)),
        (Action::UnassignAccount { .. }, Observation::Assignment(assigned)) => assignment(assigned.as_ref(), None),
        (Action::EnableTopology { .. }, Observation::Topology { spns_in_order, .. }) => decide(
            *spns_in_order,
            "the SPNs are as Enable-CsTopology leaves them".to_owned(),
            "the SPNs are not as Enable-CsTopology leaves them".to_owned(),
        ),
        (Action::AddSpn { spn, account }, Observation::Holders(holders)) => {
            let there = holders.iter().any(|holder| holder.is(account));
            decide(there, format!("{account} holds {spn}"), format!("{account} does not hold {spn}"))
        }
        (Action::RemoveSpn { spn, holder }, Observation::Holders(holders)) => {
            let there = holders.iter().any(|candidate: &Principal| candidate == holder);
            decide(!there, format!("{holder} does not hold {spn}"), format!("{holder} still holds {spn}"))
        }
        (Action::CopyConfiguration { to, account, .. }, Observation::Server(verdict)) => match verdict {
            Verdict::Valid => Judgement::Done(format!("{to} is valid for {account}")),
            Verdict::Invalid => Judgement::NotDone(format!("{to} is not valid for {account}")),
            Verdict::Unknown => Judgement::Unclear(format!("the test of {to} could not say")),
        },
        (Action::SetIis { server, locations }, Observation::Settings(found)) => {
            let set = found.len() == locations.len()
                && locations.iter().zip(found).all(|(change, found)| wanted(change).eq(found));
            decide(set, format!("{server} has the settings"), format!("{server} does not have the settings"))
        }
        (Action::TestAssignment { site }, _) => {
            Judgement::NotDone(format!("a test leaves nothing behind: {site} is tested again"))
        }
        _ => Judgement::Unclear("what was observed does not belong to the step".to_owned()),
    }
}

/// Whether every setting that a set-iis step changes is as it was, as it shall be, or as a location above it in the step
/// was to leave it: then the step may run again although it got half-way. Locations are committed one by one, the outer
/// ones first, so what a location inherits may have changed before its own turn came.
pub(crate) fn is_between(locations: &[LocationChange], found: &Observation) -> bool {
    let Observation::Settings(found) = found else { return false };
    let inherited = |change: &LocationChange, found: &Setting| {
        let above = locations.iter().filter(|above| change.location.is_below(&above.location));
        above.flat_map(wanted).any(|wanted| wanted == found)
    };
    let known =
        |(change, found): (&LocationChange, &Vec<Setting>)| {
            change.settings.len() == found.len()
                && change.settings.iter().zip(found).all(|(setting, found)| {
                    *found == setting.before || *found == setting.after || inherited(change, found)
                })
        };
    found.len() == locations.len() && locations.iter().zip(found).all(known)
}

fn wanted(change: &LocationChange) -> impl Iterator<Item = &Setting> {
    change.settings.iter().map(|setting| &setting.after)
}

fn decide(done: bool, how: String, how_not: String) -> Judgement {
    if done { Judgement::Done(how) } else { Judgement::NotDone(how_not) }
}

fn assignment(assigned: Option<&AccountName>, wanted: Option<&AccountName>) -> Judgement {
    let found = match assigned {
        Some(account) => format!("the site has {account}"),
        None => "the site has no account".to_owned(),
    };
    decide(assigned == wanted, found.clone(), found)
}

/// Changed: it was completed, since Active Directory comes last. Unchanged: it was not, unless the new password lies on
/// a domain controller that answered before, and does not now.
fn rotation(account: &AccountName, before: &Observation, now: &Observation) -> Judgement {
    let (
        Observation::Account {
            password_set_at: set_before, key_version: version_before, silent: silent_before, ..
        },
        Observation::Account { exists, password_set_at, key_version, silent },
    ) = (before, now)
    else {
        return Judgement::Unclear(format!("what {account} was like before the rotation is not known"));
    };
    if !exists {
        return Judgement::Unclear(format!("{account} is gone"));
    }
    let seen = [
        compare("its key version", *version_before, *key_version, |version| version.to_string()),
        compare("when its password was set", *set_before, *password_set_at, moment),
    ];
    let words: Vec<&str> = seen.iter().filter_map(Seen::words).collect();
    let words = format!("{account}: {}", words.join(", "));
    let any = |wanted: fn(&Seen) -> bool| seen.iter().any(wanted);
    let fell_silent = silent.iter().find(|controller| !silent_before.contains(controller));
    match (any(|seen| matches!(seen, Seen::Moved(_))), any(|seen| matches!(seen, Seen::Appeared(_)))) {
        (true, _) => Judgement::Done(words),
        (false, false) if any(|seen| matches!(seen, Seen::Same(_))) => match fell_silent {
            Some(controller) => Judgement::Unclear(format!("{words}; but {controller} does not answer any more")),
            None => Judgement::NotDone(words),
        },
        (false, true) if !any(|seen| matches!(seen, Seen::Same(_))) => Judgement::Done(words),
        // One says that nothing changed and the other was not known before: nobody can tell.
        (false, true) => Judgement::Unclear(words),
        (false, false) => {
            Judgement::Unclear(format!("neither the key version of {account} nor its password date can be read"))
        }
    }
}

/// One value of an account before and now.
enum Seen {
    Same(String),
    Moved(String),
    /// There was none: an account that never had a password.
    Appeared(String),
    Unknown,
}

impl Seen {
    fn words(&self) -> Option<&str> {
        match self {
            Self::Same(words) | Self::Moved(words) | Self::Appeared(words) => Some(words),
            Self::Unknown => None,
        }
    }
}

fn compare<T: PartialEq + Copy>(what: &str, before: Option<T>, now: Option<T>, show: fn(T) -> String) -> Seen {
    match (before, now) {
        (Some(before), Some(now)) if before == now => Seen::Same(format!("{what} is still {}", show(now))),
        (Some(before), Some(now)) => Seen::Moved(format!("{what} went from {} to {}", show(before), show(now))),
        (None, Some(now)) => Seen::Appeared(format!("{what} is {}, and was not known", show(now))),
        (_, None) => Seen::Unknown,
    }
}

#[cfg(test)]
#[path = "judge/tests.rs"]
mod tests;
