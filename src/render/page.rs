//! A page of text: wrapped, indented, and coloured where that is wanted.

use super::escape::{Lines, is_plain, terminal};

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The width in columns.
    pub width: usize,
    /// Whether ANSI colours are wanted.
    pub colour: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, colour: false }
    }
}

/// What a line tells at a glance; it says nothing that the words do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tone {
    Plain,
    Strong,
    Good,
    Warn,
    Bad,
    Faint,
}

impl Tone {
    fn ansi(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\u{1b}[1m",
            Self::Good => "\u{1b}[32m",
            Self::Warn => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
        }
    }
}

/// The page while it is being written.
pub(super) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// What another page has, below.
    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    /// A blank line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// The text, escaped and wrapped.
    pub(super) fn paragraph(&mut self, first: &str, hanging: &str, text: &str, tone: Tone) {
        let width = self.style.width.max(40);
        if first.len() + text.len() <= width && is_plain(first) && is_plain(text) {
            self.line(&[first, text].concat(), tone);
            return;
        }
        let text = terminal(text, Lines::Escape);
        let options = textwrap::Options::new(width)
            .initial_indent(first)
            .subsequent_indent(hanging)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&text, options) {
            self.line(&line, tone);
        }
    }

    /// One line as it is: whoever calls has escaped it.
    pub(super) fn line(&mut self, line: &str, tone: Tone) {
        let line = line.trim_end();
        if self.style.colour && tone != Tone::Plain && !line.is_empty() {
            let indent = line.len() - line.trim_start().len();
            self.text.push_str(&line[..indent]);
            self.text.push_str(tone.ansi());
            self.text.push_str(&line[indent..]);
            self.text.push_str("\u{1b}[0m");
        } else {
            self.text.push_str(line);
        }
        self.text.push('\n');
    }
}
