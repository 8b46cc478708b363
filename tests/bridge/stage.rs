//! A lab with a bridge to it.

use crate::declared::name;
use crate::mischief::{LET_GO, Mischief};
use crate::scratch::scratch;
use crate::stand_in;
use cskerb::apply::journal::EnableTopology;
use cskerb::apply::target::{ErrorKind, Target, TargetError};
use cskerb::apply::{self, Allowance, Operator, Options, Outcome, StopSignal, Unfinished};
use cskerb::lab::{Cmdlet, Lab};
use cskerb::live::collect::{self, Asked, Manner};
use cskerb::live::shell::{Call, CallFailure, Launch, Limits, Place, Pool, Reach, Reply, Shell};
use cskerb::live::systems::{Live, Means, Patience};
use cskerb::model::{Deployment, Topology};
use cskerb::plan::{Plan, Request, plan};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A lab, the PowerShell that stands in for the real one, and what is declared.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) programs: TempDir,
    pub(crate) lab: Lab,
    pub(crate) deployment: Deployment,
    pub(crate) pool: Pool,
    /// For a call that is to go wrong, where that has a limit of its own.
    impatient: Option<Pool>,
    pub(crate) said: Mutex<Vec<String>>,
    pub(crate) parallel: usize,
    pub(crate) stop: Arc<StopSignal>,
}

/// Where programs are written: files in memory may not be executed everywhere.
pub(crate) fn programs() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes the program that is started as PowerShell.
pub(crate) fn wrapper(programs: &Path, folder: &Path) -> PathBuf {
    let (lab, mischief) = (folder.join("lab"), folder.join("mischief"));
    std::fs::create_dir_all(&mischief).unwrap();
    let path = programs.join("pwsh");
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n{}='{}' {}='{}' {}=\"$*\" exec '{}' --exact plays_power_shell --nocapture --test-threads=1\n",
        stand_in::LAB,
        lab.display(),
        stand_in::MISCHIEF,
        mischief.display(),
        stand_in::ARGUMENTS,
        program.display(),
    );
    write_program(&path, &script);
    path
}

/// Lets another process write it: what this one has open for writing, a process that another thread starts has open for
/// a moment, too, and nobody can execute it then.
pub(crate) fn write_program(path: &Path, script: &str) {
    let written =
        Command::new("sh").args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""]).arg(path).arg(script).status();
    assert!(written.unwrap().success(), "{}", path.display());
}

impl Stage {
    /// A healthy lab of the deployment.
    pub(crate) fn new(deployment: Deployment) -> Self {
        let folder = scratch();
        let lab = Lab::create(&deployment, &folder.path().join("lab"), name("2026-05-30T20:00:00Z")).unwrap();
        Self::on(folder, lab, deployment)
    }

    /// The lab lies in `lab` of the folder.
    pub(crate) fn on(folder: TempDir, lab: Lab, deployment: Deployment) -> Self {
        let programs = programs();
        let shell = wrapper(programs.path(), folder.path());
        let pool = Pool::new(Reach {
            launch: Launch::Here(shell.display().to_string()),
            host: None,
            credential: None,
            parallel: NonZeroUsize::new(4).unwrap(),
            limits: Limits::default(),
        });
        let (said, stop) = (Mutex::new(Vec::new()), Arc::default());
        Self { folder, programs, lab, deployment, pool, impatient: None, said, parallel: 1, stop }
    }

    /// The same with another limit for calls that go wrong. The others keep theirs: on a busy machine none of them is
    /// taken for one that hangs.
    pub(crate) fn impatient(mut self, limit: Duration) -> Self {
        self.impatient = Some(Pool::new(Reach { limits: Limits::all(limit), ..self.pool.reach().clone() }));
        self
    }

    pub(crate) fn mischief(&self, call: &str, what: Mischief) {
        let folder = self.folder.path().join("mischief");
        let number = std::fs::read_dir(&folder).unwrap().count();
        std::fs::write(folder.join(what.file(&call.replace('/', "|"), number)), "").unwrap();
    }

