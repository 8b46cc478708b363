//! The servers' passwords: a copy wherever a valid server can give it, a rotation only on one of its three grounds.

use super::commands::quote;
use super::draft::Draft;
use super::survey::{Invalidity, ServerState, Standing, Survey, Target};
use super::{Action, ChangeAction, Consent, Layer, Predicate, Property, RunOn, Step, Subject, moment};
use crate::codes::Code;
use crate::model::{AccountName, PoolFqdn, Reading, ServerFqdn, SiteName, Witness};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// Why nothing is planned although servers are invalid.
pub(super) enum Withheld {
    /// The account cannot be used, or cannot be read: account first.
    Account,
    /// These servers may be valid: nobody knows.
    Servers(Vec<ServerFqdn>),
    /// The topology or the assignments could not be read, so nobody knows whom a rotation reaches.
    Reach,
    /// These sites have the account until this plan is carried out: a rotation would reach them too.
    Leaving(Vec<SiteName>),
    /// When the password was set is not known, so the readings may be older.
    Undated,
}

/// A server to copy from, and why that one.
#[derive(Clone, Copy)]
pub(super) struct Source<'s, 'a> {
    target: &'s Target<'a>,
    nearness: Nearness,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nearness {
    Declared,
    SamePool,
    SameSite,
    SameAccount,
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
        return Decision::Copy(copies);
    }
    let Standing::Usable(state) = standing else { return Decision::Withheld(Withheld::Account) };
    if let Some(withheld) = rotation_withheld(survey, account) {
        return withheld;
    }
    if state.password_set_at.is_none() {
        return Decision::Withheld(Withheld::Undated);
    }
    let unknown: Vec<ServerFqdn> =
        survey.targets_of(account).filter(|target| !is_invalid(target)).map(|target| target.server.clone()).collect();
    if unknown.is_empty() {
        Decision::Rotate(Ground::AllInvalid)
    } else {
        Decision::Withheld(Withheld::Servers(unknown))
    }
}

/// Why no rotation may be planned on any ground: nobody knows whom it reaches, or it reaches a site that this plan
/// takes away from the account.
fn rotation_withheld<'s, 'a>(survey: &'s Survey<'a>, account: &AccountName) -> Option<Decision<'s, 'a>> {
    if survey.published.is_none() || survey.actual.assignments.known().is_none() {
        return Some(Decision::Withheld(Withheld::Reach));
    }
    let leaving: Vec<SiteName> = survey.sites_leaving(account).into_iter().cloned().collect();
    let staying: Vec<SiteName> = leaving.into_iter().filter(|site| !survey.is_published(site)).collect();
    let missing = matches!(survey.standing(account), Standing::Missing);
    (!missing && !staying.is_empty()).then_some(Decision::Withheld(Withheld::Leaving(staying)))
}

fn is_invalid(target: &Target<'_>) -> bool {
    target.state.as_ref().is_some_and(ServerState::is_invalid)
}

fn is_valid(target: &Target<'_>) -> bool {
    target.state.as_ref().is_some_and(ServerState::is_valid)
}

/// The valid servers of one account, the first of each pool, site and in all.
struct Sources<'s, 'a> {
    valid: HashMap<&'s ServerFqdn, &'s Target<'a>>,
    by_pool: HashMap<&'s PoolFqdn, &'s Target<'a>>,
    by_site: HashMap<&'s SiteName, &'s Target<'a>>,
    first: Option<&'s Target<'a>>,
}

impl<'s, 'a> Sources<'s, 'a> {
    fn of(survey: &'s Survey<'a>, account: &AccountName) -> Self {
        let mut sources = Self { valid: HashMap::new(), by_pool: HashMap::new(), by_site: HashMap::new(), first: None };
        for target in survey.targets_of(account).filter(|target| is_valid(target)) {
            sources.valid.insert(target.server, target);
            sources.by_pool.entry(target.pool).or_insert(target);
            sources.by_site.entry(target.site).or_insert(target);
            sources.first.get_or_insert(target);
        }
        sources
    }

    fn nearest(&self, survey: &Survey<'a>, target: &Target<'a>) -> Option<Source<'s, 'a>> {
        let declared = survey.declared_site(target.site).and_then(|site| site.source.as_ref());
        let candidates = [
            (declared.and_then(|source| self.valid.get(source)), Nearness::Declared),
            (self.by_pool.get(target.pool), Nearness::SamePool),
            (self.by_site.get(target.site), Nearness::SameSite),
            (self.first.as_ref(), Nearness::SameAccount),
        ];
        candidates.into_iter().find_map(|(source, nearness)| source.map(|target| Source { target, nearness }))
    }
}

