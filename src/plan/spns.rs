//! SPNs: those that Enable-CsTopology makes, those of overridden internal FQDNs that nobody makes, and those that
//! stand where they should not.

use super::commands::{quote, setspn};
use super::draft::Draft;
use super::enable_topology::{Reason, Trigger};
use super::survey::{Standing, Survey};
use super::{Action, ChangeAction, Layer, Predicate, Property, RunOn, Step, StepKind, Subject, moment};
use crate::codes::Code;
use crate::model::{AccountName, DeclaredAccount, Pool, PoolFqdn, Principal, Reading, Site, SiteName, Spn, WebFqdn};
use std::collections::{BTreeSet, HashMap, HashSet};

pub(super) fn inspect(survey: &Survey<'_>, draft: &mut Draft) {
    if survey.actual.directory.known().is_none() {
        return; // the directory as a whole was reported
    }
    let assigns = |step: &&Step| {
        matches!(step.action.kind(), StepKind::AssignAccount | StepKind::ReassignAccount | StepKind::UnassignAccount)
    };
    let moving: HashSet<_> = draft.steps.iter().filter(assigns).flat_map(|step| step.touches.iter().cloned()).collect();
    let mut looked_at: HashSet<&PoolFqdn> = HashSet::new();
    for site in survey.deployment.sites.iter().filter(|site| survey.is_published(&site.name)) {
        let moves = moving.contains(&site.name);
        if !moves && !is_as_declared(survey, site) {
            continue; // not managed, not known, or withheld: said elsewhere
        }
        for pool in site.pools.iter().filter(|pool| is_web_pool(survey, site, pool)) {
            looked_at.insert(&pool.fqdn);
            let place = Place { survey, site, pool, moves };
            place.inspect_pool_spn(draft);
            place.inspect_override_spn(draft);
        }
    }
    report_unexpected(survey, &looked_at, draft);
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
            // By its name, whichever way it was written.
            Reading::Known(holders) => Some(holders.into_iter().map(|holder| self.known(holder)).collect()),
            Reading::Absent => Some(BTreeSet::new()),
            // An account that this plan creates certainly holds nothing yet.
            Reading::Unreadable(_) if self.wanted_is_missing() => Some(BTreeSet::new()),
            Reading::Unreadable(cause) => {
                draft.unreadable(self.subject(spn), Layer::Directory, &cause);
                None
            }
        }
    }

    /// "Account first, SPNs second": nothing is put on an account that is to be mended, or is no computer account and can
    /// never serve.
    fn wanted_is_unusable(&self) -> bool {
        let wanted = self.site.account.name();
        wanted.is_some_and(|account| matches!(self.survey.standing(account), Standing::Unusable(_)))
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

    fn known(&self, holder: Principal) -> Principal {
        holder.among(&self.survey.accounts).map_or(holder, Principal::from)
    }

    fn is_kerberos_account(&self, holder: &Principal) -> bool {
        holder.among(&self.survey.accounts).is_some()
    }

    /// `http/<pool FQDN>`: Enable-CsTopology makes and removes it.
    fn inspect_pool_spn(&self, draft: &mut Draft) {
        let spn = self.pool.fqdn.spn();
        let Some(holders) = self.holders(&spn, draft) else { return };
        let parties = self.parties(&holders);
        self.report_strangers(&spn, &parties, draft);
        if self.waits_for_account(&spn, &parties, draft) {
            return;
        }
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

    fn require(&self, code: Code, spn: &Spn, words: &str, draft: &mut Draft) {
        let wanted = self.site.account.name();
        require(self.survey, code, spn, self.subject(spn), words, wanted.cloned(), draft);
    }

    /// Whether the SPN is out of place and stays so, because the account that shall hold it has to be mended first.
    fn waits_for_account(&self, spn: &Spn, parties: &Parties<'_, '_>, draft: &mut Draft) -> bool {
        let Some(account) = parties.wanted.filter(|_| self.wanted_is_unusable()) else { return false };
        if !parties.held || !parties.former.is_empty() {
            let where_it_is = match parties.former.first() {
                Some(former) if parties.held => format!("also on {former}"),
                Some(former) => format!("on {former}"),
                None => format!("not on {account}"),
            };
            let message = format!("{where_it_is}; nothing is planned for it, because {account} cannot be used");
            let hint = "mend the account first, then plan anew".to_owned();
            draft.find(Code::SpnMissing, self.subject(spn), message, Some(hint));
        }
        true
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
            let remove = if holder.is_distinguished() {
                let (dn, spn) = (quote(holder.as_str()), quote(spn.as_str()));
                format!("Set-ADObject -Identity {dn} -Remove @{{servicePrincipalName={spn}}}")
            } else {
                setspn("-D", spn.as_str(), holder.as_str())
            };
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

    /// `http/<internal web FQDN>`: Enable-CsTopology does not make it, setspn does.
    fn inspect_override_spn(&self, draft: &mut Draft) {
        let Some(spn) = self.pool.internal_fqdn.as_ref().map(WebFqdn::spn) else { return };
        let Some(holders) = self.holders(&spn, draft) else { return };
        let parties = self.parties(&holders);
        self.report_strangers(&spn, &parties, draft);
        if self.waits_for_account(&spn, &parties, draft) {
            return;
        }
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

/// HTTP SPNs on a Kerberos account that the account's own sites do not need: those of a pool whose site has another
/// account or none, which Enable-CsTopology would have removed, and those of no pool at all; nothing else is known to
/// use such an account.
fn report_unexpected(survey: &Survey<'_>, looked_at: &HashSet<&PoolFqdn>, draft: &mut Draft) {
    if survey.published.is_none() {
        return; // nobody knows which pools there are
    }
    let owners = Owners::of(survey);
    let directory = survey.actual.directory.known();
    for name in survey.accounts.keys() {
        let Some(Reading::Known(state)) = directory.map(|directory| directory.account(name)) else { continue };
        for spn in state.spns.iter().filter(|spn| spn.is_http()) {
            match owners.0.get(spn) {
                // Looked at with its pool, and said there.
                Some(owner) if looked_at.contains(owner.pool) => {}
                Some(owner) if owner.may_hold(survey, name) => {}
                Some(owner) if owner.made_by_hand => {
                    let message = format!("on {name}, which {} does not use", owner.site);
                    let hint = format!("Enable-CsTopology does not remove it\n  {}", remove(spn, name));
                    draft.find(Code::SpnUnexpected, owner.subject(spn), message, Some(hint));
                }
                Some(owner) => {
                    let words = format!("still on {name}, which {} does not use", owner.site);
                    let concerns = survey.eventual(owner.site).cloned();
                    require(survey, Code::SpnLeftOver, spn, owner.subject(spn), &words, concerns, draft);
                }
                None if survey.sites_of(name).next().is_some() => {
                    let message = format!("on {name}, and no pool of the file or of the topology needs it there");
                    let hint = format!("if nothing else uses it\n  {}", remove(spn, name));
                    draft.find(Code::SpnUnexpected, Subject::Spn { spn: spn.clone(), of: None }, message, Some(hint));
                }
                None => {} // an account that is left over is said to be so
            }
        }
    }
}

fn remove(spn: &Spn, holder: &AccountName) -> String {
    setspn("-D", spn.as_str(), holder.as_str())
}

/// Left over from an earlier change: a finding, and a reason for Enable-CsTopology.
///
/// Where the account got its password only just before the directory was read, the domain controllers may not agree yet:
/// Enable-CsTopology then may be needed or not, so whoever reads the plan is told to wait and to look again first.
fn require(
    survey: &Survey<'_>,
    code: Code,
    spn: &Spn,
    subject: Subject,
    words: &str,
    concerns: Option<AccountName>,
    draft: &mut Draft,
) {
    let settles = concerns.as_ref().and_then(|account| survey.settles(account));
    let (hint, wait) = match (settles, &concerns) {
        (Some(settles), Some(account)) => {
            let wait = format!(
                "wait first: {account} got its password so soon before that the domain controllers may not agree yet"
            );
            let then = format!("read the directory again after {} and plan anew", moment(settles));
            let hint = format!("{wait}; {then}. If it is still so, Enable-CsTopology mends it; the plan has the step");
            (hint, format!("; but {wait}"))
        }
        _ => ("Enable-CsTopology mends it; the plan has the step".to_owned(), String::new()),
    };
    draft.find(code, subject.clone(), words, Some(hint));
    let text = format!("{spn} is {words}{wait}");
    draft.reasons.push(Reason { trigger: Trigger::Finding(code, subject), text, concerns });
}

/// The pool that an SPN is for.
struct Owner<'a> {
    site: &'a SiteName,
    pool: &'a PoolFqdn,
    /// Whether it is that of an overridden internal FQDN.
    made_by_hand: bool,
}

impl Owner<'_> {
    fn subject(&self, spn: &Spn) -> Subject {
        Subject::Spn { spn: spn.clone(), of: Some((self.site.clone(), self.pool.clone())) }
    }

    /// Whether the site has the account, shall have it, or nobody knows.
    fn may_hold(&self, survey: &Survey<'_>, account: &AccountName) -> bool {
        let assigned = match survey.assigned(self.site) {
            Reading::Known(assigned) => assigned == account,
            Reading::Absent => false,
            Reading::Unreadable(_) => true,
        };
        assigned || survey.eventual(self.site) == Some(account)
    }
}

/// The pools of the file and of the topology by their SPNs; what is published goes before what is declared.
struct Owners<'a>(HashMap<Spn, Owner<'a>>);

impl<'a> Owners<'a> {
    fn of(survey: &Survey<'a>) -> Self {
        let mut owners = HashMap::new();
        let mut add = |site: &'a SiteName, pool: &'a PoolFqdn, internal: Option<&WebFqdn>| {
            owners.entry(pool.spn()).or_insert(Owner { site, pool, made_by_hand: false });
            if let Some(internal) = internal {
                owners.entry(internal.spn()).or_insert(Owner { site, pool, made_by_hand: true });
            }
        };
        for pool in survey.published.iter().flat_map(|published| &published.topology.pools) {
            add(&pool.site, &pool.fqdn, pool.internal_fqdn.as_ref());
        }
        for site in &survey.deployment.sites {
            site.pools.iter().for_each(|pool| add(&site.name, &pool.fqdn, pool.internal_fqdn.as_ref()));
        }
        Self(owners)
    }
}
