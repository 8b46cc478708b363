//! Apply against labs: what is broken is mended or named, the second time changes nothing, and there is a way back.

use crate::contoso::CONTOSO;
use crate::declared::{load, name};
use crate::ran::{not_done, steps};
use crate::rehearsal::ended;
use crate::scratch::scratch;
use cskerb::apply::journal::{EnableTopology, Ending, Record, runs};
use cskerb::apply::target::Target;
use cskerb::apply::{self, Allowance, Operator, Options, Outcome, Status, StopSignal, Unfinished};
use cskerb::codes::Code;
use cskerb::lab::{Cmdlet, Down, Fault, Lab};
use cskerb::model::{AccountName, Deployment, Principal, ServerFqdn, Spn};
use cskerb::plan::{Action, Plan, Request, StepId, StepKind, plan};
use cskerb::wire;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::time::Duration;
use tempfile::TempDir;

/// A lab, and what is declared for it.
struct Rehearsal {
    _folder: TempDir,
    lab: Lab,
    deployment: Deployment,
    stop: StopSignal,
    parallel: usize,
}

impl Rehearsal {
    /// A healthy lab.
    fn new(deployment: Deployment) -> Self {
        let folder = scratch();
        let lab = Lab::create(&deployment, &folder.path().join("lab"), name("2026-05-30T20:00:00Z")).unwrap();
        Self { _folder: folder, lab, deployment, stop: StopSignal::default(), parallel: 1 }
    }

    fn plan(&self) -> Plan {
        plan(&self.deployment, &self.lab.read().unwrap(), &Request::default())
    }

    /// Everything that a plan may need is allowed.
    fn options(&self) -> Options<'_> {
        let accounts = self.deployment.accounts.iter().map(|account| Allowance::Rotation(account.name.clone()));
        let sites = self.deployment.sites.iter().map(|site| site.name.clone());
        let sites = sites.flat_map(|site| [Allowance::Reassignment(site.clone()), Allowance::Unassignment(site)]);
        Options {
            deployment: &self.deployment,
            operator: Operator::current(),
            consents: accounts.chain(sites).collect(),
            enable_topology: EnableTopology::Run,
            outside_window: None,
            parallel: NonZeroUsize::new(self.parallel).unwrap(),
            lock_timeout: Duration::ZERO,
            unfinished: Unfinished::Refuse,
            undoes: None,
            delays: vec![Duration::ZERO; 3],
            stop: &self.stop,
        }
    }

    fn apply(&self) -> Outcome {
        self.run(&self.plan(), &self.options())
    }

    fn run(&self, plan: &Plan, options: &Options<'_>) -> Outcome {
        apply::run(plan, &self.lab, options, &|_| {}).unwrap()
    }

    fn resume(&self) -> Outcome {
        self.run(&self.plan(), &Options { unfinished: Unfinished::Resume, ..self.options() })
    }

    fn changing_calls(&self) -> Vec<Cmdlet> {
        let calls = self.lab.calls().unwrap();
        calls.iter().map(|call| call.cmdlet).filter(|cmdlet| !cmdlet.only_looks()).collect()
    }

    fn last_record(&self) -> Record {
        let state = self.lab.state_folder();
        Record::read(state, runs(state).unwrap().last().unwrap()).unwrap().unwrap()
    }
}

fn account() -> AccountName {
    name(r"CONTOSO\kerbauth")
}

