//! The lines of the file as they are written.

use crate::yaml;

/// How wide comments are set.
const WIDTH: usize = 100;

/// The file so far.
#[derive(Default)]
pub(super) struct Page {
    lines: Vec<String>,
}

impl Page {
    /// One line, at that depth.
    pub(super) fn line(&mut self, depth: usize, line: &str) {
        self.lines.push(format!("{}{line}", "  ".repeat(depth)));
    }

    /// A comment of as many lines as it needs; whatever is in the text stays in the comment.
    pub(super) fn comment(&mut self, depth: usize, text: &str) {
        let indent = format!("{}# ", "  ".repeat(depth));
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(&indent)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let text = yaml::comment(text);
        self.lines.extend(textwrap::wrap(&text, options).into_iter().map(|line| line.trim_end().to_owned()));
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// The whole file.
    pub(super) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}
