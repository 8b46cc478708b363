//! A duration is not a number with `m`, `h` or `d`, or a maximum age of nothing.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::times::duration;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let ages = subject.accounts().filter_map(|account| account.max_password_age.as_ref());
    let windows = subject.windows().filter_map(|window| window.duration.as_ref());
    for written in ages.clone().chain(windows) {
        if let Err(why) = duration(written) {
            let message = format!("`{}` is no duration", written.as_str());
            found.push(Diagnostic::new(Code::DurationInvalid, written.at(), message).hint(why));
        }
    }
    for age in ages.filter(|age| duration(age).is_ok_and(|length| length.is_zero())) {
        let message = "a maximum age of nothing would make every password too old";
        let hint = "leave `maxPasswordAge` out to check no age";
        found.push(Diagnostic::new(Code::DurationInvalid, age.at(), message).hint(hint));
    }
}