#[test]
fn a_server_that_is_down_is_listed_and_done_once_it_is_up() {
    let rehearsal = Rehearsal::new(load(&format!("{CONTOSO}maintenance: {{ maxFailures: 1 }}\n")));
    for server in ["fe02.contoso.com", "fe03.contoso.com", "dir01.contoso.com"] {
        rehearsal.lab.inject(&Fault::StalePassword(name(server))).unwrap();
    }
    let plan = rehearsal.plan();
    rehearsal.lab.inject(&Fault::ServerDown(name("fe02.contoso.com"), Down::ForGood)).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert_eq!(outcome.ending(), Ending::Failures, "{:?}", not_done(&outcome));
    assert_eq!(outcome.report().done(), 2, "{:?}", not_done(&outcome));
    assert!(not_done(&outcome)[0].starts_with("copy:fe02.contoso.com: Refused(Unread"), "{:?}", not_done(&outcome));
    rehearsal.lab.inject(&Fault::ServerUp(name("fe02.contoso.com"))).unwrap();
    let outcome = rehearsal.resume();
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(rehearsal.changing_calls(), [Cmdlet::CopyPassword; 3]);
    assert_eq!(steps(&rehearsal.plan()), [""; 0]);
}

#[test]
fn a_server_that_does_not_answer_for_a_moment_is_waited_for() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    rehearsal.lab.inject(&Fault::StalePassword(name("fe02.contoso.com"))).unwrap();
    let plan = rehearsal.plan();
    rehearsal.lab.inject(&Fault::ServerDown(name("fe02.contoso.com"), Down::Calls(2))).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
}

#[test]
fn a_saved_plan_does_not_touch_a_server_that_changed_meanwhile() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    for server in ["fe02.contoso.com", "fe03.contoso.com"] {
        rehearsal.lab.inject(&Fault::StalePassword(name(server))).unwrap();
    }
    let plan = rehearsal.plan();
    let by_hand = plan.steps.iter().find(|step| step.id().as_str() == "copy:fe02.contoso.com").unwrap();
    rehearsal.lab.perform(&by_hand.action).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert_eq!(outcome.ending(), Ending::Stale);
    assert!(not_done(&outcome)[0].contains("fe02.contoso.com is valid for"), "{:?}", not_done(&outcome));
    assert_eq!(rehearsal.changing_calls().len(), 2, "by hand, and the other server");
    assert_eq!(steps(&rehearsal.plan()), [""; 0]);
}

#[test]
fn a_saved_rotation_does_not_reach_a_site_that_got_the_account_meanwhile() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    let dublin = Action::UnassignAccount { site: name("Dublin"), from: account() };
    rehearsal.lab.perform(&dublin).unwrap();
    let without_dublin = load(&CONTOSO.replace("- name: Dublin\n    account: CONTOSO\\kerbauth", "- name: Dublin"));
    let request = Request { rotate: vec![(account(), "a test".to_owned())], ..Request::default() };
    let plan = plan(&without_dublin, &rehearsal.lab.read().unwrap(), &request);
    assert!(plan.steps.iter().any(|step| matches!(step.action, Action::RotatePassword { .. })));
    rehearsal.lab.perform(&Action::AssignAccount { site: name("Dublin"), account: account() }).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert_eq!(outcome.ending(), Ending::Stale);
    assert!(not_done(&outcome)[0].contains("Dublin has"), "{:?}", not_done(&outcome));
    assert!(!rehearsal.changing_calls().contains(&Cmdlet::RotatePassword));
}

#[test]
fn a_rotation_that_leaves_a_server_behind_is_not_run_again_and_the_server_gets_a_copy() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    let request = Request { rotate: vec![(account(), "a test".to_owned())], ..Request::default() };
    let plan = plan(&rehearsal.deployment, &rehearsal.lab.read().unwrap(), &request);
    // It misses the rotation and answers again right after it.
    rehearsal.lab.inject(&Fault::ServerDown(name("fe03.contoso.com"), Down::Calls(1))).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(rehearsal.changing_calls(), [Cmdlet::RotatePassword, Cmdlet::CopyPassword]);
    assert!(outcome.report().steps.iter().any(|step| step.step.id().as_str() == "copy:fe03.contoso.com"));
    assert_eq!(steps(&rehearsal.plan()), [""; 0]);
}

