//! The Central Management Store: which account a site has.

use super::commands::quote;
use super::draft::Draft;
use super::enable_topology::{Reason, Trigger};
use super::passwords::{Decision, Decisions, Withheld, is_reached, kept_back_by};
use super::survey::{ServerState, Standing, Survey};
use super::{Action, ChangeAction, Consent, Layer, Predicate, Property, RunOn, Step, Subject};
use crate::codes::Code;
use crate::model::{AccountName, DeclaredAccount, PublishedPool, Reading, Site, SiteName, UseWindowsAuth};
use crate::yaml::scalar;
use std::collections::{BTreeMap, BTreeSet};

const NOBODY_GIVES: &str =
    "no server could be given the password, so from Enable-CsTopology on its clients would get Unauthorized";

pub(super) fn inspect(survey: &Survey<'_>, decisions: &Decisions<'_, '_>, draft: &mut Draft) {
    if let Some(cause) = survey.actual.assignments.cause() {
        draft.unreadable(Subject::Assignments, Layer::Assignment, cause);
    }
    let wants_kerberos = |site: &Site| matches!(site.account, DeclaredAccount::Account(_));
    if let Some(cause) = survey.actual.web_services.cause()
        && survey.deployment.sites.iter().any(wants_kerberos)
    {
        draft.unreadable(Subject::WebServices, Layer::Assignment, cause);
    }
    let withheld = withhold_all(survey, decisions);
    draft.withheld = withheld.keys().map(|site| (*site).clone()).collect();
    for site in survey.deployment.sites.iter().filter(|site| survey.is_published(&site.name)) {
        inspect_web_services(survey, site, draft);
        match (&site.account, survey.assigned(&site.name)) {
            (_, Reading::Unreadable(_)) | (DeclaredAccount::Unmanaged | DeclaredAccount::Nobody, Reading::Absent) => {}
            (DeclaredAccount::Unmanaged, Reading::Known(account)) => {
                let message =
                    format!("has {account} assigned, but the file says nothing of its account, so it is not managed");
                let hint = format!(
                    "declare `account: {}` to keep it, or `account: none` to take it away",
                    scalar(account.as_str())
                );
                draft.find(Code::AccountUnmanaged, Subject::Site(site.name.clone()), message, Some(hint));
            }
            (DeclaredAccount::Nobody, Reading::Known(account)) => unassign(site, account, draft),
            (DeclaredAccount::Account(wanted), current) => {
                let current = current.known().copied();
                match withheld.get(&site.name) {
                    Some(why) => {
                        let message = format!("its assignment to {wanted} is not planned: {why}");
                        draft.find(Code::AssignmentWithheld, Subject::Site(site.name.clone()), message, None);
                    }
                    None if current != Some(wanted) => assign(survey, site, current, wanted, draft),
                    None => {}
                }
            }
        }
    }
}

/// With NTLM or None Kerberos is never used and the account is pointless (Set-CsWebServiceConfiguration).
fn inspect_web_services(survey: &Survey<'_>, site: &Site, draft: &mut Draft) {
    let Reading::Known(settings) = &survey.actual.web_services else { return };
    if site.account.name().is_none() {
        return;
    }
    for pool in site.pools.iter().filter(|pool| pool.role.runs_web_services()) {
        let Some(auth @ (UseWindowsAuth::Ntlm | UseWindowsAuth::None)) = settings.of(&site.name, &pool.fqdn) else {
            continue;
        };
        let message =
            format!("UseWindowsAuth is {}, so Kerberos is never used and the account is pointless", auth.as_str());
        let hint = format!(
            "set it for the site, or for the pool where that has a setting of its own\n  Set-CsWebServiceConfiguration -Identity {} -UseWindowsAuth Negotiate",
            quote(&site.name.identity())
        );
        draft.find(Code::KerberosNeverUsed, Subject::Pool(site.name.clone(), pool.fqdn.clone()), message, Some(hint));
    }
}

