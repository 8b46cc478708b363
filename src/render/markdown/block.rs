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

/// What becomes one block.
pub(super) struct Piece<'o> {
    place: Place<'o>,
    item: &'o Item,
}

/// Where an item stands.
enum Place<'o> {
    /// It belongs to no site.
    Alone,
    /// It is the first of this site, whose heading it brings.
    FirstOf(&'o str),
    /// It is a further one of the same site.
    Next,
}

/// The pieces of one item of a section: a site falls apart into what differs in it and its pools.
pub(super) fn pieces<'o>(item: &'o Item, fold: Fold, folded: &mut Folded) -> Vec<Piece<'o>> {
    if item.mark != Mark::None || item.items.is_empty() {
        return vec![Piece { place: Place::Alone, item }];
    }
    let is_quiet = |item: &&Item| fold >= Fold::QuietPools && item.mark == Mark::None && item.total() == 0;
    let (quiet, shown): (Vec<&Item>, Vec<&Item>) = item.items.iter().partition(is_quiet);
    folded.pools += quiet.len();
    let piece = |(at, of_site)| {
        let place = if at == 0 { Place::FirstOf(&item.text) } else { Place::Next };
        Piece { place, item: of_site }
    };
    shown.into_iter().enumerate().map(piece).collect()
}

impl Piece<'_> {
    pub(super) fn write(&self, fold: Fold, folded: &mut Folded) -> Block {
        let mut writer = Writer { fold, folded };
        let mut text = String::new();
        if let Place::FirstOf(site) = self.place {
            // The blank line in front ends the list of the site before.
            let _ = write!(text, "\n#### {}\n\n", inline(site, Syntax::Markdown));
        }
        match (self.item.mark, &self.place) {
            (Mark::Step(first, last), _) => writer.step(self.item, first, last, &mut text),
            // A remark about all sites: the blank line in front ends the list of the last one.
            (Mark::None, Place::Alone) => {
                let _ = write!(text, "\n{}\n", inline(&self.item.text, Syntax::Markdown));
            }
            _ => writer.item(self.item, 0, &mut text),
        }
        Block { text, covers: self.item.total() }
    }
}

struct Writer<'f> {
    fold: Fold,
    folded: &'f mut Folded,
}

impl Writer<'_> {
    /// A list item with all that belongs to it.
    fn item(&mut self, item: &Item, depth: usize, text: &mut String) {
        let indent = "  ".repeat(depth);
        let line = inline(&item.text, Syntax::Markdown);
        let _ = match item.mark {
            Mark::Create => writeln!(text, "{indent}- `+` {line}"),
            Mark::Update => writeln!(text, "{indent}- `~` {line}"),
            Mark::Delete => writeln!(text, "{indent}- `-` {line}"),
            Mark::Error => writeln!(text, "{indent}- **error** {line}"),
            Mark::Warning => writeln!(text, "{indent}- **warning** {line}"),
            Mark::Note => writeln!(text, "{indent}- note {line}"),
            Mark::None | Mark::Disrupt | Mark::Unreadable | Mark::Step(..) => writeln!(text, "{indent}- {line}"),
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
            // A hint may have lines of its own: YAML to add, or a command.
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
                let lines: Vec<&str> = rest.split('\n').collect();
                let margin =
                    lines.iter().map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
                let lines: Vec<String> = lines.iter().map(|line| line[margin..].to_owned()).collect();
                fence("", &lines, &format!("{indent}  "), text);
            }
        }
    }

    /// A step unfolds to its reasons and commands; folded, it is a line of a list.
    fn step(&mut self, item: &Item, first: usize, last: usize, text: &mut String) {
        let number = if first == last { first.to_string() } else { format!("{first}–{last}") };
        if self.fold >= Fold::Details {
            self.folded.details_of_steps += item.total();
            let _ = writeln!(text, "- **{number}.** {}", inline(&item.text, Syntax::Markdown));
            return;
        }
        let summary = inline(&item.text, Syntax::Html);
        let _ = write!(text, "<details><summary>{number}. {summary}</summary>\n\n");
        self.notes(item, 0, text);
        text.push('\n');
        if self.fold >= Fold::Commands {
            self.folded.commands_of_steps += item.total();
        } else {
            fence("powershell", &item.commands(), "", text);
            text.push('\n');
        }
        text.push_str("</details>\n\n");
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
