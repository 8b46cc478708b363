//! SPNs: those that Enable-CsTopology makes, those of overridden internal FQDNs that nobody makes, and those that
//! stand where they should not.

use super::commands::setspn;
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

/// What clients notice of an SPN that two accounts hold [seen, with a real KDC].
const TWICE: &str = "domain controllers then answer \"server not found\", and clients fall back to NTLM";

/// The holders of one SPN, sorted.
struct Parties<'w, 'h> {
    /// The account that shall hold it; `None` where nobody shall.
    wanted: Option<&'w AccountName>,
    /// Whether that one does.
    held: bool,
    /// Other Kerberos accounts that this program knows.
    former: Vec<&'h Principal>,
    /// Everybody else.
    strangers: Vec<&'h Principal>,
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
        match self.survey.holders_in(self.survey.actual.directory.known()?, spn) {
            Reading::Known(holders) => Some(holders),
            Reading::Absent => Some(BTreeSet::new()),
            // An account that this plan creates certainly holds nothing yet.
            Reading::Unreadable(_) if self.wanted_is_missing() => Some(BTreeSet::new()),
            Reading::Unreadable(cause) => {
                draft.unreadable(self.subject(spn), Layer::Directory, &cause);
                None
            }
        }
    }

    fn wanted_is_missing(&self) -> bool {
        let wanted = self.site.account.name();
        wanted.is_some_and(|account| matches!(self.survey.standing(account), Standing::Missing))
    }

    /// Declared but not published is said, not planned.
    fn override_is_published(&self) -> bool {
        self.survey.published.as_ref().is_none_or(|published| {
            published.pools.get(&self.pool.fqdn).is_some_and(|there| there.internal_fqdn == self.pool.internal_fqdn)
        })
    }

    fn is_kerberos_account(&self, holder: &Principal) -> bool {
        holder.as_str().parse::<AccountName>().is_ok_and(|name| self.survey.accounts.contains_key(&name))
    }

    /// `http/<pool FQDN>`: Enable-CsTopology makes and removes it.
    fn inspect_pool_spn(&self, draft: &mut Draft) {
        let spn = self.pool.fqdn.spn();
        let Some(holders) = self.holders(&spn, draft) else { return };
        let parties = self.parties(&holders);
        self.report_strangers(&spn, &parties, draft);
        self.change_holder(&spn, &parties, draft);
        if self.moves {
            return; // the assignment step is the reason for Enable-CsTopology
        }
        // Beside a stranger's SPN, Enable-CsTopology would make a duplicate: the finding about the stranger comes first.
        if let Some(account) = parties.wanted.filter(|_| !parties.held && parties.strangers.is_empty()) {
            let words = format!("not on {account}, so clients get no ticket and fall back to NTLM");
            self.require(Code::SpnMissing, &spn, &words, draft);
        }
        for former in &parties.former {
            let words = if parties.held {
                format!("also on {former}, which {} does not use: {TWICE}", self.site.name)
            } else {
                format!("still on {former}, which {} does not use", self.site.name)
            };
            self.require(Code::SpnLeftOver, &spn, &words, draft);
        }
    }

    /// Who holds an SPN, and who should.
    fn parties<'h>(&self, holders: &'h BTreeSet<Principal>) -> Parties<'_, 'h> {
        let wanted = self.site.account.name();
        let is_wanted = |holder: &Principal| wanted.is_some_and(|account| holder.is(account));
        let (former, strangers) =
            holders.iter().filter(|holder| !is_wanted(holder)).partition(|holder| self.is_kerberos_account(holder));
        Parties { wanted, held: holders.iter().any(is_wanted), former, strangers }
    }

    /// Holders that no plan touches: nobody here knows what they are for.
    fn report_strangers(&self, spn: &Spn, parties: &Parties<'_, '_>, draft: &mut Draft) {
        if parties.wanted.is_none() {
            return; // nobody needs it here
        }
        for holder in &parties.strangers {
            let (code, message) = if parties.held {
                (
                    Code::SpnOnTwoAccounts,
                    format!("also on {holder}, which is not a Kerberos account of this deployment: {TWICE}"),
                )
            } else {
                (Code::SpnForeignHolder, format!("on {holder}, which is not a Kerberos account of this deployment"))
            };
            let remove = setspn("-D", spn.as_str(), holder.as_str());
            let hint = format!("find out what that account is for; if it needs no such SPN\n  {remove}");
            draft.find(code, self.subject(spn), message, Some(hint));
        }
    }

    /// The difference, as one change.
    fn change_holder(&self, spn: &Spn, parties: &Parties<'_, '_>, draft: &mut Draft) {
        let names: Vec<&str> = parties.former.iter().map(|holder| holder.as_str()).collect();
        let before = (!names.is_empty()).then(|| names.join(", "));
        let after = parties.wanted.filter(|_| !parties.held).map(ToString::to_string);
        let (action, before, after) = match (before, after, parties.held) {
            (None, None, _) => return,
            (None, after, _) => (ChangeAction::Create, None, after),
            (before, None, false) => (ChangeAction::Delete, before, None),
            (Some(former), None, true) => {
                let wanted = parties.wanted.map(ToString::to_string);
                let both = wanted.as_ref().map(|wanted| format!("{wanted}, {former}"));
                (ChangeAction::Update, both, wanted)
            }
            (before, after, _) => (ChangeAction::Update, before, after),
        };
        draft.change(self.subject(spn), Layer::Directory, action, Property::Holder, before, after);
    }

    /// Left over from an earlier change: a finding, and a reason for Enable-CsTopology.
    fn require(&self, code: Code, spn: &Spn, words: &str, draft: &mut Draft) {
        let hint = "Enable-CsTopology mends it; the plan has the step".to_owned();
        draft.find(code, self.subject(spn), words, Some(hint));
        let trigger = Trigger::Finding(code, self.subject(spn));
        let text = format!("{spn} is {words}");
        draft.reasons.push(Reason { trigger, text, concerns: self.site.account.name().cloned() });
    }

    /// `http/<internal web FQDN>`: Enable-CsTopology does not make it, setspn does.
    fn inspect_override_spn(&self, draft: &mut Draft) {
        let Some(spn) = self.pool.internal_fqdn.as_ref().map(crate::model::WebFqdn::spn) else { return };
        let Some(holders) = self.holders(&spn, draft) else { return };
        let parties = self.parties(&holders);
        self.report_strangers(&spn, &parties, draft);
        if let Some(account) = parties.wanted {
            // Nothing is taken away that cannot be given: setspn -S refuses it beside a stranger's.
            let unsure = matches!(self.survey.standing(account), Standing::Unknown(_));
            if !parties.held && (unsure || !parties.strangers.is_empty()) || !self.override_is_published() {
                return;
            }
        }
        self.change_holder(&spn, &parties, draft);
        let mut left = holders.clone();
        for holder in &parties.former {
            let because = match parties.wanted {
                Some(account) => {
                    format!("{spn} belongs on {account}; setspn -S refuses it there while {holder} holds it")
                }
                None => format!(
                    "{} has no account any more, and Enable-CsTopology does not remove a hand-made SPN",
                    self.site.name
                ),
            };
            let action = Action::RemoveSpn { spn: spn.clone(), holder: (*holder).clone() };
            // Each removal waits for those before it, which leave so many holders.
            self.step(action, &spn, because, left.iter().cloned().collect(), draft);
            left.remove(*holder);
        }
        if let Some(account) = parties.wanted.filter(|_| !parties.held) {
            let because = format!(
                "{} overrides its internal web FQDN, and Enable-CsTopology does not make that SPN",
                self.pool.fqdn
            );
            let action = Action::AddSpn { spn: spn.clone(), account: account.clone() };
            self.step(action, &spn, because, Vec::new(), draft);
        }
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
    if survey.published.is_none() {
        return; // nobody knows which pools there are
    }
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
            let hint = format!("if nothing else uses it\n  {}", setspn("-D", spn.as_str(), name.as_str()));
            draft.find(Code::SpnUnexpected, Subject::Spn { spn: spn.clone(), of: None }, message, Some(hint));
        }
    }
}
