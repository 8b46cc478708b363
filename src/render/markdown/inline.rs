//! Sentences with names in them, as inline Markdown or HTML that no name breaks out of.
//!
//! GitHub makes links of `@name`, `#123`, addresses and commit numbers in *text*, after Markdown was read, so that no
//! escape helps; in code spans it makes none. So a word that is more than letters, digits and ordinary punctuation
//! becomes a code span, which is also how names read best.

use crate::render::escape::{Lines, terminal};
use std::fmt::Write as _;

/// What the sentence stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Markdown.
    Markdown,
    /// An HTML block, in which Markdown is not read.
    Html,
}

/// The sentence: one line, its words apart by one space each.
pub(super) fn inline(text: &str, syntax: Syntax) -> String {
    let text = terminal(text, Lines::Escape);
    let mut words: Vec<Word<'_>> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = Word::of(word);
        match words.last_mut() {
            // Neighbours share a span, so that a command reads as one.
            Some(last) if last.code && word.code && last.after.is_empty() && word.before.is_empty() => {
                last.core.push(' ');
                last.core.push_str(&word.core);
                last.after = word.after;
            }
            _ => words.push(word),
        }
    }
    let mut line = String::with_capacity(text.len() + 16);
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        word.write(syntax, &mut line);
    }
    line
}

/// A code span of one line, whatever the text is.
pub(super) fn code(text: &str, syntax: Syntax) -> String {
    let text = terminal(text, Lines::Escape);
    match syntax {
        Syntax::Html => format!("<code>{}</code>", html(&text)),
        Syntax::Markdown => {
            let fence = "`".repeat(longest_run(&text, '`') + 1);
            // Markdown takes one space off each end, so that a span may begin or end with a backtick.
            let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
            format!("{fence}{pad}{text}{pad}{fence}")
        }
    }
}

/// The length of the longest run of that character.
pub(super) fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

struct Word<'t> {
    before: &'t str,
    core: String,
    after: &'t str,
    code: bool,
}

impl<'t> Word<'t> {
    fn of(word: &'t str) -> Self {
        let inner = word.trim_start_matches(['(', '"']);
        let core = inner.trim_end_matches([',', '.', ';', ':', '!', '?', ')', '"']);
        let before = &word[..word.len() - inner.len()];
        let after = &inner[core.len()..];
        // Punctuation by itself, and quotes around nothing that is plain, are not ordinary.
        if core.is_empty() || word == "->" {
            return Self { before: "", core: word.to_owned(), after: "", code: word != "->" };
        }
        Self { before, core: core.to_owned(), after, code: !is_plain(core) }
    }

    fn write(&self, syntax: Syntax, line: &mut String) {
        let quote = |text: &str| if syntax == Syntax::Html { html(text) } else { text.to_owned() };
        line.push_str(&quote(self.before));
        match (self.code, self.core.as_str()) {
            (true, core) => line.push_str(&code(core, syntax)),
            (false, "->") => line.push('→'),
            (false, core) => line.push_str(core),
        }
        // `1.` and `1)` would begin a list.
        let numbers = self.core.bytes().all(|b| b.is_ascii_digit());
        match self.after.chars().next() {
            Some(mark @ ('.' | ')')) if numbers && !self.code && syntax == Syntax::Markdown => {
                let _ = write!(line, "\\{mark}{}", &self.after[1..]);
            }
            _ => line.push_str(&quote(self.after)),
        }
    }
}

/// Letters, digits and apostrophes, or lower-case words with hyphens between them, or a moment; nothing that looks
/// like the number of a commit.
fn is_plain(word: &str) -> bool {
    let letters =
        |part: &str| part.starts_with(char::is_alphanumeric) && part.chars().all(|c| c.is_alphanumeric() || c == '\'');
    let hyphenated = |part: &str| !part.is_empty() && part.chars().all(char::is_lowercase);
    let commit =
        word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit()) && word.bytes().any(|b| b.is_ascii_digit());
    let moment = |part: &str| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    !commit
        && (letters(word)
            || word.split('-').all(hyphenated)
            || word.starts_with(|c: char| c.is_ascii_digit()) && word.split(['-', ':', 'T', 'Z']).all(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, markdown: &str, in_html: &str) {
        assert_eq!(inline(text, Syntax::Markdown), markdown, "{text:?}");
        assert_eq!(inline(text, Syntax::Html), in_html, "{text:?}");
    }

    #[test]
    fn ordinary_words_stay_and_names_become_code() {
        check(
            "2 of 4 servers valid: half-done, so wait.",
            "2 of 4 servers valid: half-done, so wait.",
            "2 of 4 servers valid: half-done, so wait.",
        );
        check(
            r"Rotate the password of CONTOSO\kerbauth",
            r"Rotate the password of `CONTOSO\kerbauth`",
            r"Rotate the password of <code>CONTOSO\kerbauth</code>",
        );
        check(
            "invalid -> valid (copy:fe01.contoso.com)",
            "invalid → valid (`copy:fe01.contoso.com`)",
            "invalid → valid (<code>copy:fe01.contoso.com</code>)",
        );
        check(
            "apply with --allow rotation:X, or Zürich's",
            "apply with `--allow rotation:X`, or Zürich's",
            "apply with <code>--allow rotation:X</code>, or Zürich's",
        );
        check(
            "set 2026-11-20T08:00:00Z, at 08:00:00 UTC",
            "set 2026-11-20T08:00:00Z, at 08:00:00 UTC",
            "set 2026-11-20T08:00:00Z, at 08:00:00 UTC",
        );
        check("", "", "");
    }

    #[test]
    fn nothing_breaks_out() {
        check("see @admin and #123", "see `@admin` and `#123`", "see <code>@admin</code> and <code>#123</code>");
        check("GH-1 deadbeef1 1. 2)", "`GH-1 deadbeef1` 1\\. 2\\)", "<code>GH-1 deadbeef1</code> 1. 2)");
        check("<script>&amp;", "`<script>&amp`;", "<code>&lt;script&gt;&amp;amp</code>;");
        check("`a`` ```", "```` `a`` ``` ````", "<code>`a`` ```</code>");
        check(
            "[x](http://e) www.e.com",
            "`[x](http://e` ) `www.e.com`".replace(" ) ", ") ").as_str(),
            "<code>[x](http://e</code>) <code>www.e.com</code>",
        );
        check("a\n# b\u{202e}", "`a\\u{a}# b\\u{202e}`", "<code>a\\u{a}# b\\u{202e}</code>");
        check("--- * | _a_ ~b~ :c:", "`--- * | _a_ ~b~ :c`:", "<code>--- * | _a_ ~b~ :c</code>:");
    }
}
