//! Bytes to text.

use super::{Diagnostic, Span};
use crate::codes::Code;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The largest file that is read, in bytes: 64 MiB.
pub(crate) const LARGEST: usize = 64 << 20;

/// A decoded file; where it cannot be read, the text is what can be shown of it.
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) problem: Option<Diagnostic>,
}

/// The text of a file in UTF-8 with or without byte-order mark, or in UTF-16 as Windows PowerShell writes it.
///
/// Every line end becomes LF, so that a digest does not depend on how a file was checked out.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    if bytes.len() > LARGEST {
        let message = format!("the file has {} bytes; at most {LARGEST} (64 MiB) are read", bytes.len());
        let problem = Diagnostic::new(Code::FileTooLarge, Span::default(), message)
            .hint("10,000 servers fit into 2 MiB: is this a deployment file?");
        return Decoded { text: String::new(), problem: Some(problem) };
    }
    let (text, problem) = match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, UTF_16BE),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, UTF_16LE),
        [first, 0, ..] if *first != 0 => utf16(bytes, UTF_16LE),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    };
    Decoded { text: with_lf(text), problem }
}

fn utf8(bytes: &[u8]) -> (String, Option<Diagnostic>) {
    let wrong = match std::str::from_utf8(bytes) {
        Ok(text) => return (text.to_owned(), None),
        Err(error) => error.valid_up_to(),
    };
    // Up to the first wrong byte the lossy text and the bytes are the same.
    let carriage_returns = bytes[..wrong].windows(2).filter(|pair| pair == b"\r\n").count();
    let start = wrong - carriage_returns;
    let place = Span { start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
    let problem = unreadable(place, format!("the byte 0x{:02X} is not UTF-8", bytes[wrong]));
    (String::from_utf8_lossy(bytes).into_owned(), Some(problem))
}

fn utf16(bytes: &[u8], encoding: &'static Encoding) -> (String, Option<Diagnostic>) {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    let text = with_lf(text.into_owned());
    let at = text.find(char::REPLACEMENT_CHARACTER).unwrap_or(text.len());
    let problem = had_errors.then(|| {
        let place = Span { start: at, end: at + char::REPLACEMENT_CHARACTER.len_utf8() };
        unreadable(place, format!("the file begins as {} and does not stay so", encoding.name()))
    });
    (text, problem)
}

fn unreadable(at: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, at, message)
        .hint("save it as UTF-8; UTF-16, as Windows PowerShell writes it, is read too")
}

fn with_lf(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], text: &str, problem: Option<(Code, usize)>) {
        let decoded = decode(bytes);
        assert_eq!(decoded.text, text, "{bytes:?}");
        assert_eq!(decoded.problem.map(|found| (found.code, found.at.start)), problem, "{bytes:?}");
    }

    #[test]
    fn encodings() {
        check(b"a: 1\n", "a: 1\n", None);
        check("\u{FEFF}a: é\r\n".as_bytes(), "a: é\n", None); // a byte-order mark, CRLF
        check(b"a: 1\rb: 2", "a: 1\nb: 2", None); // old line ends
        check(b"\xFF\xFEa\0:\0\xE9\0\r\0\n\0", "a:é\n", None); // Windows PowerShell's `>`
        check(b"a\0:\0", "a:", None); // UTF-16 without a mark
        check(b"\xFE\xFF\0a\0:", "a:", None); // the other order
        check(b"", "", None);
    }

    #[test]
    fn what_is_no_text() {
        check(b"a\r\nb: \xFCx\n", "a\nb: \u{FFFD}x\n", Some((Code::FileUnreadable, 5))); // Windows-1252
        check(b"\xFF\xFEa\0\x00\xD8", "a\u{FFFD}", Some((Code::FileUnreadable, 1))); // half a surrogate pair
        check(&vec![b'#'; LARGEST + 1], "", Some((Code::FileTooLarge, 0)));
    }
}
