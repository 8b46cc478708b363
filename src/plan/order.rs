//! Puts the steps in order: Enable-CsTopology once and in its place, the tests last, and what waits for what.

use super::draft::Draft;
use super::enable_topology::{Reason, Trigger};
use super::survey::{ServerState, Survey};
use super::{Action, Predicate, RunOn, Step, StepId, StepKind, Subject};
use crate::codes::Code;
use crate::model::{AccountName, PoolFqdn, ServerFqdn, SiteName};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Adds Enable-CsTopology and the tests, sorts, and fills in `after`.
pub(super) fn arrange(survey: &Survey<'_>, draft: &mut Draft) {
    if !draft.reasons.is_empty() {
        let step = enable_topology(survey, draft);
        draft.steps.push(step);
    }
    let touching = draft.steps.iter().filter(|step| step.action.kind() != StepKind::CreateAccount);
    let touched: BTreeSet<SiteName> = touching.flat_map(|step| step.touches.iter().cloned()).collect();
    // The declared sites in their order, then others that a rotation reaches; one without an account has nothing to test.
    let declared = survey.deployment.sites.iter().map(|site| &site.name).filter(|site| touched.contains(site));
    let others = touched.iter().filter(|site| survey.declared_site(site).is_none());
    let tested: Vec<&SiteName> = declared.chain(others).filter(|site| survey.eventual(site).is_some()).collect();
    let left = Left::behind(survey, &draft.steps);
    let tests: Vec<_> = tested.into_iter().map(|site| (site.clone(), left.at(site))).collect();
    for (site, left) in tests {
        match left {
            None => draft.steps.push(test(site)),
            Some(servers) => withhold_test(site, &servers, draft),
        }
    }
    draft.steps.sort_by_key(|step| step.action.kind());
    let afters = Dependencies::of(&draft.steps, &draft.reasons).all(&draft.steps);
    for (step, after) in draft.steps.iter_mut().zip(afters) {
        step.after = after;
    }
}

/// It touches the sites of its reasons, whose windows then hold for it, and whose tests follow.
///
/// Not every declared site, although it enables the whole topology: what else was published is nobody's change in this
/// plan, is warned of, and is refused where the signature moved since. And since a step needs the windows of all sites
/// it touches, sites with windows at different times could never have theirs enabled but outside of all windows. A site
/// that the file does not declare has no window; where there is no other, those of all that have an account hold.
fn enable_topology(survey: &Survey<'_>, draft: &Draft) -> Step {
    let signature = survey.actual.topology.known().and_then(|topology| topology.signature.clone());
    let mut concerned: BTreeSet<&SiteName> = BTreeSet::new();
    let steps: HashMap<StepId, &Step> = draft.steps.iter().map(|step| (step.id(), step)).collect();
    for reason in &draft.reasons {
        match &reason.trigger {
            Trigger::Step(id) => concerned.extend(steps.get(id).into_iter().flat_map(|step| &step.touches)),
            Trigger::Finding(_, subject) => concerned.extend(subject.site()),
        }
    }
    let declared = || survey.deployment.sites.iter().map(|site| &site.name);
    let mut touches: Vec<SiteName> = declared().filter(|site| concerned.contains(site)).cloned().collect();
    if touches.is_empty() {
        touches = declared().filter(|site| survey.eventual(site).is_some()).cloned().collect();
    }
    Step {
        action: Action::EnableTopology { signature: signature.clone() },
        subject: Subject::Topology,
        run_on: RunOn::ManagementShell,
        after: Vec::new(),
        because: draft.reasons.iter().map(|reason| reason.text.clone()).collect(),
        disrupts: disruption(survey, draft),
        consent: None,
        preconditions: vec![Predicate::TopologySignatureIs { signature }],
        touches,
    }
}

