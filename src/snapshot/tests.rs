//! Whole folders, read and written.

use super::assignments::AssignmentsFile;
use super::description::AskedFor;
use super::directory::{AccountEntry, DirectoryFile, SpnEntry};
use super::kerberos::KerberosFile;
use super::web_services::WebServicesFile;
use super::*;
use crate::model::{AccountName, Caseless, KerberosReading, Verdict, Witness};
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// A file of that name and text.
pub(super) fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: text.to_owned() }
}

/// Asserts that this is a broken reading whose place and cause say `why`.
pub(super) fn broken<T: std::fmt::Debug>(read: &Result<T, Cause>, why: &str) {
    match read {
        Err(cause @ Cause::Broken { .. }) => {
            assert!(cause.to_string().contains(why), "{cause} shall say {why:?}");
        }
        other => panic!("{other:?} shall be broken: {why}"),
    }
}

const DESCRIPTION_TEXT: &str = r#"{"formatVersion":"1.0","collectedAt":"2026-05-30T20:00:00Z"}"#;
const TOPOLOGY_TEXT: &str = "<Topology xmlns='urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008'>\
    <Sites><CentralSite SiteId='1'><Name>Redmond</Name></CentralSite></Sites><Clusters/><Services/></Topology>";
const IIS_TEXT: &str = "<configuration>\r\n<location path='S'/></configuration>";
const KERBEROS_TEXT: &str = r#"{"status":"valid","by":"test","at":"2026-05-30T20:00:00Z"}"#;

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = crate::scratch::scratch();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn whole() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("snapshot.json", DESCRIPTION_TEXT.as_bytes()),
        ("topology.xml", TOPOLOGY_TEXT.as_bytes()),
        ("assignments.json", b"[]"),
        ("webservices.json", b"[]"),
        ("directory.json", b"{}"),
        ("servers/fe01.contoso.com/applicationHost.config", IIS_TEXT.as_bytes()),
        ("servers/fe01.contoso.com/kerberos.json", KERBEROS_TEXT.as_bytes()),
    ]
}

/// What is unreadable, by piece.
fn unreadable(actual: &Actual) -> Vec<String> {
    let mut all = Vec::new();
    let mut note = |piece: String, cause: Option<&Cause>| all.extend(cause.map(|cause| format!("{piece}: {cause}")));
    note("collected".to_owned(), actual.collected_at.cause());
    note("topology".to_owned(), actual.topology.cause());
    note("assignments".to_owned(), actual.assignments.cause());
    note("web services".to_owned(), actual.web_services.cause());
    note("directory".to_owned(), actual.directory.cause());
    for (fqdn, server) in &actual.servers {
        note(format!("iis of {fqdn}"), server.iis.cause());
        note(format!("kerberos of {fqdn}"), server.kerberos.cause());
    }
    all
}

#[test]
fn a_whole_folder_is_read() {
    let folder = folder(&whole());
    let actual = read(folder.path()).unwrap();
    assert_eq!(unreadable(&actual), Vec::<String>::new());
    assert_eq!(actual.origin.source, folder.path().display().to_string());
    assert_eq!(actual.origin.digest.len(), "sha256:".len() + 64);
    assert_eq!(actual.collected_at.known().unwrap().to_string(), "2026-05-30T20:00:00Z");
    assert!(actual.servers[&"FE01.contoso.com".parse().unwrap()].iis.known().is_some());
}

#[test]
fn an_empty_folder_is_all_unreadable() {
    let folder = folder(&[("servers/fe01.contoso.com/other.txt", b"")]);
    let actual = read(folder.path()).unwrap();
    assert_eq!(
        unreadable(&actual),
        [
            "collected: snapshot.json is not in the snapshot",
            "topology: topology.xml is not in the snapshot",
            "assignments: assignments.json is not in the snapshot",
            "web services: webservices.json is not in the snapshot",
            "directory: directory.json is not in the snapshot",
            "iis of fe01.contoso.com: servers/fe01.contoso.com/applicationHost.config is not in the snapshot",
            "kerberos of fe01.contoso.com: never tested",
        ]
    );
}

