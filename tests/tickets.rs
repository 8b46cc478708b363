//! Proof by ticket against real servers: a domain controller, and web servers that accept tickets.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its servers shall fail")]

mod servers;

use servers::authority::Authority;
use servers::domain_controller::{DomainController, NewAccount};
use servers::or_skipped;
use servers::web_server::{Setup, WebServer};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The password of every user here; it must be nowhere in what the program leaves.
const PASSWORD: &str = "Pa55-of-alice-7";

/// One test's accounts, keytabs and deployment, in a folder of its own.
struct Stage {
    controller: &'static DomainController,
    folder: tempfile::TempDir,
    /// What names of accounts and hosts begin with, so that tests do not meet.
    prefix: &'static str,
}

impl Stage {
    /// With a user whose keytab is there; `None`, once that was said, without servers.
    fn new(prefix: &'static str) -> Option<Self> {
        let controller = DomainController::shared()?;
        let stage = Self { controller, folder: tempfile::tempdir().unwrap(), prefix };
        controller.create_user(&stage.user(), PASSWORD);
        controller.export_keytab(&stage.user(), &stage.at("user.keytab"));
        Some(stage)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn user(&self) -> String {
        format!("{}-user", self.prefix)
    }

    fn account(&self) -> String {
        format!("{}-kerb", self.prefix)
    }

    fn pool(&self) -> String {
        format!("{}-pool.contoso.com", self.prefix)
    }

    fn dn(&self) -> String {
        NewAccount { name: &self.account(), ..NewAccount::default() }.dn()
    }

    /// The Kerberos account with its pool's SPN.
    fn create_account(&self, password: Option<&str>, attributes: &[(&str, &str)]) {
        let spn = format!("http/{}", self.pool());
        self.controller.create(&NewAccount {
            name: &self.account(),
            password,
            spns: &[&spn],
            attributes,
            ..NewAccount::default()
        });
    }

    /// The keys that the account has now.
    fn current_keys(&self, name: &str) -> PathBuf {
        let file = self.at(name);
        let _ = fs::remove_file(&file);
        self.controller.export_keytab(&format!("HTTP/{}", self.pool()), &file);
        file
    }

    /// Keys of the version that the account has now, of another password.
    fn wrong_keys(&self, like: &Path) -> PathBuf {
        let listed = run(Command::new("klist").args(["-k"]).arg(like), "");
        let version =
            listed.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok()).max().unwrap();
        let file = self.at("wrong.keytab");
        let mut script = String::new();
        for encryption in ["rc4-hmac", "aes128-cts", "aes256-cts"] {
            let principal = format!("HTTP/{}@CONTOSO.COM", self.pool());
            writeln!(script, "addent -password -p {principal} -k {version} -e {encryption}\nanother-one").unwrap();
        }
        writeln!(script, "wkt {}", file.display()).unwrap();
        run(&mut Command::new("ktutil"), &script);
        file
    }

    fn web_server(&self, setup: &Setup<'_>) -> Option<WebServer> {
        let _ = self;
        or_skipped("web server", WebServer::start(setup))
    }

    /// The deployment file: one pool with so many servers, `<prefix>-fe1`...
    fn deployment(&self, servers: usize, internal: Option<&str>) -> PathBuf {
        let names: Vec<String> = (1..=servers).map(|number| self.server(number)).collect();
        let internal = internal.map(|name| format!("        webServices: {{ internalFqdn: {name} }}\n"));
        let text = format!(
            "version: 1\nproduct: sfb-2019\naccounts:\n  - name: CONTOSO\\{}\n    encryption: [aes256]\nsites:\n  - name: Redmond\n    \
             account: CONTOSO\\{}\n    pools:\n      - fqdn: {}\n        role: front-end\n{}        servers: [{}]\n",
            self.account(),
            self.account(),
            self.pool(),
            internal.unwrap_or_default(),
            names.join(", ")
        );
        let file = self.at("deployment.yaml");
        fs::write(&file, text).unwrap();
        file
    }

    fn server(&self, number: usize) -> String {
        format!("{}-fe{number}.contoso.com", self.prefix)
    }

    /// A snapshot that knows nothing but when it was made, and what is given of the directory.
    fn snapshot(&self, directory: Option<&str>) -> PathBuf {
        let folder = self.at("snapshot");
        fs::create_dir_all(&folder).unwrap();
        let description = r#"{ "formatVersion": "1.0", "collectedAt": "2026-01-01T00:00:00Z" }"#;
        fs::write(folder.join("snapshot.json"), description).unwrap();
        if let Some(directory) = directory {
            fs::write(folder.join("directory.json"), directory).unwrap();
        }
        folder
    }

