//! What proving many servers costs beside as many bare exchanges.
//!
//! `cargo test --release --test tickets -- --ignored --nocapture three_hundred`

use crate::servers::web_server::Setup;
use crate::stage::Stage;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cskerb::live::tickets::{self, Initial, Platform, Security, Settings, Step, Target, Ticket};
use cskerb::model::Verdict;
use cskerb::plan::Scope;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PARALLEL: usize = 32;
const ROUNDS: usize = 40;

/// In the program's way and in bare exchanges by turns.
#[test]
#[ignore = "a benchmark: it wants a quiet machine"]
fn three_hundred_servers_take_little_more_than_as_many_bare_exchanges() {
    let Some(stage) = Stage::new("many") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup { addresses: 300, ..Setup::with(&keytab) }) else { return };
    stage.deployment(300, None);
    stage.snapshot(None);
    let addresses: Vec<String> = web.addresses().iter().map(ToString::to_string).collect();
    fs::write(stage.at("addresses"), addresses.join("\n")).unwrap();
    // krb5.conf is named by the environment, which a process cannot change soundly once it has threads.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "--nocapture", "race::bare_and_whole_by_turns"]);
    child.env("KRB5_CONFIG", stage.controller.krb5_conf()).env("CSKERB_RACE", stage.folder.path());
    assert!(child.status().unwrap().success());
}

#[test]
#[ignore = "a part of the benchmark above, which starts it"]
fn bare_and_whole_by_turns() {
    let Some(folder) = std::env::var_os("CSKERB_RACE").map(PathBuf::from) else { return };
    let loaded = cskerb::deployment::load("deployment.yaml", &fs::read(folder.join("deployment.yaml")).unwrap());
    let deployment = loaded.deployment.unwrap();
    let actual = cskerb::snapshot::read(&folder.join("snapshot")).unwrap();
    let targets = tickets::of_deployment(&deployment, &actual, &Scope::default());
    let addresses = fs::read_to_string(folder.join("addresses")).unwrap();
    let addresses: Vec<IpAddr> = addresses.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(targets.len(), addresses.len());
    let timed = |run: &dyn Fn(&Platform)| {
        let begun = Instant::now();
        let initial = Initial::Keytab { file: folder.join("user.keytab"), principal: None };
        run(&Platform::new(&initial).unwrap());
        begun.elapsed()
    };
    let bare = |security: &Platform| bare(security, &targets[0].names[0].host, &addresses);
    let whole = |security: &Platform| whole(security, &targets, &addresses);
    let (mut bares, mut wholes) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        // Now the one begins, now the other.
        let (bare, whole) = if round % 2 == 0 {
            let bare = timed(&bare);
            (bare, timed(&whole))
        } else {
            let whole = timed(&whole);
            (timed(&bare), whole)
        };
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        println!("round {round}: bare {bare:.1?}, whole {whole:.1?}, {ratio:.2} times");
        // The first round warms the servers up.
        if round > 0 {
            bares.push(bare);
            wholes.push(whole);
        }
    }
    let all = wholes.iter().sum::<Duration>().as_secs_f64() / bares.iter().sum::<Duration>().as_secs_f64();
    let least = |times: &[Duration]| times.iter().min().copied().unwrap();
    let ratio = |whole: Duration, bare: Duration| whole.as_secs_f64() / bare.as_secs_f64();
    let (whole, bare) = (median(&wholes), median(&bares));
    let (median, least) = (ratio(whole, bare), ratio(least(&wholes), least(&bares)));
    println!(
        "{} servers, {PARALLEL} at a time, {ROUNDS} rounds: proved in {whole:.1?}, bare exchanges in {bare:.1?} (medians); \
         {median:.2} times as long, {all:.2} (all rounds together), {least:.2} (least)",
        addresses.len()
    );
    assert!(median < 1.2, "{median}");
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

/// The program's own way.
fn whole(security: &Platform, targets: &[Target], addresses: &[IpAddr]) {
    let settings = Settings {
        tls: None,
        port: 80,
        path: tickets::DEFAULT_PATH.to_owned(),
        addresses: targets.iter().zip(addresses).map(|(target, at)| (target.server.clone(), (*at, None))).collect(),
        parallel: PARALLEL,
        timeout: Duration::from_mins(1),
    };
    let proofs = tickets::prove(security, targets, &settings, &mut |_| {});
    assert!(proofs.iter().all(|proof| proof.verdict() == Verdict::Valid));
    assert_eq!(proofs.len(), addresses.len());
}

/// As many exchanges, and nothing else.
fn bare(security: &Platform, host: &str, addresses: &[IpAddr]) {
    let ticket = security.ticket(host).unwrap();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while let Some(address) = addresses.get(next.fetch_add(1, Ordering::Relaxed)) {
                    exchange(security, &ticket, host, *address);
                }
            });
        }
    });
}

fn exchange(security: &Platform, ticket: &Ticket, host: &str, address: IpAddr) {
    let mut stream = TcpStream::connect((address, 80)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut context = security.context(ticket, None).unwrap();
    let Step::Send(token) = context.step(None).unwrap() else { panic!("no token") };
    let token = STANDARD.encode(token);
    let path = tickets::DEFAULT_PATH;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Negotiate {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 8192];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let n = stream.read(&mut piece).unwrap();
        assert!(n > 0, "an answer that ends in the middle");
        answer.extend_from_slice(&piece[..n]);
    }
    let answer = String::from_utf8_lossy(&answer);
    let token = answer.split("Negotiate ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert!(matches!(context.step(Some(&STANDARD.decode(token).unwrap())), Ok(Step::Mutual)));
}
