//! A lab from a deployment of three pools in two sites, and what its cmdlets do.

mod durability;

use super::*;
use crate::apply::target::{ErrorKind, Holds, Observation, Target};
use crate::codes::Severity;
use crate::model::{
    Account, DeclaredAccount, Deployment, ExpectedAuthentication, ExpectedLocation, Maintenance, Origin, Pool,
    Principal, Product, Provider, Role, Server, Setting, SettingChange, Site, SiteKind, Verdict,
};
use crate::plan::{Action, LocationChange, Plan, Predicate, Request, plan};
use std::sync::Arc;
use tempfile::TempDir;

pub(super) const ACCOUNT: &str = r"CONTOSO\kerbauth";
pub(super) const LOCATION: &str = "Skype for Business Server Internal Web Site";

pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Redmond with a Front End pool of three, an overridden internal FQDN, and a Director; Dublin with a Standard
/// Edition server. Both sites have one account.
pub(super) fn deployment() -> Deployment {
    let expected = ExpectedAuthentication {
        enabled: Some(true),
        use_kernel_mode: Some(false),
        providers: Some(vec![Provider::Negotiate, Provider::Ntlm]),
        ..ExpectedAuthentication::default()
    };
    let iis: Arc<[ExpectedLocation]> =
        [ExpectedLocation { location: name(LOCATION), windows_authentication: expected }].into();
    let pool = |fqdn: &str, role: Role, servers: &[&str]| Pool {
        fqdn: name(fqdn),
        role,
        product: Some(Product::Sfb2019),
        internal_fqdn: None,
        servers: servers.iter().map(|server| Server { fqdn: name(server), iis: iis.clone() }).collect(),
    };
    let mut pool01 =
        pool("pool01.contoso.com", Role::FrontEnd, &["fe01.contoso.com", "fe02.contoso.com", "fe03.contoso.com"]);
    pool01.internal_fqdn = Some(name("webint.contoso.com"));
    let site = |site: &str, pools: Vec<Pool>| Site {
        name: name(site),
        kind: SiteKind::Central,
        account: DeclaredAccount::Account(name(ACCOUNT)),
        source: None,
        pools,
    };
    let director = pool("dir01.contoso.com", Role::Director, &["dir01.contoso.com"]);
    let edge = pool("edge.contoso.com", Role::Edge, &["edge01.contoso.com"]);
    let standard = pool("se01.contoso.com", Role::StandardEdition, &["se01.contoso.com"]);
    Deployment {
        origin: Origin::default(),
        accounts: vec![Account { name: name(ACCOUNT), container: None, encryption: None, max_password_age: None }],
        sites: vec![site("Redmond & Co", vec![pool01, director, edge]), site("Dublin", vec![standard])],
        maintenance: Maintenance::default(),
    }
}

pub(super) fn healthy() -> (TempDir, Lab) {
    let folder = crate::scratch::scratch();
    let lab = Lab::create(&deployment(), &folder.path().join("lab"), name("2026-05-30T20:00:00Z")).unwrap();
    (folder, lab)
}

pub(super) fn planned(lab: &Lab) -> Plan {
    plan(&deployment(), &lab.read().unwrap(), &Request::default())
}

pub(super) fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.id().to_string()).collect()
}

/// The servers that are valid, invalid and unreadable.
fn health(plan: &Plan) -> (usize, usize, usize) {
    let total = |count: fn(&crate::plan::PoolHealth) -> usize| plan.summary.total(count);
    (total(|pool| pool.valid), total(|pool| pool.invalid), total(|pool| pool.unreadable))
}

fn rotate() -> Action {
    Action::RotatePassword { account: name(ACCOUNT) }
}

fn copy(from: &str, to: &str) -> Action {
    Action::CopyConfiguration { account: name(ACCOUNT), from: name(from), to: name(to) }
}

fn test(site: &str) -> Action {
    Action::TestAssignment { site: name(site) }
}

/// Asserts that the action is refused with this id.
fn refused(lab: &Lab, action: &Action, id: &str, kind: ErrorKind) {
    let before = lab.memory().unwrap();
    let error = lab.perform(action).unwrap_err();
    assert!(error.id.starts_with(&format!("{id},")), "{error:?} shall be {id}");
    assert_eq!(error.kind, kind, "{error:?}");
    if kind == ErrorKind::Refused {
        let after = lab.memory().unwrap();
        assert_eq!(after.accounts, before.accounts, "{id}: a refusal changes nothing");
        assert_eq!(after.assignments, before.assignments, "{id}: a refusal changes nothing");
    }
}

