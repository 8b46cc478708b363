//! The text of a deployment file, and places in it.

/// A stretch of a [`SourceText`], in bytes; the end is not part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// A place as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
}

/// A deployment file as it was read: decoded, without byte-order mark, with LF line ends.
#[derive(Clone, Debug)]
pub struct SourceText {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceText {
    pub(crate) fn new(name: &str, text: String) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let line_starts = [0].into_iter().chain(breaks).collect();
        Self { name: name.to_owned(), text, line_starts }
    }

    /// The file's name as the operator typed it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The decoded text. It is empty where the file was too large to be read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte.
    pub fn position(&self, at: usize) -> Position {
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..at.min(self.text.len())).unwrap_or("");
        Position { line, column: before.chars().count() + 1 }
    }

    /// A line without its end; empty where there is no such line.
    pub fn line(&self, line: usize) -> &str {
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index));
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        start.and_then(|start| self.text.get(*start..end)).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = SourceText::new("x.yaml", "é: ü\n\n\tb".into());
        let check = |at: usize, line: usize, column: usize| {
            assert_eq!(source.position(at), Position { line, column }, "byte {at}");
        };
        check(0, 1, 1);
        check(4, 1, 4); // after a letter of two bytes
        check(7, 2, 1);
        check(9, 3, 2); // a tab is one character
        check(99, 3, 3); // beyond the end is the end
        assert_eq!((source.line(1), source.line(2), source.line(3), source.line(4)), ("é: ü", "", "\tb", ""));
    }

    #[test]
    fn an_empty_text_has_a_first_line() {
        let source = SourceText::new("x.yaml", String::new());
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.line(1), "");
    }
}
