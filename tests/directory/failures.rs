//! What goes wrong: each in its own words, within its time, and with nothing left that passes for new.

use crate::scene::{PASSWORD, Scene, WRONG, controller, login, texts};
use crate::servers::authority::{Authority, CertificateFiles};
use crate::servers::domain_controller::NewAccount;
use crate::servers::or_skipped;
use crate::servers::relay::Relay;
use crate::servers::web_server::{Setup, WebServer};
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn each_failure_has_its_own_words_and_leaves_nothing_that_passes_for_new() {
    let Some(controller) = controller() else { return };
    let ip = controller.ip();
    let other = tempfile::tempdir().unwrap();
    let other_ca = other.path().join("other.pem");
    Authority::new("Another Authority").write(&other_ca);
    let other_ca = other_ca.display().to_string();
    let relay = Relay::to(controller.at(636));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let user = |name: &'static str, attributes: &[(&str, &str)]| {
        let user = NewAccount { name, computer: false, password: Some(PASSWORD), ..NewAccount::default() };
        controller.create(&user);
        for (attribute, value) in attributes {
            controller.set_unchecked(&user.dn(), attribute, &[value]);
        }
        format!("{name}@contoso.com")
    };
    let now = format!("{}", (jiff::Timestamp::now().as_second() + 11_644_473_600) * 10_000_000);
    let disabled = user("user-disabled", &[("userAccountControl", "514")]);
    let expired = user("user-expired", &[("accountExpires", "116444736000000000")]);
    let aged = user("user-aged", &[("pwdLastSet", "116444736000000000")]);
    let must_change = user("user-must", &[("pwdLastSet", "0")]);
    let locked = user("user-locked", &[("lockoutTime", &now)]);

    // A first, good run, whose directory.json must not survive a failure.
    controller.create_computer("failing", "Failing-pass-1", &["http/failing.contoso.com"]);
    let scene = Scene::new(&[r"CONTOSO\failing"], &["failing.contoso.com"]);
    let good = texts(&login(controller)).join(" ");
    let check = |password: &str, arguments: &str, said: &str, hint: &str| {
        let url = format!("--directory ldaps://{ip} ");
        let first = scene.collect(&(url + &good).split(' ').collect::<Vec<_>>());
        assert_eq!(first.code, Some(0), "{}", first.said);
        let ran = scene.collect_with(password, &arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(5), "{arguments}: {}", ran.said);
        let line = ran.said.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert!(line.contains(said), "{arguments}: {}", ran.said);
        assert!(ran.said.contains(hint), "{arguments}: {}", ran.said);
        assert!(ran.took < Duration::from_secs(8), "{arguments}: {:?}", ran.took);
        let why = scene.account(r"CONTOSO\failing")["error"].as_str().unwrap().to_owned();
        assert!(why.contains(said), "directory.json says why: {why}");
        assert!(scene.holders("failing.contoso.com")["error"].is_string());
    };
    let ca = format!("--ca-file {}", controller.ca_file().display());
    let auditor = "--bind-as auditor@contoso.com --timeout 5s";
    let ldaps = format!("--directory ldaps://{ip}");
    check(WRONG, &format!("{ldaps} {ca} {auditor}"), "the name or the password is wrong", "on no other server");
    check(PASSWORD, &format!("{ldaps} {ca} --bind-as nobody@contoso.com"), "the login failed", "--bind-as");
    for (user, said) in [
        (&disabled, "the user is disabled"),
        (&expired, "the user's account has expired"),
        (&aged, "the user's password has expired"),
        (&must_change, "the user must change the password first"),
        (&locked, "the user is locked out"),
    ] {
        check(PASSWORD, &format!("{ldaps} {ca} --bind-as {user}"), said, "help: ");
    }
    check(PASSWORD, &format!("{ldaps} --ca-file {other_ca} {auditor}"), "authority", "--ca-file");
    let start = format!("--directory ldap://{ip} --starttls --ca-file {other_ca} {auditor}");
    check(
        PASSWORD,
        &start,
        "TLS failed: the server's certificate is refused: its authority, Contoso Test Authority, is not",
        "--ca-file",
    );
    let localhost = format!("--directory ldaps://localhost:{} {ca} {auditor}", relay.address.port());
    check(PASSWORD, &localhost, "it bears another name: dc1.contoso.com, ", "one of these names");
    check(PASSWORD, &format!("{ldaps}:389 {ca} {auditor}"), "TLS failed", "--starttls");
    let swapped = format!("--directory ldap://{ip}:636 --starttls {ca} {auditor}");
    check(PASSWORD, &swapped, "StartTLS failed", "ldaps://");
    let refused = format!("--directory ldaps://127.0.0.1:{free} {ca} {auditor}");
    check(PASSWORD, &refused, "connecting failed: nothing listens", "domain controller");
    check(PASSWORD, &format!("--directory ldaps://dc9.invalid {ca} {auditor}"), "looking up its name failed", "DNS");
    let mute = Relay::mute().address.port();
    let silent = format!("--directory ldaps://127.0.0.1:{mute} {ca} --bind-as auditor@contoso.com --timeout 500ms");
    check(PASSWORD, &silent, "TLS failed: no answer within 500ms", "port of ldaps");
    let silent = silent.replace("ldaps:", "ldap:") + " --starttls";
    check(PASSWORD, &silent, "StartTLS failed: no answer within 500ms", "port of plain LDAP");
}

