//! What could not be read, and what no step mends.

use super::words::{count, fold, list, place, subject};
use super::{Item, Label, Mark};
use crate::codes::Severity;
use crate::plan::{Layer, Plan, Subject};

/// What could not be read, the same cause once.
pub(super) fn unreadable(plan: &Plan) -> Vec<Item> {
    let key = |entry: &crate::plan::Unreadable| {
        (entry.cause.clone(), entry.layer, entry.subject.site().cloned(), entry.subject.pool().cloned())
    };
    let item = |group: Vec<&crate::plan::Unreadable>| {
        let first = &group[0].subject;
        let fact = match (group[0].layer, first) {
            (Layer::Iis, Subject::Server(..) | Subject::Location(..)) => ", IIS settings",
            (Layer::Kerberos, Subject::Server(..)) => ", Kerberos configuration",
            _ => "",
        };
        let item = |who: &str| Item::new(Mark::Unreadable, format!("{}{who}{fact}: {}", place(first), group[0].cause));
        if group.len() == 1 {
            return item(&subject(first));
        }
        let names: Vec<String> = group.iter().map(|entry| short(&entry.subject)).collect();
        let pool = first.pool().map(|pool| format!(" of {pool}")).unwrap_or_default();
        item(&format!("{}{pool}", count(names.len(), "server", "servers")))
            .covering(names.len())
            .note(Label::Servers, list(&names))
    };
    fold(&plan.unreadable, key).into_iter().map(item).collect()
}

/// The findings, errors first, the same words once.
pub(super) fn findings(plan: &Plan) -> Vec<Item> {
    let key = |finding: &crate::plan::Finding| {
        let at = &finding.subject;
        (finding.code, finding.message.clone(), finding.hint.clone(), at.site().cloned(), at.pool().cloned())
    };
    let mut groups = fold(&plan.findings, key);
    groups.sort_by_key(|group| std::cmp::Reverse(group[0].severity));
    let item = |group: Vec<&crate::plan::Finding>| {
        let first = group[0];
        let mark = match first.severity {
            Severity::Error => Mark::Error,
            Severity::Warning => Mark::Warning,
            Severity::Note => Mark::Note,
        };
        let names: Vec<String> = group.iter().map(|finding| short(&finding.subject)).collect();
        let who = match (&first.subject, names.len()) {
            (about, 1) => subject(about),
            (Subject::Server(_, pool, _), n) => format!("{n} servers of {pool}"),
            (Subject::Location(_, pool, _, location), n) => format!("{location} on {n} servers of {pool}"),
            _ => list(&names),
        };
        let of_servers = first.subject.server().is_some();
        let mut item = Item::new(mark, format!("[{}] {}{who}: {}", first.code, place(&first.subject), first.message));
        item = item.covering(names.len());
        if names.len() > 1 && of_servers {
            item = item.note(Label::Servers, list(&names));
        }
        match &first.hint {
            Some(hint) => item.note(Label::Help, hint.clone()),
            None => item,
        }
    };
    groups.into_iter().map(item).collect()
}

/// The name in a list of its like.
fn short(about: &Subject) -> String {
    about.server().map_or_else(|| subject(about), ToString::to_string)
}
