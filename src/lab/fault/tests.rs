//! Each fault: what the plan says of it, and whether the plan's steps mend it.

use super::*;
use crate::apply::target::{Holds, Target};
use crate::codes::{Code, Severity};
use crate::lab::tests::{ACCOUNT, healthy, name, planned, steps};
use crate::plan::{Action, Plan, Predicate};

/// What becomes of a fault once the plan's steps were carried out.
enum End {
    /// It is mended.
    Mended,
    /// Still there, said by this finding, and no step is planned for it.
    Finding(Code),
    /// It cannot be read what is: until somebody or something else mends it.
    Unreadable,
    /// No plan can see it.
    Unseen,
}

/// Everything that the plan says.
fn said(plan: &Plan) -> String {
    let findings = plan.findings.iter().map(|it| format!("{}: {:?} {}", it.code, it.subject, it.message));
    let unreadable = plan.unreadable.iter().map(|it| format!("{:?} {}", it.subject, it.cause));
    let steps = plan.steps.iter().flat_map(|step| step.because.iter().map(move |why| format!("{}: {why}", step.id())));
    findings.chain(unreadable).chain(steps).collect::<Vec<_>>().join("\n")
}

/// Does what the plan says, in its order; every precondition must hold.
fn carry_out(lab: &Lab, plan: &Plan) {
    for step in &plan.steps {
        for predicate in &step.preconditions {
            assert_eq!(lab.holds(predicate), Holds::Yes, "{} needs {predicate:?}", step.id());
        }
        assert_eq!(lab.perform(&step.action), Ok(()), "{}", step.id());
    }
}

fn ended(plan: &Plan) -> bool {
    plan.steps.is_empty() && plan.complete() && plan.findings.iter().all(|it| it.severity == Severity::Note)
}

fn check(fault: &Fault, words: &str, end: &End) {
    let (_folder, lab) = healthy();
    lab.inject(fault).unwrap();
    let plan = planned(&lab);
    let text = said(&plan);
    assert!(text.contains(words), "{fault:?}: the plan shall say {words:?}:\n{text}");
    carry_out(&lab, &plan);
    let after = planned(&lab);
    match end {
        End::Mended => assert!(!plan.steps.is_empty() && ended(&after), "{fault:?} is left:\n{}", said(&after)),
        End::Unseen => assert!(ended(&plan), "{fault:?} is seen:\n{text}"),
        End::Finding(code) => {
            assert!(after.findings.iter().any(|it| it.code == *code), "{fault:?}:\n{}", said(&after));
            assert_eq!(steps(&after), Vec::<String>::new(), "{fault:?}");
        }
        End::Unreadable => {
            assert!(!plan.complete() && plan.steps.is_empty(), "{fault:?}:\n{text}");
        }
    }
}

#[test]
fn each_fault_is_found_in_its_own_words_and_mended_or_named() {
    let server = || name("fe02.contoso.com");
    let account = || name(ACCOUNT);
    let spn = |host: &str| name::<Spn>(&format!("http/{host}.contoso.com"));
    check(&Fault::StalePassword(server()), "InvalidKerberosConfiguration: it has an older password", &End::Mended);
    check(&Fault::NeverConfigured(server()), "it was never configured", &End::Mended);
    check(&Fault::ServerDown(server(), Down::ForGood), "it could not be reached", &End::Unreadable);
    check(&Fault::ServerDown(server(), Down::Calls(5)), "it could not be reached", &End::Unreadable);
    check(&Fault::SlowServer(server(), 1), "", &End::Unseen);
    let all = "all 5 servers of Dublin, Redmond & Co are known to be invalid";
    check(&Fault::HalfDoneRotation(account()), all, &End::Mended);
    check(&Fault::RotationBreaksOff(account()), "", &End::Unseen);
    check(&Fault::SpnMissing(spn("pool01")), "enable-topology: http/pool01.contoso.com is not on", &End::Mended);
    check(&Fault::SpnMissing(spn("webint")), "add-spn:http/webint.contoso.com: ", &End::Mended);
    let other = Principal::new(r"CONTOSO\websvc");
    let twice = Fault::SpnTwice(spn("pool01"), other.clone());
    check(&twice, r"CONTOSO\websvc", &End::Finding(Code::SpnOnTwoAccounts));
    check(&Fault::SpnTwice(spn("webint"), other), r"CONTOSO\websvc", &End::Finding(Code::SpnOnTwoAccounts));
    check(&Fault::AccountDisabled(account()), "is disabled", &End::Finding(Code::AccountDisabled));
    check(&Fault::AccountDeleted(account()), "Active Directory has no such account", &End::Mended);
    check(&Fault::EncryptionUnset(account()), "is unset", &End::Finding(Code::AccountEncryptionUnset));
    check(&Fault::ProvidersReversed(server()), "iis:fe02.contoso.com: its settings are not as declared", &End::Mended);
    check(&Fault::EnableTopologyForgotten(name("Dublin")), "http/se01.contoso.com is not on", &End::Mended);
    let added = Fault::ServerAdded(name("pool01.contoso.com"), name("fe04.contoso.com"));
    check(&added, "published with Web Services, but not declared", &End::Finding(Code::ServerUndeclared));
    check(&Fault::TopologyPublished(0), "", &End::Unseen);
    check(&Fault::ControllersDisagree(account(), 9), "the domain controllers do not agree yet", &End::Unreadable);
    check(&Fault::RightLost(Right::DomainAdmins), "", &End::Unseen);
}

