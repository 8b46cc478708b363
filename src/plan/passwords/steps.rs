//! The steps: copies and rotations, and what changes by them.

use super::sources::{Nearness, Source};
use super::{Ground, is_valid, set_at, subject};
use crate::model::{AccountName, Reading, SiteName, Witness};
use crate::plan::draft::Draft;
use crate::plan::survey::{Invalidity, ServerState, Survey, Target};
use crate::plan::{Action, ChangeAction, Consent, Layer, Predicate, Property, RunOn, Step, Subject, moment};

fn change(account: &AccountName, target: &Target<'_>, draft: &mut Draft) {
    let before = match &target.state {
        Some(ServerState::Valid { .. }) => "valid".to_owned(),
        Some(ServerState::Invalid(Invalidity::OtherAccount(other))) => format!("valid for {other}"),
        Some(ServerState::Invalid(Invalidity::NotAssigned | Invalidity::AccountMissing)) => "not given".to_owned(),
        Some(ServerState::Invalid(Invalidity::Reported { .. })) => "invalid".to_owned(),
        Some(ServerState::Unknown(_)) | None => "not known".to_owned(),
    };
    let after = Some(format!("valid for {account}"));
    draft.change(subject(target), Layer::Kerberos, ChangeAction::Update, Property::Configuration, Some(before), after);
}

pub(super) fn copy(account: &AccountName, target: &Target<'_>, source: Source<'_, '_>, draft: &mut Draft) {
    if !is_valid(target) {
        change(account, target, draft);
    }
    let from = source.target.server;
    let why = match source.nearness {
        Nearness::Rotated => format!("gets the new password from the rotation, which does not reach {}", target.site),
        Nearness::Declared => "is valid and the source that the file names".to_owned(),
        Nearness::SamePool => "is valid and in the same pool".to_owned(),
        Nearness::SameSite => "is valid and in the same site".to_owned(),
        Nearness::SameAccount => format!("is valid and in site {}, which has the same account", source.target.site),
    };
    let because = match source.nearness {
        Nearness::Rotated => vec![format!("{from} {why}: it is a branch site")],
        _ => vec![told(target), format!("{from} {why}{}", witness(source.target))],
    };
    let mut preconditions = vec![Predicate::AssignmentIs { site: target.site.clone(), account: Some(account.clone()) }];
    if source.target.site != target.site {
        preconditions
            .push(Predicate::AssignmentIs { site: source.target.site.clone(), account: Some(account.clone()) });
    }
    preconditions.push(Predicate::ValidFor { server: from.clone(), account: account.clone() });
    preconditions.push(Predicate::NotValidFor { server: target.server.clone(), account: account.clone() });
    draft.step(Step {
        action: Action::CopyConfiguration { account: account.clone(), from: from.clone(), to: target.server.clone() },
        subject: subject(target),
        run_on: RunOn::Server(from.clone()),
        after: Vec::new(),
        because,
        disrupts: None,
        consent: None,
        preconditions,
        touches: vec![target.site.clone()],
    });
}

