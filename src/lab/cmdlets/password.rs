//! Set-CsKerberosAccountPassword, both forms.

use super::super::memory::Held;
use super::super::refusal::Refusal;
use super::super::world::World;
use super::super::{Lab, LabError, TICK};
use super::server_admin;
use crate::model::{AccountName, ServerFqdn, Verdict};

/// -UserAccount: a new random password into IIS of every server of every central site of the account, one after
/// the other, then into Active Directory. [doc] Each server, and Active Directory, is a change by itself: a program that is killed
/// in it leaves a rotation half done.
///
/// A server that does not answer keeps the old password; the rotation goes on without it and says so in the end, as
/// field reports have it ("one server was down during a rotation") [seen]. Where no server answers, Active Directory
/// is not touched [inferred].
pub(in crate::lab) fn rotate_password(lab: &Lab, account: &AccountName) -> Result<Result<(), Refusal>, LabError> {
    let (servers, held) = match lab.change(|world| begin_rotation(world, account))? {
        Ok(begun) => begun,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut left_behind = Vec::new();
    for server in &servers {
        lab.wait_for(std::slice::from_ref(server))?;
        if lab.change(|world| configure(world, server, &held))?.is_err() {
            left_behind.push(server.clone());
        }
    }
    lab.change(|world| end_rotation(world, &held, &servers, left_behind))
}

fn begin_rotation(world: &mut World, account: &AccountName) -> Result<(Vec<ServerFqdn>, Held), Refusal> {
    server_admin(world)?;
    match world.memory.account(account) {
        None => return Err(Refusal::NoAccount(account.clone())),
        Some(object) if !object.computer => return Err(Refusal::NotComputer(account.clone())),
        Some(_) => {}
    }
    if world.memory.assignments.values().all(|assigned| assigned != account) {
        return Err(Refusal::NowhereAssigned(account.clone()));
    }
    let servers = world.central_targets_of_account(account)?;
    Ok((servers, Held { account: account.clone(), key: world.memory.new_key() }))
}

fn configure(world: &mut World, server: &ServerFqdn, held: &Held) -> Result<(), Refusal> {
    world.contact(server)?;
    world.memory.now += TICK;
    world.server(server).holds = Some(held.clone());
    Ok(())
}

fn end_rotation(
    world: &mut World,
    held: &Held,
    servers: &[ServerFqdn],
    left_behind: Vec<ServerFqdn>,
) -> Result<(), Refusal> {
    let account = &held.account;
    if !servers.is_empty() && left_behind.len() == servers.len() {
        return Err(Refusal::NoServerAnswers(account.clone()));
    }
    world.memory.now += TICK;
    if world.memory.rotation_breaks_off.take_if(|breaking| breaking == account).is_some() {
        world.renew(servers);
        return Err(Refusal::BrokeOff(account.clone()));
    }
    let now = world.memory.now;
    let Some(object) = world.memory.account_mut(account) else { return Err(Refusal::NoAccount(account.clone())) };
    object.key = held.key;
    object.key_version = Some(object.key_version.unwrap_or(0) + 1);
    object.password_set_at = Some(now);
    // A reading of the very second in which the password was set would say nothing.
    world.memory.now += TICK;
    // Those of branch sites too: they have the old one now.
    world.renew(&world.targets_of_account(account)?);
    if left_behind.is_empty() { Ok(()) } else { Err(Refusal::ServersLeftBehind(left_behind)) }
}

/// -FromComputer -ToComputer: copies what one server holds to another; Active Directory is not touched. [doc]
///
/// Both are servers, never pools, unless a pool bears its one server's name [seed]; both sites have the same account,
/// and the source is valid. [doc]
pub(in crate::lab) fn copy_password(world: &mut World, from: &ServerFqdn, to: &ServerFqdn) -> Result<(), Refusal> {
    server_admin(world)?;
    let (of_source, of_target) = (account_for(world, from)?, account_for(world, to)?);
    if of_source != of_target {
        return Err(Refusal::DifferentAccounts(from.clone(), to.clone()));
    }
    world.contact(from)?;
    world.contact(to)?;
    if world.judge(from, &of_source).0 != Verdict::Valid {
        return Err(Refusal::SourceNotValid(from.clone()));
    }
    let holds = world.server(from).holds.clone();
    world.server(to).holds = holds;
    world.renew([to]);
    Ok(())
}

fn account_for(world: &World, server: &ServerFqdn) -> Result<AccountName, Refusal> {
    match world.account_of(server)? {
        Some(account) => Ok(account),
        None if world.topology()?.pools.iter().any(|pool| server.names_pool(&pool.fqdn))
            && world.site_of(server)?.is_none() =>
        {
            Err(Refusal::PoolAsComputer(server.as_pool()))
        }
        None => Err(Refusal::NotTarget(server.clone())),
    }
}
