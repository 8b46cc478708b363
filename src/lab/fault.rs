//! What can be broken in a lab, for rehearsal and training.

use super::create::write_plain;
use super::memory::{Behind, Down, Held, Publication};
use super::world::World;
use super::{Lab, LabError};
use crate::model::{
    AccountName, IisConfiguration, LocationPath, PoolFqdn, Principal, Reading, ServerFqdn, Setting, SiteName, Spn,
};
use crate::snapshot::change;
use std::fmt;

/// Something that goes wrong in real deployments (see "what happens to people" in the manual).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server has an older password of its site's account.
    StalePassword(ServerFqdn),
    /// Nobody ever configured the server.
    NeverConfigured(ServerFqdn),
    /// The server does not answer.
    ServerDown(ServerFqdn, Down),
    /// The server answers again.
    ServerUp(ServerFqdn),
    /// The server takes so many milliseconds to answer.
    SlowServer(ServerFqdn, u32),
    /// A rotation broke off: every server of the account has a password that Active Directory does not have.
    HalfDoneRotation(AccountName),
    /// The next rotation of the account will break off like that.
    RotationBreaksOff(AccountName),
    /// Nobody holds the SPN.
    SpnMissing(Spn),
    /// Somebody else holds the SPN too.
    SpnTwice(Spn, Principal),
    /// The account is disabled.
    AccountDisabled(AccountName),
    /// The account is deleted.
    AccountDeleted(AccountName),
    /// The account's encryption types are unset.
    EncryptionUnset(AccountName),
    /// Where Windows authentication is enabled on the server, the order of the providers is reversed.
    ProvidersReversed(ServerFqdn),
    /// The site's account was assigned, and Enable-CsTopology never run: it has none of the site's SPNs.
    EnableTopologyForgotten(SiteName),
    /// The pool was published with one more server, which nobody configured.
    ServerAdded(PoolFqdn, ServerFqdn),
    /// Somebody publishes another topology with that call of a cmdlet from now; 0 is at once.
    TopologyPublished(u32),
    /// For so many looks at the account, a domain controller has older data of it.
    ControllersDisagree(AccountName, u32),
    /// The person who works here loses a right.
    RightLost(Right),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StalePassword(server) => write!(f, "{server} has an older password of its account"),
            Self::NeverConfigured(server) => write!(f, "{server} was never configured"),
            Self::ServerDown(server, Down::ForGood) => write!(f, "{server} does not answer"),
            Self::ServerDown(server, Down::Calls(1)) => {
                write!(f, "{server} does not answer the next call that needs it")
            }
            Self::ServerDown(server, Down::Calls(calls)) => {
                write!(f, "{server} does not answer the next {calls} calls that need it")
            }
            Self::ServerUp(server) => write!(f, "{server} answers again"),
            Self::SlowServer(server, milliseconds) => write!(f, "{server} takes {milliseconds} ms to answer"),
            Self::HalfDoneRotation(account) => write!(f, "a rotation of {account} broke off before Active Directory"),
            Self::RotationBreaksOff(account) => write!(f, "the next rotation of {account} will break off"),
            Self::SpnMissing(spn) => write!(f, "nobody holds {spn}"),
            Self::SpnTwice(spn, holder) => write!(f, "{holder} holds {spn} too"),
            Self::AccountDisabled(account) => write!(f, "{account} is disabled"),
            Self::AccountDeleted(account) => write!(f, "{account} is deleted"),
            Self::EncryptionUnset(account) => write!(f, "the encryption types of {account} are unset"),
            Self::ProvidersReversed(server) => write!(f, "the order of the providers on {server} is reversed"),
            Self::EnableTopologyForgotten(site) => write!(f, "Enable-CsTopology was not run for {site}"),
            Self::ServerAdded(pool, server) => write!(f, "{server} was added to {pool}"),
            Self::TopologyPublished(0) => f.write_str("another topology was published"),
            Self::TopologyPublished(calls) => write!(f, "another topology is published with call {calls} from now"),
            Self::ControllersDisagree(account, 1) => {
                write!(f, "the domain controllers do not agree on {account} for the next look at it")
            }
            Self::ControllersDisagree(account, looks) => {
                write!(f, "the domain controllers do not agree on {account} for the next {looks} looks at it")
            }
            Self::RightLost(Right::DomainAdmins) => f.write_str("you are no Domain Admin"),
            Self::RightLost(Right::RtcUniversalServerAdmins) => f.write_str("you are not in RTCUniversalServerAdmins"),
        }
    }
}

/// A right that a person may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Membership in Domain Admins.
    DomainAdmins,
    /// Membership in RTCUniversalServerAdmins.
    RtcUniversalServerAdmins,
}

