//! What a site's test comes to, server by server, in every language.

use super::*;
use crate::model::Verdict::{self, Invalid, Unknown, Valid};
use crate::snapshot::kerberos::{By, KerberosFile, Status};
use crate::snapshot::{Writer, read};
use std::fs;
use tempfile::TempDir;

const AT: &str = "2026-05-30T20:00:00Z";
const FE: [&str; 3] = ["fe01.contoso.com", "fe02.contoso.com", "fe03.contoso.com"];

fn file(finished: bool, errors: &[(&str, &str)]) -> SiteTestFile {
    SiteTestFile {
        identity: "site:Redmond".parse().unwrap(),
        account: Some(r"CONTOSO\kerbauth".parse().unwrap()),
        at: AT.parse().unwrap(),
        finished,
        errors: errors
            .iter()
            .map(|(id, message)| TestError { id: (*id).to_owned(), message: (*message).to_owned() })
            .collect(),
    }
}

fn report(servers: &[&str]) -> String {
    let rows: Vec<String> = servers.iter().map(|server| format!("<tr><td>{server}</td></tr>")).collect();
    format!("<html><body>http/pool01.contoso.com<table>{}</table></body></html>", rows.concat())
}

fn check(finished: bool, errors: &[(&str, &str)], listed: &[&str], expected: [(Verdict, &str); 3]) {
    let errors = file(finished, errors).errors;
    let said = Said { finished, errors, report: Ok(report(listed)) };
    let judged = judge(&said, &FE.map(|server| server.parse().unwrap()));
    let judged: Vec<(Verdict, String)> =
        judged.into_iter().map(|(verdict, words)| (verdict, words.unwrap_or_default())).collect();
    let expected: Vec<(Verdict, String)> =
        expected.iter().map(|(verdict, why)| (*verdict, (*why).to_owned())).collect();
    assert_eq!(judged, expected, "{said:?}");
}

const INVALID: &str = "InvalidKerberosConfiguration,Microsoft.Rtc.Management.Cms.Test";

#[test]
fn silence_is_not_health() {
    let silent = "it finished, and its report does not list the server";
    check(true, &[], &FE, [(Valid, ""), (Valid, ""), (Valid, "")]);
    check(true, &[], &FE[..1], [(Valid, ""), (Unknown, silent), (Unknown, silent)]);
    check(true, &[], &[], [(Unknown, silent), (Unknown, silent), (Unknown, silent)]);
    check(false, &[("ServicePrincipalNameError,x", "y"), ("AccessDenied,x", "Zugriff verweigert")], &FE, {
        [(Unknown, "AccessDenied: Zugriff verweigert"); 3]
    });
    check(false, &[("ServicePrincipalNameError", ""), ("ServicePrincipalNameError,x", "Zugriff")], &FE, {
        let why = "it did not finish: ServicePrincipalNameError: Zugriff";
        [(Unknown, why), (Unknown, why), (Unknown, why)]
    });
    check(false, &[], &FE, [(Unknown, "it did not finish: it does not say why"); 3]);
}

#[test]
fn the_id_and_the_shape_of_names_decide_in_every_language() {
    let german = "Die Kerberos-Konfiguration auf FE02.contoso.com ist ungültig.";
    let korean = "fe02.contoso.com의 Kerberos 구성이 잘못되었습니다. 계정은 contoso\\kerbauth입니다.";
    for message in [german, korean] {
        let said = format!("InvalidKerberosConfiguration: {message}");
        check(true, &[(INVALID, message)], &FE, [(Valid, ""), (Invalid, &said), (Valid, "")]);
    }
    let documented = "InvalidKerberosConfiguration: The Kerberos configuration on fe03.contoso.com is invalid. The \
                      expected assigned account is contoso\\kerbauth.";
    check(
        true,
        &[("Anything", documented)],
        &FE,
        [(Valid, ""), (Valid, ""), (Invalid, &format!("Anything: {documented}"))],
    );
    check(true, &[("", documented)], &FE, [(Valid, ""), (Valid, ""), (Invalid, documented)]);
    let nameless = "InvalidKerberosConfiguration: Die Konfiguration ist ungültig";
    check(true, &[(INVALID, "Die Konfiguration ist ungültig")], &FE, [(Unknown, nameless); 3]);
    check(
        true,
        &[(INVALID, "on fe99.contoso.com")],
        &FE,
        [(Unknown, "InvalidKerberosConfiguration: on fe99.contoso.com"); 3],
    );
    let both = [(INVALID, "on fe01.contoso.com"), (INVALID, "nameless")];
    let (named, other) =
        ("InvalidKerberosConfiguration: on fe01.contoso.com", "InvalidKerberosConfiguration: nameless");
    check(true, &both, &FE, [(Invalid, named), (Unknown, other), (Unknown, other)]);
}

