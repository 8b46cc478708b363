//! The pages of `cskerb explain`, and the list of all codes, for a terminal.

use super::text::Style;
use crate::codes::{Block, Code, Severity, Stage};

/// The page of one code: what, why, and both sides.
pub fn page(code: Code, style: Style) -> String {
    let explanation = code.explanation();
    let mut page = Page { style, text: String::new() };
    let raised = match code.stage() {
        Stage::File => "of a deployment file",
        Stage::Plan => "of a plan",
    };
    page.heading(code.slug());
    page.paragraph(&format!("{} ({} {raised}).", code.title(), code.severity()));
    page.blocks(&explanation.what);
    page.text.push('\n');
    page.heading("Wrong");
    page.blocks(&explanation.wrong);
    page.text.push('\n');
    page.heading("Right");
    page.blocks(&explanation.right);
    if code.severity() != Severity::Error {
        page.text.push('\n');
        page.heading("To live with it");
        page.blocks(&[Block::Fenced {
            language: "yaml",
            text: format!("allow:\n  - {{ code: {code}, reason: \"...\" }}\n"),
        }]);
    }
    page.text
}

/// Every code with its title, those of files before those of plans.
pub fn list(style: Style) -> String {
    let mut page = Page { style, text: String::new() };
    let widest = Code::ALL.iter().map(|code| code.slug().len()).max().unwrap_or_default();
    for (stage, title) in [(Stage::File, "Of a deployment file"), (Stage::Plan, "Of a plan")] {
        for severity in [Severity::Error, Severity::Warning, Severity::Note] {
            page.heading(&format!("{title}: {severity}s"));
            for code in Code::ALL.iter().filter(|code| code.stage() == stage && code.severity() == severity) {
                let indent = format!("  {:widest$}  ", code.slug());
                page.wrap(&indent, &" ".repeat(indent.len()), code.title());
            }
            page.text.push('\n');
        }
    }
    page.paragraph("`cskerb explain CODE` says more of one.");
    page.text
}

struct Page {
    style: Style,
    text: String,
}

impl Page {
    fn heading(&mut self, text: &str) {
        let (strong, plain) = if self.style.colour { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        self.text.extend([strong, text, plain, "\n"]);
    }

    fn blocks(&mut self, blocks: &[Block<'_>]) {
        for block in blocks {
            self.text.push('\n');
            match block {
                Block::Paragraph(text) => self.paragraph(text),
                Block::Fenced { text, .. } => {
                    for line in text.lines() {
                        self.text.push_str(format!("    {line}").trim_end());
                        self.text.push('\n');
                    }
                }
            }
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.wrap("", "", text);
    }

    fn wrap(&mut self, first: &str, hanging: &str, text: &str) {
        let options = textwrap::Options::new(self.style.width.max(40))
            .initial_indent(first)
            .subsequent_indent(hanging)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_fits_80_columns_and_has_no_colour_in_a_pipe() {
        let pages = Code::ALL.iter().map(|code| page(*code, Style::default()));
        for text in pages.chain([list(Style::default())]) {
            for line in text.lines() {
                // An address, or YAML and commands to copy, cannot be broken.
                let kept_whole = line.starts_with("    ") || line.contains("https://");
                assert!(line.chars().count() <= 80 || kept_whole, "{line}");
                assert_eq!(line, line.trim_end());
            }
            assert!(!text.contains('\u{1b}') && !text.contains("```") && !text.contains("\n\n\n"), "{text}");
        }
    }

    #[test]
    fn the_list_has_every_code_once() {
        let list = list(Style::default());
        for code in Code::ALL {
            let lines = list.lines().filter(|line| line.starts_with(&format!("  {code} ")));
            assert_eq!(lines.count(), 1, "{code}");
        }
    }
}
