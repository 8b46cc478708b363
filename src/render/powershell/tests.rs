//! What the script says, what it runs and when, and that no name breaks out of it.

mod tree;

use super::*;
use crate::grammar::Script;
use crate::model::{Setting, SiteName};
use crate::plan::{LocationChange, Request};
use crate::render::hostile;
use crate::render::sample::{Names, eventful};
use crate::{deployment, snapshot};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tree::{Command, Played, Run};

const EVERYTHING: &[&str] =
    &["$Apply", "$AllowEnableTopology", "$AllowRotation", "$AllowReassignment", "$AllowUnassignment"];

#[test]
fn an_eventful_plan_reads_well() {
    let script = super::plan(&eventful(&Names::default()).plan());
    snapbox::assert_data_eq!(script, snapbox::file!["../../../tests/renderings/plan.ps1": Text].raw());
}

fn words(words: &[&str]) -> Command {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What a step does, from its arguments alone: cmdlets, programs and methods, with the arguments that say what.
fn meant(action: &Action) -> Vec<Command> {
    let identity = SiteName::identity;
    let one = |parts: &[&str]| vec![words(parts)];
    // A name that looks like a switch is not passed to a program.
    let setspn = |switch, spn: &str, account: &str| {
        let parts = ["setspn.exe", switch, spn, account];
        one(if account.starts_with('-') { &["throw"] } else { &parts })
    };
    match action {
        Action::CreateAccount { account, container: Some(dn) } => {
            one(&["New-CsKerberosAccount", "-UserAccount", account.as_str(), "-ContainerDN", dn.as_str()])
        }
        Action::CreateAccount { account, container: None } => {
            one(&["New-CsKerberosAccount", "-UserAccount", account.as_str()])
        }
        Action::AssignAccount { site, account } => {
            one(&["New-CsKerberosAccountAssignment", "-Identity", &identity(site), "-UserAccount", account.as_str()])
        }
        Action::ReassignAccount { site, to, .. } => {
            one(&["Set-CsKerberosAccountAssignment", "-Identity", &identity(site), "-UserAccount", to.as_str()])
        }
        Action::UnassignAccount { site, .. } => {
            one(&["Remove-CsKerberosAccountAssignment", "-Identity", &identity(site)])
        }
        Action::EnableTopology { .. } => one(&["Enable-CsTopology"]),
        Action::RemoveSpn { spn, holder } => setspn("-D", spn.as_str(), holder.as_str()),
        Action::AddSpn { spn, account } => setspn("-S", spn.as_str(), account.as_str()),
        Action::RotatePassword { account } => one(&["Set-CsKerberosAccountPassword", "-UserAccount", account.as_str()]),
        Action::CopyConfiguration { from, to, .. } => {
            one(&["Set-CsKerberosAccountPassword", "-FromComputer", from.as_str(), "-ToComputer", to.as_str()])
        }
        Action::SetIis { locations, .. } => locations.iter().flat_map(calls).collect(),
        Action::TestAssignment { site } => one(&["Test-CsKerberosAccountAssignment", "-Identity", &identity(site)]),
    }
}

/// The calls that set a location.
fn calls(change: &LocationChange) -> Vec<Command> {
    let section = "system.webServer/security/authentication/windowsAuthentication";
    let mut calls = vec![
        words(&["Add-Type", "-Path", "\"$env:windir\\System32\\inetsrv\\Microsoft.Web.Administration.dll\""]),
        words(&["New-Object", "Microsoft.Web.Administration.ServerManager"]),
        words(&["GetSection", section, change.location.as_str()]),
        words(&["GetApplicationHostConfiguration"]), // the tree has the outer call first
    ];
    for setting in &change.settings {
        match &setting.after {
            Setting::Enabled(on) | Setting::UseKernelMode(on) | Setting::UseAppPoolCredentials(on) => {
                calls.push(words(&["SetAttributeValue", setting.after.name(), &format!("${on}")]));
            }
            Setting::ExtendedProtection(checking) => {
                calls.push(words(&["SetAttributeValue", "tokenChecking", checking.as_str()]));
                calls.push(words(&["GetChildElement", "extendedProtection"]));
            }
            Setting::Providers(providers) => {
                calls.push(words(&["GetCollection", "providers"]));
                calls.push(words(&["Clear"]));
                for provider in providers {
                    calls.push(words(&["CreateElement", "add"]));
                    calls.push(words(&["SetAttributeValue", "value", provider.as_str()]));
                    calls.push(words(&["Add", "$e"]));
                }
            }
        }
    }
    calls.push(words(&["CommitChanges"]));
    calls
}

/// The commands without what says how, rather than what: the report, and whether to ask.
fn without_manner(ran: Vec<Command>) -> Vec<Command> {
    let bare = |mut command: Command| {
        for manner in [&["-Confirm", "$false"][..], &["-Verbose"]] {
            if command.ends_with(&words(manner)) {
                command.truncate(command.len() - manner.len());
            }
        }
        if let Some(at) = command.iter().position(|word| word == "-Report") {
            assert!(!command[at + 1].contains(['/', '\\', ':', '*', '?', '\'', '"']));
            command.truncate(at);
        }
        command
    };
    ran.into_iter().map(bare).collect()
}

/// Reads the script of a plan and runs it in thought: by accident, with only `$Apply`, on one computer, everywhere.
fn check(plan: &Plan) {
    let text = super::plan(plan);
    assert!(text.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()), "{text:?}");
    let script = Played::read(&text);
    check_nothing_is_newer_than_3(script.script());

    let by_accident = script.run(&Run { switches: &[], here: None });
    for command in &by_accident {
        assert!(command[0] == "Write-Warning" || command.last().unwrap() == "-WhatIf", "{command:?} in\n{text}");
    }
    let applied = script.run(&Run { switches: &["$Apply"], here: None });
    for command in &applied {
        let guarded = ["Enable-CsTopology", "Set-CsKerberosAccountAssignment", "Remove-CsKerberosAccountAssignment"];
        let rotates = command[0] == "Set-CsKerberosAccountPassword" && command[1] == "-UserAccount";
        assert!(!rotates && !guarded.contains(&command[0].as_str()), "{command:?} in\n{text}");
    }
    let here = script.run(&Run { switches: EVERYTHING, here: Some("elsewhere.contoso.com") });
    for command in &here {
        assert!(
            !command.contains(&"-FromComputer".to_owned()) && command[0] != "CommitChanges",
            "{command:?} in\n{text}"
        );
    }
    let everywhere = without_manner(script.run(&Run { switches: EVERYTHING, here: None }));
    let meant: Vec<Command> = plan.steps.iter().flat_map(|step| meant(&step.action)).collect();
    assert_eq!(everywhere, meant, "in\n{text}");
    // The very commands that the plan prints.
    for command in plan.steps.iter().flat_map(|step| commands(&step.action)) {
        assert!(text.contains(&format!("\n        {command}\n")), "{command} is not in\n{text}");
    }
}

