//! What tests of the whole program share: a lab with much to do, and the commands that do it.

use crate::declared::{load, name};
use crate::folder::copy;
use crate::rehearsal::ended;
use crate::scratch::scratch;
use cskerb::lab::{Call, Cmdlet, Fault, Lab, Outcome};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Three Front End pools and a Standard Edition server in three sites, with two accounts.
pub(crate) const CONTOSO: &str = r"
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

/// Tries the cases side by side, more of them than there are processors: slow servers and pauses let them sleep.
pub(crate) fn side_by_side<T: Send>(cases: Vec<usize>, case: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(12).build().unwrap();
    pool.install(|| cases.into_par_iter().map(case).collect())
}

/// A folder with a deployment file and a lab.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) lab: Lab,
}

impl Scene {
    /// A healthy lab.
    pub(crate) fn healthy(yaml: &str) -> Self {
        let folder = scratch();
        fs::write(folder.path().join("contoso.yaml"), CONTOSO).unwrap();
        let lab = Lab::create(&load(yaml), &folder.path().join("lab"), name("2026-05-30T20:00:00Z")).unwrap();
        Self { folder, lab }
    }

    /// A lab where most of it is still to be done.
    pub(crate) fn broken() -> Self {
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

    /// Another one in the same state.
    pub(crate) fn copy(&self) -> Self {
        let folder = scratch();
        copy(self.folder.path(), folder.path());
        let lab = Lab::open(&folder.path().join("lab")).unwrap();
        Self { folder, lab }
    }

    /// The folder of `contoso.yaml` and of the lab.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.current_dir(self.folder.path());
        command.args(["apply", "contoso.yaml", "--lab", "lab", "--yes", "--enable-topology", "--parallel", "2"]);
        command.args(more);
        command
    }

    pub(crate) fn apply(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    pub(crate) fn journal(&self) -> Option<PathBuf> {
        let runs = fs::read_dir(self.folder.path().join("lab/.cskerb/runs")).ok()?;
        Some(runs.last()?.ok()?.path().join("journal.jsonl"))
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lab.calls().unwrap()
    }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// How a lab ends when nothing happens to the run.
pub(crate) struct Undisturbed {
    ended: String,
    pub(crate) calls: Vec<Call>,
    /// How many lines its journal has.
    pub(crate) lines: usize,
}

impl Undisturbed {
    /// Runs to the end what there is to do.
    pub(crate) fn new(scene: &Scene) -> Self {
        let output = scene.apply(&[]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let journal = fs::read_to_string(scene.journal().unwrap()).unwrap();
        Self { ended: ended(&scene.lab), calls: scene.calls(), lines: journal.lines().count() }
    }

    /// The disturbed lab ended the same, by the same changing calls, none of them twice.
    pub(crate) fn is_what_came_of(&self, scene: &Scene, disturbance: &str) {
        assert_eq!(ended(&scene.lab), self.ended, "{disturbance}");
        let (all, once) = (scene.calls(), changing(&self.calls));
        let found = changing(&all);
        assert_eq!(found.keys().collect::<Vec<_>>(), once.keys().collect::<Vec<_>>(), "{disturbance}");
        for ((cmdlet, arguments), calls) in found {
            let done = calls.iter().filter(|call| call.outcome == Some(Outcome::Done)).count();
            assert!(done <= 1, "{disturbance}: {cmdlet:?} {arguments}: {calls:?}");
            // A lab without room has done nothing; a second time of anything else would be refused.
            let refused =
                |call: &&Call| matches!(&call.outcome, Some(Outcome::Failed { id, .. }) if id != "LabUnavailable");
            assert!(!calls.iter().any(refused), "{disturbance}: {calls:?}");
        }
    }
}

/// The changing calls by what they were called with.
pub(crate) fn changing(calls: &[Call]) -> BTreeMap<(Cmdlet, String), Vec<&Call>> {
    let mut by_arguments: BTreeMap<(Cmdlet, String), Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|call| !call.cmdlet.only_looks()) {
        by_arguments.entry((call.cmdlet, format!("{:?}", call.arguments))).or_default().push(call);
    }
    by_arguments
}
