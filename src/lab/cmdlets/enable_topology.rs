//! Enable-CsTopology.

use super::super::refusal::Refusal;
use super::super::world::World;
use super::{DOMAIN_ADMINS, server_admin};
use crate::model::{AccountName, Spn};

/// Enables the whole last published topology: notes its signature, puts `http/<pool FQDN>` of every pool with Web
/// Services on the account of its site, and takes it from the Kerberos accounts that do not have the site. [doc]
///
/// It needs Domain Admins unless setup was delegated. [doc] It does not look whether somebody else in the forest holds
/// an SPN, and passes over a site whose account does not exist. [inferred]
pub(in crate::lab) fn enable_topology(world: &mut World) -> Result<(), Refusal> {
    server_admin(world)?;
    if !world.memory.rights.domain_admins && !world.memory.rights.setup_delegated {
        return Err(Refusal::NoRight(DOMAIN_ADMINS));
    }
    let signature = world.topology()?.signature.clone();
    let changes = changes(world)?;
    for (account, spn) in changes.removes {
        if let Some(object) = world.memory.account_mut(&account) {
            object.service_principal_names.remove(&spn);
        }
    }
    for (account, spn) in changes.adds {
        if let Some(object) = world.memory.account_mut(&account) {
            object.service_principal_names.insert(spn);
        }
    }
    world.memory.enabled_topology = signature;
    Ok(())
}

/// Whether every SPN that it makes and removes is as it leaves them.
pub(in crate::lab) fn spns_in_order(world: &World) -> Result<bool, Refusal> {
    let changes = changes(world)?;
    Ok(changes.adds.is_empty() && changes.removes.is_empty())
}

struct Changes {
    adds: Vec<(AccountName, Spn)>,
    removes: Vec<(AccountName, Spn)>,
}

fn changes(world: &World) -> Result<Changes, Refusal> {
    let mut changes = Changes { adds: Vec::new(), removes: Vec::new() };
    for pool in world.topology()?.pools.iter().filter(|pool| pool.web_services) {
        let (spn, wanted) = (pool.fqdn.spn(), world.memory.assignments.get(&pool.site));
        for (name, object) in &world.memory.accounts {
            let Some(object) = object else { continue };
            match (wanted == Some(name), object.service_principal_names.contains(&spn)) {
                (true, false) => changes.adds.push((name.clone(), spn.clone())),
                (false, true) => changes.removes.push((name.clone(), spn.clone())),
                _ => {}
            }
        }
    }
    Ok(changes)
}
