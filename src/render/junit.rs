//! Diagnostics as a JUnit report: `cskerb validate --format junit`, for build servers that show tests.
//!
//! A file is a test suite and a diagnostic a test case: an error fails, and so does a warning where warnings are
//! denied; everything else passes and says its part. A file without diagnostics is one case that passes. Elements,
//! attributes and their order are those of the schema that Jenkins publishes for the format.

use super::escape::{Lines, terminal};
use crate::deployment::Loaded;
use crate::wire::diagnostics::{Diagnostic, Report, Severity};
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use std::io;

/// The report on these files; `fails` is the least severity that fails.
pub fn report(files: &[Loaded], fails: Severity) -> io::Result<String> {
    let suites: Vec<Suite> = files.iter().map(|file| Suite::new(file, fails)).collect();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let total = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    let (tests, failures) = (total(Suite::tests), total(Suite::failures));
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "cskerb validate"),
            ("tests", tests.as_str()),
            ("failures", failures.as_str()),
            ("errors", "0"),
        ])
        .write_inner_content(|writer| suites.iter().try_for_each(|suite| suite.write(writer)))?;
    let mut text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

/// One file.
struct Suite {
    name: String,
    found: Vec<Diagnostic>,
    fails: Severity,
}

impl Suite {
    fn new(file: &Loaded, fails: Severity) -> Self {
        Self { name: seen(file.source.name(), Lines::Escape), found: Report::new([file]).diagnostics, fails }
    }

    /// A suite without any case would be shown as one that did not run.
    fn tests(&self) -> usize {
        self.found.len().max(1)
    }

    fn failures(&self) -> usize {
        self.found.iter().filter(|found| self.is_failure(found)).count()
    }

    fn is_failure(&self, found: &Diagnostic) -> bool {
        found.severity >= self.fails
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let (tests, failures) = (self.tests().to_string(), self.failures().to_string());
        let attributes = [
            ("name", self.name.as_str()),
            ("tests", tests.as_str()),
            ("failures", failures.as_str()),
            ("errors", "0"),
            ("skipped", "0"),
        ];
        let suite = writer.create_element("testsuite").with_attributes(attributes);
        suite.write_inner_content(|writer| {
            if self.found.is_empty() {
                let case = [("name", "in order"), ("classname", self.name.as_str())];
                writer.create_element("testcase").with_attributes(case).write_empty()?;
            }
            self.found.iter().try_for_each(|found| self.write_case(found, writer))
        })?;
        Ok(())
    }

    fn write_case(&self, found: &Diagnostic, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let name = format!("{} {}:{}", found.code, found.place.line, found.place.column);
        let case = [("name", name.as_str()), ("classname", self.name.as_str())];
        let message = seen(&found.message, Lines::Escape);
        let text = seen(&self.told(found), Lines::Keep);
        writer.create_element("testcase").with_attributes(case).write_inner_content(|writer| {
            let told = if self.is_failure(found) {
                let failure = [("type", found.code.as_str()), ("message", message.as_str())];
                writer.create_element("failure").with_attributes(failure)
            } else {
                writer.create_element("system-out")
            };
            told.write_text_content(BytesText::new(&text)).map(|_| ())
        })?;
        Ok(())
    }

    /// The diagnostic as text: where, what, and what to do.
    fn told(&self, found: &Diagnostic) -> String {
        let at = |line: usize, column: usize| format!("{}:{line}:{column}", self.name);
        let mut lines = vec![format!(
            "{}: {}: {}",
            at(found.place.line, found.place.column),
            found.severity.as_str(),
            found.message
        )];
        let related = found.related.iter();
        lines.extend(
            related.map(|second| format!("{}: {}", at(second.place.line, second.place.column), second.message)),
        );
        lines.extend(found.hint.iter().map(|hint| format!("help: {hint}")));
        lines.join("\n")
    }
}

