//! Maintenance windows exist and none names this site, so `apply` never works there.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::document::Window;
use crate::deployment::suggest::closest;
use crate::deployment::typed::Placed;
use crate::model::SiteName;
use std::collections::BTreeSet;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    // A window whose sites could not be read may be open for any of them.
    let unclear = |window: &Placed<Window>| window.sites.as_ref().is_none_or(|sites| !sites.is_whole());
    if subject.windows().next().is_none() || subject.windows().any(unclear) {
        return;
    }
    let declared = &subject.names.sites;
    let mut open = BTreeSet::new();
    for written in subject.windows().filter_map(|window| window.sites.as_ref()).flat_map(|sites| sites.iter()) {
        let known = written.parse::<SiteName>().ok().filter(|name| declared.contains_key(name));
        // The site that a misspelt one means is not closed as well.
        let meant = || closest(written, declared.keys().map(SiteName::as_str))?.parse().ok();
        open.extend(known.or_else(meant));
    }
    for (name, at) in declared.iter().filter(|(name, _)| !open.contains(name) && !subject.is_unread(name.as_str())) {
        let message = format!("no maintenance window names {name}, so `apply` never works there");
        let hint = "add the site to a window under `maintenance`";
        found.push(Diagnostic::new(Code::SiteClosed, *at, message).hint(hint));
    }
}
