//! Names come from files and from Active Directory: whatever could steer a terminal is shown, not sent.

use std::borrow::Cow;

/// The text with control characters and marks of writing direction written out, as `\u{1b}`.
///
/// With `lines`, line breaks stay: for texts that are more than one line by design.
pub fn terminal(text: &str, lines: Lines) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
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

/// Whether it is printable ASCII and no more, as nearly every text is: seen many bytes at a time.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte))
}

/// Whether line breaks are part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// They stay.
    Keep,
    /// They are written out too.
    Escape,
}

/// Control characters, marks of writing direction, line separators, and whatever shows nothing (Unicode's
/// `Default_Ignorable_Code_Point`): a name that holds one is not the name that it seems to be.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
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
        check("a\u{e0041}\u{ad}b", Lines::Escape, "a\\u{e0041}\\u{ad}b"); // letters that nobody sees
        check("Zürich – 日本", Lines::Escape, "Zürich – 日本");
    }
}