#[test]
fn errors_that_are_not_about_servers_leave_them_alone() {
    let spn = "The service principal name http/pool01.contoso.com was not found on the container contoso\\kerbauth.";
    check(true, &[("ServicePrincipalNameError,x", spn)], &FE, [(Valid, ""), (Valid, ""), (Valid, "")]);
    let down = "ConnectionFailed: fe03.contoso.com";
    check(true, &[("ConnectionFailed,x", "fe03.contoso.com")], &FE, [(Valid, ""), (Valid, ""), (Unknown, down)]);
    check(true, &[("ConnectionFailed,x", "RPC")], &FE, [(Unknown, "ConnectionFailed: RPC"); 3]);
    check(true, &[("InvalidKerberosConfigurationX", "")], &FE, [(Unknown, "InvalidKerberosConfigurationX"); 3]);
    check(true, &[("X", "Password='hunter2' on fe01.contoso.com")], &FE, {
        [(Unknown, "X: Password='' on fe01.contoso.com"), (Valid, ""), (Valid, "")]
    });
}

const TOPOLOGY: &str = "<Topology xmlns='urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008'>\
    <Sites><CentralSite SiteId='1'><Name>Redmond</Name></CentralSite></Sites>\
    <Clusters><Cluster Fqdn='pool01.contoso.com'><ClusterId SiteId='1' Number='1'/>\
    <Machine Fqdn='fe01.contoso.com'/><Machine Fqdn='fe02.contoso.com'/><Machine Fqdn='fe03.contoso.com'/></Cluster>\
    </Clusters><Services><Service><ServiceId SiteId='1' RoleName='WebServices' Instance='1'/>\
    <InstalledOn><ClusterId SiteId='1' Number='1'/></InstalledOn></Service></Services></Topology>";
const DIRECTORY: &str = r#"{ "accounts": [{ "name": "CONTOSO\\kerbauth", "computer": true, "enabled": true,
    "passwordSetAt": "2026-05-30T10:00:00Z" }] }"#;

