//! A site names an account that is not declared under `accounts`, which is most often a slip of the pen.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::suggest::did_you_mean;
use crate::model::AccountName;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.sites().filter_map(|site| site.assigned()) {
        let Ok(name) = written.parse::<AccountName>() else { continue };
        if subject.names.accounts.contains_key(&name) || subject.is_unread(name.as_str()) {
            continue;
        }
        let declared = subject.names.accounts.keys().map(AccountName::as_str);
        let hint = did_you_mean(name.as_str(), declared)
            .unwrap_or_else(|| format!("declare it: `accounts: [{{ name: {name} }}]`"));
        let message = format!("no account {name} is declared");
        found.push(Diagnostic::new(Code::AccountUnknown, written.at(), message).hint(hint));
    }
}
