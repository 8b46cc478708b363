//! The program itself, ended or left alone while a cmdlet is at work.

use crate::command_line::Desk;
use crate::declared::name;
use crate::mischief::{DIE, LET_GO, Mischief};
use cskerb::lab::{Cmdlet, Fault};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "Set-CsKerberosAccountPassword";

const APPLY: &str = "apply contoso.yaml --live --shell SHELL --state state --yes";

/// Waits for what must come.
fn until(what: &str, come: impl Fn() -> bool) {
    let began = Instant::now();
    while !come() {
        assert!(began.elapsed() < Duration::from_mins(2), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program in a process group of its own, once its cmdlet is at work.
fn begun(desk: &Desk, arguments: &str, errors: Stdio) -> Child {
    let mischief = desk.mischief(PASSWORD, Mischief::Linger, 0);
    let mut command = desk.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).process_group(0);
    let child = command.spawn().unwrap();
    until("the cmdlet is at work", || !mischief.exists());
    child
}

fn signal(name: &str, to: &str) {
    assert!(Command::new("kill").args([name, "--", to]).status().unwrap().success());
}

fn let_go(desk: &Desk, told: &str) {
    std::fs::write(desk.path().join("mischief").join(LET_GO), told).unwrap();
}

fn calls(desk: &Desk, wanted: Cmdlet) -> usize {
    desk.lab.calls().unwrap().iter().filter(|call| call.cmdlet == wanted).count()
}

/// The end of the journal of the one run.
fn journal(state: &Path) -> String {
    let run = std::fs::read_dir(state.join("runs")).unwrap().next().unwrap().unwrap().path();
    std::fs::read_to_string(run.join("journal.jsonl")).unwrap()
}

#[test]
fn whoever_stops_it_has_the_running_cmdlet_finished_and_nothing_more_begun() {
    for (sent, to_all) in [("-INT", true), ("-TERM", false), ("-HUP", true)] {
        let desk = Desk::new();
        for server in ["fe02.contoso.com", "fe03.contoso.com"] {
            desk.lab.inject(&Fault::StalePassword(name(server))).unwrap();
        }
        let child = begun(&desk, &format!("{APPLY} --call-timeout 30m --replication-timeout 90m"), Stdio::piped());
        // A terminal sends it to every process of the group.
        let to = if to_all { format!("-{}", child.id()) } else { child.id().to_string() };
        signal(sent, &to);
        std::thread::sleep(Duration::from_millis(300));
        let_go(&desk, "");
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(4), "{sent}: {said}");
        assert!(said.contains("stopping: what is running is finished first"), "{sent}: {said}");
        assert!(said.contains("--call-timeout 30m --replication-timeout '1h 30m' --resume"), "{sent}: {said}");
        assert_eq!(calls(&desk, Cmdlet::CopyPassword), 1, "{sent}");
        assert!(journal(&desk.path().join("state")).contains("\"interrupted\""), "{sent}");
        let (code, out, err) = desk.run(&format!("{APPLY} --resume"));
        assert_eq!((code, calls(&desk, Cmdlet::CopyPassword)), (Some(0), 2), "{sent}: {out}{err}");
    }
}

#[test]
fn a_terminal_that_takes_nothing_more_stops_no_run() {
    let desk = Desk::new();
    desk.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    let gone = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let child = begun(&desk, APPLY, gone.into());
    let_go(&desk, "");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(calls(&desk, Cmdlet::CopyPassword), 1);
}

/// A rotation that is at work while its program was killed; a resumed run leaves it alone.
fn rotation_left_alone() -> Desk {
    let desk = Desk::new();
    let rotate = r"--rotate CONTOSO\kerbauth --reason test --allow rotation:CONTOSO\kerbauth";
    let mut child = begun(&desk, &format!("{APPLY} {rotate}"), Stdio::null());
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, out, err) = desk.run(&format!("{APPLY} --resume"));
    assert_eq!(code, Some(4), "{out}{err}");
    assert!(out.contains("and may be at work until"), "{out}{err}");
    assert_eq!(calls(&desk, Cmdlet::RotatePassword), 0);
    desk
}

/// Resumes it: there is one rotation. By the lab's clock the password is newer than any test, so the exit code tells of
/// the tests.
fn check_finished(desk: &Desk, more: &str) {
    let (code, out, err) = desk.run(&format!("{APPLY} --resume{more}"));
    assert!(out.contains("is finished"), "{code:?} {out}{err}");
    assert_eq!(calls(desk, Cmdlet::RotatePassword), 1);
}

#[test]
fn no_rotation_is_begun_while_one_of_a_program_that_was_killed_may_be_at_work() {
    let desk = rotation_left_alone();
    let_go(&desk, "");
    until("the cmdlet ends", || calls(&desk, Cmdlet::RotatePassword) > 0);
    check_finished(&desk, "");
}

#[test]
fn a_rotation_that_somebody_has_seen_to_be_dead_is_begun_again() {
    let desk = rotation_left_alone();
    let_go(&desk, DIE);
    check_finished(&desk, " --nothing-at-work");
}
