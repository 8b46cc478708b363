//! The states of the three layers in words.

use super::Told;
use crate::model::{DeclaredAccount, KerberosReading, Reading, Witness};
use crate::plan::{
    AccountStanding, AccountStatus, IisStatus, Invalidity, LocationState, Presence, ServerState, ServerStatus,
    SiteStatus, SpnStatus, moment,
};
use crate::render::outline::words::count;
use crate::render::page::Tone;
use jiff::Timestamp;

/// An account in Active Directory.
pub(super) fn account(account: &AccountStatus, now: Option<Timestamp>) -> (String, Tone) {
    let (mut words, tone) = match &account.standing {
        AccountStanding::Usable => (vec!["enabled".to_owned()], Tone::Plain),
        AccountStanding::Disabled => (vec!["disabled".to_owned()], Tone::Bad),
        AccountStanding::Expired(at) => (vec![format!("expired at {}", moment(*at))], Tone::Bad),
        AccountStanding::NotComputer => (vec!["not a computer account".to_owned()], Tone::Bad),
        AccountStanding::Missing => return ("no such account".to_owned(), Tone::Bad),
        AccountStanding::Unreadable(cause) => return (format!("not known: {cause}"), Tone::Warn),
    };
    if let Some(object) = &account.object {
        words.push(match object.password_set_at {
            Some(set) => format!("password {}", age(set, now)),
            None => "no password date".to_owned(),
        });
        words.extend(object.key_version.map(|version| format!("key version {version}")));
        words.push(match object.encryption {
            Some(types) => format!("encryption {}", types.types_only()),
            None => "encryption unset".to_owned(),
        });
    }
    (words.join("; "), tone)
}

/// A site's account in the Central Management Store, against the declared one.
pub(super) fn assignment(site: &SiteStatus) -> (String, Tone) {
    let (words, tone) = match (&site.declared, &site.assigned) {
        (DeclaredAccount::Account(wanted), Reading::Known(account)) if wanted == account => {
            (format!("{account}, as declared"), Tone::Plain)
        }
        (DeclaredAccount::Account(wanted), Reading::Known(account)) => {
            (format!("{account}; declared is {wanted}"), Tone::Warn)
        }
        (DeclaredAccount::Account(wanted), Reading::Absent) => {
            (format!("no account; declared is {wanted}"), Tone::Warn)
        }
        (DeclaredAccount::Nobody, Reading::Absent) => ("no account, as declared".to_owned(), Tone::Plain),
        (DeclaredAccount::Nobody, Reading::Known(account)) => (format!("{account}; declared is none"), Tone::Warn),
        (DeclaredAccount::Unmanaged, Reading::Known(account)) if site.presence == Presence::OnlyPublished => {
            (account.to_string(), Tone::Plain)
        }
        (DeclaredAccount::Unmanaged, Reading::Known(account)) => {
            (format!("{account}, which the file does not manage"), Tone::Plain)
        }
        (DeclaredAccount::Unmanaged, Reading::Absent) => ("no account".to_owned(), Tone::Plain),
        (DeclaredAccount::Account(wanted), Reading::Unreadable(cause)) => {
            (format!("account not known: {cause}; declared is {wanted}"), Tone::Warn)
        }
        (_, Reading::Unreadable(cause)) => (format!("account not known: {cause}"), Tone::Warn),
    };
    match site.presence {
        Presence::Both => (words, tone),
        Presence::OnlyDeclared => (format!("{words}; not in the published topology"), Tone::Warn),
        Presence::OnlyPublished => (format!("{words}; not in the file"), Tone::Warn),
        Presence::Unreadable => (format!("{words}; topology not known"), Tone::Warn),
    }
}

/// An SPN that is not in place.
pub(super) fn spn(spn: &SpnStatus) -> (String, Tone) {
    let holders = match &spn.holders {
        Reading::Known(holders) => holders,
        Reading::Absent => return ("not known".to_owned(), Tone::Warn),
        Reading::Unreadable(cause) => return (format!("not known: {cause}"), Tone::Warn),
    };
    let others: Vec<&str> = (holders.iter())
        .filter(|holder| !spn.account.as_ref().is_some_and(|account| holder.is(account)))
        .map(crate::model::Principal::as_str)
        .collect();
    let words = match (&spn.account, others.is_empty()) {
        (Some(_), true) if holders.is_empty() => "missing".to_owned(),
        (Some(_), true) => "in place".to_owned(),
        (Some(_), false) if others.len() < holders.len() => format!("in place, but also on {}", others.join(", ")),
        (Some(_), false) => format!("on {}", others.join(", ")),
        (None, _) => format!("still on {}", others.join(", ")),
    };
    (words, Tone::Bad)
}

/// A server: its Kerberos configuration with who said so and when, and its IIS settings.
pub(super) fn server(server: &ServerStatus, pool: Presence, now: Option<Timestamp>) -> Told {
    let (word, tone, why) = match &server.kerberos {
        Some(state) => kerberos(state, server),
        None => ("servers", Tone::Plain, None),
    };
    let presence = match server.presence {
        presence if presence == pool => None, // said of the pool
        Presence::Both | Presence::Unreadable => None,
        Presence::OnlyDeclared => Some("not published here".to_owned()),
        Presence::OnlyPublished => Some("not in the file".to_owned()),
    };
    let said = match (&server.kerberos, &server.reading) {
        // That was not judged by what anybody said of the server.
        (None | Some(ServerState::Invalid(Invalidity::NotAssigned | Invalidity::AccountMissing)), _) => None,
        (Some(_), Reading::Known(reading)) => Some(witness(reading, now)),
        (Some(_), Reading::Absent | Reading::Unreadable(_)) => None,
    };
    let kerberos = match (said, why) {
        (Some(said), Some(why)) => Some(format!("{said}: {why}")),
        (said, why) => said.or(why),
    };
    Told { word, tone, details: presence.into_iter().chain(kerberos).chain(iis(&server.iis)).collect() }
}