/// The sites whose assignment differs and is not planned, each with the reason.
///
/// One that stays where it is keeps the rotation of its account from being planned, which keeps other sites from being
/// assigned to that account, and so on.
fn withhold_all<'a>(survey: &Survey<'a>, decisions: &Decisions<'_, '_>) -> BTreeMap<&'a SiteName, String> {
    let differs = |site: &&'a Site| match (&site.account, survey.assigned(&site.name)) {
        (DeclaredAccount::Account(_), Reading::Absent) => true,
        (DeclaredAccount::Account(wanted), Reading::Known(current)) => current != wanted,
        _ => false,
    };
    let published = survey.deployment.sites.iter().filter(|site| survey.is_published(&site.name));
    let mut planned: Vec<&'a Site> = published.filter(differs).collect();
    let mut all = BTreeMap::new();
    loop {
        let stay: BTreeSet<SiteName> = all.keys().map(|site: &&SiteName| (*site).clone()).collect();
        let why = |site: &Site| withheld(survey, decisions, site, site.account.name()?, &stay);
        let more: BTreeMap<&SiteName, String> =
            planned.iter().filter_map(|site| Some((&site.name, why(site)?))).collect();
        if more.is_empty() {
            return all;
        }
        planned.retain(|site| !more.contains_key(&site.name));
        all.extend(more);
    }
}

/// Why that assignment is not planned, where the sites in `stay` keep the account that they have.
fn withheld(
    survey: &Survey<'_>,
    decisions: &Decisions<'_, '_>,
    site: &Site,
    wanted: &AccountName,
    stay: &BTreeSet<SiteName>,
) -> Option<String> {
    match survey.standing(wanted) {
        Standing::Unusable(_) => return Some(format!("{wanted} cannot be used: mend the account first")),
        Standing::Unknown(_) => return Some(format!("whether {wanted} can be used could not be read")),
        Standing::Usable(_) | Standing::Missing => {}
    }
    let Some(published) = &survey.published else {
        return Some("the published topology could not be read, so nobody knows which servers must follow".to_owned());
    };
    let decision = decisions.get(wanted);
    if let Some(Decision::Withheld(
        Withheld::Servers(_)
        | Withheld::Reach
        | Withheld::Leaving(_)
        | Withheld::Undated
        | Withheld::Unsettled(_)
        | Withheld::Doubtful(_)
        | Withheld::Unread
        | Withheld::Branch,
    )) = decision
    {
        return Some(NOBODY_GIVES.to_owned());
    }
    let mut pools = survey.targets_at(&site.name).filter_map(|target| published.pools.get(target.pool));
    if let Some(pool) = pools.find(|pool| has_undeclared_override(site, pool)) {
        let pool = &pool.fqdn;
        return Some(format!(
            "the internal web FQDN of {pool} is not declared as published, so its SPN would stay behind"
        ));
    }
    if matches!(decision, Some(Decision::Rotate(_))) {
        let staying = kept_back_by(survey, wanted, stay);
        let names: Vec<&str> = staying.iter().map(SiteName::as_str).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            return Some(format!("the rotation that it needs would also reach {names}, which keeps {wanted} for now"));
        }
        if !survey.is_branch(&site.name) {
            return None; // it reaches undeclared servers too
        }
        if !is_reached(survey, wanted, stay) {
            return Some(NOBODY_GIVES.to_owned());
        }
    }
    let of_site = survey.targets_at(&site.name).filter(|target| target.account == Some(wanted));
    let left: Vec<&str> = of_site
        .filter(|target| !target.managed && !target.state.as_ref().is_some_and(ServerState::is_valid))
        .map(|target| target.server.as_str())
        .collect();
    (!left.is_empty()).then(|| {
        format!("{} would not be given the password, not being declared, and would refuse clients", left.join(", "))
    })
}

