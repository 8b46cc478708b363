//! The directory reader, against a real domain controller.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

mod servers;

use cskerb::live::directory::{Connection, Depth, Login, Phase, Search, Secret, ServerAddress, Trouble};
use cskerb::live::trust::Trust;
use cskerb::snapshot;
use serde_json::Value;
use servers::authority::Authority;
use servers::domain_controller::{DOMAIN_DN, DomainController, NewAccount};
use servers::relay::Relay;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The password of the user who asks; no output of any run may hold it.
const PASSWORD: &str = "Zq7-geheim-Kerberos-91";

/// A wrong one, which no output may hold either.
const WRONG: &str = "Wq8-falsch-Kerberos-92";

/// The domain controller, with a user who asks.
fn controller() -> Option<&'static DomainController> {
    static USER: OnceLock<()> = OnceLock::new();
    let controller = DomainController::shared()?;
    USER.get_or_init(|| controller.create_user("auditor", PASSWORD));
    Some(controller)
}

/// A folder with a deployment file that declares these accounts, and of which pools the SPNs are asked for.
struct Scene {
    folder: TempDir,
}

/// How a run ended.
struct Ran {
    code: Option<i32>,
    said: String,
    took: Duration,
}

impl Scene {
    fn new(accounts: &[&str], pools: &[&str]) -> Self {
        let mut yaml = "version: 1\nproduct: sfb-2019\naccounts:\n".to_owned();
        for account in accounts {
            writeln!(yaml, "  - {{ name: '{account}', encryption: [aes256] }}").unwrap();
        }
        writeln!(yaml, "sites:\n  - name: Redmond\n    account: '{}'\n    pools:", accounts[0]).unwrap();
        for pool in pools {
            writeln!(yaml, "      - {{ fqdn: {pool}, role: front-end, servers: [fe01.{pool}] }}").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("contoso.yaml"), yaml).unwrap();
        Self { folder }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("snapshot")
    }

    /// `collect contoso.yaml --out snapshot` and these; nothing of it may show a password.
    fn collect(&self, arguments: &[&str]) -> Ran {
        self.collect_with(PASSWORD, arguments)
    }

    fn collect_with(&self, password: &str, arguments: &[&str]) -> Ran {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.args(["collect", "contoso.yaml", "--out", "snapshot"]).args(arguments);
        command.current_dir(self.folder.path()).env("CSKERB_DIRECTORY_PASSWORD", password).stdin(Stdio::null());
        // Whatever logs, shall log all that it has.
        command.env("RUST_LOG", "trace").env("CSKERB_LOG", "trace").env("RUST_BACKTRACE", "full");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let ran = Ran { code: output.status.code(), said, took: begun.elapsed() };
        for secret in [PASSWORD, WRONG] {
            assert!(!ran.said.contains(secret), "a password is shown: {}", ran.said);
            assert!(!holds(&self.out(), secret), "a password is in the snapshot");
        }
        ran
    }

    /// directory.json.
    fn directory(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.out().join("directory.json")).unwrap()).unwrap()
    }

    fn account(&self, name: &str) -> Value {
        let directory = self.directory();
        let accounts = directory["accounts"].as_array().unwrap().iter();
        accounts.clone().find(|account| account["name"] == name).unwrap().clone()
    }

    fn holders(&self, pool: &str) -> Value {
        let (directory, spn) = (self.directory(), format!("http/{pool}"));
        let entries = directory["servicePrincipalNames"].as_array().unwrap();
        entries.iter().find(|entry| entry["spn"] == spn).unwrap().clone()
    }
}

fn holds(folder: &Path, secret: &str) -> bool {
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let in_bytes = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        let bytes = fs::read(&path).unwrap_or_default();
        in_bytes(&bytes, secret.as_bytes()) || in_bytes(&bytes, &utf16)
    })
}

/// `--directory` with this protection, and the options that let it be believed.
fn asking(controller: &DomainController, start_tls: bool) -> Vec<String> {
    let url = if start_tls { "ldap" } else { "ldaps" };
    let mut options = vec!["--directory".to_owned(), format!("{url}://{}", controller.ip())];
    options.extend(start_tls.then(|| "--starttls".to_owned()));
    options.extend(login(controller));
    options
}

