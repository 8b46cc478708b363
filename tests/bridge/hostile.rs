//! Names that would be code if anything took them for code: in every field that reaches a request or a command.

use crate::contoso::CONTOSO;
use crate::declared::load;
use crate::stage::Stage;
use cskerb::apply::target::Target;
use cskerb::live::collect::{Asked, script};
use cskerb::live::shell::{Call, Manner, Request};
use cskerb::model::{AccountName, DistinguishedName, LocationPath, Principal, Provider, Setting, SiteName, Spn};
use cskerb::plan::{Action, commands};
use proptest::prelude::*;
use serde_json::Value;
use tree_sitter::{Node, Parser};

/// What names are put together from: quotes of all kinds, what PowerShell expands, ends of statements, what is unseen.
const PIECES: &[&str] = &[
    "'",
    "''",
    "\"",
    "\u{2018}",
    "\u{2019}",
    "\u{201a}",
    "\u{201b}",
    "\u{201c}",
    "\u{201d}",
    "\u{201e}",
    "$( )",
    "$(calc)",
    "$x",
    "${env:x}",
    "`",
    "`n",
    ";",
    "|",
    "&",
    "&&",
    "||",
    "@(",
    "@'",
    "'@",
    "#",
    "<#",
    "#>",
    "--%",
    "-WhatIf",
    "{",
    "}",
    "%",
    "!",
    "^",
    ">",
    "<",
    "*",
    "\\",
    "/",
    ",",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{1d4b3}",
    "ü",
    "서울",
    "=",
    "/Date(0)/",
    "2026-05-30T20:00:00Z",
    "true",
    "null",
    " ",
    "a",
    "Redmond",
    "[char]0x27",
    "\u{e000}",
    "\u{ffff}",
];

/// What no name has; a request and a command carry it all the same where somebody holds an SPN under it.
const CONTROLS: &[&str] = &["\n", "\r\n", "\0", "\u{7}", "\u{1b}[31m", "\t"];

fn text(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 1..7).prop_map(|pieces| pieces.concat())
}

fn site() -> impl Strategy<Value = SiteName> {
    text(PIECES).prop_filter_map("no name", |text| text.parse().ok())
}

fn account() -> impl Strategy<Value = AccountName> {
    let parts = prop::collection::vec(prop::sample::select(PIECES), 2..5);
    parts.prop_filter_map("no name", |parts| format!("C\\{}", parts.concat()).parse().ok())
}

fn container() -> impl Strategy<Value = DistinguishedName> {
    text(PIECES).prop_filter_map("no name", |text| format!("OU={text},DC=contoso,DC=com").parse().ok())
}

fn spn() -> impl Strategy<Value = Spn> {
    text(PIECES).prop_filter_map("no name", |text| format!("http/{text}").parse().ok())
}

fn location() -> impl Strategy<Value = LocationPath> {
    text(PIECES).prop_filter_map("no name", |text| text.parse().ok())
}

fn holder() -> impl Strategy<Value = Principal> {
    (text(PIECES), text(CONTROLS), text(PIECES)).prop_map(|(a, b, c)| Principal::new(&format!("{a}{b}{c}")))
}

#[derive(Clone, Debug)]
struct Names {
    site: SiteName,
    account: AccountName,
    container: DistinguishedName,
    spn: Spn,
    location: LocationPath,
    holder: Principal,
}

fn names() -> impl Strategy<Value = Names> {
    (site(), account(), container(), spn(), location(), holder()).prop_map(
        |(site, account, container, spn, location, holder)| Names { site, account, container, spn, location, holder },
    )
}

/// The texts of a request's arguments, without their mark.
fn sent(call: &Call) -> Vec<(String, String)> {
    let line = Request::new(1, call).line();
    assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "one line of ASCII: {line:?}");
    let request: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(request["call"], call.name());
    let mut texts = Vec::new();
    for (key, value) in request["arguments"].as_object().unwrap() {
        let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for value in all.iter().filter_map(Value::as_str) {
            texts.push((key.clone(), value.strip_prefix('=').unwrap().to_owned()));
        }
    }
    texts
}

