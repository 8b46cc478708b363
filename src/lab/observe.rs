//! What is looked at before, after and between steps. A server is tested afresh, never judged by an old kerberos.json.

use super::cmdlets::spns_in_order;
use super::refusal::{Refusal, told_refusal};
use super::world::World;
use crate::apply::target::{Holds, Observation};
use crate::model::{
    AccountName, LocationPath, Principal, Reading, ServerFqdn, Setting, SettingChange, SiteName, Verdict,
    WindowsAuthentication,
};
use crate::plan::{Action, LocationChange, Predicate};
use crate::snapshot::change;
use std::collections::BTreeSet;
use std::path::Path;

/// Whether the predicate holds now.
pub(super) fn holds(world: &mut World, folder: &Path, predicate: &Predicate) -> Holds {
    let held = match predicate {
        Predicate::AssignmentIs { site, account } => Ok(assignment_is(world, site, account.as_ref())),
        Predicate::AssignedOnlyTo { account, sites } => Ok({
            let mut having = world.memory.assignments.iter().filter(|(_, assigned)| *assigned == account);
            match having.find(|(site, _)| !sites.contains(site)) {
                Some((site, _)) => Holds::No(format!("{site} has {account} too")),
                None => Holds::Yes,
            }
        }),
        Predicate::AccountAbsent { account } => Ok(match world.memory.account(account) {
            None => Holds::Yes,
            Some(_) => Holds::No(format!("{account} exists")),
        }),
        Predicate::AccountUsable { account } => account_usable(world, account),
        Predicate::PasswordSetAt { account, at } => world.look_up(account).map(|()| {
            let found = world.memory.account(account).and_then(|object| object.password_set_at);
            let told = |at: &Option<jiff::Timestamp>| at.map_or("never".to_owned(), |at| format!("at {at}"));
            if found == *at { Holds::Yes } else { Holds::No(format!("its password was set {}", told(&found))) }
        }),
        Predicate::SpnHeldBy { spn, holders } => {
            let found = world.memory.holders(spn);
            let names: Vec<&str> = found.iter().map(Principal::as_str).collect();
            Ok(match found == holders.iter().cloned().collect::<BTreeSet<_>>() {
                true => Holds::Yes,
                false if names.is_empty() => Holds::No(format!("nobody holds {spn}")),
                false => Holds::No(format!("{spn} is held by {}", names.join(", "))),
            })
        }
        Predicate::ValidFor { server, account } => test(world, server, account).map(|verdict| match verdict {
            Verdict::Valid => Holds::Yes,
            _ => Holds::No(format!("{server} is not valid for {account}")),
        }),
        Predicate::NotValidFor { server, account } => test(world, server, account).map(|verdict| match verdict {
            Verdict::Valid => Holds::No(format!("{server} is valid for {account}")),
            _ => Holds::Yes,
        }),
        Predicate::LocationIs { server, location, settings } => {
            effective(world, folder, server, location).map(|found| location_is(&found, location, settings))
        }
        Predicate::TopologySignatureIs { signature } => world.topology().map(|topology| {
            let told = |signature: &Option<String>| signature.clone().unwrap_or_else(|| "none".to_owned());
            if topology.signature == *signature {
                Holds::Yes
            } else {
                Holds::No(format!("the published topology has the signature {}", told(&topology.signature)))
            }
        }),
    };
    held.unwrap_or_else(|refusal| Holds::Unknown(told_refusal(&refusal)))
}

fn assignment_is(world: &World, site: &SiteName, account: Option<&AccountName>) -> Holds {
    match world.memory.assignments.get(site) {
        found if found == account => Holds::Yes,
        Some(found) => Holds::No(format!("{site} has {found}")),
        None => Holds::No(format!("{site} has no account")),
    }
}

fn account_usable(world: &mut World, account: &AccountName) -> Result<Holds, Refusal> {
    world.look_up(account)?;
    Ok(match world.memory.account(account) {
        None => Holds::No(format!("{account} does not exist")),
        Some(object) if object.is_usable(world.memory.now) => Holds::Yes,
        Some(object) if !object.computer => Holds::No(format!("{account} is not a computer account")),
        Some(object) if !object.enabled => Holds::No(format!("{account} is disabled")),
        Some(_) => Holds::No(format!("{account} has expired")),
    })
}

