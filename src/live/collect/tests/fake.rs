//! A shell without PowerShell: it answers from a snapshot folder what the real systems would say in that state.

use crate::live::shell::{Call, CallFailure, Category, Ended, ErrorRecord, Place, Reply, Report, Shell};
use crate::model::{Actual, Principal, Reading, ServerFqdn, SiteName, Verdict};
use crate::snapshot::{self, secrets, site_test};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a fake says instead, where it says anything else.
pub(super) type Fault<'f> = Box<dyn Fn(&Place, &Call) -> Option<Result<Reply, CallFailure>> + Sync + 'f>;

/// The shell.
pub(super) struct Fake<'f> {
    folder: PathBuf,
    actual: Actual,
    fault: Fault<'f>,
}

/// A reply that came to its end with this output.
pub(super) fn reply(output: Value) -> Reply {
    Reply {
        ended: Ended::Completed,
        output,
        errors: Vec::new(),
        warnings: Vec::new(),
        remarks: Vec::new(),
        report: None,
        took: Duration::ZERO,
        stray: Vec::new(),
    }
}

/// An error of that id.
pub(super) fn error(id: &str, message: &str) -> ErrorRecord {
    let category = Category::Other;
    ErrorRecord {
        id: id.to_owned(),
        category,
        message: message.to_owned(),
        target: None,
        exception: None,
        hresult: None,
    }
}

/// A test's reply.
pub(super) fn test(ended: Ended, errors: Vec<ErrorRecord>, report: Option<&str>) -> Reply {
    let report = report
        .map_or(Report::Missing("the cmdlet wrote none".to_owned()), |html| Report::Written(html.as_bytes().to_vec()));
    Reply { ended, errors, report: Some(report), ..reply(Value::Null) }
}

/// The answer of a server with this applicationHost.config, as it lies there after it was stripped.
pub(super) fn iis(bytes: &[u8]) -> Reply {
    reply(json!({ "base64": BASE64.encode(bytes) }))
}

impl<'f> Fake<'f> {
    /// One that answers from this folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), actual: snapshot::read(folder).unwrap(), fault: Box::new(|_, _| None) }
    }

    /// The same with faults.
    pub(super) fn but(self, fault: impl Fn(&Place, &Call) -> Option<Result<Reply, CallFailure>> + Sync + 'f) -> Self {
        Self { fault: Box::new(fault), ..self }
    }

    pub(super) fn actual(&self) -> &Actual {
        &self.actual
    }

    fn account(&self, name: &crate::model::AccountName) -> Value {
        let directory = self.actual.directory.known().unwrap();
        let of = |key_version: Option<u32>| json!({ "computer": true, "enabled": true, "keyVersion": key_version, "servicePrincipalNames": [] });
        match directory.account(name) {
            Reading::Known(state) => json!([{ "controller": "dc1.contoso.com", "account": {
                "computer": state.computer, "enabled": state.enabled, "expiresAt": state.expires_at,
                "passwordSetAt": state.password_set_at, "keyVersion": state.key_version,
                "supportedEncryptionTypes": state.encryption.map(|types| types.0),
                "servicePrincipalNames": state.spns.iter().map(ToString::to_string).collect::<Vec<_>>() } }]),
            Reading::Absent => json!([{ "controller": "dc1.contoso.com" }]),
            Reading::Unreadable(_) => json!([
                { "controller": "dc1.contoso.com", "account": of(Some(4)) },
                { "controller": "dc2.contoso.com", "account": of(Some(3)) }]),
        }
    }

    fn test(&self, site: &SiteName) -> Reply {
        let mut errors = Vec::new();
        let mut listed = Vec::new();
        let topology = self.actual.topology.known().unwrap();
        let account = self.actual.assignments.known().unwrap().get(site).unwrap();
        for pool in topology.pools.iter().filter(|pool| pool.web_services && pool.site == *site) {
            let holders = self.actual.directory.known().unwrap().holders(&pool.fqdn.spn());
            if !holders.known().is_some_and(|holders| holders.iter().eq([&Principal::from(account)])) {
                let message = format!("The service principal name http/{} was not found.", pool.fqdn);
                errors.push(error("ServicePrincipalNameError,Microsoft.Rtc", &message));
            }
        }
        for server in site_test::targets(topology, site) {
            match self.actual.kerberos(&server) {
                Reading::Known(reading) if reading.verdict == Verdict::Valid => listed.push(server),
                Reading::Known(reading) if reading.verdict == Verdict::Invalid => {
                    let message = format!("Die Kerberos-Konfiguration auf {server} ist ungültig.");
                    errors.push(error("InvalidKerberosConfiguration,Microsoft.Rtc", &message));
                    listed.push(server);
                }
                _ => errors.push(error("ConnectionFailed,Microsoft.Rtc", &format!("{server} antwortet nicht."))),
            }
        }
        let rows: Vec<String> = listed.iter().map(|server| format!("<td>{server}</td>")).collect();
        test(Ended::Completed, errors, Some(&format!("<html><table>{}</table></html>", rows.concat())))
    }

    fn iis(&self, server: &ServerFqdn) -> Reply {
        let path = self.folder.join("servers").join(server.as_str()).join("applicationHost.config");
        match fs::read_to_string(&path) {
            Ok(text) => iis(secrets::strip(&text).as_bytes()),
            Err(_) => Reply {
                ended: Ended::Threw,
                errors: vec![error("FileNotFoundException", "Die Datei wurde nicht gefunden.")],
                ..reply(Value::Null)
            },
        }
    }
}