#[test]
fn one_broken_piece_leaves_the_rest() {
    let pieces = [
        ("snapshot.json", "collected: snapshot.json:1:2: "),
        ("topology.xml", "topology: topology.xml:1:1: there is text before"),
        ("assignments.json", "assignments: assignments.json:1:2: "),
        ("webservices.json", "web services: webservices.json:1:2: "),
        ("directory.json", "directory: directory.json:1:2: "),
        ("servers/fe01.contoso.com/applicationHost.config", "iis of fe01.contoso.com: servers/fe01.contoso.com/app"),
        ("servers/fe01.contoso.com/kerberos.json", "kerberos of fe01.contoso.com: servers/fe01.contoso.com/kerb"),
    ];
    for (name, expected) in pieces {
        let folder = folder(&whole());
        fs::write(folder.path().join(name), "?!").unwrap();
        let all = unreadable(&read(folder.path()).unwrap());
        assert_eq!(all.len(), 1, "{name}: {all:?}");
        let expected = expected.replace("1:2", "1:1");
        assert!(all[0].starts_with(&expected), "{} shall begin with {expected}", all[0]);
    }
}

#[test]
fn what_could_not_be_collected_has_its_cause_even_where_a_former_file_is_left() {
    let unread = [
        "topology.xml",
        "Directory.json",
        "servers/FE01.contoso.com/applicationHost.config",
        "servers/fe02.contoso.com/applicationHost.config",
        "servers/no server/x",
    ];
    let unread = unread.map(|file| format!(r#"{{"file":"{file}","why":"denied to {file}"}}"#)).join(",");
    let text = DESCRIPTION_TEXT.replace('}', &format!(r#","unread":[{unread}]}}"#));
    let mut files = whole();
    files[0].1 = text.as_bytes();
    files.remove(4);
    let folder = folder(&files);
    let all = unreadable(&read(folder.path()).unwrap());
    let why = "it could not be read when the snapshot was made: denied to";
    assert_eq!(
        all,
        [
            format!("topology: topology.xml: {why} topology.xml"),
            format!("directory: directory.json: {why} Directory.json"),
            format!(
                "iis of fe01.contoso.com: servers/fe01.contoso.com/applicationHost.config: {why} \
                     servers/FE01.contoso.com/applicationHost.config"
            ),
            format!(
                "iis of fe02.contoso.com: servers/fe02.contoso.com/applicationHost.config: {why} \
                     servers/fe02.contoso.com/applicationHost.config"
            ),
            "kerberos of fe02.contoso.com: never tested".to_owned(),
        ]
    );
}

#[test]
fn encodings_line_ends_names_and_times_do_not_change_the_digest() {
    let plain = read(folder(&whole()).path()).unwrap();
    let utf16 =
        |text: &str| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let later = utf16(&DESCRIPTION_TEXT.replace("2026", "2027").replace(',', " ,\r\n"));
    let (topology, kerberos) = (utf16(TOPOLOGY_TEXT), utf16(KERBEROS_TEXT));
    let odd = folder(&[
        ("SNAPSHOT.JSON", &later),
        ("Topology.xml", &topology),
        ("Assignments.json", b"\xef\xbb\xbf[]"),
        ("WebServices.json", b"[]"),
        ("Directory.JSON", b"{}"),
        ("Servers/FE01.Contoso.COM/ApplicationHost.config", IIS_TEXT.replace("\r\n", "\n").as_bytes()),
        ("Servers/FE01.Contoso.COM/Kerberos.json", &kerberos),
        ("Servers/not a server/kerberos.json", b"{}"),
        ("Servers/readme.contoso.txt", b"a file is no server"),
        ("lab.json", b"{}"),
    ]);
    let odd = read(odd.path()).unwrap();
    assert_eq!(unreadable(&odd), Vec::<String>::new());
    assert_eq!(odd.origin.digest, plain.origin.digest);
    assert_eq!(odd.servers.len(), 1);
    let mut changed = whole();
    changed[2].1 = b"null";
    assert_ne!(read(folder(&changed).path()).unwrap().origin.digest, plain.origin.digest);
}

#[test]
fn names_that_differ_by_case_only_are_unreadable() {
    let mut files = whole();
    files.push(("Assignments.json", b"[]"));
    files.push(("servers/FE01.contoso.com/kerberos.json", KERBEROS_TEXT.as_bytes()));
    files.push(("servers/fe02.contoso.com/kerberos.json", KERBEROS_TEXT.as_bytes()));
    let folder = folder(&files);
    if fs::read_dir(folder.path().join("servers")).unwrap().count() == 2 {
        println!("skipped: this file system knows no case");
        return;
    }
    let actual = read(folder.path()).unwrap();
    let twice = "servers/FE01.contoso.com: servers/fe01.contoso.com is there too, and differs by case only: keep one";
    let all = unreadable(&actual);
    assert_eq!(
        all[0],
        "assignments: Assignments.json: assignments.json is there too, and differs by case only: keep one"
    );
    assert!(all[1].ends_with(twice) && all[2].ends_with(twice), "{all:?}");
    assert!(actual.servers[&"fe02.contoso.com".parse().unwrap()].kerberos.known().is_some());
}

#[test]
fn both_topology_documents_are_one_too_many() {
    let mut files = whole();
    files.push(("topology.tbxml", b"<x/>"));
    let all = unreadable(&read(folder(&files).path()).unwrap());
    assert_eq!(all, ["topology: topology.xml: topology.tbxml is there too: keep the one that is published"]);
    files.remove(1);
    let all = unreadable(&read(folder(&files).path()).unwrap());
    assert!(all[0].starts_with("topology: topology.tbxml:1:1: the root element is x"), "{all:?}");
}

#[test]
fn a_folder_that_is_none_is_an_error() {
    let folder = folder(&[("file", b"")]);
    for path in [folder.path().join("missing"), folder.path().join("file")] {
        let error = read(&path).unwrap_err();
        assert!(matches!(error, SnapshotError::Folder { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("the snapshot folder {} cannot be read", path.display()));
    }
}

#[test]
fn versions_of_the_format() {
    let check = |version: &str| {
        let text = format!(r#"{{"formatVersion":{version},"collectedAt":"2026-05-30T20:00:00Z","new":[1]}}"#);
        read(folder(&[("snapshot.json", text.as_bytes())]).path()).map(|actual| actual.collected_at)
    };
    assert!(matches!(check("\"1.0\""), Ok(Reading::Known(_))));
    assert!(matches!(check("\"1.7\""), Ok(Reading::Known(_))), "a later 1.x only adds");
    let error = check("\"2.0\"").unwrap_err();
    assert!(matches!(error, SnapshotError::FromTheFuture { version: FormatVersion { major: 2, minor: 0 }, .. }));
    for odd in ["\"1\"", "\"0.9\"", "\"one\"", "1.0", "null"] {
        assert!(matches!(check(odd), Ok(Reading::Unreadable(Cause::Broken { .. }))), "{odd}");
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    use std::os::unix::fs::symlink;
    let outside = folder(&whole());
    let inside = folder(&whole());
    let replace = |name: &str| {
        let path = inside.path().join(name);
        fs::remove_file(&path).unwrap();
        symlink(outside.path().join(name), &path).unwrap();
    };
    replace("directory.json");
    symlink(inside.path().join("servers/fe01.contoso.com"), inside.path().join("servers/fe02.contoso.com")).unwrap();
    symlink(outside.path().join("servers/fe01.contoso.com"), inside.path().join("servers/fe03.contoso.com")).unwrap();
    symlink("nowhere", inside.path().join("servers/fe04.contoso.com")).unwrap();
    let actual = read(inside.path()).unwrap();
    let all = unreadable(&actual);
    assert!(all[0].starts_with("directory: directory.json: is a link that leaves the snapshot folder"), "{all:?}");
    assert!(all[1].starts_with("iis of fe03.contoso.com: servers/fe03.contoso.com: is a link that leaves"), "{all:?}");
    assert!(all[3].starts_with("iis of fe04.contoso.com: servers/fe04.contoso.com: cannot be found"), "{all:?}");
    assert_eq!(all.len(), 5, "a link that stays within the folder is read: {all:?}");
}

#[test]
fn what_is_no_file_is_said() {
    let mut files = whole();
    files[2].0 = "assignments.json/inner";
    let all = unreadable(&read(folder(&files).path()).unwrap());
    assert_eq!(all, ["assignments: assignments.json: is no file"]);
}

#[test]
fn what_was_written_is_read() {
    let folder = folder(&[("Assignments.JSON", b"old"), ("SERVERS/FE01.contoso.com/x", b"")]);
    let writer = Writer::new(folder.path()).unwrap();
    let assignments: BTreeMap<_, AccountName> =
        BTreeMap::from([("Redmond".parse().unwrap(), r"CONTOSO\kerbauth".parse().unwrap())]);
    let kerberos = KerberosReading {
        verdict: Verdict::Invalid,
        account: None,
        by: Witness::Lab,
        at: "2026-05-30T20:00:00Z".parse().unwrap(),
        detail: Some(Caseless::from("stale")),
    };
    let description = DescriptionFile {
        format_version: FormatVersion::CURRENT,
        collected_at: kerberos.at,
        product: Some("sfb-2019".to_owned()),
        tool: None,
        asked_for: Some(AskedFor { sites: vec!["Redmond".to_owned()], ..AskedFor::default() }),
        unread: Vec::new(),
    };
    let server: ServerFqdn = "fe01.contoso.com".parse().unwrap();
    writer.description(&description).unwrap();
    writer.topology(TOPOLOGY_TEXT).unwrap();
    writer.assignments(&AssignmentsFile::from(&assignments)).unwrap();
    writer.web_services(&WebServicesFile::default()).unwrap();
    writer.directory(&DirectoryFile::default()).unwrap();
    writer.application_host(&server, IIS_TEXT).unwrap();
    writer.kerberos(&server, &KerberosFile::from(&kerberos)).unwrap();
    let actual = read(folder.path()).unwrap();
    assert_eq!(unreadable(&actual), Vec::<String>::new());
    assert_eq!(actual.assignments, Reading::Known(assignments));
    assert_eq!(actual.servers[&server].kerberos, Reading::Known(kerberos));
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let expected =
        ["Assignments.JSON", "SERVERS", "directory.json", "snapshot.json", "topology.xml", "webservices.json"];
    assert_eq!(names, expected, "a file keeps the name it had, and nothing is left behind");
}

#[test]
fn files_cut_off_at_every_byte_never_read_as_something_else() {
    let good = read(folder(&whole()).path()).unwrap();
    let folder = folder(&whole());
    for (name, bytes) in whole() {
        let path = folder.path().join(name);
        for end in 0..bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            let cut = read(folder.path()).unwrap();
            assert_eq!(unreadable(&cut).len(), 1, "{name} cut off at {end}");
            assert_ne!(cut.origin.digest, good.origin.digest, "{name} cut off at {end}");
        }
        fs::write(&path, bytes).unwrap();
    }
}

/// The schemas that are made from the types hold for what the types write.
#[test]
fn what_is_written_is_valid_by_its_schema() {
    fn check<T: serde::Serialize + schemars::JsonSchema>(file: &T) {
        let schema = schemars::schema_for!(T).to_value();
        let file = serde_json::to_value(file).unwrap();
        let errors: Vec<String> =
            jsonschema::validator_for(&schema).unwrap().iter_errors(&file).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{file}");
    }
    let name: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
    let site = "Redmond".parse().unwrap();
    check(&AssignmentsFile::from(&BTreeMap::from([(site, name.clone())])));
    check(&serde_json::from_str::<DescriptionFile>(DESCRIPTION_TEXT).unwrap());
    check(&serde_json::from_str::<KerberosFile>(KERBEROS_TEXT).unwrap());
    check(&serde_json::from_str::<WebServicesFile>(r#"{"identity":"global","useWindowsAuth":"NTLM"}"#).unwrap());
    let holders = SpnEntry { spn: "http/a.b".parse().unwrap(), error: None, holders: vec!["A".to_owned()] };
    check(&DirectoryFile {
        complete: true,
        aes_keys_since: None,
        accounts: [AccountEntry::absent(name.clone()), AccountEntry::unreadable(name, "denied".to_owned())]
            .into_iter()
            .collect(),
        service_principal_names: [holders].into_iter().collect(),
    });
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_out_of_the_folder() {
    let (outside, inside) = (folder(&[]), folder(&[("servers/x", b"")]));
    let server: ServerFqdn = "fe01.contoso.com".parse().unwrap();
    std::os::unix::fs::symlink(outside.path(), inside.path().join("servers/fe01.contoso.com")).unwrap();
    let error = Writer::new(inside.path()).unwrap().application_host(&server, IIS_TEXT).unwrap_err();
    assert!(error.path.ends_with("servers/fe01.contoso.com"), "{error:?}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