/// A list of all that a script uses, so that nothing newer slips in: what is not on it was not looked up.
fn check_nothing_is_newer_than_3(script: &Script<'_>) {
    let known = |kind: &str, known: &[&str]| {
        let unknown: Vec<&str> = script.all(kind).into_iter().filter(|text| !known.contains(text)).collect();
        assert!(unknown.is_empty(), "{kind}: {unknown:?} may be newer than PowerShell 3.0");
    };
    #[rustfmt::skip]
    known("command_name", &[
        "Add-Type", "Enable-CsTopology", "Enter-Step", "Get-Location", "Get-Module", "Import-Module", "New-CsKerberosAccount", "New-CsKerberosAccountAssignment",
        "New-Object", "Remove-CsKerberosAccountAssignment", "Select-Object", "Set-CsKerberosAccountAssignment", "Set-CsKerberosAccountPassword",
        "Test-CsKerberosAccountAssignment", "Where-Object", "Write-Host", "Write-Warning", "setspn.exe",
    ]);
    #[rustfmt::skip]
    known("command_parameter", &[
        "-After", "-Confirm", "-ContainerDN", "-D", "-First", "-FromComputer", "-Identity", "-ListAvailable", "-Name", "-On", "-PSProvider", "-Path", "-Report",
        "-S", "-ToComputer", "-UserAccount", "-Verbose", "-WhatIf",
    ]);
    #[rustfmt::skip]
    known("member_name", &[
        "Add", "Clear", "CommitChanges", "ConvertFromUtf32", "Count", "CreateElement", "CurrentDirectory", "DomainName", "GetApplicationHostConfiguration",
        "GetChildElement", "GetCollection", "GetIPGlobalProperties", "GetSection", "HostName", "Major", "Name", "PSVersion", "ProviderPath",
        "SetAttributeValue", "Size",
    ]);
    #[rustfmt::skip]
    known("type_spec", &[
        "System.Environment", "System.IntPtr", "System.Net.NetworkInformation.IPGlobalProperties", "char", "int", "int[]", "string", "void",
    ]);
    known("comparison_operator", &["-contains", "-eq", "-gt", "-join", "-ne", "-notcontains"]);
    script.check_nothing_is_newer_than_3();
}

#[test]
fn the_scripts_of_all_examples_and_scenarios_run_what_is_meant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["examples", "tests/scenarios"].iter().flat_map(|parent| std::fs::read_dir(root.join(parent)).unwrap());
    let mut with_steps = 0;
    for folder in folders.map(|entry| entry.unwrap().path()) {
        let file: PathBuf = folder.join("deployment.yaml");
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let Some(deployment) = deployment::load("deployment.yaml", &bytes).deployment else { continue };
        let actual = snapshot::read(&folder.join("snapshot")).unwrap();
        let plan = crate::plan::plan(&deployment, &actual, &Request::default());
        check(&plan);
        with_steps += usize::from(!plan.steps.is_empty());
    }
    assert!(with_steps >= 10, "only {with_steps} plans with steps were found");
}

#[test]
fn an_eventful_script_runs_what_is_meant() {
    let plan = eventful(&Names::default()).plan();
    let kinds: BTreeSet<StepKind> = plan.steps.iter().map(|step| step.action.kind()).collect();
    assert_eq!(kinds.len(), StepKind::ALL.len(), "the sample has every kind of step");
    check(&plan);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Twelve names a case: over a thousand in all.
    #[test]
    fn no_name_breaks_out(names in hostile::names()) {
        check(&eventful(&names).plan());
    }
}
