//! The command line itself: help, what is wrong with it, completions and manual pages.

use crate::cli::{CONTOSO, check, cskerb};
use crate::scratch::scratch;
use std::path::Path;
use std::process::Command;

#[test]
fn help_teaches_and_a_wrong_command_line_is_an_error() {
    for arguments in [&["--help"][..], &["plan", "--help"], &["--version"], &["help", "init"]] {
        assert_eq!(cskerb(arguments).status.code(), Some(0), "{arguments:?}");
    }
    check(&[], 1, &["Usage: cskerb <COMMAND>"]);
    check(&["valdate"], 1, &["unrecognized subcommand", "validate"]);
    check(&["validate"], 1, &["required", "<FILE>"]);
    check(&["validate", "x.yaml", "--format", "sarf"], 1, &["invalid value 'sarf'", "sarif"]);
    // Every way there is stands in the answer, not only the first.
    for verb in [&["apply", "x.yaml"][..], &["undo", "20260530T200000Z-1a2b3c4d"]] {
        check(verb, 1, &["<--lab <DIR>|--live>"]);
    }
    check(&["status", "x.yaml"], 1, &["<--snapshot <DIR>|--live>"]);
    check(&["log"], 1, &["<--lab <DIR>|--state <DIR>>"]);
    check(&["apply", "x.yaml", "--lab", "x", "--state", "y"], 1, &["cannot be used with"]);
    check(&["verify", CONTOSO[1], "--snapshot", CONTOSO[3], "--rotate", "A\\b", "--reason", "x"], 1, &["--rotate"]);
}

#[test]
fn what_cannot_be_printed_is_an_error() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full here");
        return;
    }
    for arguments in [&["--help"][..], &["--version"], &["plan", "--help"], &["man"], &["explain"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_cskerb")).args(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: standard output cannot be written: "), "{arguments:?}: {said}");
    }
}

#[test]
fn completions_and_manual_pages_come_from_the_command_line_itself() {
    for (shell, part) in [
        ("bash", "_cskerb()"),
        ("zsh", "#compdef cskerb"),
        ("fish", "complete -c cskerb"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = String::from_utf8(cskerb(&["completions", shell]).stdout).unwrap();
        assert!(script.contains(part) && script.contains("validate"), "{shell}: {script}");
    }
    let folder = scratch();
    check(&["man", "--out", folder.path().to_str().unwrap()], 0, &[]);
    let main = std::fs::read_to_string(folder.path().join("cskerb.1")).unwrap();
    assert_eq!(main, String::from_utf8(cskerb(&["man"]).stdout).unwrap());
    assert!(main.contains(".SH SUBCOMMANDS") && main.contains("Exit codes"), "{main}");
    let plan = std::fs::read_to_string(folder.path().join("cskerb-plan.1")).unwrap();
    assert!(plan.contains("Examples:") && plan.contains("cskerb 0."), "{plan}");
    // Whatever a page names has a page.
    for page in std::fs::read_dir(folder.path()).unwrap() {
        let page = std::fs::read_to_string(page.unwrap().path()).unwrap();
        for named in page.lines().filter(|line| line.starts_with("cskerb\\-") && line.ends_with("(1)")) {
            let named = named.replace('\\', "").replace("(1)", ".1");
            assert!(folder.path().join(&named).is_file(), "{named} is named and not there");
        }
    }
    assert!(main.contains("cskerb\\-lab(1)") && folder.path().join("cskerb-lab-break.1").is_file(), "{main}");
}
