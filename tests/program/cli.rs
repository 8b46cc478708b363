//! The command line as a person meets it: exit codes, options, and what it says to mistakes.

use crate::scratch::scratch;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn cskerb(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cskerb")).current_dir(root()).args(arguments).output().unwrap()
}

pub(crate) const CONTOSO: [&str; 4] =
    ["plan", "examples/contoso/deployment.yaml", "--snapshot", "examples/contoso/snapshot"];

fn scenario<'a>(file: &'a str, snapshot: &'a str, more: &[&'a str]) -> Output {
    let mut arguments = vec!["plan", file, "--snapshot", snapshot];
    arguments.extend(more);
    cskerb(&arguments)
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ids of the steps.
fn steps(output: &Output) -> Vec<String> {
    json(output)["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap().to_owned()).collect()
}

/// Runs and compares the exit code and a part of what is said on standard error.
pub(crate) fn check(arguments: &[&str], exit: i32, says: &[&str]) {
    let output = cskerb(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
    for part in says {
        assert!(said.contains(part), "{arguments:?} does not say {part:?}, but:\n{said}");
    }
}

/// Runs `validate` and compares the exit code and a part of what it found, which is its data.
fn check_found(arguments: &[&str], exit: i32, says: &[&str]) {
    let output = cskerb(&[&["validate"], arguments].concat());
    let found = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {found}");
    for part in says {
        assert!(found.contains(part), "{arguments:?} does not find {part:?}, but:\n{found}");
    }
}

#[test]
fn the_documentations_own_case_is_one_copy() {
    let output = cskerb(&[&CONTOSO[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let plan = json(&output);
    let kinds: Vec<&str> =
        plan["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["copy-configuration", "test-assignment"]);
    assert_eq!(
        plan["steps"][0]["commands"][0].as_str().unwrap().replace('\'', ""),
        "Set-CsKerberosAccountPassword -FromComputer fe01.contoso.com -ToComputer dir01.contoso.com \
         -Report copy_dir01.contoso.com.html -Confirm:$false"
    );
    assert_eq!(plan["enableTopology"]["need"], "advisory");
    assert_eq!(
        plan["enableTopology"]["because"][0]["reason"],
        "Microsoft's task page says: \"After making any changes to Kerberos authentication, such as adding an account or \
         removing an account, you must run Enable-CsTopology\""
    );
    assert_eq!(plan["enableTopology"]["because"][0]["step"], "copy:dir01.contoso.com");
}

#[test]
fn differences_change_the_exit_code_only_where_that_is_asked_for() {
    check(&CONTOSO, 0, &[]);
    check(&[&CONTOSO[..], &["--detailed-exitcode"]].concat(), 2, &[]);
    let healthy = ["plan", "tests/scenarios/edge-in-topology/deployment.yaml", "--snapshot"];
    check(&[&healthy[..], &["tests/scenarios/edge-in-topology/snapshot", "--detailed-exitcode"]].concat(), 0, &[]);
    // What could not be read comes before what differs.
    let partial = "tests/scenarios/never-tested/";
    let file = format!("{partial}deployment.yaml");
    let folder = format!("{partial}snapshot");
    check(&["plan", &file, "--snapshot", &folder, "--detailed-exitcode"], 5, &[]);
}

#[test]
fn a_saved_plan_is_the_one_that_is_printed() {
    let folder = scratch();
    let path = folder.path().join("contoso.plan.json");
    let output = cskerb(&[&CONTOSO[..], &["--format", "json", "--out", path.to_str().unwrap()]].concat());
    assert_eq!(std::fs::read(&path).unwrap(), output.stdout);
    let missing = folder.path().join("no/such/folder/plan.json");
    let said = ["plan.json cannot be written: No such file or directory (os error 2)\n"];
    check(&[&CONTOSO[..], &["--out", missing.to_str().unwrap()]].concat(), 1, &said);
}

#[test]
fn a_plan_never_takes_the_place_of_its_deployment_file() {
    let folder = scratch();
    let file = folder.path().join("contoso.yaml");
    std::fs::copy(root().join(CONTOSO[1]), &file).unwrap();
    let file = file.to_str().unwrap();
    check(&["plan", file, "--snapshot", CONTOSO[3], "--out", file], 1, &["would replace the deployment file"]);
    assert_eq!(std::fs::read(file).unwrap(), std::fs::read(root().join(CONTOSO[1])).unwrap());
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_never_replaced() {
    let folder = scratch();
    let device = folder.path().join("device");
    std::os::unix::fs::symlink("/dev/null", &device).unwrap();
    check(&[&CONTOSO[..], &["--out", device.to_str().unwrap()]].concat(), 0, &[]);
    assert_eq!(std::fs::read_link(&device).unwrap(), Path::new("/dev/null"));
    let piped = cskerb(&[&CONTOSO[..], &["--out", "/dev/stdout"]].concat());
    assert!(piped.stdout.starts_with(b"{\n  \"formatVersion\""), "{}", String::from_utf8_lossy(&piped.stdout));
}

#[test]
fn a_scope_narrows_and_says_so() {
    let (file, snapshot) =
        ("tests/scenarios/several-assignments/deployment.yaml", "tests/scenarios/several-assignments/snapshot");
    let scoped = |scope: &[&'static str]| scenario(file, snapshot, &[scope, &["--format", "json"]].concat());
    assert_eq!(steps(&scoped(&["--site", "Oslo"])), ["copy:fe32.contoso.com", "test:Oslo"]);
    assert_eq!(
        steps(&scoped(&["--site", "redmond"])), // in any case
        ["assign:Redmond", "enable-topology", "copy:fe01.contoso.com", "copy:fe02.contoso.com", "test:Redmond"]
    );
    // Dublin shares its account with Munich: a rotation would reach outside.
    let dublin = scoped(&["--site", "Dublin"]);
    assert_eq!(steps(&dublin), [""; 0]);
    assert_eq!(json(&dublin)["findings"][0]["code"], "out-of-scope");
    // A copy into a site that still has to be assigned would leave the rest of the site in an outage.
    let server = scoped(&["--server", "fe01.contoso.com"]);
    assert_eq!(steps(&server), [""; 0]);
    assert_eq!(json(&server)["findings"][0]["code"], "out-of-scope");
    assert_eq!(
        steps(&scoped(&["--site", "Dublin", "--site", "Munich"])),
        [
            "create:CONTOSO\\kerbauth2",
            "assign:Dublin",
            "assign:Munich",
            "enable-topology",
            "rotate:CONTOSO\\kerbauth2",
            "test:Dublin",
            "test:Munich"
        ]
    );
    // What clients notice is of the whole pool.
    let half = "tests/scenarios/half-valid-pool/";
    let (half_file, half_snapshot) = (format!("{half}deployment.yaml"), format!("{half}snapshot"));
    let one = scenario(&half_file, &half_snapshot, &["--server", "fe04.contoso.com"]);
    let said = String::from_utf8_lossy(&one.stdout).into_owned();
    assert!(said.contains("2 of 4 servers valid: about half of the requests get"), "{said}");
    let text = scenario(file, snapshot, &["--pool", "pool03.contoso.com"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("narrowed to pool pool03.contoso.com"));
    check(
        &["plan", file, "--snapshot", snapshot, "--site", "Osl"],
        1,
        &["--site Osl: no site of that name is declared in", "did you mean Oslo?"],
    );
    check(
        &["plan", file, "--snapshot", snapshot, "--server", "fe31"],
        1,
        &["--server \"fe31\" is not a name", "no domain part"],
    );
}

#[test]
fn an_unassignment_outside_the_scope_is_said() {
    let (file, snapshot) = ("tests/scenarios/unassignment/deployment.yaml", "tests/scenarios/unassignment/snapshot");
    let output = scenario(file, snapshot, &["--server", "fe01.contoso.com"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("[out-of-scope] Redmond: its account is to change"), "{said}");
    assert!(!said.contains("what is declared is in place"), "{said}");
    check(&["verify", file, "--snapshot", snapshot, "--server", "fe01.contoso.com"], 2, &[]);
}

#[test]
fn a_plan_says_that_its_file_has_warnings() {
    let folder = scratch();
    let file = folder.path().join("contoso.yaml");
    let yaml = std::fs::read_to_string(root().join("examples/contoso/deployment.yaml")).unwrap();
    std::fs::write(&file, yaml.replace("sites:", "  - name: CONTOSO\\unused\nsites:")).unwrap();
    let file = file.to_str().unwrap();
    let shows = format!("{file}: 1 warning; `cskerb validate {file}` shows them");
    // And nobody asked Active Directory for that account.
    check(&["plan", file, "--snapshot", CONTOSO[3]], 5, &[&shows]);
    assert_eq!(cskerb(&CONTOSO).stderr, b"", "a file without warnings is not remarked on");
}

#[test]
fn json_steers_no_terminal() {
    let folder = scratch();
    let file = folder.path().join("contoso.yaml");
    std::fs::write(&file, "version: 1\nsites:\n  - name: \"moc\\u202Eosotnoc\\x85\"\n    colour: red\n").unwrap();
    let output = cskerb(&["validate", "--format", "json", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(said.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202E}'), "{said}");
    assert!(json(&output).is_object());
    let plan = "tests/scenarios/two-sites-one-account/";
    let yaml = std::fs::read_to_string(root().join(plan).join("deployment.yaml")).unwrap();
    std::fs::write(&file, yaml.replace("name: Dublin", "name: \"moc\\u202Eosotnoc\"")).unwrap();
    let snapshot = format!("{plan}snapshot");
    let output = scenario(file.to_str().unwrap(), &snapshot, &["--format", "json"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("moc\\u202eosotnoc"));
    let sites: Vec<serde_json::Value> = json(&output)["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["subject"]["site"].clone())
        .collect();
    assert!(sites.contains(&"moc\u{202E}osotnoc".into()), "{sites:?}");
}

#[test]
fn a_rotation_is_planned_where_the_operator_asks_and_says_why() {
    let asked = ["--format", "json", "--rotate", "contoso\\KERBAUTH", "--reason", "yearly"];
    let output = scenario(CONTOSO[1], CONTOSO[3], &asked);
    assert_eq!(steps(&output), ["rotate:CONTOSO\\kerbauth", "test:Redmond"]);
    let plan = json(&output);
    assert_eq!(plan["steps"][0]["because"][0], "asked for: yearly");
    assert_eq!(plan["steps"][0]["consent"], "rotation");
    assert_eq!(plan["summary"]["steps"][0]["kind"], "rotate-password");
    check(
        &[&CONTOSO[..], &["--rotate", "CONTOSO\\other", "--reason", "x"]].concat(),
        1,
        &["does not declare that account", "declared: CONTOSO\\kerbauth"],
    );
    check(&[&CONTOSO[..], &["--rotate", "CONTOSO\\kerbauth", "--reason", " "]].concat(), 1, &["--reason is empty"]);
    check(&[&CONTOSO[..], &["--rotate", "CONTOSO\\kerbauth"]].concat(), 1, &["--reason"]);
    let disabled = "tests/scenarios/account-disabled/";
    let (file, snapshot) = (format!("{disabled}deployment.yaml"), format!("{disabled}snapshot"));
    let refused = scenario(&file, &snapshot, &["--format", "json", "--rotate", "CONTOSO\\kerbauth", "--reason", "x"]);
    assert_eq!(steps(&refused), [""; 0]);
}

#[test]
fn mistakes_are_answered_with_what_where_and_what_to_do() {
    check(&["plan", "no/such.yaml", "--snapshot", "x"], 1, &["no/such.yaml cannot be read", "No such file"]);
    check(&["plan", CONTOSO[1], "--snapshot", "no/such"], 1, &["the snapshot folder no/such cannot be read", "help:"]);
    check(
        &["plan", CONTOSO[3], "--snapshot", CONTOSO[1]],
        1,
        &["cannot be read", "a snapshot folder after --snapshot"],
    );
    check(&["plan", "examples/contoso/plan.json", "--snapshot", CONTOSO[3]], 1, &["is a saved plan", "cskerb apply"]);
    let scoped = |kind, name| [&CONTOSO[..], &[kind, name]].concat();
    check(&scoped("--server", "POOL01.contoso.com"), 1, &["help: it is a pool: --pool POOL01.contoso.com"]);
    check(&scoped("--pool", "fe01.contoso.com"), 1, &["help: it is a server: --server fe01.contoso.com"]);
    check(&scoped("--parallel", "0"), 1, &["at least 1"]);
    check_found(&["tests/scenarios/pool-as-source/deployment.yaml"], 3, &["pool-as-server", "deployment.yaml:13:13"]);
    let folder = scratch();
    let typo = folder.path().join("typo.yaml");
    let text = std::fs::read_to_string(root().join(CONTOSO[1])).unwrap().replacen("accounts:", "acounts:", 1);
    std::fs::write(&typo, text).unwrap();
    check_found(&[typo.to_str().unwrap()], 3, &["unknown-key", "acounts", "accounts"]);
}

#[test]
fn a_snapshot_without_one_servers_folder_is_partial_and_names_it() {
    let folder = scratch();
    copy(&root().join(CONTOSO[3]), folder.path());
    std::fs::remove_dir_all(folder.path().join("servers/fe02.contoso.com")).unwrap();
    let output = cskerb(&["plan", CONTOSO[1], "--snapshot", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("fe02.contoso.com, Kerberos configuration: never tested"), "{said}");
    assert!(said.contains("servers/fe02.contoso.com/applicationHost.config is not in the snapshot"), "{said}");
}

#[test]
fn the_schemas_are_those_of_this_version() {
    check(&["schema", "--check"], 0, &[]);
    let folder = scratch();
    let path = folder.path().to_str().unwrap();
    check(&["schema", path], 0, &[]);
    std::fs::write(folder.path().join("plan.schema.json"), "{}").unwrap();
    check(&["schema", path, "--check"], 1, &["plan.schema.json is not as this version writes it", "cskerb schema"]);
}

#[test]
fn plans_fit_their_schema() {
    let schema =
        serde_json::from_str(&std::fs::read_to_string(root().join("schemas/plan.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut checked = 0;
    for parent in ["examples", "tests/scenarios"] {
        for entry in std::fs::read_dir(root().join(parent)).unwrap() {
            let path = entry.unwrap().path().join("plan.json");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let plan = serde_json::from_str(&text).unwrap();
            let errors: Vec<String> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} plans were found");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn markdown_keeps_its_limit_and_names_the_plan_that_json_is() {
    let digest = json(&cskerb(&[&CONTOSO[..], &["--format", "json"]].concat()))["digest"].as_str().unwrap().to_owned();
    for limit in ["65000", "1200", "600"] {
        let output = cskerb(&[&CONTOSO[..], &["--format", "markdown", "--max-bytes", limit]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.len() <= limit.parse().unwrap(), "{limit}: {text}");
        assert!(text.contains(&digest), "{limit}: {text}");
        assert_eq!(
            ["Left out", "left out", "Nothing else"].iter().any(|said| text.contains(said)),
            limit != "65000",
            "{limit}: {text}"
        );
    }
}

#[test]
fn codes_are_explained() {
    let page = cskerb(&["explain", "account-upn"]);
    assert_eq!(page.status.code(), Some(0));
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(
        page.starts_with("account-upn\nAn account is written as name@domain (error of a deployment file).\n"),
        "{page}"
    );
    assert!(page.contains("\nWrong\n\n    version: 1\n") && page.contains("- name: kerbauth@contoso.com\n"), "{page}");
    assert!(String::from_utf8(cskerb(&["explain"]).stdout).unwrap().contains("\n  spn-missing "));
    check(&["explain", "Account-UPN"], 0, &[]);
    check(&["explain", "acount-upn"], 1, &["there is no code \"acount-upn\"", "did you mean account-upn?"]);
    check(&["explain", "E0308"], 1, &["`cskerb explain` lists the codes"]);
    check_found(&["tests/scenarios/pool-as-source/deployment.yaml"], 3, &["`cskerb explain pool-as-server` says more"]);
}

/// Runs with that standard input.
fn piped(arguments: &[&str], input: &str) -> Output {
    let mut run = Command::new(env!("CARGO_BIN_EXE_cskerb"))
        .current_dir(root())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    run.wait_with_output().unwrap()
}

#[test]
fn validate_reads_several_files_and_standard_input_and_speaks_every_format() {
    const WARNED: &str = "version: 1\nsites: [{ name: no }]\n";
    let good = CONTOSO[1];
    let wrong = "tests/scenarios/pool-as-source/deployment.yaml";
    for (format, part) in [
        ("json", "\"code\": \"pool-as-server\""),
        ("sarif", "\"uri\": \"tests/scenarios/pool-as-source/deployment.yaml\""),
        ("github", "::error file=tests/scenarios/pool-as-source/deployment.yaml,line=13,"),
        ("junit", "<failure type=\"pool-as-server\""),
    ] {
        let output = cskerb(&["validate", good, wrong, "--format", format]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(3), "{format}");
        assert!(said.contains(part), "{format}: {said}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{format}: data goes to standard output only");
    }
    let warned = piped(&["validate", "-"], WARNED);
    assert_eq!(warned.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&warned.stdout).contains("-: 1 warning\n"));
    assert_eq!(String::from_utf8_lossy(&warned.stderr), "", "what was found is the data of this verb");
    let denied = piped(&["validate", "-", "--deny", "warnings"], WARNED);
    assert_eq!(denied.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&denied.stderr).contains("warnings are denied"));
    check_found(&[good, "--deny", "warnings"], 0, &["1 note"]); // a note is no warning
    check(&["validate", "-", "-"], 1, &["standard input is named twice"]);
    check(&["validate", "no/such.yaml", wrong, "no/other.yaml"], 1, &["no/such.yaml", "no/other.yaml"]);
    check_found(&["no/such.yaml", wrong, "no/other.yaml"], 1, &["pool-as-server"]);
}

/// The schema that the first line of a file names, where an editor looks for it: beside the file.
fn named_schema(file: &Path) -> PathBuf {
    let text = std::fs::read_to_string(file).unwrap();
    let named = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=");
    file.parent().unwrap().join(named.unwrap_or_else(|| panic!("{} names no schema", file.display())))
}

#[test]
fn editors_find_the_schema_that_a_file_names() {
    let schema = root().join("schemas/deployment.schema.json").canonicalize().unwrap();
    for parent in ["examples", "tests/scenarios"] {
        for entry in std::fs::read_dir(root().join(parent)).unwrap() {
            let file = entry.unwrap().path().join("deployment.yaml");
            assert_eq!(named_schema(&file).canonicalize().unwrap(), schema, "{}", file.display());
        }
    }
    // A first file, and the schema where `cskerb schema` writes it.
    let folder = scratch();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_cskerb")).current_dir(folder.path()).args(arguments).output().unwrap()
    };
    let first = folder.path().join("contoso.yaml");
    std::fs::write(&first, run(&["init", root().join(CONTOSO[3]).to_str().unwrap()]).stdout).unwrap();
    run(&["schema"]);
    assert_eq!(std::fs::read(named_schema(&first)).unwrap(), std::fs::read(schema).unwrap());
}

#[test]
fn status_shows_who_is_valid_and_who_said_so() {
    let contoso = ["status", "examples/contoso/deployment.yaml", "--snapshot", "examples/contoso/snapshot"];
    let text = String::from_utf8(cskerb(&contoso).stdout).unwrap();
    for part in ["Redmond   CONTOSO\\kerbauth, as declared", "valid     3 servers: fe01", "test 90 minutes old"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let status = json(&cskerb(&[&contoso[..], &["--format", "json"]].concat()));
    let director = &status["sites"][0]["pools"][1]["servers"][0];
    assert_eq!((&director["kerberos"]["state"], &director["kerberos"]["by"]), (&"invalid".into(), &"test".into()));
    check(
        &["status", "tests/rules/account-upn/wrong.yaml", "--snapshot", "examples/contoso/snapshot"],
        3,
        &["account-upn"],
    );
}

#[test]
fn a_script_is_ascii_and_off() {
    let output = cskerb(&[&CONTOSO[..], &["--format", "powershell"]].concat());
    assert!(output.stdout.is_ascii());
    assert!(String::from_utf8(output.stdout).unwrap().contains("\n$Apply = $false "));
}
