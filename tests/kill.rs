//! A real process, killed at every line of its journal: resumed, the lab ends exactly as if nothing had happened.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

mod rehearsal;

use cskerb::deployment;
use cskerb::lab::{Call, Cmdlet, Fault, Lab, Outcome};
use cskerb::model::Deployment;
use rayon::prelude::*;
use rehearsal::ended;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Three Front End pools and a Standard Edition server in three sites, with two accounts.
const CONTOSO: &str = r"
version: 1
product: sfb-2019
accounts:
  - { name: 'CONTOSO\kerbauth', encryption: [aes256] }
  - { name: 'CONTOSO\oslo', encryption: [aes256] }
sites:
  - name: Redmond
    account: CONTOSO\kerbauth
    pools:
      - fqdn: pool01.contoso.com
        role: front-end
        servers: [fe11.contoso.com, fe12.contoso.com, fe13.contoso.com, fe14.contoso.com]
      - { fqdn: pool02.contoso.com, role: front-end, servers: [fe21.contoso.com, fe22.contoso.com, fe23.contoso.com] }
  - name: Dublin
    account: CONTOSO\kerbauth
    pools:
      - fqdn: pool03.contoso.com
        role: front-end
        webServices: { internalFqdn: web03.contoso.com }
        servers: [fe31.contoso.com, fe32.contoso.com, fe33.contoso.com]
  - name: Oslo
    account: CONTOSO\oslo
    pools:
      - { fqdn: se01.contoso.com, role: standard-edition }
iis:
  - location: Skype for Business Server Internal Web Site
    windowsAuthentication: { enabled: true, useKernelMode: false, providers: [Negotiate, NTLM] }
";

fn name<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn load(yaml: &str) -> Deployment {
    deployment::load("contoso.yaml", yaml.as_bytes()).deployment.unwrap()
}

/// A folder with a deployment file and a lab.
struct Scene {
    folder: TempDir,
    lab: Lab,
}

impl Scene {
    /// A healthy lab.
    fn healthy(yaml: &str) -> Self {
        // Labs are small, and what is tested is whether the run survives, not the disk: memory is faster.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        fs::write(folder.path().join("contoso.yaml"), CONTOSO).unwrap();
        let lab = Lab::create(&load(yaml), &folder.path().join("lab"), name("2026-05-30T20:00:00Z")).unwrap();
        Self { folder, lab }
    }

    /// A lab where most of it is still to be done.
    fn broken() -> Self {
        let unassigned = CONTOSO
            .replace("name: Dublin\n    account: CONTOSO\\kerbauth", "name: Dublin\n    account: none")
            .replace("name: Oslo\n    account: CONTOSO\\oslo", "name: Oslo\n    account: none");
        let scene = Self::healthy(&unassigned);
        let mut faults = vec![Fault::AccountDeleted(name(r"CONTOSO\oslo"))];
        for server in ["fe12", "fe13", "fe22", "fe23"] {
            faults.push(Fault::StalePassword(name(&format!("{server}.contoso.com"))));
        }
        for server in ["fe13", "fe14", "fe21", "fe31"] {
            faults.push(Fault::ProvidersReversed(name(&format!("{server}.contoso.com"))));
        }
        // So that most deaths fall into a step.
        for server in ["fe12", "fe23", "fe31", "se01"] {
            faults.push(Fault::SlowServer(name(&format!("{server}.contoso.com")), 10));
        }
        for fault in &faults {
            scene.lab.inject(fault).unwrap();
        }
        scene
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.current_dir(self.folder.path());
        command.args(["apply", "contoso.yaml", "--lab", "lab", "--yes", "--enable-topology", "--parallel", "2"]);
        command.args(more);
        command
    }

    fn apply(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    fn journal(&self) -> Option<PathBuf> {
        let runs = fs::read_dir(self.folder.path().join("lab/.cskerb/runs")).ok()?;
        Some(runs.last()?.ok()?.path().join("journal.jsonl"))
    }

    /// Begins a run and kills it once its journal has so many lines; whether it was still alive then.
    fn kill_at(&self, lines: usize) -> bool {
        let mut child = self.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        let mut journal = None;
        while began.elapsed() < Duration::from_mins(1) {
            journal = journal.or_else(|| self.journal());
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

    fn calls(&self) -> Vec<Call> {
        self.lab.calls().unwrap()
    }
}

fn count_lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.matches('\n').count())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// The changing calls by what they were called with.
fn changing(calls: &[Call]) -> BTreeMap<(Cmdlet, String), Vec<&Call>> {
    let mut by_arguments: BTreeMap<(Cmdlet, String), Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|call| !call.cmdlet.only_looks()) {
        by_arguments.entry((call.cmdlet, format!("{:?}", call.arguments))).or_default().push(call);
    }
    by_arguments
}

#[test]
fn killed_at_every_line_of_its_journal_and_resumed_it_ends_as_if_nothing_had_happened() {
    let undisturbed = Scene::broken();
    let output = undisturbed.apply(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let wanted = ended(&undisturbed.lab);
    let calls = undisturbed.calls();
    assert!(calls.len() >= 20, "a run of {} steps", calls.len());
    let lines = count_lines(&undisturbed.journal().unwrap());

    let survived: usize = (1..lines)
        .into_par_iter()
        .map(|line| {
            let scene = Scene::broken();
            let killed = scene.kill_at(line);
            let output = scene.apply(&["--resume"]);
            assert_eq!(output.status.code(), Some(0), "killed at line {line}:\n{}", said(&output));
            assert_eq!(ended(&scene.lab), wanted, "killed at line {line}:\n{}", said(&output));
            let (all, once) = (scene.calls(), changing(&calls));
            let found = changing(&all);
            assert_eq!(found.keys().collect::<Vec<_>>(), once.keys().collect::<Vec<_>>(), "killed at line {line}");
            for ((cmdlet, arguments), calls) in found {
                // Only a call that was cut off, and was seen not to have done its work, may be made again.
                let ended = calls.iter().filter(|call| call.outcome.is_some()).count();
                assert!(ended <= 1 && calls.len() <= 2, "killed at line {line}: {cmdlet:?} {arguments}: {calls:?}");
                assert!(calls.iter().all(|call| !matches!(call.outcome, Some(Outcome::Failed { .. }))), "{calls:?}");
            }
            usize::from(killed)
        })
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
    let locked: usize = (0..10)
        .into_par_iter()
        .map(|_| {
            let scene = Scene::healthy(CONTOSO);
            scene.lab.inject(&Fault::SlowServer(name("fe12.contoso.com"), 100)).unwrap();
            (0..10).map(|_| let_two_loose(&scene)).sum::<usize>()
        })
        .sum();
    assert!(locked >= 50, "only {locked} of 100 were refused by the lock");
}
