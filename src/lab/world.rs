//! The simulated systems while a cmdlet runs: the memory, the published topology, and what a test of a server says.

use super::derived::disagreement;
use super::memory::{Down, ServerMemory};
use super::refusal::Refusal;
use super::working::Working;
use crate::model::{AccountName, Reading, ServerFqdn, SiteKind, SiteName, Topology, Verdict};
use crate::snapshot::change::{self, Stamp};
use crate::snapshot::kerberos::{By, KerberosFile, Status};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The simulated systems.
pub(super) struct World {
    pub(super) memory: Working,
    folder: PathBuf,
    topology: OnceCell<Arc<Published>>,
    read: Arc<LastRead>,
}

/// The topology that was read last, and of which file: thousands of calls ask for the same.
#[derive(Debug, Default)]
pub(super) struct LastRead(Mutex<Option<(Stamp, Arc<Published>)>>);

/// The published topology, with the sites of its targets.
#[derive(Debug)]
struct Published {
    reading: Reading<Topology>,
    sites: HashMap<ServerFqdn, SiteName>,
}

impl Published {
    fn new(reading: Reading<Topology>) -> Self {
        let mut sites = HashMap::new();
        let web = reading.known().into_iter().flat_map(|it| &it.pools).filter(|pool| pool.web_services);
        for (server, pool) in web.flat_map(|pool| pool.servers.iter().map(move |server| (server, pool))) {
            // Of two pools that have the server, the first counts.
            sites.entry(server.clone()).or_insert_with(|| pool.site.clone());
        }
        Self { reading, sites }
    }
}

impl LastRead {
    fn topology(&self, folder: &Path) -> Arc<Published> {
        let stamp = change::topology_stamp(folder);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(stamp), Some((known, published))) = (&stamp, &*last)
            && stamp == known
        {
            return Arc::clone(published);
        }
        let published = Arc::new(Published::new(change::topology(folder)));
        *last = stamp.map(|stamp| (stamp, Arc::clone(&published)));
        published
    }
}

impl World {
    pub(super) fn new(folder: &Path, memory: impl Into<Working>) -> Self {
        Self::reading(folder, memory, Arc::default())
    }

    /// One that reads the topology only where it is not the one that was read last.
    pub(super) fn reading(folder: &Path, memory: impl Into<Working>, read: Arc<LastRead>) -> Self {
        Self { memory: memory.into(), folder: folder.to_owned(), topology: OnceCell::new(), read }
    }

    fn published(&self) -> &Published {
        self.topology.get_or_init(|| self.read.topology(&self.folder))
    }

    /// The published topology.
    pub(super) fn topology(&self) -> Result<&Topology, Refusal> {
        match &self.published().reading {
            Reading::Known(topology) => Ok(topology),
            Reading::Absent => Err(Refusal::NoTopology("there is none".to_owned())),
            Reading::Unreadable(cause) => Err(Refusal::NoTopology(cause.to_string())),
        }
    }

    /// The document has changed.
    pub(super) fn forget_topology(&mut self) {
        self.topology = OnceCell::new();
    }

    /// Servers that were published without the lab: nobody has configured them.
    pub(super) fn add_missing_servers(&mut self) {
        let Ok(topology) = self.topology() else { return };
        let web = topology.pools.iter().filter(|pool| pool.web_services);
        let servers: Vec<ServerFqdn> = web.flat_map(|pool| pool.servers.clone()).collect();
        for server in servers {
            self.memory.servers.entry(server).or_default();
        }
    }

    /// The site that has this server among its targets, by its name as it was published.
    pub(super) fn site_of(&self, server: &ServerFqdn) -> Result<Option<SiteName>, Refusal> {
        self.topology()?;
        Ok(self.published().sites.get(server).cloned())
    }

    /// The account of that server's site.
    pub(super) fn account_of(&self, server: &ServerFqdn) -> Result<Option<AccountName>, Refusal> {
        Ok(self.site_of(server)?.and_then(|site| self.memory.assignments.get(&site).cloned()))
    }

    /// Whether the site is published.
    pub(super) fn has_site(&self, site: &SiteName) -> Result<bool, Refusal> {
        Ok(self.topology()?.sites.iter().any(|published| published.name == *site))
    }

    /// The servers of that site which run Web Services, in the order of the topology.
    pub(super) fn targets_of(&self, site: &SiteName) -> Result<Vec<ServerFqdn>, Refusal> {
        let web = self.topology()?.pools.iter().filter(|pool| pool.web_services && pool.site == *site);
        Ok(web.flat_map(|pool| pool.servers.clone()).collect())
    }

    /// The servers of every site that has the account.
    pub(super) fn targets_of_account(&self, account: &AccountName) -> Result<Vec<ServerFqdn>, Refusal> {
        let has_it = |site: &SiteName| self.memory.assignments.get(site) == Some(account);
        let web = self.topology()?.pools.iter().filter(|pool| pool.web_services && has_it(&pool.site));
        Ok(web.flat_map(|pool| pool.servers.clone()).collect())
    }

    /// How long the slowest of these servers takes to answer.
    pub(super) fn slowest(&self, servers: &[ServerFqdn]) -> Duration {
        let slow = servers.iter().filter_map(|server| self.memory.servers.get(server)).map(|server| server.slow);
        Duration::from_millis(u64::from(slow.max().unwrap_or(0)))
    }