/// Whether the published pool has an internal web FQDN that the file does not name, so that no plan moves its SPN.
fn has_undeclared_override(site: &Site, published: &PublishedPool) -> bool {
    let declared =
        site.pools.iter().find(|pool| pool.fqdn == published.fqdn).and_then(|pool| pool.internal_fqdn.as_ref());
    published.web_services && published.internal_fqdn.is_some() && declared != published.internal_fqdn.as_ref()
}

fn assign(survey: &Survey<'_>, site: &Site, current: Option<&AccountName>, wanted: &AccountName, draft: &mut Draft) {
    let (name, subject) = (site.name.clone(), Subject::Site(site.name.clone()));
    let servers = survey.targets_at(&site.name).filter(|target| target.account == Some(wanted)).count();
    let servers = if servers == 1 { "its 1 server".to_owned() } else { format!("its {servers} servers") };
    let (action, because, reason, disrupts, consent) = match current {
        None => (
            Action::AssignAccount { site: name.clone(), account: wanted.clone() },
            format!("{name} shall use {wanted}, and has no account"),
            format!("{name} gets an account: Enable-CsTopology makes its SPNs and makes the assignment effective"),
            format!(
                "clients of {name}: from Enable-CsTopology on they get tickets for {wanted}, which {servers} cannot read \
                 until the password steps are done"
            ),
            None,
        ),
        Some(from) => (
            Action::ReassignAccount { site: name.clone(), from: from.clone(), to: wanted.clone() },
            format!("{name} shall use {wanted}, and has {from}"),
            format!("{name} gets another account: Enable-CsTopology moves its SPNs and makes the assignment effective"),
            format!(
                "an outage in {name}: from Enable-CsTopology on its SPNs point at {wanted}, with the password of {from} \
                 still on {servers} until the password steps are done"
            ),
            Some(Consent::Reassignment),
        ),
    };
    let change = if current.is_some() { ChangeAction::Update } else { ChangeAction::Create };
    let before = current.map(ToString::to_string);
    draft.change(subject.clone(), Layer::Assignment, change, Property::Account, before, Some(wanted.to_string()));
    let preconditions = vec![
        Predicate::AssignmentIs { site: name.clone(), account: current.cloned() },
        Predicate::AccountUsable { account: wanted.clone() },
    ];
    let step = step(action, subject, because, Some(disrupts), consent, preconditions, site);
    let trigger = Trigger::Step(draft.step(step));
    draft.reasons.push(Reason { trigger, text: reason, concerns: Some(wanted.clone()) });
}

fn unassign(site: &Site, current: &AccountName, draft: &mut Draft) {
    let (name, subject) = (site.name.clone(), Subject::Site(site.name.clone()));
    draft.change(
        subject.clone(),
        Layer::Assignment,
        ChangeAction::Delete,
        Property::Account,
        Some(current.to_string()),
        None,
    );
    let step = step(
        Action::UnassignAccount { site: name.clone(), from: current.clone() },
        subject,
        format!("{name} shall have no account, and has {current}"),
        Some(format!("clients of {name}: they fall back to NTLM or certificates")),
        Some(Consent::Unassignment),
        vec![Predicate::AssignmentIs { site: name.clone(), account: Some(current.clone()) }],
        site,
    );
    let trigger = Trigger::Step(draft.step(step));
    let text = format!("{name} loses its account: Enable-CsTopology removes its SPNs from {current}");
    draft.reasons.push(Reason { trigger, text, concerns: None });
}

fn step(
    action: Action,
    subject: Subject,
    because: String,
    disrupts: Option<String>,
    consent: Option<Consent>,
    preconditions: Vec<Predicate>,
    site: &Site,
) -> Step {
    Step {
        action,
        subject,
        run_on: RunOn::ManagementShell,
        after: Vec::new(),
        because: vec![because],
        disrupts,
        consent,
        preconditions,
        touches: vec![site.name.clone()],
    }
}