/// Every field of every call that can have such a name.
fn check_requests(names: &Names) {
    let Names { site, account, container, spn, location, holder } = names.clone();
    let check = |call: &Call, meant: &[(&str, &str)]| {
        let meant: Vec<_> = meant.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        assert_eq!(sent(call), meant);
    };
    let identity = site.identity();
    let (own, manner) = (account.clone(), Manner::Really);
    check(
        &Call::NewAccount { account: own.clone(), container: Some(container.clone()), manner, report: None },
        &[("UserAccount", account.as_str()), ("ContainerDN", container.as_str())],
    );
    let both = [("Identity", identity.as_str()), ("UserAccount", account.as_str())];
    check(&Call::NewAssignment { site: site.clone(), account: own.clone(), manner }, &both);
    check(&Call::SetAssignment { site: site.clone(), account: own.clone(), manner }, &both);
    check(&Call::RemoveAssignment { site: site.clone(), manner }, &both[..1]);
    check(&Call::TestAssignment { site, report: None }, &both[..1]);
    check(&Call::RotatePassword { account: own.clone(), manner, report: None }, &both[1..]);
    check(
        &Call::RemoveSpn { spn: spn.clone(), holder: holder.clone() },
        &[("Operation", "remove"), ("Spn", spn.as_str()), ("Account", holder.as_str())],
    );
    check(
        &Call::AddSpn { spn: spn.clone(), account: own.clone() },
        &[("Operation", "add"), ("Spn", spn.as_str()), ("Account", account.as_str())],
    );
    let provider = Provider::from_name(holder.as_str());
    let settings = vec![Setting::Providers(vec![provider.clone()])];
    check(
        &Call::SetAuthentication { location: location.clone(), settings },
        &[("Location", location.as_str()), ("providers", provider.as_str())],
    );
    check(&Call::ReadAuthentication { location: location.clone() }, &[("Location", location.as_str())]);
    check(&Call::Holders { spns: vec![spn.clone()] }, &[("Spn", spn.as_str())]);
    let (domain, bare) = (account.domain(), account.account());
    check(&Call::Account { account: own }, &[("Domain", domain), ("Name", bare)]);
    check(&Call::Directory { domain: domain.to_owned() }, &[("Domain", domain)]);
}

fn check_commands(names: &Names) {
    let Names { site, account, container, spn, holder, .. } = names.clone();
    let identity = site.identity();
    let create = Action::CreateAccount { account: account.clone(), container: Some(container.clone()) };
    check_command(
        &create,
        &["New-CsKerberosAccount", "-UserAccount", account.as_str(), "-ContainerDN", container.as_str()],
    );
    let assign = Action::AssignAccount { site: site.clone(), account: account.clone() };
    let assigned = ["New-CsKerberosAccountAssignment", "-Identity", &identity, "-UserAccount", account.as_str()];
    check_command(&assign, &assigned);
    let reassign = Action::ReassignAccount { site: site.clone(), from: account.clone(), to: account.clone() };
    let reassigned = ["Set-CsKerberosAccountAssignment", "-Identity", &identity, "-UserAccount", account.as_str()];
    check_command(&reassign, &reassigned);
    let rotate = Action::RotatePassword { account: account.clone() };
    check_command(&rotate, &["Set-CsKerberosAccountPassword", "-UserAccount", account.as_str()]);
    let add = Action::AddSpn { spn: spn.clone(), account: account.clone() };
    check_command(&add, &["setspn.exe", "-S", spn.as_str(), account.as_str()]);
    let unassign = Action::UnassignAccount { site: site.clone(), from: account.clone() };
    check_command(&unassign, &["Remove-CsKerberosAccountAssignment", "-Identity", &identity]);
    check_command(&Action::TestAssignment { site }, &["Test-CsKerberosAccountAssignment", "-Identity", &identity]);
    let remove = Action::RemoveSpn { spn: spn.clone(), holder: holder.clone() };
    check_command(&remove, &["setspn.exe", "-D", spn.as_str(), holder.as_str()]);
}

/// The script that is run by hand has the names as its parameters' defaults: lists of literal strings, and no command
/// that it would not have without them.
fn check_script(names: &Names) {
    let asked =
        Asked { accounts: [names.account.clone()].into(), spns: [names.spn.clone()].into(), ..Asked::default() };
    let (with, without) = (script(&asked), script(&Asked::default()));
    assert!(with.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)));
    let default = |parameter: &str| {
        let line = with.lines().find(|line| line.contains(parameter)).unwrap();
        let list = line.split_once("@(").unwrap().1;
        decoded(list.strip_suffix("),").unwrap())
    };
    assert_eq!(default("[string[]]$Account = "), names.account.as_str());
    assert_eq!(default("[string[]]$Spn = "), names.spn.as_str());
    // What stands below the parameters is the same, and they end where they did.
    let below = |text: &str| text.split_once("$ErrorActionPreference = 'Stop'").unwrap().1.to_owned();
    assert_eq!(below(&with), below(&without));
    let head = with.split_once("$ErrorActionPreference = 'Stop'").unwrap().0.to_owned() + "$Out\n";
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let tree = parser.parse(&head, None).unwrap();
    assert!(!tree.root_node().has_error(), "{head}");
    each(tree.root_node(), &mut |node| {
        assert!(!["command", "sub_expression", "script_block_expression"].contains(&node.kind()), "{head}");
    });
}