#[test]
fn a_new_lab_is_healthy() {
    let (_folder, lab) = healthy();
    let plan = planned(&lab);
    assert_eq!(steps(&plan), Vec::<String>::new());
    assert!(plan.complete(), "{:?}", plan.unreadable);
    let errors: Vec<_> = plan.findings.iter().filter(|it| it.severity != Severity::Note).collect();
    assert_eq!(errors, Vec::<&crate::plan::Finding>::new());
    assert_eq!(health(&plan), (5, 0, 0));
    for site in ["Redmond & Co", "Dublin"] {
        assert_eq!(lab.perform(&test(site)), Ok(()));
    }
}

#[test]
fn a_lab_wants_a_folder_of_its_own() {
    let (_folder, lab) = healthy();
    let again = Lab::create(&deployment(), &lab.folder, Timestamp::UNIX_EPOCH);
    assert!(matches!(again, Err(LabError::NotEmpty(_))), "{again:?}");
}

#[test]
fn refusals_have_the_ids_of_the_cmdlets() {
    use ErrorKind::Refused;
    let (_folder, lab) = healthy();
    let create = |text: &str| Action::CreateAccount { account: name(text), container: None };
    let assign = |site: &str, to: &str| Action::AssignAccount { site: name(site), account: name(to) };
    let reassign =
        |site: &str, to: &str| Action::ReassignAccount { site: name(site), from: name(ACCOUNT), to: name(to) };
    let unassign = |site: &str| Action::UnassignAccount { site: name(site), from: name(ACCOUNT) };
    let add = |spn: &str| Action::AddSpn { spn: name(spn), account: name(ACCOUNT) };
    refused(&lab, &create(r"contoso\KERBAUTH"), "AccountAlreadyExists", Refused);
    refused(&lab, &assign("Redmond & Co", ACCOUNT), "AssignmentAlreadyExists", Refused);
    refused(&lab, &reassign("Redmond & Co", r"CONTOSO\none"), "AccountNotFound", Refused);
    refused(&lab, &reassign("Oslo", ACCOUNT), "AssignmentNotFound", Refused);
    refused(&lab, &copy("fe01.contoso.com", "pool01.contoso.com"), "ComputerIsPool", Refused);
    refused(&lab, &copy("fe01.contoso.com", "edge01.contoso.com"), "ComputerNotFound", Refused);
    refused(&lab, &add("http/POOL01.contoso.com"), "DuplicateServicePrincipalName", Refused);
    let holder = Principal::new(r"CONTOSO\kerbauth");
    let remove = Action::RemoveSpn { spn: name("http/other.contoso.com"), holder };
    refused(&lab, &remove, "ServicePrincipalNameNotFound", Refused);
    lab.perform(&unassign("Dublin")).unwrap();
    refused(&lab, &unassign("Dublin"), "AssignmentNotFound", Refused);
    refused(&lab, &test("Dublin"), "AssignmentNotFound", Refused);
    refused(&lab, &copy("fe01.contoso.com", "se01.contoso.com"), "ComputerNotFound", Refused);
    refused(&lab, &assign("Oslo", ACCOUNT), "SiteNotFound", Refused);
    lab.perform(&create(r"CONTOSO\other")).unwrap();
    lab.perform(&assign("Dublin", r"CONTOSO\other")).unwrap();
    refused(&lab, &copy("fe01.contoso.com", "se01.contoso.com"), "AccountMismatch", Refused);
    refused(&lab, &test("Dublin"), "ServicePrincipalNameError", Refused);
    lab.perform(&Action::EnableTopology { signature: None }).unwrap();
    refused(&lab, &test("Dublin"), "InvalidKerberosConfiguration", Refused);
    lab.change(|world| world.memory.account_mut(&name(ACCOUNT)).unwrap().computer = false).unwrap();
    refused(&lab, &rotate(), "AccountNotComputer", Refused);
    lab.change(|world| world.memory.rights.rtc_universal_server_admins = false).unwrap();
    refused(&lab, &unassign("Dublin"), "InsufficientAccessRights", Refused);
}