#[test]
fn a_rotation_that_broke_off_runs_again_under_the_same_consent() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    let request = Request { rotate: vec![(account(), "a test".to_owned())], ..Request::default() };
    let plan = plan(&rehearsal.deployment, &rehearsal.lab.read().unwrap(), &request);
    rehearsal.lab.inject(&Fault::RotationBreaksOff(account())).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(rehearsal.changing_calls(), [Cmdlet::RotatePassword; 2], "the first set IIS and not Active Directory");
    let version = rehearsal.lab.memory().unwrap().accounts[&account()].as_ref().unwrap().key_version;
    assert_eq!(version, Some(3), "one new password");
}

#[test]
fn domain_controllers_that_do_not_agree_yet_are_waited_for() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    let request = Request { rotate: vec![(account(), "a test".to_owned())], ..Request::default() };
    let plan = plan(&rehearsal.deployment, &rehearsal.lab.read().unwrap(), &request);
    rehearsal.lab.inject(&Fault::ControllersDisagree(account(), 3)).unwrap();
    let outcome = rehearsal.run(&plan, &rehearsal.options());
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(rehearsal.changing_calls(), [Cmdlet::RotatePassword]);
}

#[test]
fn somebody_publishes_while_it_waits_for_enable_topology() {
    let rehearsal = Rehearsal::new(load(CONTOSO));
    rehearsal.lab.inject(&Fault::EnableTopologyForgotten(name("Dublin"))).unwrap();
    let waits = Options { enable_topology: EnableTopology::Wait, ..rehearsal.options() };
    let outcome = rehearsal.run(&rehearsal.plan(), &waits);
    assert_eq!(outcome.ending(), Ending::WaitsForEnableTopology);
    rehearsal.lab.inject(&Fault::TopologyPublished(0)).unwrap();
    let outcome = rehearsal.resume();
    assert_eq!(outcome.ending(), Ending::Stale, "{:?}", not_done(&outcome));
    assert_eq!(rehearsal.changing_calls(), [], "it would enable what nobody reviewed");
    assert!(matches!(rehearsal.apply(), Outcome::Finished(_)));
}

#[test]
fn the_way_back_leads_to_the_values_before() {
    let mut rehearsal = Rehearsal::new(load(CONTOSO));
    let before = ended(&rehearsal.lab);
    // Another account for Dublin, no account for Redmond, and other settings.
    let changed = CONTOSO
        .replace("name: Redmond\n    account: CONTOSO\\kerbauth", "name: Redmond\n    account: none")
        .replace("name: Dublin\n    account: CONTOSO\\kerbauth", "name: Dublin\n    account: CONTOSO\\second")
        .replace("sites:", "  - { name: CONTOSO\\second, encryption: [aes256] }\nsites:")
        .replace("[Negotiate, NTLM]", "[NTLM]");
    rehearsal.deployment = load(&changed);
    let outcome = rehearsal.apply();
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(steps(&rehearsal.plan()), [""; 0]);

    let record = rehearsal.last_record();
    let undo = apply::undo(&record, &rehearsal.lab.read().unwrap()).unwrap();
    let written = wire::plan::Plan::try_from(&undo.plan).unwrap().to_json().unwrap();
    assert_eq!(wire::plan::read(&written).unwrap(), undo.plan, "it can be gone on with after a power cut");
    let kind = |(id, _): &(StepId, String)| id.as_str().split(':').next().unwrap().to_owned();
    let no_way_back: BTreeSet<String> = undo.no_way_back.iter().map(kind).collect();
    assert_eq!(no_way_back, ["create", "enable-topology", "rotate"].map(str::to_owned).into());
    let without = Options { consents: BTreeSet::new(), ..rehearsal.options() };
    let error = apply::run(&undo.plan, &rehearsal.lab, &without, &|_| {}).unwrap_err().to_string();
    assert!(error.contains("--allow 'reassignment:Dublin'"), "{error}");
    let outcome = rehearsal.run(&undo.plan, &Options { undoes: Some(record.run), ..rehearsal.options() });
    // Dublin's server still holds the password of the second account, which its test says.
    assert_eq!(not_done(&outcome).len(), 1, "{:?}", not_done(&outcome));
    assert!(not_done(&outcome)[0].starts_with("test:Dublin: Failed"), "{:?}", not_done(&outcome));

    rehearsal.deployment = load(CONTOSO);
    let abandon = Unfinished::Abandon(rehearsal.last_record().run);
    let outcome = rehearsal.run(&rehearsal.plan(), &Options { unfinished: abandon, ..rehearsal.options() });
    assert!(matches!(outcome, Outcome::Finished(_)), "the former file mends what has no way back");
    let first = |end: &str| end.lines().filter(|line| !line.contains("second")).collect::<Vec<_>>().join("\n");
    assert_eq!(first(&ended(&rehearsal.lab)), first(&before));
}

