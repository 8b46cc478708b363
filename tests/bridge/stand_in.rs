//! A process that stands in for PowerShell.
//!
//! It takes the bootstrap apart as PowerShell would be told it, compares the script's digest, greets, and answers each
//! request by the lab's console, but for what it is to do wrong.

use crate::mischief::{DIE, LET_GO, Mischief};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cskerb::lab::{ConsoleCall, ConsoleEnd, ConsoleError, ConsoleReply, Lab};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::Duration;

/// The variables that its wrapper sets: the lab, the folder of its mischief, and PowerShell's own arguments.
pub(crate) const LAB: &str = "CSKERB_STAND_IN_LAB";
pub(crate) const MISCHIEF: &str = "CSKERB_STAND_IN_MISCHIEF";
pub(crate) const ARGUMENTS: &str = "CSKERB_STAND_IN_ARGUMENTS";

/// What must be found nowhere; `hunter2` stands for the secret itself.
const SECRET: &str = "<a userPassword=\"hunter2\" b='[enc:P:hunter2:enc]'/>";

struct Shell {
    lab: Lab,
    mischief: PathBuf,
    marker: String,
    server: Option<String>,
}

pub(crate) fn play() {
    let folder = |name: &str| PathBuf::from(std::env::var_os(name).unwrap());
    let arguments = std::env::var(ARGUMENTS).unwrap();
    let marker = boot(&arguments, &mut io::stdin().lock());
    let mut shell = Shell { lab: Lab::open(&folder(LAB)).unwrap(), mischief: folder(MISCHIEF), marker, server: None };
    let mut greeting = json!({
        "protocol": 1, "powerShell": "5.1.17763.1", "fqdn": "console.contoso.com", "process": std::process::id()
    });
    let mischief = Mischief::taken(&shell.mischief, "greeting");
    shell.before(mischief);
    if mischief == Some(Mischief::AnotherNumber) {
        greeting["protocol"] = json!(2);
    }
    shell.after(mischief, greeting);
    loop {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).unwrap() == 0 {
            return;
        }
        assert!(line.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)), "a request is ASCII: {line}");
        let request: Value = serde_json::from_str(&line).unwrap();
        shell.answer(&request);
    }
}

/// Does what the bootstrap says: reads the script, and runs it only as it was sent.
fn boot(arguments: &str, input: &mut impl BufRead) -> String {
    let words: Vec<&str> = arguments.split(' ').collect();
    for needed in ["-NoProfile", "-NonInteractive", "-InputFormat", "None", "-EncodedCommand"] {
        assert!(words.contains(&needed), "{needed} in {arguments}");
    }
    let bytes = BASE64.decode(words.last().unwrap()).unwrap();
    let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let bootstrap = String::from_utf16(&units).unwrap();
    let quoted = |after: &str| {
        let (_, rest) = bootstrap.split_once(after).unwrap();
        rest.split('\'').nth(1).unwrap().to_owned()
    };
    let (marker, digest) = (quoted("-cne "), quoted("$h -cne "));
    let mut script = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(input.read_line(&mut line).unwrap(), 0, "the script ends with the marker");
        if line.trim_end() == marker {
            break;
        }
        script += &line;
    }
    let found = Sha256::digest(script.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02X}").unwrap();
        text
    });
    assert_eq!(found, digest);
    marker
}

impl Shell {
    fn write(&self, reply: &Value) {
        write_text(&format!("\n{} {reply}\n", self.marker));
    }

    fn answer(&mut self, request: &Value) {
        let id = request["id"].as_u64().unwrap();
        let call = request["call"].as_str().unwrap();
        let location = request["arguments"]["Location"].as_str().unwrap_or("=").replace('/', "|");
        let mischief = Mischief::taken(&self.mischief, call)
            .or_else(|| Mischief::taken(&self.mischief, &format!("{call}@{}", &location[1..])));
        self.before(mischief);
        let reply = match mischief.and_then(|what| instead(id, what)) {
            Some(reply) => reply,
            None if call == "connect" => self.connect(id, request, mischief),
            None => reply(id, &self.lab.console(&self.call(request))),
        };
        self.after(mischief, reply);
    }

