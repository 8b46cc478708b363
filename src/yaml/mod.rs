//! Names as YAML: quoted where they must be, so that every reader of YAML takes them for the very same text.

use std::borrow::Cow;
use std::fmt::Write;

/// The name as a scalar, in block and in flow style alike.
///
/// Without quotes where it cannot be taken for anything else by YAML 1.1 or 1.2, else in single quotes; in double ones
/// where it has characters that are not seen.
pub(crate) fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        Cow::Borrowed(text)
    } else if text.chars().all(is_seen) {
        Cow::Owned(format!("'{}'", text.replace('\'', "''")))
    } else {
        Cow::Owned(double_quoted(text))
    }
}

/// The text for a comment: one line, whatever is in it.
pub(crate) fn comment(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_seen) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| if is_seen(c) { c.to_string() } else { c.escape_unicode().to_string() };
    Cow::Owned(text.chars().map(show).collect())
}

/// What YAML 1.1 or 1.2 takes for a boolean or for nothing, in any case.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// A letter first, and only characters without a meaning in YAML: no number, no date, no tag, no comment.
fn is_plain(text: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '\\' | '/');
    text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(|c| harmless(c) && is_seen(c))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether the character is seen as itself, on one line: no control character, no mark of writing direction, no
/// separator of lines, nothing that YAML does not allow in a file.
fn is_seen(c: char) -> bool {
    let hidden = matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}');
    let no_character = u32::from(c) & 0xFFFE == 0xFFFE;
    !c.is_control() && !hidden && !no_character
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_seen(c) => quoted.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a String cannot fail.
                let _ = if code > 0xFFFF { write!(quoted, "\\U{code:08X}") } else { write!(quoted, "\\u{code:04X}") };
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(scalar(text), expected, "{text:?}");
    }

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        check("Redmond", "Redmond");
        check("Zürich West", "Zürich West");
        check("東京", "東京");
        check(r"CONTOSO\kerbauth", r"CONTOSO\kerbauth");
        check("Lync Server Internal Web Site/Autodiscover", "Lync Server Internal Web Site/Autodiscover");
        for word in ["no", "Yes", "ON", "off", "y", "null", "True", "~"] {
            check(word, &format!("'{word}'"));
        }
        for number in ["1.5", "1", "0x1F", "1_000", "12:30", "2026-11-20", "1e3.com", ".5", "-", "+1"] {
            check(number, &format!("'{number}'"));
        }
        check("A # b", "'A # b'");
        check("A: b", "'A: b'");
        check("it's", "'it''s'");
        check("\"A\"", "'\"A\"'");
        for first in ["*a", "&a", "!a", "%a", "@a", "`a", "- a", "? a", "|", ">", "[a]", "{a}", "a, b", "--- a"] {
            check(first, &format!("'{first}'"));
        }
        check("", "''");
        check("a ", "'a '");
        check("a\u{202E}\"\\b", r#""a\u202E\"\\b""#);
        check("tag\u{E0041}", r#""tag\U000E0041""#);
    }

    #[test]
    fn a_comment_is_one_line() {
        assert_eq!(comment("a\nb: c\u{2028}d"), "a\\u{a}b: c\\u{2028}d");
        assert_eq!(comment("Zürich # 1"), "Zürich # 1");
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in any::<String>()) {
            let block = format!("- {}\n", scalar(&text));
            let flow = format!("[a, {}, b]\n", scalar(&text));
            prop_assert_eq!(serde_yaml::from_str::<Vec<String>>(&block).unwrap(), [text.as_str()]);
            prop_assert_eq!(serde_yaml::from_str::<Vec<String>>(&flow).unwrap(), ["a", text.as_str(), "b"]);
        }
    }
}
