//! A location stands twice at one level, in any case: IIS compares paths without it. [doc]

use super::{Subject, repeated};
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::LocationPath;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for list in subject.iis() {
        let written = list.iter().filter_map(|entry| entry.location.as_ref());
        let parsed = written.filter_map(|text| Some((text.parse::<LocationPath>().ok()?, text.at())));
        for (at, first) in repeated(parsed) {
            let message = "this location stands in the same list already";
            let hint = "put all its settings into one entry; wider and narrower levels merge by themselves";
            found.push(Diagnostic::new(Code::LocationDuplicate, at, message).hint(hint).related(first, "first given here"));
        }
    }
}