/// What is left of faults after apply.
enum Left {
    /// Nothing.
    Nothing,
    /// This finding, which no step mends.
    Finding(Code),
    /// Something that cannot be read.
    Unreadable,
}

fn check_faults(faults: &[Fault], left: &Left) {
    let yaml = CONTOSO.replace(
        "sites:",
        "  - { name: CONTOSO\\second, encryption: [aes256] }\n  - { name: CONTOSO\\third, encryption: [aes256] }\nsites:",
    );
    let rehearsal = Rehearsal::new(load(&yaml));
    for fault in faults {
        rehearsal.lab.inject(fault).unwrap();
    }
    let (before, outcome) = (rehearsal.plan(), rehearsal.apply());
    let after = rehearsal.plan();
    assert_eq!(steps(&after), [""; 0], "{faults:?}: {:?}", not_done(&outcome));
    match left {
        Left::Nothing => {
            assert!(!before.steps.is_empty(), "{faults:?} are seen");
            assert!(matches!(outcome, Outcome::Finished(_)), "{faults:?}: {:?}", not_done(&outcome));
            assert!(after.complete() && !after.differs(), "{faults:?}: {:?} {:?}", after.findings, after.unreadable);
        }
        Left::Finding(code) => {
            assert!(after.findings.iter().any(|it| it.code == *code), "{faults:?}: {:?}", after.findings);
        }
        Left::Unreadable => assert!(!after.complete(), "{faults:?}"),
    }
}

#[test]
fn each_fault_is_mended_by_apply_or_named() {
    let server = || name("fe02.contoso.com");
    let spn = |host: &str| name::<Spn>(&format!("http/{host}.contoso.com"));
    let second = || Principal::new(r"CONTOSO\second");
    let stranger = || Principal::new(r"CONTOSO\websvc");
    check_faults(&[Fault::StalePassword(server())], &Left::Nothing);
    check_faults(&[Fault::NeverConfigured(server())], &Left::Nothing);
    check_faults(&[Fault::ServerDown(server(), Down::ForGood)], &Left::Unreadable);
    check_faults(&[Fault::HalfDoneRotation(account())], &Left::Nothing);
    check_faults(&[Fault::HalfDoneRotation(account()), Fault::RotationBreaksOff(account())], &Left::Nothing);
    check_faults(&[Fault::SpnMissing(spn("pool01"))], &Left::Nothing);
    check_faults(&[Fault::SpnMissing(spn("webint"))], &Left::Nothing);
    check_faults(&[Fault::SpnTwice(spn("pool01"), second())], &Left::Nothing);
    check_faults(&[Fault::SpnTwice(spn("webint"), second())], &Left::Nothing);
    let third = Principal::new(r"CONTOSO\third");
    check_faults(&[Fault::SpnTwice(spn("webint"), second()), Fault::SpnTwice(spn("webint"), third)], &Left::Nothing);
    check_faults(&[Fault::SpnTwice(spn("pool01"), stranger())], &Left::Finding(Code::SpnOnTwoAccounts));
    check_faults(&[Fault::AccountDisabled(account())], &Left::Finding(Code::AccountDisabled));
    check_faults(&[Fault::AccountDeleted(account())], &Left::Nothing);
    check_faults(&[Fault::EncryptionUnset(account())], &Left::Finding(Code::AccountEncryptionUnset));
    check_faults(&[Fault::ProvidersReversed(server())], &Left::Nothing);
    check_faults(&[Fault::EnableTopologyForgotten(name("Redmond"))], &Left::Nothing);
    let added = Fault::ServerAdded(name("pool01.contoso.com"), name("fe04.contoso.com"));
    check_faults(&[added], &Left::Finding(Code::ServerUndeclared));
}

