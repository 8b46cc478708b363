//! Removes what is secret from applicationHost.config: `[enc:...]` values and `password` attributes.
//!
//! It looks at the text, not at its elements, so that comments and files that are not well-formed are stripped too.

/// Begins a value that a configuration provider has encrypted; it ends with `:enc]`.
const ENCRYPTED: &str = "[enc:";
const ENCRYPTED_END: &str = ":enc]";
const PASSWORD: &str = "password";

/// The text with every secret replaced by nothing; the quotes around it stay.
///
/// What is left around a secret may be one itself, as in `pass[enc:...:enc]word="..."`: it goes too.
pub(in crate::snapshot) fn strip(text: &str) -> String {
    let mut stripped = strip_once(text);
    loop {
        let again = strip_once(&stripped);
        if again.len() == stripped.len() {
            return stripped;
        }
        stripped = again;
    }
}

fn strip_once(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((secret, length)) = next(rest) {
        stripped.push_str(&rest[..secret]);
        rest = &rest[secret + length..];
    }
    stripped.push_str(rest);
    stripped
}

/// Where the next secret begins, and its length.
fn next(text: &str) -> Option<(usize, usize)> {
    let encrypted = find_caseless(text, ENCRYPTED).map(|at| (at, encrypted_length(&text[at..])));
    let password = next_password(text);
    match (encrypted, password) {
        (Some(one), Some(other)) => Some(if one.0 < other.0 { one } else { other }),
        (one, other) => one.or(other),
    }
}

/// Up to its end mark, or where that is missing, to the quote, tag or line that ends the value.
fn encrypted_length(text: &str) -> usize {
    let to_stop = text.find(['"', '\'', '<', '>', '\n']).unwrap_or(text.len());
    match find_caseless(text, ENCRYPTED_END).map(|at| at + ENCRYPTED_END.len()) {
        Some(end) if end <= to_stop => end,
        _ => to_stop,
    }
}

/// The value of the next attribute whose name ends with `password`.
fn next_password(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = find_caseless(&text[from..], PASSWORD) {
        let behind = from + at + PASSWORD.len();
        if let Some((start, length)) = quoted_value(&text[behind..]).filter(|(_, length)| *length > 0) {
            return Some((behind + start, length));
        }
        from = behind;
    }
    None
}

/// The value that follows a name: `="..."`, with white space around the sign or not.
fn quoted_value(text: &str) -> Option<(usize, usize)> {
    let sign = text.trim_start().strip_prefix('=')?.trim_start();
    let quote = sign.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = text.len() - sign.len() + 1;
    Some((start, text[start..].find(quote).unwrap_or(text.len() - start)))
}

fn find_caseless(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let first = *needle.first()?;
    let candidates = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    let found = |at: &usize| text.get(*at..at + needle.len()).is_some_and(|there| there.eq_ignore_ascii_case(needle));
    candidates.into_iter().find(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(strip(text), expected);
        assert_eq!(strip(expected), expected, "what was stripped stays so");
    }

    #[test]
    fn secrets_go_and_all_else_stays() {
        check("<a password=\"hunter2\" b='x'/>", "<a password=\"\" b='x'/>");
        check("<a Password = 'hunter2'/>", "<a Password = ''/>");
        check("<a userPassword=\"hunter2\"/>", "<a userPassword=\"\"/>");
        check("<!-- <a password='hunter2'/> -->", "<!-- <a password=''/> -->");
        check("<a b=\"[enc:AesProvider:hunter2:enc]\"/>", "<a b=\"\"/>");
        check("<a b='x[ENC:P:hunter2:enc]y'/>", "<a b='xy'/>");
        check("<a b=\"[enc:P:hunter2\"/> c:enc]", "<a b=\"\"/> c:enc]");
        check("<a password=\"[enc:P:hunter2:enc]\"/>", "<a password=\"\"/>");
        check("<a password=\"hunter2", "<a password=\"");
        check("<passwordPolicy length='8'/> password", "<passwordPolicy length='8'/> password");
        check("<a password=''/>", "<a password=''/>");
        check("<a b='[en[enc:P:x:enc]c:P:hunter2:enc]'/>", "<a b=''/>");
        check("<a pass[enc:P:x:enc]word='hunter2'/>", "<a password=''/>");
        check("ü password=\"ü\" ü", "ü password=\"\" ü");
    }
}
