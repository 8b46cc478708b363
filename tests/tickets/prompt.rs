//! A password that is asked for on the terminal, and shown nowhere.

use crate::servers::web_server::Setup;
use crate::servers::{need, or_skipped};
use crate::stage::{PASSWORD, Stage, at, run};
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the program on a terminal of its own, and types the password once it is asked for; all that the terminal showed.
fn typed(program: &Command, prompt: &str) -> String {
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap());
    let line = format!("tty >terminal; exec {}", words.map(quoted).collect::<Vec<_>>().join(" "));
    let folder = program.get_current_dir().unwrap();
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(folder);
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut piece) = (Vec::new(), [0; 1024]);
    let mut asked = false;
    while let Ok(length @ 1..) = screen.read(&mut piece) {
        shown.extend_from_slice(&piece[..length]);
        if !asked && String::from_utf8_lossy(&shown).contains(prompt) {
            asked = true;
            wait_until_unseen(&fs::read_to_string(folder.join("terminal")).unwrap());
            keys.write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
        }
    }
    child.wait().unwrap();
    String::from_utf8(shown).unwrap()
}

/// Waits until that terminal shows no more what is typed: the prompt comes a moment before that, and no person types so
/// fast.
fn wait_until_unseen(terminal: &str) {
    let end = Instant::now() + Duration::from_mins(1);
    while !run(Command::new("stty").args(["-a", "-F", terminal.trim()]), "").contains(" -echo ") {
        assert!(Instant::now() < end, "{terminal} shows what is typed");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_password_is_asked_for_on_the_terminal_and_not_echoed() {
    let Some(stage) = Stage::new("typed") else { return };
    if or_skipped("terminal", need(&[("script", "bsdutils")])).is_none() {
        return;
    }
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    stage.deployment(1, None);
    stage.snapshot(None);
    let program = |arguments: &[&str]| {
        let mut command = stage.program();
        command.current_dir(stage.folder.path()).env_remove("CSKERB_DIRECTORY_PASSWORD").args(arguments);
        command
    };
    let mut verify = program(&["verify", "deployment.yaml", "--snapshot", "snapshot", "--tickets", "--scheme", "http"]);
    verify.args(["--principal", "typed-user"]).args(stage.resolve(&[at(&web)]));
    let shown = typed(&verify, "Password of typed-user: ");
    assert!(shown.contains("1 of 1 servers proved valid by ticket") && !shown.contains(PASSWORD), "{shown}");

    let (server, ca) = (format!("ldaps://{}", stage.controller.ip()), stage.controller.ca_file());
    let mut collect = program(&["collect", "deployment.yaml", "--out", "out", "--directory", &server]);
    collect.args(["--bind-as", "typed-user@contoso.com", "--ca-file"]).arg(ca);
    let shown = typed(&collect, "Password of typed-user@contoso.com: ");
    assert!(shown.contains("2 of 2 accounts and SPNs read") && !shown.contains(PASSWORD), "{shown}");
    assert!(fs::read_to_string(stage.at("out/directory.json")).unwrap().contains("typed-kerb"));
}