pub(super) fn inspect(
    survey: &Survey<'_>,
    decisions: &Decisions<'_, '_>,
    asked: &[(AccountName, String)],
    draft: &mut Draft,
) {
    for (account, decision) in decisions {
        if !matches!(decision, Decision::Rotate(_)) {
            report_unknown(survey, account, draft);
            if asked.iter().any(|(name, _)| name == *account) {
                let message = "the rotation that was asked for is not planned: the account cannot be used, could not be read, or has no server";
                draft.find(Code::RotationWithheld, Subject::Account((*account).clone()), message, None);
            }
        }
        match decision {
            Decision::Nothing => {}
            Decision::Rotate(ground) => {
                let leaving = survey.sites_leaving(account).into_iter().cloned();
                let staying: Vec<SiteName> = leaving.filter(|site| draft.withheld.contains(site)).collect();
                if staying.is_empty() {
                    rotate(survey, account, ground, draft);
                } else {
                    withhold(survey, account, &Withheld::Leaving(staying), draft);
                }
            }
            Decision::Copy(copies) => {
                report_sources(survey, copies, draft);
                for (target, source) in copies {
                    if draft.withheld.contains(target.site) {
                        let message = "not given the password: the assignment of its site is not planned";
                        draft.find(Code::AssignmentWithheld, subject(target), message, None);
                    } else {
                        copy(account, target, *source, draft);
                    }
                }
            }
            Decision::Withheld(why) => withhold(survey, account, why, draft),
        }
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

fn copy(account: &AccountName, target: &Target<'_>, source: Source<'_, '_>, draft: &mut Draft) {
    change(account, target, draft);
    let from = source.target.server;
    let why = match source.nearness {
        Nearness::Declared => "is valid and the source that the file names".to_owned(),
        Nearness::SamePool => "is valid and in the same pool".to_owned(),
        Nearness::SameSite => "is valid and in the same site".to_owned(),
        Nearness::SameAccount => format!("is valid and in site {}, which has the same account", source.target.site),
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
        because: vec![told(target), format!("{from} {why}{}", witness(source.target))],
        disrupts: None,
        consent: None,
        preconditions,
        touches: vec![target.site.clone()],
    });
}

fn rotate(survey: &Survey<'_>, account: &AccountName, ground: &Ground, draft: &mut Draft) {
    let targets: Vec<&Target<'_>> = survey.targets_of(account).collect();
    let sites: Vec<&SiteName> = survey.sites_of(account).collect();
    let named: Vec<&str> = sites.iter().map(|site| site.as_str()).collect();
    let named = named.join(", ");
    targets
        .iter()
        .filter(|target| target.managed && !is_valid(target))
        .for_each(|target| change(account, target, draft));
    let set_at = match survey.standing(account) {
        Standing::Usable(state) => state.password_set_at,
        _ => None,
    };
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
            let because = if in_use {
                format!("{} of {named} known to be invalid: there is none to copy from", all(targets.len()))
            } else {
                format!("no site has the account yet, so no server of {named} holds its password")
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
    // Who leaves the account does so first: a rotation before that would reach its servers too.
    let leaving = survey.sites_leaving(account);
    preconditions.extend(
        leaving
            .iter()
            .map(|site| Predicate::AssignmentIs { site: (*site).clone(), account: survey.eventual(site).cloned() }),
    );
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
        because: vec![because, format!("it reaches every server of every site of {account}: {named}")],
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

fn withhold(survey: &Survey<'_>, account: &AccountName, why: &Withheld, draft: &mut Draft) {
    let (reason, hint) = match why {
        Withheld::Account => match survey.standing(account) {
            Standing::Unknown(_) => (
                format!("no rotation either, because Active Directory's word on {account} could not be read"),
                "collect the directory, then plan anew".to_owned(),
            ),
            _ => return, // the finding about the account says it all
        },
        Withheld::Reach => (
            "no rotation either, because the topology or the assignments could not be read, so nobody knows whom it reaches".to_owned(),
            "collect what is missing, then plan anew".to_owned(),
        ),
        Withheld::Leaving(sites) => {
            let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
            (
                format!("no rotation either, because it would also reach {}, which still has the account", names.join(", ")),
                "carry out the rest of this plan, then plan anew".to_owned(),
            )
        }
        Withheld::Undated => (
            "no rotation either, because when the password was set is not known, so the readings may be older".to_owned(),
            format!("test each server and plan anew, or ask for a rotation\n  cskerb plan ... --rotate '{account}' --reason TEXT"),
        ),
        Withheld::Servers(unknown) => {
            let names: Vec<&str> = unknown.iter().take(5).map(ServerFqdn::as_str).collect();
            let more = unknown.len().saturating_sub(5);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (
                format!("no rotation either, because {}{more} may be valid: that is not known", names.join(", ")),
                format!(
                    "test those servers and plan anew, or ask for a rotation\n  cskerb plan ... --rotate {} --reason TEXT",
                    quote(account.as_str())
                ),
            )
        }
    };
    for target in survey.targets_of(account).filter(|target| target.managed && is_invalid(target)) {
        let message = format!("invalid, and there is no valid server to copy from; {reason}");
        draft.find(Code::RotationWithheld, subject(target), message, Some(hint.clone()));
    }
}

/// Why a target is to be mended: a clause without its name, so that many servers may share it.
fn told(target: &Target<'_>) -> String {
    match &target.state {
        Some(ServerState::Invalid(Invalidity::Reported { by, at, detail })) => {
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