/// What the assignment steps disrupt begins here: until Enable-CsTopology nothing of them is in effect. An SPN that it
/// makes again brings tickets to servers that may not be able to read them yet.
fn disruption(survey: &Survey<'_>, draft: &Draft) -> Option<String> {
    let of = |kinds: &[StepKind]| -> Vec<&SiteName> {
        let steps = draft.steps.iter().filter(|step| kinds.contains(&step.action.kind()));
        steps.flat_map(|step| &step.touches).collect()
    };
    let mut given = of(&[StepKind::AssignAccount, StepKind::ReassignAccount]);
    let unready = |site: &SiteName| {
        survey.targets_at(site).any(|target| !target.state.as_ref().is_some_and(ServerState::is_valid))
    };
    // Of a site with many missing SPNs it is asked once.
    let mut asked: BTreeSet<&SiteName> = given.iter().copied().collect();
    for reason in &draft.reasons {
        if let Trigger::Finding(Code::SpnMissing, subject) = &reason.trigger
            && let Some(site) = subject.site()
            && asked.insert(site)
            && unready(site)
        {
            given.push(site);
        }
    }
    let clients = |sites: &[&SiteName], how: &str| {
        let names: Vec<&str> = sites.iter().map(|site| site.as_str()).collect();
        (!sites.is_empty()).then(|| format!("clients of {}: from here on they {how}", names.join(", ")))
    };
    let both = [
        clients(&given, "get tickets that servers cannot read until the password steps are done"),
        clients(&of(&[StepKind::UnassignAccount]), "fall back to NTLM or certificates"),
    ];
    let both: Vec<String> = both.into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// Who stays invalid although every step is carried out: outside of the scope, not declared, or withheld.
///
/// While one does, the test of its site cannot succeed, and a step that must fail would only stop the run.
struct Left<'s, 'a> {
    survey: &'s Survey<'a>,
    copied: HashSet<ServerFqdn>,
    rotated: HashSet<AccountName>,
}

impl<'s, 'a> Left<'s, 'a> {
    fn behind(survey: &'s Survey<'a>, steps: &[Step]) -> Self {
        let mut left = Self { survey, copied: HashSet::new(), rotated: HashSet::new() };
        for step in steps {
            match &step.action {
                Action::CopyConfiguration { to, .. } => _ = left.copied.insert(to.clone()),
                Action::RotatePassword { account } => _ = left.rotated.insert(account.clone()),
                _ => {}
            }
        }
        left
    }

    fn at(&self, site: &SiteName) -> Option<Vec<&'a ServerFqdn>> {
        let rotated = |account: &AccountName| self.rotated.contains(account) && !self.survey.is_branch(site);
        let invalid = self.survey.targets_at(site).filter(|target| {
            target.state.as_ref().is_some_and(ServerState::is_invalid)
                && !self.copied.contains(target.server)
                && !target.account.is_some_and(rotated)
        });
        let left: Vec<&ServerFqdn> = invalid.map(|target| target.server).collect();
        (!left.is_empty()).then_some(left)
    }
}

fn withhold_test(site: SiteName, left: &[&ServerFqdn], draft: &mut Draft) {
    let (who, stay) = match left {
        [one] => (one.to_string(), "stays"),
        [first, others @ ..] => (format!("{first} and {} more", others.len()), "stay"),
        [] => return,
    };
    let message = format!(
        "its test is not planned: {who} {stay} invalid, and Test-CsKerberosAccountAssignment fails as long as one does"
    );
    let hint = "what the plan mends is verified after apply all the same; mend the rest, and the site is tested then";
    draft.find(Code::TestWithheld, Subject::Site(site), message, Some(hint.to_owned()));
}

fn test(site: SiteName) -> Step {
    Step {
        subject: Subject::Site(site.clone()),
        run_on: RunOn::ManagementShell,
        after: Vec::new(),
        because: vec![format!("other steps touch {site}: the test shows whether they took effect")],
        disrupts: None,
        consent: None,
        preconditions: Vec::new(),
        touches: vec![site.clone()],
        action: Action::TestAssignment { site },
    }
}

/// Who must wait for whom, by account, site and pool. A step is known by its place in the plan.
struct Dependencies<'s> {
    creates: HashMap<&'s AccountName, usize>,
    rotates: HashMap<&'s AccountName, usize>,
    assigns: HashMap<&'s SiteName, usize>,
    all_assigns: Vec<usize>,
    enables: HashSet<&'s AccountName>,
    enable: Option<usize>,
    removes: PlacesBy<&'s PoolFqdn>,
    adds: PlacesBy<&'s PoolFqdn>,
    spns_by_site: PlacesBy<&'s SiteName>,
    touching: PlacesBy<&'s SiteName>,
}

