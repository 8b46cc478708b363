//! What the Markdown says, that it keeps its limit, and that no name breaks out of it.

use super::*;
use crate::plan::Plan;
use crate::render::escape::{Lines, terminal};
use crate::render::hostile;
use crate::render::sample::{Names, Sample, eventful, large};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn outline(plan: &Plan) -> Outline {
    Outline { digest: Some(DIGEST.to_owned()), ..Outline::of(plan) }
}

/// What Markdown makes of a text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Structure {
    /// How many blocks of each kind.
    blocks: BTreeMap<String, usize>,
    /// How many HTML tags of each kind.
    tags: BTreeMap<String, usize>,
}

/// The structure, and all that is read, without white space. Fails where anything is a link, an image, a table, or
/// any HTML but the few tags that the renderer itself writes.
fn read(markdown: &str) -> (Structure, String) {
    let (mut structure, mut text) = (Structure::default(), String::new());
    let mut in_code = false;
    for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(tag) => {
                in_code |= matches!(tag, Tag::CodeBlock(_));
                let kind = match tag {
                    Tag::Heading { level, .. } => format!("{level}"),
                    Tag::CodeBlock(kind) => format!("{kind:?}"),
                    Tag::Paragraph
                    | Tag::BlockQuote(None)
                    | Tag::List(None)
                    | Tag::Item
                    | Tag::Strong
                    | Tag::HtmlBlock => {
                        format!("{tag:?}")
                    }
                    other => panic!("{other:?} in\n{markdown}"),
                };
                *structure.blocks.entry(kind).or_default() += 1;
            }
            Event::End(tag) => in_code &= !matches!(tag, pulldown_cmark::TagEnd::CodeBlock),
            Event::Text(words) if in_code => text.push_str(&words),
            Event::Text(words) => {
                let ordinary = |c: char| c.is_alphanumeric() || " '-,.;:!?()\"→–>".contains(c);
                assert!(words.chars().all(ordinary), "{words:?} is more than words in\n{markdown}");
                text.push_str(&words);
            }
            Event::Code(words) => text.push_str(&words),
            Event::Html(html) => read_html(&html, &mut structure, &mut text),
            Event::SoftBreak => text.push('\n'),
            other => panic!("{other:?} in\n{markdown}"),
        }
    }
    text.retain(|c| !c.is_whitespace());
    (structure, text)
}

fn read_html(html: &str, structure: &mut Structure, text: &mut String) {
    let decoded =
        |html: &str| html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(&decoded(before));
        let (tag, after) = tag.split_once('>').unwrap();
        assert!(["details", "/details", "summary", "/summary", "code", "/code"].contains(&tag), "<{tag}> in {html}");
        if !tag.ends_with("code") {
            *structure.tags.entry(tag.to_owned()).or_default() += 1;
        }
        rest = after;
    }
    assert!(!rest.contains('>'), "{html}");
    text.push_str(&decoded(rest));
}

#[test]
fn an_eventful_plan_reads_well() {
    let text = plan(&outline(&eventful(&Names::default()).plan()), DEFAULT_MAX_BYTES);
    snapbox::assert_data_eq!(text, snapbox::file!["../../../tests/renderings/plan.md": Text].raw());
}

#[test]
fn a_plan_without_steps_is_short() {
    let sample = Sample { request: crate::plan::Request::default(), ..large(2, 1, true) };
    let text = plan(&Outline::of(&sample.plan()), DEFAULT_MAX_BYTES);
    let expected = "## Plan for `contoso.yaml`\n\n**`Enable-CsTopology`: not required.** Plan: no step: what is declared is \
                    in place. Servers: 2 valid, 0 invalid, 0 unreadable.\n\nMade against `snapshots/monday`, collected \
                    2026-11-20 08:00:00 UTC\n\n";
    assert_eq!(text, expected);
}

