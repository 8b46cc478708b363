//! Killed at every line of its journal and resumed; two at once.

use super::scene::{CONTOSO, Scene, Undisturbed, changing, said, side_by_side};
use crate::declared::name;
use cskerb::lab::{Cmdlet, Fault};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn count_lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.matches('\n').count())
}

/// Begins a run and kills it once its journal has so many lines; whether it was still alive then.
fn kill_at(scene: &Scene, lines: usize) -> bool {
    let mut child = scene.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    let mut journal = None;
    while began.elapsed() < Duration::from_mins(1) {
        journal = journal.or_else(|| scene.journal());
        let written = journal.as_deref().map_or(0, count_lines);
        if written >= lines || child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().unwrap();
    // SIGKILL leaves no exit code.
    child.wait().unwrap().code().is_none()
}

#[test]
fn killed_at_every_line_of_its_journal_and_resumed_it_ends_as_if_nothing_had_happened() {
    let template = Scene::broken();
    let undisturbed = Undisturbed::new(&template.copy());
    let (steps, lines) = (undisturbed.calls.len(), undisturbed.lines);
    assert!(steps >= 20, "a run of {steps} steps");
    let survived: usize = side_by_side((1..lines).collect(), |line| {
        let scene = template.copy();
        let killed = kill_at(&scene, line);
        let output = scene.apply(&["--resume"]);
        assert_eq!(output.status.code(), Some(0), "killed at line {line}:\n{}", said(&output));
        undisturbed.is_what_came_of(&scene, &format!("killed at line {line}:\n{}", said(&output)));
        for ((cmdlet, arguments), calls) in changing(&scene.calls()) {
            // Only a call that was cut off, and was seen not to have done its work, may be made again.
            let ended = calls.iter().filter(|call| call.outcome.is_some()).count();
            assert!(ended <= 1 && calls.len() <= 2, "killed at line {line}: {cmdlet:?} {arguments}: {calls:?}");
        }
        usize::from(killed)
    })
    .into_iter()
    .sum();
    assert!(survived * 10 >= lines * 9, "only {survived} of {lines} processes were killed in mid-run");
}

/// Breaks one server, lets two processes loose on it, and gives how many were refused by the lock.
fn let_two_loose(scene: &Scene) -> usize {
    scene.lab.inject(&Fault::StalePassword(name("fe12.contoso.com"))).unwrap();
    let before = scene.calls().len();
    let begin = || {
        let mut command = scene.command(&["--server", "fe12.contoso.com"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [begin(), begin()].map(|child| child.wait_with_output().unwrap());
    let codes = both.each_ref().map(|output| output.status.code());
    assert!(codes.contains(&Some(0)), "one of them runs: {codes:?} {}{}", said(&both[0]), said(&both[1]));
    let copies = scene.calls()[before..].iter().filter(|call| call.cmdlet == Cmdlet::CopyPassword).count();
    assert_eq!(copies, 1, "never both: {}{}", said(&both[0]), said(&both[1]));
    let mut locked = 0;
    for output in both.iter().filter(|output| output.status.code() != Some(0)) {
        assert_eq!(output.status.code(), Some(1), "{}", said(output));
        // Where the other one had ended already, its plan is stale.
        let by_lock = said(output).contains("another apply works with lab");
        assert!(by_lock || said(output).contains("stale"), "{}", said(output));
        locked += usize::from(by_lock);
    }
    locked
}

#[test]
fn of_two_at_once_one_runs_and_one_is_refused() {
    let template = Scene::healthy(CONTOSO);
    template.lab.inject(&Fault::SlowServer(name("fe12.contoso.com"), 100)).unwrap();
    let locked = side_by_side((0..10).collect(), |_| {
        let scene = template.copy();
        (0..10).map(|_| let_two_loose(&scene)).sum::<usize>()
    });
    let locked: usize = locked.into_iter().sum();
    assert!(locked >= 50, "only {locked} of 100 were refused by the lock");
}