impl Shell for Fake<'_> {
    fn limit(&self, _: &Call) -> Duration {
        Duration::from_mins(1)
    }

    fn call(&self, at: &Place, call: &Call) -> Result<Reply, CallFailure> {
        if let Some(instead) = (self.fault)(at, call) {
            return instead;
        }
        let text = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap();
        let names = |names: Vec<String>| json!(names);
        Ok(match (at, call) {
            (Place::ManagementShell, Call::Topology) => reply(json!({ "xml": text("topology.xml") })),
            (Place::ManagementShell, Call::Assignments) => {
                reply(serde_json::from_str(&text("assignments.json")).unwrap())
            }
            (Place::ManagementShell, Call::WebServices) => {
                reply(serde_json::from_str(&text("webservices.json")).unwrap())
            }
            (Place::ManagementShell, Call::Replication) => {
                reply(json!([{ "replica": "fe01.contoso.com", "upToDate": false, "reportedAt": null }]))
            }
            (Place::ManagementShell, Call::Identity) => reply(
                json!({ "user": "CONTOSO\\alice", "elevated": true, "groups": [{ "sid": "S-1-1-0", "name": null }] }),
            ),
            (Place::ManagementShell, Call::Account { account }) => {
                reply(json!({ "controllers": self.account(account) }))
            }
            (Place::ManagementShell, Call::Holders { spns }) => {
                let directory = self.actual.directory.known().unwrap();
                let of = |spn| match directory.holders(spn) {
                    Reading::Known(holders) => {
                        let holders = names(holders.iter().map(|holder| format!("{holder}$")).collect());
                        json!({ "spn": spn.to_string(), "error": null, "holders": holders })
                    }
                    _ => json!({ "spn": spn.to_string(), "error": "Zeitüberschreitung", "holders": [] }),
                };
                reply(spns.iter().map(of).collect())
            }
            (Place::ManagementShell, Call::Directory { .. }) => {
                let since = self.actual.directory.known().and_then(|directory| directory.aes_keys_since);
                reply(json!({ "dnsName": "contoso.com", "aesKeysSince": since }))
            }
            (Place::ManagementShell, Call::TestAssignment { site, report: Some(_) }) => self.test(site),
            (Place::Server(server), Call::IisConfiguration) => self.iis(server),
            other => panic!("{other:?} is not asked by a collection"),
        })
    }
}