fn login(controller: &DomainController) -> Vec<String> {
    let ca_file = controller.ca_file().display().to_string();
    ["--ca-file", &ca_file, "--bind-as", "auditor@contoso.com"].map(str::to_owned).to_vec()
}

fn texts(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

#[test]
fn an_account_and_its_spns_are_read_over_ldaps_and_starttls() {
    let Some(controller) = controller() else { return };
    let account = NewAccount {
        name: "whole",
        password: Some("Whole-pass-1"),
        spns: &["http/whole.contoso.com", "MSOMHSvc/whole.contoso.com"],
        attributes: &[("msDS-SupportedEncryptionTypes", "24"), ("accountExpires", "159017472000000000")],
        ..NewAccount::default()
    };
    controller.create(&account);
    controller.set_password(&account.dn(), "Whole-pass-2");
    for start_tls in [false, true] {
        let scene = Scene::new(&[r"CONTOSO\whole"], &["whole.contoso.com", "none.contoso.com"]);
        let ran = scene.collect(&texts(&asking(controller, start_tls)));
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        let read = scene.account(r"CONTOSO\whole");
        assert_eq!((&read["computer"], &read["enabled"]), (&true.into(), &true.into()));
        assert_eq!(read["supportedEncryptionTypes"], 24);
        assert_eq!(read["expiresAt"], "2104-11-28T00:00:00Z");
        assert_eq!(read["servicePrincipalNames"].as_array().unwrap().len(), 2);
        let version = controller.value(&account.dn(), "msDS-KeyVersionNumber").unwrap();
        assert_eq!(read["keyVersion"].to_string(), version);
        let ticks: i64 = controller.value(&account.dn(), "pwdLastSet").unwrap().parse().unwrap();
        let set: jiff::Timestamp = read["passwordSetAt"].as_str().unwrap().parse().unwrap();
        assert_eq!(set.as_second(), ticks / 10_000_000 - 11_644_473_600);
        assert_eq!(scene.holders("whole.contoso.com")["holders"], serde_json::json!([r"CONTOSO\whole"]));
        assert_eq!(scene.holders("none.contoso.com")["holders"], serde_json::json!([]));
        let actual = snapshot::read(&scene.out()).unwrap();
        let age = jiff::Timestamp::now().duration_since(*actual.collected_at.known().unwrap());
        assert!(age.as_secs() < 60, "collectedAt is now");
    }
}

#[test]
fn every_holder_of_a_double_spn_is_found_in_the_domain_and_in_the_global_catalog() {
    let Some(controller) = controller() else { return };
    let second = NewAccount { name: "twin2", ..NewAccount::default() };
    controller.create_computer("twin1", "Twin-pass-1", &["http/twin.contoso.com"]);
    controller.create(&second);
    controller.set_unchecked(&second.dn(), "servicePrincipalName", &["HTTP/TWIN.contoso.com"]);
    for port in [None, Some("ldaps://{}:3269"), Some("ldap://{}:3268")] {
        let scene = Scene::new(&[r"CONTOSO\twin1"], &["twin.contoso.com"]);
        let mut options = asking(controller, port.is_some_and(|port| port.starts_with("ldap:")));
        let catalog = port.map(|port| port.replace("{}", &controller.ip().to_string()));
        options.extend(catalog.into_iter().flat_map(|url| ["--global-catalog".to_owned(), url]));
        let ran = scene.collect(&texts(&options));
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        let holders = scene.holders("twin.contoso.com");
        assert_eq!(holders["holders"], serde_json::json!([r"CONTOSO\twin1", r"CONTOSO\twin2"]), "{port:?}");
    }
}

#[test]
fn accounts_in_odd_states_are_told_apart() {
    let Some(controller) = controller() else { return };
    let create = |name, computer, password, attributes| {
        controller.create(&NewAccount { name, computer, password, attributes, spns: &[] });
    };
    create("odd-disabled", true, Some("Odd-pass-1"), &[("userAccountControl", "4098")]);
    create("odd-expired", true, Some("Odd-pass-1"), &[("accountExpires", "116444736000000000")]);
    create("odd-never", true, Some("Odd-pass-1"), &[("accountExpires", "9223372036854775807")]);
    create("odd-unset", true, None, &[]);
    create("odd-user", false, Some("Odd-pass-1"), &[]);
    create("odd-both", false, Some("Odd-pass-1"), &[]);
    controller.create_computer("odd-both", "Odd-pass-2", &[]);
    let names =
        ["disabled", "expired", "never", "unset", "user", "both", "gone"].map(|name| format!(r"CONTOSO\odd-{name}"));
    let names: Vec<&str> = names.iter().map(String::as_str).chain([r"FABRIKAM\stranger"]).collect();
    let scene = Scene::new(&names, &["odd.contoso.com"]);
    let ran = scene.collect(&texts(&asking(controller, false)));
    assert_eq!(ran.code, Some(5), "one of them could not be read: {}", ran.said);
    let read = |name: &str| scene.account(&format!(r"CONTOSO\odd-{name}"));
    assert_eq!(read("disabled")["enabled"], false);
    assert_eq!(read("expired")["expiresAt"], "1970-01-01T00:00:00Z");
    assert_eq!(read("never")["expiresAt"], Value::Null);
    assert_eq!((&read("unset")["passwordSetAt"], &read("unset")["computer"]), (&Value::Null, &true.into()));
    assert_eq!(read("unset")["supportedEncryptionTypes"], Value::Null);
    assert_eq!(read("user")["computer"], false);
    assert_eq!(read("both")["computer"], true, "the computer of that name is meant");
    assert_eq!(read("gone")["exists"], false);
    let stranger = scene.account(r"FABRIKAM\stranger")["error"].to_string();
    assert!(stranger.contains("the forest has no domain FABRIKAM; it has CONTOSO"), "{stranger}");
    assert!(ran.said.contains(r"unreadable: FABRIKAM\stranger"), "{}", ran.said);
}

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
    let refused = if cfg!(feature = "gssapi") { "" } else { "as whom to ask" };
    check(PASSWORD, &with, refused);
    assert_eq!(relay.received(), 0);
}