    /// The program, with the Kerberos of this test and nobody's tickets.
    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.env("KRB5_CONFIG", self.controller.krb5_conf()).env("KRB5CCNAME", self.at("nobody.cache"));
        command.env_remove("CSKERB_TICKET_PASSWORD");
        command
    }

    /// `verify --tickets` of the deployment, with the user's keytab, over HTTP unless `more` says otherwise.
    fn verify(&self, addresses: &[SocketAddr], more: &[&str]) -> Said {
        let mut command = self.program();
        command.arg("verify").arg(self.at("deployment.yaml")).arg("--snapshot").arg(self.at("snapshot"));
        command.args(["--tickets", "--keytab"]).arg(self.at("user.keytab"));
        if !more.contains(&"--scheme") {
            command.args(["--scheme", "http"]);
        }
        command.args(self.resolve(addresses)).args(more);
        Said::of(command.output().unwrap())
    }

    fn resolve(&self, addresses: &[SocketAddr]) -> Vec<String> {
        let given = addresses.iter().enumerate();
        given.flat_map(|(at, address)| ["--resolve".to_owned(), format!("{}={address}", self.server(at + 1))]).collect()
    }
}

/// What the program said.
struct Said {
    out: String,
    err: String,
    code: Option<i32>,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }

    /// The line about that server.
    fn line(&self, server: &str) -> &str {
        let found = self.err.lines().find(|line| line.contains(&format!("{server}: ")));
        found.unwrap_or_else(|| panic!("nothing was said of {server}\n{}{}", self.out, self.err))
    }

    fn assert_line(&self, server: &str, label: &str, words: &str) {
        let line = self.line(server);
        assert!(line.trim_start().starts_with(label), "{label}: {line}");
        assert!(line.contains(words), "{words}: {line}");
    }
}

fn at(server: &WebServer) -> SocketAddr {
    (server.ip(), server.port()).into()
}

/// Runs a program with this input; what it said.
fn run(command: &mut Command, input: &str) -> String {
    use std::process::Stdio;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}: {output:?}", command.get_program().display());
    String::from_utf8(output.stdout).unwrap()
}

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

    // The user's own cache: its first ticket is copied, its stale service ticket is not used, and it stays as it is.
    let before = fs::read(&own).unwrap();
    let mut command = stage.program();
    command.env("KRB5CCNAME", &own).arg("verify").arg(stage.at("deployment.yaml")).arg("--snapshot");
    command.arg(stage.at("snapshot")).args(["--tickets", "--scheme", "http"]).args(stage.resolve(&addresses));
    let said = Said::of(command.output().unwrap());
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

    // A ticket for a name that the server has no key of.
    let spn = "http/host-web.contoso.com";
    stage.controller.set(&stage.dn(), "servicePrincipalName", &[&format!("http/{}", stage.pool()), spn]);
    let Some(anybody) = stage.web_server(&Setup::with(&stage.at("user.keytab"))) else { return };
    let said = stage.verify(&[at(&anybody), at(&anybody)], &[]);
    println!("{}", said.err);
    said.assert_line(&stage.server(1), "no key", "it has no key for that name (KRB_AP_ERR_NOT_US)");
}

#[test]
fn https_works_with_channel_binding_and_refuses_certificates_that_it_cannot_believe() {
    let Some(stage) = Stage::new("tls") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let authority = Authority::new("Contoso Web Authority");
    let ca = stage.at("web-ca.pem");
    authority.write(&ca);
    let (right, wrong) = (stage.at("right"), stage.at("wrong"));
    fs::create_dir(&right).unwrap();
    fs::create_dir(&wrong).unwrap();
    let right = authority.certify(&[stage.pool()], &right);
    let wrong = authority.certify(&[stage.server(2)], &wrong);
    let setup = |files: &'_ servers::authority::CertificateFiles| {
        let tls = Some((files.certificate.as_path(), files.key.as_path()));
        stage.web_server(&Setup { tls, ..Setup::with(&keytab) })
    };
    let (Some(right), Some(wrong)) = (setup(&right), setup(&wrong)) else { return };
    stage.deployment(2, None);
    stage.snapshot(None);
    let ca = ca.to_str().unwrap();
    let said = stage.verify(&[at(&right), at(&wrong)], &["--scheme", "https", "--web-ca-file", ca]);
    said.assert_line(&stage.server(1), "valid", "it takes the current key (");
    // The certificate must bear the pool's name, which clients use, not the server's.
    said.assert_line(&stage.server(2), "certificate refused", "not valid for name");
    let strange = stage.controller.ca_file();
    let strange = strange.to_str().unwrap();
    let said = stage.verify(&[at(&right), at(&wrong)], &["--scheme", "https", "--web-ca-file", strange]);
    said.assert_line(&stage.server(1), "certificate refused", "UnknownIssuer");
}

