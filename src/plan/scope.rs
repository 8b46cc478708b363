//! Narrows a plan to sites, pools or servers, without tearing apart what belongs together.

use super::draft::Draft;
use super::enable_topology::Trigger;
use super::survey::Survey;
use super::{Action, Step, Subject};
use crate::codes::Code;
use crate::model::{AccountName, Deployment, PoolFqdn, ServerFqdn, SiteName};
use std::collections::BTreeSet;

/// What a plan is narrowed to; nothing named is the whole deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Whole sites.
    pub sites: BTreeSet<SiteName>,
    /// Whole pools.
    pub pools: BTreeSet<PoolFqdn>,
    /// Servers.
    pub servers: BTreeSet<ServerFqdn>,
}

impl Scope {
    /// Whether it is the whole deployment.
    pub fn is_whole(&self) -> bool {
        self.sites.is_empty() && self.pools.is_empty() && self.servers.is_empty()
    }

    /// The first name that the deployment does not declare, as it was typed, after what it should be: a `site`, a `pool`
    /// or a `server`.
    pub fn first_unknown<'s>(&'s self, deployment: &Deployment) -> Option<(&'static str, &'s str)> {
        let sites = || deployment.sites.iter();
        let pools = || sites().flat_map(|site| &site.pools);
        let site = self.sites.iter().find(|name| sites().all(|site| site.name != **name));
        let pool = self.pools.iter().find(|name| pools().all(|pool| pool.fqdn != **name));
        let unknown = |name: &&ServerFqdn| pools().flat_map(|pool| &pool.servers).all(|server| server.fqdn != **name);
        let server = self.servers.iter().find(unknown);
        site.map(|name| ("site", name.as_str()))
            .or(pool.map(|name| ("pool", name.as_str())))
            .or(server.map(|name| ("server", name.as_str())))
    }

    /// Whether the subject lies wholly inside.
    pub fn selects(&self, subject: &Subject) -> bool {
        self.is_whole()
            || subject.site().is_some_and(|site| self.sites.contains(site))
            || subject.pool().is_some_and(|pool| self.pools.contains(pool))
            || subject.server().is_some_and(|server| self.servers.contains(server))
    }
}

impl Scope {
    /// Whether a step lies inside: an account is created for any site inside, and rotated only for sites inside.
    fn keeps(&self, step: &Step) -> bool {
        match &step.action {
            Action::CreateAccount { .. } => step.touches.iter().any(|site| self.sites.contains(site)),
            Action::RotatePassword { .. } => step.touches.iter().all(|site| self.sites.contains(site)),
            _ => self.selects(&step.subject),
        }
    }
}

/// The scope with the pools, sites and accounts around it, which concern it without lying inside.
struct Surroundings<'s> {
    scope: &'s Scope,
    sites: BTreeSet<&'s SiteName>,
    pools: BTreeSet<&'s PoolFqdn>,
    accounts: BTreeSet<&'s AccountName>,
}

impl<'s> Surroundings<'s> {
    fn of(scope: &'s Scope, survey: &'s Survey<'_>) -> Self {
        let mut around = Self { scope, sites: BTreeSet::new(), pools: BTreeSet::new(), accounts: BTreeSet::new() };
        for site in &survey.deployment.sites {
            for pool in &site.pools {
                let inside = scope.sites.contains(&site.name)
                    || scope.pools.contains(&pool.fqdn)
                    || pool.servers.iter().any(|server| scope.servers.contains(&server.fqdn));
                if inside {
                    around.sites.insert(&site.name);
                    around.pools.insert(&pool.fqdn);
                    around.accounts.extend(survey.eventual(&site.name));
                }
            }
            if scope.sites.contains(&site.name) {
                around.sites.insert(&site.name);
                around.accounts.extend(survey.eventual(&site.name));
            }
        }
        around
    }

    /// Whether the subject lies inside, or around what lies inside.
    fn concern(&self, subject: &Subject) -> bool {
        self.scope.selects(subject)
            || match subject {
                Subject::Topology
                | Subject::Assignments
                | Subject::WebServices
                | Subject::Directory
                | Subject::Snapshot => true,
                Subject::Account(name) => self.accounts.contains(name),
                Subject::Site(site) => self.sites.contains(site),
                Subject::Pool(_, pool) | Subject::Spn { of: Some((_, pool)), .. } => self.pools.contains(pool),
                Subject::Spn { of: None, .. } | Subject::Server(..) | Subject::Location(..) => false,
            }
    }
}