/// A folder with a topology of three servers, and whatever `files` adds to it.
fn folder(files: impl FnOnce(&Writer)) -> TempDir {
    let folder = crate::scratch::scratch();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("snapshot.json", r#"{"formatVersion":"1.0","collectedAt":"2026-05-30T21:00:00Z"}"#);
    put("topology.xml", TOPOLOGY);
    put("assignments.json", r#"[{"identity":"site:Redmond","userAccount":"CONTOSO\\kerbauth"}]"#);
    put("webservices.json", "[]");
    put("directory.json", DIRECTORY);
    files(&Writer::new(folder.path()).unwrap());
    folder
}

fn of(folder: &TempDir, server: &str) -> String {
    match read(folder.path()).unwrap().kerberos(&server.parse().unwrap()) {
        Reading::Known(reading) => format!("{:?} by {:?}", reading.verdict, reading.by),
        Reading::Absent => "absent".to_owned(),
        Reading::Unreadable(cause) => cause.to_string(),
    }
}

#[test]
fn a_folder_with_a_test_says_who_is_valid() {
    let folder = folder(|writer| {
        writer.site_test(&file(true, &[(INVALID, "on fe02.contoso.com")])).unwrap();
        writer.site_report(&"Redmond".parse().unwrap(), &report(&FE[..2])).unwrap();
    });
    assert!(folder.path().join("tests/site-Redmond.json").is_file());
    let said = FE.map(|server| of(&folder, server));
    assert_eq!(said, ["Valid by Test", "Invalid by Test", "Unknown by Test"]);
    fs::remove_file(folder.path().join("topology.xml")).unwrap();
    let said = FE.map(|server| of(&folder, server));
    assert_eq!(said, ["never tested"; 3], "without topology only servers with a folder are known");
    for server in FE {
        fs::create_dir_all(folder.path().join("servers").join(server)).unwrap();
    }
    let said = FE.map(|server| of(&folder, server));
    assert_eq!(said, ["Valid by Test", "Invalid by Test", "never tested"], "the test does not name fe03");
}

#[test]
fn a_broken_test_is_the_cause_of_what_it_would_have_said() {
    let folder = folder(|writer| writer.site_test(&file(true, &[])).unwrap());
    assert_eq!(of(&folder, FE[0]), "Unknown by Test", "there is no report");
    let path = folder.path().join("tests/site-Redmond.json");
    fs::write(&path, "{").unwrap();
    assert!(of(&folder, FE[0]).starts_with("tests/site-Redmond.json:1:1: EOF"), "{}", of(&folder, FE[0]));
    fs::rename(&path, folder.path().join("tests/SITE-redmond.JSON")).unwrap();
    assert!(of(&folder, FE[0]).starts_with("tests/SITE-redmond.JSON:1:1: EOF"), "{}", of(&folder, FE[0]));
    fs::write(folder.path().join("tests/site-Dublin.json"), "{").unwrap();
    assert_eq!(read(folder.path()).unwrap().servers.len(), 3, "a site without servers has nobody to speak of");
    fs::write(folder.path().join("tests/SITE-redmond.JSON"), serde_json::to_vec(&file(true, &[])).unwrap()).unwrap();
    fs::copy(folder.path().join("tests/SITE-redmond.JSON"), folder.path().join("tests/site-Dublin.json")).unwrap();
    assert_eq!(of(&folder, FE[0]), "Unknown by Test");
}

#[test]
fn a_ticket_outranks_a_test_while_it_has_its_word() {
    let check = |by: By, status: Status, at: &str, account: &str, expected: &str| {
        let folder = folder(|writer| {
            writer.site_test(&file(true, &[])).unwrap();
            writer.site_report(&"Redmond".parse().unwrap(), &report(&FE)).unwrap();
            let account = Some(account.parse().unwrap());
            let at = at.parse().unwrap();
            writer.kerberos(&FE[0].parse().unwrap(), &KerberosFile { status, account, by, at, detail: None }).unwrap();
        });
        assert_eq!(of(&folder, FE[0]), expected, "{by:?} {status:?} {at} {account}");
    };
    let (before, earlier, later) = ("2026-05-30T09:00:00Z", "2026-05-30T19:00:00Z", "2026-05-30T20:30:00Z");
    let own = r"CONTOSO\kerbauth";
    check(By::Ticket, Status::Invalid, earlier, own, "Invalid by Ticket");
    check(By::Ticket, Status::Unknown, later, own, "Valid by Test");
    check(By::Ticket, Status::Invalid, before, own, "Valid by Test");
    check(By::Ticket, Status::Invalid, later, r"CONTOSO\former", "Valid by Test");
    check(By::Test, Status::Invalid, earlier, own, "Valid by Test");
    check(By::Test, Status::Invalid, later, own, "Invalid by Test");
    check(By::Lab, Status::Invalid, later, own, "Invalid by Lab");
}

#[test]
fn every_site_has_a_file_name_of_its_own() {
    let check = |site: &str, name: &str| {
        let site: SiteName = site.parse().unwrap();
        assert_eq!(path(&site), name);
        assert_eq!(site_of(name.strip_prefix("tests/").unwrap()), Some(site));
    };
    check("Redmond", "tests/site-Redmond.json");
    check("North America 1.b-c_d", "tests/site-North America 1.b-c_d.json");
    check("..", "tests/site-...json");
    check("a/b\\c:%", "tests/site-a%2Fb%5Cc%3A%25.json");
    check("Zürich", "tests/site-Z%C3%BCrich.json");
    for other in ["Redmond.json", "site-.json", "site-Redmond.html", ".json", "site-%ff.json", "ü"] {
        assert_eq!(site_of(other), None, "{other}");
    }
}
