//! `collect`: what it prints and says, and what a real PowerShell makes of its scripts where one is at hand.

use crate::engine::engine;
use crate::scratch::scratch;
use cskerb::snapshot::{self, secrets};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FILE: &str = "examples/contoso/deployment.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cskerb(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cskerb")).current_dir(root()).args(arguments).output().unwrap();
    told(&output)
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_script_asks_for_what_the_file_declares() {
    let (exit, script, said) = cskerb(&["collect", FILE, "--script"]);
    assert_eq!((exit, said.as_str()), (Some(0), ""));
    assert!(script.contains(r"[string[]]$Account = @('CONTOSO\kerbauth'"), "{script}");
    assert!(script.contains("'http/pool01.contoso.com'"), "{script}");
    let (exit, plain, _) = cskerb(&["collect", "--script"]);
    assert_eq!(exit, Some(0));
    assert!(plain.contains("[string[]]$Account = @()"));
}

#[test]
fn a_shell_that_does_not_start_leaves_everything_unreadable_with_its_cause() {
    let parent = scratch();
    let out = parent.path().join("out");
    let (exit, data, said) =
        cskerb(&["collect", FILE, "--live", "--out", out.to_str().unwrap(), "--shell", "no-such-powershell"]);
    assert_eq!((exit, data.as_str()), (Some(5), ""), "{said}");
    for file in ["topology.xml", "directory.json"] {
        let unreadable = format!("unreadable: {file}: PowerShell could not be started as no-such-powershell");
        assert!(said.contains(&unreadable), "{said}");
    }
    let actual = snapshot::read(&out).unwrap();
    let cause = actual.topology.cause().unwrap().to_string();
    assert!(cause.starts_with("topology.xml: it could not be read when the snapshot was made: PowerShell"), "{cause}");
    let (exit, _, _) = cskerb(&["plan", FILE, "--snapshot", out.to_str().unwrap()]);
    assert_eq!(exit, Some(5));
    let (exit, _, said) = cskerb(&["plan", FILE, "--live", "--shell", "no-such-powershell"]);
    assert_eq!(exit, Some(5), "{said}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let check = |arguments: &[&str], words: &str| {
        let (exit, _, said) = cskerb(arguments);
        assert_eq!(exit, Some(1), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?} shall say {words:?}, but: {said}");
    };
    check(&["collect", FILE, "--out", "x"], "--script");
    check(&["collect", FILE, "--live"], "--out");
    check(&["collect", FILE, "--live", "--script", "--out", "x"], "cannot be used with");
    check(&["collect", FILE, "--live", "--out", "x", "--ssh=-oProxyCommand=x"], "is no destination");
    let parent = scratch();
    let lab = parent.path().join("lab");
    let lab = lab.to_str().unwrap();
    assert_eq!(cskerb(&["lab", "new", FILE, lab]).0, Some(0));
    check(&["collect", FILE, "--live", "--out", lab], "is a lab");
}

#[test]
fn what_could_not_be_read_at_all_was_not_collected() {
    let parent = tempfile::tempdir().unwrap();
    let (out, secret) = (parent.path().join("out"), parent.path().join("secret"));
    fs::write(&secret, "x").unwrap();
    let asked = ["--bind-as", "audit@contoso.com", "--password-file", secret.to_str().unwrap()];
    let out = ["collect", FILE, "--out", out.to_str().unwrap(), "--directory", "ldaps://127.0.0.1:1"];
    for live in [&[][..], &["--live", "--shell", "no-such-powershell"]] {
        let (exit, _, said) = cskerb(&[&out[..], &asked, live].concat());
        assert_eq!(exit, Some(5), "{said}");
        assert!(said.contains("nothing new was read") && !said.contains("collected at"), "{said}");
        assert!(!said.contains("the directory"), "who reads it has said why it could not: {said}");
    }
}

fn run(engine: &Path, command: &str, stand_in: &Path) -> (Option<i32>, String, String) {
    with_module(Command::new(engine).args(["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", command]), stand_in)
}

/// Runs it where PowerShell finds the stand-in of the product's module.
fn with_module(command: &mut Command, stand_in: &Path) -> (Option<i32>, String, String) {
    let modules = root().join("tests/powershell/modules");
    told(&command.env("CSKERB_STAND_IN", stand_in).env("PSModulePath", modules).output().unwrap())
}

/// A test of a site as it lies in the folder, but for when it was made.
fn site_test(folder: &Path, site: &str) -> (serde_json::Value, String) {
    let read = |ending: &str| fs::read_to_string(folder.join(format!("tests/site-{site}.{ending}"))).unwrap();
    let mut test: serde_json::Value = serde_json::from_str(&read("json")).unwrap();
    test.as_object_mut().unwrap().remove("at");
    (test, read("html"))
}

