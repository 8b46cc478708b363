//! `allow`: warnings and notes that the operator lives with.

use super::Diagnostic;
use super::document::{Allowance, Document};
use super::typed::Placed;
use crate::codes::{Allow, Code, Severity, Stage};

/// An entry that may silence something.
struct Entry<'a> {
    code: Code,
    declared: &'a Placed<Allowance>,
}

/// Takes what is allowed out of the diagnostics, and reports each `allow` that silences nothing.
///
/// Codes that only a plan raises are not judged here. Neither is anything while parts of the file were left out as
/// unsound: what the entry silences may stand there.
pub(crate) fn apply(document: &Placed<Document>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Allow> {
    let entries: Vec<Entry<'_>> = document.allow.iter().filter_map(entry).collect();
    let mut unused = Vec::new();
    let mut allowed: Vec<Code> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.code != Code::AllowUnused) {
        let repeated = allowed.contains(&entry.code);
        allowed.push(entry.code);
        let silences = diagnostics.iter().any(|diagnostic| diagnostic.code == entry.code);
        if repeated {
            unused.extend(report(entry, "is allowed a second time"));
        } else if !silences && entry.code.stage() == Stage::File {
            unused.extend(report(entry, "does not occur in this file"));
        }
    }
    diagnostics.retain(|diagnostic| !allowed.contains(&diagnostic.code));
    if document.is_whole() {
        let itself = entries.iter().find(|entry| entry.code == Code::AllowUnused);
        match itself {
            Some(itself) if unused.is_empty() => diagnostics.extend(report(itself, "does not occur in this file")),
            Some(_) => {}
            None => diagnostics.append(&mut unused),
        }
    }
    let reason = |entry: &Entry<'_>| entry.declared.reason.as_ref().map(|text| text.to_string());
    entries.iter().filter_map(|entry| Some(Allow { code: entry.code, reason: reason(entry)? })).collect()
}

fn entry(declared: &Placed<Allowance>) -> Option<Entry<'_>> {
    let code: Code = declared.code.as_ref()?.parse().ok()?;
    (code.severity() != Severity::Error).then_some(Entry { code, declared })
}

fn report(entry: &Entry<'_>, why: &str) -> Option<Diagnostic> {
    let at = entry.declared.code.as_ref()?.at();
    let message = format!("this `allow` silences nothing: {} {why}", entry.code);
    Some(Diagnostic::new(Code::AllowUnused, at, message).hint("delete it"))
}

#[cfg(test)]
mod tests {
    use crate::codes::Code;
    use crate::deployment::load;

    fn check(allow: &str, expected: &[Code]) {
        let text = format!("version: 1\nproduct: sfb-2019\nsites: []\nallow: [{allow}]\n");
        let loaded = load("x.yaml", text.as_bytes());
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, expected, "{allow}");
    }

    #[test]
    fn warnings_and_notes_are_silenced_with_a_reason() {
        const KNOWN: &str = "{ code: product-unsupported, reason: leaving in 2027 }";
        const UNUSED: &str = "{ code: boolean-word, reason: x }";
        check("", &[Code::ProductUnsupported]);
        check(KNOWN, &[]);
        check(&format!("{KNOWN}, {KNOWN}"), &[Code::AllowUnused]);
        check(&format!("{KNOWN}, {UNUSED}"), &[Code::AllowUnused]);
        check(&format!("{KNOWN}, {UNUSED}, {{ code: allow-unused, reason: x }}"), &[]);
        check(&format!("{KNOWN}, {{ code: allow-unused, reason: x }}"), &[Code::AllowUnused]);
    }

    #[test]
    fn only_a_plan_can_judge_what_a_plan_raises() {
        check("{ code: product-unsupported, reason: x }, { code: server-undeclared, reason: x }", &[]);
    }

    #[test]
    fn errors_cannot_be_silenced() {
        check("{ code: wrong-type, reason: x }", &[Code::ProductUnsupported, Code::AllowUnknown]);
    }
}
