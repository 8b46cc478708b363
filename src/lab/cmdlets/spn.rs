//! setspn -S and -D.

use super::super::refusal::Refusal;
use super::super::world::World;
use super::domain_admin;
use crate::model::{AccountName, Principal, Spn};

/// -S: refuses an SPN that anybody in the forest holds, be it the account itself [doc, last part inferred].
pub(in crate::lab) fn add_spn(world: &mut World, spn: &Spn, account: &AccountName) -> Result<(), Refusal> {
    domain_admin(world)?;
    let holders = world.memory.holders(spn);
    if !holders.is_empty() {
        return Err(Refusal::SpnHeld(spn.clone(), holders.into_iter().collect()));
    }
    let Some(object) = world.memory.account_mut(account) else {
        return Err(Refusal::NoHolder(Principal::from(account)));
    };
    object.service_principal_names.insert(spn.clone());
    Ok(())
}

/// -D: refuses to take away what is not there [inferred].
pub(in crate::lab) fn remove_spn(world: &mut World, spn: &Spn, holder: &Principal) -> Result<(), Refusal> {
    domain_admin(world)?;
    let removed = match world.memory.accounts.iter_mut().find(|(name, _)| holder.is(name)) {
        Some((_, Some(object))) => object.service_principal_names.remove(spn),
        Some((_, None)) => return Err(Refusal::NoHolder(holder.clone())),
        None => world.memory.other_holders.get_mut(spn).is_some_and(|others| others.remove(holder)),
    };
    if removed { Ok(()) } else { Err(Refusal::SpnNotHeld(spn.clone(), holder.clone())) }
}
