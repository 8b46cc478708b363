//! What takes one step back.

use crate::apply::journal::StepRecord;
use crate::apply::target::Observation;
use crate::model::{AccountName, Principal, ServerFqdn, SettingChange, SiteName, Spn};
use crate::plan::{
    Action, Change, ChangeAction, Consent, Layer, LocationChange, Predicate, Property, PropertyChange, RunOn, Step,
    StepId, StepKind, Subject,
};

/// What takes a step back.
pub(super) enum Inverse {
    /// This step.
    Step(Undone),
    /// Nothing need be done: it left nothing behind.
    Nothing,
    /// There is no way back: why, and what to do instead.
    None(String),
}

/// What takes this step back, to the values that the journal saw before it.
pub(super) fn of(done: &StepRecord) -> Inverse {
    let holders = || match &done.after {
        Some(Observation::Holders(holders)) => holders.clone(),
        _ => Vec::new(),
    };
    match &done.action {
        Action::AssignAccount { site, account } => Inverse::Step(unassign(site, account)),
        Action::ReassignAccount { site, from, to } => Inverse::Step(match &done.before {
            Observation::Assignment(Some(former)) => reassign(site, to, former),
            _ => reassign(site, to, from),
        }),
        Action::UnassignAccount { site, from } => Inverse::Step(assign(site, from)),
        Action::AddSpn { spn, account } => Inverse::Step(remove_spn(spn, &Principal::from(account), holders())),
        Action::RemoveSpn { spn, holder } => add_spn(spn, holder, holders()),
        Action::SetIis { server, locations } => set_iis(server, reversed(locations, &done.before)),
        Action::TestAssignment { .. } => Inverse::Nothing,
        other => Inverse::None(no_way_back(other)),
    }
}

/// A step that undoes another one, before it has its place.
pub(super) struct Undone {
    pub(super) action: Action,
    preconditions: Vec<Predicate>,
    consent: Option<Consent>,
    disrupts: Option<String>,
}

impl Undone {
    fn new(action: Action, preconditions: Vec<Predicate>) -> Self {
        Self { action, preconditions, consent: None, disrupts: None }
    }

    pub(super) fn into_step(
        self,
        of: &StepId,
        subject: Subject,
        touches: Vec<SiteName>,
        removals: Vec<StepId>,
    ) -> Step {
        Step {
            run_on: match &self.action {
                Action::SetIis { server, .. } => RunOn::Server(server.clone()),
                _ => RunOn::ManagementShell,
            },
            after: if self.action.kind() == StepKind::AddSpn { removals } else { Vec::new() },
            because: vec![format!("it takes {of} back")],
            action: self.action,
            subject,
            disrupts: self.disrupts,
            consent: self.consent,
            preconditions: self.preconditions,
            touches,
        }
    }
}

fn unassign(site: &SiteName, account: &AccountName) -> Undone {
    Undone {
        consent: Some(Consent::Unassignment),
        disrupts: Some(format!("clients of {site}: they fall back to NTLM or certificates")),
        ..Undone::new(
            Action::UnassignAccount { site: site.clone(), from: account.clone() },
            vec![Predicate::AssignmentIs { site: site.clone(), account: Some(account.clone()) }],
        )
    }
}

fn reassign(site: &SiteName, from: &AccountName, to: &AccountName) -> Undone {
    Undone {
        consent: Some(Consent::Reassignment),
        disrupts: Some(format!(
            "an outage in {site}: from Enable-CsTopology on its SPNs point at {to}, while its servers still hold the \
             password of {from}; plan and apply the former file at once"
        )),
        ..Undone::new(
            Action::ReassignAccount { site: site.clone(), from: from.clone(), to: to.clone() },
            vec![
                Predicate::AssignmentIs { site: site.clone(), account: Some(from.clone()) },
                Predicate::AccountUsable { account: to.clone() },
            ],
        )
    }
}

fn assign(site: &SiteName, account: &AccountName) -> Undone {
    Undone::new(
        Action::AssignAccount { site: site.clone(), account: account.clone() },
        vec![
            Predicate::AssignmentIs { site: site.clone(), account: None },
            Predicate::AccountUsable { account: account.clone() },
        ],
    )
}

fn remove_spn(spn: &Spn, holder: &Principal, holders: Vec<Principal>) -> Undone {
    Undone::new(
        Action::RemoveSpn { spn: spn.clone(), holder: holder.clone() },
        vec![Predicate::SpnHeldBy { spn: spn.clone(), holders }],
    )
}

