//! A lab out of a snapshot that was read from real systems, or written by hand.

use super::memory::{AccountObject, Held, Memory, ServerMemory};
use super::world::World;
use super::{Lab, LabError};
use crate::model::{AccountName, AccountState, Actual, Cause, Directory, Reading, ServerFqdn, Verdict};
use crate::snapshot::kerberos::KerberosFile;
use crate::snapshot::{self, SnapshotError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

impl Lab {
    /// Makes a lab of the snapshot in that folder, by giving it a `lab.json`; one that has it is opened.
    ///
    /// A lab knows everything, so topology, assignments and directory must be readable. What the snapshot leaves open
    /// is taken so: an invalid server has an older password of its account; one that was never tested has none; one
    /// of which the test could not say has the right one.
    pub fn adopt(folder: &Path) -> Result<Self, LabError> {
        let lab = Self::at(folder);
        if !snapshot::is_lab(folder) {
            let actual = snapshot::read(folder).map_err(|error| lab.unread(error))?;
            let unusable = |cause| LabError::Unreadable { folder: folder.to_owned(), cause };
            lab.write_first(&memory(folder, &actual).map_err(unusable)?)?;
        }
        Self::open(folder)
    }

    fn unread(&self, error: SnapshotError) -> LabError {
        match error {
            SnapshotError::Folder { folder, source } => LabError::Io { path: folder, doing: "read", source },
            SnapshotError::FromTheFuture { folder, version } => LabError::Unreadable {
                folder: self.folder.clone(),
                cause: Cause::NotAsked { what: format!("the format {version} of {}", folder.display()) },
            },
        }
    }
}

fn readable<T>(reading: &Reading<T>) -> Result<&T, Cause> {
    match reading {
        Reading::Known(value) => Ok(value),
        Reading::Absent => Err(Cause::NotAsked { what: "it".to_owned() }),
        Reading::Unreadable(cause) => Err(cause.clone()),
    }
}

fn memory(folder: &Path, actual: &Actual) -> Result<Memory, Cause> {
    let mut memory = Memory::empty(*readable(&actual.collected_at)?);
    memory.enabled_topology.clone_from(&readable(&actual.topology)?.signature);
    memory.assignments = readable(&actual.assignments)?.clone();
    let former = take_directory(&mut memory, readable(&actual.directory)?)?;
    let mut world = World::new(folder, memory);
    world.add_missing_servers();
    let servers: Vec<ServerFqdn> = world.memory.servers.keys().cloned().collect();
    for server in servers {
        let known = server_memory(&world, actual, &server, &former);
        world.memory.servers.insert(server, known);
    }
    Ok(world.memory.into_memory())
}

/// Takes over accounts and SPNs; gives the number of an older password of each account.
fn take_directory(memory: &mut Memory, directory: &Directory) -> Result<BTreeMap<AccountName, u64>, Cause> {
    memory.aes_keys_since = directory.aes_keys_since;
    let mut former = BTreeMap::new();
    for (name, reading) in &directory.accounts {
        let object = match reading {
            Reading::Known(state) => {
                former.insert(name.clone(), memory.new_key());
                Some(object(state, memory.new_key()))
            }
            Reading::Absent => None,
            Reading::Unreadable(cause) => return Err(cause.clone()),
        };
        memory.accounts.insert(name.clone(), object);
    }
    if let Some(cause) = directory.unreadable.values().next() {
        return Err(cause.clone());
    }
    for (spn, holders) in &directory.holders {
        let mut others = BTreeSet::new();
        for holder in holders {
            match memory.accounts.iter_mut().find(|(name, _)| holder.is(name)) {
                Some((_, Some(object))) => _ = object.service_principal_names.insert(spn.clone()),
                _ => _ = others.insert(holder.clone()),
            }
        }
        memory.other_holders.insert(spn.clone(), others);
    }
    Ok(former)
}

fn object(state: &AccountState, key: u64) -> AccountObject {
    AccountObject {
        computer: state.computer,
        enabled: state.enabled,
        expires_at: state.expires_at,
        service_principal_names: state.spns.clone(),
        supported_encryption_types: state.encryption.map(|types| types.0),
        password_set_at: state.password_set_at,
        key_version: state.key_version,
        key,
        behind: None,
    }
}

fn server_memory(
    world: &World,
    actual: &Actual,
    server: &ServerFqdn,
    former: &BTreeMap<AccountName, u64>,
) -> ServerMemory {
    let Reading::Known(reading) = actual.kerberos(server) else { return ServerMemory::default() };
    let of_site = world.account_of(server).ok().flatten();
    let holds = reading.account.clone().or(of_site).and_then(|account| {
        let object = world.memory.account(&account);
        let set_at = object.and_then(|object| object.password_set_at);
        let current = object.map(|object| object.key);
        let key = match reading.verdict {
            Verdict::Valid if set_at.is_some_and(|set| reading.at < set) => former.get(&account).copied(),
            Verdict::Valid | Verdict::Unknown => current,
            Verdict::Invalid => former.get(&account).copied(),
        };
        key.map(|key| Held { account, key })
    });
    ServerMemory { holds, reading: Some(KerberosFile::from(reading)), ..ServerMemory::default() }
}
