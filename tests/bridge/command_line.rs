//! The program itself against the process that stands in for PowerShell.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::mischief::Mischief;
use crate::scratch::scratch;
use crate::stage::{programs, wrapper, write_program};
use cskerb::lab::{Fault, Lab, Right};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub(crate) struct Desk {
    folder: TempDir,
    programs: TempDir,
    pub(crate) lab: Lab,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let (folder, programs) = (scratch(), programs());
        std::fs::write(folder.path().join("contoso.yaml"), CONTOSO).unwrap();
        let now = jiff::Timestamp::now();
        let lab = Lab::create(&load(CONTOSO), &folder.path().join("lab"), now).unwrap();
        wrapper(programs.path(), folder.path());
        Self { folder, programs, lab }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a program called ssh before all others: it takes exactly the options that it is to be given, and starts what
    /// the far end's own shell would.
    fn with_ssh(self) -> Self {
        let script = r#"#!/bin/sh
[ "$1 $2 $3 $4 $5 $6 $7" = "-T -o BatchMode=yes -o ServerAliveInterval=30 -- op@fe01.contoso.com" ] || {
    echo "not called so: $*" >&2; exit 255
}
shift 7
exec sh -c "$*"
"#;
        write_program(&self.programs.path().join("ssh"), script);
        self
    }

    /// The program with these arguments, in which SHELL is the process that stands in for PowerShell.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let shell = self.programs.path().join("pwsh");
        let words = arguments.split(' ').map(|word| match word {
            "SHELL" => shell.display().to_string(),
            word => word.to_owned(),
        });
        let path = format!("{}:{}", self.programs.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.current_dir(self.path()).env("PATH", path).args(words);
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    /// Has the next call of that name go wrong; the file that says so.
    pub(crate) fn mischief(&self, call: &str, what: Mischief, number: usize) -> PathBuf {
        let file = self.path().join("mischief").join(what.file(call, number));
        std::fs::write(&file, "").unwrap();
        file
    }
}

#[test]
fn plan_what_if_apply_verify_log() {
    let desk = Desk::new();
    desk.lab.inject(&Fault::StalePassword(name("se01.contoso.com"))).unwrap();
    desk.lab.inject(&Fault::ProvidersReversed(name("se01.contoso.com"))).unwrap();
    let (code, out, err) = desk.run("plan contoso.yaml --live --shell SHELL --out plan.json");
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("se01.contoso.com"), "{out}");

    let (code, out, err) = desk.run("apply plan.json --live --shell SHELL --state state --what-if");
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("What if: Performing"), "{out}");
    assert!(out.contains("Microsoft.Web.Administration has no -WhatIf"), "{out}");
    assert!(desk.lab.calls().unwrap().iter().all(|call| call.cmdlet.only_looks()), "nothing was changed");
    assert!(!desk.path().join("state").exists(), "and nothing is journaled");

    let (code, out, err) = desk.run("apply plan.json --live --shell SHELL --state state --yes");
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, err) = desk.run("verify contoso.yaml --live --shell SHELL");
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, err) = desk.run("status contoso.yaml --live --shell SHELL");
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, err) = desk.run("log --state state");
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("of 3 begun steps done"), "{out}");
}

/// Whatever has the secret in it, below a folder.
fn holding_the_secret(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| {
        if path.is_dir() {
            return holding_the_secret(&path);
        }
        let holds = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("hunter2");
        holds.then_some(path).into_iter().collect()
    });
    found.collect()
}

#[test]
fn a_secret_that_a_process_tells_is_neither_shown_nor_kept() {
    let desk = Desk::new();
    let (copy, test) = ("Set-CsKerberosAccountPassword", "Test-CsKerberosAccountAssignment");
    let mut told = String::new();
    for (number, (what, call, command)) in [
        (Mischief::Tell, copy, "apply contoso.yaml --live --shell SHELL --state state --what-if"),
        (Mischief::Tell, test, "collect contoso.yaml --live --shell SHELL --out collected"),
        (Mischief::DieTelling, test, "plan contoso.yaml --live --shell SHELL --format json --out plan.json"),
        (Mischief::DieTelling, copy, "apply contoso.yaml --live --shell SHELL --state state --yes"),
        (Mischief::Tell, copy, "apply contoso.yaml --live --shell SHELL --state state --yes --format json"),
    ]
    .into_iter()
    .enumerate()
    {
        desk.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
        let mischief = desk.mischief(call, what, number);
        let (_, out, err) = desk.run(command);
        assert!(!mischief.exists(), "{command} did not come to {call}: {out}{err}");
        assert!(!format!("{out}{err}").contains("hunter2"), "{command}: {out}{err}");
        told = format!("{told}{out}{err}");
    }
    let (_, log, _) = desk.run("log --state state");
    assert!(!log.contains("hunter2"), "{log}");
    assert!(told.contains("userPassword=\"\""), "what was told around it is said: {told}");
    assert!(holding_the_secret(desk.path()).is_empty(), "{:?}", holding_the_secret(desk.path()));
}