/// A rotation passes branch sites over, so their servers are given the new password by copies from one that it reaches.
pub(super) fn copy_to_branches(survey: &Survey<'_>, account: &AccountName, draft: &mut Draft) {
    let (branch, central): (Vec<&Target<'_>>, Vec<_>) = survey
        .targets_of(account)
        .filter(|target| !draft.withheld.contains(target.site))
        .partition(|target| survey.is_branch(target.site));
    // A server that the file does not name, it does not answer for.
    let Some(first) = central.iter().find(|target| target.declared.is_some()).or(central.first()) else { return };
    for target in branch.into_iter().filter(|target| target.managed) {
        let declared = survey.declared_site(target.site).and_then(|site| site.source.as_ref());
        let source = central.iter().find(|target| Some(target.server) == declared).unwrap_or(first);
        copy(account, target, Source { target: source, nearness: Nearness::Rotated }, draft);
    }
}

pub(super) fn rotate(survey: &Survey<'_>, account: &AccountName, ground: &Ground, draft: &mut Draft) {
    // A site whose assignment is not planned does not have the account.
    let targets: Vec<&Target<'_>> =
        survey.targets_of(account).filter(|target| !draft.withheld.contains(target.site)).collect();
    let sites: Vec<&SiteName> = survey.sites_of(account).filter(|site| !draft.withheld.contains(*site)).collect();
    let named = sites.iter().map(|site| site.as_str()).collect::<Vec<_>>().join(", ");
    let central: Vec<&str> = sites.iter().filter(|site| !survey.is_branch(site)).map(|site| site.as_str()).collect();
    let which = if central.len() == sites.len() { "every site" } else { "every central site" };
    let reached = central.join(", ");
    targets
        .iter()
        .filter(|target| target.managed && !is_valid(target) && !survey.is_branch(target.site))
        .for_each(|target| change(account, target, draft));
    let set_at = set_at(survey, account);
    let before = set_at.map(|at| format!("set {}", moment(at)));
    let after = Some("a new random one".to_owned());
    let subject = Subject::Account(account.clone());
    if !matches!(ground, Ground::Created) {
        draft.change(subject.clone(), Layer::Directory, ChangeAction::Update, Property::Password, before, after);
    }
    let (because, disrupts, consent) = match ground {
        Ground::Created => {
            ("the account is created by this plan, so no server has its password yet".to_owned(), None, None)
        }
        Ground::AllInvalid => {
            let in_use = targets.iter().any(|target| survey.assigned(target.site) == Reading::Known(account));
            let leaving: Vec<&str> = survey.sites_leaving(account).into_iter().map(SiteName::as_str).collect();
            let because = if in_use {
                {
                    let are = if targets.len() == 1 { "is" } else { "are" };
                    format!("{} of {named} {are} known to be invalid: there is none to copy from", all(targets.len()))
                }
            } else if leaving.is_empty() {
                format!("no site has the account yet, so no server of {named} holds its password")
            } else {
                let leaving = leaving.join(", ");
                format!("no server of {named} holds its password yet, and {leaving}, which has it, leaves the account")
            };
            (because, in_use.then(|| disruption(targets.len(), &named)), Some(Consent::Rotation))
        }
        Ground::Asked(reason) => {
            (format!("asked for: {reason}"), Some(disruption(targets.len(), &named)), Some(Consent::Rotation))
        }
    };
    let assigned =
        sites.iter().map(|site| Predicate::AssignmentIs { site: (*site).clone(), account: Some(account.clone()) });
    let mut preconditions: Vec<Predicate> = assigned.collect();
    // Who leaves the account does so first: a rotation before that would reach its servers too. A site whose move is not
    // planned is reached: then the account is only now created, and a password that never was is taken from nobody.
    let moves = |site: &&SiteName| survey.is_published(site) && !draft.withheld.contains(*site);
    let leaving: Vec<&SiteName> = survey.sites_leaving(account).into_iter().filter(moves).collect();
    preconditions.extend(
        leaving
            .iter()
            .map(|site| Predicate::AssignmentIs { site: (*site).clone(), account: survey.eventual(site).cloned() }),
    );
    let having = survey.actual.assignments.known().into_iter().flatten().filter(|(_, assigned)| *assigned == account);
    let staying = having.map(|(site, _)| site).filter(|site| !leaving.contains(site) && !sites.contains(site));
    let may_have_it = sites.iter().copied().chain(staying).cloned().collect();
    preconditions.push(Predicate::AssignedOnlyTo { account: account.clone(), sites: may_have_it });
    preconditions.push(Predicate::AccountUsable { account: account.clone() });
    if !matches!(ground, Ground::Created) {
        preconditions.push(Predicate::PasswordSetAt { account: account.clone(), at: set_at });
    }
    if matches!(ground, Ground::AllInvalid) {
        let none_valid = targets.iter().map(|target| target.server.clone());
        preconditions.extend(none_valid.map(|server| Predicate::NotValidFor { server, account: account.clone() }));
    }
    draft.step(Step {
        action: Action::RotatePassword { account: account.clone() },
        subject,
        run_on: RunOn::ManagementShell,
        after: Vec::new(),
        because: vec![because, format!("it reaches every server of {which} of {account}: {reached}")],
        disrupts,
        consent,
        preconditions,
        touches: sites.into_iter().chain(leaving).cloned().collect(),
    });
}

fn all(servers: usize) -> String {
    if servers == 1 { "the 1 server".to_owned() } else { format!("all {servers} servers") }
}

fn disruption(servers: usize, sites: &str) -> String {
    let servers = all(servers);
    format!(
        "clients of {servers} in {sites}: tickets that they hold fail until they are renewed, up to 10 hours by default"
    )
}

/// Why a target is to be mended: a clause without its name, so that many servers may share it.
fn told(target: &Target<'_>) -> String {
    match &target.state {
        Some(ServerState::Invalid(Invalidity::Reported { by, at, detail, .. })) => {
            let detail = detail.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
            match by {
                Witness::Ticket => format!("it refused a fresh ticket at {}{detail}", moment(*at)),
                Witness::Test => format!("it is invalid by the test of {}{detail}", moment(*at)),
                Witness::Lab => format!("it is invalid in the lab at {}{detail}", moment(*at)),
            }
        }
        Some(ServerState::Invalid(Invalidity::OtherAccount(other))) => format!("it still uses {other}"),
        Some(ServerState::Invalid(Invalidity::NotAssigned)) => {
            "it never got the password: its site did not have the account".to_owned()
        }
        _ => "it is not known to be valid".to_owned(),
    }
}

fn witness(target: &Target<'_>) -> String {
    match &target.state {
        Some(ServerState::Valid { by: Witness::Test, at }) => format!(" (test of {})", moment(*at)),
        Some(ServerState::Valid { by: Witness::Ticket, at }) => format!(" (ticket of {})", moment(*at)),
        _ => String::new(),
    }
}
