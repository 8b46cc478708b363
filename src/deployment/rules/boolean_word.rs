//! `yes`, `no`, `on` or `off` stands unquoted where a text is wanted.
//!
//! YAML 1.1 took these words for booleans, and many readers still do; YAML 1.2 and this program take them for texts
//! (YAML 1.2.2, chapter 10.3.2).

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::deployment::scalar::boolean_word;
use crate::deployment::tree::{Style, Value};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    subject.root.walk(&mut |node| {
        let Value::Text { text, style: Style::Plain } = &node.value else { return };
        if let Some(meaning) = boolean_word(text) {
            let message = format!("`{text}` is read as a text here; other YAML readers take it for `{meaning}`");
            let hint = format!("quotes make it a text for everybody: \"{text}\"");
            found.push(Diagnostic::new(Code::BooleanWord, node.at, message).hint(hint));
        }
    });
}
