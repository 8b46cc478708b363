//! Apply, verify, undo and log as a person meets them: what is asked, refused and said, and the exit codes.

use crate::scratch::scratch;
use cskerb::lab::{Cmdlet, Lab};
use cskerb::wire::events::{Event, What};
use cskerb::wire::journal::{Ending, Entry};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const CONTOSO: &str = r"version: 1
product: sfb-2019
accounts:
  - { name: 'CONTOSO\kerbauth', encryption: [aes256] }
sites:
  - name: Redmond
    account: CONTOSO\kerbauth
    pools:
      - { fqdn: pool01.contoso.com, role: front-end, servers: [fe01.contoso.com, fe02.contoso.com, fe03.contoso.com] }
iis:
  - location: Skype for Business Server Internal Web Site
    windowsAuthentication: { enabled: true, providers: [Negotiate, NTLM] }
";

/// A folder with `contoso.yaml` and a lab in `lab`, whose clock starts on a Saturday evening.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new(yaml: &str, faults: &[&str]) -> Self {
        let folder = scratch();
        let scene = Self { folder };
        scene.write("contoso.yaml", yaml);
        scene.expect(&["lab", "new", "contoso.yaml", "lab", "--at", "2026-05-30T20:00:00Z"], 0, &[]);
        if !faults.is_empty() {
            scene.expect(&[&["lab", "break", "lab"], faults].concat(), 0, &[]);
        }
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it, and checks the exit code and parts of what it says.
    fn expect(&self, arguments: &[&str], exit: i32, says: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        for part in says {
            assert!(said.contains(part), "{arguments:?} does not say {part:?}, but:\n{said}");
        }
        said
    }

    fn apply(&self, more: &[&str], exit: i32, says: &[&str]) -> String {
        self.expect(&[&["apply", "contoso.yaml", "--lab", "lab", "--yes"], more].concat(), exit, says)
    }

    fn changing_calls(&self) -> Vec<Cmdlet> {
        let calls = Lab::open(&self.path("lab")).unwrap().calls().unwrap();
        calls.iter().map(|call| call.cmdlet).filter(|cmdlet| !cmdlet.only_looks()).collect()
    }

    /// The ids of the runs, the oldest first.
    fn runs(&self) -> Vec<String> {
        let Ok(runs) = fs::read_dir(self.path("lab/.cskerb/runs")) else { return Vec::new() };
        let mut runs: Vec<String> = runs.map(|run| run.unwrap().file_name().into_string().unwrap()).collect();
        runs.sort();
        runs
    }
}

const STALE: [&str; 4] = ["--stale-password", "fe02.contoso.com", "--stale-password", "fe03.contoso.com"];

#[test]
fn nothing_is_done_without_a_yes() {
    let scene = Scene::new(CONTOSO, &STALE);
    let says = ["Copy the Kerberos configuration", "nobody is there to ask", "--yes"];
    scene.expect(&["apply", "contoso.yaml", "--lab", "lab"], 1, &says);
    assert_eq!(scene.changing_calls(), []);
    assert_eq!(scene.runs(), [""; 0]);
    scene.apply(&[], 0, &["Redmond: 3 of 3 steps done", "is finished", "verified: everything is as declared"]);
    assert_eq!(scene.changing_calls(), [Cmdlet::CopyPassword; 2]);
    scene.apply(&[], 0, &["no step: what is declared is in place", "the plan has no step: nothing was changed"]);
    assert_eq!(scene.runs().len(), 1);
}