/// Who said something of a server, and when.
fn witness(reading: &KerberosReading, now: Option<Timestamp>) -> String {
    let by = match reading.by {
        Witness::Test => "test",
        Witness::Ticket => "ticket",
        Witness::Lab => "lab",
    };
    format!("{by} {}", age(reading.at, now))
}

/// The state in a word, and what there is to say beside who said so.
fn kerberos(state: &ServerState, server: &ServerStatus) -> (&'static str, Tone, Option<String>) {
    match state {
        ServerState::Valid { .. } => ("valid", Tone::Good, None),
        ServerState::Invalid(Invalidity::Reported { detail, settles, .. }) => {
            let soon = settles.map(|at| {
                format!("so soon after the password was set that it may pass: test again after {}", moment(at))
            });
            let detail = detail.as_ref().map(|detail| impersonal(detail, server));
            let words: Vec<String> = detail.into_iter().chain(soon).collect();
            ("invalid", Tone::Bad, (!words.is_empty()).then(|| words.join("; ")))
        }
        ServerState::Invalid(Invalidity::OtherAccount(other)) => {
            ("invalid", Tone::Bad, Some(format!("it still uses {other}")))
        }
        ServerState::Invalid(Invalidity::NotAssigned) => {
            ("not given", Tone::Warn, Some("its site does not have the account yet".to_owned()))
        }
        ServerState::Invalid(Invalidity::AccountMissing) => {
            ("not given", Tone::Warn, Some("there is no such account yet".to_owned()))
        }
        ServerState::Unknown(cause) => ("not known", Tone::Warn, Some(cause.to_string())),
    }
}

/// What was said of a server without its name, so that servers of which the same was said share a line.
fn impersonal(detail: &str, server: &ServerStatus) -> String {
    let name = server.fqdn.as_str();
    let detail = detail.trim_end_matches('.');
    match detail.to_ascii_lowercase().find(&name.to_ascii_lowercase()) {
        Some(at) => format!("{}this server{}", &detail[..at], &detail[at + name.len()..]),
        None => detail.to_owned(),
    }
}

fn iis(status: &IisStatus) -> Vec<String> {
    let locations = match status {
        IisStatus::NotManaged => return Vec::new(),
        IisStatus::Unreadable(cause) => return vec![format!("IIS not known: {cause}")],
        IisStatus::Read(locations) => locations,
    };
    let wrong = locations.iter().filter_map(|location| match &location.state {
        LocationState::AsDeclared => None,
        LocationState::Differs(settings) => {
            let differ = if settings.len() == 1 { "differs" } else { "differ" };
            let settings = count(settings.len(), "setting", "settings");
            Some(format!("IIS {settings} {differ} at {}", location.location))
        }
        LocationState::Missing => Some(format!("IIS has no {}", location.location)),
        LocationState::Unreadable(cause) => Some(format!("IIS not known at {}: {cause}", location.location)),
    });
    let wrong: Vec<String> = wrong.collect();
    if wrong.is_empty() { vec!["IIS as declared".to_owned()] } else { wrong }
}

/// How long before the collection that was: `3 hours old`; the moment itself where that is not known.
fn age(at: Timestamp, now: Option<Timestamp>) -> String {
    let Some(now) = now else { return format!("of {}", moment(at)) };
    let age = at.duration_until(now);
    let (minutes, hours) = (age.as_mins(), age.as_hours());
    let words = match (minutes, hours) {
        (..0, _) => return format!("of {}, after the collection", moment(at)),
        (0, _) => return "less than a minute old".to_owned(),
        (1..120, _) => count(usize::try_from(minutes).unwrap_or_default(), "minute", "minutes"),
        (_, ..48) => count(usize::try_from(hours).unwrap_or_default(), "hour", "hours"),
        _ => count(usize::try_from(hours / 24).unwrap_or_default(), "day", "days"),
    };
    format!("{words} old")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: &str, now: Option<&str>, expected: &str) {
        assert_eq!(age(at.parse().unwrap(), now.map(|now| now.parse().unwrap())), expected);
    }

    #[test]
    fn ages_count_from_the_collection() {
        let now = Some("2026-11-20T08:00:00Z");
        check("2026-11-20T07:59:30Z", now, "less than a minute old");
        check("2026-11-20T07:59:00Z", now, "1 minute old");
        check("2026-11-20T06:00:01Z", now, "119 minutes old");
        check("2026-11-20T06:00:00Z", now, "2 hours old");
        check("2026-11-18T08:00:01Z", now, "47 hours old");
        check("2026-11-18T08:00:00Z", now, "2 days old");
        check("2026-11-20T08:01:00Z", now, "of 2026-11-20 08:01:00 UTC, after the collection");
        check("2026-11-20T08:01:00Z", None, "of 2026-11-20 08:01:00 UTC");
    }
}