/// On a terminal bars are drawn: what is said meanwhile begins at the left, on a line of its own.
#[test]
fn what_is_said_during_a_run_stands_above_the_bars() {
    let desk = Desk::new();
    desk.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    desk.lab.inject(&Fault::StalePassword(name("fe03.contoso.com"))).unwrap();
    for number in 0..2 {
        desk.mischief("Set-CsKerberosAccountPassword", Mischief::Warn, number);
    }
    let apply = format!(
        "'{}' apply contoso.yaml --live --shell '{}' --state state --yes",
        env!("CARGO_BIN_EXE_cskerb"),
        desk.programs.path().join("pwsh").display()
    );
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &apply, "/dev/null"]).current_dir(desk.path()).env("TERM", "xterm");
    let Ok(output) = terminal.output() else {
        println!("skipped: what_is_said_during_a_run_stands_above_the_bars: there is no `script` to give a terminal");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("0/3") && said.contains("\u{1b}[2K"), "no bars were drawn: {said:?}");
    let warnings = said.match_indices("Set-CsKerberosAccountPassword warns: take care");
    let before = |at: usize| said[..at].rsplit(['\r', '\n']).next().unwrap_or_default().to_owned();
    let begins: Vec<String> = warnings.map(|(at, _)| before(at)).collect();
    assert_eq!(begins.len(), 2, "{said:?}");
    for begin in begins {
        let seen =
            begin.split('\u{1b}').skip(1).map(|rest| rest.trim_start_matches(['[', '0', '1', '2', 'K', 'A', 'm']));
        let seen: String = begin.split('\u{1b}').take(1).chain(seen).collect();
        assert_eq!(seen, "", "{begin:?}");
    }
}

#[test]
fn the_shell_may_be_reached_by_win_rm_or_by_ssh() {
    let desk = Desk::new().with_ssh();
    let credential = desk.path().join("credential.xml");
    std::fs::write(&credential, "").unwrap();
    for reach in
        ["--host fe01.contoso.com", "--host se01.contoso.com --credential credential.xml", "--ssh op@fe01.contoso.com"]
    {
        desk.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
        let (code, out, err) =
            desk.run(&format!("apply contoso.yaml --live --shell SHELL --state state --yes {reach}"));
        assert_eq!(code, Some(0), "{reach}: {out}{err}");
        assert!(out.contains("3 of 3 steps done") || out.contains("2 of 2 steps done"), "{reach}: {out}{err}");
    }
    let (code, _, err) = desk.run("plan contoso.yaml --live --shell SHELL --host fe99.contoso.com");
    assert_eq!(code, Some(5), "{err}");
    assert!(err.contains("fe99.contoso.com cannot be reached from console.contoso.com"), "{err}");
    let (code, _, err) = desk.run("plan contoso.yaml --live --shell SHELL --ssh op@elsewhere.contoso.com");
    assert_eq!(code, Some(5), "{err}");
    assert!(err.contains("PowerShell could not be started as ssh op@elsewhere.contoso.com"), "{err}");
}

#[test]
fn nothing_begins_while_something_is_missing() {
    let desk = Desk::new();
    desk.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    let (code, out, err) = desk.run("plan contoso.yaml --live --shell SHELL --out plan.json");
    assert_eq!(code, Some(0), "{out}{err}");
    desk.lab.inject(&Fault::RightLost(Right::RtcUniversalServerAdmins)).unwrap();
    let (code, _, err) = desk.run("apply plan.json --live --shell SHELL --state state --yes");
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("missing: CONTOSO\\operator is not in RTCUniversalServerAdmins"), "{err}");
    assert!(err.contains("nothing was begun"), "{err}");
    let (code, out, err) = desk.run("apply plan.json --live --shell SHELL --state state --what-if");
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("copy:fe02.contoso.com"), "what can be shown is: {out}");
    assert!(err.contains("missing: CONTOSO\\operator is not in RTCUniversalServerAdmins"), "{err}");
    let (code, _, err) = desk.run("apply plan.json --live --shell SHELL --yes");
    assert_eq!(code, Some(1), "without --state there is no lock: {err}");
}