impl<'s> Dependencies<'s> {
    fn of(steps: &'s [Step], reasons: &'s [Reason]) -> Self {
        let mut found = Self {
            creates: HashMap::new(),
            rotates: HashMap::new(),
            assigns: HashMap::new(),
            all_assigns: Vec::new(),
            enables: reasons.iter().filter_map(|reason| reason.concerns.as_ref()).collect(),
            enable: None,
            removes: PlacesBy::default(),
            adds: PlacesBy::default(),
            spns_by_site: PlacesBy::default(),
            touching: PlacesBy::default(),
        };
        for (at, step) in steps.iter().enumerate() {
            match &step.action {
                Action::CreateAccount { account, .. } => {
                    found.creates.insert(account, at);
                    continue; // the test waits for the steps that follow from it
                }
                Action::AssignAccount { site, .. }
                | Action::ReassignAccount { site, .. }
                | Action::UnassignAccount { site, .. } => {
                    found.assigns.insert(site, at);
                    found.all_assigns.push(at);
                }
                Action::EnableTopology { .. } => found.enable = Some(at),
                Action::RotatePassword { account } => _ = found.rotates.insert(account, at),
                Action::RemoveSpn { .. } => {
                    found.spns_by_site.add(step.touches.first(), at);
                    found.removes.add(step.subject.pool(), at);
                }
                Action::AddSpn { .. } => {
                    found.spns_by_site.add(step.touches.first(), at);
                    found.adds.add(step.subject.pool(), at);
                }
                _ => {}
            }
            if step.action.kind() != StepKind::TestAssignment {
                for site in &step.touches {
                    found.touching.add(Some(site), at);
                }
            }
        }
        found
    }

    /// What each step waits for, in the order of the plan.
    fn all(&self, steps: &[Step]) -> Vec<Vec<StepId>> {
        let in_order = |(at, step): (usize, &Step)| {
            let mut before = self.before(at, step);
            before.sort_unstable();
            before.dedup();
            before.into_iter().map(|at| steps[at].id()).collect()
        };
        steps.iter().enumerate().map(in_order).collect()
    }

    fn before(&self, at: usize, step: &Step) -> Vec<usize> {
        let mut before: Vec<usize> = Vec::new();
        match &step.action {
            Action::CreateAccount { .. } | Action::UnassignAccount { .. } | Action::SetIis { .. } => {}
            Action::AssignAccount { account, .. } | Action::ReassignAccount { to: account, .. } => {
                before.extend(self.creates.get(account));
            }
            Action::EnableTopology { .. } => {
                before.extend(self.enables.iter().filter_map(|account| self.creates.get(account)));
                before.extend(&self.all_assigns);
            }
            Action::RemoveSpn { .. } => {
                self.servers_or_spns_wait(step, None, &mut before);
                before.extend(self.removes.at(step.subject.pool()).iter().take_while(|other| **other != at));
            }
            Action::AddSpn { account, .. } => {
                self.servers_or_spns_wait(step, Some(account), &mut before);
                before.extend(self.removes.at(step.subject.pool()));
            }
            Action::RotatePassword { account } => {
                self.servers_or_spns_wait(step, Some(account), &mut before);
                before.extend(step.touches.iter().flat_map(|site| self.spns_by_site.at(Some(site))));
            }
            Action::CopyConfiguration { account, .. } => {
                // Into a branch site, which the rotation of the account does not reach.
                before.extend(self.rotates.get(account));
                self.servers_or_spns_wait(step, Some(account), &mut before);
                before.extend(self.removes.at(step.subject.pool()));
                before.extend(self.adds.at(step.subject.pool()));
            }
            // Among them Enable-CsTopology, where it concerns the site.
            Action::TestAssignment { site } => before.extend(self.touching.at(Some(site))),
        }
        before
    }

    /// After the account's creation, the assignments of the sites touched, and Enable-CsTopology where it concerns
    /// the account: repairs of other accounts wait for nothing.
    fn servers_or_spns_wait(&self, step: &Step, account: Option<&AccountName>, before: &mut Vec<usize>) {
        before.extend(account.and_then(|account| self.creates.get(account)));
        let assigns: Vec<usize> = step.touches.iter().filter_map(|site| self.assigns.get(site)).copied().collect();
        let concerned = account.is_some_and(|account| self.enables.contains(account)) || !assigns.is_empty();
        before.extend(assigns);
        if concerned {
            before.extend(self.enable);
        }
    }
}

/// Steps by what they are about.
struct PlacesBy<K>(HashMap<K, Vec<usize>>);

impl<K> Default for PlacesBy<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: std::hash::Hash + Eq> PlacesBy<K> {
    fn add(&mut self, key: Option<K>, place: usize) {
        if let Some(key) = key {
            self.0.entry(key).or_default().push(place);
        }
    }

    fn at(&self, key: Option<K>) -> &[usize] {
        key.and_then(|key| self.0.get(&key)).map_or(&[], Vec::as_slice)
    }
}
