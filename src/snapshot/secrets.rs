//! Removes what is secret from a text: an applicationHost.config, a report, the message of an error.
//!
//! It looks at the text, not at its elements, so that comments and files that are not well-formed are stripped too.
//! What goes is replaced by nothing, and whatever stands around it stays, byte for byte. More goes than must: a value
//! that only looks like a password is worth less than one that is.
//!
//! **Architecture invariant:** there is one list of patterns. The script that runs on the servers has the very same
//! ones, which a test holds, so they keep to what the regular expressions of .NET and of Rust read alike: ASCII, no
//! looking around, no `\s` or `\w`, which take in other letters there than here. Each has three groups, which stay.

use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// What is written before a secret; `NAMES` in a pattern stands for one of these.
pub const NAMES: &str = "password|passwd|passphrase|pwd|secret|sessionKey|validationKey|decryptionKey|\
    accessKey|accountKey|apiKey|connectionString";

/// The patterns, applied one after the other without regard to case; the three groups of each stay.
#[expect(clippy::needless_raw_string_hashes, reason = "all are written alike")]
pub const PATTERNS: [&str; 14] = [
    // What a configuration provider has encrypted; without its end mark, up to what ends the value.
    r#"()\[enc:(?:[^"'<>]*?:enc\]|[^"'<>]*)()()"#,
    // An attribute, or whatever is written like one. Every other attribute is passed over whole: what stands in its
    // value may look like the beginning of one.
    r#"([A-Za-z0-9_.:-]{0,64}NAMES["']?[ \t\r\n]*[=:][ \t\r\n]*")[^"]*|([A-Za-z0-9_.:-]{0,64}NAMES["']?[ \t\r\n]*[=:][ \t\r\n]*')[^']*|([A-Za-z0-9_.:-]{1,64}[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*')[ \t\r\n/>?])"#,
    // The like within the value of an attribute, in the other kind of quotes.
    r#"(="[^"<>]*NAMES[ \t]*=[ \t]*')[^'"<>]*()()"#,
    r#"(='[^'<>]*NAMES[ \t]*=[ \t]*")[^'"<>]*()()"#,
    // A name and a value side by side, as in environment variables and HTTP headers, in either order.
    r#"((?:NAMES|token|credential|authorization|cookie|api-key)[A-Za-z0-9_.-]*["'][ \t\r\n]+value[ \t\r\n]*=[ \t\r\n]*")[^"]*()()"#,
    r#"((?:NAMES|token|credential|authorization|cookie|api-key)[A-Za-z0-9_.-]*["'][ \t\r\n]+value[ \t\r\n]*=[ \t\r\n]*')[^']*()()"#,
    r#"([ \t\r\n]value[ \t\r\n]*=[ \t\r\n]*")[^"]*("[ \t\r\n]+(?:name|key)[ \t\r\n]*=[ \t\r\n]*["'][^"'<>]*(?:NAMES|token|credential|authorization|cookie|api-key))()"#,
    r#"([ \t\r\n]value[ \t\r\n]*=[ \t\r\n]*')[^']*('[ \t\r\n]+(?:name|key)[ \t\r\n]*=[ \t\r\n]*["'][^"'<>]*(?:NAMES|token|credential|authorization|cookie|api-key))()"#,
    // Without quotes, as in a connection string, a comment or a message: up to what may end it.
    r#"(NAMES[ \t]*[=:][ \t]*)(?:&#?[A-Za-z0-9]+;|[^"'<>;\r\n])*?(-->|["'<>;\r\n]|\z)()"#,
    // Between tags.
    r#"(<[A-Za-z0-9_.:-]*NAMES(?:[ \t\r\n](?:[^<>]*[^<>/])?)?>)[^<]*()()"#,
    r#"(<[A-Za-z0-9_.:-]*NAMES(?:[ \t\r\n](?:[^<>]*[^<>/])?)?>[ \t\r\n]*<!\[CDATA\[)(?:[^\]]|\][^\]])*()()"#,
    // Of a command line.
    r#"([ \t](?:-|/)NAMES[ \t]+")[^"]*()()"#,
    r#"([ \t](?:-|/)NAMES[ \t]+')[^']*()()"#,
    // In an address: `https://user:password@host`.
    r#"(://[^/?#"'<>@: \t\r\n]*:)[^/?#"'<>@ \t\r\n]*(@)()"#,
];

