//! An account's name is not `DOMAIN\name` with at most 15 characters.
//!
//! The name is a NetBIOS name: at most 15 characters (New-CsKerberosAccount) [doc], without the characters that such
//! names cannot have; the domain before it is one too.

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::{AccountName, NameError};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for written in subject.account_names() {
        let Err(error) = written.parse::<AccountName>() else { continue };
        let hint = match &error {
            NameError::Upn => continue,
            NameError::NoDomain if written.eq_ignore_ascii_case("none") => "for no account write `none` in lower case",
            NameError::BadCharacter(character) if character.is_control() => {
                r"in double quotes `\n` or `\t` is one character: write the account without quotes"
            }
            NameError::BadCharacter('\\') => r"one backslash stands between the domain and the name",
            NameError::BadCharacter('$') => "leave the `$` of the computer account out",
            NameError::NetbiosTooLong { .. } => "an account cannot be renamed by Lync: choose a shorter name",
            _ => r"an account is written DOMAIN\name, such as CONTOSO\kerbauth",
        };
        let message = format!("`{}` cannot be an account: {error}", written.as_str());
        found.push(Diagnostic::new(Code::AccountName, written.at(), message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use crate::codes::Code;

    fn check(name: &str, expected: &[&str]) {
        let file = format!("version: 1\naccounts:\n  - name: {name}\nsites: [{{ name: A, account: {name} }}]\n");
        testing::check(Code::AccountName, &file, expected);
    }

    #[test]
    fn names_of_accounts() {
        const WHAT: &str = "cannot be an account";
        check(r"CONTOSO\kerbauth", &[]);
        check(r"CONTOSO\exactly-15-long", &[]);
        check("kerbauth@contoso.com", &[]); // another rule's matter
        check(
            r"CONTOSO\sixteen-letters1",
            &[r#"3:11 `CONTOSO\sixteen-letters1` cannot be an account: "sixteen-letters1" has 16 characters; a NetBIOS name has at most 15"#],
        );
        check(
            r"CONTOSO\kerb$",
            &[&format!(r"3:11 `CONTOSO\kerb$` {WHAT}: it has the character '$', which such a name cannot have")],
        );
        check(
            r#""CONTOSO\nerbauth""#,
            &[&format!("3:11 `CONTOSO\nerbauth` {WHAT}: it has the character '\\n', which such a name cannot have")],
        );
    }
}
