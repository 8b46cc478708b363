//! The examples of `cskerb explain` are true: the wrong side raises the code, the right side does not, and a plan says
//! in a scenario what its page quotes.

use cskerb::codes::{Block, Code, Severity, Stage};
use cskerb::deployment::{Loaded, load};
use cskerb::render::diagnostics::{Colour, text};
use std::path::Path;
use std::process::Command;

/// The one fenced block of a side in that language.
fn fenced<'t>(side: &'t [Block<'_>], wanted: &str) -> Option<&'t str> {
    let mut found = side.iter().filter_map(|block| match block {
        Block::Fenced { language, text } if *language == wanted => Some(text.as_str()),
        _ => None,
    });
    let first = found.next();
    assert!(found.next().is_none(), "several blocks of {wanted}");
    first
}

fn of(stage: Stage) -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(move |code| code.stage() == stage)
}

/// Files that no page can show, made here as their pages describe them.
fn described(code: Code) -> Option<Vec<u8>> {
    match code {
        Code::FileUnreadable => Some(b"version: 1\nsites: [{ name: Z\xFCrich }]\n".to_vec()),
        Code::FileTooLarge => Some(vec![b'#'; 67_108_865]),
        _ => None,
    }
}

/// What the code's wrong example raises besides, because it cannot be had without.
fn comes_along(code: Code) -> Option<Code> {
    (code == Code::SpnExpectedTwice).then_some(Code::InternalFqdnTaken)
}

#[test]
fn wrong_files_raise_their_code_and_nothing_else() {
    for code in of(Stage::File) {
        let explanation = code.explanation();
        let wrong = match (fenced(&explanation.wrong, "yaml"), described(code)) {
            (Some(wrong), None) => wrong.as_bytes().to_vec(),
            (None, Some(bytes)) => bytes,
            both => panic!("{code} has {both:?}"),
        };
        let loaded = load("wrong.yaml", &wrong);
        let expected = |found: &Code| *found == code || Some(*found) == comes_along(code);
        let mut raised: Vec<Code> = loaded.diagnostics.iter().map(|found| found.code).collect();
        raised.retain(|found| found.severity() > Severity::Note || *found == code);
        assert!(raised.contains(&code) && raised.iter().all(expected), "{code}: {}", text(&loaded, Colour::Plain));
    }
}

#[test]
fn right_files_raise_nothing() {
    for code in of(Stage::File).filter(|code| described(*code).is_none()) {
        let right = load("right.yaml", fenced(&code.explanation().right, "yaml").unwrap().as_bytes());
        assert!(right.diagnostics.is_empty(), "{code}: {}", text(&right, Colour::Plain));
    }
}

#[test]
fn yaml_to_add_has_the_shape_of_the_format() {
    for code in of(Stage::Plan) {
        let explanation = code.explanation();
        let Some(fragment) = fenced(&explanation.right, "yaml") else { continue };
        let file = whole(fragment);
        let Loaded { diagnostics, .. } = load("right.yaml", file.as_bytes());
        let structural = [Code::YamlSyntax, Code::UnknownKey, Code::WrongType, Code::UnknownValue, Code::MissingKey];
        let wrong = diagnostics.iter().find(|found| structural.contains(&found.code));
        assert!(wrong.is_none(), "{code}: {wrong:?}\n{file}");
    }
}

/// The file that a fragment is a part of, by its indentation.
fn whole(fragment: &str) -> String {
    let begins = |text: &str| fragment.starts_with(text);
    let above = if begins("accounts:") {
        "version: 1\nsites: []\n"
    } else if begins("sites:") {
        "version: 1\n"
    } else if begins("  - name:") {
        "version: 1\nsites:\n"
    } else if begins("    pools:") {
        "version: 1\nsites:\n  - name: Redmond\n"
    } else if begins("      - fqdn:") {
        "version: 1\nsites:\n  - name: Redmond\n    pools:\n"
    } else {
        "version: 1\nsites:\n  - name: Redmond\n    pools:\n      - fqdn: pool01.contoso.com\n        role: front-end\n"
    };
    format!("{above}{fragment}")
}

/// The words in one line, however they were wrapped.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_plan_says_in_its_scenario_what_the_page_quotes() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    for code in of(Stage::Plan) {
        let explanation = code.explanation();
        let folder = scenarios.join(explanation.scenario.unwrap_or_else(|| panic!("{code} names no scenario")));
        // What reaches beyond a scope is only said where there is one.
        let scope: &[&str] = if code == Code::OutOfScope { &["--site", "Dublin"] } else { &[] };
        let plan = Command::new(env!("CARGO_BIN_EXE_cskerb"))
            .current_dir(&folder)
            .args(["plan", "deployment.yaml", "--snapshot", "snapshot"])
            .args(scope)
            .output()
            .unwrap();
        let said = words(&String::from_utf8(plan.stdout).unwrap());
        let quoted = words(fenced(&explanation.wrong, "text").unwrap());
        assert!(quoted.contains(&format!("[{code}]")), "{code}: {quoted}");
        assert!(said.contains(&quoted), "{} does not say:\n{quoted}\nbut:\n{said}", folder.display());
    }
}
