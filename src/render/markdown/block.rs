//! Items as whole Markdown blocks: list items, headings with what follows, and steps that unfold.

use super::inline::{Syntax, inline, longest_run};
use super::limit::Fold;
use crate::render::escape::{Lines, terminal};
use crate::render::outline::{DiffChange, Item, Label, Mark};
use std::fmt::Write as _;

/// From the beginning of a line to the end of one; what is inside is never torn apart.
pub(super) struct Block {
    pub(super) text: String,
    /// How many of its section's things it stands for.
    pub(super) covers: usize,
}

impl Block {
    /// A sentence in a list.
    pub(super) fn bullet(text: &str) -> Self {
        Self { text: format!("- {}\n", inline(text, Syntax::Markdown)), covers: 1 }
    }
}

/// What was folded away, counted.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) commands_of_steps: usize,
    pub(super) details_of_steps: usize,
    pub(super) lists_of_servers: usize,
    pub(super) pools: usize,
}

/// The blocks of one item of a section.
pub(super) fn of(item: &Item, fold: Fold, folded: &mut Folded) -> Vec<Block> {
    let mut writer = Writer { fold, folded };
    match item.mark {
        Mark::Step(first, last) => vec![writer.step(item, first, last)],
        Mark::None if !item.items.is_empty() => writer.site(item),
        // A remark about all sites: the blank line in front ends the list of the last one.
        Mark::None => vec![Block { text: format!("\n{}\n", inline(&item.text, Syntax::Markdown)), covers: 0 }],
        _ => vec![writer.block(item)],
    }
}

struct Writer<'f> {
    fold: Fold,
    folded: &'f mut Folded,
}

impl Writer<'_> {
    fn block(&mut self, item: &Item) -> Block {
        let mut text = String::new();
        self.item(item, 0, &mut text);
        Block { text, covers: item.total() }
    }

    /// A site: what differs in it and each of its pools, the heading in front of the first.
    fn site(&mut self, site: &Item) -> Vec<Block> {
        let mut blocks = Vec::new();
        for item in &site.items {
            if self.fold >= Fold::QuietPools && item.mark == Mark::None && item.total() == 0 {
                self.folded.pools += 1;
            } else {
                blocks.push(self.block(item));
            }
        }
        if let Some(first) = blocks.first_mut() {
            // The blank line in front ends the list of the site before.
            first.text.insert_str(0, &format!("\n#### {}\n\n", inline(&site.text, Syntax::Markdown)));
        }
        blocks
    }

    /// A list item with all that belongs to it.
    fn item(&mut self, item: &Item, depth: usize, text: &mut String) {
        let indent = "  ".repeat(depth);
        let line = inline(&item.text, Syntax::Markdown);
        let _ = match (item.mark, depth) {
            (Mark::Create, _) => writeln!(text, "{indent}- `+` {line}"),
            (Mark::Update, _) => writeln!(text, "{indent}- `~` {line}"),
            (Mark::Delete, _) => writeln!(text, "{indent}- `-` {line}"),
            (Mark::Error, _) => writeln!(text, "{indent}- **error** {line}"),
            (Mark::Warning, _) => writeln!(text, "{indent}- **warning** {line}"),
            (Mark::Note, _) => writeln!(text, "{indent}- note {line}"),
            (Mark::None | Mark::Disrupt | Mark::Unreadable | Mark::Step(..), _) => writeln!(text, "{indent}- {line}"),
        };
        self.notes(item, depth + 1, text);
        if !item.diff.is_empty() {
            let sign = |change| match change {
                DiffChange::Same => ' ',
                DiffChange::Gone => '-',
                DiffChange::New => '+',
            };
            let lines: Vec<String> =
                item.diff.iter().map(|line| format!("{} {}", sign(line.change), line.text)).collect();
            fence("diff", &lines, &"  ".repeat(depth + 1), text);
        }
        item.items.iter().for_each(|item| self.item(item, depth + 1, text));
    }

    fn notes(&mut self, item: &Item, depth: usize, text: &mut String) {
        let indent = "  ".repeat(depth);
        for (label, note) in &item.notes {
            if *label == Label::Servers && self.fold >= Fold::Lists {
                self.folded.lists_of_servers += 1;
                continue;
            }
            // A hint may have lines of its own, as YAML to add.
            let (first, rest) = match (label, note.split_once('\n')) {
                (Label::Help, Some((first, rest))) => (first, Some(rest)),
                _ => (note.as_str(), None),
            };
            let first = inline(first, Syntax::Markdown);
            let _ = match label {
                Label::Help | Label::Servers => writeln!(text, "{indent}- {}: {first}", label.as_str()),
                _ => writeln!(text, "{indent}- {} {first}", label.as_str()),
            };
            if let Some(rest) = rest {
                let lines: Vec<String> = rest.split('\n').map(str::to_owned).collect();
                fence("yaml", &lines, &format!("{indent}  "), text);
            }
        }
    }

    /// A step unfolds to its reasons and commands; folded, it is a line of a list.
    fn step(&mut self, item: &Item, first: usize, last: usize) -> Block {
        let number = if first == last { first.to_string() } else { format!("{first}–{last}") };
        let covers = item.total();
        if self.fold >= Fold::Details {
            self.folded.details_of_steps += covers;
            let text = format!("- **{number}.** {}\n", inline(&item.text, Syntax::Markdown));
            return Block { text, covers };
        }
        let summary = inline(&item.text, Syntax::Html);
        let mut text = format!("<details><summary>{number}. {summary}</summary>\n\n");
        self.notes(item, 0, &mut text);
        text.push('\n');
        if self.fold >= Fold::Commands {
            self.folded.commands_of_steps += covers;
        } else {
            fence("powershell", &item.commands, "", &mut text);
            text.push('\n');
        }
        text.push_str("</details>\n\n");
        Block { text, covers }
    }
}

/// A fenced block, its fence longer than any in the lines.
fn fence(language: &str, lines: &[String], indent: &str, text: &mut String) {
    let longest = lines.iter().map(|line| longest_run(line, '`')).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let _ = writeln!(text, "{indent}{fence}{language}");
    for line in lines {
        let _ = writeln!(text, "{indent}{}", terminal(line, Lines::Escape).trim_end());
    }
    let _ = writeln!(text, "{indent}{fence}");
}