impl Lab {
    /// Breaks something. The servers that it concerns are tested at once, as the daily test would.
    pub fn inject(&self, fault: &Fault) -> Result<(), LabError> {
        match fault {
            Fault::ProvidersReversed(server) => self.reverse_providers(server),
            Fault::ServerAdded(pool, server) => self.add_server(pool, server),
            _ => self.change(|world| {
                let servers = break_it(world, fault)?;
                world.renew(&servers);
                Ok(())
            })?,
        }
    }

    fn add_server(&self, pool: &PoolFqdn, server: &ServerFqdn) -> Result<(), LabError> {
        let mut session = self.session()?;
        let known = session.world.topology().is_ok_and(|topology| topology.pools.iter().any(|it| it.fqdn == *pool));
        if !known {
            return Err(LabError::Unknown(format!("pool {pool}")));
        }
        // Asked before anything is written: its IIS configuration would be lost.
        if session.world.memory.servers.contains_key(server) {
            return Err(LabError::Present(format!("server {server}")));
        }
        write_plain(&session.writer, server).map_err(|error| self.unchanged(error))?;
        change::add_machine(&self.folder, pool, server).map_err(|error| self.unchanged(error))?;
        session.world.forget_topology();
        session.world.add_missing_servers();
        session.world.renew([server]);
        let signature = next_signature(&session.world);
        session.world.memory.publication = Some(Publication { calls: 0, signature });
        session.commit()
    }

    fn reverse_providers(&self, server: &ServerFqdn) -> Result<(), LabError> {
        let _session = self.session()?;
        let configuration = match change::iis(&self.folder, server) {
            Reading::Known(configuration) => configuration,
            Reading::Absent => return Err(LabError::Unknown(format!("server {server}"))),
            Reading::Unreadable(cause) => return Err(LabError::Unreadable { folder: self.folder.clone(), cause }),
        };
        let wanted = reversed(&configuration);
        if wanted.is_empty() {
            return Err(LabError::Unknown(format!("location of {server} with two providers")));
        }
        change::set_iis(&self.folder, server, &wanted).map_err(|error| self.unchanged(error))
    }
}

/// The providers in reversed order wherever Windows authentication is on; parents first, since children inherit.
fn reversed(configuration: &IisConfiguration) -> Vec<(LocationPath, Vec<Setting>)> {
    let mut wanted: Vec<(LocationPath, Vec<Setting>)> = Vec::new();
    for path in configuration.locations.keys() {
        if let Reading::Known(settings) = configuration.effective(path)
            && settings.enabled
            && settings.providers.len() > 1
        {
            let reversed = settings.providers.into_iter().rev().collect();
            wanted.push((path.clone(), vec![Setting::Providers(reversed)]));
        }
    }
    wanted.sort_by_key(|(location, _)| location.as_str().matches('/').count());
    wanted
}

/// Breaks it in the memory; gives the servers that it concerns.
fn break_it(world: &mut World, fault: &Fault) -> Result<Vec<ServerFqdn>, LabError> {
    match fault {
        Fault::StalePassword(server) => {
            let account = account_of(world, server)?;
            // Numbers grow with time, so an older password has a smaller one than Active Directory's: both are new.
            let key = world.memory.new_key();
            renumber(world, &account);
            world.server(server).holds = Some(Held { account, key });
            Ok(vec![server.clone()])
        }
        Fault::NeverConfigured(server) => {
            known_server(world, server)?.holds = None;
            Ok(vec![server.clone()])
        }
        Fault::ServerDown(server, down) => {
            known_server(world, server)?.down = Some(*down);
            Ok(vec![server.clone()])
        }
        Fault::ServerUp(server) => {
            known_server(world, server)?.down = None;
            Ok(vec![server.clone()])
        }
        Fault::SlowServer(server, milliseconds) => {
            known_server(world, server)?.slow = *milliseconds;
            Ok(Vec::new())
        }
        Fault::HalfDoneRotation(account) => {
            known_account(world, account)?;
            let held = Held { account: account.clone(), key: world.memory.new_key() };
            let servers = targets(world, account);
            for server in &servers {
                world.server(server).holds = Some(held.clone());
            }
            Ok(servers)
        }
        Fault::RotationBreaksOff(account) => {
            known_account(world, account)?;
            world.memory.rotation_breaks_off = Some(account.clone());
            Ok(Vec::new())
        }
        Fault::TopologyPublished(calls) => {
            world.memory.publication = Some(Publication { calls: *calls, signature: next_signature(world) });
            Ok(Vec::new())
        }
        Fault::RightLost(right) => {
            let rights = &mut world.memory.rights;
            match right {
                Right::DomainAdmins => rights.domain_admins = false,
                Right::RtcUniversalServerAdmins => rights.rtc_universal_server_admins = false,
            }
            Ok(Vec::new())
        }
        Fault::SpnMissing(_) | Fault::SpnTwice(..) | Fault::EnableTopologyForgotten(_) => break_spns(world, fault),
        _ => break_account(world, fault),
    }
}

