//! One test's accounts, keytabs, web servers and deployment, and what the program says of them.

use crate::servers::domain_controller::{DomainController, NewAccount};
use crate::servers::or_skipped;
use crate::servers::web_server::{Setup, WebServer};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The password of every user here; it must be nowhere in what the program leaves.
pub(crate) const PASSWORD: &str = "Pa55-of-alice-7";

/// One test's accounts, keytabs and deployment, in a folder of its own.
pub(crate) struct Stage {
    pub(crate) controller: &'static DomainController,
    pub(crate) folder: tempfile::TempDir,
    /// What names of accounts and hosts begin with, so that tests do not meet.
    pub(crate) prefix: &'static str,
}

impl Stage {
    /// With a user whose keytab is there; `None`, once that was said, without servers.
    pub(crate) fn new(prefix: &'static str) -> Option<Self> {
        let controller = DomainController::shared()?;
        let stage = Self { controller, folder: tempfile::tempdir().unwrap(), prefix };
        controller.create_user(&stage.user(), PASSWORD);
        controller.export_keytab(&stage.user(), &stage.at("user.keytab"));
        Some(stage)
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn user(&self) -> String {
        format!("{}-user", self.prefix)
    }

    pub(crate) fn account(&self) -> String {
        format!("{}-kerb", self.prefix)
    }

    pub(crate) fn pool(&self) -> String {
        format!("{}-pool.contoso.com", self.prefix)
    }

    pub(crate) fn dn(&self) -> String {
        NewAccount { name: &self.account(), ..NewAccount::default() }.dn()
    }

    /// The Kerberos account with its pool's SPN.
    pub(crate) fn create_account(&self, password: Option<&str>, attributes: &[(&str, &str)]) {
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
    pub(crate) fn current_keys(&self, name: &str) -> PathBuf {
        let file = self.at(name);
        let _ = fs::remove_file(&file);
        self.controller.export_keytab(&format!("HTTP/{}", self.pool()), &file);
        file
    }

    /// Keys of the version that the account has now, of another password.
    pub(crate) fn wrong_keys(&self, like: &Path) -> PathBuf {
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

    pub(crate) fn web_server(&self, setup: &Setup<'_>) -> Option<WebServer> {
        let _ = self;
        or_skipped("web server", WebServer::start(setup))
    }

    /// The deployment file: one pool with so many servers, `<prefix>-fe1`...
    pub(crate) fn deployment(&self, servers: usize, internal: Option<&str>) -> PathBuf {
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

    pub(crate) fn server(&self, number: usize) -> String {
        format!("{}-fe{number}.contoso.com", self.prefix)
    }

    /// A snapshot that knows nothing but when it was made, and what is given of the directory.
    pub(crate) fn snapshot(&self, directory: Option<&str>) -> PathBuf {
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
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.env("KRB5_CONFIG", self.controller.krb5_conf()).env("KRB5CCNAME", self.at("nobody.cache"));
        command.env_remove("CSKERB_TICKET_PASSWORD");
        command
    }

    /// `verify --tickets` of the deployment, with the user's keytab, over HTTP unless `more` says otherwise.
    pub(crate) fn verify(&self, addresses: &[SocketAddr], more: &[&str]) -> Said {
        let mut command = self.program();
        command.arg("verify").arg(self.at("deployment.yaml")).arg("--snapshot").arg(self.at("snapshot"));
        command.args(["--tickets", "--keytab"]).arg(self.at("user.keytab"));
        if !more.contains(&"--scheme") {
            command.args(["--scheme", "http"]);
        }
        command.args(self.resolve(addresses)).args(more);
        Said::of(command.output().unwrap())
    }

    pub(crate) fn resolve(&self, addresses: &[SocketAddr]) -> Vec<String> {
        let given = addresses.iter().enumerate();
        given.flat_map(|(at, address)| ["--resolve".to_owned(), format!("{}={address}", self.server(at + 1))]).collect()
    }
}

/// What the program said.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }

    /// The line about that server.
    pub(crate) fn line(&self, server: &str) -> &str {
        let found = self.err.lines().find(|line| line.contains(&format!("{server}: ")));
        found.unwrap_or_else(|| panic!("nothing was said of {server}\n{}{}", self.out, self.err))
    }

    pub(crate) fn assert_line(&self, server: &str, label: &str, words: &str) {
        let line = self.line(server);
        assert!(line.trim_start().starts_with(label), "{label}: {line}");
        assert!(line.contains(words), "{words}: {line}");
    }
}

pub(crate) fn at(server: &WebServer) -> SocketAddr {
    (server.ip(), server.port()).into()
}

/// Runs a program with this input; what it said.
pub(crate) fn run(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}: {output:?}", command.get_program().display());
    String::from_utf8(output.stdout).unwrap()
}

/// The program on a machine where these files are covered by others; `None`, once that was said, where no mount
/// namespace is allowed.
pub(crate) fn covered(program: &Command, covers: &[(&Path, &str)]) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: no mount namespace is allowed here");
        return None;
    }
    let script = r#"while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 77; shift 2; done; shift; exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "covered"]);
    for (cover, file) in covers {
        command.arg(cover).arg(file);
    }
    command.arg("--").arg(program.get_program()).args(program.get_args());
    if let Some(folder) = program.get_current_dir() {
        command.current_dir(folder);
    }
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Some(command)
}