/// What stays of a match.
pub const REPLACEMENT: &str = "${1}${2}${3}";

/// Begins every pattern.
const WITHOUT_CASE: &str = "(?i)";

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let whole = |pattern: &str| format!("{WITHOUT_CASE}{}", pattern.replace("NAMES", &format!("(?:{NAMES})")));
    let compiled = PATTERNS.iter().map(|pattern| Regex::new(&whole(pattern)));
    compiled.collect::<Result<_, _>>().expect("a test compiles them")
});

/// What one of the patterns needs to find anything: most texts have nothing of it, and are not looked through.
static SUSPECT: LazyLock<Regex> = LazyLock::new(|| {
    let needed = format!(r"{WITHOUT_CASE}\[enc:|{NAMES}|token|credential|authorization|cookie|api-key|://");
    Regex::new(&needed).expect("a test compiles it")
});

/// The text with every secret replaced by nothing; the quotes around it stay.
///
/// What is left around a secret may be one itself, as in `pass[enc:...:enc]word="..."`: it goes too.
pub fn strip(text: &str) -> Cow<'_, str> {
    let mut stripped = Cow::Borrowed(text);
    if !SUSPECT.is_match(text) {
        return stripped;
    }
    // Each round takes something away, so there is a last one.
    loop {
        let before = stripped.len();
        for pattern in COMPILED.iter() {
            if let Cow::Owned(without) = pattern.replace_all(&stripped, REPLACEMENT) {
                stripped = Cow::Owned(without);
            }
        }
        if stripped.len() == before {
            return stripped;
        }
    }
}

