//! A forest of several domains, and more holders than a page has.

use crate::scene::{PASSWORD, Scene, asking, controller, texts};
use crate::servers::domain_controller::{DOMAIN_DN, DomainController};
use crate::servers::relay::Relay;
use std::fmt::Write as _;

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