#[test]
fn an_engine_removes_the_same_secrets() {
    let Some(engine) = engine("an_engine_removes_the_same_secrets") else { return };
    let parent = scratch();
    let planted = "<!-- password=hunter2 --><a userPassword=\"hunter2\" b='[enc:P:hunter2:enc]' c='https://x:hunter2@y'/>\
                   <v name=\"DB_PWD\" value=\"hunter2\"/><w x='Server=y;Password=hun&amp;ter2;User=z'/> \u{fc} \u{c5c4}\r\n";
    let mut texts = vec![planted.to_owned()];
    let samples = std::env::var_os("CSKERB_SAMPLES").map_or_else(|| root().join("../shared/samples"), PathBuf::from);
    for name in ["iis/stock.applicationHost.config", "iis/exchange-2019.applicationHost.config"] {
        texts.extend(fs::read_to_string(samples.join(name)));
    }
    let script = root().join("src/live/scripts/collect.ps1");
    for text in texts {
        let (before, after) = (parent.path().join("before"), parent.path().join("after"));
        fs::write(&before, &text).unwrap();
        let command = format!(
            ". ([scriptblock]::Create([IO.File]::ReadAllText('{}'))); $B = Read-FileBytes '{}'; \
             $E = Get-KeepingEncoding $B; [IO.File]::WriteAllBytes('{}', $E.GetBytes((Remove-Secret $E.GetString($B))))",
            script.display(),
            before.display(),
            after.display()
        );
        let (exit, out, said) = run(&engine, &command, parent.path());
        assert_eq!(exit, Some(0), "{out}{said}");
        let after = String::from_utf8(fs::read(&after).unwrap()).unwrap();
        assert_eq!(after, secrets::strip(&text));
        assert!(!after.contains("hunter2"));
    }
}

/// Servers and directory are not reached from here: what the script makes of the rest is what a lab's plan needs of it.
#[test]
fn an_engine_makes_the_folder_by_the_script() {
    let Some(engine) = engine("an_engine_makes_the_folder_by_the_script") else { return };
    let parent = scratch();
    let (lab, out, script) = (parent.path().join("lab"), parent.path().join("out"), parent.path().join("collect.ps1"));
    assert_eq!(cskerb(&["lab", "new", FILE, lab.to_str().unwrap()]).0, Some(0));
    // Two of them, so that the test says more than one error.
    for stale in ["fe02.contoso.com", "dir01.contoso.com"] {
        assert_eq!(cskerb(&["lab", "break", lab.to_str().unwrap(), "--stale-password", stale]).0, Some(0));
    }
    fs::write(&script, cskerb(&["collect", FILE, "--script"]).1).unwrap();
    let command =
        format!("& '{}' -Out '{}' -Server fe01.contoso.com; exit $LASTEXITCODE", script.display(), out.display());
    let (exit, said, errors) = run(&engine, &command, &lab);
    assert_eq!(exit, Some(5), "{said}{errors}");
    assert!(!format!("{said}{errors}").contains("hunter2"), "{said}{errors}");
    let (made, original) = (snapshot::read(&out).unwrap(), snapshot::read(&lab).unwrap());
    assert_eq!(made.topology, original.topology);
    assert_eq!(made.assignments, original.assignments);
    assert_eq!(made.web_services, original.web_services);
    for server in original.servers.keys() {
        let of = |actual: &cskerb::model::Actual| actual.kerberos(server).known().map(|reading| reading.verdict);
        assert_eq!(of(&made), of(&original), "{server}");
    }
    let cause = made.servers[&"fe01.contoso.com".parse().unwrap()].iis.cause().unwrap().to_string();
    assert!(cause.contains("could not be read when the snapshot was made"), "{cause}");

    // The bridge makes the same of it, through the same engine and module.
    let bridged = parent.path().join("bridged");
    let mut collect = Command::new(env!("CARGO_BIN_EXE_cskerb"));
    collect.current_dir(root()).args(["collect", FILE, "--live", "--server", "fe01.contoso.com"]);
    collect.arg("--shell").arg(&engine).arg("--out").arg(&bridged);
    let (exit, said, errors) = with_module(&mut collect, &lab);
    assert_eq!(exit, Some(5), "{said}{errors}");
    assert_eq!(fs::read(bridged.join("topology.xml")).unwrap(), fs::read(out.join("topology.xml")).unwrap());
    let by_bridge = snapshot::read(&bridged).unwrap();
    assert_eq!(by_bridge.assignments, made.assignments);
    assert_eq!(by_bridge.web_services, made.web_services);
    assert_eq!(site_test(&bridged, "Redmond"), site_test(&out, "Redmond"));
    for folder in [&out, &bridged] {
        let (test, report) = site_test(folder, "Redmond");
        assert!(!format!("{test}{report}").contains("hunter2"), "{test}{report}");
    }
}