#[test]
fn a_rotation_is_followed_by_copies_into_branch_sites() {
    let yaml = r"
version: 1
product: sfb-2019
accounts: [{ name: CONTOSO\kerbauth, encryption: [aes256] }]
sites:
  - name: Redmond
    account: CONTOSO\kerbauth
    pools: [{ fqdn: pool01.contoso.com, role: front-end, servers: [fe01.contoso.com, fe02.contoso.com] }]
  - name: Dublin
    kind: branch
    account: CONTOSO\kerbauth
    pools: [{ fqdn: se01.contoso.com, role: standard-edition }]
";
    let rehearsal = Rehearsal::new(load(yaml));
    rehearsal.lab.inject(&Fault::HalfDoneRotation(account())).unwrap();
    let plan = rehearsal.plan();
    assert_eq!(steps(&plan), [r"rotate:CONTOSO\kerbauth", "copy:se01.contoso.com", "test:Redmond", "test:Dublin"]);
    let outcome = rehearsal.apply();
    assert!(matches!(outcome, Outcome::Finished(_)), "{:?}", not_done(&outcome));
    assert_eq!(steps(&rehearsal.plan()), [""; 0]);
}

/// What is drawn: a deployment, another one that the lab was made from, and what is broken in it.
#[derive(Clone, Debug)]
struct Drawn {
    sites: Vec<DrawnSite>,
    reversed: bool,
    faults: Vec<(u8, usize)>,
}

/// Accounts by number; 0 is none.
#[derive(Clone, Debug)]
struct DrawnSite {
    before: usize,
    wanted: usize,
    /// How many servers each pool has, and whether its FQDN is overridden.
    pools: Vec<(usize, bool)>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let pool = (1usize..4, any::<bool>());
    let site = (0usize..4, 0usize..4, prop::collection::vec(pool, 1..3));
    let site = site.prop_map(|(before, wanted, pools)| DrawnSite { before, wanted, pools });
    (prop::collection::vec(site, 1..3), any::<bool>(), prop::collection::vec((0u8..14, 0usize..20), 0..5))
        .prop_map(|(sites, reversed, faults)| Drawn { sites, reversed, faults })
}

impl Drawn {
    /// The file; `after` is the one that is applied, the other one made the lab.
    fn yaml(&self, after: bool) -> String {
        let mut text = "version: 1\nproduct: sfb-2019\naccounts:\n".to_owned();
        for account in 1..4 {
            writeln!(text, "  - {{ name: 'CONTOSO\\kerb{account}', encryption: [aes256] }}").unwrap();
        }
        text.push_str("sites:\n");
        for (at, DrawnSite { before, wanted, pools }) in self.sites.iter().enumerate() {
            let account = match if after { *wanted } else { *before } {
                0 => "none".to_owned(),
                account => format!("'CONTOSO\\kerb{account}'"),
            };
            writeln!(text, "  - name: Site{at}\n    account: {account}\n    pools:").unwrap();
            for (pool, (servers, overridden)) in pools.iter().enumerate() {
                writeln!(text, "      - fqdn: pool{at}{pool}.contoso.com\n        role: front-end").unwrap();
                if *overridden {
                    writeln!(text, "        webServices: {{ internalFqdn: web{at}{pool}.contoso.com }}").unwrap();
                }
                let servers: Vec<String> =
                    (0..*servers).map(|server| format!("fe{at}{pool}{server}.contoso.com")).collect();
                writeln!(text, "        servers: [{}]", servers.join(", ")).unwrap();
            }
        }
        let providers = if after && self.reversed { "NTLM, Negotiate" } else { "Negotiate, NTLM" };
        writeln!(text, "iis:\n  - location: Skype for Business Server Internal Web Site").unwrap();
        writeln!(text, "    windowsAuthentication: {{ enabled: true, providers: [{providers}] }}").unwrap();
        text
    }

