//! What each domain controller says of an account, and whether they agree.

use super::AccountEntry;
use crate::model::AccountName;
use crate::snapshot::json;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What one domain controller says of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControllerEntry {
    /// Its name.
    pub controller: String,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The account; nothing where it has none, or could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<ControllerAccount>,
}

/// An account as one domain controller has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControllerAccount {
    /// Whether it is a computer object.
    pub computer: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it expires (`accountExpires`), if ever.
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// When its password was last set (`pwdLastSet`).
    #[serde(default, with = "json::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub password_set_at: Option<Timestamp>,
    /// `msDS-KeyVersionNumber`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_version: Option<u32>,
    /// `msDS-SupportedEncryptionTypes`; nothing where it is unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_encryption_types: Option<u32>,
    /// The SPNs it holds.
    #[serde(default, deserialize_with = "json::texts")]
    pub service_principal_names: Vec<String>,
}

/// The account as every controller has it that could be asked; `None` where it has none. Else what they say instead,
/// in words.
///
/// A controller may not say its key version: a read-only one has no password \[inferred\].
pub(crate) fn agreed(name: &AccountName, controllers: &[ControllerEntry]) -> Result<Option<ControllerAccount>, String> {
    let mut answers = controllers.iter().filter(|controller| controller.error.is_none());
    let Some(first) = answers.next() else {
        let error = controllers.iter().find_map(|controller| controller.error.as_deref()).unwrap_or("nobody was asked");
        return Err(format!("{name} could not be read: no domain controller answered: {error}"));
    };
    let mut one = first;
    for other in answers {
        if let Some((of_one, of_other)) = difference(one.account.as_ref(), other.account.as_ref()) {
            return Err(format!(
                "the domain controllers do not agree yet: {} says {of_one} of {name}, {} says {of_other}; wait until \
                 they do, and do not rotate meanwhile",
                one.controller, other.controller
            ));
        }
        if one.account.as_ref().is_some_and(|account| account.key_version.is_none()) {
            one = other;
        }
    }
    Ok(one.account.clone())
}

/// The entry of an account that its controllers have like that, as far as they answered.
pub(super) fn entry(
    name: AccountName,
    account: Option<ControllerAccount>,
    controllers: &[ControllerEntry],
) -> AccountEntry {
    match account {
        None => AccountEntry::absent(name),
        Some(account) => AccountEntry {
            exists: true,
            computer: Some(account.computer),
            enabled: Some(account.enabled),
            expires_at: account.expires_at,
            service_principal_names: account.service_principal_names,
            supported_encryption_types: account.supported_encryption_types,
            password_set_at: account.password_set_at,
            key_version: account.key_version,
            agreed: controllers.iter().all(|controller| controller.error.is_none()),
            ..AccountEntry::absent(name)
        },
    }
}

/// The first thing that two controllers say differently, in the words of each.
fn difference(one: Option<&ControllerAccount>, other: Option<&ControllerAccount>) -> Option<(String, String)> {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (None, None) => return None,
        (one, _) => {
            let words = |there: bool| if there { "it is there" } else { "it is not there" }.to_owned();
            return Some((words(one.is_some()), words(one.is_none())));
        }
    };
    if let (Some(a), Some(b)) = (one.key_version, other.key_version)
        && a != b
    {
        return Some((format!("key version {a}"), format!("key version {b}")));
    }
    let told = |at: Option<Timestamp>| at.map_or("no password".to_owned(), |at| format!("a password of {at}"));
    if one.password_set_at != other.password_set_at {
        return Some((told(one.password_set_at), told(other.password_set_at)));
    }
    let kind = |of: &ControllerAccount| if of.computer { "a computer" } else { "no computer" }.to_owned();
    if one.computer != other.computer {
        return Some((kind(one), kind(other)));
    }
    let state = |of: &ControllerAccount| if of.enabled { "enabled" } else { "disabled" }.to_owned();
    if one.enabled != other.enabled {
        return Some((state(one), state(other)));
    }
    let spns = |of: &ControllerAccount| -> BTreeSet<String> {
        of.service_principal_names.iter().map(|spn| spn.to_lowercase()).collect()
    };
    let (a, b) = (spns(one), spns(other));
    match (a.difference(&b).next(), b.difference(&a).next()) {
        (Some(spn), _) => Some((format!("that it holds {spn}"), "that it does not".to_owned())),
        (None, Some(spn)) => Some((format!("that it does not hold {spn}"), "that it does".to_owned())),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Reading;
    use crate::snapshot::directory::read;
    use crate::snapshot::tests::source;

    #[test]
    fn domain_controllers_must_agree() {
        let check = |controllers: &str, expected: Result<Option<u32>, &str>| {
            let text =
                format!("{{\"accounts\":[{{\"name\":\"CONTOSO\\\\kerbauth\",\"controllers\":[{controllers}]}}]}}");
            let directory = read(&source("directory.json", &text)).unwrap();
            let reading = directory.account(&r"CONTOSO\kerbauth".parse().unwrap());
            match (reading, expected) {
                (Reading::Known(state), Ok(Some(version))) => {
                    let all_answered = !controllers.contains("error");
                    assert_eq!((state.key_version, state.agreed), (Some(version), all_answered), "{text}");
                }
                (Reading::Absent, Ok(None)) => {}
                (Reading::Unreadable(cause), Err(why)) => assert!(cause.to_string().contains(why), "{cause}: {why}"),
                (reading, expected) => panic!("{text}: {reading:?}, not {expected:?}"),
            }
        };
        let dc = |name: &str, rest: &str| {
            format!(r#"{{"controller":"{name}","account":{{"computer":true,"enabled":true,{rest}"x":1}}}}"#)
        };
        let (three, four, silent) = (dc("dc1", r#""keyVersion":3,"#), dc("dc2", r#""keyVersion":4,"#), dc("dc3", ""));
        let (none, down) = (r#"{"controller":"dc4"}"#, r#"{"controller":"dc5","error":"down"}"#);
        check(&three, Ok(Some(3)));
        check(&[&silent, &*three, down].join(","), Ok(Some(3)));
        check(&[&three, &*silent, &three].join(","), Ok(Some(3)));
        check(none, Ok(None));
        let why = r"dc1 says key version 3 of CONTOSO\kerbauth, dc2 says key version 4; wait";
        check(&[&*three, &four].join(","), Err(why));
        check(&[&*silent, &three, &four].join(","), Err("dc1 says key version 3"));
        check(&[&*three, none].join(","), Err("dc1 says it is there of"));
        check(down, Err("no domain controller answered: down"));
        let spn = dc("dc6", r#""keyVersion":3,"servicePrincipalNames":"http/a.b","#);
        check(&[&*three, &spn].join(","), Err("does not hold http/a.b of"));
        let set = dc("dc7", r#""keyVersion":3,"passwordSetAt":"2026-05-30T20:00:00Z","#);
        check(&[&*three, &set].join(","), Err("a password of 2026"));
    }
}
