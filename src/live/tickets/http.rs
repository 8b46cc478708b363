//! As much HTTP/1.1 as an exchange needs: a GET, and the head of its answer.

use super::connection::{Connection, Phase, Unreachable};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::io::{Read, Write};
use std::time::Duration;
use thiserror::Error;

/// The most bytes that the head of an answer may have.
const MAX_HEAD: usize = 64 * 1024;
/// The most header fields.
const MAX_FIELDS: usize = 128;
/// The longest body that is read to get past it.
const MAX_SKIPPED: usize = 256 * 1024;

/// Why an answer cannot be taken.
#[derive(Debug, Error)]
pub(super) enum AnswerError {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("{0}")]
    NotHttp(String),
}

/// The head of an answer, as far as it matters here.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// What `WWW-Authenticate` says, in its order.
    pub(super) challenges: Vec<Challenge>,
    /// Where it points, in printable characters.
    pub(super) location: Option<String>,
    /// What it calls itself, in printable characters.
    server: Option<String>,
    /// How many bytes the head of the request had.
    pub(super) sent: usize,
    /// How many bytes of the body are still to come; `None` where that is not said.
    left: Option<usize>,
}

impl fmt::Display for Answer {
    /// `401 from Microsoft-IIS/10.0, Negotiate with a token of 120 bytes, NTLM`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(server) = &self.server {
            write!(f, " from {server}")?;
        }
        if let Some(location) = &self.location {
            write!(f, " to {location}")?;
        }
        self.challenges.iter().try_for_each(|challenge| write!(f, ", {challenge}"))
    }
}