    /// The faults that the lab can have; one that it cannot is left out.
    fn break_it(&self, lab: &Lab) {
        let memory = lab.memory().unwrap();
        let servers: Vec<ServerFqdn> = memory.servers.keys().cloned().collect();
        // An account that is deleted cannot hold an SPN afterwards.
        let mut faults = self.faults.clone();
        faults.sort_by_key(|(kind, _)| *kind == 8);
        for (kind, at) in &faults {
            let server = || servers[at % servers.len()].clone();
            let account = || name::<AccountName>(&format!(r"CONTOSO\kerb{}", at % 3 + 1));
            let overridden = || name(&format!("http/web0{}.contoso.com", at / 2 % 2));
            let spn = || name(&format!("http/pool0{}.contoso.com", at % 2));
            let fault = match kind {
                0 | 1 => Fault::StalePassword(server()),
                2 => Fault::NeverConfigured(server()),
                3 => Fault::ProvidersReversed(server()),
                4 => Fault::SpnMissing(spn()),
                5 => Fault::SpnTwice(spn(), Principal::from(&account())),
                6 => Fault::SpnTwice(spn(), Principal::new(r"CONTOSO\websvc")),
                7 => Fault::AccountDisabled(account()),
                8 => Fault::AccountDeleted(account()),
                9 => Fault::HalfDoneRotation(account()),
                10 => Fault::EncryptionUnset(account()),
                11 => Fault::SpnMissing(overridden()),
                12 => Fault::SpnTwice(overridden(), Principal::from(&account())),
                _ => Fault::EnableTopologyForgotten(name("Site0")),
            };
            let _ = lab.inject(&fault);
        }
    }

    fn rehearsal(&self, parallel: usize) -> Rehearsal {
        let mut rehearsal = Rehearsal::new(load(&self.yaml(false)));
        self.break_it(&rehearsal.lab);
        rehearsal.deployment = load(&self.yaml(true));
        rehearsal.parallel = parallel;
        rehearsal
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn after_apply_a_plan_has_no_steps_and_applying_again_changes_nothing(drawn in drawn()) {
        let rehearsal = drawn.rehearsal(1);
        let plan = rehearsal.plan();
        let outcome = rehearsal.run(&plan, &rehearsal.options());
        // A test says what no step mends; nothing else may fail.
        let failed = outcome.report().steps.iter().filter(|step| step.status != Status::Done);
        for step in failed {
            prop_assert_eq!(step.step.action.kind(), StepKind::TestAssignment, "{:?}", not_done(&outcome));
        }
        let after = rehearsal.plan();
        prop_assert_eq!(steps(&after), Vec::<String>::new(), "after {:?}", steps(&plan));
        let calls = rehearsal.changing_calls();
        let unfinished = match outcome {
            Outcome::Finished(_) => Unfinished::Refuse,
            _ => Unfinished::Abandon(rehearsal.last_record().run),
        };
        let again = rehearsal.run(&after, &Options { unfinished, ..rehearsal.options() });
        prop_assert!(matches!(again, Outcome::Finished(_)));
        prop_assert_eq!(rehearsal.changing_calls(), calls);

        let side_by_side = drawn.rehearsal(4);
        side_by_side.run(&side_by_side.plan(), &side_by_side.options());
        prop_assert_eq!(ended(&side_by_side.lab), ended(&rehearsal.lab), "whatever --parallel was");
    }
}
