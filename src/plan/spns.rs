//! SPNs: those that Enable-CsTopology makes, those of overridden internal FQDNs that nobody makes, and those that
//! stand where they should not.

use super::draft::Draft;
use super::enable_topology::{Reason, Trigger};
use super::survey::{Standing, Survey};
use super::{Action, ChangeAction, Layer, Predicate, Property, RunOn, Step, StepKind, Subject};
use crate::codes::Code;
use crate::model::{AccountName, DeclaredAccount, Pool, Principal, Reading, Site, Spn};
use std::collections::{BTreeSet, HashSet};

pub(super) fn inspect(survey: &Survey<'_>, draft: &mut Draft) {
    if survey.actual.directory.known().is_none() {
        return; // the directory as a whole was reported
    }
    let assigns = |step: &&Step| {
        matches!(step.action.kind(), StepKind::AssignAccount | StepKind::ReassignAccount | StepKind::UnassignAccount)
    };
    let moving: HashSet<_> = draft.steps.iter().filter(assigns).flat_map(|step| step.touches.iter().cloned()).collect();
    for site in survey.deployment.sites.iter().filter(|site| survey.is_published(&site.name)) {
        let moves = moving.contains(&site.name);
        if !moves && !is_as_declared(survey, site) {
            continue; // not managed, not known, or withheld: said elsewhere
        }
        for pool in site.pools.iter().filter(|pool| is_web_pool(survey, site, pool)) {
            let place = Place { survey, site, pool, moves };
            place.inspect_pool_spn(draft);
            place.inspect_override_spn(draft);
        }
    }
    report_unexpected(survey, draft);
}

fn is_as_declared(survey: &Survey<'_>, site: &Site) -> bool {
    match (&site.account, survey.assigned(&site.name)) {
        (DeclaredAccount::Account(wanted), Reading::Known(current)) => wanted == current,
        (DeclaredAccount::Nobody, Reading::Absent) => true,
        _ => false,
    }
}

fn is_web_pool(survey: &Survey<'_>, site: &Site, pool: &Pool) -> bool {
    let published = |published: &super::survey::Published<'_>| {
        published.pools.get(&pool.fqdn).is_some_and(|there| there.web_services && there.site == site.name)
    };
    pool.role.runs_web_services() && survey.published.as_ref().is_none_or(published)
}

/// One pool whose SPNs are looked at.
struct Place<'s, 'a> {
    survey: &'s Survey<'a>,
    site: &'a Site,
    pool: &'a Pool,
    /// Whether this plan changes the site's assignment, which explains its SPNs.
    moves: bool,
}

impl Place<'_, '_> {
    fn subject(&self, spn: &Spn) -> Subject {
        Subject::Spn { spn: spn.clone(), of: Some((self.site.name.clone(), self.pool.fqdn.clone())) }
    }

    /// Everybody who holds the SPN; `None` where that was not read, which is then reported.
    fn holders(&self, spn: &Spn, draft: &mut Draft) -> Option<BTreeSet<Principal>> {
        match self.survey.actual.directory.known()?.holders(spn) {
            Reading::Known(holders) => Some(holders),
            Reading::Absent => Some(BTreeSet::new()),
            Reading::Unreadable(cause) => {
                draft.unreadable(self.subject(spn), Layer::Directory, &cause);
                None
            }
        }
    }

    fn kerberos_account(&self, holder: &Principal) -> Option<&AccountName> {
        let name: AccountName = holder.as_str().parse().ok()?;
        self.survey.accounts.get_key_value(&name).map(|(known, _)| known)
    }

    /// `http/<pool FQDN>`: Enable-CsTopology makes and removes it.
    fn inspect_pool_spn(&self, draft: &mut Draft) {
        let spn = self.pool.fqdn.spn();
        let Some(holders) = self.holders(&spn, draft) else { return };
        let wanted = self.site.account.name();
        if let Some(account) = wanted
            && !holders.iter().any(|holder| holder.is(account))
        {
            self.report_missing(&spn, account, draft);
        }
        for holder in holders.iter().filter(|holder| !wanted.is_some_and(|account| holder.is(account))) {
            match (self.kerberos_account(holder), wanted) {
                (Some(former), _) => self.report_left_over(&spn, former, draft),
                (None, Some(_)) => self.report_foreign(&spn, holder, draft),
                (None, None) => {} // nobody needs it here
            }
        }
        if wanted.is_some()
            && holders.len() > 1
            && holders.iter().any(|holder| wanted.is_some_and(|name| holder.is(name)))
        {
            self.report_duplicate(&spn, &holders, draft);
        }
    }

    fn report_missing(&self, spn: &Spn, account: &AccountName, draft: &mut Draft) {
        let after = Some(account.to_string());
        draft.change(self.subject(spn), Layer::Directory, ChangeAction::Create, Property::Holder, None, after);
        if self.moves {
            return; // the assignment step is the reason
        }
        let text =
            format!("{spn} is not on {account}, so clients of {} get no ticket and fall back to NTLM", self.pool.fqdn);
        draft.find(
            Code::SpnMissing,
            self.subject(spn),
            format!("not on {account}, so clients get no ticket and fall back to NTLM"),
            Some("Enable-CsTopology makes it; the plan has the step".to_owned()),
        );
        self.require(Code::SpnMissing, spn, text, Some(account), draft);
    }

    fn report_left_over(&self, spn: &Spn, former: &AccountName, draft: &mut Draft) {
        let before = Some(former.to_string());
        draft.change(self.subject(spn), Layer::Directory, ChangeAction::Delete, Property::Holder, before, None);
        if self.moves {
            return;
        }
        draft.find(
            Code::SpnLeftOver,
            self.subject(spn),
            format!("still on {former}, which {} does not use", self.site.name),
            Some("Enable-CsTopology removes it; the plan has the step".to_owned()),
        );
        let text = format!("{former} still holds {spn}, although {} does not use it", self.site.name);
        self.require(Code::SpnLeftOver, spn, text, self.site.account.name(), draft);
    }