/// One authentication scheme that a server asks for or answers with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// `Negotiate` alone.
    Negotiate,
    /// `Negotiate` with a token.
    Token(Vec<u8>),
    /// `Negotiate` with what is no base64.
    Garbled,
    /// Another scheme, by its name.
    Other(String),
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negotiate => f.write_str("Negotiate"),
            Self::Token(token) => write!(f, "Negotiate with a token of {} bytes", token.len()),
            Self::Garbled => f.write_str("Negotiate with what is no base64"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Sends a request with a token, and reads the head of the answer.
pub(super) fn ask(
    connection: &mut Connection,
    host: &str,
    path: &str,
    token: &[u8],
    limit: Duration,
) -> Result<Answer, AnswerError> {
    connection.allow(limit);
    let token = STANDARD.encode(token);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Negotiate {token}\r\nUser-Agent: cskerb\r\n\
         Accept: */*\r\nConnection: keep-alive\r\n\r\n"
    );
    let sent = connection.write_all(request.as_bytes()).and_then(|()| connection.flush());
    sent.map_err(|source| Phase::Answer.failed(limit, source))?;
    Ok(Answer { sent: request.len(), ..read(connection, limit)? })
}

/// Reads past the body, so that the connection may be asked again.
pub(super) fn skip_body(connection: &mut Connection, answer: &Answer, limit: Duration) -> Result<(), AnswerError> {
    let left = answer.left.filter(|left| *left <= MAX_SKIPPED);
    let left = left.ok_or_else(|| AnswerError::NotHttp("it ends the exchange in the middle".to_owned()))?;
    let mut body = vec![0; left];
    connection.read_exact(&mut body).map_err(|source| Phase::Answer.failed(limit, source).into())
}

fn read(connection: &mut Connection, limit: Duration) -> Result<Answer, AnswerError> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8 * 1024];
    loop {
        let n = connection.read(&mut piece).map_err(|source| Phase::Answer.failed(limit, source))?;
        if n == 0 {
            let why =
                if bytes.is_empty() { "it closed the connection without an answer" } else { "it ends in the middle" };
            return Err(AnswerError::NotHttp(why.to_owned()));
        }
        let checked = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(piece.get(..n).unwrap_or_default());
        // A head that drips in byte by byte is parsed once.
        while let Some(end) = end_of_head(&bytes, checked) {
            match parse(&bytes)? {
                Some(answer) => return Ok(answer),
                // An interim answer: the real one follows.
                None => drop(bytes.drain(..end)),
            }
        }
        if bytes.len() > MAX_HEAD {
            return Err(AnswerError::NotHttp(format!("its head has more than {} KiB", MAX_HEAD / 1024)));
        }
    }
}

/// Where the first empty line ends.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..).or(Some(bytes))?;
    let start = if bytes.len() < from { 0 } else { from };
    let crlf = rest.windows(4).position(|window| window == b"\r\n\r\n").map(|at| start + at + 4);
    let lf = rest.windows(2).position(|window| window == b"\n\n").map(|at| start + at + 2);
    [crlf, lf].into_iter().flatten().min()
}

/// The answer whose head is there; `None` for an interim one.
fn parse(bytes: &[u8]) -> Result<Option<Answer>, AnswerError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let head = match response.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Err(AnswerError::NotHttp("its head does not end".to_owned())),
        Err(error) => return Err(AnswerError::NotHttp(error.to_string())),
    };
    let status = response.code.unwrap_or_default();
    if (100..200).contains(&status) {
        return Ok(None);
    }
    let named = |name: &'static str| {
        response.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    };
    let length = named("content-length").next().and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    let location = named("location").next().map(printable);
    let product = |value: &[u8]| printable(value.split(|byte| *byte == b' ').next().unwrap_or_default());
    let server = named("server").next().map(product);
    let challenges = named("www-authenticate").flat_map(challenges).collect();
    let read = bytes.len() - head;
    let left = length.map(|length: usize| length.saturating_sub(read));
    Ok(Some(Answer { status, challenges, location, server, sent: 0, left }))
}

/// The schemes of one header field: several may stand in it, parted by commas. A token has no comma; of the parameters
/// of other schemes, those after the first look like schemes with a `=`, and are passed over.
fn challenges(value: &[u8]) -> Vec<Challenge> {
    let value = String::from_utf8_lossy(value);
    let parts = value.split(',').filter_map(|part| {
        let mut words = part.split_whitespace();
        let scheme = words.next()?;
        if scheme.eq_ignore_ascii_case("negotiate") {
            return Some(match words.next() {
                None => Challenge::Negotiate,
                Some(token) => STANDARD.decode(token).map_or(Challenge::Garbled, Challenge::Token),
            });
        }
        (!scheme.contains('=')).then(|| Challenge::Other(printable(scheme.as_bytes())))
    });
    parts.collect()
}

/// At most 100 printable characters of what a server sent.
fn printable(bytes: &[u8]) -> String {
    let shown = String::from_utf8_lossy(bytes);
    shown.chars().take(100).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_told_apart() {
        let check = |value: &str, expected: &[Challenge]| assert_eq!(challenges(value.as_bytes()), expected, "{value}");
        let other = |name: &str| Challenge::Other(name.to_owned());
        check("Negotiate", &[Challenge::Negotiate]);
        check("negotiate AAEC", &[Challenge::Token(vec![0, 1, 2])]);
        check("Negotiate, NTLM", &[Challenge::Negotiate, other("NTLM")]);
        check(
            "Basic realm=\"a\", charset=\"UTF-8\", Negotiate AAEC",
            &[other("Basic"), Challenge::Token(vec![0, 1, 2])],
        );
        check("Negotiate !!", &[Challenge::Garbled]);
        check("Nego\u{1b}tiate", &[other("Nego?tiate")]);
        check("", &[]);
    }

    #[test]
    fn heads_are_read_as_servers_send_them() {
        let check = |bytes: &[u8], expected: Result<Option<(u16, Option<usize>)>, &str>| {
            let found = parse(bytes).map(|answer| answer.map(|answer| (answer.status, answer.left)));
            assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
        };
        check(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nab", Ok(Some((401, Some(3)))));
        check(b"HTTP/1.1 200 OK\n\n", Ok(Some((200, None))));
        check(b"HTTP/1.1 100 Continue\r\n\r\n", Ok(None));
        check(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Err("invalid HTTP version"));
        check(b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n", Err("invalid header name"));
    }

    #[test]
    fn the_end_of_a_head_is_found_over_the_edge_of_two_pieces() {
        assert_eq!(end_of_head(b"HTTP/1.1 200 OK\r\n\r\nbody", 14), Some(19));
        assert_eq!(end_of_head(b"a\n\nb", 0), Some(3));
        assert_eq!(end_of_head(b"HTTP/1.1 200 OK\r\n", 0), None);
    }
}
