//! The files of the snapshot that are made from the lab's memory.

use super::memory::{AccountObject, Memory};
use crate::model::{AccountName, AccountState, EncryptionTypes, Principal, Spn};
use crate::snapshot::assignments::AssignmentsFile;
use crate::snapshot::description::{DescriptionFile, FormatVersion};
use crate::snapshot::directory::{AccountEntry, DirectoryFile, SpnEntry};
use crate::snapshot::{WriteError, Writer};
use std::collections::BTreeSet;

/// Writes what differs from what `former` made; all of it where that is not known.
///
/// `snapshot.json` comes last: its time says that everything before it stands.
pub(super) fn write(writer: &Writer, memory: &Memory, former: Option<&Memory>) -> Result<(), WriteError> {
    let changed = |same: fn(&Memory, &Memory) -> bool| former.is_none_or(|former| !same(former, memory));
    if changed(|a, b| a.assignments == b.assignments) {
        writer.assignments(&AssignmentsFile::from(&memory.assignments))?;
    }
    if changed(|a, b| a.accounts == b.accounts && a.other_holders == b.other_holders) {
        writer.directory(&directory(memory))?;
    }
    for (server, known) in &memory.servers {
        let before = former.and_then(|former| former.servers.get(server)).and_then(|server| server.reading.as_ref());
        if let Some(reading) = known.reading.as_ref().filter(|reading| before != Some(*reading)) {
            writer.kerberos(server, reading)?;
        }
    }
    if changed(|a, b| a.now == b.now && a.product == b.product) {
        writer.description(&DescriptionFile {
            format_version: FormatVersion::CURRENT,
            collected_at: memory.now,
            product: memory.product.clone(),
            tool: Some(concat!("cskerb ", env!("CARGO_PKG_VERSION")).to_owned()),
            asked_for: None,
            unread: Vec::new(),
        })?;
    }
    Ok(())
}

fn directory(memory: &Memory) -> DirectoryFile {
    let held = memory.accounts.values().flatten().flat_map(|object| &object.service_principal_names);
    let spns: BTreeSet<&Spn> = held.chain(memory.other_holders.keys()).collect();
    let entry = |spn: &Spn| SpnEntry {
        spn: spn.clone(),
        error: None,
        holders: memory.holders(spn).iter().map(Principal::to_string).collect(),
    };
    DirectoryFile {
        aes_keys_since: memory.aes_keys_since,
        complete: true,
        accounts: memory.accounts.iter().map(|(name, object)| account(name, object.as_ref())).collect(),
        service_principal_names: spns.into_iter().map(entry).collect(),
    }
}

fn account(name: &AccountName, object: Option<&AccountObject>) -> AccountEntry {
    match object {
        None => AccountEntry::absent(name.clone()),
        Some(object) => match disagreement(object) {
            Some(why) => AccountEntry::unreadable(name.clone(), why),
            None => AccountEntry::known(name.clone(), &state(object)),
        },
    }
}

/// What the domain controllers say of an account on which they do not agree yet.
pub(super) fn disagreement(object: &AccountObject) -> Option<String> {
    let behind = object.behind?;
    let ahead = object.key_version.map_or("another one".to_owned(), |version| version.to_string());
    Some(format!(
        "the domain controllers do not agree yet: one has key version {ahead}, another still {}; wait until they do, \
         and do not rotate meanwhile",
        behind.key_version
    ))
}

fn state(object: &AccountObject) -> AccountState {
    AccountState {
        computer: object.computer,
        enabled: object.enabled,
        expires_at: object.expires_at,
        spns: object.service_principal_names.clone(),
        encryption: object.supported_encryption_types.map(EncryptionTypes),
        password_set_at: object.password_set_at,
        key_version: object.key_version,
        agreed: false,
    }
}
