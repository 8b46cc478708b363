//! Many servers, of which some never answer.

use crate::servers::web_server::Setup;
use crate::stage::Stage;
use std::net::SocketAddr;

#[test]
fn silent_servers_delay_the_others_by_less_than_one_timeout() {
    const SILENT: usize = 50;
    const ANSWERING: usize = 30;
    let Some(stage) = Stage::new("dead") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup { addresses: ANSWERING, ..Setup::with(&keytab) }) else { return };
    // They accept, by the kernel's queue, and never answer. They come first, so they get every place first.
    let silent: Vec<std::net::TcpListener> =
        (0..SILENT).map(|_| std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    let mut addresses: Vec<SocketAddr> = silent.iter().map(|silent| silent.local_addr().unwrap()).collect();
    addresses.extend(web.addresses().into_iter().map(|address| SocketAddr::from((address, web.port()))));
    stage.deployment(addresses.len(), None);
    stage.snapshot(None);
    // Ten times the patience that a silent server is given: 50 of them take 16 places four times over.
    let said = stage.verify(&addresses, &["--ticket-timeout", "8s", "--ticket-parallel", "16"]);
    let order: Vec<&str> = said.err.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let first_given_up = order.iter().position(|word| *word == "unreachable").unwrap();
    assert_eq!(order.iter().filter(|word| **word == "unreachable").count(), SILENT, "{}", said.err);
    assert!(order[..first_given_up].iter().all(|word| *word == "valid"), "{}", said.err);
    assert_eq!(first_given_up, ANSWERING, "all others answered before one timeout was over\n{}", said.err);
    assert!(said.err.contains("no answer within 8 s to the request"), "{}", said.err);
}
