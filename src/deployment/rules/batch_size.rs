//! A batch of no server, or of more than all of them.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(batches) = subject.document.maintenance.as_ref().and_then(|section| section.batches.as_ref()) else {
        return;
    };
    let hint = "batches are numbers of servers or percentages, such as [1, 5, \"20%\"]";
    if batches.is_empty() && batches.is_whole() {
        let message = "without any batch no server is ever changed";
        found.push(Diagnostic::new(Code::BatchSize, batches.at(), message).hint(hint));
    }
    for batch in batches.iter() {
        if let Err(why) = batch.size() {
            found.push(Diagnostic::new(Code::BatchSize, batch.at(), why).hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use crate::codes::Code;

    fn check(batch: &str, expected: Option<&str>) {
        let file = format!("version: 1\nsites: []\nmaintenance:\n  batches: [{batch}]\n");
        let expected: Vec<String> = expected.iter().map(|message| format!("4:13 {message}")).collect();
        testing::check(Code::BatchSize, &file, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn sizes() {
        for good in ["1", "100", "\"1%\"", "100%", "5.0"] {
            check(good, None);
        }
        check("0", Some("a batch of no server never ends"));
        check("-1", Some("a batch has at least one server"));
        check("99999999999999999999", Some("no pool has so many servers"));
        check("\"0%\"", Some("a batch of 0 % has no server and never ends"));
        check("101%", Some("a batch has at most 100 % of a pool's servers"));
        check("999%", Some("a batch has at most 100 % of a pool's servers"));
        for malformed in ["\"20\"", "x%", "+5%", "\"%\"", "2.5%"] {
            check(malformed, Some("a batch is a number of servers or a percentage such as \"20%\""));
        }
    }
}
