//! The digest of what was read: it is the same for the same content, however the files are encoded.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// One file's part: its path in lower case, and the SHA-256 of its canonical bytes.
///
/// Canonical bytes are the text as UTF-8 without byte order mark and with LF line ends; of what is no text, the bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Print {
    path: String,
    digest: [u8; 32],
}

impl Print {
    pub(super) fn of_bytes(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.to_lowercase(), digest: Sha256::digest(bytes).into() }
    }

    pub(super) fn of_text(path: &str, text: &str) -> Self {
        Self { path: path.to_lowercase(), digest: with_lf(text.as_bytes()).into() }
    }

    /// The part of `snapshot.json`: canonical JSON without `collectedAt`, since the same facts read again are the
    /// same snapshot.
    pub(super) fn of_description(path: &str, text: &str) -> Self {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(mut value) => {
                if let Some(object) = value.as_object_mut() {
                    object.remove("collectedAt");
                }
                value.sort_all_objects();
                Self::of_text(path, &value.to_string())
            }
            Err(_) => Self::of_text(path, text),
        }
    }
}

/// The SHA-256 of these bytes with LF for every CRLF.
///
/// They are gathered into larger pieces first: hashing line by line takes longer than copying.
fn with_lf(text: &[u8]) -> sha2::digest::Output<Sha256> {
    let mut hash = Sha256::new();
    let mut gathered = [0; 4096];
    let (mut filled, mut from) = (0, 0);
    for at in memchr::memchr_iter(b'\r', text).filter(|at| text.get(at + 1) == Some(&b'\n')) {
        let line = &text[from..at];
        from = at + 1;
        if line.len() > gathered.len() - filled {
            hash.update(&gathered[..filled]);
            filled = 0;
        }
        match gathered.get_mut(filled..filled + line.len()) {
            Some(free) => {
                free.copy_from_slice(line);
                filled += line.len();
            }
            None => hash.update(line),
        }
    }
    hash.update(&gathered[..filled]);
    hash.update(&text[from..]);
    hash.finalize()
}

/// The digest of all of them, in whichever order they were read.
pub(super) fn digest(mut prints: Vec<Print>) -> String {
    prints.sort(); // the servers come in order: that is seen at once
    let mut all = Sha256::new();
    for print in &prints {
        // A path holds no NUL, so two lists never run together into the same bytes.
        all.update(print.path.as_bytes());
        all.update([0]);
        all.update(print.digest);
    }
    let mut text = "sha256:".to_owned();
    for byte in all.finalize() {
        let written: Result<(), std::fmt::Error> = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a String does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &Print, b: &Print, equal: bool) {
        assert_eq!(digest(vec![a.clone()]) == digest(vec![b.clone()]), equal, "{a:?} {b:?}");
    }

    #[test]
    fn line_ends_and_case_of_paths_do_not_matter() {
        check(&Print::of_text("A.xml", "a\r\nb"), &Print::of_text("a.XML", "a\nb"), true);
        check(&Print::of_text("a", "a b"), &Print::of_text("a", "a  b"), false);
        check(&Print::of_text("a", "a\r\n\r\nb\r\n"), &Print::of_bytes("a", b"a\n\nb\n"), true);
        check(&Print::of_text("a", "\ra\r\r\n\r"), &Print::of_bytes("a", b"\ra\r\n\r"), true);
        let long = "a line that is read\r\n".repeat(300) + &"x".repeat(5000) + "\r\n" + &"y\r\n".repeat(3000);
        check(&Print::of_text("a", &long), &Print::of_bytes("a", long.replace("\r\n", "\n").as_bytes()), true);
        check(&Print::of_text("a", "x"), &Print::of_text("b", "x"), false);
    }

    #[test]
    fn when_it_was_collected_does_not_matter() {
        let print = |text: &str| Print::of_description("snapshot.json", text);
        let later = print(r#"{"collectedAt":"2027-01-01T00:00:00Z", "formatVersion":"1.0","x":{"b":1,"a":2}}"#);
        let former = print(r#"{"x":{"a":2,"b":1},"formatVersion":"1.0","collectedAt":"2026-01-01T00:00:00Z"}"#);
        check(&later, &former, true);
        check(&later, &print(r#"{"formatVersion":"1.0"}"#), false);
    }

    #[test]
    fn the_order_of_reading_does_not_matter() {
        let (a, b) = (Print::of_text("a", "1"), Print::of_text("b", "2"));
        assert_eq!(digest(vec![a.clone(), b.clone()]), digest(vec![b, a]));
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(Vec::new()), empty);
    }
}