#[test]
fn the_password_may_stand_in_a_file_as_windows_writes_it() {
    let Some(controller) = controller() else { return };
    let scene = Scene::new(&[r"CONTOSO\auditor"], &["file.contoso.com"]);
    let utf16: Vec<u8> = format!("\u{feff}{PASSWORD}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [format!("{PASSWORD}\n").into_bytes(), utf16] {
        fs::write(scene.folder.path().join("password"), content).unwrap();
        let options = asking(controller, false);
        let ran = scene.collect_with(WRONG, &[&texts(&options)[..], &["--password-file", "password"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.said);
    }
}

#[test]
fn the_next_server_is_asked_unless_the_login_was_refused() {
    let Some(controller) = controller() else { return };
    let scene = Scene::new(&[r"CONTOSO\auditor"], &["next.contoso.com"]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = format!("ldaps://127.0.0.1:{free}");
    let options = asking(controller, false);
    let mut arguments = vec!["--directory", &down];
    arguments.extend(texts(&options));
    let ran = scene.collect(&arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains(&format!("note: {down}: connecting failed")), "{}", ran.said);
    arguments.rotate_left(2);
    let ran = scene.collect_with(WRONG, &arguments);
    assert_eq!((ran.code, ran.said.contains("connecting failed")), (Some(5), false), "{}", ran.said);
}

/// A forest of two domains, as far as anybody can see who asks: an organizational unit that CN=Partitions calls a domain.
#[test]
fn in_a_forest_of_several_domains_the_global_catalog_tells_of_the_others() {
    if controller().is_none() {
        return;
    }
    // One of its own: with such a forest the other tests would not come to the same.
    let controller = DomainController::start().ok().unwrap();
    controller.create_user("auditor", PASSWORD);
    let europe = format!("OU=Europe,{DOMAIN_DN}");
    controller.add(&format!(
        "dn: {europe}\nobjectClass: organizationalUnit\n\n\
         dn: CN=paris,{europe}\nobjectClass: computer\nsAMAccountName: paris$\nuserAccountControl: 4096\n\
         servicePrincipalName: http/world.contoso.com\n\n\
         dn: CN=EUROPE,CN=Partitions,CN=Configuration,{DOMAIN_DN}\nobjectClass: crossRef\nnCName: {europe}\n\
         nETBIOSName: EUROPE\ndnsRoot: eu.contoso.com\nsystemFlags: 3\n"
    ));
    controller.create_computer("home", "Home-pass-1", &[]);
    let scene = Scene::new(&[r"CONTOSO\home", r"EUROPE\paris", r"EUROPE\nobody"], &["world.contoso.com"]);
    let mut options = asking(&controller, false);
    let ran = scene.collect(&texts(&options));
    assert_eq!(ran.code, Some(5), "{}", ran.said);
    assert_eq!(scene.account(r"CONTOSO\home")["computer"], true);
    let why = scene.holders("world.contoso.com")["error"].to_string();
    assert!(why.contains("has also the domain EUROPE") && why.contains("--global-catalog"), "{why}");
    assert!(scene.account(r"EUROPE\nobody")["error"].is_string(), "nobody knows whether it is there");

    options.extend(["--global-catalog".to_owned(), format!("ldaps://{}:3269", controller.ip())]);
    let ran = scene.collect(&texts(&options));
    assert_eq!(ran.code, Some(5), "{}", ran.said);
    assert_eq!(scene.holders("world.contoso.com")["holders"], serde_json::json!([r"EUROPE\paris"]));
    assert_eq!(scene.account(r"EUROPE\nobody")["exists"], false);
    let paris = scene.account(r"EUROPE\paris")["error"].to_string();
    assert!(paris.contains("name one of its own domain controllers"), "{paris}");

    // What the global catalog cannot tell any more leaves the accounts as they are.
    let mute = format!("ldaps://{}", Relay::mute().address);
    let last = options.len() - 1;
    options[last] = mute;
    options.extend(["--timeout".to_owned(), "1s".to_owned()]);
    let ran = scene.collect(&texts(&options));
    assert_eq!(scene.account(r"CONTOSO\home")["computer"], true);
    let why = scene.holders("world.contoso.com")["error"].to_string();
    assert!(why.contains("TLS failed: no answer within 1s"), "{why}: {}", ran.said);
}

#[test]
fn a_folder_is_added_to_and_a_lab_is_not() {
    let Some(controller) = controller() else { return };
    controller.create_computer("added", "Added-pass-1", &["http/added.contoso.com"]);
    let scene = Scene::new(&[r"CONTOSO\other"], &["other.contoso.com"]);
    let out = scene.out();
    fs::create_dir(&out).unwrap();
    fs::write(out.join("assignments.json"), r#"[{"identity":"site:Oslo","userAccount":"CONTOSO\\added"}]"#).unwrap();
    let former = r#"{"formatVersion":"1.0","collectedAt":"2026-01-01T00:00:00Z","product":"sfb-2019",
        "askedFor":{"sites":["Oslo"],"accounts":["CONTOSO\\old"]}}"#;
    fs::write(out.join("snapshot.json"), former).unwrap();
    fs::write(out.join("directory.json"), r#"{"aesKeysSince":"2012-04-01T00:00:00Z"}"#).unwrap();
    let options = asking(controller, false);

    let failed = scene.collect_with(WRONG, &texts(&options));
    assert_eq!(failed.code, Some(5), "{}", failed.said);
    assert_eq!(fs::read_to_string(out.join("snapshot.json")).unwrap(), former, "nothing was read: now does not move");
    assert!(scene.account(r"CONTOSO\added")["error"].is_string());

    let ran = scene.collect(&texts(&options));
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(scene.account(r"CONTOSO\added")["computer"], true, "assigned, though not declared");
    assert_eq!(scene.account(r"CONTOSO\other")["exists"], false, "declared, though not assigned");
    assert_eq!(scene.directory()["aesKeysSince"], "2012-04-01T00:00:00Z");
    let description: Value = serde_json::from_str(&fs::read_to_string(out.join("snapshot.json")).unwrap()).unwrap();
    assert_eq!(description["product"], "sfb-2019");
    assert_eq!(description["askedFor"]["sites"], serde_json::json!(["Oslo"]));
    assert_eq!(description["askedFor"]["accounts"], serde_json::json!([r"CONTOSO\added", r"CONTOSO\other"]));
    assert_ne!(description["collectedAt"], "2026-01-01T00:00:00Z");

    fs::write(out.join("lab.json"), "{}").unwrap();
    let ran = scene.collect(&texts(&options));
    assert_eq!((ran.code, ran.said.contains("is a lab")), (Some(1), true), "{}", ran.said);
}

fn open(controller: &DomainController, host: &str) -> Connection {
    let server = ServerAddress::parse(host, false).unwrap();
    let trust = Trust::file(&controller.ca_file()).unwrap();
    Connection::open(&server, &trust, Duration::from_secs(10)).unwrap()
}

fn auditor() -> Login {
    Login::Simple { name: "auditor@contoso.com".into(), password: Secret::new(PASSWORD.into()).unwrap() }
}

#[test]
fn an_unknown_base_and_a_missing_login_are_told() {
    let Some(controller) = controller() else { return };
    let mut connection = open(controller, &format!("ldaps://{}", controller.ip()));
    let base = format!("OU=nowhere,{DOMAIN_DN}");
    let search = Search { base: &base, depth: Depth::Tree, filter: "(cn=a)", attributes: &["cn"] };
    let nobody = connection.search(&search).unwrap_err();
    assert!(matches!(nobody.trouble, Trouble::Result { code: 1, .. }), "{nobody}");
    connection.bind(&auditor()).unwrap();
    let error = connection.search(&search).unwrap_err();
    assert_eq!((error.phase, &error.trouble), (Phase::Search, &Trouble::NoSuchBase(base.clone())));
    assert!(error.to_string().contains(&format!("there is no {base}")), "{error}");
}

#[test]
fn a_server_that_falls_silent_ends_the_login_and_the_search_within_the_timeout() {
    let Some(controller) = controller() else { return };
    let check = |phase: Phase| {
        let relay = Relay::to(controller.at(636));
        let server = ServerAddress::parse(&format!("ldaps://{}", relay.address), false).unwrap();
        let trust = Trust::file(&controller.ca_file()).unwrap();
        let mut connection = Connection::open(&server, &trust, Duration::from_millis(700)).unwrap();
        if phase == Phase::Search {
            connection.bind(&auditor()).unwrap();
        }
        relay.fall_silent();
        let begun = Instant::now();
        let search = Search { base: "", depth: Depth::Entry, filter: "(objectClass=*)", attributes: &["cn"] };
        let error = match phase {
            Phase::Search => connection.search(&search).map(|_| ()).unwrap_err(),
            _ => connection.bind(&auditor()).unwrap_err(),
        };
        assert_eq!((error.phase, &error.trouble), (phase, &Trouble::TimedOut(Duration::from_millis(700))));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    };
    check(Phase::Bind);
    check(Phase::Search);
}

#[test]
fn more_holders_than_a_page_has_are_all_found() {
    let Some(controller) = controller() else { return };
    let (mut added, mut given) = (String::new(), String::new());
    for number in 0..1100 {
        let dn = format!("CN=page{number},CN=Computers,{DOMAIN_DN}");
        writeln!(added, "dn: {dn}\nobjectClass: computer\nsAMAccountName: page{number}$\nuserAccountControl: 4096\n")
            .unwrap();
        writeln!(given, "dn: {dn}\nchangetype: modify\nadd: servicePrincipalName").unwrap();
        writeln!(given, "servicePrincipalName: http/page.contoso.com\n").unwrap();
    }
    controller.add(&added);
    controller.modify_partition(&given);
    let scene = Scene::new(&[r"CONTOSO\page0"], &["page.contoso.com"]);
    let ran = scene.collect(&texts(&asking(controller, false)));
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert_eq!(scene.holders("page.contoso.com")["holders"].as_array().unwrap().len(), 1100);
}