/// The steps that are shown or said to be left out.
fn accounted_steps(markdown: &str) -> usize {
    let mut steps = 0;
    for line in markdown.lines() {
        let number = line.strip_prefix("<details><summary>").or_else(|| line.strip_prefix("- **"));
        if let Some(number) = number.and_then(|rest| rest.split_once('.')).map(|(number, _)| number) {
            let (first, last) = number.split_once('–').unwrap_or((number, number));
            steps += last.parse::<usize>().map_or(0, |last| last + 1 - first.parse::<usize>().unwrap());
        }
        if let Some(left) = line.strip_prefix("**").filter(|rest| rest.contains("step")) {
            steps += left.split_once(' ').unwrap().0.parse::<usize>().unwrap_or(0);
        }
    }
    steps
}

fn check_limit(outline: &Outline, steps: usize, max_bytes: usize) {
    let text = plan(outline, max_bytes);
    assert!(text.len() <= max_bytes, "{} bytes for {max_bytes}", text.len());
    let (structure, _) = read(&text);
    let tags = |tag: &str| structure.tags.get(tag).copied().unwrap_or(0);
    assert_eq!(tags("details"), tags("/details"), "{max_bytes}: {text}");
    let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    let blocks: usize = structure.blocks.iter().filter(|(kind, _)| kind.contains("Fenced")).map(|(_, n)| n).sum();
    assert_eq!(fences, 2 * blocks, "{max_bytes}: {text}");
    if text.contains("### Steps") {
        assert_eq!(accounted_steps(&text), steps, "{max_bytes}: {text}");
        let whole = text.contains("```powershell") || text.contains(DIGEST) && text.contains("plan.json");
        assert!(whole, "{max_bytes}: it does not say that something is left out: {text}");
    } else if max_bytes > 300 {
        assert!(text.contains(DIGEST) && text.contains("plan.json"), "{max_bytes}: {text}");
    } else {
        assert!(max_bytes < 16 || !text.is_empty(), "{max_bytes}: cut in silence");
    }
}

#[test]
fn no_limit_is_exceeded_and_nothing_is_cut_in_silence() {
    let plan = eventful(&Names::default()).plan();
    let outline = outline(&plan);
    (0..2_000)
        .step_by(7)
        .chain((2_000..16_000).step_by(211))
        .for_each(|max| check_limit(&outline, plan.steps.len(), max));
}

#[test]
fn ten_thousand_servers_stay_under_the_limit() {
    for sample in [large(2_500, 4, false), large(10, 1_000, true)] {
        let plan = sample.plan();
        let outline = outline(&plan);
        assert_eq!(
            outline.sections.iter().map(crate::render::outline::Section::total).max(),
            Some(plan.steps.len().max(plan.changes.len()))
        );
        check_limit(&outline, plan.steps.len(), DEFAULT_MAX_BYTES);
    }
}

/// What it is with names that do no harm.
static TAME: LazyLock<Structure> =
    LazyLock::new(|| read(&plan(&outline(&eventful(&Names::default()).plan()), usize::MAX)).0);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Twelve names a case: over a thousand in all.
    #[test]
    fn no_name_breaks_out(names in hostile::names(), max in 200_usize..20_000) {
        let outline = outline(&eventful(&names).plan());
        let whole = plan(&outline, usize::MAX);
        prop_assert!(whole.chars().all(|c| c == '\n' || !crate::render::escape::steers(c)), "{whole:?}");
        let (structure, text) = read(&whole);
        prop_assert_eq!(&structure, &*TAME, "{}", whole);
        for name in [&names.site, &names.account, &names.former, &names.container, &names.location, &names.detail, &names.cause, &names.reason] {
            let shown: String = terminal(name, Lines::Escape).split_whitespace().collect();
            prop_assert!(text.replace("->", "→").contains(&shown.replace("->", "→")), "{:?} is not in {}", name, whole);
        }
        let cut = plan(&outline, max);
        prop_assert!(cut.len() <= max);
        read(&cut);
    }
}
