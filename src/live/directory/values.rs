//! The values of Active Directory's attributes.

use super::connection::Entry;
use crate::model::{AccountState, EncryptionTypes, Spn};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The flag ACCOUNTDISABLE of `userAccountControl` \[doc\].
const DISABLED: i64 = 0x2;

/// The `accountExpires` of an account that never does \[doc\].
const NEVER: i64 = i64::MAX;

/// 1601-01-01T00:00:00Z, where Windows begins to count, in seconds from 1970.
const WINDOWS_EPOCH: i64 = -11_644_473_600;

/// A FILETIME: tenths of microseconds since 1601. `Ok(None)` for 0, and for the end of time.
pub(super) fn moment(ticks: i64) -> Result<Option<Timestamp>, String> {
    if ticks == 0 || ticks == NEVER {
        return Ok(None);
    }
    // Finer than what a plan compares: the snapshot says seconds, counted down before 1970 too.
    let seconds = WINDOWS_EPOCH.saturating_add(ticks.div_euclid(10_000_000));
    Timestamp::from_second(seconds).map(Some).map_err(|_| format!("{ticks} is no time"))
}

/// What an account's entry says, but for its key version; or which attribute is missing or cannot be understood.
pub(super) fn account(entry: &Entry, key_version: Option<i64>) -> Result<AccountState, String> {
    let control = number(entry, "userAccountControl")?
        .ok_or("it shows no userAccountControl: the login may not read this account")?;
    let moment_of = |attribute: &str| {
        let read = number(entry, attribute)?.map_or(Ok(None), moment);
        read.map_err(|why: String| format!("its {attribute} cannot be understood: {why}"))
    };
    if entry.ranged("servicePrincipalName") {
        return Err("it holds more SPNs than the domain controller tells at once".to_owned());
    }
    let mut spns = BTreeSet::new();
    for text in entry.texts("servicePrincipalName") {
        let spn: Spn = text.parse().map_err(|error| format!("it holds {text:?}, which cannot be taken: {error}"))?;
        spns.insert(spn);
    }
    let encryption = number(entry, "msDS-SupportedEncryptionTypes")?;
    let classes: Vec<&str> = entry.texts("objectClass").collect();
    if classes.is_empty() {
        return Err("it shows no objectClass: the login may not read this account".to_owned());
    }
    Ok(AccountState {
        computer: classes.iter().any(|class| class.eq_ignore_ascii_case("computer")),
        enabled: control & DISABLED == 0,
        expires_at: moment_of("accountExpires")?,
        spns,
        // A number of 32 bits, which LDAP shows as signed [doc].
        encryption: encryption.map(|types| EncryptionTypes(bits(types))),
        password_set_at: moment_of("pwdLastSet")?,
        key_version: key_version.map(bits),
        agreed: false, // one domain controller was asked
    })
}

/// The attribute as a number; `None` where it is not there.
pub(super) fn number(entry: &Entry, attribute: &str) -> Result<Option<i64>, String> {
    let text = entry.text(attribute);
    text.map(|text| text.trim().parse().map_err(|_| format!("its {attribute} is {text:?}, which is no number")))
        .transpose()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the attribute is 32 bits wide")]
fn bits(number: i64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_times() {
        let check = |ticks: i64, expected: Option<&str>| {
            let read = moment(ticks).unwrap().map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), expected, "{ticks}");
        };
        check(0, None);
        check(i64::MAX, None);
        check(116_444_736_000_000_000, Some("1970-01-01T00:00:00Z"));
        check(134_399_517_455_986_330, Some("2026-11-23T23:55:45Z"));
        check(1, Some("1601-01-01T00:00:00Z"));
        assert!(moment(i64::MAX - 1).is_err(), "past the year 9999");
    }

    fn entry(attributes: &[(&str, &[&str])]) -> Entry {
        Entry::of("CN=kerbauth,DC=contoso,DC=com", attributes)
    }

    const CLASS: (&str, &[&str]) = ("objectClass", &["top", "person", "organizationalPerson", "user", "computer"]);

    #[test]
    fn accounts() {
        let read = |attributes: &[(&str, &[&str])]| account(&entry(attributes), Some(3)).unwrap();
        let full = read(&[
            CLASS,
            ("useraccountcontrol", &["4098"]),
            ("accountExpires", &["9223372036854775807"]),
            ("pwdLastSet", &["116444736000000000"]),
            ("msDS-SupportedEncryptionTypes", &["24"]),
            ("servicePrincipalName", &["http/a.b", "HTTP/A.B", "host/a"]),
        ]);
        assert!(full.computer && !full.enabled, "disabled");
        assert_eq!((full.expires_at, full.spns.len(), full.key_version), (None, 2, Some(3)));
        assert_eq!(full.encryption, Some(EncryptionTypes(24)));
        assert_eq!(full.password_set_at.map(Timestamp::as_second), Some(0));
        let plain =
            read(&[("objectClass", &["top", "user"]), ("userAccountControl", &["512"]), ("pwdLastSet", &["0"])]);
        assert!(!plain.computer && plain.enabled);
        assert_eq!((plain.password_set_at, plain.encryption), (None, None), "never set, and unset");
        let high =
            read(&[CLASS, ("userAccountControl", &["4096"]), ("msDS-SupportedEncryptionTypes", &["-2147483624"])]);
        assert_eq!(high.encryption, Some(EncryptionTypes(0x8000_0018)));
    }

    #[test]
    fn accounts_that_do_not_tell() {
        let check = |attributes: &[(&str, &[&str])], expected: &str| {
            let why = account(&entry(attributes), None).unwrap_err();
            assert!(why.contains(expected), "{why}");
        };
        check(&[CLASS], "no userAccountControl");
        check(&[("userAccountControl", &["4096"])], "no objectClass");
        check(&[CLASS, ("userAccountControl", &["many"])], "is \"many\", which is no number");
        check(&[CLASS, ("userAccountControl", &["4096"]), ("pwdLastSet", &["9223372036854775806"])], "pwdLastSet");
        check(&[CLASS, ("userAccountControl", &["4096"]), ("servicePrincipalName", &["odd"])], "\"odd\"");
        let ranged: (&str, &[&str]) = ("servicePrincipalName;range=0-1499", &["http/a"]);
        check(&[CLASS, ("userAccountControl", &["4096"]), ranged], "more SPNs");
    }
}
