//! A healthy lab that matches a deployment file.

mod iis;
mod topology;

pub(super) use iis::write_plain;

use super::memory::{AccountObject, Held, Memory, ServerMemory};
use super::world::World;
use super::{Lab, LabError};
use crate::model::{
    Account, DeclaredAccount, Deployment, EncryptionTypes, Pool, ServerFqdn, Site, Spn, UseWindowsAuth, WebFqdn,
    WebServicesSettings,
};
use crate::snapshot::web_services::WebServicesFile;
use crate::snapshot::{WriteError, Writer};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How old the passwords of a new lab are, unless the file wants them younger.
const PASSWORD_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Lab {
    /// Makes a lab in that folder, which must be empty or not there: what the file declares, and all of it healthy, so
    /// that a plan has nothing to do.
    ///
    /// A site whose account the file does not manage gets none. The clock starts at `now`. `lab.json` comes last: a
    /// folder that has it is whole.
    pub fn create(deployment: &Deployment, folder: &Path, now: Timestamp) -> Result<Self, LabError> {
        let io = |doing| move |source| LabError::Io { path: folder.to_owned(), doing, source };
        fs::create_dir_all(folder).map_err(io("made"))?;
        if fs::read_dir(folder).map_err(io("read"))?.next().is_some() {
            return Err(LabError::NotEmpty(folder.to_owned()));
        }
        let lab = Self::at(folder);
        let lock = lab.lock()?;
        let writer = Writer::new(folder)?;
        writer.topology(&topology::document(deployment))?;
        let negotiate =
            WebServicesSettings { global: Some(UseWindowsAuth::Negotiate), ..WebServicesSettings::default() };
        writer.web_services(&WebServicesFile::from(&negotiate))?;
        for (_, pool) in web_pools(deployment) {
            for server in &pool.servers {
                iis::write(&writer, folder, pool, server).map_err(|error| lab.unchanged(error))?;
            }
        }
        lab.write_first(&memory(deployment, folder, now))?;
        drop(lock);
        Self::open(folder)
    }

    /// Writes `lab.json` where there was none.
    pub(super) fn write_first(&self, memory: &Memory) -> Result<(), LabError> {
        let path = self.folder.join("lab.json");
        let text = serde_json::to_string_pretty(memory).map_err(|source| WriteError { path, source: source.into() })?;
        Ok(Writer::new(&self.folder)?.lab(&format!("{text}\n"), false)?)
    }
}

/// The pools that run Web Services, with their sites.
fn web_pools(deployment: &Deployment) -> impl Iterator<Item = (&Site, &Pool)> {
    let of = |site| move |pool| (site, pool);
    let all = deployment.sites.iter().flat_map(move |site| site.pools.iter().map(of(site)));
    all.filter(|(_, pool): &(&Site, &Pool)| pool.role.runs_web_services())
}

fn memory(deployment: &Deployment, folder: &Path, now: Timestamp) -> Memory {
    let mut memory = Memory::empty(now);
    let products = deployment.sites.iter().flat_map(|site| &site.pools).filter_map(|pool| pool.product);
    memory.product = products.max().map(|product| product.id().to_owned());
    memory.enabled_topology = Some(topology::SIGNATURE.to_owned());
    for account in &deployment.accounts {
        let object = object(deployment, account, &mut memory);
        memory.accounts.insert(account.name.clone(), Some(object));
    }
    for site in &deployment.sites {
        if let DeclaredAccount::Account(account) = &site.account {
            memory.assignments.insert(site.name.clone(), account.clone());
        }
    }
    for (site, pool) in web_pools(deployment) {
        let held = site.account.name().and_then(|account| {
            memory.account(account).map(|object| Held { account: account.clone(), key: object.key })
        });
        for server in &pool.servers {
            let known = ServerMemory { holds: held.clone(), ..ServerMemory::default() };
            memory.servers.insert(server.fqdn.clone(), known);
        }
    }
    let mut world = World::new(folder, memory);
    let servers: Vec<ServerFqdn> = world.memory.servers.keys().cloned().collect();
    world.renew(&servers);
    world.memory.into_memory()
}

fn object(deployment: &Deployment, account: &Account, memory: &mut Memory) -> AccountObject {
    let age = account.max_password_age.map_or(PASSWORD_AGE, |most| PASSWORD_AGE.min(most / 2));
    AccountObject {
        computer: true,
        enabled: true,
        expires_at: None,
        service_principal_names: spns(deployment, account),
        supported_encryption_types: Some(
            account.encryption.unwrap_or(EncryptionTypes::AES128.union(EncryptionTypes::AES256)).0,
        ),
        password_set_at: memory.now.checked_sub(age).ok(),
        key_version: Some(2),
        key: memory.new_key(),
        behind: None,
    }
}

/// The SPNs of every site that has the account.
fn spns(deployment: &Deployment, account: &Account) -> BTreeSet<Spn> {
    let mine = web_pools(deployment).filter(|(site, _)| site.account.name() == Some(&account.name));
    mine.flat_map(|(_, pool)| std::iter::once(pool.fqdn.spn()).chain(pool.internal_fqdn.as_ref().map(WebFqdn::spn)))
        .collect()
}
