//! A login to the directory with the Kerberos ticket that the user has, where the program was built with it:
//! `cargo test --features gssapi --test gssapi`.

#![cfg(feature = "gssapi")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its servers shall fail")]

mod servers;

use servers::domain_controller::DomainController;
use std::fs;
use std::process::Command;

#[test]
fn the_users_own_ticket_logs_in_over_ldaps_and_starttls() {
    let Some(controller) = DomainController::shared() else { return };
    controller.create_user("holder", "Pa55-of-holder-7");
    controller.create_computer("gss", "Gss-pass-1", &["http/gss.contoso.com"]);
    controller.samba_tool(&["spn", "add", "ldap/dc1.contoso.com", "DC1$"]);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    controller.export_keytab("holder", &at("keytab"));
    fs::write(at("hosts"), format!("{} dc1.contoso.com\n", controller.ip())).unwrap();
    let deployment = "version: 1\nproduct: sfb-2019\naccounts:\n  - { name: 'CONTOSO\\gss', encryption: [aes256] }\n\
                      sites:\n  - name: Redmond\n    account: 'CONTOSO\\gss'\n    pools:\n      \
                      - { fqdn: gss.contoso.com, role: front-end, servers: [fe01.contoso.com] }\n";
    fs::write(at("contoso.yaml"), deployment).unwrap();
    // The name must be known, and the machine's own file stays as it is.
    let collect = |script: &str, directory: &[&str]| {
        let script = format!("mount --bind hosts /etc/hosts || exit 77; {script}; exec \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script, "collect", env!("CARGO_BIN_EXE_cskerb"), "collect", "contoso.yaml"]);
        command.args(["--out", "out", "--ca-file"]).arg(controller.ca_file()).arg("--directory").args(directory);
        command.current_dir(folder.path()).env("KRB5_CONFIG", controller.krb5_conf()).env("KRB5CCNAME", at("cache"));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = collect(":", &["ldaps://dc1.contoso.com"]);
    if code == Some(77) {
        eprintln!("skipped: no mount namespace is allowed here");
        return;
    }
    assert!(said.contains("your Kerberos ticket did not do") && said.contains("run kinit"), "{said}");
    for directory in [&["ldaps://dc1.contoso.com"][..], &["ldap://dc1.contoso.com", "--starttls"]] {
        let (code, said) = collect("kinit -k -t keytab holder", directory);
        assert_eq!((code, said.contains("2 of 2 accounts and SPNs read")), (Some(0), true), "{said}");
    }
}