/// The text with only what XML 1.0 allows, and only what can be seen.
fn seen(text: &str, lines: Lines) -> String {
    terminal(text, lines).replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::load;
    use quick_xml::events::BytesStart;
    use quick_xml::reader::Reader;

    const HOSTILE: &str = "version: 1\nsites: [{ name: A, \"]]><x a='&\\\"\\0\\uFFFF\\u001b\": 1 }, { name: \"<b>&amp;\" }, { name: a }]\n";

    fn written(files: &[(&str, &str)], fails: Severity) -> String {
        let files: Vec<Loaded> = files.iter().map(|(name, text)| load(name, text.as_bytes())).collect();
        report(&files, fails).unwrap()
    }

    fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
        let attribute = element.try_get_attribute(name).unwrap()?;
        Some(attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned())
    }

    #[test]
    fn an_error_fails_and_the_rest_says_its_part() {
        let file = "version: 1\nproduct: lync-2013\nsites: [{ name: no }, { name: NO }]\n";
        let expected = |warning: &str, failures: usize| {
            format!(
                r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="cskerb validate" tests="5" failures="{failures}" errors="0">
  <testsuite name="x.yaml" tests="4" failures="{failures}" errors="0" skipped="0">
    <testcase name="product-unsupported 2:10" classname="x.yaml">
      <system-out>x.yaml:2:10: note: Lync Server 2013 is out of support
help: where that is known, say so: `allow: [{{ code: product-unsupported, reason: &quot;...&quot; }}]`</system-out>
    </testcase>
{warning}
    <testcase name="site-duplicate 3:31" classname="x.yaml">
      <failure type="site-duplicate" message="this site is declared already">x.yaml:3:31: error: this site is declared already
x.yaml:3:17: first declared here
help: put the pools of both under one of them</failure>
    </testcase>
  </testsuite>
  <testsuite name="y.yaml" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="in order" classname="y.yaml"/>
  </testsuite>
</testsuites>
"#
            )
        };
        let files = [("x.yaml", file), ("y.yaml", "version: 1\nsites: []\n")];
        let report = written(&files, Severity::Error);
        assert!(
            report.contains("<testcase name=\"boolean-word 3:17\" classname=\"x.yaml\">\n      <system-out>"),
            "{report}"
        );
        let start = report.find("    <testcase name=\"boolean-word 3:17").unwrap();
        let end = report.find("    <testcase name=\"site-duplicate").unwrap();
        assert_eq!(report, expected(report[start..end].trim_end(), 1));
        let denied = written(&files, Severity::Warning);
        assert!(denied.contains("<failure type=\"boolean-word\" message=\"`no` is read as a text here;"), "{denied}");
        assert!(denied.contains("tests=\"5\" failures=\"3\""), "{denied}");
    }

    /// The rules of Jenkins' schema as far as this format uses it: which element stands in which, the attributes that
    /// each must have, and counts that are right.
    #[test]
    fn whatever_is_in_a_file_the_report_is_xml_of_that_shape() {
        let report = written(&[("a\"<&>\u{1}\n.yaml", HOSTILE), ("y.yaml", "\u{0}")], Severity::Warning);
        let mut reader = Reader::from_str(&report);
        let mut open: Vec<String> = Vec::new();
        let (mut cases, mut failures, mut promised) = (0, 0, Vec::new());
        loop {
            let event = reader.read_event().unwrap();
            if let Event::Start(element) | Event::Empty(element) = &event {
                let name = String::from_utf8(element.name().as_ref().as_bytes().to_vec()).unwrap();
                let (parent, needs): (&[&str], &[&str]) = match name.as_str() {
                    "testsuites" => (&[], &["tests", "failures", "errors"]),
                    "testsuite" => (&["testsuites"], &["name", "tests", "failures", "errors", "skipped"]),
                    "testcase" => (&["testsuites", "testsuite"], &["name", "classname"]),
                    "failure" => (&["testsuites", "testsuite", "testcase"], &["type", "message"]),
                    "system-out" => (&["testsuites", "testsuite", "testcase"], &[]),
                    other => panic!("{other} is no element of the format"),
                };
                assert_eq!(open, parent, "{name}");
                for need in needs {
                    assert!(attribute(element, need).is_some(), "{name} has no {need}");
                }
                for attribute in element.attributes() {
                    let key = attribute.unwrap().key.as_ref().to_owned();
                    assert!(key == "name" || needs.contains(&key.as_str()), "{name} has {key}");
                }
                cases += usize::from(name == "testcase");
                failures += usize::from(name == "failure");
                if name == "testsuites" {
                    promised = ["tests", "failures"].map(|count| attribute(element, count).unwrap()).to_vec();
                }
                if matches!(event, Event::Start(_)) {
                    open.push(name);
                }
            }
            match event {
                Event::End(_) => drop(open.pop()),
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(promised, [cases.to_string(), failures.to_string()]);
        assert!(report.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{FFFF}')), "{report:?}");
    }
}
