//! The servers' passwords: a copy wherever a valid server can give it, a rotation only on one of its three grounds.

mod sources;
mod steps;
mod withheld;

pub(super) use sources::Source;
pub(super) use withheld::Withheld;

use super::draft::Draft;
use super::survey::{ServerState, Standing, Survey, Target};
use super::{Layer, Subject};
use crate::codes::Code;
use crate::model::{AccountName, Cause, ServerFqdn, SiteName};
use jiff::Timestamp;
use rayon::prelude::*;
use sources::{Nearness, Sources};
use std::collections::{BTreeMap, BTreeSet};
use steps::{copy, copy_to_branches, rotate};
use withheld::withhold;

/// What is to be done for the servers of one account.
pub(super) enum Decision<'s, 'a> {
    /// Every managed server is valid, or unknown.
    Nothing,
    /// One rotation, which reaches them all.
    Rotate(Ground),
    /// Copies to these, each from its source.
    Copy(Vec<(&'s Target<'a>, Source<'s, 'a>)>),
    /// Servers are invalid, and neither a copy nor a rotation is right.
    Withheld(Withheld),
}

/// Why a rotation may be planned: there is no fourth ground.
pub(super) enum Ground {
    /// This plan creates the account.
    Created,
    /// Every server of every site of the account is known to be invalid.
    AllInvalid,
    /// The operator asks, for this reason.
    Asked(String),
}

/// The decision for every account that has managed servers or is asked to be rotated.
pub(super) type Decisions<'s, 'a> = BTreeMap<&'s AccountName, Decision<'s, 'a>>;

/// Decides for every account; `asked` has the operator's reasons for rotations.
pub(super) fn decide_all<'s, 'a>(survey: &'s Survey<'a>, asked: &'s [(AccountName, String)]) -> Decisions<'s, 'a> {
    let managed = survey.targets.iter().filter(|target| target.managed).filter_map(|target| target.account);
    let accounts: BTreeSet<&AccountName> = managed.chain(asked.iter().map(|(account, _)| account)).collect();
    let reason = |account| asked.iter().find(|(name, _)| name == account).map(|(_, reason)| reason.as_str());
    accounts.into_iter().map(|account| (account, decide(survey, account, reason(account)))).collect()
}

fn decide<'s, 'a>(survey: &'s Survey<'a>, account: &AccountName, asked: Option<&str>) -> Decision<'s, 'a> {
    let managed = || survey.targets_of(account).filter(|target| target.managed);
    let standing = survey.standing(account);
    match (standing, asked) {
        (Standing::Unusable(_), _) if managed().next().is_some() => return Decision::Withheld(Withheld::Account),
        (Standing::Missing, _) if managed().next().is_some() => {
            return rotation_withheld(survey, account).unwrap_or(Decision::Rotate(Ground::Created));
        }
        (Standing::Usable(_), Some(reason)) if survey.targets_of(account).next().is_some() => {
            let asked = Decision::Rotate(Ground::Asked(reason.to_owned()));
            return rotation_withheld(survey, account).unwrap_or(asked);
        }
        _ => {}
    }
    let invalid: Vec<&Target<'a>> = managed().filter(|target| is_invalid(target)).collect();
    if invalid.is_empty() {
        return Decision::Nothing;
    }
    let sources = Sources::of(survey, account);
    if let Some(copies) =
        invalid.iter().map(|target| sources.nearest(survey, target).map(|source| (*target, source))).collect()
    {
        return if is_unread(survey, standing) { Decision::Withheld(Withheld::Unread) } else { Decision::Copy(copies) };
    }
    if let Some(settles) = sources.doubtful {
        return Decision::Withheld(Withheld::Doubtful(settles));
    }
    let Standing::Usable(state) = standing else { return Decision::Withheld(Withheld::Account) };
    if let Some(withheld) = rotation_withheld(survey, account) {
        return withheld;
    }
    if state.password_set_at.is_none() {
        return Decision::Withheld(Withheld::Undated);
    }
    // Before the unknown ones: they are to be tested then, too.
    if let Some(settles) = survey.targets_of(account).filter_map(|target| target.state.as_ref()?.settles()).max() {
        return Decision::Withheld(Withheld::Unsettled(settles));
    }
    let unknown: Vec<ServerFqdn> =
        survey.targets_of(account).filter(|target| !is_invalid(target)).map(|target| target.server.clone()).collect();
    if unknown.is_empty() {
        Decision::Rotate(Ground::AllInvalid)
    } else {
        Decision::Withheld(Withheld::Servers(unknown))
    }
}

