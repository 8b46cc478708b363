//! Diagnostics as text, drawn as rustc and cargo draw theirs.

use super::escape::{Lines, steers, terminal};
use crate::codes::Severity;
use crate::deployment::{Diagnostic, Loaded, Related, SourceText, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::borrow::Cow;

/// Whether the text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI escape sequences.
    Ansi,
    /// None.
    Plain,
}

/// How many columns a source line may take where there is no terminal; a longer one is shown around the mark.
const WIDEST: usize = 120;
/// The longest line that is drawn at all, in characters. Of a longer one, which no person wrote, only the place is told.
const LONGEST: usize = 50_000;

/// Every diagnostic of a file with its source line, and nothing where there is none.
pub fn text(file: &Loaded, colour: Colour) -> String {
    let width = Width { source: WIDEST, words: usize::MAX };
    drawn(file, colour, &width)
}

/// The same for a terminal with so many columns, which would break longer lines and put marks in the wrong place.
pub fn text_within(file: &Loaded, colour: Colour, columns: usize) -> String {
    drawn(file, colour, &Width { source: columns, words: columns })
}

/// How many columns there are.
struct Width {
    /// For a source line.
    source: usize,
    /// For what is said about it.
    words: usize,
}

impl Width {
    /// The words in lines, of which the first has `before` columns in front.
    fn lines(&self, words: &str, before: usize) -> String {
        textwrap::fill(&visible(words), self.words.saturating_sub(before).max(20))
    }
}

fn drawn(file: &Loaded, colour: Colour, width: &Width) -> String {
    let renderer = match colour {
        Colour::Ansi => Renderer::styled(),
        Colour::Plain => Renderer::plain(),
    };
    let renderer = renderer.term_width(width.source);
    let mut out = String::new();
    for diagnostic in &file.diagnostics {
        out.push_str(&renderer.render(&groups(diagnostic, &file.source, width)));
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

/// The columns in front of a hint: `   = help: `, with room for the number of a line.
const HELP: usize = 13;

fn groups<'a>(diagnostic: &'a Diagnostic, source: &'a SourceText, width: &Width) -> Vec<Group<'a>> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let code = diagnostic.code.slug();
    let before = format!("{}[{code}]: ", diagnostic.severity().as_str()).len();
    let title = level.primary_title(width.lines(&diagnostic.message, before)).id(code);
    let place = source.position(diagnostic.at.start);
    // Two marks in one line that is too long to be shown whole would tear the picture apart.
    let fits = source.line(place.line).chars().count() <= width.source;
    let (beside, elsewhere): (Vec<&Related>, Vec<&Related>) =
        diagnostic.related.iter().partition(|second| fits && source.position(second.at.start).line == place.line);
    let beside = beside.into_iter().map(|second| mark(second.at, AnnotationKind::Context, Some(&second.message)));
    let marks = [mark(diagnostic.at, AnnotationKind::Primary, None)].into_iter().chain(beside);
    let mut group = draw(Group::with_title(title), &marks.collect::<Vec<_>>(), source);
    for second in elsewhere {
        group = draw(group, &[mark(second.at, AnnotationKind::Context, Some(&second.message))], source);
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(width.lines(hint, HELP)));
    }
    vec![group]
}

/// A stretch of the file to be marked.
struct Mark<'a> {
    at: Span,
    kind: AnnotationKind,
    label: Option<&'a str>,
}

fn mark(at: Span, kind: AnnotationKind, label: Option<&str>) -> Mark<'_> {
    Mark { at, kind, label }
}

/// The line where the first stretch begins, with what of each stretch is in it marked.
fn draw<'a>(group: Group<'a>, marks: &[Mark<'a>], source: &'a SourceText) -> Group<'a> {
    let Some(first) = marks.first() else { return group };
    let place = source.position(first.at.start);
    let name = visible(source.name());
    let line = source.line(place.line);
    if line.len() > LONGEST || source.text().is_empty() {
        return group.element(Origin::path(name).line(place.line).char_column(place.column));
    }
    // Character by character, so that the columns stay those of the file.
    let steers = |c: char| steers(c) && c != '\t';
    let shown: Vec<char> = line.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let bytes = |columns: usize| shown.iter().take(columns).map(|c| c.len_utf8()).sum::<usize>();
    let annotations = marks.iter().map(|mark| {
        let (start, end) = (source.position(mark.at.start), source.position(mark.at.end));
        let last = if end.line == place.line { end.column - 1 } else { shown.len() };
        let from = bytes(start.column - 1);
        let annotation = mark.kind.span(from..bytes(last).max(from));
        match mark.label {
            Some(label) => annotation.label(visible(label)),
            None => annotation,
        }
    });
    let annotations: Vec<Annotation<'a>> = annotations.collect();
    let text = shown.into_iter().collect::<String>();
    group.element(Snippet::source(text).path(name).line_start(place.line).annotations(annotations))
}

fn visible(text: &str) -> Cow<'_, str> {
    terminal(text, Lines::Escape)
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
    fn a_terminal_breaks_no_line() {
        let long = "version: 1\nsites:\n  - { name: Redmond, pools: [{ fqdn: se01.contoso.com, role: standard-edition, \
                    servers: [a.contoso.com] }], iis: [{ location: X, windowsAuthentication: { providers: [] } }] }\n";
        let file = load("deployment.yaml", long.as_bytes());
        for columns in [80, 100] {
            let drawn = text_within(&file, Colour::Plain, columns);
            let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns, "{drawn}");
        }
        assert!(
            text(&file, Colour::Plain).lines().any(|line| line.chars().count() > 100),
            "elsewhere it is not narrowed"
        );
    }

    #[test]
    fn problems_are_counted() {
        let count = |text: &str| summary(&load("x", text.as_bytes()).diagnostics);
        assert_eq!(count("version: 1\nsites: []\n"), None);
        assert_eq!(count("version: 2\nproduct: sfb-2019\n").as_deref(), Some("2 errors, 1 note"));
    }
}
