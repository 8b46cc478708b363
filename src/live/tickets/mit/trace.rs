//! What libkrb5 itself does: whom it asks, over what, and how it is answered.

use super::library::{Handle, Krb5, TraceInfo};
use log::{Level, log_enabled, trace};
use std::ffi::CStr;
use std::ptr::null_mut;

/// The name that its lines bear.
const LIBRARY: &str = "libkrb5";

/// The longest run of hexadecimal digits that is shown. The library shows the first two bytes of a key's hash to tell
/// keys apart, and whole encrypted messages, which a password could be guessed by.
const DIGITS: usize = 8;

/// Has the library tell what it does in that context, if that is wanted.
pub(super) fn begin(krb5: &Krb5, context: Handle) {
    if log_enabled!(target: LIBRARY, Level::Trace) {
        // SAFETY: the context is live, the function lives as long as the program, and it wants no data. Where the
        // library cannot do this, it says so and nothing else happens.
        unsafe { (krb5.krb5_set_trace_callback)(context, told, null_mut()) };
    }
}

unsafe extern "C" fn told(_: Handle, info: *const TraceInfo, _: Handle) {
    // SAFETY: the library hands over one line, a C string that lives until this returns; null at the end.
    let line = unsafe {
        match info.as_ref() {
            Some(info) if !info.message.is_null() => CStr::from_ptr(info.message).to_string_lossy(),
            _ => return,
        }
    };
    trace!(target: LIBRARY, "{}", without_messages(own_words(&line)));
}

/// Without the process and the time, as in `[4711] 1795489784.123456: `.
fn own_words(line: &str) -> &str {
    let bare = line.starts_with('[').then(|| line.split_once(": ")).flatten();
    bare.map_or(line, |(_, words)| words).trim_end()
}

/// With the length of every longer run of hexadecimal digits instead of it.
fn without_messages(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let digits = word.trim_end_matches([',', ')', ';']);
        if digits.len() > DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            format!("({} bytes){}", digits.len() / 2, &word[digits.len()..])
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_words_and_loses_whole_messages() {
        let check = |line: &str, expected: &str| assert_eq!(without_messages(own_words(line)), expected);
        check(
            "[4711] 1795489784.1: Sending TCP request to stream 10.0.0.1:88\n",
            "Sending TCP request to stream 10.0.0.1:88",
        );
        check(
            "[1] 2.3: AS key determined by preauth: aes256-cts/8A5B",
            "AS key determined by preauth: aes256-cts/8A5B",
        );
        let timestamp = "Encrypted timestamp (for 1795489784.1): plain 301AA011180F3230, encrypted 8D2B96BF2B96BF2B";
        check(timestamp, "Encrypted timestamp (for 1795489784.1): plain (8 bytes), encrypted (8 bytes)");
    }
}
