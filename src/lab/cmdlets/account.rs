//! New-CsKerberosAccount.

use super::super::memory::AccountObject;
use super::super::refusal::Refusal;
use super::super::world::World;
use super::{domain_admin, server_admin};
use crate::model::AccountName;
use std::collections::BTreeSet;

/// Makes a computer account without SPNs. It fails if there is an object of that name, of whatever kind. [doc]
///
/// Nobody sets the encryption types of a computer that does not exist, and until the first rotation no server has its
/// password; its key version is then 1. [inferred]
pub(in crate::lab) fn new_account(world: &mut World, account: &AccountName) -> Result<(), Refusal> {
    server_admin(world)?;
    domain_admin(world)?;
    world.look_up(account)?;
    if world.memory.account(account).is_some() {
        return Err(Refusal::AccountExists(account.clone()));
    }
    let key = world.memory.new_key();
    let object = AccountObject {
        computer: true,
        enabled: true,
        expires_at: None,
        service_principal_names: BTreeSet::new(),
        supported_encryption_types: None,
        password_set_at: None,
        key_version: Some(1),
        key,
        behind: None,
    };
    world.memory.accounts.insert(account.clone(), Some(object));
    let servers = world.targets_of_account(account).unwrap_or_default();
    world.renew(&servers);
    Ok(())
}
