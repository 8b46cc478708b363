//! Accounts, their states and the holders of SPNs.

use crate::scene::{Scene, asking, controller, texts};
use crate::servers::domain_controller::NewAccount;
use cskerb::snapshot;
use serde_json::Value;

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
