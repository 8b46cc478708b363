//! Where in a text something is wrong: byte offsets, turned into lines and columns only when somebody asks.

use crate::model::{Cause, Place};
use std::sync::Arc;

/// A file of the snapshot as text, with its path relative to the snapshot folder.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: Arc<str>,
    pub(super) text: String,
}

impl Source {
    /// The cause that this fault is.
    pub(super) fn broken(&self, fault: Fault) -> Cause {
        let line_column = Some(line_column(&self.text, fault.offset));
        Cause::Broken { place: Place { file: self.name.clone(), line_column }, why: fault.why }
    }
}

/// Something wrong in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte at which it is.
    pub(super) offset: usize,
    /// What is wrong, in words.
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(offset: usize, why: impl Into<String>) -> Self {
        Self { offset, why: why.into() }
    }
}

/// Line and column of a byte, counted from 1; the column counts characters.
pub(super) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    Locator::new(text).at(offset)
}

/// Finds lines and columns of ascending offsets, reading the text only once.
pub(super) struct Locator<'t> {
    text: &'t str,
    /// The last offset, and where it is.
    offset: usize,
    line: usize,
    column: usize,
}

impl<'t> Locator<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, offset: 0, line: 1, column: 1 }
    }

    /// Line and column of this byte; an offset before the last one starts over.
    pub(super) fn at(&mut self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        let passed = &self.text[self.offset..offset];
        self.offset = offset;
        match memchr::memrchr(b'\n', passed.as_bytes()) {
            Some(last) => {
                self.line += newlines(&passed.as_bytes()[..=last]);
                self.column = 1 + passed[last + 1..].chars().count();
            }
            None => self.column += passed.chars().count(),
        }
        (self.line, self.column)
    }
}

/// Counted in pieces of at most 255, whose sums fit a byte: the compiler makes that many times as fast as a plain count.
fn newlines(bytes: &[u8]) -> usize {
    let of_piece = |piece: &[u8]| piece.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
    bytes.chunks(255).map(|piece| usize::from(of_piece(piece))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, needle: &str, expected: (usize, usize)) {
        assert_eq!(line_column(text, text.find(needle).unwrap()), expected, "{needle:?} in {text:?}");
    }

    #[test]
    fn columns_count_characters() {
        check("a", "a", (1, 1));
        check("ab\ncd", "d", (2, 2));
        check("ab\r\ncd", "c", (2, 1));
        check("zürich\nÖ x", "x", (2, 3));
        assert_eq!(line_column("ü", 1), (1, 1), "an offset within a character is that character's");
        assert_eq!(line_column("a\n", 99), (2, 1), "an offset beyond the end is the end");
    }

    #[test]
    fn a_locator_goes_on_and_goes_back() {
        let mut locator = Locator::new("a\nbb\nccc");
        assert_eq!([locator.at(3), locator.at(6), locator.at(0)], [(2, 2), (3, 2), (1, 1)]);
        let text = "ü\n\nab ü c\nd";
        for (first, second) in (0..=text.len()).flat_map(|first| (0..=text.len()).map(move |second| (first, second))) {
            let mut locator = Locator::new(text);
            locator.at(first);
            assert_eq!(locator.at(second), line_column(text, second), "{second} after {first}");
        }
    }
}
