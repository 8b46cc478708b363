//! Why nothing is planned although servers are invalid, in words.

use super::{is_invalid, set_at, subject};
use crate::codes::Code;
use crate::model::{AccountName, ServerFqdn, SiteName};
use crate::plan::commands::quote;
use crate::plan::draft::Draft;
use crate::plan::moment;
use crate::plan::survey::{Standing, Survey};
use jiff::Timestamp;

/// Why nothing is planned although servers are invalid.
pub(in crate::plan) enum Withheld {
    /// The account cannot be used, or cannot be read: account first.
    Account,
    /// These servers may be valid: nobody knows.
    Servers(Vec<ServerFqdn>),
    /// The topology or the assignments could not be read, so nobody knows whom a rotation reaches.
    Reach,
    /// These sites have the account until this plan is carried out: a rotation would reach them too.
    Leaving(Vec<SiteName>),
    /// Some were tested so soon after the password was set that it may pass by itself; until then.
    Unsettled(Timestamp),
    /// The valid ones were tested so soon after the password was set that they may have the former one; until then.
    Doubtful(Timestamp),
    /// The directory was asked for the account and could not say, so the valid ones may have a former password.
    Unread,
    /// A rotation reaches central sites only, and all of its servers stand in branch sites.
    Branch,
    /// When the password was set is not known, so the readings may be older.
    Undated,
}

impl Withheld {
    /// What there is not to copy from.
    fn no_source(&self) -> &'static str {
        match self {
            Self::Doubtful(_) | Self::Unread => "no server is certain to be valid, to copy from",
            _ => "there is no valid server to copy from",
        }
    }
}

pub(super) fn withhold(survey: &Survey<'_>, account: &AccountName, why: &Withheld, draft: &mut Draft) {
    let (reason, hint) = match why {
        Withheld::Account => match survey.standing(account) {
            Standing::Unknown(_) => (
                format!("no rotation either, because Active Directory's word on {account} could not be read"),
                "collect the directory, then plan anew".to_owned(),
            ),
            _ => return, // the finding about the account says it all
        },
        Withheld::Reach => (
            "no rotation either, because the topology or the assignments could not be read, so nobody knows whom it reaches".to_owned(),
            "collect what is missing, then plan anew".to_owned(),
        ),
        Withheld::Leaving(sites) => {
            let names: Vec<&str> = sites.iter().map(SiteName::as_str).collect();
            (
                format!("no rotation either, because it would also reach {}, which still has the account", names.join(", ")),
                "carry out the rest of this plan, then plan anew".to_owned(),
            )
        }
        Withheld::Branch => (
            format!("no rotation either, because it reaches central sites only, and {account} has no server there"),
            "assign the account to a central site too, or copy by hand from a server that has the password".to_owned(),
        ),
        Withheld::Unsettled(settles) => (
            format!(
                "no rotation either, because {account} got its password{} and servers were tested so soon after that the domain controllers may not have agreed yet",
                set(survey, account)
            ),
            wait(*settles),
        ),
        Withheld::Doubtful(settles) => (
            format!(
                "{account} got its password{}, and those that look valid were tested so soon after that a domain controller may still have had the former one",
                set(survey, account)
            ),
            wait(*settles),
        ),
        Withheld::Unread => (
            format!("Active Directory's word on {account} could not be read, so those that look valid may have a former password"),
            "read the directory again, test each server, and plan anew; do not rotate meanwhile".to_owned(),
        ),
        Withheld::Undated => (
            "no rotation either, because when the password was set is not known, so the readings may be older".to_owned(),
            format!("test each server and plan anew, or ask for a rotation\n  cskerb plan ... --rotate '{account}' --reason TEXT"),
        ),
        Withheld::Servers(unknown) => {
            let names: Vec<&str> = unknown.iter().take(5).map(ServerFqdn::as_str).collect();
            let more = unknown.len().saturating_sub(5);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (
                format!("no rotation either, because {}{more} may be valid: that is not known", names.join(", ")),
                format!(
                    "test those servers and plan anew, or ask for a rotation\n  cskerb plan ... --rotate {} --reason TEXT",
                    quote(account.as_str())
                ),
            )
        }
    };
    for target in survey.targets_of(account).filter(|target| target.managed && is_invalid(target)) {
        let what = if survey.is_pending(target) { "not given the password" } else { "invalid" };
        let message = format!("{what}, and {}; {reason}", why.no_source());
        draft.find(Code::RotationWithheld, subject(target), message, Some(hint.clone()));
    }
}

/// When the password was set, where that is known.
fn set(survey: &Survey<'_>, account: &AccountName) -> String {
    set_at(survey, account).map(|at| format!(" at {}", moment(at))).unwrap_or_default()
}

fn wait(until: Timestamp) -> String {
    format!(
        "wait until every domain controller has the same msDS-KeyVersionNumber, test each server after {}, and plan anew; do not rotate again meanwhile",
        moment(until)
    )
}
