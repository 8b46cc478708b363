//! Active Directory's accounts: the account first, SPNs second, servers last.

use super::commands::quote;
use super::draft::Draft;
use super::survey::{Defect, Standing, Survey};
use super::{Action, ChangeAction, Layer, Predicate, Property, RunOn, Step, Subject, moment};
use crate::codes::Code;
use crate::model::{Account, AccountName, AccountState, Cause, Place, Reading};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

pub(super) fn inspect(survey: &Survey<'_>, draft: &mut Draft) {
    let mut spoken_of: BTreeSet<&AccountName> = BTreeSet::new();
    let declared = survey.deployment.accounts.iter().map(|account| &account.name);
    let used = survey.targets.iter().filter_map(|target| target.account);
    let assigned = survey.actual.assignments.known().into_iter().flat_map(|map| map.values());
    if let Some(cause) = survey.actual.directory.cause()
        && !survey.deployment.accounts.is_empty()
    {
        draft.unreadable(Subject::Directory, Layer::Directory, cause);
    }
    for name in declared.chain(used).chain(assigned) {
        if spoken_of.insert(name) {
            inspect_account(survey, name, draft);
        }
    }
    for (name, standing) in &survey.accounts {
        if matches!(standing, Standing::Usable(_) | Standing::Unusable(_)) && is_left_over(survey, name) {
            let message = "assigned to no site once this plan is carried out, and not declared";
            let hint = format!("when nothing needs it any more, delete the computer object {} by hand", name.account());
            draft.find(Code::AccountLeftOver, Subject::Account(name.clone()), message, Some(hint));
        }
    }
}

/// How long before an account expires that is said: long enough for whoever may lift it to be asked, and several times
/// what lies between two plans, since Microsoft recommends the test daily.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

fn is_left_over(survey: &Survey<'_>, name: &AccountName) -> bool {
    let Some(assignments) = survey.actual.assignments.known() else { return false };
    let in_use = assignments.values().any(|assigned| assigned == name);
    !in_use && survey.deployment.account(name).is_none() && survey.sites_of(name).next().is_none()
}

fn inspect_account(survey: &Survey<'_>, name: &AccountName, draft: &mut Draft) {
    let subject = Subject::Account(name.clone());
    let declared = survey.deployment.account(name);
    match survey.standing(name) {
        Standing::Missing => match declared {
            Some(account) => create(survey, account, draft),
            None if survey.sites_of(name).next().is_none() => {}
            None => {
                let message =
                    "assigned, but there is no such account in Active Directory, and the file does not declare it";
                let hint = "declare it under `accounts:` to have it created, or assign another one";
                draft.find(Code::AccountGone, subject, message, Some(hint.to_owned()));
            }
        },
        Standing::Unusable(defect) => report_defect(survey, name, *defect, draft),
        Standing::Unknown(cause) if survey.actual.directory.known().is_some() => {
            draft.unreadable(subject, Layer::Directory, cause);
        }
        Standing::Unknown(_) => {} // the directory as a whole was reported
        Standing::Usable(state) => {
            inspect_encryption(survey, name, state, draft);
            inspect_age(survey, name, state, draft);
            inspect_expiry(survey, name, state, draft);
        }
    }
}

fn create(survey: &Survey<'_>, account: &Account, draft: &mut Draft) {
    let name = account.name.clone();
    let mut because = vec![format!("{name} is declared, and Active Directory has no such account")];
    let already: Vec<&str> = (survey.sites_of(&name))
        .filter(|site| survey.assigned(site) == Reading::Known(&name))
        .map(crate::model::SiteName::as_str)
        .collect();
    if !already.is_empty() {
        because.push(format!("it was deleted although it is assigned to {}", already.join(", ")));
    }
    let place = account.container.as_ref().map_or("the domain's Computers container".to_owned(), ToString::to_string);
    draft.change(
        Subject::Account(name.clone()),
        Layer::Directory,
        ChangeAction::Create,
        Property::ComputerAccount,
        None,
        Some(place),
    );
    draft.step(Step {
        action: Action::CreateAccount { account: name.clone(), container: account.container.clone() },
        subject: Subject::Account(name.clone()),
        run_on: RunOn::ManagementShell,
        after: Vec::new(),
        because,
        disrupts: None,
        consent: None,
        touches: survey.sites_of(&name).cloned().collect(),
        preconditions: vec![Predicate::AccountAbsent { account: name }],
    });
}

