//! A deployment whose accounts and SPNs are asked for, and what came of it.

use crate::servers::domain_controller::DomainController;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The password of the user who asks; no output of any run may hold it.
pub(crate) const PASSWORD: &str = "Zq7-geheim-Kerberos-91";

/// A wrong one, which no output may hold either.
pub(crate) const WRONG: &str = "Wq8-falsch-Kerberos-92";

/// The domain controller, with a user who asks.
pub(crate) fn controller() -> Option<&'static DomainController> {
    static USER: OnceLock<()> = OnceLock::new();
    let controller = DomainController::shared()?;
    USER.get_or_init(|| controller.create_user("auditor", PASSWORD));
    Some(controller)
}

/// A folder with a deployment file that declares these accounts, and of which pools the SPNs are asked for.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) took: Duration,
}

impl Scene {
    pub(crate) fn new(accounts: &[&str], pools: &[&str]) -> Self {
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

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("snapshot")
    }

    /// `collect contoso.yaml --out snapshot` and these; nothing of it may show a password.
    pub(crate) fn collect(&self, arguments: &[&str]) -> Ran {
        self.collect_with(PASSWORD, arguments)
    }

    pub(crate) fn collect_with(&self, password: &str, arguments: &[&str]) -> Ran {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cskerb"));
        command.args(["collect", "contoso.yaml", "--out", "snapshot", "-vv"]).args(arguments);
        command.current_dir(self.folder.path()).env("CSKERB_DIRECTORY_PASSWORD", password).stdin(Stdio::null());
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
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
    pub(crate) fn directory(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.out().join("directory.json")).unwrap()).unwrap()
    }

    pub(crate) fn account(&self, name: &str) -> Value {
        let directory = self.directory();
        let accounts = directory["accounts"].as_array().unwrap().iter();
        accounts.clone().find(|account| account["name"] == name).unwrap().clone()
    }

    pub(crate) fn holders(&self, pool: &str) -> Value {
        let (directory, spn) = (self.directory(), format!("http/{pool}"));
        let entries = directory["servicePrincipalNames"].as_array().unwrap();
        entries.iter().find(|entry| entry["spn"] == spn).unwrap().clone()
    }
}

pub(crate) fn holds(folder: &Path, secret: &str) -> bool {
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let in_bytes = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        let bytes = fs::read(&path).unwrap_or_default();
        in_bytes(&bytes, secret.as_bytes()) || in_bytes(&bytes, &utf16)
    })
}

/// `--directory` with this protection, and the options that let it be believed.
pub(crate) fn asking(controller: &DomainController, start_tls: bool) -> Vec<String> {
    let url = if start_tls { "ldap" } else { "ldaps" };
    let mut options = vec!["--directory".to_owned(), format!("{url}://{}", controller.ip())];
    options.extend(start_tls.then(|| "--starttls".to_owned()));
    options.extend(login(controller));
    options
}

pub(crate) fn login(controller: &DomainController) -> Vec<String> {
    let ca_file = controller.ca_file().display().to_string();
    ["--ca-file", &ca_file, "--bind-as", "auditor@contoso.com"].map(str::to_owned).to_vec()
}

pub(crate) fn texts(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}
