//! What the scripts are held to without an engine: they are PowerShell, use nothing that was not looked up, and keep
//! clear of the traps of Windows PowerShell that reading them has found.

mod faults;

use super::bridge;
use crate::grammar::{Script, children, each, found};
use crate::live::collect::{Asked, script};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tree_sitter::Node;

/// The stand-ins of the product's module.
fn modules() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/powershell");
    let read = |name| fs::read_to_string(folder.join(name).join("SkypeForBusiness/SkypeForBusiness.psm1")).unwrap();
    ["modules", "lab"].map(read).into()
}

/// The script that is run by hand.
fn standalone() -> String {
    script(&Asked::default())
}

fn all_scripts() -> Vec<String> {
    modules().into_iter().chain([bridge(), standalone()]).collect()
}

#[test]
fn they_are_power_shell_and_nothing_in_them_is_newer_than_3() {
    for text in all_scripts() {
        Script::read(&text).check_nothing_is_newer_than_3();
    }
}

/// The names of the functions that a script defines.
fn functions<'s>(script: &Script<'s>) -> BTreeSet<&'s str> {
    script.all("function_name")
}

/// What was looked up: each cmdlet with the parameters that its page gives for Windows PowerShell 3.0, as far as they
/// are used. What is not on the list may be misspelt, or newer.
#[rustfmt::skip]
const LOOKED_UP: &[(&str, &[&str])] = &[
    ("Add-Type", &["-Path"]),
    ("ConvertFrom-Json", &["-InputObject"]),
    ("ForEach-Object", &[]),
    ("Get-ChildItem", &["-LiteralPath", "-ErrorAction"]),
    ("Get-Command", &["-Name", "-Module", "-ErrorAction"]),
    ("Get-CsKerberosAccountAssignment", &[]),
    ("Get-CsManagementStoreReplicationStatus", &[]),
    ("Get-CsTopology", &["-AsXml"]),
    ("Get-CsWebServiceConfiguration", &[]),
    ("Get-Module", &["-Name", "-ListAvailable"]),
    ("Import-Clixml", &["-LiteralPath"]),
    ("Import-Module", &["-Name", "-Global", "-WarningAction"]),
    ("Invoke-Command", &["-Session", "-ScriptBlock", "-ArgumentList", "-ErrorAction", "-ComputerName", "-SessionOption"]),
    ("Join-Path", &[]),
    ("New-Object", &["-ArgumentList"]),
    ("New-PSSession", &[]),
    ("New-PSSessionOption", &["-OpenTimeout"]),
    ("Remove-Item", &["-LiteralPath"]),
    ("Remove-PSSession", &["-Session", "-ErrorAction"]),
    ("Set-StrictMode", &["-Version"]),
    ("Sort-Object", &["-Unique"]),
    ("Split-Path", &["-Parent"]),
    ("Test-CsKerberosAccountAssignment", &["-Identity", "-Report", "-ErrorAction"]),
    ("Test-Path", &["-LiteralPath"]),
    ("Where-Object", &[]),
    ("Write-Host", &[]),
    ("Write-Warning", &[]),
];

#[test]
fn every_command_is_one_of_the_script_or_was_looked_up_with_its_parameters() {
    for text in [bridge(), standalone()] {
        let script = Script::read(&text);
        let own = functions(&script);
        each(script.root(), &mut |node| {
            if node.kind() != "command" {
                return;
            }
            let Some(name) = found(node, "command_name").first().map(|name| script.text(*name)) else { return };
            let parameters = children(node).into_iter().filter(|child| child.kind() == "command_elements");
            let parameters = parameters.flat_map(children).filter(|element| element.kind() == "command_parameter");
            let parameters: Vec<&str> = parameters.map(|parameter| script.text(parameter)).collect();
            if own.contains(name) {
                assert_eq!(parameters, [""; 0], "own functions are called by position: {}", script.text(node));
                return;
            }
            let known = LOOKED_UP.iter().find(|(known, _)| *known == name);
            let (_, known) = known.unwrap_or_else(|| panic!("{name} is neither defined nor known"));
            for parameter in parameters {
                assert!(known.contains(&parameter), "{name} {parameter}");
            }
        });
    }
}

