//! Stand-in servers, most of them hostile, and a stand-in for Kerberos that takes one token for proof.

use super::*;
use crate::live::tickets::connection::Phase;
use crate::live::tickets::krb_error::Clocks;
use crate::live::tickets::security::{Fault, Refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

const LIMIT: Duration = Duration::from_secs(5);
/// For servers that make the client wait.
const SHORT: Duration = Duration::from_millis(300);

struct StandIn;

impl Security for StandIn {
    fn ticket(&self, _: &str) -> Result<Ticket, Refusal> {
        Ok(ticket())
    }

    fn context<'s>(&'s self, _: &'s Ticket, _: Option<&[u8]>) -> Result<Box<dyn Context + 's>, Fault> {
        Ok(Box::new(StandIn))
    }
}

impl Context for StandIn {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Step, Fault> {
        match token {
            None => Ok(Step::Send(b"ticket".to_vec())),
            Some(b"proof") => Ok(Step::Mutual),
            Some(b"word") => Ok(Step::Unproved),
            Some(b"more") => Ok(Step::Send(b"again".to_vec())),
            Some(_) => Err(Fault("a token is malformed".to_owned())),
        }
    }
}

fn ticket() -> Ticket {
    Ticket { principal: "HTTP/pool01.contoso.com@CONTOSO.COM".to_owned(), at: Timestamp::now(), key: None }
}

/// What presenting a ticket comes to with a server that does this with its connection, after one request was read.
fn presented(limit: Duration, serve: impl FnOnce(&mut TcpStream) + Send) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = Address::Given(Ipv4Addr::LOCALHOST.into());
    let server: ServerFqdn = "fe01.contoso.com".parse().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            request(&mut stream);
            serve(&mut stream);
        });
        let question = Question {
            server: &server,
            address: &address,
            port,
            host: "pool01.contoso.com",
            path: "/abs/",
            tls: None,
            limit,
        };
        present(&StandIn, &ticket(), &question)
    })
}

/// One request, up to its empty line.
fn request(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        text.extend_from_slice(&byte);
    }
    String::from_utf8(text).unwrap()
}

fn check(answer: &str, label: &str, words: &str) {
    let outcome = presented(LIMIT, |stream| stream.write_all(answer.as_bytes()).unwrap());
    assert_eq!((outcome.label(), outcome.to_string().as_str()), (label, words), "{answer:?}");
}

fn token(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[test]
fn only_the_proof_of_the_server_makes_it_valid() {
    let proof = token(b"proof");
    for status in ["200 OK", "302 Found", "401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Oh", "503 No"] {
        let answer = format!("HTTP/1.1 {status}\r\nWWW-Authenticate: Negotiate {proof}\r\n\r\n");
        check(&answer, "valid", "it takes the current key");
    }
    // Interim answers, and a body that nobody reads.
    let answer = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: \
         chunked\r\nConnection: close\r\nWWW-Authenticate: NTLM\r\nwww-authenticate: negotiate {proof}\r\n\r\n4\r\nbody"
    );
    check(&answer, "valid", "it takes the current key");
    let answer = format!("HTTP/1.1 200 OK\r\nWWW-Authenticate: Negotiate {}\r\n\r\n", token(b"word"));
    let words = "its answer cannot be understood: it says that it took the ticket, and does not prove it";
    check(&answer, "not understood", words);
    let advice = "name a path that demands";
    let words = format!(
        "it answers 200 without asking for authentication, which proves nothing: {advice} it with --path, and look \
         whether it serves this name"
    );
    check("HTTP/1.1 200 OK\r\n\r\n", "not proved", &words);
    check("HTTP/1.1 404 Not Found\r\n\r\n", "not proved", &words.replace("200", "404"));
    let words = format!(
        "it answers 301 and points to https://a/?b, which is not followed and proves nothing: {advice} authentication \
         with --path"
    );
    check("HTTP/1.1 301 Moved\r\nLocation: https://a/ b\r\n\r\n", "not proved", &words);
    let pool =
        "a fault of its own, before it asks who is there: look whether its application pool runs, and at its event log";
    check("HTTP/1.1 503 Service Unavailable\r\n\r\n", "not proved", &format!("it answers 503, {pool}"));
    check("HTTP/1.1 500 Oh\r\n\r\n", "not proved", &format!("it answers 500, {pool}"));
    let words = "it answers 400 to a head of 1 KiB, and proves nothing: is that too long for it (IIS takes 16 KiB; a user \
                 in fewer groups has a shorter ticket), or is this the port of another --scheme?";
    check("HTTP/1.1 400 Bad Request\r\n\r\n", "not proved", words);
}

