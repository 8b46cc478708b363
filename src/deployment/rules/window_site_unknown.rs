//! A maintenance window names a site that is not declared, which leaves the meant one closed.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::suggest::did_you_mean;
use crate::model::SiteName;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.windows().filter_map(|window| window.sites.as_ref()).flat_map(|sites| sites.iter()) {
        let known = written.parse::<SiteName>().is_ok_and(|name| subject.names.sites.contains_key(&name));
        if !known && !subject.is_unread(written) {
            let declared = subject.names.sites.keys().map(SiteName::as_str);
            let hint = did_you_mean(written, declared).unwrap_or_else(|| "name a site that stands under `sites`".into());
            let message = format!("no site `{}` is declared", written.as_str());
            found.push(Diagnostic::new(Code::WindowSiteUnknown, written.at(), message).hint(hint));
        }
    }
}
