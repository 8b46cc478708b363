//! Names that there is no ticket for, and names that a server does not go by.

use crate::servers::Loopback;
use crate::servers::domain_controller::NewAccount;
use crate::servers::web_server::Setup;
use crate::stage::{Said, Stage, at, covered, run};
use serde_json::{Value, json};
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
fn a_ticket_of_another_account_proves_nothing_of_this_one() {
    let Some(stage) = Stage::new("other") else { return };
    // A Standard Edition server whose SPN is forgotten: the computer's own, with which the KDC makes do.
    let machine = NewAccount {
        name: "other-machine",
        password: Some("machine-Pa55word"),
        spns: &[&format!("HOST/{}", stage.pool())],
        ..NewAccount::default()
    };
    stage.controller.create(&machine);
    let kerb = NewAccount { name: &stage.account(), password: Some("first-Pa55word"), ..NewAccount::default() };
    stage.controller.create(&kerb);
    let internal = "http/other-web.contoso.com";
    stage.controller.set(&stage.dn(), "servicePrincipalName", &[internal]);
    let keytab = stage.at("keytab");
    stage.controller.export_keytab("HTTP/other-web.contoso.com", &keytab);
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    let account = format!(r"CONTOSO\{}", stage.account());
    let holders = |own: &[&str], of_internal: &[&str]| {
        let accounts =
            [&account, r"CONTOSO\former"].map(|name| json!({ "name": name, "computer": true, "enabled": true }));
        let own = json!({ "spn": format!("http/{}", stage.pool()), "holders": own });
        let of_internal = json!({ "spn": internal, "holders": of_internal });
        json!({ "complete": true, "accounts": accounts, "servicePrincipalNames": [own, of_internal] }).to_string()
    };
    let check = |directory: &str, name: Option<&str>, label: &str, words: &[&str]| {
        stage.deployment(1, name);
        stage.snapshot(Some(directory));
        let said = stage.verify(&[at(&web)], &[]);
        for words in words {
            said.assert_line(&stage.server(1), label, words);
        }
    };
    let missing = "no account held http/other-pool.contoso.com when the directory was read: either one does since";
    check(&holders(&[], &[&account]), None, "SPN missing", &[missing]);
    // Its other name is on the account, and speaks for it.
    let valid = "it takes the current key (";
    check(&holders(&[], &[&account]), Some("other-web.contoso.com"), "valid", &[valid, missing]);
    // Somebody else holds it, who was not asked for, or who was.
    for other in [r"FABRIKAM\stranger", r"CONTOSO\former"] {
        let elsewhere = format!(
            "{other} held http/other-pool.contoso.com when the directory was read, so its ticket was not shown"
        );
        check(&holders(&[other], &[&account]), Some("other-web.contoso.com"), "valid", &[valid, &elsewhere]);
    }
    // The other name was left to a former account.
    let elsewhere =
        r"CONTOSO\former held http/other-web.contoso.com when the directory was read, so its ticket was not shown";
    check(&holders(&[&account], &[r"CONTOSO\former"]), Some("other-web.contoso.com"), "no key", &[elsewhere]);
    // Nobody knows better without the directory.
    fs::remove_file(stage.at("snapshot").join("directory.json")).unwrap();
    stage.deployment(1, None);
    stage.verify(&[at(&web)], &[]).assert_line(&stage.server(1), "no key", "it has no key for that name");
}

#[test]
fn no_rotation_is_planned_because_a_server_refuses_the_ticket_of_its_own_computer() {
    let Some(stage) = Stage::new("forgot") else { return };
    let spn = format!("HOST/{}", stage.pool());
    stage.controller.create_computer("forgot-machine", "machine-Pa55word", &[&spn]);
    let keytab = stage.at("user.keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    let deployment = stage.deployment(1, None);
    run(stage.program().args(["lab", "new"]).arg(&deployment).arg(stage.at("snapshot")), "");
    // Enable-CsTopology was forgotten.
    let file = stage.at("snapshot").join("directory.json");
    let mut directory: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    directory["accounts"][0]["servicePrincipalNames"] = json!([]);
    directory["accounts"][0]["passwordSetAt"] = json!("2026-01-01T00:00:00Z");
    directory["servicePrincipalNames"][0]["holders"] = json!([]);
    fs::write(&file, directory.to_string()).unwrap();
    let said = stage.verify(&[at(&web)], &[]);
    said.assert_line(&stage.server(1), "SPN missing", "or the KDC's ticket is the computer's own, by its HOST SPN");
    let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Run Enable-CsTopology") && !words.contains("Rotate the password"), "{}", said.out);

    // Without the directory nobody knows whose ticket it is that a Standard Edition server is shown.
    let (pool, address) = (stage.pool(), at(&web));
    let declared = fs::read_to_string(&deployment).unwrap();
    let declared = declared.replace("front-end", "standard-edition");
    let lines = declared.lines().filter(|line| !line.contains("servers:")).collect::<Vec<_>>();
    fs::write(&deployment, lines.join("\n") + "\n").unwrap();
    fs::remove_dir_all(stage.at("snapshot")).unwrap();
    stage.snapshot(None);
    let said = stage.verify(&[], &["--resolve", &format!("{pool}={address}")]);
    let words =
        "it has no key for that name (KRB_AP_ERR_NOT_US): it never got the account's password; but whose ticket";
    said.assert_line(&pool, "not proved", words);
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
    let address = Loopback::take();
    let server = UdpSocket::bind((address.address, 53)).unwrap();
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