    /// Whatever lingers goes on.
    pub(crate) fn let_go(&self) {
        std::fs::write(self.folder.path().join("mischief").join(LET_GO), "").unwrap();
    }

    pub(crate) fn clear_mischief(&self) {
        for file in std::fs::read_dir(self.folder.path().join("mischief")).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
    }

    pub(crate) fn mischief_left(&self) -> usize {
        self.mischief_in("")
    }

    fn mischief_in(&self, call: &str) -> usize {
        let all = std::fs::read_dir(self.folder.path().join("mischief")).unwrap();
        all.filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with(call)).count()
    }

    pub(crate) fn live(&self) -> Live<'_> {
        self.live_with(Duration::from_mins(1))
    }

    /// The same with another patience for replication.
    pub(crate) fn live_with(&self, at_most: Duration) -> Live<'_> {
        let patience = Patience { at_most, every: Duration::from_millis(10) };
        Live::new(Means {
            shell: self,
            collect: Box::new(|| {
                let clock = || self.lab.now();
                let manner = Manner { parallel: 4, clock: &clock, watch: &|_| {} };
                let unread = |error: collect::CollectError| TargetError {
                    id: "Unread".to_owned(),
                    message: error.to_string(),
                    kind: ErrorKind::Refused,
                };
                Ok(collect::read(&self.pool, &Asked::of(&self.deployment), &manner).map_err(unread)?.actual)
            }),
            say: Box::new(|text| self.said.lock().unwrap().push(text.to_owned())),
            state: self.folder.path().join("state"),
            accounts: self.deployment.accounts.iter().map(|account| account.name.clone()).collect(),
            patience,
            stop: Arc::clone(&self.stop),
            nothing_at_work: false,
        })
    }

    pub(crate) fn plan(&self, target: &dyn Target) -> Plan {
        plan(&self.deployment, &target.read().unwrap(), &Request::default())
    }

    /// Everything that a plan may need is allowed.
    pub(crate) fn options(&self, unfinished: Unfinished) -> Options<'_> {
        let accounts = self.deployment.accounts.iter().map(|account| Allowance::Rotation(account.name.clone()));
        let sites = self.deployment.sites.iter().map(|site| site.name.clone());
        let sites = sites.flat_map(|site| [Allowance::Reassignment(site.clone()), Allowance::Unassignment(site)]);
        Options {
            deployment: &self.deployment,
            operator: Operator::current(),
            consents: accounts.chain(sites).collect(),
            enable_topology: EnableTopology::Run,
            outside_window: Some("a test".to_owned()),
            parallel: NonZeroUsize::new(self.parallel).unwrap(),
            lock_timeout: Duration::ZERO,
            unfinished,
            undoes: None,
            delays: vec![Duration::ZERO; 3],
            stop: &self.stop,
        }
    }

    pub(crate) fn run(&self, plan: &Plan, target: &dyn Target, unfinished: Unfinished) -> Outcome {
        apply::run(plan, target, &self.options(unfinished), &|_| {}).unwrap()
    }

    pub(crate) fn changing_calls(&self) -> Vec<Cmdlet> {
        let calls = self.lab.calls().unwrap();
        calls.iter().map(|call| call.cmdlet).filter(|cmdlet| !cmdlet.only_looks()).collect()
    }
}

impl Shell for Stage {
    fn limit(&self, call: &Call) -> Duration {
        self.impatient.as_ref().unwrap_or(&self.pool).limit(call)
    }

    fn call(&self, at: &Place, call: &Call) -> Result<Reply, CallFailure> {
        match &self.impatient {
            Some(impatient) if self.mischief_in(&format!("{}~", call.name())) > 0 => impatient.call(at, call),
            _ => self.pool.call(at, call),
        }
    }

    fn learn(&self, topology: &Topology) {
        self.pool.learn(topology);
        self.impatient.iter().for_each(|pool| pool.learn(topology));
    }
}

/// Plays the cases a few at a time, since each of them waits for its processes.
pub(crate) fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T, IntoIter: Send>, play: impl Fn(T) + Sync) {
    let left = Mutex::new(cases.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some(case) = next else { return };
                    play(case);
                }
            });
        }
    });
}
