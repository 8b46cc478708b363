//! New-, Set- and Remove-CsKerberosAccountAssignment.

use super::super::refusal::Refusal;
use super::super::world::World;
use super::server_admin;
use crate::model::{AccountName, SiteName};

/// New-CsKerberosAccountAssignment: only for a site that has none. [doc]
pub(in crate::lab) fn new_assignment(world: &mut World, site: &SiteName, to: &AccountName) -> Result<(), Refusal> {
    server_admin(world)?;
    if let Some(current) = world.memory.assignments.get(site) {
        return Err(Refusal::SiteAssigned(site.clone(), current.clone()));
    }
    assign(world, site, to)
}

/// Set-CsKerberosAccountAssignment: only for a site that has one. [doc]
pub(in crate::lab) fn set_assignment(world: &mut World, site: &SiteName, to: &AccountName) -> Result<(), Refusal> {
    server_admin(world)?;
    if !world.memory.assignments.contains_key(site) {
        return Err(Refusal::SiteNotAssigned(site.clone()));
    }
    assign(world, site, to)
}

/// Remove-CsKerberosAccountAssignment: the account itself stays. [doc]
pub(in crate::lab) fn remove_assignment(world: &mut World, site: &SiteName) -> Result<(), Refusal> {
    server_admin(world)?;
    match world.memory.assignments.remove(site) {
        Some(_) => Ok(()),
        None => Err(Refusal::SiteNotAssigned(site.clone())),
    }
}

fn assign(world: &mut World, site: &SiteName, to: &AccountName) -> Result<(), Refusal> {
    if !world.has_site(site)? {
        return Err(Refusal::NoSite(site.clone()));
    }
    world.look_up(to)?;
    match world.memory.account(to) {
        None => return Err(Refusal::NoAccount(to.clone())),
        Some(object) if !object.computer => return Err(Refusal::NotComputer(to.clone())),
        Some(_) => {}
    }
    let servers = world.targets_of(site)?;
    world.memory.assignments.insert(site.clone(), to.clone());
    world.renew(&servers);
    Ok(())
}
