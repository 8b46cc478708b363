//! Diagnostics as text, drawn as rustc and cargo draw theirs.

use crate::codes::Severity;
use crate::deployment::{Diagnostic, Loaded, SourceText, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt::Write;

/// Whether the text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI escape sequences.
    Ansi,
    /// None.
    Plain,
}

/// How many columns a source line may take; a longer one is shown around the mark.
const WIDEST: usize = 120;
/// The longest line that is drawn at all, in characters. Of a longer one, which no person wrote, only the place is told.
const LONGEST: usize = 50_000;

/// Every diagnostic of a file with its source line, and nothing where there is none.
pub fn text(file: &Loaded, colour: Colour) -> String {
    let renderer = match colour {
        Colour::Ansi => Renderer::styled(),
        Colour::Plain => Renderer::plain(),
    };
    let renderer = renderer.term_width(WIDEST);
    let mut out = String::new();
    for diagnostic in &file.diagnostics {
        out.push_str(&renderer.render(&groups(diagnostic, &file.source)));
        out.push_str("\n\n");
    }
    out
}

/// What was found, in one line: "2 errors, 1 warning"; `None` where nothing was.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity| diagnostics.iter().filter(|found| found.severity() == severity).count();
    let counted = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| (count(severity), severity));
    let words = counted.iter().filter(|(count, _)| *count > 0).map(|(count, severity)| {
        let plural = if *count == 1 { "" } else { "s" };
        format!("{count} {severity}{plural}")
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn groups<'a>(diagnostic: &'a Diagnostic, source: &'a SourceText) -> Vec<Group<'a>> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = level.primary_title(visible(&diagnostic.message)).id(diagnostic.code.slug());
    let mut group = draw(Group::with_title(group), diagnostic.at, source, AnnotationKind::Primary, None);
    for second in &diagnostic.related {
        group = draw(group, second.at, source, AnnotationKind::Context, Some(&second.message));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(visible(hint)));
    }
    vec![group]
}

/// The line where the stretch begins, with what of the stretch is in it marked.
fn draw<'a>(group: Group<'a>, at: Span, source: &SourceText, kind: AnnotationKind, label: Option<&str>) -> Group<'a> {
    let (start, end) = (source.position(at.start), source.position(at.end));
    let name = visible(source.name());
    let line = source.line(start.line);
    if line.len() > LONGEST || source.text().is_empty() {
        return group.element(Origin::path(name).line(start.line).char_column(start.column));
    }
    // Character by character, so that the columns stay those of the file.
    let shown: Vec<char> = line.chars().map(|c| if acts(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let last = if end.line == start.line { end.column - 1 } else { shown.len() };
    let bytes = |columns: usize| shown.iter().take(columns).map(|c| c.len_utf8()).sum::<usize>();
    let from = bytes(start.column - 1);
    let annotation = kind.span(from..bytes(last).max(from));
    let annotation = match label {
        Some(label) => annotation.label(visible(label)),
        None => annotation,
    };
    let text = shown.into_iter().collect::<String>();
    group.element(Snippet::source(text).path(name).line_start(start.line).annotation(annotation))
}

/// The text with everything in it visible: no control character, nothing that reorders or hides text.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\t' || acts(character) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a character would do something to a terminal or a reader instead of being seen.
fn acts(character: char) -> bool {
    match character {
        '\t' => false,
        // Soft hyphen, Arabic and Mongolian marks, fillers; zero-width and direction marks, separators, the byte-order
        // mark, variation selectors, tags.
        '\u{AD}'
        | '\u{61C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180E}'
        | '\u{3164}'
        | '\u{FFA0}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0000}'..='\u{E0FFF}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "snapbox writes them")]
mod tests {
    use super::*;
    use crate::deployment::load;
    use snapbox::{assert_data_eq, str};

    fn drawn(text_: &str) -> String {
        text(&load("deployment.yaml", text_.as_bytes()), Colour::Plain)
    }

    #[test]
    fn a_second_place_and_a_hint_are_drawn() {
        assert_data_eq!(
            drawn("version: 1\nsites:\n  - name: Redmond\n  - name: Dublin\n  - name: redmond\n"),
            str![[r#"
error[site-duplicate]: this site is declared already
 --> deployment.yaml:5:11
  |
5 |   - name: redmond
  |           ^^^^^^^
  |
 ::: deployment.yaml:3:11
  |
3 |   - name: Redmond
  |           ------- first declared here
  |
  = help: put the pools of both under one of them


"#]]
        );
    }

    #[test]
    fn an_empty_file_has_no_line_to_show() {
        assert_data_eq!(
            drawn(""),
            str![[r#"
error[file-empty]: the file is empty: it declares nothing
--> deployment.yaml:1:1
 = help: `cskerb init` prints a first file from a snapshot


"#]]
        );
    }

    #[test]
    fn nothing_in_a_file_acts_on_a_terminal() {
        let hostile = "version: 1\nsites:\n\t- name: \"a\u{1b}[31m\u{202e}b\"\n  - nam\u{200b}e: x\n";
        let drawn = drawn(hostile);
        assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
        assert!(!drawn.contains(['\u{202e}', '\u{200b}']), "{drawn:?}");
    }

    #[test]
    fn a_long_line_is_shown_around_its_mark() {
        let long =
            format!("version: 1\nsites: [{}{{ nam: x }}{}]\n", "{ name: A }, ".repeat(40), ", { name: B }".repeat(40));
        let drawn = drawn(&long);
        let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= WIDEST + 15, "{drawn}");
        assert!(drawn.contains("2:531") && drawn.contains("nam: x"), "{drawn}");
    }

    #[test]
    fn problems_are_counted() {
        let count = |text: &str| summary(&load("x", text.as_bytes()).diagnostics);
        assert_eq!(count("version: 1\nsites: []\n"), None);
        assert_eq!(count("version: 2\nproduct: sfb-2019\n").as_deref(), Some("2 errors, 1 note"));
    }
}
