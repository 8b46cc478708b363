//! Servers with the current key, a former one and a wrong one, and what becomes of that.

use crate::servers::web_server::{Setup, WebServer};
use crate::stage::{Stage, at, run};
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

#[test]
fn current_previous_and_wrong_keys_are_told_apart_and_mending_is_seen() {
    let Some(stage) = Stage::new("keys") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let previous = stage.current_keys("previous.keytab");
    // A ticket in the user's own cache from before the rotation: it makes a right server look stale.
    let own = stage.at("own.cache");
    let mut kinit = Command::new("kinit");
    kinit.args(["-k", "-t"]).arg(stage.at("user.keytab")).arg(stage.user());
    run(kinit.env("KRB5_CONFIG", stage.controller.krb5_conf()).env("KRB5CCNAME", &own), "");
    let mut kvno = Command::new("kvno");
    kvno.arg(format!("HTTP/{}", stage.pool()));
    run(kvno.env("KRB5_CONFIG", stage.controller.krb5_conf()).env("KRB5CCNAME", &own), "");
    stage.controller.set_password(&stage.dn(), "second-Pa55word");
    let current = stage.current_keys("current.keytab");
    let wrong = stage.wrong_keys(&current);
    let keytabs = [&current, &previous, &wrong];
    let web: Option<Vec<WebServer>> = keytabs.iter().map(|keytab| stage.web_server(&Setup::with(keytab))).collect();
    let Some(web) = web else { return };
    let addresses: Vec<SocketAddr> = web.iter().map(at).collect();
    stage.deployment(3, None);
    stage.snapshot(None);

    let said = stage.verify(&addresses, &[]);
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    let refused = "it refuses the current key (KRB_AP_ERR_BADKEYVER): its password is out of sync";
    said.assert_line(&stage.server(2), "out of sync", refused);
    let refused = "it refuses the current key (KRB_AP_ERR_BAD_INTEGRITY): its password is out of sync";
    said.assert_line(&stage.server(3), "out of sync", refused);
    assert!(said.err.contains("1 of 3 servers proved valid by ticket, 2 invalid"), "{}", said.err);
    // Neither directory nor assignments were read: of which account the tickets speak, nobody knows.
    assert!(said.out.contains("0 valid, 0 invalid, 3 unreadable"), "{}", said.out);

    // The user's own cache: its first ticket is copied, its stale service ticket is not used, and it stays as it is.
    let before = fs::read(&own).unwrap();
    let mut command = stage.program();
    command.env("KRB5CCNAME", &own).arg("verify").arg(stage.at("deployment.yaml")).arg("--snapshot");
    command.arg(stage.at("snapshot")).args(["--tickets", "--scheme", "http"]).args(stage.resolve(&addresses));
    let said = crate::stage::Said::of(command.output().unwrap());
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    assert_eq!(before, fs::read(&own).unwrap(), "the user's own cache was written");

    // Mended.
    web.iter().skip(1).for_each(|server| server.set_keytab(&current));
    let said = stage.verify(&addresses, &[]);
    assert!(said.err.contains("3 of 3 servers proved valid by ticket\n"), "{}", said.err);
}

#[test]
fn the_plan_and_the_snapshot_use_what_the_tickets_said() {
    let Some(stage) = Stage::new("plan") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let previous = stage.current_keys("previous.keytab");
    stage.controller.set_password(&stage.dn(), "second-Pa55word");
    let current = stage.current_keys("current.keytab");
    let web: Option<Vec<WebServer>> =
        [&current, &previous].iter().map(|keytab| stage.web_server(&Setup::with(keytab))).collect();
    let Some(web) = web else { return };
    let addresses: Vec<SocketAddr> = web.iter().map(at).collect();
    let deployment = stage.deployment(2, None);
    let mut lab = stage.program();
    run(lab.args(["lab", "new"]).arg(&deployment).arg(stage.at("snapshot")), "");

    let said = stage.verify(&addresses, &[]);
    let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let server = stage.server(2);
    assert!(words.contains("1 of 2 servers valid: about half of the requests get Unauthorized"), "{}", said.out);
    assert!(
        words.contains("it refuses the current key (KRB_AP_ERR_BADKEYVER): its password is out of sync"),
        "{}",
        said.out
    );
    assert!(
        words.contains(&format!("Copy the Kerberos configuration of {} to {server}", stage.server(1))),
        "{}",
        said.out
    );
    assert_eq!(said.code, Some(2), "{}", said.out);
}