fn report_defect(survey: &Survey<'_>, name: &AccountName, defect: Defect, draft: &mut Draft) {
    // Those that have it now: what others were tested with says nothing of it.
    let tested = survey.targets_of(name).filter(|target| survey.assigned(target.site).known() == Some(&name));
    let meanwhile = match tested.count() {
        0 if survey.targets_of(name).next().is_some() => "; nothing is planned for its sites".to_owned(),
        0 => String::new(),
        1 => "; its 1 server looks invalid meanwhile, so nothing is planned for it".to_owned(),
        many => format!("; all of its {many} servers look invalid meanwhile, so nothing is planned for them"),
    };
    let object = quote(&format!("{}$", name.account()));
    let (code, message, hint) = match defect {
        Defect::Disabled => (
            Code::AccountDisabled,
            format!("the account is disabled{meanwhile}"),
            format!("enable it, test each site again and plan anew\n  Enable-ADAccount -Identity {object}"),
        ),
        Defect::Expired(at) => (
            Code::AccountExpired,
            format!("the account expired at {}{meanwhile}", moment(at)),
            format!("lift that, test each site again and plan anew\n  Clear-ADAccountExpiration -Identity {object}"),
        ),
        Defect::NotComputer => (
            Code::AccountNotComputer,
            format!("the account is not a computer account, and the feature needs one{meanwhile}"),
            "declare another name: New-CsKerberosAccount makes a computer account, and refuses a name that exists"
                .to_owned(),
        ),
    };
    draft.find(code, Subject::Account(name.clone()), message, Some(hint));
}

fn inspect_encryption(survey: &Survey<'_>, name: &AccountName, state: &AccountState, draft: &mut Draft) {
    let subject = Subject::Account(name.clone());
    let wanted = survey.deployment.account(name).and_then(|account| account.encryption);
    // AES128 and AES256: what is left once Windows has retired RC4.
    let bits = wanted.map_or(0x18, |types| types.0);
    let set = format!(
        "Set-ADObject -Identity (Get-ADComputer {}).DistinguishedName -Replace @{{'msDS-SupportedEncryptionTypes'={bits}}}",
        quote(name.account())
    );
    let set = format!("prove one server by a ticket with AES, then\n  {set}");
    let domain = survey.actual.directory.known().and_then(|directory| directory.aes_keys_since);
    if let (Some(since), Some(password)) = (domain, state.password_set_at)
        && password < since
    {
        let message = format!(
            "its password was set at {}, before the domain made AES keys ({}), so it has none",
            moment(password),
            moment(since)
        );
        let rotate = quote(name.as_str());
        let hint = format!("one rotation makes them\n  cskerb plan ... --rotate {rotate} --reason 'AES keys'");
        draft.find(Code::PasswordBeforeAes, subject.clone(), message, Some(hint));
    }
    match state.encryption {
        None => {
            let message = "msDS-SupportedEncryptionTypes is unset, so the domain's default holds; Windows' retirement of RC4 (CVE-2026-20833) changes that default";
            draft.find(Code::AccountEncryptionUnset, subject, message, Some(set));
        }
        Some(types) if !types.has_aes() => {
            let message = format!(
                "it allows only {}; a domain controller that has retired RC4 gives no ticket for it",
                types.types_only()
            );
            draft.find(Code::AccountEncryptionWeak, subject, message, Some(set));
        }
        Some(types) if wanted.is_some_and(|wanted| wanted.types_only() != types.types_only()) => {
            let wanted = wanted.unwrap_or(types);
            let message = format!("it allows {}; declared is {wanted}", types.types_only());
            draft.find(Code::AccountEncryptionDiffers, subject, message, Some(set));
        }
        Some(_) => {}
    }
}

fn inspect_age(survey: &Survey<'_>, name: &AccountName, state: &AccountState, draft: &mut Draft) {
    let limit = survey.deployment.account(name).and_then(|account| account.max_password_age);
    let now = survey.actual.collected_at.known().copied();
    let (Some(limit), Some(now)) = (limit, now) else { return };
    let Some(set) = state.password_set_at else {
        let place = Place { file: "directory.json".into(), line_column: None };
        let why = "it does not say when the password was set, so its age is not known".to_owned();
        return draft.unreadable(Subject::Account(name.clone()), Layer::Directory, &Cause::Broken { place, why });
    };
    let age: SignedDuration = Timestamp::duration_until(set, now);
    if age > limit {
        let days = |duration: SignedDuration| duration.as_hours() / 24;
        let message = format!("its password is {} days old; declared is at most {}", days(age), days(limit));
        let rotate = quote(name.as_str());
        let hint =
            format!("rotate it in a maintenance window\n  cskerb plan ... --rotate {rotate} --reason 'password age'");
        draft.find(Code::PasswordOld, Subject::Account(name.clone()), message, Some(hint));
    }
}

/// From that moment on no client gets a ticket for it.
fn inspect_expiry(survey: &Survey<'_>, name: &AccountName, state: &AccountState, draft: &mut Draft) {
    let (Some(now), Some(at)) = (survey.actual.collected_at.known(), state.expires_at) else { return };
    if now.duration_until(at) > EXPIRES_SOON {
        return;
    }
    let message = format!("the account expires at {}; no client gets a ticket for it from then on", moment(at));
    let object = quote(&format!("{}$", name.account()));
    let hint = format!("lift that before then\n  Clear-ADAccountExpiration -Identity {object}");
    draft.find(Code::AccountExpiresSoon, Subject::Account(name.clone()), message, Some(hint));
}