#[test]
fn certificates_and_protocols_that_are_too_old_have_their_own_words() {
    let authority = Authority::new("Contoso Authority");
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let ca = folders[0].path().join("ca.pem");
    authority.write(&ca);
    let names = ["dc1.contoso.com", "127.0.0.1"].map(str::to_owned);
    let [good, expired] =
        [authority.certify(&names, folders[0].path()), authority.certify_expired(&names, folders[1].path())];
    // TLS is all that it has to speak: no client comes further.
    let serve = |files: &CertificateFiles, more: &'static str| {
        let tls = Some((files.certificate.as_path(), files.key.as_path()));
        or_skipped("web server", WebServer::start(&Setup { tls, more, ..Setup::with(&ca) }))
    };
    let (Some(expired), Some(old)) =
        (serve(&expired, ""), serve(&good, "SSLProtocol TLSv1\nSSLCipherSuite ALL:@SECLEVEL=0"))
    else {
        return;
    };
    let scene = Scene::new(&[r"CONTOSO\kerbauth"], &["pool01.contoso.com"]);
    let check = |server: &WebServer, said: &str, hint: &str| {
        let url = format!("ldaps://{}:{}", server.ip(), server.port());
        let ran = scene.collect(&["--directory", &url, "--ca-file", ca.to_str().unwrap(), "--bind-as", "a"]);
        assert!(ran.said.contains(&format!("TLS failed: {said}")) && ran.said.contains(hint), "{}", ran.said);
        assert_eq!(ran.code, Some(5), "{}", ran.said);
    };
    let too_old = "the server offers nothing new enough, TLS 1.2 with forward secrecy and AEAD (";
    check(&old, too_old, "Windows Server 2016 or later");
    let words = "the server's certificate is refused: it expired at 2024-02-29T00:00:00Z";
    check(&expired, words, "renew the domain controller's certificate");
}

#[test]
fn what_is_refused_is_refused_before_anything_is_sent() {
    let scene = Scene::new(&[r"CONTOSO\kerbauth"], &["pool01.contoso.com"]);
    let relay = Relay::mute();
    let url = format!("ldap://127.0.0.1:{}", relay.address.port());
    let catalog = format!("{}:3269", url.replace("ldap:", "ldaps:").rsplit_once(':').unwrap().0);
    let check = |password: &str, arguments: &[&str], said: &str| {
        let ran = scene.collect_with(password, arguments);
        assert_eq!(ran.code, Some(1), "{}", ran.said);
        assert!(ran.said.contains(said), "{}", ran.said);
        assert!(!scene.out().exists(), "nothing is written");
    };
    check(PASSWORD, &["--directory", &url, "--bind-as", "alice"], "plain LDAP would show the password");
    check(PASSWORD, &["--directory", "ldaps://alice:Zq7@dc01"], "no login");
    check(PASSWORD, &["--directory", &catalog, "--bind-as", "a"], "a global catalog does not tell all");
    check("", &["--directory", "ldaps://127.0.0.1", "--bind-as", "a", "--ca-file", "no.pem"], "no.pem cannot be read");
    check(PASSWORD, &[], "required arguments were not provided");
    let ca = scene.folder.path().join("ca.pem");
    Authority::new("Any").write(&ca);
    let with = ["--directory", "ldaps://127.0.0.1", "--ca-file", "ca.pem"];
    check("", &[&with[..], &["--bind-as", "a"]].concat(), "the password of a is empty");
    let refused = if cfg!(feature = "gssapi") { "" } else { "--bind-as is missing" };
    check(PASSWORD, &with, refused);
    assert_eq!(relay.received(), 0);
}
