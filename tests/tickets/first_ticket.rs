//! What is wrong with the first ticket, or with how to get one: each says what, and what to do.

use crate::servers::domain_controller::NewAccount;
use crate::stage::{PASSWORD, Said, Stage, covered, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `verify --tickets` of this folder's deployment.
fn verify(stage: &Stage, arguments: &[&str], password: &str) -> Command {
    let mut command = stage.program();
    command.current_dir(stage.folder.path()).args(["verify", "deployment.yaml", "--snapshot", "snapshot", "--tickets"]);
    command.args(["--scheme", "http"]).args(stage.resolve(&["127.0.0.1:9".parse().unwrap()]));
    command.args(arguments).env("CSKERB_TICKET_PASSWORD", password);
    command
}

fn assert_refused(mut command: Command, words: &str, hint: &str) {
    let said = Said::of(command.output().unwrap());
    assert_eq!(said.code, Some(1), "{words}: {}{}", said.out, said.err);
    let mut lines = said.err.lines();
    let error = lines.next().unwrap();
    assert!(error.starts_with("error: ") && error.contains(words), "{words}: {}", said.err);
    let help = lines.next().unwrap_or_default();
    assert!(help.starts_with("  help: ") && help.contains(hint), "{hint}: {}", said.err);
    assert_eq!(lines.next(), None, "nothing more is said: {}", said.err);
}

#[test]
fn each_way_without_a_first_ticket_has_its_own_words() {
    let Some(stage) = Stage::new("first") else { return };
    stage.deployment(1, None);
    stage.snapshot(None);
    let check = |arguments: &[&str], password: &str, words: &str, hint: &str| {
        assert_refused(verify(&stage, arguments, password), words, hint);
    };
    // One's own.
    check(&[], "", "your own ticket: you have none", "run kinit");
    // Nobody to show one to: none is needed.
    let declared = fs::read_to_string(stage.at("deployment.yaml")).unwrap();
    let without = declared.replace("account: CONTOSO\\first-kerb", "account: none");
    fs::write(stage.at("deployment.yaml"), without).unwrap();
    let said = Said::of(verify(&stage, &[], "").output().unwrap());
    assert!(said.err.contains("no server was shown a ticket: no site that is looked at has"), "{}", said.err);
    fs::write(stage.at("deployment.yaml"), declared).unwrap();
    // Keytabs.
    check(&["--keytab", "none.keytab"], "", "the keytab none.keytab: there is no such file", "klist -k");
    fs::write(stage.at("empty.keytab"), "").unwrap();
    check(&["--keytab", "empty.keytab"], "", "the keytab empty.keytab: the file is empty or no keytab", "klist -k");
    check(&["--keytab", "deployment.yaml"], "", "the file is empty or no keytab", "klist -k");
    check(&["--keytab", "user.keytab", "--principal", "bob"], "", "it has no key for this user", "--principal");
    // Passwords.
    let user = ["--principal", &stage.user()];
    check(&user, "", "is empty in CSKERB_TICKET_PASSWORD", "--ticket-password-file");
    check(&user, "wrong", "the password of first-user: the KDC does not take it", "type the password anew");
    check(&["--principal", "nobody"], PASSWORD, "the KDC knows no such user", "spelling");
    check(&["--principal", r"CONTOSO\first-user"], PASSWORD, "this is no user's name", r"not DOMAIN\name");
    check(&["--principal", "a@FABRIKAM.COM"], PASSWORD, "nothing says where the KDC of this realm is", "krb5.conf");
    // The user.
    let states = [
        ("first-off", ("userAccountControl", "514"), "disabled or locked out", "unlocked"),
        ("first-old", ("pwdLastSet", "0"), "the user's password has expired", "new password"),
    ];
    for (name, (attribute, value), words, hint) in states {
        let user = NewAccount { name, computer: false, password: Some(PASSWORD), ..NewAccount::default() };
        stage.controller.create(&user);
        stage.controller.set_unchecked(&user.dn(), attribute, &[value]);
        check(&["--principal", name], PASSWORD, words, hint);
    }
    stage.controller.set_password(
        &NewAccount { name: &stage.user(), computer: false, ..NewAccount::default() }.dn(),
        "other-Pa55word",
    );
    check(&["--keytab", "user.keytab"], "", "user.keytab: the KDC does not take it", "export the keytab anew");
}

#[test]
fn a_kdc_and_a_configuration_that_are_not_there_are_told() {
    let Some(stage) = Stage::new("kdc") else { return };
    stage.deployment(1, None);
    stage.snapshot(None);
    let configured = |text: &str| {
        let file = stage.at("other.conf");
        fs::write(&file, text).unwrap();
        let mut command = verify(&stage, &["--keytab", "user.keytab"], "");
        command.env("KRB5_CONFIG", file);
        command
    };
    let text = fs::read_to_string(stage.controller.krb5_conf()).unwrap();
    let silent = text.replace(&format!("{}:88", stage.controller.ip()), "127.0.0.1:9");
    assert_refused(configured(&silent), "no KDC of the realm answers", "-vv shows who is asked");
    // With a ticket of one's own, the KDC is missed only when a service ticket is asked for: once, for all servers.
    let own = stage.at("own.cache");
    let mut kinit = Command::new("kinit");
    kinit.args(["-k", "-t"]).arg(stage.at("user.keytab")).arg(stage.user());
    run(kinit.env("KRB5_CONFIG", stage.controller.krb5_conf()).env("KRB5CCNAME", &own), "");
    stage.deployment(2, None);
    let mut command = verify(&stage, &["--resolve", "fe9.contoso.com=127.0.0.1"], "");
    let said = command.env("KRB5_CONFIG", stage.at("other.conf")).env("KRB5CCNAME", &own).output().unwrap();
    let said = Said::of(said);
    assert!(said.err.contains("warning: --resolve fe9.contoso.com: no server of that name is asked"), "{}", said.err);
    let words = "no KDC of the realm answers: look at the KDC that krb5.conf or the DNS names";
    let lines: Vec<&str> = said.err.lines().filter(|line| line.starts_with("  no ticket ")).collect();
    assert!(lines[0].contains(words) && lines[1].contains(": the same as of kdc-fe"), "{}", said.err);
    let nowhere = text.replace("kdc =", "admin_server =");
    assert_refused(configured(&nowhere), "nothing says where the KDC of this realm is", "krb5.conf");
    assert_refused(configured("[libdefaults"), "krb5.conf, cannot be understood", "KRB5_CONFIG");
}

#[test]
fn a_machine_without_the_library_is_told_the_package() {
    let Some(stage) = Stage::new("gss") else { return };
    stage.deployment(1, None);
    stage.snapshot(None);
    for (library, package) in [("libgssapi_krb5.so.2", "libgssapi-krb5-2"), ("libkrb5.so.3", "libkrb5-3")] {
        // Every place where it lies is covered by nothing.
        let folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].into_iter().map(PathBuf::from);
        let below = folders.clone().flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let places = folders.chain(below.map(|entry| entry.unwrap().path())).map(|folder| folder.join(library));
        let places: Vec<String> = places.filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
        assert!(!places.is_empty(), "{library} is somewhere");
        let covers: Vec<(&Path, &str)> = places.iter().map(|file| (Path::new("/dev/null"), file.as_str())).collect();
        let Some(command) = covered(&verify(&stage, &["--keytab", "user.keytab"], ""), &covers) else { return };
        let words = format!("{library} cannot be loaded: install the package {package}");
        assert_refused(command, &words, &format!("apt install {package}"));
    }
}
