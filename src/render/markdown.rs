//! The outline as Markdown, for a pull request or a change ticket.
//!
//! A comment there has a limit. Under it the plan is folded first (the commands, the details of the steps, the lists
//! of servers, the pools without a difference), then cut, item by item and evenly over the sections. Whatever is left
//! out is said, with its number and where the whole plan is.

mod block;
mod inline;
mod limit;
#[cfg(test)]
mod tests;

use super::outline::{Label, Outline};
use block::{Block, Folded, Piece};
use inline::{Syntax, inline};
use limit::Fold;
use std::fmt::Write as _;

/// The limit unless another one is asked for: GitHub takes 65,536 characters in a comment.
pub const DEFAULT_MAX_BYTES: usize = 65_000;

/// The plan as Markdown of at most that many bytes.
///
/// Under some hundred bytes a single sentence is left of it, and under those of "Plan left out." nothing.
pub fn plan(outline: &Outline, max_bytes: usize) -> String {
    limit::fit(outline, max_bytes)
}

/// A plan in pieces, each of which can be left out as a whole.
struct Sheet {
    /// What stands above everything: the verdict and the counts among it.
    head: String,
    sections: Vec<Section>,
    /// What was folded away.
    folded: Folded,
    digest: Option<String>,
}

/// One section.
struct Section {
    title: String,
    /// The words for one and for many of its things.
    noun: [&'static str; 2],
    blocks: Vec<Block>,
}

impl Sheet {
    /// The plan in pieces; `None` as soon as they are longer than that many bytes.
    fn of(outline: &Outline, fold: Fold, most: usize) -> Option<Self> {
        let mut sheet = Self {
            head: head(outline),
            sections: Vec::new(),
            folded: Folded::default(),
            digest: outline.digest.clone(),
        };
        let mut length = sheet.head.len();
        let reasons = outline.verdict.notes.iter().filter(|(label, _)| *label == Label::Because);
        let blocks: Vec<Block> = reasons.map(|(_, text)| Block::bullet(text)).collect();
        if !blocks.is_empty() {
            let title = inline("Why Enable-CsTopology", Syntax::Markdown);
            sheet.sections.push(Section { title, noun: ["reason", "reasons"], blocks });
        }
        for section in &outline.sections {
            let mut blocks = Vec::new();
            let pieces: Vec<Piece<'_>> =
                section.items.iter().flat_map(|item| block::pieces(item, fold, &mut sheet.folded)).collect();
            for piece in pieces {
                let block = piece.write(fold, &mut sheet.folded);
                length += block.text.len();
                if length > most {
                    return None;
                }
                blocks.push(block);
            }
            sheet.sections.push(Section { title: section.part.title().to_owned(), noun: section.part.noun(), blocks });
        }
        Some(sheet)
    }
}

/// The verdict and the counts, in one line.
fn summary(outline: &Outline) -> String {
    let verdict = inline(&outline.verdict.text, Syntax::Markdown);
    let counts: Vec<String> = outline.summary.iter().map(|line| inline(line, Syntax::Markdown)).collect();
    format!("**{verdict}.** {}\n", counts.join(" "))
}

fn head(outline: &Outline) -> String {
    let mut head = format!("## {}\n\n{}\n", inline(&outline.title, Syntax::Markdown), summary(outline));
    for (_, warning) in outline.verdict.notes.iter().filter(|(label, _)| *label == Label::Beware) {
        let _ = write!(head, "> {}\n\n", inline(warning, Syntax::Markdown));
    }
    let origin: Vec<String> = outline.origin.iter().map(|line| inline(line, Syntax::Markdown)).collect();
    let _ = write!(head, "Made {}\n\n", origin.join("; "));
    head
}
