//! What the screen says, and that no name breaks out of it.

use super::*;
use crate::render::escape::steers;
use crate::render::hostile;
use crate::render::sample::{Names, Sample, eventful, large};
use proptest::prelude::*;
use std::sync::LazyLock;

fn rendered(sample: &Sample, colour: bool) -> String {
    let status = crate::plan::status(&sample.deployment, &sample.actual);
    text(&status, Style { colour, ..Style::default() })
}

#[test]
fn an_eventful_deployment_reads_well_at_80_columns() {
    let text = rendered(&eventful(&Names::default()), false);
    snapbox::assert_data_eq!(text.as_str(), snapbox::file!["../../../tests/renderings/status.txt": Text].raw());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_large_pool_is_a_few_lines() {
    let text = rendered(&large(1, 1_000, true), false);
    assert!(text.lines().count() < 20, "{text}");
    assert!(text.contains("valid     999 servers: ") && text.contains("and 993 more"), "{text}");
}

/// What stands at the left edge, or two columns from it: titles, accounts, sites and pools.
fn headings(text: &str) -> usize {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("   ")).count()
}

/// With names that do no harm.
static TAME: LazyLock<usize> = LazyLock::new(|| headings(&rendered(&eventful(&Names::default()), false)));

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Twelve names a case: over a thousand in all.
    #[test]
    fn no_name_steers_the_terminal_or_forges_a_line(names in hostile::names()) {
        let sample = eventful(&names);
        let text = rendered(&sample, false);
        prop_assert!(text.chars().all(|c| c == '\n' || !steers(c)), "{:?}", text);
        prop_assert_eq!(headings(&text), *TAME, "{}", text);
        let colourless: String = rendered(&sample, true).split('\u{1b}').map(|part| match part.split_once('m') {
            Some((code, rest)) if code.starts_with('[') => rest,
            _ => part,
        }).collect();
        prop_assert_eq!(colourless, text);
    }
}
