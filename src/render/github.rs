//! Diagnostics as workflow commands of GitHub Actions: `cskerb validate --format github`.
//!
//! Each becomes an annotation at its place in a pull request. What would end a property or the command is escaped as
//! the runner's own toolkit does it: `%`, CR and LF everywhere, and in properties `:` and `,` too.

use super::escape::{Lines, terminal};
use crate::wire::diagnostics::{Diagnostic, Report, Severity};

/// One command a diagnostic, each on a line of its own.
pub fn commands(report: &Report) -> String {
    report.diagnostics.iter().map(command).collect()
}

fn command(found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let place = &found.place;
    let mut properties = Vec::new();
    // Standard input is no file of the repository.
    if found.file != "-" {
        properties.push(("file", found.file.clone()));
    }
    properties.push(("line", place.line.to_string()));
    properties.push(("endLine", place.end_line.to_string()));
    // GitHub takes columns only within one line.
    if place.line == place.end_line {
        properties.push(("col", place.column.to_string()));
        properties.push(("endColumn", place.end_column.to_string()));
    }
    properties.push(("title", found.code.clone()));
    let properties: Vec<String> =
        properties.into_iter().map(|(name, value)| format!("{name}={}", property(&value))).collect();
    let related = found.related.iter().map(|second| format!("\n{}: line {}", second.message, second.place.line));
    let hint = found.hint.iter().map(|hint| format!("\nhelp: {hint}"));
    let message: String = [found.message.clone()].into_iter().chain(related).chain(hint).collect();
    format!("::{level} {}::{}\n", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    terminal(text, Lines::Keep).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&terminal(text, Lines::Escape)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::load;

    fn check(name: &str, text: &str, expected: &[&str]) {
        let commands = commands(&Report::new([&load(name, text.as_bytes())]));
        assert_eq!(commands.lines().collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn each_diagnostic_is_one_command_at_its_place() {
        check(
            "sites/a.yaml",
            "version: 1\nproduct: lync-2013\nsites: [{ name: A }, { name: a }]\n",
            &[
                "::notice file=sites/a.yaml,line=2,endLine=2,col=10,endColumn=19,title=product-unsupported::Lync Server 2013 is \
                 out of support%0Ahelp: where that is known, say so: `allow: [{ code: product-unsupported, reason: \"...\" }]`",
                "::error file=sites/a.yaml,line=3,endLine=3,col=30,endColumn=31,title=site-duplicate::this site is declared \
                 already%0Afirst declared here: line 3%0Ahelp: put the pools of both under one of them",
            ],
        );
        check(
            "-",
            "",
            &["::error line=1,endLine=1,col=1,endColumn=1,title=file-empty::the file is empty: it declares \
                          nothing%0Ahelp: `cskerb init` prints a first file from a snapshot"],
        );
    }

    #[test]
    fn no_name_ends_a_property_or_a_command() {
        check(
            "a,line=9::x%\r\n::error::b.yaml",
            "version: 1\nsites: [{ name: A, \"x\\r\\n::error::%y\": 1 }]\n",
            &[
                "::error file=a%2Cline=9%3A%3Ax%25\\u{d}\\u{a}%3A%3Aerror%3A%3Ab.yaml,line=2,endLine=2,col=20,endColumn=38,title=unknown-key::this \
               entry of `sites` has no key `x\\u{d}%0A::error::%25y`%0Ahelp: the keys here are `name`, `kind`, `account`, \
               `source`, `pools`, `iis`",
            ],
        );
    }
}
