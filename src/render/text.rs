//! The outline as plain text: reads without colour and at 80 columns.

use super::escape::{Lines, terminal};
use super::outline::{DiffChange, Item, Label, Mark, Outline};
use super::page::{Page, Tone};
use rayon::prelude::*;

pub use super::page::Style;

/// The plan as text.
pub fn plan(outline: &Outline, style: Style) -> String {
    let mut page = Page::new(style);
    page.paragraph("", "  ", &outline.title, Tone::Strong);
    outline.origin.iter().for_each(|line| page.paragraph("  ", "  ", line, Tone::Plain));
    for section in &outline.sections {
        page.blank();
        page.paragraph("", "", section.part.title(), Tone::Strong);
        let items = section.items.par_iter().map(|item| {
            let mut page = Page::new(style);
            page.item(item, 1);
            page
        });
        items.collect::<Vec<Page>>().iter().for_each(|items| page.append(items));
    }
    page.blank();
    outline.summary.iter().for_each(|line| page.paragraph("", "  ", line, Tone::Strong));
    page.item(&outline.verdict, 0);
    page.into_text()
}

/// An item's sign and its colour.
fn sign(mark: Mark) -> (String, Tone) {
    let (sign, tone) = match mark {
        Mark::None => ("", Tone::Plain),
        Mark::Create => ("+ ", Tone::Good),
        Mark::Update => ("~ ", Tone::Warn),
        Mark::Delete => ("- ", Tone::Bad),
        Mark::Disrupt => ("! ", Tone::Bad),
        Mark::Unreadable => ("? ", Tone::Warn),
        Mark::Error => ("error", Tone::Bad),
        Mark::Warning => ("warning", Tone::Warn),
        Mark::Note => ("note", Tone::Faint),
        Mark::Step(first, last) if first == last => return (format!("{first:>3}  "), Tone::Strong),
        Mark::Step(first, last) => return (format!("{:>3}  ", format!("{first}-{last}")), Tone::Strong),
    };
    (sign.to_owned(), tone)
}

impl Page {
    fn item(&mut self, item: &Item, depth: usize) {
        let indent = "  ".repeat(depth);
        let (sign, tone) = sign(item.mark);
        let hanging = match item.mark {
            Mark::Error | Mark::Warning | Mark::Note | Mark::None => format!("{indent}  "),
            _ => format!("{indent}{}", " ".repeat(sign.len())),
        };
        let tone = if item.mark == Mark::None && depth == 1 { Tone::Strong } else { tone };
        self.paragraph(&format!("{indent}{sign}"), &hanging, &item.text, tone);
        for (label, note) in &item.notes {
            self.note(&hanging, *label, note);
        }
        for line in &item.diff {
            let (sign, tone) = match line.change {
                DiffChange::Same => (' ', Tone::Plain),
                DiffChange::Gone => ('-', Tone::Bad),
                DiffChange::New => ('+', Tone::Good),
            };
            let text = terminal(&line.text, Lines::Escape);
            self.line(&format!("{hanging}  {sign} {text}"), tone);
        }
        item.items.iter().for_each(|item| self.item(item, depth + 1));
    }

    fn note(&mut self, indent: &str, label: Label, note: &str) {
        let first = format!("{indent}{:<9}", label.as_str());
        let hanging = " ".repeat(first.len());
        // A hint may have lines of its own, as YAML to add: they are kept as they are. Nothing else may.
        let lines = if label == Label::Help { Lines::Keep } else { Lines::Escape };
        for (at, line) in terminal(note, lines).split('\n').enumerate() {
            match at {
                0 => self.paragraph(&first, &hanging, line, Tone::Plain),
                _ => self.line(&format!("{hanging}{line}"), Tone::Plain),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::steers;
    use crate::render::hostile;
    use crate::render::sample::{Names, eventful};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn rendered(outline: &Outline, colour: bool) -> String {
        plan(outline, Style { colour, ..Style::default() })
    }

    /// With names that do no harm.
    static TAME: LazyLock<String> =
        LazyLock::new(|| rendered(&Outline::of(&eventful(&Names::default()).plan()), false));

    #[test]
    fn an_eventful_plan_reads_well_at_80_columns() {
        let text = &*TAME;
        snapbox::assert_data_eq!(text.as_str(), snapbox::file!["../../tests/renderings/plan.txt": Text].raw());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    /// What stands at the left edge is the renderer's own.
    fn unindented(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).skip(1).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        /// Twelve names a case: over a thousand in all.
        #[test]
        fn no_name_steers_the_terminal_or_forges_a_line(names in hostile::names()) {
            let outline = Outline::of(&eventful(&names).plan());
            let text = rendered(&outline, false);
            prop_assert!(text.chars().all(|c| c == '\n' || !steers(c)), "{:?}", text);
            prop_assert_eq!(unindented(&text), unindented(&TAME));
            let colourless: String = rendered(&outline, true).split('\u{1b}').map(|part| match part.split_once('m') {
                Some((code, rest)) if code.starts_with('[') => rest,
                _ => part,
            }).collect();
            prop_assert_eq!(colourless, text);
        }
    }
}