#[test]
fn nothing_secret_is_left_anywhere() {
    let Some(stage) = Stage::new("secret") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    stage.deployment(1, None);
    stage.snapshot(None);
    let password_file = stage.at("password");
    fs::write(&password_file, format!("{PASSWORD}\n")).unwrap();
    let verify = |more: &[&str]| {
        let mut command = stage.program();
        command.current_dir(stage.folder.path()).args(["verify", "deployment.yaml", "--snapshot", "snapshot"]);
        command.args(["--tickets", "--scheme", "http"]).args(stage.resolve(&[at(&web)])).args(more);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("KRB5_TRACE", stage.at("trace"));
        command
    };
    let mut by_environment = verify(&["--principal", "secret-user"]);
    by_environment.env("CSKERB_TICKET_PASSWORD", PASSWORD);
    let runs = [
        verify(&["--keytab", "user.keytab", "--metrics", "snapshot/metrics.prom"]),
        verify(&["--principal", "secret-user", "--ticket-password-file", "password"]),
        by_environment,
        verify(&["--principal", "secret-nobody", "--ticket-password-file", "password"]),
        verify(&[]),
    ];
    let said: Vec<Said> = runs.into_iter().map(|mut run| Said::of(run.output().unwrap())).collect();
    assert_eq!(said.iter().filter(|said| said.err.contains("1 of 1 servers proved valid")).count(), 3);
    assert_eq!(said.iter().filter(|said| said.code == Some(1) && said.err.contains("run kinit")).count(), 2);

    let trace = [fs::read_to_string(stage.at("trace")).unwrap()];
    let keys = secrets(&stage);
    for text in said.iter().flat_map(|said| [&said.out, &said.err]).chain(&files(&stage.at("snapshot"))).chain(&trace) {
        for secret in &keys {
            assert!(!text.contains(secret), "a secret is in\n{text}");
        }
        // What SPNEGO and Kerberos tokens begin with, in base64.
        assert!(!text.contains("YII") && !text.contains("oYI"), "a token is in\n{text}");
    }
}

/// The password and the keys, as text, base64 and hexadecimal digits.
fn secrets(stage: &Stage) -> Vec<String> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut secrets = vec![PASSWORD.to_owned(), encode(PASSWORD.as_bytes())];
    for name in ["user.keytab", "keytab"] {
        let mut klist = Command::new("klist");
        let listed = run(klist.args(["-k", "-K", "-t"]).arg(stage.at(name)), "");
        for key in listed.split("(0x").skip(1).filter_map(|rest| rest.split(')').next()) {
            let bytes: Vec<u8> =
                (0..key.len() / 2).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
            secrets.extend([key.to_owned(), key.to_uppercase(), encode(&bytes).trim_end_matches('=').to_owned()]);
        }
    }
    assert!(secrets.len() > 4, "the keytabs have keys");
    secrets
}

/// The content of every file below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
        }
    }
    found
}

#[test]
fn silent_servers_delay_the_others_by_less_than_one_timeout() {
    const SILENT: usize = 50;
    const ANSWERING: usize = 30;
    let Some(stage) = Stage::new("dead") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup { addresses: ANSWERING, ..Setup::with(&keytab) }) else { return };
    // They accept, by the kernel's queue, and never answer. They come first, so they get every place first.
    let silent: Vec<std::net::TcpListener> =
        (0..SILENT).map(|_| std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    let mut addresses: Vec<SocketAddr> = silent.iter().map(|silent| silent.local_addr().unwrap()).collect();
    addresses.extend(web.addresses().into_iter().map(|address| SocketAddr::from((address, web.port()))));
    stage.deployment(addresses.len(), None);
    stage.snapshot(None);
    // Ten times the patience that a silent server is given: 50 of them take 16 places four times over.
    let said = stage.verify(&addresses, &["--ticket-timeout", "8s", "--ticket-parallel", "16"]);
    let order: Vec<&str> = said.err.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let first_given_up = order.iter().position(|word| *word == "unreachable").unwrap();
    assert_eq!(order.iter().filter(|word| **word == "unreachable").count(), SILENT, "{}", said.err);
    assert!(order[..first_given_up].iter().all(|word| *word == "valid"), "{}", said.err);
    assert_eq!(first_given_up, ANSWERING, "all others answered before one timeout was over\n{}", said.err);
    assert!(said.err.contains("no answer within 8 s to the request"), "{}", said.err);
}

