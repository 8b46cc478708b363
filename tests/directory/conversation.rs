//! One conversation by itself: bases, logins and silence.

use crate::scene::{PASSWORD, controller};
use crate::servers::authority::Authority;
use crate::servers::domain_controller::{DOMAIN_DN, DomainController};
use crate::servers::relay::Relay;
use cskerb::live::directory::{
    Connection, Depth, DirectoryError, Login, Phase, Search, Secret, ServerAddress, Trouble,
};
use cskerb::live::trust::Trust;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
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

/// What StartTLS comes to with a server that answers this, and then keeps silent or goes away.
fn start_tls(answer: &'static [u8], goes: bool) -> DirectoryError {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut request = [0; 256];
        let length = client.read(&mut request).unwrap();
        assert!(request[..length].ends_with(b"1.3.6.1.4.1.1466.20037"), "it asks for StartTLS");
        client.write_all(answer).unwrap();
        while !goes && client.read(&mut request).is_ok_and(|length| length > 0) {}
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    Authority::new("Any").write(file.path());
    let server = ServerAddress::parse(&url, true).unwrap();
    Connection::open(&server, &Trust::file(file.path()).unwrap(), Duration::from_secs(2)).err().unwrap()
}

#[test]
fn a_server_that_grants_no_start_tls_or_answers_by_half_is_told() {
    // As Active Directory does without a certificate.
    let refused = start_tls(b"\x30\x16\x02\x01\x01\x78\x11\x0a\x01\x34\x04\x00\x04\x0aError init", false);
    assert_eq!(refused.phase, Phase::StartTls);
    assert!(refused.to_string().ends_with("the server grants no TLS (result 52: Error init)"), "{refused}");
    assert!(refused.hint().contains("does the domain controller have a certificate"), "{}", refused.hint());
    let half = b"\x30\x16\x02\x01\x01\x78";
    let waits = start_tls(half, false);
    assert_eq!((waits.phase, waits.trouble), (Phase::StartTls, Trouble::TimedOut(Duration::from_secs(2))));
    let gone = start_tls(half, true);
    assert_eq!((gone.phase, gone.trouble), (Phase::StartTls, Trouble::Closed));
    let garbage = start_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n", false);
    assert_eq!(garbage.phase, Phase::StartTls);
    // Granted, and then no TLS comes.
    let silent = start_tls(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00", false);
    assert_eq!(silent.trouble, Trouble::TimedOut(Duration::from_secs(2)));
}