/// Variables that PowerShell has by itself.
const AUTOMATIC: &[&str] =
    &["$_", "$null", "$true", "$false", "$PID", "$Matches", "$PSVersionTable", "$ExecutionContext"];

/// Under strict mode a variable that was never set ends the call; without it, it is nothing, in silence.
#[test]
fn every_variable_that_is_read_is_set_somewhere() {
    for text in [bridge(), standalone()] {
        let script = Script::read(&text);
        let plain = |name: &str| name.replace("$script:", "$").replace('@', "$");
        let mut set: BTreeSet<String> = AUTOMATIC.iter().map(|name| (*name).to_owned()).collect();
        let mut set_below = |node: Node<'_>| {
            each(node, &mut |node| {
                if node.kind() == "variable" {
                    set.insert(plain(script.text(node)));
                }
            });
        };
        each(script.root(), &mut |node| match node.kind() {
            "script_parameter" | "left_assignment_expression" => set_below(node),
            "foreach_statement" => {
                children(node).into_iter().filter(|child| child.kind() == "variable").for_each(&mut set_below);
            }
            _ => {}
        });
        for name in script.all("variable") {
            let of_another_kind = name.starts_with("$env:") || name.starts_with("${function:");
            assert!(of_another_kind || set.contains(&plain(name)), "{name} is read and never set");
        }
    }
}

/// PowerShell sets these by itself, in some circumstances only, or lets nobody set them.
const RESERVED: &[&str] = &[
    "$args",
    "$error",
    "$event",
    "$false",
    "$foreach",
    "$home",
    "$host",
    "$input",
    "$lastexitcode",
    "$matches",
    "$null",
    "$pid",
    "$profile",
    "$psboundparameters",
    "$pscmdlet",
    "$pshome",
    "$pwd",
    "$sender",
    "$switch",
    "$this",
    "$true",
];

#[test]
fn no_variable_of_power_shell_itself_is_set() {
    for text in all_scripts() {
        let script = Script::read(&text);
        let check = |node: Node<'_>| {
            let name = script.text(node).to_ascii_lowercase();
            assert!(!RESERVED.contains(&name.as_str()), "{name}");
        };
        each(script.root(), &mut |node| match node.kind() {
            "script_parameter" => found(node, "variable").last().copied().into_iter().for_each(check),
            "left_assignment_expression" => {
                let whole = |variable: &Node<'_>| variable.byte_range() == node.byte_range();
                found(node, "variable").into_iter().filter(whole).for_each(check);
            }
            "foreach_statement" => {
                children(node).into_iter().filter(|child| child.kind() == "variable").for_each(check);
            }
            _ => {}
        });
    }
}

/// Methods that give nothing back. Any other, called as a statement, puts what it gives into the answer of the function.
const GIVE_NOTHING: &[&str] = &[
    "Clear",
    "Close",
    "CommitChanges",
    "Delete",
    "Dispose",
    "EndConnect",
    "Flush",
    "Move",
    "SetAttributeValue",
    "ThrowTerminatingError",
    "WaitForExit",
    "Write",
    "WriteAllBytes",
    "WriteAllText",
    "WriteError",
];

#[test]
fn no_method_leaks_what_it_gives_into_an_answer() {
    for text in [bridge(), standalone()] {
        let script = Script::read(&text);
        each(script.root(), &mut |node| {
            // In @( ) and $( ) it is an expression; alone in a block of a pipeline, it is what goes on through that.
            let of_list = node.parent().filter(|parent| parent.kind() == "statement_list");
            let of_list = of_list.filter(|list| {
                let block = list.parent().and_then(|body| body.parent()).and_then(|block| block.parent());
                list.named_child_count() > 1 || block.is_none_or(|block| block.kind() != "script_block_expression")
            });
            let in_block = of_list.and_then(|list| list.parent()).filter(|block| !block.kind().ends_with("expression"));
            if node.kind() != "pipeline" || in_block.is_none() {
                return;
            }
            // The statement is the call itself, and nothing around it.
            let calls = found(node, "invokation_expression");
            let Some(call) = calls.into_iter().find(|call| call.byte_range() == node.byte_range()) else { return };
            let mut names = children(call).into_iter().filter(|child| child.kind() == "member_name");
            let name = names.next_back().map(|name| script.text(name)).unwrap_or_default();
            assert!(GIVE_NOTHING.contains(&name), "write [void] before it: {}", script.text(node));
        });
    }
}