fn break_spns(world: &mut World, fault: &Fault) -> Result<Vec<ServerFqdn>, LabError> {
    match fault {
        Fault::SpnMissing(spn) => {
            if world.memory.holders(spn).is_empty() {
                return Err(LabError::Unknown(format!("holder of {spn}")));
            }
            take_spn(world, spn);
        }
        Fault::SpnTwice(spn, holder) => {
            match world.memory.accounts.iter_mut().find(|(name, _)| holder.is(name)) {
                Some((_, Some(object))) => _ = object.service_principal_names.insert(spn.clone()),
                // Who is deleted holds nothing.
                Some((name, None)) => return Err(LabError::Unknown(format!("account {name}"))),
                None => _ = world.memory.other_holders.entry(spn.clone()).or_default().insert(holder.clone()),
            }
        }
        Fault::EnableTopologyForgotten(site) => {
            let pools = world.topology().map(|topology| topology.pools.clone()).unwrap_or_default();
            let mine: Vec<_> = pools.iter().filter(|pool| pool.web_services && pool.site == *site).collect();
            if mine.is_empty() || !world.memory.assignments.contains_key(site) {
                return Err(LabError::Unknown(format!("site {site} with an account and Web Services")));
            }
            for pool in mine {
                take_spn(world, &pool.fqdn.spn());
            }
        }
        _ => {}
    }
    Ok(Vec::new())
}

fn break_account(world: &mut World, fault: &Fault) -> Result<Vec<ServerFqdn>, LabError> {
    let (Fault::AccountDisabled(name)
    | Fault::AccountDeleted(name)
    | Fault::EncryptionUnset(name)
    | Fault::ControllersDisagree(name, _)) = fault
    else {
        return Ok(Vec::new());
    };
    known_account(world, name)?;
    let Some(object) = world.memory.account_mut(name) else { return Ok(Vec::new()) };
    match fault {
        Fault::AccountDisabled(_) => object.enabled = false,
        Fault::EncryptionUnset(_) => object.supported_encryption_types = None,
        Fault::ControllersDisagree(_, looks) => {
            let key_version = object.key_version.unwrap_or(1).saturating_sub(1);
            object.behind = (*looks > 0).then_some(Behind { key_version, calls: *looks });
        }
        _ => _ = world.memory.accounts.insert(name.clone(), None),
    }
    match fault {
        Fault::AccountDisabled(_) | Fault::AccountDeleted(_) => Ok(targets(world, name)),
        _ => Ok(Vec::new()),
    }
}

/// Gives the account's current password a new number, and every server that has it.
fn renumber(world: &mut World, account: &AccountName) {
    let key = world.memory.new_key();
    let Some(object) = world.memory.account_mut(account) else { return };
    let former = std::mem::replace(&mut object.key, key);
    for held in world.memory.servers.values_mut().filter_map(|server| server.holds.as_mut()) {
        if held.account == *account && held.key == former {
            held.key = key;
        }
    }
}

fn take_spn(world: &mut World, spn: &Spn) {
    for object in world.memory.accounts.values_mut().flatten() {
        object.service_principal_names.remove(spn);
    }
    world.memory.other_holders.remove(spn);
}

fn targets(world: &World, account: &AccountName) -> Vec<ServerFqdn> {
    world.targets_of_account(account).unwrap_or_default()
}

fn known_server<'w>(
    world: &'w mut World,
    server: &ServerFqdn,
) -> Result<&'w mut super::memory::ServerMemory, LabError> {
    world.memory.servers.get_mut(server).ok_or_else(|| LabError::Unknown(format!("server {server} with Web Services")))
}

fn known_account(world: &World, account: &AccountName) -> Result<(), LabError> {
    match world.memory.account(account) {
        Some(_) => Ok(()),
        None => Err(LabError::Unknown(format!("account {account}"))),
    }
}

fn account_of(world: &mut World, server: &ServerFqdn) -> Result<AccountName, LabError> {
    known_server(world, server)?;
    let account = world.account_of(server).ok().flatten();
    account.ok_or_else(|| LabError::Unknown(format!("account of the site of {server}")))
}

/// Counts on from the published signature, so that the same faults make the same lab.
fn next_signature(world: &World) -> String {
    let published = world.topology().ok().and_then(|topology| topology.signature.clone());
    let number = published
        .as_deref()
        .and_then(|text| text.rsplit('-').next())
        .and_then(|text| u64::from_str_radix(text, 16).ok());
    format!("00000000-0000-4000-8000-{:012x}", number.unwrap_or(0).wrapping_add(1) & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests;
