//! Names that try to break out of whatever they are written in.

use super::sample::Names;
use crate::model::{AccountName, DistinguishedName, LocationPath, SiteName};
use proptest::prelude::*;
use std::str::FromStr;

const FRAGMENTS: &[&str] = &[
    "`",
    "```",
    "~~~",
    "'",
    "''",
    "‘",
    "’",
    "‚",
    "‛",
    "\"",
    "“",
    "„",
    "$x",
    "$(calc)",
    "`$(1)",
    "${env:PATH}",
    "%PATH%",
    "--%",
    "@{a=1}",
    "@(1)",
    "@'",
    "'@",
    "@\"",
    "#",
    "#>",
    "<#",
    "# SIG # Begin signature block",
    "#requires -Version 99",
    ";",
    "; Stop-Computer",
    "|",
    "||",
    "&",
    "&&",
    "{",
    "}",
    "}}",
    "(",
    ")",
    "[char]0x41",
    "[x](http://evil.example)",
    "![i](//evil.example)",
    "[x]: http://evil.example",
    "<script>alert(1)</script>",
    "</details>",
    "</summary>",
    "<!--",
    "-->",
    "<http://evil.example>",
    "https://evil.example",
    "www.evil.example",
    "&amp;",
    "&#64;",
    "@admin",
    "@org/team",
    "#123",
    "GH-1",
    "org/repo#1",
    "0123456789abcdef0123456789abcdef01234567",
    "a@b.co",
    ":smile:",
    "*b*",
    "**b**",
    "_i_",
    "~s~",
    "1.",
    "1)",
    "- ",
    "+ ",
    "> ",
    "# ",
    "===",
    "---",
    "***",
    "| a | b |",
    "$$x$$",
    "[^1]",
    "[ ]",
    "\\",
    "\\\\",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\t",
    "\0",
    "\u{7}",
    "\u{8}",
    "\u{1b}[31m",
    "\u{1b}]0;t\u{7}",
    "\u{9b}2J",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200e}",
    "\u{202e}",
    "\u{2028}",
    "\u{2029}",
    "\u{2066}",
    "\u{feff}",
    "\u{e0041}",
    "\u{3000}",
    "é",
    "日本",
    "𝒳",
    "ё",
    " ",
    "   ",
    "a",
    "Z9",
    "CON",
    "..",
    "../..",
    "/",
    "-Confirm:$false",
    "-WhatIf",
];

/// Any text, most of it chosen to do harm.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(FRAGMENTS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z]{1,4}",
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// The text without what such a name cannot have; or a tame name, where nothing is left.
fn made<N: FromStr + ToString>(text: &str, tame: &str) -> String {
    let allowed: String = text.chars().filter(|c| !c.is_control()).collect();
    allowed.parse::<N>().map_or(tame.to_owned(), |name| name.to_string())
}

fn account() -> impl Strategy<Value = String> {
    const LETTERS: &[char] = &[
        '\'',
        '’',
        '‘',
        '`',
        '#',
        '&',
        '%',
        '(',
        ')',
        '{',
        '}',
        '!',
        '~',
        '^',
        '.',
        '-',
        '_',
        'a',
        'Z',
        '0',
        'é',
        '日',
        '\u{202e}',
        '\u{200b}',
        '\u{feff}',
        '\u{e0041}',
        '“',
        '–',
        'ё',
    ];
    let part = || prop::collection::vec(prop::sample::select(LETTERS), 1..=15).prop_map(String::from_iter);
    (part(), part()).prop_map(|(domain, name)| format!("{domain}\\{name}"))
}

/// Names for everything that may bear one; no two things share theirs.
pub(crate) fn names() -> impl Strategy<Value = Names> {
    let texts = (text(), text(), text(), text(), text(), text(), text(), text(), text());
    (account(), account(), texts)
        .prop_filter("two accounts", |(account, former, _)| {
            let parsed = |name: &str| name.parse::<AccountName>().ok();
            parsed(account).is_some() && parsed(former).is_some() && parsed(account) != parsed(former)
        })
        .prop_map(|(account, former, (site, container, location, provider, holder, detail, cause, file, reason))| {
            Names {
                site: made::<SiteName>(&site, "Redmond"),
                account,
                former,
                container: made::<DistinguishedName>(&format!("CN={}", container.replace(',', "\\,")), "CN=Users"),
                location: made::<LocationPath>(&location, "Site"),
                provider,
                holder,
                detail,
                cause,
                signature: file.clone(),
                file,
                reason,
            }
        })
}