#[test]
fn refusals_without_a_token_are_told_apart() {
    let unauthorized = |challenge: &str| format!("HTTP/1.1 401 Unauthorized\r\n{challenge}Content-Length: 0\r\n\r\n");
    let bare = "it gives no answer to the ticket, only a bare Negotiate";
    check(&unauthorized("WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"), "no answer to the ticket", bare);
    check(&unauthorized("WWW-Authenticate: Negotiate, NTLM\r\n"), "no answer to the ticket", bare);
    check(&unauthorized("WWW-Authenticate: NTLM\r\n"), "no Kerberos", "it offers NTLM and no Negotiate");
    check(&unauthorized(""), "no Kerberos", "it answers 401 and names no way to authenticate");
    let garbled = "its answer cannot be understood: its token is no base64";
    check(&unauthorized("WWW-Authenticate: Negotiate %%%\r\n"), "not understood", garbled);
    let rejected = "it rejects the ticket and names no Kerberos error: look at its event log, Security and System";
    check(&unauthorized("WWW-Authenticate: Negotiate oQcwBaADCgEC\r\n"), "refused", rejected);
    let ntlm = "it answers the ticket with NTLM, and proves nothing: look at its providers";
    let challenge = format!("WWW-Authenticate: Negotiate {}\r\n", token(b"NTLMSSP\0\x02\0\0\0"));
    check(&unauthorized(&challenge), "no Kerberos", ntlm);
    let malformed = "its answer cannot be understood: a token is malformed";
    check(&unauthorized("WWW-Authenticate: Negotiate AAAA\r\n"), "not understood", malformed);
}

#[test]
fn what_is_no_http_or_too_much_of_it_ends_at_once() {
    check("", "not understood", "its answer cannot be understood: it closed the connection without an answer");
    check("HTTP/1.1 200 OK\r\nA: b", "not understood", "its answer cannot be understood: it ends in the middle");
    check("SSH-2.0-OpenSSH\r\n\r\n", "not understood", "its answer cannot be understood: invalid HTTP version");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(500));
    check(&many, "not understood", "its answer cannot be understood: too many headers");
    let outcome = presented(LIMIT, |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nA: ");
        // Until the client goes away.
        while stream.write_all(&[b'a'; 4096]).is_ok() {}
    });
    assert_eq!(outcome.to_string(), "its answer cannot be understood: its head has more than 64 KiB");
    let outcome = presented(LIMIT, |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'a'; 4096]).is_ok() {}
    });
    assert_eq!(outcome.label(), "not proved", "an endless body is not read");
}

#[test]
fn who_is_silent_or_drips_is_left_after_the_time() {
    for interval in [None, Some(Duration::from_millis(10))] {
        let begun = Instant::now();
        let outcome = presented(SHORT, |stream| match interval {
            None => while stream.read(&mut [0]).is_ok_and(|n| n > 0) {},
            Some(interval) => {
                while stream.write_all(b"H").is_ok() {
                    thread::sleep(interval);
                }
            }
        });
        assert!(
            matches!(
                outcome,
                Outcome::Unreachable(crate::live::tickets::Unreachable::Timeout { phase: Phase::Answer, .. })
            ),
            "{outcome:?}"
        );
        assert!(begun.elapsed() >= SHORT);
        assert_eq!(outcome.to_string(), "it cannot be reached: no answer within 300 ms to the request");
    }
}

#[test]
fn nobody_there_is_said() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let address = Address::Given(Ipv4Addr::LOCALHOST.into());
    let server: ServerFqdn = "fe01.contoso.com".parse().unwrap();
    let question =
        Question { server: &server, address: &address, port, host: "a.b", path: "/", tls: None, limit: LIMIT };
    let outcome = present(&StandIn, &ticket(), &question);
    assert_eq!(outcome.to_string(), format!("it cannot be reached: 127.0.0.1:{port} refuses the connection"));
    let address = Address::Name("fe01.contoso.invalid".to_owned());
    let outcome = present(&StandIn, &ticket(), &Question { address: &address, ..question });
    assert!(outcome.to_string().starts_with("it cannot be reached: its name has no address ("), "{outcome}");
}

