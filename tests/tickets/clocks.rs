//! Clocks that are off, the servers' and this computer's.

use crate::servers::web_server::{FAKE_CLOCK, Setup, WebServer};
use crate::servers::{need, or_skipped};
use crate::stage::{Said, Stage, at, run};
use std::net::SocketAddr;
use std::process::Command;

#[test]
fn a_server_whose_clock_is_off_is_told_by_how_much() {
    let Some(stage) = Stage::new("clock") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    // Tickets live ten hours here: to the last server a fresh one has long expired.
    let web: Option<Vec<WebServer>> = ["+2h", "-2h", "+3d"]
        .iter()
        .map(|clock| stage.web_server(&Setup { clock: Some(clock), ..Setup::with(&keytab) }))
        .collect();
    let Some(web) = web else { return };
    stage.deployment(3, None);
    stage.snapshot(None);
    let said = stage.verify(&web.iter().map(at).collect::<Vec<SocketAddr>>(), &[]);
    let check = |number: usize, ways: [&str; 2], error: &str| {
        let words =
            ways.map(|by| format!("its clock is {by}, and Kerberos allows 5 min ({error}): mend its time service"));
        let line = said.line(&stage.server(number));
        assert!(line.trim_start().starts_with("clock skew"), "{line}");
        // The request takes a moment, by which the minutes may change.
        assert!(words.iter().any(|words| line.contains(words)), "{line}");
    };
    check(1, ["2 h 00 min ahead", "1 h 59 min ahead"], "KRB_AP_ERR_SKEW");
    check(2, ["2 h 00 min behind", "1 h 59 min behind"], "KRB_AP_ERR_TKT_NYV");
    check(3, ["3 d 0 h ahead", "2 d 23 h ahead"], "KRB_AP_ERR_TKT_EXPIRED");
    assert_eq!(said.code, Some(5), "nothing is known of their keys: {}", said.out);
}

#[test]
fn this_computers_own_clock_matters_only_where_the_library_cannot_set_it_right() {
    let Some(stage) = Stage::new("own") else { return };
    if or_skipped("other clock", need(&[FAKE_CLOCK])).is_none() {
        return;
    }
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    stage.deployment(1, None);
    stage.snapshot(None);
    let own = stage.at("own.cache");
    let mut kinit = Command::new("kinit");
    kinit.args(["-k", "-t"]).arg(stage.at("user.keytab")).arg(stage.user());
    run(kinit.env("KRB5_CONFIG", stage.controller.krb5_conf()).env("KRB5CCNAME", &own), "");
    let verify = |clock: &str| {
        let mut command = stage.program();
        command.env("LD_PRELOAD", FAKE_CLOCK.0).env("FAKETIME", clock).env("KRB5CCNAME", &own);
        command.arg("verify").arg(stage.at("deployment.yaml")).arg("--snapshot").arg(stage.at("snapshot"));
        command.args(["--tickets", "--scheme", "http"]).args(stage.resolve(&[at(&web)]));
        command
    };
    // With its own keys it learns the KDC's time from the KDC.
    let mut by_keytab = verify("+2h");
    by_keytab.arg("--keytab").arg(stage.at("user.keytab"));
    Said::of(by_keytab.output().unwrap()).assert_line(&stage.server(1), "valid", "it takes the current key (");
    // With a ticket that was taken before, it does not.
    let said = Said::of(verify("+2h").output().unwrap());
    let words = "the clocks of this computer and the KDC differ too much (KRB_AP_ERR_SKEW)";
    said.assert_line(&stage.server(1), "clock skew", words);
    // An old ticket is worth nothing, and nobody is asked.
    let said = Said::of(verify("+2d").output().unwrap());
    assert!(said.err.contains("your own ticket: it expired at ") && said.err.contains("run kinit"), "{}", said.err);
    assert_eq!(said.code, Some(1), "{}", said.err);
}
