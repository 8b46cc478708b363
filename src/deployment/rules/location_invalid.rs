//! An IIS location is not a path such as `Site/application`.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::LocationPath;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.iis().flat_map(|list| list.iter()).filter_map(|entry| entry.location.as_ref()) {
        let problem = match written.parse::<LocationPath>() {
            Err(error) => format!("{error}, or it has an empty part"),
            Ok(_) if written.contains('\\') => "its parts are divided by `/`, not by a backslash".to_owned(),
            Ok(_) => continue,
        };
        let message = format!("`{}` cannot be a location: {problem}", written.as_str());
        let hint = "write the IIS site, or site and application: `Lync Server Internal Web Site/Abs`";
        found.push(Diagnostic::new(Code::LocationInvalid, written.at(), message).hint(hint));
    }
}
