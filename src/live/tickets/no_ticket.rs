//! Why there is no ticket for a name, in words, with what the directory tells of its SPN.

use super::known_spn::{Barred, KnownSpn};
use super::krb_error::Meaning;
use super::security::Refusal;
use crate::model::Principal;
use std::fmt;

/// Why there is no ticket, with what the directory tells of the SPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoTicket {
    /// What the ticket was for.
    pub host: String,
    /// What the KDC said.
    pub refusal: Refusal,
    /// What is known of the SPN from elsewhere.
    pub known: KnownSpn,
}

impl NoTicket {
    /// It in a word or two, for a table.
    pub(super) fn label(&self) -> &'static str {
        let Refusal::Answered(error) = &self.refusal else { return "no ticket" };
        match (error.meaning(), self.known.barred()) {
            (Meaning::Skew, _) => "clock skew",
            (_, Some(Barred::Disabled)) => "account disabled",
            (_, Some(Barred::Expired(_))) => "account expired",
            (Meaning::UnknownService, None) if self.known.is_double() => "SPN double",
            (Meaning::UnknownService, None) if self.known.is_missing() => "SPN missing",
            (Meaning::UnknownService, None) => "SPN unknown",
            (Meaning::SeveralServices, None) => "SPN double",
            (Meaning::Encryption, None) => "encryption refused",
            (_, None) => "no ticket",
        }
    }

    fn why(&self, meaning: Meaning) -> String {
        match (meaning, &self.known.account) {
            (Meaning::Skew | Meaning::NotYetValid, _) => {
                "the clocks of this computer and the KDC differ too much".to_owned()
            }
            (Meaning::Expired, _) => "the first ticket has expired".to_owned(),
            (Meaning::UnknownService | Meaning::SeveralServices, _) if self.known.is_double() => {
                let holders: Vec<&str> = self.known.holders.iter().flatten().map(Principal::as_str).collect();
                format!("that SPN is on several accounts, {}", holders.join(" and "))
            }
            (Meaning::UnknownService, _) if self.known.is_missing() => "no account holds that SPN".to_owned(),
            (Meaning::UnknownService, _) => match self.known.only_holder() {
                Some(holder) => format!(
                    "the KDC finds no account for that SPN, or several, though {} alone held it when the directory was \
                     read: was that changed since, or do the domain controllers not agree yet?",
                    holder.as_str()
                ),
                None => "no account holds that SPN, or several do".to_owned(),
            },
            (Meaning::SeveralServices, _) => "that SPN is on several accounts".to_owned(),
            (Meaning::Encryption, Some(account)) if account.password_set_at.is_none() => {
                "its account never got a password".to_owned()
            }
            (Meaning::Encryption, Some(account)) => match account.encryption {
                Some(types) => {
                    format!("the encryption types of its account, {}, exclude this client's", types.types_only())
                }
                None => "the encryption types of the domain exclude this client's".to_owned(),
            },
            (Meaning::Encryption, None) => {
                "its account never got a password, or its encryption types exclude this client's".to_owned()
            }
            _ => "the KDC refuses it".to_owned(),
        }
    }
}

impl fmt::Display for NoTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no ticket for http/{}: ", self.host)?;
        let error = match &self.refusal {
            Refusal::Answered(error) => error,
            Refusal::Silent(why) | Refusal::NotLoggedOn(why) | Refusal::Failed(why) => return f.write_str(why),
        };
        match (error.meaning(), self.known.barred()) {
            (Meaning::Skew, _) | (_, None) => f.write_str(&self.why(error.meaning()))?,
            (_, Some(Barred::Disabled)) => f.write_str("its account is disabled")?,
            (_, Some(Barred::Expired(at))) => write!(f, "its account expired at {at}")?,
        }
        write!(f, " ({error})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tickets::krb_error::KrbError;
    use crate::model::AccountState;
    use std::collections::BTreeSet;

    fn check(code: i32, account: impl FnOnce(&mut AccountState), label: &str, why: &str) {
        let set = "2026-01-01T00:00:00Z".parse().ok();
        let mut state = AccountState {
            agreed: false,
            computer: true,
            enabled: true,
            expires_at: None,
            spns: BTreeSet::new(),
            encryption: None,
            password_set_at: set,
            key_version: Some(2),
        };
        account(&mut state);
        let holders = Some(BTreeSet::from([Principal::new(r"CONTOSO\kerbauth")]));
        let refusal = Refusal::Answered(KrbError::of(code));
        let known = KnownSpn { holders, account: Some(state), elsewhere: None };
        let none = NoTicket { host: "pool01.contoso.com".to_owned(), refusal, known };
        let words = format!("there is no ticket for http/pool01.contoso.com: {why}");
        assert_eq!((none.label(), none.to_string()), (label, words));
    }

    #[test]
    fn an_account_that_cannot_be_used_is_the_reason_whatever_the_error() {
        let past = "2026-01-02T00:00:00Z".parse().ok();
        let disabled = |account: &mut AccountState| account.enabled = false;
        for (code, name) in
            [(7, "KDC_ERR_S_PRINCIPAL_UNKNOWN"), (19, "KDC_ERR_SERVICE_REVOKED"), (12, "KDC_ERR_POLICY")]
        {
            check(code, disabled, "account disabled", &format!("its account is disabled ({name})"));
        }
        let words = "its account expired at 2026-01-02T00:00:00Z (KDC_ERR_SERVICE_EXP)";
        check(2, |account| account.expires_at = past, "account expired", words);
        // Neither matters to clocks, and one that has not come yet to nothing.
        let clocks = "the clocks of this computer and the KDC differ too much (KRB_AP_ERR_SKEW)";
        check(37, disabled, "clock skew", clocks);
        let future = "2999-01-01T00:00:00Z".parse().ok();
        let unknown = r"the KDC finds no account for that SPN, or several, though CONTOSO\kerbauth alone held it when the directory was read: was that changed since, or do the domain controllers not agree yet? (KDC_ERR_S_PRINCIPAL_UNKNOWN)";
        check(7, |account| account.expires_at = future, "SPN unknown", unknown);
        check(12, |_| {}, "no ticket", "the KDC refuses it (KDC_ERR_POLICY)");
    }
}