#[test]
fn a_saved_plan_is_carried_out_as_it_was_reviewed_or_not_at_all() {
    let scene = Scene::new(CONTOSO, &STALE);
    scene.expect(&["plan", "contoso.yaml", "--snapshot", "lab", "--out", "saved.json"], 0, &[]);
    let saved = fs::read_to_string(scene.path("saved.json")).unwrap();
    let refused = |text: String, says: &[&str]| {
        scene.write("edited.json", &text);
        scene.expect(&["apply", "edited.json", "--lab", "lab", "--yes"], 1, says);
        assert_eq!(scene.changing_calls(), []);
    };
    let mut plan: Value = serde_json::from_str(&saved).unwrap();
    refused(saved.replace("\"from\": \"fe01", "\"from\": \"fe03"), &["was changed after cskerb wrote it"]);
    refused(saved.replace("-FromComputer 'fe01", "-FromComputer 'fe03"), &["was changed after"]);
    refused(saved.replacen("\"consent\": null", "\"consent\": \"rotation\"", 1), &["was changed after"]);
    refused(saved[..saved.len() / 2].to_owned(), &["the plan cannot be read: EOF"]);
    refused(saved.replace("\"formatVersion\": \"1.0\"", "\"formatVersion\": \"2.0\""), &["formatVersion \"2.0\""]);
    plan["steps"].as_array_mut().unwrap().swap(0, 1);
    refused(plan.to_string(), &["was changed after"]);

    let arguments = ["apply", "saved.json", "--lab", "lab", "--yes"];
    scene.write("contoso.yaml", &format!("{CONTOSO}# changed\n"));
    scene.expect(&arguments, 1, &["the plan is stale: contoso.yaml has changed", "--replan"]);
    scene.expect(&[&arguments[..], &["--replan"]].concat(), 0, &["Redmond: 3 of 3 steps done"]);
    scene.write("contoso.yaml", CONTOSO);
    // Everything in it was done meanwhile.
    scene.expect(
        &arguments,
        1,
        &[
            "stale   copy:fe02.contoso.com: fe02.contoso.com is valid",
            "to plan anew: cskerb apply saved.json --lab lab --replan",
        ],
    );
    assert_eq!(scene.changing_calls(), [Cmdlet::CopyPassword; 2]);
}

#[test]
fn what_disturbs_people_wants_a_consent_for_its_subject() {
    let scene = Scene::new(CONTOSO, &[]);
    let rotate = ["--rotate", r"CONTOSO\kerbauth", "--reason", "yearly"];
    scene.apply(&rotate, 1, &[r"--allow 'rotation:CONTOSO\kerbauth'"]);
    assert_eq!(scene.changing_calls(), []);
    let wrong = [&rotate[..], &["--allow", "rotation:kerbauth"]].concat();
    scene.expect(&[&["apply", "contoso.yaml", "--lab", "lab"], &wrong[..]].concat(), 1, &["it has no domain"]);
    scene.apply(&[&rotate[..], &["--allow", r"rotation:contoso\KERBAUTH"]].concat(), 0, &["verified: everything"]);
    assert_eq!(scene.changing_calls(), [Cmdlet::RotatePassword]);
}

#[test]
fn enable_topology_is_waited_for_with_all_that_one_must_know() {
    let scene = Scene::new(CONTOSO, &["--enable-topology-forgotten", "Redmond"]);
    let says = [
        "run     Enable-CsTopology -Report",
        "where   on any host with the management shell",
        "Domain Admins unless setup was delegated",
        "enables the whole last published topology",
        "then    cskerb apply contoso.yaml --lab lab --resume\n",
        "or let it be run: cskerb apply contoso.yaml --lab lab --resume --enable-topology\n",
    ];
    scene.apply(&[], 4, &says);
    let run = scene.runs().remove(0);
    scene.apply(&[], 1, &[&run, "is not finished (waits for Enable-CsTopology)", "--resume", "--abandon"]);
    scene.expect(&["verify", "contoso.yaml", "--lab", "lab"], 2, &["Enable-CsTopology: required"]);
    scene.apply(&["--resume"], 4, &says);
    scene.apply(&["--resume", "--enable-topology"], 0, &["is finished"]);
    scene.expect(&["verify", "contoso.yaml", "--lab", "lab"], 0, &["Enable-CsTopology: not required"]);
    let says = ["there is no unfinished run to go on with", "the plan has no step: nothing was changed"];
    scene.apply(&["--resume"], 0, &says);
}

#[test]
fn nothing_is_called_verified_that_verify_would_not() {
    let scene = Scene::new(CONTOSO, &[]);
    let check = |faults: &[&str], applied: i32, says: &str, verified: i32| {
        scene.expect(&[&["lab", "break", "lab"], faults].concat(), 0, &[]);
        let said = scene.apply(&[], applied, &[says]);
        assert!(!said.lines().any(|line| line.starts_with("verified")), "{said}");
        scene.expect(&["verify", "contoso.yaml", "--lab", "lab"], verified, &[]);
    };
    let undeclared = ["--server-added", "pool01.contoso.com=fe04.contoso.com"];
    check(&undeclared, 0, "not verified: 1 site, pool or server is not declared", 2);
    let twice = ["--spn-on-two-accounts", r"http/pool01.contoso.com=CONTOSO\websvc"];
    check(&twice, 0, "not verified: 1 error that no step mends; 1 site, pool or server is not declared", 2);
    check(&["--server-down", "fe02.contoso.com"], 5, "; 1 fact could not be read; `cskerb verify` shows more", 5);
}