#[test]
fn rights_are_asked_for_where_the_documentation_asks() {
    let (_folder, lab) = healthy();
    let enable = Action::EnableTopology { signature: None };
    lab.change(|world| world.memory.rights.domain_admins = false).unwrap();
    let create = Action::CreateAccount { account: name(r"CONTOSO\other"), container: None };
    refused(&lab, &create, "InsufficientAccessRights", ErrorKind::Refused);
    refused(&lab, &enable, "InsufficientAccessRights", ErrorKind::Refused);
    lab.change(|world| world.memory.rights.setup_delegated = true).unwrap();
    assert_eq!(lab.perform(&enable), Ok(()), "setup was delegated");
    assert_eq!(lab.perform(&rotate()), Ok(()), "a rotation needs no Domain Admins");
}

#[test]
fn a_rotation_reaches_every_site_and_a_copy_one_server() {
    let (_folder, lab) = healthy();
    let before = lab.observe(&rotate());
    assert_eq!(lab.perform(&rotate()), Ok(()));
    let after = lab.observe(&rotate());
    assert_ne!(before, after);
    assert!(matches!(after, Observation::Account { exists: true, key_version: Some(3), .. }), "{after:?}");
    assert_eq!(health(&planned(&lab)), (5, 0, 0), "readings are fresh");

    let stale = |server: &str| {
        lab.change(|world| {
            let key = world.memory.new_key();
            world.server(&name(server)).holds = Some(Held { account: name(ACCOUNT), key });
        })
    };
    stale("fe02.contoso.com").unwrap();
    assert_eq!(steps(&planned(&lab)), ["copy:fe02.contoso.com", "test:Redmond & Co"]);
    let from_stale = copy("fe02.contoso.com", "fe01.contoso.com");
    refused(&lab, &from_stale, "SourceNotValid", ErrorKind::Refused);
    assert_eq!(lab.perform(&copy("se01.contoso.com", "fe02.contoso.com")), Ok(()), "a pool that is its one server");
    assert_eq!(steps(&planned(&lab)), Vec::<String>::new());
}

#[test]
fn a_server_that_is_down_is_left_behind_by_a_rotation() {
    let (_folder, lab) = healthy();
    let down = |down: Option<Down>| lab.change(|world| world.server(&name("fe03.contoso.com")).down = down);
    down(Some(Down::ForGood)).unwrap();
    refused(&lab, &copy("fe01.contoso.com", "fe03.contoso.com"), "ComputerUnreachable", ErrorKind::Transient);
    refused(&lab, &test("Redmond & Co"), "ComputerUnreachable", ErrorKind::Transient);
    refused(&lab, &rotate(), "ComputersUnreachable", ErrorKind::OutcomeUnknown);
    assert!(matches!(lab.observe(&rotate()), Observation::Account { key_version: Some(3), .. }), "it is done");
    let plan = planned(&lab);
    assert_eq!(health(&plan), (4, 0, 1));
    assert!(plan.unreadable[0].cause.contains("it could not be reached"), "{:?}", plan.unreadable);
    down(None).unwrap();
    assert_eq!(steps(&planned(&lab)), ["copy:fe03.contoso.com", "test:Redmond & Co"]);

    let valid_for = Predicate::ValidFor { server: name("fe01.contoso.com"), account: name(ACCOUNT) };
    lab.change(|world| world.server(&name("fe01.contoso.com")).down = Some(Down::Calls(2))).unwrap();
    for _ in 0..2 {
        assert!(matches!(lab.holds(&valid_for), Holds::Unknown(_)));
    }
    assert_eq!(lab.holds(&valid_for), Holds::Yes);
}

#[test]
fn a_rotation_that_broke_off_left_iis_ahead_of_active_directory() {
    let (_folder, lab) = healthy();
    lab.change(|world| world.memory.rotation_breaks_off = Some(name(ACCOUNT))).unwrap();
    let before = lab.observe(&rotate());
    refused(&lab, &rotate(), "ConnectionLost", ErrorKind::OutcomeUnknown);
    assert_eq!(lab.observe(&rotate()), before, "Active Directory comes second");
    let plan = planned(&lab);
    assert_eq!(health(&plan), (0, 5, 0));
    assert_eq!(steps(&plan)[0], format!("rotate:{ACCOUNT}"));
    assert_eq!(lab.perform(&rotate()), Ok(()), "it breaks off once");
    assert_eq!(steps(&planned(&lab)), Vec::<String>::new());
}

