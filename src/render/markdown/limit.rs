//! Holds the Markdown under its limit: folds first, then leaves out whole blocks, and says what is not there.

use super::block::{Block, Folded};
use super::inline::{Syntax, code};
use super::{Section, Sheet, summary};
use crate::render::outline::{Outline, words};

/// How far a plan is folded, each case with all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fold {
    /// Everything is shown.
    Nothing,
    /// The commands of the steps are not.
    Commands,
    /// Nor their reasons.
    Details,
    /// Nor the names in the lists of servers.
    Lists,
    /// Nor the pools without a difference.
    QuietPools,
}

impl Fold {
    const ALL: [Self; 5] = [Self::Nothing, Self::Commands, Self::Details, Self::Lists, Self::QuietPools];
}

/// The least folded plan that the limit allows.
pub(super) fn fit(outline: &Outline, max_bytes: usize) -> String {
    let folded = Fold::ALL.iter().find_map(|fold| {
        let text = Sheet::of(outline, *fold, max_bytes)?.whole(max_bytes);
        (text.len() <= max_bytes).then_some(text)
    });
    folded
        .or_else(|| Sheet::of(outline, Fold::QuietPools, usize::MAX)?.cut(max_bytes))
        .unwrap_or_else(|| sentence(outline, max_bytes))
}

/// The longest of these sentences that the limit allows.
fn sentence(outline: &Outline, max_bytes: usize) -> String {
    let whole = whereabouts(outline.digest.as_deref());
    let sentences = [
        format!("{}\nNothing else fits in {max_bytes} bytes: {whole}.\n", summary(outline)),
        format!("The plan does not fit in {max_bytes} bytes: {whole}.\n"),
        "The plan is left out: it does not fit.\n".to_owned(),
        "Plan left out.\n".to_owned(),
    ];
    sentences.into_iter().find(|text| text.len() <= max_bytes).unwrap_or_default()
}

/// Where the whole plan is.
fn whereabouts(digest: Option<&str>) -> String {
    match digest {
        Some(digest) => format!("the whole plan is `plan.json`, digest {}", code(digest, Syntax::Markdown)),
        None => "the whole plan is `plan.json`".to_owned(),
    }
}

impl Folded {
    /// What is not there, each with its number.
    fn words(&self) -> Vec<String> {
        let steps = ["step", "steps"];
        let all = [
            (self.commands_of_steps, "the commands of ", steps),
            (self.details_of_steps, "the reasons and commands of ", steps),
            (self.lists_of_servers, "the names in ", ["list of servers", "lists of servers"]),
            (self.pools, "the health of ", ["pool without a difference", "pools without a difference"]),
        ];
        let said = all.into_iter().filter(|(n, ..)| *n > 0);
        said.map(|(n, of, [one, many])| format!("{of}{}", words::count(n, one, many))).collect()
    }
}

impl Sheet {
    fn tail(&self, max_bytes: usize) -> String {
        let folded = self.folded.words();
        if folded.is_empty() {
            return match &self.digest {
                Some(digest) => format!("Digest of the plan: {}\n", code(digest, Syntax::Markdown)),
                None => String::new(),
            };
        }
        let whole = whereabouts(self.digest.as_deref());
        format!("Left out to stay under {max_bytes} bytes: {}; {whole}.\n", folded.join(", "))
    }

    fn whole(&self, max_bytes: usize) -> String {
        let mut text = self.head.clone();
        for section in &self.sections {
            text.push_str(&section.heading());
            append(&section.blocks, &mut text);
            end_paragraph(&mut text);
        }
        text + &self.tail(max_bytes)
    }

    /// As many blocks of each section as the limit allows, the sections in turn; `None` where not even their headings
    /// have room.
    fn cut(&self, max_bytes: usize) -> Option<String> {
        let whole = whereabouts(self.digest.as_deref());
        let tail = self.tail(max_bytes);
        let fixed = |section: &Section| section.heading().len() + section.longest_left_out(&whole);
        let fixed: usize = self.sections.iter().map(fixed).sum();
        let mut room = max_bytes.checked_sub(self.head.len() + tail.len() + fixed)?;
        let mut shown = vec![0; self.sections.len()];
        let mut open: Vec<usize> = (0..self.sections.len()).collect();
        while !open.is_empty() {
            open.retain(|&at| {
                let Some(block) = self.sections[at].blocks.get(shown[at]) else { return false };
                let Some(rest) = room.checked_sub(block.text.len()) else { return false };
                room = rest;
                shown[at] += 1;
                true
            });
        }
        let mut text = self.head.clone();
        for (section, shown) in self.sections.iter().zip(shown) {
            text.push_str(&section.heading());
            append(&section.blocks[..shown], &mut text);
            end_paragraph(&mut text);
            text.push_str(&section.left_out(shown, &whole));
        }
        Some(text + &tail)
    }
}

/// The blocks one after the other; two blank lines become one.
fn append(blocks: &[Block], text: &mut String) {
    for block in blocks {
        let again = text.ends_with("\n\n") && block.text.starts_with('\n');
        text.push_str(&block.text[usize::from(again)..]);
    }
}

/// A blank line, unless there is one.
fn end_paragraph(text: &mut String) {
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
}

impl Section {
    fn heading(&self) -> String {
        format!("### {}\n\n", self.title)
    }

    /// What is said in place of the blocks from that one on.
    fn left_out(&self, shown: usize, whole: &str) -> String {
        let lost = &self.blocks[shown..];
        let (n, noun) = match lost.iter().map(|block| block.covers).sum() {
            0 if lost.is_empty() => return String::new(),
            0 => (lost.len(), ["line without a difference", "lines without a difference"]),
            n => (n, self.noun),
        };
        let further = if shown > 0 { "further " } else { "" };
        let are = if n == 1 { "is" } else { "are" };
        format!("**{n} {further}{} {are} left out**; {whole}.\n\n", noun[usize::from(n != 1)])
    }

    /// No [`Section::left_out`] is longer, with the line breaks in front.
    fn longest_left_out(&self, whole: &str) -> usize {
        let total: usize = self.blocks.iter().map(|block| block.covers).sum::<usize>().max(self.blocks.len());
        let longest = format!("\n**{total} further lines without a difference are left out**; {whole}.\n\n");
        longest.len() + self.noun[1].len()
    }
}