fn add_spn(spn: &Spn, holder: &Principal, holders: Vec<Principal>) -> Inverse {
    match holder.as_str().parse() {
        Ok(account) => Inverse::Step(Undone::new(
            Action::AddSpn { spn: spn.clone(), account },
            vec![Predicate::SpnHeldBy { spn: spn.clone(), holders }],
        )),
        Err(_) => Inverse::None(format!(
            "{holder} is not named as a Kerberos account can be; by hand: setspn -S {spn} {holder}"
        )),
    }
}

fn set_iis(server: &ServerFqdn, locations: Vec<LocationChange>) -> Inverse {
    if locations.is_empty() {
        return Inverse::Nothing;
    }
    let as_set = |change: &LocationChange| Predicate::LocationIs {
        server: server.clone(),
        location: change.location.clone(),
        settings: change.settings.iter().map(|setting| setting.before.clone()).collect(),
    };
    let preconditions = locations.iter().map(as_set).collect();
    Inverse::Step(Undone::new(Action::SetIis { server: server.clone(), locations }, preconditions))
}

/// The settings back to what the journal saw, or to what the plan saw where the journal could not.
fn reversed(locations: &[LocationChange], before: &Observation) -> Vec<LocationChange> {
    let seen = match before {
        Observation::Settings(seen) if seen.len() == locations.len() => Some(seen),
        _ => None,
    };
    let back = |(at, change): (usize, &LocationChange)| {
        let setting = |(nth, setting): (usize, &SettingChange)| {
            let former = seen.and_then(|seen| seen[at].get(nth)).unwrap_or(&setting.before);
            SettingChange { before: setting.after.clone(), after: former.clone() }
        };
        let settings = change.settings.iter().enumerate().map(setting);
        let settings: Vec<SettingChange> = settings.filter(|change| change.before != change.after).collect();
        (!settings.is_empty()).then(|| LocationChange { location: change.location.clone(), settings })
    };
    locations.iter().enumerate().filter_map(back).collect()
}

fn no_way_back(action: &Action) -> String {
    match action {
        Action::RotatePassword { account } => {
            format!("the former password of {account} is gone; every server that was reached has the new one")
        }
        Action::CreateAccount { account, .. } => format!(
            "no cmdlet deletes {account}; when nothing uses it, delete the computer object {} by hand",
            account.account()
        ),
        Action::CopyConfiguration { account, to, .. } => {
            format!("{to} keeps the configuration of {account}; what it had before is gone")
        }
        _ => "a topology that was enabled stays enabled; where assignments are taken back, it is enabled again, which \
              moves their SPNs"
            .to_owned(),
    }
}

/// The differences that a step of the way back makes, for people.
pub(super) fn changes(step: &Step) -> Vec<Change> {
    let one = |layer, action, name, before: Option<String>, after: Option<String>| {
        let properties = vec![PropertyChange { name, before, after }];
        vec![Change { subject: step.subject.clone(), layer, action, properties }]
    };
    match &step.action {
        Action::AssignAccount { account, .. } => {
            one(Layer::Assignment, ChangeAction::Create, Property::Account, None, Some(account.to_string()))
        }
        Action::ReassignAccount { from, to, .. } => {
            let (from, to) = (Some(from.to_string()), Some(to.to_string()));
            one(Layer::Assignment, ChangeAction::Update, Property::Account, from, to)
        }
        Action::UnassignAccount { from, .. } => {
            one(Layer::Assignment, ChangeAction::Delete, Property::Account, Some(from.to_string()), None)
        }
        Action::AddSpn { account, .. } => {
            one(Layer::Directory, ChangeAction::Create, Property::Holder, None, Some(account.to_string()))
        }
        Action::RemoveSpn { holder, .. } => {
            one(Layer::Directory, ChangeAction::Delete, Property::Holder, Some(holder.to_string()), None)
        }
        Action::SetIis { locations, .. } => locations.iter().map(|change| location(step, change)).collect(),
        _ => Vec::new(),
    }
}

fn location(step: &Step, change: &LocationChange) -> Change {
    let subject = match &step.subject {
        Subject::Server(site, pool, server) => {
            Subject::Location(site.clone(), pool.clone(), server.clone(), change.location.clone())
        }
        other => other.clone(),
    };
    let properties = change.settings.iter().map(|setting| PropertyChange {
        name: Property::from(&setting.after),
        before: Some(setting.before.value()),
        after: Some(setting.after.value()),
    });
    Change { subject, layer: Layer::Iis, action: ChangeAction::Update, properties: properties.collect() }
}
