//! Names that there is no ticket for, and names that a server does not go by.

use crate::servers::domain_controller::NewAccount;
use crate::servers::web_server::Setup;
use crate::stage::{Said, Stage, at, covered};
use std::fs;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

#[test]
fn each_trouble_with_the_spn_and_the_account_has_its_own_words() {
    let Some(stage) = Stage::new("spn") else { return };
    let account = stage.account();
    let spn = format!("http/{}", stage.pool());
    let keytab = stage.at("user.keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    stage.deployment(1, None);
    let server = stage.server(1);
    let directory = |holders: &[&str], account_entry: &str| {
        let holders: Vec<String> = holders.iter().map(|holder| format!(r#""CONTOSO\\{holder}""#)).collect();
        let holders = holders.join(", ");
        format!(
            r#"{{ "complete": true, "accounts": [{account_entry}],
                 "servicePrincipalNames": [{{ "spn": "{spn}", "holders": [{holders}] }}] }}"#
        )
    };
    let entry = |more: &str| format!(r#"{{ "name": "CONTOSO\\{account}", "computer": true, "enabled": true {more} }}"#);
    let check = |known: Option<String>, label: &str, words: &str| {
        let _ = fs::remove_dir_all(stage.at("snapshot"));
        stage.snapshot(known.as_deref());
        stage.verify(&[at(&web)], &[]).assert_line(&server, label, words);
    };

    // Nobody holds it.
    let unknown = "KDC_ERR_S_PRINCIPAL_UNKNOWN";
    check(None, "SPN unknown", &format!("no account holds that SPN, or several do ({unknown})"));
    check(Some(directory(&[], &entry(""))), "SPN missing", &format!("no account holds that SPN ({unknown})"));

    // An account without a password.
    stage.create_account(None, &[]);
    let refused = "KDC_ERR_ETYPE_NOSUPP";
    let words = format!("its account never got a password, or its encryption types exclude this client's ({refused})");
    check(None, "encryption refused", &words);
    let known = directory(&[&account], &entry(""));
    check(Some(known), "encryption refused", &format!("its account never got a password ({refused})"));

    // Encryption types that exclude the client's.
    stage.controller.set_password(&stage.dn(), "first-Pa55word");
    stage.controller.set(&stage.dn(), "msDS-SupportedEncryptionTypes", &["16"]);
    let only_rc4 = stage.at("rc4.conf");
    let text = fs::read_to_string(stage.controller.krb5_conf()).unwrap();
    let restricted = "[libdefaults]\n permitted_enctypes = rc4-hmac\n allow_weak_crypto = true\n";
    fs::write(&only_rc4, text.replacen("[libdefaults]\n", restricted, 1)).unwrap();
    let _ = fs::remove_dir_all(stage.at("snapshot"));
    let set = r#", "passwordSetAt": "2026-01-01T00:00:00Z", "supportedEncryptionTypes": 16"#;
    stage.snapshot(Some(&directory(&[&account], &entry(set))));
    let mut command = stage.program();
    command.env("KRB5_CONFIG", &only_rc4).arg("verify").arg(stage.at("deployment.yaml")).arg("--snapshot");
    command.arg(stage.at("snapshot")).args(["--tickets", "--scheme", "http", "--keytab"]).arg(&keytab);
    let said = Said::of(command.args(stage.resolve(&[at(&web)])).output().unwrap());
    let words = format!("the encryption types of its account, aes256, exclude this client's ({refused})");
    said.assert_line(&server, "encryption refused", &words);

    // Two accounts hold it.
    let second = NewAccount { name: "spn-other", password: Some("other-Pa55word"), ..NewAccount::default() };
    stage.controller.create(&second);
    stage.controller.set_unchecked(&second.dn(), "servicePrincipalName", &[&spn]);
    let known = directory(&[&account, "spn-other"], &entry(set));
    let words = format!("that SPN is on several accounts, CONTOSO\\{account} and CONTOSO\\spn-other ({unknown})");
    check(Some(known), "SPN double", &words);
}

#[test]
fn a_wrong_host_and_an_overridden_name_are_told() {
    let Some(stage) = Stage::new("host") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let other = Setup { host: Some("other.contoso.com"), ..Setup::with(&keytab) };
    let own = stage.pool();
    let right = Setup { host: Some(&own), ..Setup::with(&keytab) };
    let (Some(other), Some(right)) = (stage.web_server(&other), stage.web_server(&right)) else { return };
    stage.deployment(2, Some("host-web.contoso.com"));
    stage.snapshot(None);
    let said = stage.verify(&[at(&right), at(&other)], &[]);
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    said.assert_line(
        &stage.server(1),
        "valid",
        "as host-web.contoso.com: there is no ticket for http/host-web.contoso.com",
    );
    said.assert_line(&stage.server(2), "not proved", "it answers 421 without asking for authentication");

    // Nobody asks who is there: whatever the status, nothing is proved.
    let said = stage.verify(&[at(&right), at(&right)], &["--path", "/open/"]);
    let words = "it answers 404 without asking for authentication, which proves nothing";
    said.assert_line(&stage.server(1), "not proved", words);
    // What is not there is proved by the token all the same.
    let said = stage.verify(&[at(&right), at(&right)], &["--path", "/abs/none"]);
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");

    // A ticket for a name that the server has no key of.
    let spn = "http/host-web.contoso.com";
    stage.controller.set(&stage.dn(), "servicePrincipalName", &[&format!("http/{}", stage.pool()), spn]);
    let Some(anybody) = stage.web_server(&Setup::with(&stage.at("user.keytab"))) else { return };
    let said = stage.verify(&[at(&anybody), at(&anybody)], &[]);
    said.assert_line(&stage.server(1), "no key", "it has no key for that name (KRB_AP_ERR_NOT_US)");
    // A server that cannot take any ticket.
    let empty = stage.at("empty.keytab");
    fs::write(&empty, "").unwrap();
    anybody.set_keytab(&empty);
    let said = stage.verify(&[at(&anybody), at(&anybody)], &[]);
    let words = "it gives no answer to the ticket, only a bare Negotiate";
    said.assert_line(&stage.server(1), "no answer to the ticket", words);
}

#[test]
fn an_address_comes_from_the_dns_unless_it_is_given() {
    let Some(stage) = Stage::new("dns") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    stage.deployment(2, None);
    stage.snapshot(None);
    let hosts = stage.at("hosts");
    fs::write(&hosts, format!("{} {}\n", web.ip(), stage.server(1))).unwrap();
    let mut program = stage.program();
    program.current_dir(stage.folder.path()).args(["verify", "deployment.yaml", "--snapshot", "snapshot", "--tickets"]);
    program.args(["--keytab", "user.keytab", "--scheme", "http"]);
    let Some(mut command) = covered(&program, &[(&hosts, "/etc/hosts")]) else { return };
    let said = Said::of(command.output().unwrap());
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    said.assert_line(&stage.server(2), "unreachable", "its name has no address");
    said.assert_line(&stage.server(2), "unreachable", "give it one with --resolve");
}

#[test]
fn a_name_service_that_never_answers_is_left_after_the_time() {
    let Some(stage) = Stage::new("mute") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    stage.deployment(2, None);
    stage.snapshot(None);
    // It takes every question and answers none.
    let Ok(server) = UdpSocket::bind("127.64.0.53:53") else { panic!("port 53 of 127.64.0.53 is taken") };
    let resolver = stage.at("resolv.conf");
    fs::write(&resolver, format!("nameserver {}\noptions timeout:20\n", server.local_addr().unwrap().ip())).unwrap();
    let mut program = stage.program();
    program.current_dir(stage.folder.path()).args(["verify", "deployment.yaml", "--snapshot", "snapshot", "--tickets"]);
    program.args(["--keytab", "user.keytab", "--scheme", "http", "--ticket-timeout", "2s"]);
    let Some(mut command) = covered(&program, &[(&resolver, "/etc/resolv.conf")]) else { return };
    let begun = Instant::now();
    let said = Said::of(command.output().unwrap());
    for server in [stage.server(1), stage.server(2)] {
        said.assert_line(&server, "unreachable", "no answer within 2 s while its name is looked up");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}