/// Many servers, in the program's way and in bare exchanges by turns: what the rest of the work costs.
///
/// `cargo test --release --test tickets -- --ignored --nocapture three_hundred`
#[test]
#[ignore = "a benchmark: it wants a quiet machine"]
fn three_hundred_servers_take_little_more_than_as_many_bare_exchanges() {
    let Some(stage) = Stage::new("many") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup { addresses: 300, ..Setup::with(&keytab) }) else { return };
    stage.deployment(300, None);
    stage.snapshot(None);
    let addresses: Vec<String> = web.addresses().iter().map(ToString::to_string).collect();
    fs::write(stage.at("addresses"), addresses.join("\n")).unwrap();
    // krb5.conf is named by the environment, which a process cannot change soundly once it has threads.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "--nocapture", "race::bare_and_whole_by_turns"]);
    child.env("KRB5_CONFIG", stage.controller.krb5_conf()).env("CSKERB_RACE", stage.folder.path());
    assert!(child.status().unwrap().success());
}

mod race {
    use super::{PathBuf, fs};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use cskerb::live::tickets::{self, Initial, Platform, Security, Settings, Step, Target, Ticket};
    use cskerb::model::Verdict;
    use cskerb::plan::Scope;
    use std::io::{Read as _, Write as _};
    use std::net::{IpAddr, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    const PARALLEL: usize = 32;
    const ROUNDS: usize = 15;

    #[test]
    #[ignore = "a part of the benchmark above, which starts it"]
    fn bare_and_whole_by_turns() {
        let Some(folder) = std::env::var_os("CSKERB_RACE").map(PathBuf::from) else { return };
        let loaded = cskerb::deployment::load("deployment.yaml", &fs::read(folder.join("deployment.yaml")).unwrap());
        let deployment = loaded.deployment.unwrap();
        let actual = cskerb::snapshot::read(&folder.join("snapshot")).unwrap();
        let targets = tickets::of_deployment(&deployment, &actual, &Scope::default());
        let addresses = fs::read_to_string(folder.join("addresses")).unwrap();
        let addresses: Vec<IpAddr> = addresses.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(targets.len(), addresses.len());
        let initial = || Initial::Keytab { file: folder.join("user.keytab"), principal: None };
        let (mut bare_best, mut whole_best) = (Duration::MAX, Duration::MAX);
        for round in 0..=ROUNDS {
            let begun = Instant::now();
            bare(&Platform::new(&initial()).unwrap(), &targets[0].names[0].host, &addresses);
            let bare = begun.elapsed();
            let begun = Instant::now();
            whole(&Platform::new(&initial()).unwrap(), &targets, &addresses);
            let whole = begun.elapsed();
            println!("bare {bare:.1?}, whole {whole:.1?}");
            // The first round warms the servers up.
            if round > 0 {
                (bare_best, whole_best) = (bare_best.min(bare), whole_best.min(whole));
            }
        }
        let ratio = whole_best.as_secs_f64() / bare_best.as_secs_f64();
        println!("{} servers, {PARALLEL} at a time: {ratio:.2} times as long as bare exchanges", addresses.len());
        assert!(ratio < 1.2, "{ratio}");
    }

    /// The program's own way.
    fn whole(security: &Platform, targets: &[Target], addresses: &[IpAddr]) {
        let settings = Settings {
            tls: None,
            port: 80,
            path: tickets::DEFAULT_PATH.to_owned(),
            addresses: targets.iter().zip(addresses).map(|(target, at)| (target.server.clone(), (*at, None))).collect(),
            parallel: PARALLEL,
            timeout: Duration::from_mins(1),
        };
        let proofs = tickets::prove(security, targets, &settings, &mut |_| {});
        assert!(proofs.iter().all(|proof| proof.verdict() == Verdict::Valid));
        assert_eq!(proofs.len(), addresses.len());
    }

    /// As many exchanges, and nothing else.
    fn bare(security: &Platform, host: &str, addresses: &[IpAddr]) {
        let ticket = security.ticket(host).unwrap();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..PARALLEL {
                scope.spawn(|| {
                    while let Some(address) = addresses.get(next.fetch_add(1, Ordering::Relaxed)) {
                        exchange(security, &ticket, host, *address);
                    }
                });
            }
        });
    }

    fn exchange(security: &Platform, ticket: &Ticket, host: &str, address: IpAddr) {
        let mut stream = TcpStream::connect((address, 80)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut context = security.context(ticket, None).unwrap();
        let Step::Send(token) = context.step(None).unwrap() else { panic!("no token") };
        let token = STANDARD.encode(token);
        let path = tickets::DEFAULT_PATH;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Negotiate {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut piece = [0; 8192];
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            let n = stream.read(&mut piece).unwrap();
            assert!(n > 0, "an answer that ends in the middle");
            answer.extend_from_slice(&piece[..n]);
        }
        let answer = String::from_utf8_lossy(&answer);
        let token = answer.split("Negotiate ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        assert!(matches!(context.step(Some(&STANDARD.decode(token).unwrap())), Ok(Step::Mutual)));
    }
}
