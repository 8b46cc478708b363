//! Elements that the file before had too, word for word: the files of a pool differ in a name here and there, and what
//! is the same is not walked again.
//!
//! A piece is a whole element with the blanks and comments before it, as it stands in an element whose other content
//! does not matter to it. So the same text in the same element, equally deep, says the same, whatever file it is in;
//! only lines and columns may be others. A piece in which something was wrong is never kept.

use super::Open;
use super::known::Block;

/// The pieces of the file before, and of the one that is being read.
#[derive(Default)]
pub(super) struct Pieces {
    /// In the order of the file before; those that this file has too are gone over to `now`.
    before: Vec<Option<Piece>>,
    /// Which of them is expected next.
    next: usize,
    now: Vec<Piece>,
    /// How many bytes of memory `now` takes.
    bytes: usize,
}

struct Piece {
    within: Open,
    depth: usize,
    text: String,
    /// Where it began.
    line_column: (usize, usize),
    said: Vec<Block>,
}

/// Where a piece begins.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    /// The element that it stands in.
    pub(super) within: Open,
    /// How many elements it stands in.
    pub(super) depth: usize,
    pub(super) offset: usize,
    pub(super) line_column: (usize, usize),
    /// How much the file has said before.
    pub(super) said: usize,
}

impl Pieces {
    /// How many of the pieces after the one that is expected may be missing, before this is no longer the same kind of
    /// file.
    const LOOK_AHEAD: usize = 32;

    /// The most memory that the pieces of one file may take, in bytes; the largest real ones have 200,000 of text.
    const MOST: usize = 4 << 20;

    /// Of one more file.
    pub(super) fn begin(&mut self) {
        self.before.clear();
        self.before.extend(self.now.drain(..).map(Some));
        (self.next, self.bytes) = (0, 0);
    }

    /// How long the piece is that this text begins with, where the file before had it; adds what it says.
    pub(super) fn find(&mut self, begin: &Begin, text: &str, said: &mut Vec<Block>) -> Option<usize> {
        let same = |piece: &Option<Piece>| {
            piece.as_ref().is_some_and(|piece| {
                (piece.within, piece.depth) == (begin.within, begin.depth) && text.starts_with(&piece.text)
            })
        };
        let at = self.next + self.before.iter().skip(self.next).take(Self::LOOK_AHEAD).position(same)?;
        let mut piece = self.before[at].take()?;
        self.next = at + 1;
        piece.move_to(begin.line_column);
        said.extend_from_slice(&piece.said);
        let length = piece.text.len();
        self.bytes += piece.bytes();
        self.now.push(piece);
        Some(length)
    }

    /// Keeps a piece that has ended for the next file: what stands in it was said since it began.
    pub(super) fn keep(&mut self, begin: &Begin, text: &str, said: &[Block]) {
        let Begin { within, depth, line_column, said: before, .. } = *begin;
        if self.bytes + text.len() > Self::MOST {
            return;
        }
        let piece = Piece { within, depth, text: text.to_owned(), line_column, said: said[before..].to_vec() };
        self.bytes += piece.bytes();
        self.now.push(piece);
    }
}

impl Piece {
    /// How much memory it takes, but for what providers' names take.
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(self.said.as_slice())
    }

    /// Gives the places in it as they are where it begins there.
    fn move_to(&mut self, to: (usize, usize)) {
        let from = std::mem::replace(&mut self.line_column, to);
        if from == to {
            return;
        }
        let edits = self.said.iter_mut().flat_map(|block| &mut block.layer.providers);
        for (line, column) in edits.filter_map(|(_, line_column)| line_column.as_mut()) {
            if *line == from.0 {
                *column = *column - from.1 + to.1;
            }
            *line = *line - from.0 + to.0;
        }
    }
}