/// Keeps what lies in the scope, and says what is left out although something in the scope needs it.
///
/// A rotation stays only where all of the account's sites are inside, and an assignment only where its site is:
/// otherwise Enable-CsTopology would open an outage that nothing in the plan closes.
pub(super) fn narrow(survey: &Survey<'_>, scope: &Scope, draft: &mut Draft) {
    if scope.is_whole() {
        return;
    }
    let around = Surroundings::of(scope, survey);
    let torn: BTreeSet<AccountName> = (draft.steps.iter())
        .filter_map(|step| match &step.action {
            Action::RotatePassword { account } if !scope.keeps(step) => Some(account.clone()),
            _ => None,
        })
        .collect();
    let unassigned: BTreeSet<SiteName> = (draft.steps.iter())
        .filter(|step| {
            let torn = account_of(&step.action).is_some_and(|account| torn.contains(account));
            assigns(&step.action) && (torn || !scope.keeps(step))
        })
        .flat_map(|step| step.touches.iter().cloned())
        .collect();
    let mut left_out: Vec<(Subject, String)> = Vec::new();
    draft.steps.retain(|step| {
        if account_of(&step.action).is_some_and(|account| torn.contains(account)) {
            if matches!(step.action, Action::RotatePassword { .. }) && around.concern(&step.subject) {
                let sites: Vec<&str> = step.touches.iter().map(SiteName::as_str).collect();
                let why =
                    format!("its rotation reaches all of its sites: {}; nothing is planned for it", sites.join(", "));
                left_out.push((step.subject.clone(), why));
            }
            return false;
        }
        if assigns(&step.action) && !scope.keeps(step) && around.concern(&step.subject) {
            let why = "its account is to change, which concerns the whole site; not planned here".to_owned();
            left_out.push((step.subject.clone(), why));
            return false;
        }
        let follows =
            matches!(step.action, Action::CopyConfiguration { .. } | Action::AddSpn { .. } | Action::RemoveSpn { .. });
        if follows && scope.keeps(step) && step.touches.iter().any(|site| unassigned.contains(site)) {
            let why = "it needs the assignment of its whole site, so nothing is planned for it".to_owned();
            left_out.push((step.subject.clone(), why));
            return false;
        }
        scope.keeps(step)
    });
    for (subject, why) in left_out {
        draft.find(Code::OutOfScope, subject, why, Some("plan the whole site, or without a scope".to_owned()));
    }
    let kept: BTreeSet<_> = draft.steps.iter().map(Step::id).collect();
    draft.reasons.retain(|reason| match &reason.trigger {
        Trigger::Step(id) => kept.contains(id),
        Trigger::Finding(_, subject) => {
            around.concern(subject) && !reason.concerns.as_ref().is_some_and(|account| torn.contains(account))
        }
    });
    draft.unreadable.retain(|entry| around.concern(&entry.subject));
    draft.findings.retain(|finding| around.concern(&finding.subject));
    draft.changes.retain(|change| match &change.subject {
        Subject::Account(_) => draft.steps.iter().any(|step| step.subject == change.subject),
        Subject::Server(_, _, server) if change.layer == super::Layer::Kerberos => {
            let reached = |step: &Step| match &step.action {
                Action::CopyConfiguration { to, .. } => to == server,
                Action::RotatePassword { .. } => change.subject.site().is_some_and(|site| step.touches.contains(site)),
                _ => false,
            };
            draft.steps.iter().any(reached)
        }
        subject => scope.selects(subject),
    });
}

/// The account whose servers a step prepares or sets, for all steps that a rotation needs.
fn account_of(action: &Action) -> Option<&AccountName> {
    match action {
        Action::CreateAccount { account, .. }
        | Action::AssignAccount { account, .. }
        | Action::ReassignAccount { to: account, .. }
        | Action::AddSpn { account, .. }
        | Action::CopyConfiguration { account, .. }
        | Action::RotatePassword { account } => Some(account),
        _ => None,
    }
}

fn assigns(action: &Action) -> bool {
    matches!(action, Action::AssignAccount { .. } | Action::ReassignAccount { .. } | Action::UnassignAccount { .. })
}