#[test]
fn a_narrowed_run_verifies_what_it_was_narrowed_to() {
    let scene = Scene::new(CONTOSO, &["--stale-password", "fe02.contoso.com"]);
    let says = ["verified: within the scope, everything is as declared"];
    scene.apply(&["--server", "fe02.contoso.com"], 0, &says);
}

#[test]
fn metrics_that_cannot_be_written_are_refused_before_anything_is_done() {
    let scene = Scene::new(CONTOSO, &STALE);
    scene.apply(&["--metrics", "no/such/cskerb.prom"], 1, &["there is no folder no/such"]);
    assert_eq!(scene.changing_calls(), []);
}

#[test]
fn outside_of_its_window_nothing_begins() {
    let windows = "maintenance:\n  windows:\n    - { days: [sat], start: \"23:30\", duration: 4h, timeZone: Europe/Berlin, sites: [Redmond] }\n";
    let scene = Scene::new(&format!("{CONTOSO}{windows}"), &STALE);
    // It is 22:00 in Berlin.
    let says = ["no maintenance window of Redmond is open", "Sat 2026-05-30 23:30 +02:00 Europe/Berlin", " here"];
    scene.apply(&[], 1, &says);
    assert_eq!(scene.changing_calls(), []);
    scene.apply(&["--outside-window", " "], 1, &["say why"]);
    assert_eq!(scene.changing_calls(), []);
    scene.apply(&["--outside-window", "the auditors come"], 0, &["is finished"]);
    let run = scene.runs().remove(0);
    scene.expect(&["log", &run, "--lab", "lab"], 0, &["outside of the maintenance windows: the auditors come"]);
}

#[test]
fn a_server_that_is_down_is_listed_and_the_way_to_go_on_is_said() {
    let yaml = format!("{CONTOSO}maintenance: {{ maxFailures: 1 }}\n");
    let scene = Scene::new(&yaml, &STALE);
    scene.expect(&["plan", "contoso.yaml", "--snapshot", "lab", "--out", "saved.json"], 0, &[]);
    scene.expect(&["lab", "break", "lab", "--server-down", "fe02.contoso.com=20"], 0, &[]);
    let arguments = ["apply", "saved.json", "--lab", "lab", "--yes"];
    let says = [
        "Redmond: 1 of 3 steps done",
        "unread  copy:fe02.contoso.com: fe02.contoso.com does not answer",
        "left    test:Redmond: it waits for copy:fe02.contoso.com",
        "to go on: cskerb apply saved.json --lab lab --resume",
    ];
    scene.expect(&arguments, 4, &says);
    scene.expect(&["lab", "break", "lab", "--server-up", "fe02.contoso.com"], 0, &[]);
    scene.expect(&[&arguments[..], &["--resume"]].concat(), 0, &["going on with run", "is finished"]);
}

#[test]
fn the_log_tells_the_values_before_and_after() {
    let scene =
        Scene::new(CONTOSO, &["--stale-password", "fe02.contoso.com", "--provider-order-reversed", "fe03.contoso.com"]);
    scene.expect(&["log", "--lab", "lab"], 0, &["has no runs yet"]);
    scene.apply(&[], 0, &[]);
    let run = scene.runs().remove(0);
    scene.expect(&["log", "--lab", "lab"], 0, &[&run, "finished; 3 of 3 begun steps done"]);
    let says = [
        "begun  copy:fe02.contoso.com",
        "Set-CsKerberosAccountPassword -FromComputer 'fe01.contoso.com' -ToComputer 'fe02.contoso.com'",
        "before: invalid",
        "after: valid",
        "before: providers [NTLM, Negotiate]",
        "after: providers [Negotiate, NTLM]",
        "finished: every step is done",
    ];
    scene.expect(&["log", &run, "--lab", "lab"], 0, &says);
    let lines = scene.run(&["log", &run, "--lab", "lab", "--format", "json"]).stdout;
    let entries: Vec<Entry> =
        String::from_utf8(lines).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(matches!(entries.last(), Some(Entry::RunEnded { ending: Ending::Finished, .. })));
    scene.expect(
        &["log", "20260101T000000Z-abcdef01", "--lab", "lab"],
        1,
        &["there is no run 20260101T000000Z-abcdef01"],
    );
    scene.expect(&["log", "../..", "--lab", "lab"], 1, &["is not the id of a run"]);
    scene.expect(&["log", "--lab", "."], 1, &[". is no lab: it has no lab.json"]);
}