#[test]
fn an_account_that_is_deleted_holds_nothing() {
    let (_folder, lab) = healthy();
    lab.inject(&Fault::AccountDeleted(name(ACCOUNT))).unwrap();
    let twice = Fault::SpnTwice(name("http/pool01.contoso.com"), Principal::new(ACCOUNT));
    assert!(matches!(lab.inject(&twice), Err(LabError::Unknown(what)) if what.contains(ACCOUNT)));
    assert!(lab.memory().unwrap().holders(&name("http/pool01.contoso.com")).is_empty());
}

#[test]
fn a_server_that_is_there_is_not_added_and_keeps_its_configuration() {
    let (_folder, lab) = healthy();
    let twice = Fault::ServerAdded(name("pool01.contoso.com"), name("fe02.contoso.com"));
    assert!(matches!(lab.inject(&twice), Err(LabError::Present(what)) if what == "server fe02.contoso.com"));
    assert_eq!(planned(&lab).findings, []);
}

#[test]
fn what_cannot_be_read_passes() {
    let passes = |fault: &Fault, looks: usize| {
        let (_folder, lab) = healthy();
        lab.inject(fault).unwrap();
        for look in 0..looks {
            assert!(!planned(&lab).complete(), "{fault:?} at look {look}");
        }
        assert!(ended(&planned(&lab)), "{fault:?}:\n{}", said(&planned(&lab)));
    };
    passes(&Fault::ServerDown(name("fe02.contoso.com"), Down::Calls(2)), 2);
    passes(&Fault::ControllersDisagree(name(ACCOUNT), 2), 2);
    let (_folder, lab) = healthy();
    lab.inject(&Fault::ServerDown(name("fe02.contoso.com"), Down::ForGood)).unwrap();
    assert!(!planned(&lab).complete());
    lab.inject(&Fault::ServerUp(name("fe02.contoso.com"))).unwrap();
    assert!(ended(&planned(&lab)));
}

/// A server that was invalid when it went down is still planned for: nobody can have mended it.
#[test]
fn an_invalid_server_that_is_down_is_planned_and_fails() {
    let (_folder, lab) = healthy();
    let server: ServerFqdn = name("fe02.contoso.com");
    lab.inject(&Fault::StalePassword(server.clone())).unwrap();
    lab.inject(&Fault::ServerDown(server, Down::ForGood)).unwrap();
    let plan = planned(&lab);
    assert_eq!(steps(&plan), ["copy:fe02.contoso.com", "test:Redmond & Co"]);
    assert!(matches!(lab.holds(&plan.steps[0].preconditions[2]), Holds::Unknown(_)), "{:?}", plan.steps[0]);
    let error = lab.perform(&plan.steps[0].action).unwrap_err();
    assert_eq!(error.kind, crate::apply::target::ErrorKind::Transient);
}

#[test]
fn enable_cstopology_mends_an_spn_on_two_kerberos_accounts() {
    let (_folder, lab) = healthy();
    lab.perform(&Action::CreateAccount { account: name(r"CONTOSO\old"), container: None }).unwrap();
    let spn: Spn = name("http/pool01.contoso.com");
    lab.inject(&Fault::SpnTwice(spn.clone(), Principal::new(r"contoso\OLD"))).unwrap();
    let plan = planned(&lab);
    assert!(said(&plan).contains(r"is also on CONTOSO\old"), "{}", said(&plan));
    carry_out(&lab, &plan);
    assert_eq!(steps(&planned(&lab)), Vec::<String>::new());
    assert_eq!(lab.memory().unwrap().holders(&spn).len(), 1);
}

#[test]
fn a_topology_published_meanwhile_is_another_one() {
    let (_folder, lab) = healthy();
    let now = lab.read().unwrap().topology.known().unwrap().signature.clone();
    lab.inject(&Fault::TopologyPublished(0)).unwrap();
    let held = lab.holds(&Predicate::TopologySignatureIs { signature: now });
    assert!(
        matches!(&held, Holds::No(found) if found.contains("the published topology has the signature")),
        "{held:?}"
    );
}

#[test]
fn faults_of_what_is_not_there_are_refused_and_change_nothing() {
    let (_folder, lab) = healthy();
    let before = lab.memory().unwrap();
    let check = |fault: &Fault, what: &str| {
        let error = lab.inject(fault).unwrap_err().to_string();
        assert_eq!(error, format!("the lab has no {what}"));
        assert_eq!(lab.memory().unwrap(), before, "{fault:?}");
    };
    let nobody = || name(r"CONTOSO\nobody");
    check(&Fault::StalePassword(name("x.contoso.com")), "server x.contoso.com with Web Services");
    check(&Fault::ServerDown(name("edge01.contoso.com"), Down::ForGood), "server edge01.contoso.com with Web Services");
    check(&Fault::HalfDoneRotation(nobody()), r"account CONTOSO\nobody");
    check(&Fault::AccountDeleted(nobody()), r"account CONTOSO\nobody");
    check(&Fault::SpnMissing(name("http/x")), "holder of http/x");
    check(&Fault::EnableTopologyForgotten(name("Oslo")), "site Oslo with an account and Web Services");
    check(&Fault::ServerAdded(name("x.contoso.com"), name("y.contoso.com")), "pool x.contoso.com");
    assert!(matches!(lab.inject(&Fault::ProvidersReversed(name("x.contoso.com"))), Err(LabError::Unreadable { .. })));
}
