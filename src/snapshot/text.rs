//! Bytes to text: UTF-8 and UTF-16, as Windows PowerShell and Windows itself write them.

use super::place::line_column;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16LE};
use std::str::Utf8Error;

/// A larger file is refused: the largest honest one, a topology of thousands of servers, has some 30 MiB.
pub(super) const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Why bytes are no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoText {
    /// Line and column of the first byte that is wrong, counted from 1.
    pub(super) line_column: (usize, usize),
    /// What is wrong, in words.
    pub(super) why: String,
}

/// The text that these bytes are, without a byte order mark; else why not, and the bytes.
///
/// UTF-8 with or without BOM; UTF-16LE with BOM, or without where it plainly is UTF-16LE; UTF-16BE with BOM.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, (NoText, Vec<u8>)> {
    let (encoding, mark) = encoding_of(&bytes);
    if encoding == UTF_8 && mark == 0 {
        // The ordinary case: the bytes are the text.
        return match String::from_utf8(bytes) {
            Ok(text) => match nul(&text) {
                None => Ok(text),
                Some(why) => Err((why, text.into_bytes())),
            },
            Err(error) => Err((not_utf8(error.as_bytes(), error.utf8_error(), 0), error.into_bytes())),
        };
    }
    let marked = &bytes[mark..];
    let decoded = if encoding == UTF_8 {
        std::str::from_utf8(marked).map(str::to_owned).map_err(|error| not_utf8(marked, error, mark))
    } else {
        decode_utf16(marked, encoding)
    };
    match decoded {
        Ok(text) => match nul(&text) {
            None => Ok(text),
            Some(why) => Err((why, bytes)),
        },
        Err(why) => Err((why, bytes)),
    }
}

fn nul(text: &str) -> Option<NoText> {
    let at = memchr::memchr(0, text.as_bytes())?;
    Some(NoText {
        line_column: line_column(text, at),
        why: "there is a NUL character: the file is binary, or in an encoding other than UTF-8 and UTF-16; save it as \
              UTF-8"
            .to_owned(),
    })
}

/// This text in the encoding that `original` has, with its byte order mark where it has one.
pub(super) fn encode_like(original: &[u8], text: &str) -> Vec<u8> {
    let (encoding, mark) = encoding_of(original);
    let mut bytes = original[..mark].to_vec();
    if encoding == UTF_8 {
        bytes.extend_from_slice(text.as_bytes());
    } else if encoding == UTF_16LE {
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    } else {
        bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    }
    bytes
}

/// The encoding, and the length of its byte order mark.
fn encoding_of(bytes: &[u8]) -> (&'static Encoding, usize) {
    if let Some(marked) = Encoding::for_bom(bytes) {
        return marked;
    }
    // JSON and XML begin with ASCII, so in UTF-16LE the second byte of each of the first characters is NUL.
    let begin = &bytes[..bytes.len().min(8)];
    let (pairs, rest) = begin.as_chunks::<2>();
    let plainly = !pairs.is_empty() && rest.is_empty() && pairs.iter().all(|pair| pair[0] != 0 && pair[1] == 0);
    (if plainly { UTF_16LE } else { UTF_8 }, 0)
}

fn not_utf8(bytes: &[u8], error: Utf8Error, mark: usize) -> NoText {
    let good = error.valid_up_to();
    let before = String::from_utf8_lossy(&bytes[..good]);
    NoText {
        line_column: line_column(&before, before.len()),
        why: format!("byte {} is not UTF-8; save the file as UTF-8", mark + good + 1),
    }
}

fn decode_utf16(bytes: &[u8], encoding: &'static Encoding) -> Result<String, NoText> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    // A UTF-16 unit takes at most three bytes of UTF-8; a decoder that runs full would only stop early.
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
    let mut text = String::with_capacity(most);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => Err(NoText {
            line_column: line_column(&text, text.len()),
            why: format!(
                "what ends at byte {read} of the text is not {}: the file is cut off or damaged",
                encoding.name()
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    fn check(bytes: &[u8], expected: Result<&str, ((usize, usize), &str)>) {
        match (decode(bytes.to_vec()), expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected),
            (Err((error, given_back)), Err((place, why))) => {
                assert_eq!(given_back, bytes);
                assert_eq!(error.line_column, place, "{error:?}");
                assert!(error.why.contains(why), "{error:?} shall say {why:?}");
            }
            (decoded, expected) => panic!("{bytes:?} gives {decoded:?}, not {expected:?}"),
        }
    }

    #[test]
    fn encodings() {
        check(b"<a/>", Ok("<a/>"));
        check("\u{feff}<ü/>".as_bytes(), Ok("<ü/>"));
        check(&utf16("\u{feff}<ü/>\r\n", u16::to_le_bytes), Ok("<ü/>\r\n"));
        check(&utf16("\u{feff}<ü/>", u16::to_be_bytes), Ok("<ü/>"));
        check(&utf16("<a b='ü𝄞'/>", u16::to_le_bytes), Ok("<a b='ü𝄞'/>")); // without BOM, and plainly so
        check(&utf16("{}", u16::to_le_bytes), Ok("{}"));
        check(b"", Ok(""));
        check(b"\xef\xbb\xbf", Ok(""));
        check(b"\xff\xfe", Ok(""));
    }

    #[test]
    fn what_is_no_text_is_placed() {
        check(b"ab\nc\xfcd", Err(((2, 2), "byte 5 is not UTF-8")));
        check(b"\xef\xbb\xbfa\xff", Err(((1, 2), "byte 5 is not UTF-8")));
        check(&utf16("<a/>", u16::to_be_bytes), Err(((1, 1), "NUL"))); // big endian only with its mark
        check(b"\xff\xfe\x00\x00<\x00\x00\x00", Err(((1, 1), "NUL"))); // UTF-32
        check(b"ab\ncd\x00", Err(((2, 3), "NUL")));
        check(b"\xff\xfe<\x00a", Err(((1, 2), "UTF-16LE"))); // cut off in mid-unit
        check(b"\xff\xfea\x00\x00\xd8b\x00", Err(((1, 2), "UTF-16LE"))); // half a surrogate pair
        check(b"\xfe\xff\xd8", Err(((1, 1), "UTF-16BE")));
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "[<{\\[][^\0\u{feff}]{0,40}") {
            let marked = format!("\u{feff}{text}");
            prop_assert_eq!(decode(text.clone().into_bytes()), Ok(text.clone()));
            prop_assert_eq!(decode(marked.clone().into_bytes()), Ok(text.clone()));
            prop_assert_eq!(decode(utf16(&marked, u16::to_le_bytes)), Ok(text.clone()));
            prop_assert_eq!(decode(utf16(&marked, u16::to_be_bytes)), Ok(text.clone()));
            let utf8 = [text.clone().into_bytes(), marked.clone().into_bytes()];
            let utf16 = [utf16(&text, u16::to_le_bytes), utf16(&marked, u16::to_le_bytes), utf16(&marked, u16::to_be_bytes)];
            for bytes in utf8.into_iter().chain(utf16) {
                if decode(bytes.clone()).as_ref() == Ok(&text) {
                    prop_assert_eq!(encode_like(&bytes, &text), bytes);
                }
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(text) = decode(bytes) {
                prop_assert!(!text.contains('\0'));
            }
        }
    }
}
