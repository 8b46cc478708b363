//! What a code means, why it matters, and an example of each side: the pages of `cskerb explain`.
//!
//! A page is a file of `explanations/`, compiled in; one that is missing fails the build. It is written in the little
//! of Markdown that [`Block`] knows: paragraphs, fenced blocks, the
//! headings `## Wrong` and `## Right`, and one line `Scenario: NAME`, for the test that runs it.

/// The page of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'t> {
    /// What it is, why, and who says so.
    pub what: Vec<Block<'t>>,
    /// How it comes about.
    pub wrong: Vec<Block<'t>>,
    /// How it should be, or what mends it.
    pub right: Vec<Block<'t>>,
    /// The folder of `tests/scenarios/` whose plan is quoted, where one is.
    pub scenario: Option<&'t str>,
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block<'t> {
    /// Text, its lines joined.
    Paragraph(String),
    /// What stands between fences.
    Fenced {
        /// The word behind the opening fence: `yaml` is a whole deployment file or a part of one.
        language: &'t str,
        /// Its lines, with their indentation.
        text: String,
    },
}

impl<'t> Explanation<'t> {
    /// Reads a page. Whatever is no heading and no fence is a paragraph.
    pub(super) fn parse(page: &'t str) -> Self {
        let (mut what, mut wrong, mut right, mut scenario) = (Vec::new(), Vec::new(), Vec::new(), None);
        let mut into = &mut what;
        let mut lines = page.lines();
        let mut paragraph: Vec<&str> = Vec::new();
        while let Some(line) = lines.next() {
            let fence = line.strip_prefix("```");
            let text =
                !line.is_empty() && fence.is_none() && !line.starts_with("## ") && !line.starts_with("Scenario: ");
            if text {
                paragraph.push(line);
                continue;
            }
            if !paragraph.is_empty() {
                into.push(Block::Paragraph(paragraph.join(" ")));
                paragraph.clear();
            }
            if let Some(language) = fence {
                let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                into.push(Block::Fenced { language, text: inside.join("\n") + "\n" });
            }
            if let Some(name) = line.strip_prefix("Scenario: ") {
                scenario = Some(name);
            }
            match line {
                "## Wrong" => into = &mut wrong,
                "## Right" => into = &mut right,
                _ => {}
            }
        }
        if !paragraph.is_empty() {
            into.push(Block::Paragraph(paragraph.join(" ")));
        }
        Self { what, wrong, right, scenario }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Code;

    #[test]
    fn a_page_is_read_block_by_block() {
        let page = "A first\nparagraph.\n\nA second one.\n\n## Wrong\n\n```yaml\na:\n\n  - b\n```\n\nScenario: half-valid-pool\n\n## Right\n\nMend it.\n";
        let paragraph = |text: &str| Block::Paragraph(text.to_owned());
        let expected = Explanation {
            what: vec![paragraph("A first paragraph."), paragraph("A second one.")],
            wrong: vec![Block::Fenced { language: "yaml", text: "a:\n\n  - b\n".to_owned() }],
            right: vec![paragraph("Mend it.")],
            scenario: Some("half-valid-pool"),
        };
        assert_eq!(Explanation::parse(page), expected);
    }

    #[test]
    fn every_page_says_what_and_why_with_its_source_and_shows_both_sides() {
        for code in Code::ALL {
            let explanation = code.explanation();
            let [first, why @ .., Block::Paragraph(source)] = explanation.what.as_slice() else {
                panic!("{code}: {:?}", explanation.what)
            };
            assert!(matches!(first, Block::Paragraph(_)) && !why.is_empty(), "{code} has a what and a why");
            assert!(source.starts_with("Source: "), "{code}: {source}");
            assert!(!explanation.wrong.is_empty() && !explanation.right.is_empty(), "{code} lacks a side");
            let prose = explanation.what.iter().chain(&explanation.wrong).chain(&explanation.right);
            for block in prose {
                let Block::Paragraph(text) = block else { continue };
                assert!(!text.starts_with(['#', '-', '*', '|']), "{code}: {text:?} is more Markdown than is known");
            }
        }
    }
}