/// A function that gives a list gives its elements, and one of one element that element, unless a comma stands before.
#[test]
fn lists_are_given_back_whole() {
    let mut lists = 0;
    for text in [bridge(), standalone()] {
        let script = Script::read(&text);
        for function in found(script.root(), "function_statement") {
            let body = script.text(function);
            let made = |line: &str| {
                let (name, value) = line.trim().split_once(" = ")?;
                let list = value.starts_with("New-Object System.Collections.ArrayList") || value.starts_with("@(");
                (list && name.starts_with('$') && !name.contains('.')).then(|| name.to_owned())
            };
            let all: BTreeSet<String> = body.lines().filter_map(made).collect();
            for line in body.lines().map(str::trim) {
                if let Some(given) = line.strip_prefix("return ") {
                    assert!(!all.contains(given), "{body}");
                    lists += usize::from(given.starts_with(", "));
                }
            }
        }
    }
    assert!(lists >= 6, "only {lists} lists are given back");
}

/// ADSI keeps the names of what a search found in lower case, and a list that is not there is null.
#[test]
fn what_a_search_found_is_read_in_one_place() {
    let text = bridge();
    let direct: Vec<&str> = text.lines().map(str::trim).filter(|line| line.contains("Result.Properties")).collect();
    assert_eq!(direct, ["foreach ($Name in $Result.Properties.PropertyNames) {", "$Values = $Result.Properties[$Key]"]);
    assert!(text.contains("$Key = $Attribute.ToLowerInvariant()"));
}

/// Records that come from another process (under PowerShell 7, the product's own) are of derived kinds.
#[test]
fn records_are_told_by_kinds_not_by_the_names_of_kinds() {
    let text = bridge();
    let (_, sorts) = text.split_once("function Add-Record").unwrap();
    let (sorts, _) = sorts.split_once("function Add-Report").unwrap();
    for kind in ["ErrorRecord", "WarningRecord", "VerboseRecord", "DebugRecord"] {
        assert!(sorts.contains(&format!("-is [System.Management.Automation.{kind}]")), "{kind}");
    }
    assert!(!text.contains("switch ($Record.GetType().Name)"));
}

#[test]
fn what_leaves_a_mark_or_takes_a_name_for_a_pattern_is_not_used() {
    for text in [bridge(), standalone()] {
        let script = Script::read(&text);
        let members = script.all("member_name");
        // Its mark on the thread is taken for the error of the next call of COM.
        assert!(!members.contains("GetHRForException"));
        // A folder that is taken as a pattern, a cmdlet that differs between versions.
        assert!(!script.all("command_name").contains("ConvertTo-Json"));
        let types: BTreeSet<String> = script.all("type_spec").iter().map(|name| name.to_ascii_lowercase()).collect();
        for newer in ["ordered", "pscustomobject"] {
            assert!(!types.contains(newer), "[{newer}]");
        }
    }
}

/// `powershell.exe -File x.ps1 -Server a, b` makes two arguments of it: without a place, the second one is refused.
#[test]
fn only_the_folder_has_a_place_among_the_parameters() {
    let text = standalone();
    assert_eq!(text.matches("Position = ").count(), 1);
    assert!(text.contains("[CmdletBinding()]\nparam(\n    [Parameter(Position = 0)][string]$Out,"));
    let example = text.lines().find(|line| line.contains("-File collect.ps1")).unwrap();
    assert!(!example.contains(", "), "{example}");
}

