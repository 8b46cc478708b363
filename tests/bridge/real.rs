//! The script itself in a real PowerShell, with the stand-in module: the product's cmdlets go through it, and what is
//! Windows' own (the directory, IIS, setspn) through the process that stands in.
//!
//! Obligatory where there is an engine.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::engine::engine;
use crate::ran::{not_done, steps};
use crate::rehearsal::ended;
use crate::stage::{Stage, write_program};
use cskerb::apply::Unfinished;
use cskerb::apply::target::Target;
use cskerb::lab::Fault;
use cskerb::live::shell::{Call, CallFailure, Launch, Place, Pool, Reach, Reply, Shell};
use cskerb::live::systems::{Live, Means, Patience};
use std::path::Path;
use std::time::Duration;

/// Cmdlets through a real PowerShell, all else through the stand-in.
struct Both<'s> {
    engine: Pool,
    stand_in: &'s Pool,
}

impl Shell for Both<'_> {
    fn limit(&self, call: &Call) -> Duration {
        self.stand_in.limit(call)
    }

    fn call(&self, at: &Place, call: &Call) -> Result<Reply, CallFailure> {
        if call.name().contains("-Cs") { self.engine.call(at, call) } else { self.stand_in.call(at, call) }
    }
}

/// The engine with the stand-in module, as one program.
fn pool(engine: &Path, stage: &Stage) -> Pool {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/powershell/lab");
    let path = stage.programs.path().join("engine");
    let script = format!(
        "#!/bin/sh\nPSModulePath='{}' CSKERB_STAND_IN_PROGRAM='{}' CSKERB_STAND_IN_LAB='{}' exec '{}' \"$@\"\n",
        modules.display(),
        env!("CARGO_BIN_EXE_cskerb"),
        stage.folder.path().join("lab").display(),
        engine.display(),
    );
    write_program(&path, &script);
    Pool::new(Reach { launch: Launch::Here(path.display().to_string()), ..stage.pool.reach().clone() })
}

#[test]
fn faults_are_mended_through_a_real_power_shell_as_they_are_directly() {
    let Some(engine) = engine("faults_are_mended_through_a_real_power_shell_as_they_are_directly") else { return };
    let faults = [
        Fault::StalePassword(name("fe02.contoso.com")),
        Fault::HalfDoneRotation(name(r"CONTOSO\kerbauth")),
        Fault::AccountDeleted(name(r"CONTOSO\kerbauth")),
        Fault::EnableTopologyForgotten(name("Redmond")),
    ];
    for fault in faults {
        let (direct, bridged) = (Stage::new(load(CONTOSO)), Stage::new(load(CONTOSO)));
        direct.lab.inject(&fault).unwrap();
        bridged.lab.inject(&fault).unwrap();
        let both = Both { engine: pool(&engine, &bridged), stand_in: &bridged.pool };
        let live = Live::new(Means {
            shell: &both,
            collect: Box::new(|| bridged.live().read()),
            say: Box::new(|_| {}),
            state: bridged.folder.path().join("state"),
            accounts: bridged.deployment.accounts.iter().map(|account| account.name.clone()).collect(),
            patience: Patience { at_most: Duration::from_mins(1), every: Duration::from_millis(50) },
            stop: std::sync::Arc::default(),
            nothing_at_work: false,
        });
        let (plan, by_live) = (direct.plan(&direct.lab), bridged.plan(&live));
        assert_eq!(steps(&by_live), steps(&plan), "{fault}");
        direct.run(&plan, &direct.lab, Unfinished::Refuse);
        let outcome = bridged.run(&by_live, &live, Unfinished::Refuse);
        assert_eq!(not_done(&outcome), [""; 0], "{fault}");
        assert_eq!(ended(&bridged.lab), ended(&direct.lab), "{fault}");
    }
}

#[test]
fn a_wrong_name_is_refused_by_the_script_and_a_hostile_one_arrives() {
    let Some(engine) = engine("a_wrong_name_is_refused_by_the_script_and_a_hostile_one_arrives") else { return };
    let stage = Stage::new(load(CONTOSO));
    let pool = pool(&engine, &stage);
    let sites = ["O'Hare$(1)`n;\u{2019}\u{201c}", "/Date(0)/", "2026-05-30T20:00:00Z", "\u{202e}서울 --% x", "="];
    for site in sites {
        let call = Call::RemoveAssignment { site: name(site), manner: cskerb::live::shell::Manner::Really };
        let reply = pool.call(&Place::ManagementShell, &call).unwrap();
        assert_eq!(reply.errors.len(), 1, "{site}: {reply:?}");
        let calls = stage.lab.calls().unwrap();
        assert_eq!(calls.last().unwrap().arguments["Identity"], format!("site:{site}"));
    }
}
