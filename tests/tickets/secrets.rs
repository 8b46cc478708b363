//! No password, key or ticket is in anything that the program leaves, however much it is asked to tell.

use crate::servers::relay::Relay;
use crate::servers::web_server::Setup;
use crate::stage::{PASSWORD, Said, Stage, at, run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many bytes in a row give a message away.
const PIECE: usize = 12;

/// What must be found nowhere.
#[derive(Default)]
struct Secrets {
    /// Whole: passwords.
    texts: Vec<Vec<u8>>,
    /// Every piece of keys, tickets and messages, as it is, in hexadecimal digits and in base64.
    pieces: HashSet<Vec<u8>>,
}

impl Secrets {
    fn password(&mut self, password: &str) {
        let utf16: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [password.as_bytes(), &utf16] {
            self.texts.extend([bytes.to_vec(), hex(bytes).into_bytes()]);
            // Wherever it begins: the last digits depend on what follows.
            self.texts.extend((0..3).map(|before| {
                let shifted = STANDARD.encode([&b"   "[..before], bytes].concat());
                shifted.as_bytes()[4.min(before * 4)..(before + bytes.len()) * 4 / 3].to_vec()
            }));
        }
    }

    fn message(&mut self, bytes: &[u8]) {
        // Names stand in tickets as they do in what the program says, and zeros say nothing.
        let telling = |length| {
            bytes.windows(length).filter(|piece| {
                !piece.iter().all(|byte| (b' '..=b'~').contains(byte)) && piece.iter().any(|byte| *byte != piece[0])
            })
        };
        self.pieces.extend(telling(PIECE).map(<[u8]>::to_vec));
        self.pieces.extend(telling(PIECE / 2).map(|piece| hex(piece).into_bytes()));
        for start in 0..bytes.len().min(3) {
            let encoded = STANDARD.encode(&bytes[start..]);
            self.pieces.extend(encoded.as_bytes().windows(PIECE).map(<[u8]>::to_vec));
        }
    }

    /// The keys of a keytab.
    fn keytab(&mut self, file: &Path) {
        let listed = run(Command::new("klist").args(["-k", "-K", "-t"]).arg(file), "");
        let keys: Vec<&str> = listed.split("(0x").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(!keys.is_empty(), "{} has keys: {listed}", file.display());
        for key in keys {
            let bytes: Vec<u8> =
                (0..key.len() / 2).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
            self.message(&bytes);
        }
    }

    /// The tokens of HTTP that a relay heard.
    fn tokens(&mut self, heard: &[u8]) -> usize {
        let heard = String::from_utf8_lossy(heard);
        let tokens = heard.split("Negotiate ").skip(1).filter_map(|rest| rest.split_whitespace().next());
        tokens.map(|token| self.message(&STANDARD.decode(token).unwrap())).count()
    }

    fn assert_none(&self, what: &str, bytes: &[u8]) {
        let shown = || String::from_utf8_lossy(bytes).into_owned();
        for text in &self.texts {
            let found = bytes.windows(text.len()).any(|window| window == text);
            assert!(!found, "{what} has a password as {:?}:\n{}", String::from_utf8_lossy(text), shown());
        }
        let lower = bytes.to_ascii_lowercase();
        let found = bytes.windows(PIECE).chain(lower.windows(PIECE)).find(|window| self.pieces.contains(*window));
        assert!(
            found.is_none(),
            "{what} has {:?} of a key or a ticket:\n{}",
            found.map(String::from_utf8_lossy),
            shown()
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Runs of every kind, with all that they leave in files below `left`.
struct Runs<'s> {
    stage: &'s Stage,
    krb5_conf: PathBuf,
    web: Relay,
    said: Vec<Said>,
}

impl Runs<'_> {
    /// Runs the program with all passwords in its environment and everything traced; what was said comes to the others.
    fn run(&mut self, arguments: &[&str], password: Option<&str>) -> &Said {
        let mut command = self.stage.program();
        command.current_dir(self.stage.folder.path()).args(arguments).env("KRB5_CONFIG", &self.krb5_conf);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("KRB5CCNAME", "own.cache");
        if let Some(password) = password {
            command.env("CSKERB_TICKET_PASSWORD", password).env("CSKERB_DIRECTORY_PASSWORD", password);
        }
        self.said.push(Said::of(command.output().unwrap()));
        self.said.last().unwrap()
    }

    fn verify(&mut self, more: &[&str], password: Option<&str>) -> &Said {
        let resolve = self.stage.resolve(&[self.web.address]);
        let mut arguments = vec!["verify", "deployment.yaml", "--snapshot", "left/snapshot", "--tickets"];
        arguments.extend(["--scheme", "http", "-vv"]);
        arguments.extend(resolve.iter().map(String::as_str).chain(more.iter().copied()));
        self.run(&arguments, password)
    }
}

#[test]
fn nothing_secret_is_left_anywhere() {
    let Some(stage) = Stage::new("secret") else { return };
    stage.create_account(Some("first-Pa55word"), &[]);
    let keytab = stage.current_keys("keytab");
    let Some(web) = stage.web_server(&Setup::with(&keytab)) else { return };
    stage.deployment(1, None);
    // Everything that goes to the KDC and to the web server is heard.
    let kdc = Relay::to(stage.controller.at(88));
    let krb5_conf = stage.at("krb5.conf");
    let text = fs::read_to_string(stage.controller.krb5_conf()).unwrap();
    fs::write(&krb5_conf, text.replace(&stage.controller.at(88).to_string(), &kdc.address.to_string())).unwrap();
    fs::write(stage.at("password"), format!("{PASSWORD}\n")).unwrap();
    fs::create_dir(stage.at("left")).unwrap();
    let mut kinit = Command::new("kinit");
    kinit.args(["-k", "-t"]).arg(stage.at("user.keytab")).arg(stage.user());
    run(kinit.env("KRB5_CONFIG", &krb5_conf).env("KRB5CCNAME", stage.at("own.cache")), "");
    let mut runs = Runs { stage: &stage, krb5_conf, web: Relay::to(at(&web)), said: Vec::new() };

    let wrong = "Wr0ng-one-of-alice-8";
    let server = format!("ldaps://{}", stage.controller.ip());
    let (ca, bind) = (stage.controller.ca_file().display().to_string(), format!("{}@contoso.com", stage.user()));
    let resolve = stage.resolve(&[runs.web.address]);
    let mut collect = vec!["collect", "deployment.yaml", "--out", "left/snapshot", "--tickets", "--scheme", "http"];
    collect.extend(["--directory", &server, "--ca-file", &ca, "--bind-as", &bind, "-vv"]);
    collect.extend(resolve.iter().map(String::as_str));
    assert_eq!(runs.run(&collect, Some(PASSWORD)).code, Some(0));
    assert_eq!(runs.run(&collect, Some(wrong)).code, Some(5));
    let valid = "1 of 1 servers proved valid by ticket";
    assert!(runs.verify(&[], None).err.contains(valid));
    assert!(runs.verify(&["--keytab", "user.keytab", "--metrics", "left/metrics"], None).err.contains(valid));
    let by_password = ["--principal", "secret-user"];
    assert!(runs.verify(&by_password, Some(PASSWORD)).err.contains(valid));
    assert_eq!(runs.verify(&by_password, Some(wrong)).code, Some(1));
    let by_file = ["--principal", "secret-user", "--ticket-password-file", "password"];
    assert!(runs.verify(&by_file, None).err.contains(valid));
    runs.run(&["plan", "deployment.yaml", "--snapshot", "left/snapshot", "--out", "left/plan.json"], Some(PASSWORD));
    // A journal, though no run of the program that asks for a ticket writes one.
    runs.run(&["lab", "new", "deployment.yaml", "left/lab"], Some(PASSWORD));
    runs.run(&["lab", "break", "left/lab", "--enable-topology-forgotten", "Redmond"], Some(PASSWORD));
    let applied =
        runs.run(&["apply", "deployment.yaml", "--lab", "left/lab", "--yes", "--enable-topology"], Some(PASSWORD));
    assert_eq!(applied.code, Some(0), "{}", applied.err);

    let mut secrets = Secrets::default();
    for password in [PASSWORD, wrong] {
        secrets.password(password);
    }
    for file in [&stage.at("user.keytab"), &keytab] {
        secrets.keytab(file);
    }
    assert!(secrets.tokens(&runs.web.heard()) >= 10, "tokens both ways of five exchanges");
    secrets.message(&kdc.heard());
    let traced = runs.said.iter().map(|said| said.err.as_str()).collect::<String>();
    for told in ["  tickets: ", "  directory: ", "  rustls: ", "  libkrb5: ", "with a token of ", "until 20"] {
        assert!(traced.contains(told), "the trace tells of {told:?}");
    }
    assert!(traced.contains("encrypted ("), "libkrb5's messages come by their length only");
    for said in &runs.said {
        secrets.assert_none("standard output", said.out.as_bytes());
        secrets.assert_none("standard error", said.err.as_bytes());
    }
    let left = files(&stage.at("left"));
    for name in ["kerberos.json", "directory.json", "plan.json", "metrics", "journal"] {
        assert!(left.iter().any(|file| file.display().to_string().contains(name)), "{name} was left: {left:?}");
    }
    for file in left {
        secrets.assert_none(&file.display().to_string(), &fs::read(&file).unwrap());
    }
}

#[test]
fn what_is_secret_would_be_found() {
    let mut secrets = Secrets::default();
    secrets.password("Pa55-of-alice-7");
    secrets.message(&(0..64).map(|byte: u8| byte.wrapping_mul(37)).collect::<Vec<u8>>());
    let bytes: Vec<u8> = (0..64).map(|byte: u8| byte.wrapping_mul(37)).collect();
    let utf16: Vec<u8> = "Pa55-of-alice-7".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let leaks = [
        b"x Pa55-of-alice-7 y".to_vec(),
        STANDARD.encode("Pa55-of-alice-7").into_bytes(),
        STANDARD.encode("alice:Pa55-of-alice-7").into_bytes(),
        utf16.clone(),
        STANDARD.encode(&utf16).into_bytes(),
        format!("key {}", hex(&bytes[3..20]).to_uppercase()).into_bytes(),
        format!("token {}", STANDARD.encode(&bytes[8..40])).into_bytes(),
        [&b"raw "[..], &bytes[40..60]].concat(),
    ];
    for leak in leaks {
        let found = std::panic::catch_unwind(|| secrets.assert_none("it", &leak));
        assert!(found.is_err(), "{}", String::from_utf8_lossy(&leak));
    }
    secrets.assert_none("it", b"nothing of the kind");
}