/// The keys of the answer are those that it was made with: under strict mode another cannot be read.
#[test]
fn nothing_but_what_it_was_made_with_is_asked_of_an_answer() {
    let text = bridge();
    let script = Script::read(&text);
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for function in found(script.root(), "function_statement") {
        let name = found(function, "function_name")[0];
        let mut of_function = BTreeSet::new();
        each(function, &mut |node| {
            if node.kind() == "key_expression" {
                of_function.insert(script.text(node));
            }
        });
        keys.insert(script.text(name), of_function);
    }
    let check = |variable: &str, made_by: &str| {
        let mut asked = 0;
        each(script.root(), &mut |node| {
            let parts = children(node);
            if node.kind() == "member_access" && parts.first().is_some_and(|first| script.text(*first) == variable) {
                let key = parts.last().map(|last| script.text(*last)).unwrap_or_default();
                assert!(keys[made_by].contains(key), "{} is not made by {made_by}", script.text(node));
                asked += 1;
            }
        });
        assert!(asked > 3, "{variable}");
    };
    check("$Answer", "New-Answer");
    check("$Try", "Start-Reaching");
}

/// The eight cmdlets as their pages have them: each parameter, `!` where it is mandatory, with its set where there are
/// several. A switch that every such cmdlet has (-WhatIf, -Confirm) comes by SupportsShouldProcess.
#[rustfmt::skip]
const DOCUMENTED: &[(&str, bool, &[&str])] = &[
    ("New-CsKerberosAccount", true, &["UserAccount!", "ContainerDN", "Force", "Report"]),
    ("New-CsKerberosAccountAssignment", true, &["Identity!", "UserAccount!", "Force", "InMemory"]),
    ("Set-CsKerberosAccountAssignment", true, &["Identity!", "UserAccount!", "Force"]),
    ("Remove-CsKerberosAccountAssignment", true, &["Identity!", "Force"]),
    ("Get-CsKerberosAccountAssignment", false, &["Identity", "Filter", "LocalStore"]),
    ("Set-CsKerberosAccountPassword", true, &["UserAccount!Rotate", "FromComputer!Copy", "ToComputer!Copy", "Force", "Report"]),
    ("Test-CsKerberosAccountAssignment", false, &["Identity!", "Report"]),
    ("Enable-CsTopology", true, &["GlobalCatalog", "GlobalSettingsDomainController", "SkipPrepareCheck", "Force", "Report"]),
];

#[test]
fn the_stand_in_has_the_documented_parameters_and_the_bridge_gives_no_others() {
    let (module, bridge) = (&modules()[1], bridge());
    let script = Script::read(module);
    for (cmdlet, confirms, documented) in DOCUMENTED {
        let functions = found(script.root(), "function_statement");
        let is_it = |function: &Node<'_>| script.text(found(*function, "function_name")[0]) == *cmdlet;
        let function = functions.into_iter().find(is_it).unwrap_or_else(|| panic!("no {cmdlet}"));
        let parameter = |node: Node<'_>| {
            let text = script.text(node);
            let name = text.rsplit('$').next().unwrap_or_default();
            let set = text.split_once("ParameterSetName = '").and_then(|(_, rest)| rest.split('\'').next());
            let mandatory = if text.contains("Mandatory = $true") { "!" } else { "" };
            format!("{name}{mandatory}{}", set.unwrap_or_default())
        };
        let parameters: Vec<String> = found(function, "script_parameter").into_iter().map(parameter).collect();
        assert_eq!(parameters, *documented, "{cmdlet}");
        let text = script.text(function);
        assert_eq!(text.contains("SupportsShouldProcess = $true"), *confirms, "{cmdlet}");
        let list = bridge.lines().find(|line| line.trim().starts_with(&format!("'{cmdlet}'"))).unwrap_or_default();
        let given = list.split('\'').skip(3).step_by(2).filter(|name| *name != "Verbose");
        for name in given {
            let of_all = *confirms && ["WhatIf", "Confirm"].contains(&name);
            let known = |parameter: &&str| parameter.split('!').next() == Some(name);
            assert!(of_all || documented.iter().any(known), "{cmdlet} -{name}");
        }
    }
}
