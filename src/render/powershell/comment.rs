//! Comments that no name breaks out of, and none deceives by.

use std::fmt::Write as _;

/// How wide a comment is set.
const WIDTH: usize = 116;

/// A comment of one or more lines, in printable ASCII, with a label in front.
///
/// Every line has something of the renderer's own behind its `#`: a line that begins with a name could be
/// `# SIG # Begin signature block`, after which PowerShell reads nothing, or `#requires`.
pub(super) fn comment(label: &str, text: &str, script: &mut String) {
    let first = if label.is_empty() { "# ".to_owned() } else { format!("# {label:<9} ") };
    let hanging = format!("#{}| ", " ".repeat(first.len().saturating_sub(3)));
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(&first)
        .subsequent_indent(&hanging)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    for line in textwrap::wrap(&ascii(text), options) {
        let _ = writeln!(script, "{}", line.trim_end());
    }
}

/// The text in printable ASCII; everything else is written out, as `\u{fc}`.
fn ascii(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            shown.push(c);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(label: &str, text: &str, expected: &str) {
        let mut script = String::new();
        comment(label, text, &mut script);
        assert_eq!(script, expected);
    }

    #[test]
    fn no_line_begins_with_a_name() {
        check("because", "Zürich\n#>\u{2028}", "# because   Z\\u{fc}rich\\u{a}#>\\u{2028}\n");
        let long = format!("{} SIG # Begin signature block", "x".repeat(100));
        let x = "x".repeat(100);
        check("because", &long, &format!("# because   {x} SIG\n#         | # Begin signature block\n"));
        check("", "A plan", "# A plan\n");
    }
}
