//! What is to be done, in order, and whom it disturbs.

use super::words::{count, fold, list};
use super::{Item, Label, Mark};
use crate::model::{PoolFqdn, ServerFqdn};
use crate::plan::{Action, Consent, Plan, RunOn, Step, StepId, StepKind, quote};
use std::collections::HashMap;

/// The steps that somebody notices.
pub(super) fn disruptions(plan: &Plan) -> Vec<Item> {
    let item = |step: &Step| {
        let disrupts = step.disrupts.as_ref()?;
        let mut item = Item::new(Mark::Disrupt, format!("{}: {disrupts}", step.id()));
        if let Some(consent) = consent(step) {
            item = item.note(Label::Needs, consent);
        }
        Some(item)
    };
    plan.steps.iter().filter_map(item).collect()
}

/// The consent that a step needs, as apply wants it.
fn consent(step: &Step) -> Option<String> {
    let (kind, subject) = match (step.consent?, &step.action) {
        (Consent::Rotation, Action::RotatePassword { account }) => ("rotation", account.to_string()),
        (Consent::Reassignment, Action::ReassignAccount { site, .. }) => ("reassignment", site.to_string()),
        (Consent::Unassignment, Action::UnassignAccount { site, .. }) => ("unassignment", site.to_string()),
        _ => return None,
    };
    let consent = format!("{kind}:{subject}");
    let simple = |c: char| c.is_alphanumeric() || ":\\.-_".contains(c);
    let consent = if consent.chars().all(simple) { consent } else { quote(&consent) };
    Some(format!("consent: apply with --allow {consent}"))
}

/// What steps share that read alike.
#[derive(PartialEq, Eq, Hash)]
enum Alike<'p> {
    /// Copies from one source into one pool.
    Copies(&'p ServerFqdn, Option<&'p PoolFqdn>),
    /// IIS settings in one pool.
    Iis(Option<&'p PoolFqdn>),
    /// Tests of sites.
    Tests,
    /// A step that stands alone, by its number.
    Alone(usize),
}

