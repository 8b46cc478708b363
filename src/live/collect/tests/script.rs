//! The script that collects by hand, as the grammar reads it. No PowerShell runs here.

use super::super::{Asked, script};
use crate::grammar::Script;
use crate::live::scripts::reads;
use crate::snapshot::secrets;
use std::collections::BTreeSet;

/// The text of every node of that kind.
fn all<'s>(text: &'s str, kind: &str) -> BTreeSet<&'s str> {
    Script::read(text).all(kind)
}

fn whole() -> String {
    script(&Asked::default())
}

#[test]
fn it_is_sound_and_ascii_and_every_place_is_filled() {
    let script = whole();
    Script::read(&script);
    assert!(script.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)));
    for place in ["@TOOL@", "@ACCOUNTS@", "@SPNS@", "@PRODUCT@", "@FUNCTIONS@"] {
        assert!(!script.contains(place), "{place}");
    }
    for line in script.lines() {
        assert!(line.len() < 250, "{line}");
    }
}

/// Lync Server 2010 has Windows PowerShell 2.0.
#[test]
fn it_takes_nothing_that_is_newer_than_power_shell_2() {
    let script = whole();
    let newer: &[&str] = &[
        "pipeline_chain_tail",
        "class_statement",
        "enum_statement",
        "invokation_foreach_expression",
        "data_statement",
        "parallel_statement",
        "workflow_statement",
    ];
    for kind in newer {
        assert_eq!(all(&script, kind), BTreeSet::new(), "{kind}");
    }
    // Of the streams that can be merged, 2.0 has that of errors only.
    let merged = all(&script, "merging_redirection_operator");
    assert!(merged.iter().all(|it| *it == "2>&1"), "{merged:?}");
    let types: Vec<String> = all(&script, "type_spec").iter().map(|name| name.to_lowercase()).collect();
    for name in ["ordered", "pscustomobject"] {
        assert!(!types.iter().any(|it| it == name), "[{name}]");
    }
    let operators = all(&script, "comparison_operator");
    let known = [
        "-and",
        "-band",
        "-ccontains",
        "-cmatch",
        "-contains",
        "-eq",
        "-ge",
        "-gt",
        "-is",
        "-join",
        "-le",
        "-like",
        "-lt",
        "-match",
        "-ne",
        "-notmatch",
    ];
    assert!(operators.iter().all(|it| known.contains(&it.to_lowercase().as_str())), "{operators:?}");
    for cmdlet in ["ConvertTo-Json", "ConvertFrom-Json", "Invoke-RestMethod", "Get-FileHash", "Export-Clixml"] {
        assert!(!all(&script, "command_name").contains(cmdlet), "{cmdlet}");
    }
}

/// Nothing that changes anything: of the product, only what reads and tests.
#[test]
fn it_only_reads() {
    let script = whole();
    let of_product: Vec<&str> = all(&script, "command_name")
        .into_iter()
        .filter(|name| name.contains("-Cs") && !name.starts_with("Get-Cs"))
        .collect();
    assert_eq!(of_product, ["Test-CsKerberosAccountAssignment"]);
    for name in all(&script, "command_name") {
        let verb = name.split('-').next().unwrap_or_default();
        let harmless =
            matches!(verb, "Remove" | "Set").then(|| ["Remove-Item", "Remove-Secret", "Set-Output"].contains(&name));
        assert!(harmless.unwrap_or(true), "{name}");
        assert!(!["Invoke-Expression", "iex", "Start-Process", "Enable-CsTopology"].contains(&name), "{name}");
    }
}

#[test]
fn it_removes_secrets_by_the_very_patterns_of_this_program() {
    let (_, rest) = reads().split_once("$SecretPatterns = @(\n").unwrap();
    let (list, rest) = rest.split_once("\n)\n").unwrap();
    let patterns: Vec<String> = list
        .lines()
        .map(|line| line.trim().strip_prefix('\'').unwrap().strip_suffix('\'').unwrap().replace("''", "'"))
        .collect();
    assert_eq!(patterns, secrets::PATTERNS);
    assert!(rest.contains(&format!("[regex]::Replace($Text, $Whole, '{}', $Options)", secrets::REPLACEMENT)));
    assert!(rest.contains("$Pattern.Replace('NAMES', '(?:' + $SecretNames + ')')"));
    assert!(rest.contains("'IgnoreCase, CultureInvariant'"));
    let (_, names) = reads().split_once("$SecretNames = (").unwrap();
    let (names, _) = names.split_once(")\n").unwrap();
    let names: String = names.split('\'').skip(1).step_by(2).collect();
    assert_eq!(names, secrets::NAMES);
    // What .NET and Rust do not read alike.
    for pattern in &patterns {
        for odd in ["\\s", "\\w", "\\d", "\\b", "(?=", "(?!", "(?<", "(?>", "&&", "~~", "--]", "\\p", "\\Q"] {
            assert!(!pattern.contains(odd), "{odd} in {pattern}");
        }
        assert!(pattern.is_ascii());
        assert_eq!(pattern.matches('(').count() - pattern.matches("(?:").count() - pattern.matches("\\(").count(), 3);
    }
}

#[test]
fn no_name_that_is_asked_for_breaks_out() {
    let hostile = ["k'\u{2019}h", "a`\u{2018}b", "x'y", "e\u{301}\u{202e}", "#{}", "&&&"];
    let accounts: Vec<String> = hostile.iter().map(|name| format!("CONTOSO\\{name}")).collect();
    let spn = "http/pool01.contoso.com".parse().unwrap();
    let asked = Asked {
        accounts: accounts.iter().filter_map(|name| name.parse().ok()).collect(),
        spns: [spn].into(),
        ..Asked::default()
    };
    assert!(asked.accounts.len() >= 4, "{:?}", asked.accounts);
    let script = script(&asked);
    assert!(script.is_ascii());
    let plain = whole();
    assert_eq!(all(&script, "command_name"), all(&plain, "command_name"), "no command came in by a name");
    assert!(script.contains("[string[]]$Spn = @('http/pool01.contoso.com')"));
}