/// Whether there is nothing secret in the text: stripping would not change it.
pub fn is_clean(text: &str) -> bool {
    strip(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::samples;

    fn check(text: &str, expected: &str) {
        assert_eq!(strip(text), expected);
        assert_eq!(strip(expected), expected, "what was stripped stays so");
    }

    #[test]
    fn secrets_go_and_all_else_stays() {
        check("<a password=\"hunter2\" b='x'/>", "<a password=\"\" b='x'/>");
        check("<a Password = 'hunter2'/>", "<a Password = ''/>");
        check("<a password\r\n  =\r\n  'hunter2'/>", "<a password\r\n  =\r\n  ''/>");
        check("<a userPassword=\"hunter2\"/>", "<a userPassword=\"\"/>");
        check("<!-- <a password='hunter2'/> -->", "<!-- <a password=''/> -->");
        check("<a b=\"[enc:AesProvider:hunter2:enc]\"/>", "<a b=\"\"/>");
        check("<a b='x[ENC:P:hunter2:enc]y'/>", "<a b='xy'/>");
        check("<a b=\"[enc:P:hunter2\"/> c:enc]", "<a b=\"\"/> c:enc]");
        check("<a b=\"[enc:P:hun\n  ter2:enc]\"/>", "<a b=\"\"/>");
        check("<a password=\"[enc:P:hunter2:enc]\"/>", "<a password=\"\"/>");
        check("<a password=\"hunter2", "<a password=\"");
        check("<passwordPolicy length='8'/> password", "<passwordPolicy length='8'/> password");
        check("<a password=''/>", "<a password=''/>");
        check("<a b='[en[enc:P:x:enc]c:P:hunter2:enc]'/>", "<a b=''/>");
        check("<a pass[enc:P:x:enc]word='hunter2'/>", "<a password=''/>");
        check("ü password=\"ü\" ü", "ü password=\"\" ü");
        check("<a b='[en[enc:P:x:enc]c:P:hunter2:enc]'/>", "<a b=''/>");
        check("<a pass[enc:P:x:enc]word='hunter2'/>", "<a password=''/>");
    }

    #[test]
    fn keys_and_names_with_values_go() {
        check("<add sessionKey=\"hunter2=\" x='y'/>", "<add sessionKey=\"\" x='y'/>");
        check("<machineKey validationKey='hunter2'/>", "<machineKey validationKey=''/>");
        check("<v name=\"DB_PASSWORD\" value=\"hunter2\"/>", "<v name=\"DB_PASSWORD\" value=\"\"/>");
        check("<v value='hunter2' key='x-api-key'/>", "<v value='' key='x-api-key'/>");
        check("<v name='Authorization' value='Basic hunter2'/>", "<v name='Authorization' value=''/>");
        check("<v name='Modules' value='kept'/>", "<v name='Modules' value='kept'/>");
        check("type='A, PublicKeyToken=31bf3856ad364e35'", "type='A, PublicKeyToken=31bf3856ad364e35'");
        check("<a connectionString='Server=x;Pwd=hunter2'/>", "<a connectionString=''/>");
        check("<a b='Server=x;Password=hunter2;User=y'/>", "<a b='Server=x;Password=;User=y'/>");
        check("<a b='Server=x;Password=&quot;hunter2&quot;;User=y'/>", "<a b='Server=x;Password=;User=y'/>");
        check("<a b='Password=hun&amp;ter 2'/>", "<a b='Password='/>");
        check("<a b='Password=' c='d'/>", "<a b='Password=' c='d'/>");
        check("<a b=\"Server=x; Password='hun;ter2'\" c='d'/>", "<a b=\"Server=x; Password=''\" c='d'/>");
        check("<!-- a=\"b --><c password=\"hunter2\"/>", "<!-- a=\"b --><c password=\"\"/>");
        check("<c a=\"b password=\"hunter2\"/>", "<c a=\"b password=\"\"/>");
        check("<a b='https://me:hunter2@host/x'/>", "<a b='https://me:@host/x'/>");
        check("<a b='urn:schemas:x' c='http://host:80/'/>", "<a b='urn:schemas:x' c='http://host:80/'/>");
    }

    #[test]
    fn elements_comments_and_messages() {
        check("<password>hunter2</password>", "<password></password>");
        check("<x:Pwd a='b'> hunter2 <y/></x:Pwd>", "<x:Pwd a='b'><y/></x:Pwd>");
        check("<password a='b' />\r\n<c/>", "<password a='b' />\r\n<c/>");
        check("<password><![CDATA[hun]ter<2]]></password>", "<password><![CDATA[]]></password>");
        check("<!-- password=hunter2 --><a/>", "<!-- password=--><a/>");
        check("<!-- password=--><a/>", "<!-- password=--><a/>");
        check("Das Kennwort stimmt nicht: password: hunter2", "Das Kennwort stimmt nicht: password: ");
        check("{\"Password\": \"hunter2\"}", "{\"Password\": \"\"}");
        check("setx -password 'hunter2' -user me", "setx -password '' -user me");
        let documented = "Ensure that the account has not expired, and the configured password on the machine matches \
                          the Active Directory password of the account.";
        check(documented, documented);
    }

    /// Of a real file only the session keys go; they are all that is secret in the samples.
    #[test]
    fn real_files_keep_every_other_byte() {
        for name in ["iis/stock.applicationHost.config", "iis/exchange-2019.applicationHost.config"] {
            let Some(text) = samples::read(name) else { continue };
            let stripped = strip(&text);
            assert!(is_clean(&stripped), "{name}");
            let kept: Vec<&str> = text.split("sessionKey=\"").collect();
            let without = kept.iter().enumerate().map(|(at, part)| match at {
                0 => *part,
                _ => &part[part.find('"').unwrap()..],
            });
            assert_eq!(stripped, without.collect::<Vec<_>>().join("sessionKey=\""), "{name}");
            assert!(kept.len() > 1, "{name} has session keys");
        }
    }
}