/// Parses the command, and takes its words apart by a decoder of its own; a refusal to pass a name on is a `throw` of
/// one text.
fn check_command(action: &Action, meant: &[&str]) {
    let [command] = &commands(action)[..] else { panic!("one command") };
    assert!(command.bytes().all(|b| (b' '..=b'~').contains(&b)), "{command:?}");
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let tree = parser.parse(command, None).unwrap();
    assert!(!tree.root_node().has_error(), "{command}");
    let mut found = Vec::new();
    each(tree.root_node(), &mut |node| {
        if ["command", "flow_control_statement", "sub_expression", "script_block_expression"].contains(&node.kind()) {
            found.push(node);
        }
    });
    assert_eq!(found.len(), 1, "one command and nothing in it that runs: {command}");
    if found[0].kind() == "flow_control_statement" {
        let text = decoded(command.strip_prefix("throw ").unwrap());
        assert!(meant[0] == "setspn.exe" && text.contains(meant[3]), "{command}");
        return;
    }
    let words = words(command);
    assert_eq!(words[..meant.len()], *meant, "{command}");
    let manner = ["-Report", "-Confirm:$false", "-Verbose"];
    for word in words[meant.len()..].iter().filter(|word| word.starts_with('-')) {
        assert!(manner.contains(&word.as_str()), "{command}");
    }
}

fn each<'t>(node: Node<'t>, visit: &mut dyn FnMut(Node<'t>)) {
    visit(node);
    for child in node.children(&mut node.walk()).collect::<Vec<_>>() {
        each(child, visit);
    }
}

/// The words of a command: separated by blanks that stand in no quotes and no parentheses.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut depth) = (Vec::new(), String::new(), false, 0);
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if c == ' ' && !quoted && depth == 0 {
            words.push(decoded(&std::mem::take(&mut word)));
        } else {
            word.push(c);
        }
    }
    words.push(decoded(&word));
    words
}

/// What PowerShell makes of `'it''s'` and of `('a' + [char]0x2019 + [char]::ConvertFromUtf32(0x1D4B3))`.
fn decoded(word: &str) -> String {
    let sum = word.strip_prefix('(').map_or(word, |rest| rest.strip_suffix(')').unwrap());
    let (mut text, mut rest) = (String::new(), sum);
    while !rest.is_empty() {
        rest = rest.strip_prefix(" + ").unwrap_or(rest);
        if let Some(inner) = rest.strip_prefix('\'') {
            let mut characters = inner.char_indices().peekable();
            let end = loop {
                match characters.next().expect("a string ends") {
                    (_, '\'') if characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                        characters.next();
                        text.push('\'');
                    }
                    (at, '\'') => break at,
                    (_, c) => text.push(c),
                }
            };
            rest = &inner[end + 1..];
        } else if let Some(number) = rest.strip_prefix("[char]::ConvertFromUtf32(0x") {
            let (number, after) = number.split_once(')').unwrap();
            text.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
            rest = after;
        } else if let Some(number) = rest.strip_prefix("[char]0x") {
            let end = number.find(' ').unwrap_or(number.len());
            text.push(char::from_u32(u32::from_str_radix(&number[..end], 16).unwrap()).unwrap());
            rest = &number[end..];
        } else {
            // A bare word: a cmdlet, a switch.
            text.push_str(rest);
            rest = "";
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_global_rejects: 1_000_000, max_local_rejects: 1_000_000, ..ProptestConfig::with_cases(1000) })]

    /// Thirteen calls, nine commands and a script a case: over twenty thousand in all.
    #[test]
    fn no_name_is_ever_more_than_one_argument(names in names()) {
        check_requests(&names);
        check_commands(&names);
        check_script(&names);
    }
}

/// Through a process and the lab's rules, and into its log of calls: the name that arrives is the name that was meant.
#[test]
fn hostile_names_arrive_as_they_were_sent() {
    let stage = Stage::new(load(CONTOSO));
    let live = stage.live();
    let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
    let sites: Vec<SiteName> = PIECES.iter().filter_map(|piece| format!("x{piece}y").parse().ok()).collect();
    assert!(sites.len() > 50);
    for site in &sites {
        let error = live.perform(&Action::AssignAccount { site: site.clone(), account: account.clone() }).unwrap_err();
        assert!(error.id.starts_with("SiteNotFound"), "{error}");
    }
    let calls = stage.lab.calls().unwrap();
    let arrived: Vec<&str> = calls.iter().map(|call| call.arguments["Identity"].as_str()).collect();
    let meant: Vec<String> = sites.iter().map(SiteName::identity).collect();
    assert_eq!(arrived, meant);
}