    /// Those of them in central sites: a rotation passes branch sites over. [doc]
    pub(super) fn central_targets_of_account(&self, account: &AccountName) -> Result<Vec<ServerFqdn>, Refusal> {
        let topology = self.topology()?;
        let is_branch = |site: &SiteName| {
            topology.sites.iter().any(|published| published.name == *site && published.kind == SiteKind::Branch)
        };
        let has_it = |site: &SiteName| self.memory.assignments.get(site) == Some(account) && !is_branch(site);
        let web = topology.pools.iter().filter(|pool| pool.web_services && has_it(&pool.site));
        Ok(web.flat_map(|pool| pool.servers.clone()).collect())
    }

    pub(super) fn server(&mut self, server: &ServerFqdn) -> &mut ServerMemory {
        self.memory.servers.entry(server.clone()).or_default()
    }

    /// Addresses the server; one that is down for so many calls has then missed one of them.
    pub(super) fn contact(&mut self, server: &ServerFqdn) -> Result<(), Refusal> {
        if self.memory.servers.get(server).is_some_and(|known| known.down.is_none()) {
            return Ok(());
        }
        let known = self.server(server);
        match &mut known.down {
            None => return Ok(()),
            Some(Down::ForGood) => {}
            Some(Down::Calls(calls)) => {
                *calls = calls.saturating_sub(1);
                if *calls == 0 {
                    known.down = None;
                }
            }
        }
        Err(Refusal::ServerDown(server.clone()))
    }

    /// Asks every domain controller for the account; one that is behind is then by one look nearer.
    pub(super) fn look_up(&mut self, account: &AccountName) -> Result<(), Refusal> {
        let Some(why) = self.memory.account(account).and_then(disagreement) else { return Ok(()) };
        let Some(object) = self.memory.account_mut(account) else { return Ok(()) };
        if let Some(behind) = &mut object.behind {
            behind.calls = behind.calls.saturating_sub(1);
            if behind.calls == 0 {
                object.behind = None;
            }
        }
        Err(Refusal::ControllersDisagree { account: account.clone(), why })
    }

    /// What a test of the server for this account says, with its words; the server must answer.
    pub(super) fn judge(&self, server: &ServerFqdn, account: &AccountName) -> (Verdict, Option<String>) {
        const INVALID: &str = "InvalidKerberosConfiguration";
        let held = self.memory.servers.get(server).and_then(|server| server.holds.as_ref());
        let object = self.memory.account(account);
        let why = match (object, held) {
            (None, _) => "there is no such account".to_owned(),
            (Some(object), _) if !object.is_usable(self.memory.now) => "the account cannot be used".to_owned(),
            (_, None) => "it was never configured".to_owned(),
            (_, Some(held)) if held.account != *account => format!("it is configured with {}", held.account),
            (Some(object), Some(held)) if held.key == object.key => return (Verdict::Valid, None),
            (Some(object), Some(held)) if held.key < object.key => "it has an older password of the account".to_owned(),
            _ => "it has a password that Active Directory does not have".to_owned(),
        };
        (Verdict::Invalid, Some(format!("{INVALID}: {why}")))
    }

    /// Tests these servers again, each for the account of its site.
    ///
    /// One that is down cannot be tested: if it was invalid, it still is, since nobody can have mended it; else nothing
    /// is known of it. One whose site has no account keeps its last reading.
    pub(super) fn renew<'s>(&mut self, servers: impl IntoIterator<Item = &'s ServerFqdn>) {
        for server in servers {
            let Ok(Some(account)) = self.account_of(server) else { continue };
            let known = self.memory.servers.get(server);
            let down = known.is_some_and(|known| known.down.is_some());
            let last = known.and_then(|known| known.reading.as_ref());
            let same = |reading: &&KerberosFile| reading.account.as_ref().is_none_or(|tested| *tested == account);
            let (verdict, detail) = if !down {
                self.judge(server, &account)
            } else if last.filter(same).is_some_and(|reading| reading.status == Status::Invalid) {
                continue;
            } else {
                (Verdict::Unknown, Some("it could not be reached".to_owned()))
            };
            let status = match verdict {
                Verdict::Valid => Status::Valid,
                Verdict::Invalid => Status::Invalid,
                Verdict::Unknown => Status::Unknown,
            };
            let reading = KerberosFile { status, account: Some(account), by: By::Lab, at: self.memory.now, detail };
            self.server(server).reading = Some(reading);
        }
    }

    /// Tests the servers of which the last reading no longer says what a test would, or nothing any more.
    pub(super) fn renew_outdated(&mut self) {
        let servers: Vec<ServerFqdn> = self.memory.servers.keys().cloned().collect();
        let outdated = |server: &&ServerFqdn| {
            let Ok(Some(account)) = self.account_of(server) else { return false };
            let Some(known) = self.memory.servers.get(*server) else { return false };
            let Some(reading) = &known.reading else { return true };
            let set_at = self.memory.account(&account).and_then(|object| object.password_set_at);
            let expected = match (known.down, self.judge(server, &account).0) {
                (Some(_), Verdict::Invalid) if reading.status == Status::Invalid => Status::Invalid,
                (Some(_), _) => Status::Unknown,
                (None, Verdict::Valid) => Status::Valid,
                (None, _) => Status::Invalid,
            };
            reading.status != expected
                || reading.account.as_ref().is_none_or(|tested| *tested != account)
                || set_at.is_some_and(|set| reading.at < set)
        };
        let outdated: Vec<ServerFqdn> = servers.iter().filter(outdated).cloned().collect();
        self.renew(&outdated);
    }
}
