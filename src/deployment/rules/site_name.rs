//! A site's name is empty or has control characters, so no cmdlet could be given its identity `site:<Name>`.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::SiteName;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for name in subject.sites().filter_map(|site| site.name.as_ref()) {
        if let Err(error) = name.parse::<SiteName>() {
            let message = format!("`{}` cannot be a site: {error}", name.as_str());
            let hint = "write the name as Get-CsSite shows it";
            found.push(Diagnostic::new(Code::SiteName, name.at(), message).hint(hint));
        }
    }
}
