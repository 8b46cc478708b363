//! What to do about errors whose codes say what is wrong.

use super::{CallFailure, ErrorRecord, Reply};
use crate::model::ServerFqdn;

/// SEC_E_WRONG_PRINCIPAL as WinRM tells it: "the computer or its SPN is not known".
const WRONG_PRINCIPAL: u32 = 0x8009_0322;

/// SEC_E_NO_CREDENTIALS, SEC_E_NOT_SUPPORTED, ERROR_DS_OPERATIONS_ERROR (a search without a logon) and
/// ERROR_NO_SUCH_LOGON_SESSION: what is met where a logon cannot be passed on.
const NO_SECOND_HOP: [u32; 4] = [0x8009_030E, 0x8009_0302, 0x8007_2020, 0x8007_0520];

/// E_ACCESSDENIED: in a session it means a second hop, or a right that is missing.
const ACCESS_DENIED: u32 = 0x8007_0005;

/// Whether the other side could not take the ticket for its name.
pub(super) fn is_wrong_principal(failure: &CallFailure) -> bool {
    matches!(failure, CallFailure::Unreachable { code: Some(WRONG_PRINCIPAL), .. })
}

/// What to do where no session could be opened.
pub(super) fn of_connecting(error: &ErrorRecord, server: &ServerFqdn) -> Option<String> {
    Some(match error.hresult? {
        WRONG_PRINCIPAL => "its own http SPN is on a Kerberos account, and it answers neither to its short name nor \
                            to its name with the port: run cskerb on it, or reach it with --ssh"
            .to_owned(),
        ACCESS_DENIED => format!("whoever runs cskerb must be a local administrator of {server}"),
        code if NO_SECOND_HOP.contains(&code) => {
            "the logon could not be passed on: --credential FILE opens the session \
                                                  with CredSSP, which passes it on"
                .to_owned()
        }
        _ => return None,
    })
}

/// What to do about the errors of a call that may have needed the next computer, where a logon that could not be passed
/// on is the likely cause, or a right that is missing.
///
/// A logon by WinRM is not passed on, nor is one by ssh with a key: Windows makes its token without a password
/// \[seen: PowerShell/Win32-OpenSSH issues 518 and 1264\].
pub fn second_hop(reply: &Reply) -> Option<&'static str> {
    let codes: Vec<u32> = reply.errors.iter().filter_map(|error| error.hresult).collect();
    if codes.iter().any(|code| NO_SECOND_HOP.contains(code)) {
        return Some(
            "the logon was not passed on to the next computer: give --credential FILE, which opens the session with \
             CredSSP, or run cskerb there; by ssh, a logon by password or with a delegated ticket is passed on, and one \
             by key is not",
        );
    }
    codes.contains(&ACCESS_DENIED).then_some(
        "a right is missing, or, in a session on another computer, the logon was not passed on: --credential FILE opens \
         it with CredSSP",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::shell::{Category, Ended};
    use std::time::Duration;

    fn error(code: Option<u32>) -> ErrorRecord {
        ErrorRecord {
            id: "X".to_owned(),
            category: Category::Other,
            message: "Zugriff verweigert".to_owned(),
            target: None,
            exception: None,
            hresult: code,
        }
    }

    fn check(code: Option<u32>, connecting: Option<&str>, calling: Option<&str>) {
        let reply = Reply {
            ended: Ended::Threw,
            output: serde_json::Value::Null,
            errors: vec![error(None), error(code)],
            warnings: Vec::new(),
            remarks: Vec::new(),
            report: None,
            took: Duration::ZERO,
            stray: Vec::new(),
        };
        let found =
            [of_connecting(&error(code), &"se01.contoso.com".parse().unwrap()), second_hop(&reply).map(str::to_owned)];
        for (found, wanted) in found.iter().zip([connecting, calling]) {
            let told = found.as_deref().unwrap_or("nothing");
            assert!(told.contains(wanted.unwrap_or("nothing")), "{code:x?}: {told}");
        }
    }

    #[test]
    fn codes_and_what_to_do_about_them() {
        check(Some(0x8009_0322), Some("reach it with --ssh"), None);
        check(Some(0x8007_0005), Some("local administrator of se01.contoso.com"), Some("a right is missing, or"));
        for code in NO_SECOND_HOP {
            check(Some(code), Some("--credential FILE"), Some("--credential FILE"));
        }
        check(Some(0x8007_0002), None, None);
        check(None, None, None);
    }
}