impl<'p> Alike<'p> {
    fn of((number, step): &(usize, &'p Step)) -> Self {
        match &step.action {
            Action::CopyConfiguration { from, .. } => Self::Copies(from, step.subject.pool()),
            Action::SetIis { .. } => Self::Iis(step.subject.pool()),
            Action::TestAssignment { .. } => Self::Tests,
            _ => Self::Alone(*number),
        }
    }
}

/// All steps, numbered, alike ones folded.
pub(super) fn steps(plan: &Plan) -> Vec<Item> {
    let numbered: Vec<(usize, &Step)> = plan.steps.iter().enumerate().map(|(at, step)| (at + 1, step)).collect();
    let numbers: HashMap<StepId, usize> = numbered.iter().map(|(number, step)| (step.id(), *number)).collect();
    fold(&numbered, Alike::of).iter().map(|group| item(group, &numbers)).collect()
}

fn item(group: &[&(usize, &Step)], numbers: &HashMap<StepId, usize>) -> Item {
    let (number, first) = *group[0];
    let last = group.last().map_or(number, |(number, _)| *number);
    if group.len() > 1 && first.action.kind() == StepKind::TestAssignment {
        let sites: Vec<String> = group.iter().flat_map(|(_, step)| &step.touches).map(ToString::to_string).collect();
        let mut item = Item::new(Mark::Step(number, last), format!("Test the assignments of {}", list(&sites)));
        item.actions = actions(group);
        return item
            .covering(group.len())
            .note(Label::Because, "other steps touch them: the tests show whether they took effect");
    }
    let names: Vec<String> =
        group.iter().filter_map(|(_, step)| step.subject.server()).map(ToString::to_string).collect();
    let sentence = sentence(first, group.len()) + &settings(group).unwrap_or_default();
    let mut item = Item::new(Mark::Step(number, last), sentence).covering(group.len());
    item.actions = actions(group);
    if group.len() > 1 {
        item = item.note(Label::Servers, list(&names));
    }
    for (at, because) in first.because.iter().enumerate() {
        let shared = group.iter().all(|(_, step)| step.because.get(at) == Some(because));
        let others = if shared { "" } else { " (the others likewise, each by its own reading)" };
        item = item.note(Label::Because, format!("{because}{others}"));
    }
    if let RunOn::Server(server) = &first.run_on
        && !matches!(first.action, Action::SetIis { .. })
    {
        item = item.note(Label::ByHand, format!("log on to {server}, and copy from there"));
    }
    if !first.after.is_empty() && first.action.kind() != StepKind::TestAssignment {
        let after: Vec<usize> = first.after.iter().filter_map(|id| numbers.get(id).copied()).collect();
        item = item.note(Label::After, ranges(&after));
    }
    match consent(first) {
        Some(consent) => item.note(Label::Needs, consent),
        None => item,
    }
}

fn actions(group: &[&(usize, &Step)]) -> Vec<Action> {
    group.iter().map(|(_, step)| step.action.clone()).collect()
}

/// How many settings differ on each server of steps that set them: ` (1 setting)`, ` (1 to 3 settings each)`.
fn settings(group: &[&(usize, &Step)]) -> Option<String> {
    let differing = |(_, step): &&(usize, &Step)| match &step.action {
        Action::SetIis { locations, .. } => {
            Some(locations.iter().flat_map(|change| &change.settings).filter(|setting| setting.differs()).count())
        }
        _ => None,
    };
    let counts: Vec<usize> = group.iter().map(differing).collect::<Option<_>>()?;
    let (least, most) = (counts.iter().min()?, counts.iter().max()?);
    let range = if least == most { String::new() } else { format!("{least} to ") };
    let each = if group.len() == 1 { "" } else { " each" };
    Some(format!(" ({range}{}{each})", count(*most, "setting", "settings")))
}

/// `step 1`, `steps 1, 3-5`: the numbers in order, neighbours joined.
pub(in crate::render) fn ranges(numbers: &[usize]) -> String {
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let texts: Vec<String> = joined(numbers).iter().map(text).collect();
    format!("{} {}", if numbers.len() == 1 { "step" } else { "steps" }, texts.join(", "))
}

/// The numbers in order, neighbours joined to ranges.
pub(in crate::render) fn joined(numbers: &[usize]) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match joined.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => joined.push((*number, *number)),
        }
    }
    joined
}

/// What the step does, as an instruction.
pub(in crate::render) fn sentence(step: &Step, steps: usize) -> String {
    let pool = step.subject.pool().map(|pool| format!(" of {pool}")).unwrap_or_default();
    match &step.action {
        Action::CreateAccount { account, container } => match container {
            Some(container) => format!("Create the computer account {account} in {container}"),
            None => format!("Create the computer account {account}"),
        },
        Action::AssignAccount { site, account } => format!("Assign {account} to {site}"),
        Action::ReassignAccount { site, from, to } => format!("Assign {to} to {site} in place of {from}"),
        Action::UnassignAccount { site, from } => format!("Remove the assignment of {from} from {site}"),
        Action::EnableTopology { .. } => "Run Enable-CsTopology".to_owned(),
        Action::RemoveSpn { spn, holder } => format!("Remove {spn} from {holder}"),
        Action::AddSpn { spn, account } => format!("Add {spn} to {account}"),
        Action::RotatePassword { account } => format!("Rotate the password of {account}"),
        Action::CopyConfiguration { from, to, .. } if steps == 1 => {
            format!("Copy the Kerberos configuration of {from} to {to}")
        }
        Action::CopyConfiguration { from, .. } => {
            format!("Copy the Kerberos configuration of {from} to {steps} servers{pool}")
        }
        Action::SetIis { server, .. } if steps == 1 => format!("Set IIS on {server}"),
        Action::SetIis { .. } => format!("Set IIS on {steps} servers{pool}"),
        Action::TestAssignment { site } => format!("Test the assignment of {site}"),
    }
}
