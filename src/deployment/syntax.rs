//! What is not YAML, in words that say what to do.

use super::parse::too_deep;
use super::{Diagnostic, Span};
use crate::codes::Code;
use granit_parser::{ErrorKind, ScanError};

/// Why the text is not YAML, at its place.
pub(super) fn syntax(text: &str, error: &ScanError) -> Diagnostic {
    let start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let start = match error.kind() {
        ErrorKind::TabInPlainScalar => indenting_tab(text, start).unwrap_or(start),
        _ => start,
    };
    let width = text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let at = Span { start, end: start + width };
    let hint = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(at),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => Some(
            r"in double quotes a backslash begins an escape: write CONTOSO\kerbauth without quotes or in single ones",
        ),
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabNotAllowed => Some("indent with spaces; YAML does not allow tabs there"),
        ErrorKind::ExpectedBlockSequenceEntry | ErrorKind::ExpectedBlockMappingKey => {
            Some("this line begins at another column than those beside it: give it their indentation")
        }
        ErrorKind::SimpleKeyExpected => Some("a key ends with `:`"),
        ErrorKind::UnexpectedCharacter { .. } => Some("a text that begins with such a character needs quotes"),
        ErrorKind::UnknownAnchor => Some("an alias `*name` needs an anchor `&name` above it"),
        ErrorKind::MappingValueNotAllowed => {
            Some("a key stands at the same indentation as its neighbours, and a text with `: ` in it needs quotes")
        }
        ErrorKind::UnclosedQuotedScalar => Some("a quote is opened here and never closed"),
        ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnexpectedEofFlowSequence => {
            Some("a bracket is opened and never closed")
        }
        _ => None,
    };
    let message = format!("this is not YAML: {}", error.kind());
    Diagnostic::new(Code::YamlSyntax, at, message).maybe_hint(hint.map(str::to_owned))
}

/// The first tab that indents a line below this place: the parser names the text above it, which it would continue.
fn indenting_tab(text: &str, below: usize) -> Option<usize> {
    let mut start = below + text.get(below..)?.find('\n')? + 1;
    for line in text.get(start..)?.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..indentation).and_then(|blanks| blanks.find('\t')) {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
}