/// Whether the directory was read and could not say this of the account: its domain controllers may not agree, and a
/// server that looks valid may have the former password. Where nobody asked the directory, the tests have to do.
fn is_unread(survey: &Survey<'_>, standing: &Standing<'_>) -> bool {
    survey.actual.directory.known().is_some() && matches!(standing, Standing::Unknown(Cause::Broken { .. }))
}

/// Why no rotation may be planned on any ground: nobody knows whom it reaches, or it reaches a site that this plan
/// takes away from the account.
fn rotation_withheld<'s, 'a>(survey: &'s Survey<'a>, account: &AccountName) -> Option<Decision<'s, 'a>> {
    if survey.published.is_none() || survey.actual.assignments.known().is_none() {
        return Some(Decision::Withheld(Withheld::Reach));
    }
    if survey.targets_of(account).all(|target| survey.is_branch(target.site)) {
        return Some(Decision::Withheld(Withheld::Branch));
    }
    let leaving: Vec<SiteName> = survey.sites_leaving(account).into_iter().cloned().collect();
    let staying: Vec<SiteName> = leaving.into_iter().filter(|site| !survey.is_published(site)).collect();
    let missing = matches!(survey.standing(account), Standing::Missing);
    (!missing && !staying.is_empty()).then_some(Decision::Withheld(Withheld::Leaving(staying)))
}

/// The sites that were to leave the account and `stay`: its rotation would reach them too. One that does not exist is
/// no use to them either, so its first password is kept from nobody.
pub(super) fn kept_back_by(survey: &Survey<'_>, account: &AccountName, stay: &BTreeSet<SiteName>) -> Vec<SiteName> {
    if matches!(survey.standing(account), Standing::Missing) {
        return Vec::new();
    }
    survey.sites_leaving(account).into_iter().filter(|site| stay.contains(site)).cloned().collect()
}

/// Whether a rotation reaches anybody, where the sites in `stay` do not get the account.
pub(super) fn is_reached(survey: &Survey<'_>, account: &AccountName, stay: &BTreeSet<SiteName>) -> bool {
    survey.targets_of(account).any(|target| !survey.is_branch(target.site) && !stay.contains(target.site))
}

/// Whether only branch sites have the account, where the sites in `stay` do not get it.
fn is_left_to_branches(survey: &Survey<'_>, account: &AccountName, stay: &BTreeSet<SiteName>) -> bool {
    !is_reached(survey, account, stay) && survey.targets_of(account).any(|target| !stay.contains(target.site))
}

/// Says that the server is not given the password, where the assignment of its site is not planned.
fn report_withheld(target: &Target<'_>, draft: &mut Draft) -> bool {
    let withheld = draft.withheld.contains(target.site);
    if withheld {
        let message = "not given the password: the assignment of its site is not planned";
        draft.find(Code::AssignmentWithheld, subject(target), message, None);
    }
    withheld
}

fn is_invalid(target: &Target<'_>) -> bool {
    target.state.as_ref().is_some_and(ServerState::is_invalid)
}

fn is_valid(target: &Target<'_>) -> bool {
    target.state.as_ref().is_some_and(ServerState::is_valid)
}

pub(super) fn inspect(
    survey: &Survey<'_>,
    decisions: &Decisions<'_, '_>,
    asked: &[(AccountName, String)],
    draft: &mut Draft,
) {
    draft.add_each(decisions.par_iter(), |(account, decision), draft| {
        inspect_account(survey, account, decision, asked, draft);
    });
}