/// So it needs no right to write there, and waits for no run.
#[test]
fn the_log_leaves_the_lab_alone() {
    let scene = Scene::new(CONTOSO, &[]);
    let unfinished = scene.path("lab/.writing-abc");
    fs::write(&unfinished, "whoever opens the lab takes this away").unwrap();
    scene.expect(&["log", "--lab", "lab"], 0, &["has no runs yet"]);
    assert!(unfinished.exists());
}

#[test]
fn undo_names_what_has_no_way_back_and_goes_the_rest() {
    let scene =
        Scene::new(CONTOSO, &["--stale-password", "fe02.contoso.com", "--provider-order-reversed", "fe03.contoso.com"]);
    scene.apply(&[], 0, &[]);
    let run = scene.runs().remove(0);
    let says = ["no way back: copy:fe02.contoso.com", "set-iis", "Redmond: 2 of 2 steps done", "is finished"];
    scene.expect(&["undo", &run, "--lab", "lab", "--yes"], 0, &says);
    scene.expect(&["verify", "contoso.yaml", "--lab", "lab"], 2, &["Set IIS on fe03.contoso.com"]);
    let undone = scene.runs().pop().unwrap();
    scene.expect(&["log", &undone, "--lab", "lab"], 0, &[&format!("takes back run {run}")]);
    // And back again.
    scene.expect(&["undo", &undone, "--lab", "lab", "--yes"], 0, &["is finished"]);
    scene.expect(&["verify", "contoso.yaml", "--lab", "lab"], 0, &["no step"]);
}

#[test]
fn events_are_one_json_object_a_line_and_metrics_a_page() {
    let scene = Scene::new(CONTOSO, &STALE);
    let arguments = ["apply", "contoso.yaml", "--lab", "lab", "--yes", "--format", "json", "--metrics", "cskerb.prom"];
    let output = scene.run(&arguments);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (event, line) in events.iter().zip(text.lines()) {
        assert_eq!(serde_json::to_string(event).unwrap(), line, "what is read is what was written");
    }
    assert!(matches!(&events[0].what, What::RunStarted { steps: 3, resumed: false, .. }), "{:?}", events[0]);
    assert_eq!(events.iter().filter(|event| matches!(event.what, What::StepDone { .. })).count(), 3);
    assert!(matches!(&events.last().unwrap().what, What::Verified { steps, .. } if steps.is_empty()));
    let metrics = fs::read_to_string(scene.path("cskerb.prom")).unwrap();
    for line in [
        "cskerb_servers{site=\"Redmond\",state=\"valid\"} 3",
        "cskerb_enable_topology_pending 0",
        "cskerb_last_apply_outcome{outcome=\"finished\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    scene.expect(&["lab", "break", "lab", "--server-down", "fe03.contoso.com"], 0, &[]);
    let verify = ["verify", "contoso.yaml", "--lab", "lab", "--metrics", "cskerb.prom"];
    scene.expect(&verify, 5, &["1 unreadable"]);
    let metrics = fs::read_to_string(scene.path("cskerb.prom")).unwrap();
    assert!(metrics.contains("cskerb_servers{site=\"Redmond\",state=\"unreadable\"} 1"), "{metrics}");
}

#[test]
fn a_journal_that_cannot_be_written_is_said_and_nothing_is_done() {
    let scene = Scene::new(CONTOSO, &STALE);
    fs::write(scene.path("lab/.cskerb/runs"), "in the way").unwrap();
    scene.apply(&[], 1, &["runs could not be"]);
    assert_eq!(scene.changing_calls(), []);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_after_the_running_step_and_says_how_to_go_on() {
    let slow = [
        "--slow-server",
        "fe02.contoso.com=1500",
        "--stale-password",
        "fe02.contoso.com",
        "--stale-password",
        "fe03.contoso.com",
    ];
    let scene = Scene::new(CONTOSO, &slow);
    let arguments = ["apply", "contoso.yaml", "--lab", "lab", "--yes", "--parallel", "1"];
    let child = scene.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while scene.changing_calls().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{said}");
    for part in [
        "stopping: what is running is finished first",
        "Redmond: 1 of 3 steps done",
        "interrupted",
        "to go on: cskerb apply contoso.yaml --lab lab --resume",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(scene.changing_calls(), [Cmdlet::CopyPassword]);
    scene.apply(&["--resume"], 0, &["1 of 3 steps done", "is finished"]);
    assert_eq!(scene.changing_calls(), [Cmdlet::CopyPassword; 2]);
}