#[test]
fn a_deleted_account_that_is_made_again_has_another_password() {
    let (_folder, lab) = healthy();
    lab.change(|world| world.memory.accounts.insert(name(ACCOUNT), None)).unwrap();
    lab.perform(&Action::CreateAccount { account: name(ACCOUNT), container: None }).unwrap();
    lab.perform(&rotate()).unwrap();
    let memory = lab.memory().unwrap();
    assert_eq!(memory.account(&name(ACCOUNT)).unwrap().key_version, Some(2), "as before it was deleted");
    let fe01 = Action::CopyConfiguration {
        account: name(ACCOUNT),
        from: name("fe01.contoso.com"),
        to: name("fe01.contoso.com"),
    };
    assert_eq!(lab.observe(&fe01), Observation::Server(Verdict::Valid));
    lab.change(|world| {
        world.server(&name("fe01.contoso.com")).holds = Some(Held { account: name(ACCOUNT), key: 1 });
    })
    .unwrap();
    assert_eq!(lab.observe(&fe01), Observation::Server(Verdict::Invalid), "the former object's password");
}

#[test]
fn iis_settings_are_set_and_seen() {
    let (_folder, lab) = healthy();
    let setting = SettingChange {
        before: Setting::Providers(vec![Provider::Negotiate, Provider::Ntlm]),
        after: Setting::Providers(vec![Provider::Ntlm]),
    };
    let set = |location: &str| Action::SetIis {
        server: name("fe01.contoso.com"),
        locations: vec![LocationChange { location: name(location), settings: vec![setting.clone()] }],
    };
    assert_eq!(lab.observe(&set(LOCATION)), Observation::Settings(vec![vec![setting.before.clone()]]));
    assert_eq!(lab.perform(&set(LOCATION)), Ok(()));
    assert_eq!(lab.observe(&set(LOCATION)), Observation::Settings(vec![vec![setting.after.clone()]]));
    let location_is = |setting: &Setting| Predicate::LocationIs {
        server: name("fe01.contoso.com"),
        location: name(LOCATION),
        settings: vec![setting.clone()],
    };
    assert_eq!(lab.holds(&location_is(&setting.after)), Holds::Yes);
    let other = format!("at {LOCATION} providers is [NTLM]");
    assert_eq!(lab.holds(&location_is(&setting.before)), Holds::No(other));
    assert_eq!(steps(&planned(&lab)), ["iis:fe01.contoso.com", "test:Redmond & Co"]);
    refused(&lab, &set("No Site"), "ConfigurationError", ErrorKind::Refused);
}

#[test]
fn every_call_is_logged_with_its_outcome() {
    let (_folder, lab) = healthy();
    lab.perform(&test("Dublin")).unwrap();
    refused(&lab, &test("Oslo"), "AssignmentNotFound", ErrorKind::Refused);
    let log = lab.state.join("lab-calls.jsonl");
    let mut text = fs::read_to_string(&log).unwrap();
    text.push_str("{\"begun\":{\"call\":9");
    fs::write(&log, text).unwrap();
    lab.perform(&rotate()).unwrap();
    let calls = lab.calls().unwrap();
    let told: Vec<_> = calls.iter().map(|call| (call.cmdlet, call.outcome.clone())).collect();
    assert_eq!(told.len(), 3, "a line that was cut off says nothing: {told:?}");
    assert_eq!(told[0], (Cmdlet::TestAssignment, Some(Outcome::Done)));
    assert!(matches!(&told[1].1, Some(Outcome::Failed { id, uncertain: false }) if id.starts_with("AssignmentNot")));
    assert_eq!(told[2], (Cmdlet::RotatePassword, Some(Outcome::Done)));
    assert_eq!(calls[2].arguments["UserAccount"], ACCOUNT);
}

#[test]
fn a_snapshot_becomes_a_lab() {
    let (_folder, lab) = healthy();
    lab.change(|world| {
        world.server(&name("fe02.contoso.com")).holds = None;
        world.renew(&[name("fe02.contoso.com")]);
    })
    .unwrap();
    fs::remove_file(lab.folder.join("lab.json")).unwrap();
    assert!(matches!(Lab::open(&lab.folder), Err(LabError::None(_))));
    let adopted = Lab::adopt(&lab.folder).unwrap();
    assert_eq!(steps(&planned(&adopted)), ["copy:fe02.contoso.com", "test:Redmond & Co"]);
    adopted.perform(&copy("fe01.contoso.com", "fe02.contoso.com")).unwrap();
    assert_eq!(steps(&planned(&adopted)), Vec::<String>::new());
}
