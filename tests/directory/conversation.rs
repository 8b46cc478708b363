//! One conversation by itself: bases, logins and silence.

use crate::scene::{PASSWORD, controller};
use crate::servers::domain_controller::{DOMAIN_DN, DomainController};
use crate::servers::relay::Relay;
use cskerb::live::directory::{Connection, Depth, Login, Phase, Search, Secret, ServerAddress, Trouble};
use cskerb::live::trust::Trust;
use std::time::{Duration, Instant};

fn open(controller: &DomainController, host: &str) -> Connection {
    let server = ServerAddress::parse(host, false).unwrap();
    let trust = Trust::file(&controller.ca_file()).unwrap();
    Connection::open(&server, &trust, Duration::from_secs(10)).unwrap()
}

fn auditor() -> Login {
    Login::Simple { name: "auditor@contoso.com".into(), password: Secret::new(PASSWORD.into()).unwrap() }
}

#[test]
fn an_unknown_base_and_a_missing_login_are_told() {
    let Some(controller) = controller() else { return };
    let mut connection = open(controller, &format!("ldaps://{}", controller.ip()));
    let base = format!("OU=nowhere,{DOMAIN_DN}");
    let search = Search { base: &base, depth: Depth::Tree, filter: "(cn=a)", attributes: &["cn"] };
    let nobody = connection.search(&search).unwrap_err();
    assert!(matches!(nobody.trouble, Trouble::Result { code: 1, .. }), "{nobody}");
    connection.bind(&auditor()).unwrap();
    let error = connection.search(&search).unwrap_err();
    assert_eq!((error.phase, &error.trouble), (Phase::Search, &Trouble::NoSuchBase(base.clone())));
    assert!(error.to_string().contains(&format!("there is no {base}")), "{error}");
}

#[test]
fn a_server_that_falls_silent_ends_the_login_and_the_search_within_the_timeout() {
    let Some(controller) = controller() else { return };
    let check = |phase: Phase| {
        let relay = Relay::to(controller.at(636));
        let server = ServerAddress::parse(&format!("ldaps://{}", relay.address), false).unwrap();
        let trust = Trust::file(&controller.ca_file()).unwrap();
        let mut connection = Connection::open(&server, &trust, Duration::from_millis(700)).unwrap();
        if phase == Phase::Search {
            connection.bind(&auditor()).unwrap();
        }
        relay.fall_silent();
        let begun = Instant::now();
        let search = Search { base: "", depth: Depth::Entry, filter: "(objectClass=*)", attributes: &["cn"] };
        let error = match phase {
            Phase::Search => connection.search(&search).map(|_| ()).unwrap_err(),
            _ => connection.bind(&auditor()).unwrap_err(),
        };
        assert_eq!((error.phase, &error.trouble), (phase, &Trouble::TimedOut(Duration::from_millis(700))));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    };
    check(Phase::Bind);
    check(Phase::Search);
}