    fn require(&self, code: Code, spn: &Spn, text: String, concerns: Option<&AccountName>, draft: &mut Draft) {
        let trigger = Trigger::Finding(code, self.subject(spn));
        draft.reasons.push(Reason { trigger, text, concerns: concerns.cloned() });
    }

    fn report_foreign(&self, spn: &Spn, holder: &Principal, draft: &mut Draft) {
        let message = format!("held by {holder}, which is not a Kerberos account of this deployment");
        let hint = format!("find out what {holder} is for; if it needs no such SPN: setspn -D {spn} {holder}");
        draft.find(Code::SpnForeignHolder, self.subject(spn), message, Some(hint));
    }

    fn report_duplicate(&self, spn: &Spn, holders: &BTreeSet<Principal>, draft: &mut Draft) {
        let names: Vec<&str> = holders.iter().map(Principal::as_str).collect();
        let message = format!(
            "held by {}: domain controllers then answer \"server not found\", and clients fall back to NTLM",
            names.join(" and ")
        );
        draft.find(Code::SpnOnTwoAccounts, self.subject(spn), message, None);
    }

    /// `http/<internal web FQDN>`: Enable-CsTopology does not make it, setspn does.
    fn inspect_override_spn(&self, draft: &mut Draft) {
        let Some(spn) = self.pool.internal_fqdn.as_ref().map(crate::model::WebFqdn::spn) else { return };
        let Some(holders) = self.holders(&spn, draft) else { return };
        let wanted = self.site.account.name();
        let mut blocked = false;
        for holder in holders.iter().filter(|holder| !wanted.is_some_and(|account| holder.is(account))) {
            if self.kerberos_account(holder).is_some() {
                self.remove(&spn, holder, &holders, draft);
            } else if wanted.is_some() {
                blocked = true;
                self.report_foreign(&spn, holder, draft);
            }
        }
        match wanted {
            Some(account) if !holders.iter().any(|holder| holder.is(account)) => {
                let certain = !matches!(self.survey.standing(account), Standing::Unknown(_));
                if certain && !blocked {
                    self.add(&spn, account, draft);
                }
            }
            Some(_) if holders.len() > 1 => self.report_duplicate(&spn, &holders, draft),
            _ => {}
        }
    }

    fn remove(&self, spn: &Spn, holder: &Principal, holders: &BTreeSet<Principal>, draft: &mut Draft) {
        let before = Some(holder.to_string());
        draft.change(self.subject(spn), Layer::Directory, ChangeAction::Delete, Property::Holder, before, None);
        let because = match self.site.account.name() {
            Some(account) => format!("{spn} belongs on {account}; setspn -S refuses it there while {holder} holds it"),
            None => format!(
                "{} has no account any more, and Enable-CsTopology does not remove a hand-made SPN",
                self.site.name
            ),
        };
        let action = Action::RemoveSpn { spn: spn.clone(), holder: holder.clone() };
        self.step(action, spn, because, holders.iter().cloned().collect(), draft);
    }

    fn add(&self, spn: &Spn, account: &AccountName, draft: &mut Draft) {
        let after = Some(account.to_string());
        draft.change(self.subject(spn), Layer::Directory, ChangeAction::Create, Property::Holder, None, after);
        let because =
            format!("{} overrides its internal web FQDN, and Enable-CsTopology does not make that SPN", self.pool.fqdn);
        let action = Action::AddSpn { spn: spn.clone(), account: account.clone() };
        self.step(action, spn, because, Vec::new(), draft);
    }

    fn step(&self, action: Action, spn: &Spn, because: String, holders: Vec<Principal>, draft: &mut Draft) {
        draft.step(Step {
            action,
            subject: self.subject(spn),
            run_on: RunOn::ManagementShell,
            after: Vec::new(),
            because: vec![because],
            disrupts: None,
            consent: None,
            preconditions: vec![Predicate::SpnHeldBy { spn: spn.clone(), holders }],
            touches: vec![self.site.name.clone()],
        });
    }
}

/// HTTP SPNs on a Kerberos account that no pool needs; nothing else is known to use such an account.
fn report_unexpected(survey: &Survey<'_>, draft: &mut Draft) {
    let declared = survey.deployment.sites.iter().flat_map(|site| &site.pools);
    let overrides = declared.clone().filter_map(|pool| pool.internal_fqdn.as_ref()).map(crate::model::WebFqdn::spn);
    let published = survey.published.iter().flat_map(|published| &published.topology.pools);
    let published_overrides =
        published.clone().filter_map(|pool| pool.internal_fqdn.as_ref()).map(crate::model::WebFqdn::spn);
    let expected: HashSet<Spn> = (declared.map(|pool| pool.fqdn.spn()))
        .chain(overrides)
        .chain(published.map(|pool| pool.fqdn.spn()))
        .chain(published_overrides)
        .collect();
    for (name, standing) in &survey.accounts {
        let (Standing::Usable(state), Some(_)) = (standing, survey.sites_of(name).next()) else { continue };
        for spn in state.spns.iter().filter(|spn| spn.is_http() && !expected.contains(*spn)) {
            let message = format!("on {name}, and no pool of the file or of the topology needs it there");
            let hint = format!("if nothing else uses it: setspn -D {spn} {name}");
            draft.find(Code::SpnUnexpected, Subject::Spn { spn: spn.clone(), of: None }, message, Some(hint));
        }
    }
}