    /// What goes wrong before anything is done.
    fn before(&self, mischief: Option<Mischief>) {
        match mischief {
            Some(Mischief::HangBefore) => hang(),
            Some(Mischief::DieBefore) => die(),
            Some(Mischief::DieTelling) => {
                write_text(&format!("{SECRET}\n"));
                io::stderr().write_all(format!("{SECRET}\n").as_bytes()).unwrap();
                die_silently();
            }
            Some(Mischief::Slow) => std::thread::sleep(Duration::from_millis(300)),
            Some(Mischief::Linger) => {
                let told = loop {
                    match std::fs::read_to_string(self.mischief.join(LET_GO)) {
                        Ok(told) => break told,
                        Err(_) if !self.mischief.exists() => die(), // the test is over
                        Err(_) => std::thread::sleep(Duration::from_millis(20)),
                    }
                };
                if told == DIE {
                    die();
                }
            }
            _ => {}
        }
    }

    /// Gives the reply to what was done, or something else.
    fn after(&self, mischief: Option<Mischief>, mut reply: Value) {
        match mischief {
            Some(Mischief::HangAfter) => hang(),
            Some(Mischief::DieAfter) => die(),
            Some(Mischief::Babble) => loop {
                write_text(&"cskerb-0000 {\"id\":1,\"ended\":\"completed\"}\n".repeat(1000));
            },
            Some(Mischief::Endless) => {
                write_text(&format!("\n{} {{\"id\":1,\"output\":\"", self.marker));
                loop {
                    write_text(&"x".repeat(1 << 20));
                }
            }
            Some(Mischief::NotUtf8) => {
                let mut output = io::stdout().lock();
                output.write_all(format!("\n{} ", self.marker).as_bytes()).unwrap();
                output.write_all(b"{\"id\":\xff\xfe}\n").unwrap();
                return output.flush().unwrap();
            }
            Some(Mischief::HalfALine) => {
                let line = format!("\n{} {reply}\n", self.marker);
                write_text(&line[..line.len() / 2]);
                die();
            }
            Some(Mischief::NoJson) => return write_text(&format!("\n{} {{nothing\n", self.marker)),
            Some(Mischief::AnotherNumber) if reply.get("id").is_some() => {
                reply["id"] = json!(reply["id"].as_u64().unwrap() + 7);
            }
            Some(Mischief::Twice) => self.write(&reply),
            Some(Mischief::Stray) => {
                let mut output = io::stdout().lock();
                output.write_all(b"\xef\xbb\xbfWARNUNG: \xc4rger\r\n\x07Fortschritt 50% ohne Zeilenende").unwrap();
            }
            Some(what @ (Mischief::ComplainAfter | Mischief::ThrowAfter)) => {
                reply["ended"] = json!(if what == Mischief::ThrowAfter { "threw" } else { "completed" });
                reply["errors"] = failed(0, "Complained,X", "NotSpecified", "it complains", None)["errors"].clone();
            }
            Some(Mischief::Tell) => {
                write_text(&format!("{SECRET}\n"));
                reply["warnings"] = json!([SECRET]);
                reply["remarks"] = json!([SECRET]);
                reply["errors"] = failed(0, SECRET, "NotSpecified", SECRET, None)["errors"].clone();
                reply["report"] = json!(BASE64.encode(SECRET));
            }
            Some(Mischief::Behind) => reply["output"][0]["upToDate"] = json!(false),
            Some(Mischief::SilentController) => {
                let silent = json!({ "controller": "dc9.contoso.com", "error": "it does not answer" });
                reply["output"]["controllers"].as_array_mut().unwrap().push(silent);
            }
            Some(Mischief::Warn) => reply["warnings"] = json!(["take care"]),
            _ => {}
        }
        self.write(&reply);
    }