#[test]
fn a_second_token_goes_over_the_same_connection() {
    let outcome = presented(LIMIT, |stream| {
        let more = format!("WWW-Authenticate: Negotiate {}\r\n", token(b"more"));
        write!(stream, "HTTP/1.1 401 Unauthorized\r\n{more}Content-Length: 4\r\n\r\nbody").unwrap();
        let second = request(stream);
        assert!(second.starts_with("GET /abs/ HTTP/1.1\r\nHost: pool01.contoso.com\r\n"), "{second}");
        assert!(second.contains(&format!("Authorization: Negotiate {}\r\n", token(b"again"))), "{second}");
        write!(stream, "HTTP/1.1 200 OK\r\nWWW-Authenticate: Negotiate {}\r\n\r\n", token(b"proof")).unwrap();
    });
    assert_eq!(outcome.label(), "valid", "{outcome}");
    let outcome = presented(LIMIT, |stream| {
        let more = format!("WWW-Authenticate: Negotiate {}\r\n", token(b"more"));
        write!(stream, "HTTP/1.1 401 Unauthorized\r\n{more}Connection: close\r\n\r\n").unwrap();
    });
    assert_eq!(outcome.to_string(), "its answer cannot be understood: it ends the exchange in the middle");
}

/// A DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [&header, content].concat()
}

/// A KRB-ERROR in a GSS-API token in a SPNEGO token, as a web server answers.
fn krb_error(code: u8, server: Option<Timestamp>) -> Vec<u8> {
    let time = |at: Timestamp| element(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes());
    let stime = server.map(|at| element(0xa4, &time(at))).unwrap_or_default();
    let fields = [
        element(0xa0, &[2, 1, 5]),
        element(0xa1, &[2, 1, 30]),
        stime,
        element(0xa5, &[2, 1, 0]),
        element(0xa6, &[2, 1, code]),
        element(0xa9, &element(0x1b, b"CONTOSO.COM")),
    ];
    let message = element(0x7e, &element(0x30, &fields.concat()));
    let kerberos = element(6, b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
    let inner = element(0x60, &[kerberos, vec![3, 0], message].concat());
    let response = [element(0xa0, &[0x0a, 1, 2]), element(0xa2, &element(4, &inner))].concat();
    element(0xa1, &element(0x30, &response))
}

#[test]
fn kerberos_errors_are_read_out_of_the_token() {
    let check = |code: u8, ahead: i64, label: &str, words: &str| {
        let stime = Timestamp::from_second(Timestamp::now().as_second() + ahead).unwrap();
        let challenge = format!("WWW-Authenticate: Negotiate {}\r\n", token(&krb_error(code, Some(stime))));
        let answer = format!("HTTP/1.1 401 Unauthorized\r\n{challenge}Content-Length: 0\r\n\r\n");
        let outcome = presented(LIMIT, |stream| stream.write_all(answer.as_bytes()).unwrap());
        assert_eq!(outcome.label(), label, "{outcome}");
        assert!(outcome.to_string().starts_with(words), "{outcome}");
    };
    for (code, name) in [(31, "BAD_INTEGRITY"), (41, "MODIFIED"), (44, "BADKEYVER")] {
        let words = format!("it refuses the current key (KRB_AP_ERR_{name}): its password is out of sync");
        check(code, 0, "out of sync", &words);
    }
    check(35, 0, "no key", "it has no key for that name (KRB_AP_ERR_NOT_US)");
    // The clock may tick between making the answer and reading it.
    check(37, 600, "clock skew", "its clock is ");
    check(37, -7230, "clock skew", "its clock is 2 h 00 min behind, and Kerberos allows 5 min (KRB_AP_ERR_SKEW)");
    // What a server says whose clock is behind, and one whose clock is ahead by more than a ticket lives.
    check(33, -7230, "clock skew", "its clock is 2 h 00 min behind, and Kerberos allows 5 min (KRB_AP_ERR_TKT_NYV)");
    check(
        32,
        900_030,
        "clock skew",
        "its clock is 10 d 10 h ahead, and Kerberos allows 5 min (KRB_AP_ERR_TKT_EXPIRED)",
    );
    check(32, 0, "refused", "it refuses the ticket (KRB_AP_ERR_TKT_EXPIRED)");
    check(60, 0, "refused", "it refuses the ticket (KRB_ERR_GENERIC)");
    check(99, 0, "refused", "it refuses the ticket (Kerberos error 99)");
}

#[test]
fn the_skew_counts_from_the_clocks_of_the_message() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let error = KrbError::in_token(&krb_error(37, Some(at(1_000_600)))).unwrap();
    assert_eq!(error, KrbError { code: 37, clocks: Some(Clocks { server: at(1_000_600), client: None }) });
    assert_eq!(error.skew(at(1_000_000)), Some(600));
    assert_eq!(error.skew(at(1_001_000)), Some(-400));
    assert_eq!(KrbError::in_token(&krb_error(41, None)), Some(KrbError::of(41)));
    let whole = krb_error(41, None);
    for cut in 0..whole.len() {
        assert_eq!(KrbError::in_token(&whole[..cut]), None, "cut at {cut}");
    }
}
