//! Names come from files and from Active Directory: whatever could steer a terminal is shown, not sent.

use std::borrow::Cow;

/// The text with control characters and marks of writing direction written out, as `\u{1b}`.
///
/// With `lines`, line breaks stay: for texts that are more than one line by design.
pub fn terminal(text: &str, lines: Lines) -> Cow<'_, str> {
    let harmful = |c: char| steers(c) && !(c == '\n' && lines == Lines::Keep);
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmful(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Whether line breaks are part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// They stay.
    Keep,
    /// They are written out too.
    Escape,
}

/// Whether a character would do something to a terminal or to a reader's eye instead of being seen.
pub(super) fn steers(c: char) -> bool {
    // Soft hyphen, Arabic and Mongolian marks, fillers; zero-width and direction marks, separators, the byte-order mark,
    // variation selectors, tags.
    c.is_control()
        || matches!(
            c,
            '\u{AD}'
                | '\u{61C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180E}'
                | '\u{3164}'
                | '\u{FFA0}'
        )
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lines: Lines, expected: &str) {
        assert_eq!(terminal(text, lines), expected);
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        check("fe01.contoso.com", Lines::Escape, "fe01.contoso.com");
        check("a\u{1b}[31mb", Lines::Escape, "a\\u{1b}[31mb");
        check("a\nb", Lines::Escape, "a\\u{a}b");
        check("a\nb\r", Lines::Keep, "a\nb\\u{d}");
        check("\u{202E}moc", Lines::Escape, "\\u{202e}moc"); // right-to-left override
        check("a\u{AD}\u{3164}\u{E0041}b", Lines::Escape, "a\\u{ad}\\u{3164}\\u{e0041}b"); // hidden, not steering
        check("Zürich – 日本", Lines::Escape, "Zürich – 日本");
    }
}