    /// A session on a server of the lab; a Standard Edition server does not answer to its FQDN.
    fn connect(&mut self, id: u64, request: &Value, mischief: Option<Mischief>) -> Value {
        let names = request["arguments"]["Address"].as_array().unwrap();
        let memory = self.lab.memory().unwrap();
        for name in names {
            let name = name.as_str().unwrap().strip_prefix('=').unwrap();
            let server = memory.servers.keys().map(ToString::to_string).find(|server| {
                let own_spn = server.starts_with("se");
                let short = server.split('.').next().unwrap();
                name == short || (name == server && !own_spn) || name == format!("{server}+")
            });
            if let Some(server) = server {
                let fqdn =
                    if mischief == Some(Mischief::AnotherServer) { "fe01.fabrikam.com" } else { server.as_str() };
                let answer = ConsoleReply { output: json!({ "fqdn": fqdn }), ..done() };
                self.server = Some(server);
                return reply(id, &answer);
            }
        }
        let mut reply = failed(id, "-2144108103,PSSessionOpenFailed", "OpenError", "cannot connect", Some(0x8009_0322));
        reply["ended"] = json!("unreachable");
        reply
    }

    fn call(&self, request: &Value) -> ConsoleCall {
        let mut arguments: Map<String, Value> = request["arguments"].as_object().unwrap().clone();
        for value in arguments.values_mut() {
            unmark(value);
        }
        if let Some(report) = request.get("report") {
            let mut report = report.clone();
            unmark(&mut report);
            arguments.insert("Report".to_owned(), report);
        }
        ConsoleCall { call: request["call"].as_str().unwrap().to_owned(), arguments, server: self.server.clone() }
    }
}

fn write_text(text: &str) {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Every text begins with `=`.
fn unmark(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.strip_prefix('=').unwrap().to_owned(),
        Value::Array(all) => all.iter_mut().for_each(unmark),
        _ => {}
    }
}

fn done() -> ConsoleReply {
    ConsoleReply {
        ended: ConsoleEnd::Completed,
        output: Value::Null,
        errors: Vec::new(),
        remarks: Vec::new(),
        report: None,
    }
}

fn reply(id: u64, said: &ConsoleReply) -> Value {
    let ended = match said.ended {
        ConsoleEnd::Completed => "completed",
        ConsoleEnd::Threw => "threw",
    };
    let error = |error: &ConsoleError| json!({ "id": error.id, "category": error.category, "message": error.message, "target": null, "exception": null, "hresult": null });
    json!({
        "id": id,
        "ended": ended,
        "output": said.output,
        "errors": said.errors.iter().map(error).collect::<Vec<_>>(),
        "warnings": [],
        "remarks": said.remarks,
        "report": said.report.as_ref().map(|report| BASE64.encode(report)),
        "reportMissing": null,
        "milliseconds": 12,
    })
}

/// What a cmdlet says that does nothing.
fn instead(id: u64, what: Mischief) -> Option<Value> {
    Some(match what {
        Mischief::Throw => failed(id, "Threw,X", "NotSpecified", "it went wrong", None),
        Mischief::Prompt => {
            let said = "PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.";
            failed(id, "InvalidOperation,X", "InvalidOperation", said, None)
        }
        Mischief::SecondHop => failed(id, "Denied,X", "PermissionDenied", "Zugriff verweigert", Some(0x8009_030E)),
        Mischief::Complain => {
            let mut reply = failed(id, "Complained,X", "NotSpecified", "it complains", None);
            reply["ended"] = json!("completed");
            reply
        }
        _ => return None,
    })
}

fn failed(id: u64, error: &str, category: &str, message: &str, code: Option<u32>) -> Value {
    let error = json!({
        "id": error, "category": category, "message": message, "target": null, "exception": null, "hresult": code
    });
    json!({ "id": id, "ended": "threw", "output": null, "errors": [error], "milliseconds": 1 })
}

/// Until whoever started it is gone: nothing outlives the tests.
fn hang() -> ! {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        std::thread::sleep(Duration::from_millis(50));
    }
    die_silently()
}

fn die() -> ! {
    io::stderr().write_all(b"Process is terminated due to OutOfMemoryException.\n").unwrap();
    die_silently()
}

#[expect(clippy::exit, reason = "as a process that dies does")]
fn die_silently() -> ! {
    std::process::exit(134)
}