/// A fresh test of the server for that account; a server whose site has another one is not valid for it.
fn test(world: &mut World, server: &ServerFqdn, account: &AccountName) -> Result<Verdict, Refusal> {
    if world.account_of(server)?.as_ref() != Some(account) {
        return Ok(Verdict::Invalid);
    }
    world.look_up(account)?;
    world.contact(server)?;
    Ok(world.judge(server, account).0)
}

fn effective(
    world: &mut World,
    folder: &Path,
    server: &ServerFqdn,
    location: &LocationPath,
) -> Result<WindowsAuthentication, Refusal> {
    world.contact(server)?;
    let found = match change::iis(folder, server) {
        Reading::Known(configuration) => configuration.effective(location),
        Reading::Absent => Reading::Absent,
        Reading::Unreadable(cause) => Reading::Unreadable(cause),
    };
    match found {
        Reading::Known(settings) => Ok(settings),
        Reading::Absent => Err(Refusal::Iis(server.clone(), format!("it has no location {location}"))),
        Reading::Unreadable(cause) => Err(Refusal::Iis(server.clone(), cause.to_string())),
    }
}

fn location_is(found: &WindowsAuthentication, location: &LocationPath, settings: &[Setting]) -> Holds {
    let other: Vec<String> = (settings.iter())
        .map(|setting| found.in_effect(setting))
        .zip(settings)
        .filter(|(now, setting)| now != *setting)
        .map(|(now, _)| format!("{} is {}", now.name(), now.value()))
        .collect();
    if other.is_empty() { Holds::Yes } else { Holds::No(format!("at {location} {}", other.join(", "))) }
}

/// What the action is about, as it is now.
pub(super) fn observe(world: &mut World, folder: &Path, action: &Action) -> Observation {
    let observed = match action {
        Action::CreateAccount { account, .. } | Action::RotatePassword { account } => {
            world.look_up(account).map(|()| {
                let object = world.memory.account(account);
                Observation::Account {
                    exists: object.is_some(),
                    password_set_at: object.and_then(|object| object.password_set_at),
                    key_version: object.and_then(|object| object.key_version),
                    silent: Vec::new(),
                }
            })
        }
        Action::AssignAccount { site, .. }
        | Action::ReassignAccount { site, .. }
        | Action::UnassignAccount { site, .. } => {
            Ok(Observation::Assignment(world.memory.assignments.get(site).cloned()))
        }
        Action::RemoveSpn { spn, .. } | Action::AddSpn { spn, .. } => {
            Ok(Observation::Holders(world.memory.holders(spn).into_iter().collect()))
        }
        Action::CopyConfiguration { account, to, .. } => test(world, to, account).map(Observation::Server),
        Action::SetIis { server, locations } => settings(world, folder, server, locations).map(Observation::Settings),
        Action::EnableTopology { .. } => spns_in_order(world).and_then(|spns_in_order| {
            Ok(Observation::Topology { spns_in_order, signature: world.topology()?.signature.clone() })
        }),
        Action::TestAssignment { .. } => Ok(Observation::Nothing),
    };
    observed.unwrap_or_else(|refusal| Observation::Unreadable(told_refusal(&refusal)))
}

fn settings(
    world: &mut World,
    folder: &Path,
    server: &ServerFqdn,
    locations: &[LocationChange],
) -> Result<Vec<Vec<Setting>>, Refusal> {
    let all = locations.iter().map(|change| {
        let found = effective(world, folder, server, &change.location)?;
        let now = |setting: &SettingChange| found.in_effect(&setting.after);
        Ok(change.settings.iter().map(now).collect())
    });
    all.collect()
}

/// A collector has asked every server and domain controller once.
pub(super) fn count_one_look(world: &mut World) {
    let down: Vec<ServerFqdn> =
        world.memory.servers.iter().filter(|(_, it)| it.down.is_some()).map(|(name, _)| name.clone()).collect();
    for server in down {
        // The answer was given already; only the count goes on.
        drop(world.contact(&server));
    }
    let accounts: Vec<AccountName> = world.memory.accounts.keys().cloned().collect();
    for account in accounts {
        drop(world.look_up(&account));
    }
}