fn inspect_account(
    survey: &Survey<'_>,
    account: &AccountName,
    decision: &Decision<'_, '_>,
    asked: &[(AccountName, String)],
    draft: &mut Draft,
) {
    report_branches(survey, account, draft);
    let stay = kept_back_by(survey, account, &draft.withheld);
    let leaving = Decision::Withheld(Withheld::Leaving(stay.clone()));
    let branch = Decision::Withheld(Withheld::Branch);
    let decision = match decision {
        Decision::Rotate(_) if !stay.is_empty() => &leaving,
        Decision::Rotate(_) if is_left_to_branches(survey, account, &draft.withheld) => &branch,
        decision => decision,
    };
    if !matches!(decision, Decision::Rotate(_)) {
        report_unknown(survey, account, draft);
        if asked.iter().any(|(name, _)| name == account) {
            let message = format!("the rotation that was asked for is not planned: {}", why_not(decision));
            draft.find(Code::RotationWithheld, Subject::Account(account.clone()), message, None);
        }
    }
    match decision {
        Decision::Nothing => {}
        Decision::Rotate(ground) => {
            if is_reached(survey, account, &draft.withheld) {
                rotate(survey, account, ground, draft);
                copy_to_branches(survey, account, draft);
            }
            let managed = survey.targets_of(account).filter(|target| target.managed && !is_valid(target));
            managed.for_each(|target| _ = report_withheld(target, draft));
        }
        Decision::Copy(copies) => {
            report_sources(survey, copies, draft);
            for (target, source) in copies {
                if !report_withheld(target, draft) {
                    copy(account, target, *source, draft);
                }
            }
        }
        Decision::Withheld(why) => withhold(survey, account, why, draft),
    }
}

/// Why a rotation that was asked for is not planned.
fn why_not(decision: &Decision<'_, '_>) -> String {
    match decision {
        Decision::Withheld(Withheld::Leaving(sites)) => {
            let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
            format!("it would also reach {}, which still has the account", names.join(", "))
        }
        Decision::Withheld(Withheld::Reach) => {
            "the topology or the assignments could not be read, so nobody knows whom it reaches".to_owned()
        }
        Decision::Withheld(Withheld::Branch) => "it reaches central sites only, and has no server there".to_owned(),
        _ => "the account cannot be used, could not be read, or has no server".to_owned(),
    }
}

fn subject(target: &Target<'_>) -> Subject {
    Subject::Server(target.site.clone(), target.pool.clone(), target.server.clone())
}

fn report_unknown(survey: &Survey<'_>, account: &AccountName, draft: &mut Draft) {
    for target in survey.targets_of(account).filter(|target| target.managed) {
        if let Some(ServerState::Unknown(cause)) = &target.state {
            draft.unreadable(subject(target), Layer::Kerberos, cause);
        }
    }
}

fn report_sources(survey: &Survey<'_>, copies: &[(&Target<'_>, Source<'_, '_>)], draft: &mut Draft) {
    let replaced: BTreeSet<&SiteName> = copies
        .iter()
        .filter(|(_, source)| source.nearness != Nearness::Declared)
        .map(|(target, _)| target.site)
        .collect();
    for site in replaced {
        if let Some(source) = survey.declared_site(site).and_then(|site| site.source.as_ref()) {
            let message = format!("its declared source, {source}, is not known to be valid, so another server serves");
            let hint = "the plan names the source of each copy; declare another one to choose it yourself";
            draft.find(Code::SourceNotValid, Subject::Site(site.clone()), message, Some(hint.to_owned()));
        }
    }
}

/// Whatever becomes of the password, the operator is to know that it does not come here by itself.
fn report_branches(survey: &Survey<'_>, account: &AccountName, draft: &mut Draft) {
    for site in survey.sites_of(account).filter(|site| survey.is_branch(site)) {
        let message = format!("a branch site with {account}: a rotation of its password passes this site over");
        let hint = "after a rotation its servers refuse clients until each is given the password by a copy; where this plan rotates, it has those for the declared servers";
        draft.find(Code::BranchNotReached, Subject::Site(site.clone()), message, Some(hint.to_owned()));
    }
}

fn set_at(survey: &Survey<'_>, account: &AccountName) -> Option<Timestamp> {
    match survey.standing(account) {
        Standing::Usable(state) => state.password_set_at,
        _ => None,
    }
}
