//! Status to JSON.

use super::{
    Account, AccountState, Assigned, Declared, EncryptionType, FORMAT_VERSION, Iis, Kerberos, KerberosState, Pool,
    Presence, Server, Site, Spn, Status, UnreadableLocation, Witness,
};
use crate::model::{self, EncryptionTypes, Reading};
use crate::plan::{self, AccountStanding, IisStatus, Invalidity, LocationState, ServerState};
use crate::wire::plan::{Deployment, LocationChange, Observed, Unreadable};

impl From<&plan::Status> for Status {
    fn from(status: &plan::Status) -> Self {
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            tool: concat!("cskerb ", env!("CARGO_PKG_VERSION")).to_owned(),
            deployment: Deployment { file: status.deployment.source.clone(), digest: status.deployment.digest.clone() },
            observed: Observed {
                source: status.observed.source.clone(),
                collected_at: status.collected_at.as_ref().map(ToString::to_string),
                digest: status.observed.digest.clone(),
            },
            unreadable: status.unreadable.iter().map(Unreadable::from).collect(),
            accounts: status.accounts.iter().map(Account::from).collect(),
            sites: status.sites.iter().map(Site::from).collect(),
        }
    }
}

impl From<&plan::AccountStatus> for Account {
    fn from(account: &plan::AccountStatus) -> Self {
        let (state, cause) = match &account.standing {
            AccountStanding::Usable => (AccountState::Usable, None),
            AccountStanding::Disabled => (AccountState::Disabled, None),
            AccountStanding::Expired(_) => (AccountState::Expired, None),
            AccountStanding::NotComputer => (AccountState::NotComputer, None),
            AccountStanding::Missing => (AccountState::Missing, None),
            AccountStanding::Unreadable(cause) => (AccountState::Unreadable, Some(cause.to_string())),
        };
        let object = account.object.as_ref();
        let moment = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        Self {
            name: account.name.to_string(),
            state,
            cause,
            expires_at: moment(object.and_then(|object| object.expires_at)),
            password_set_at: moment(object.and_then(|object| object.password_set_at)),
            key_version: object.and_then(|object| object.key_version),
            encryption: object.and_then(|object| object.encryption).map(encryption),
        }
    }
}

fn encryption(types: EncryptionTypes) -> Vec<EncryptionType> {
    let named = [
        (EncryptionTypes::DES, EncryptionType::Des),
        (EncryptionTypes::RC4, EncryptionType::Rc4),
        (EncryptionTypes::AES128, EncryptionType::Aes128),
        (EncryptionTypes::AES256, EncryptionType::Aes256),
    ];
    named.into_iter().filter(|(bits, _)| types.intersects(*bits)).map(|(_, name)| name).collect()
}

impl From<plan::Presence> for Presence {
    fn from(presence: plan::Presence) -> Self {
        match presence {
            plan::Presence::Both => Self::Both,
            plan::Presence::OnlyDeclared => Self::OnlyDeclared,
            plan::Presence::OnlyPublished => Self::OnlyPublished,
            plan::Presence::Unreadable => Self::Unreadable,
        }
    }
}

impl From<&plan::SiteStatus> for Site {
    fn from(site: &plan::SiteStatus) -> Self {
        Self {
            site: site.name.to_string(),
            presence: site.presence.into(),
            declared: match &site.declared {
                model::DeclaredAccount::Unmanaged => Declared::Unmanaged {},
                model::DeclaredAccount::Nobody => Declared::None {},
                model::DeclaredAccount::Account(account) => Declared::Account { account: account.to_string() },
            },
            assigned: match &site.assigned {
                Reading::Known(account) => Assigned::Account { account: account.to_string() },
                Reading::Absent => Assigned::None {},
                Reading::Unreadable(cause) => Assigned::Unreadable { cause: cause.to_string() },
            },
            pools: site.pools.iter().map(Pool::from).collect(),
        }
    }
}

impl From<&plan::PoolStatus> for Pool {
    fn from(pool: &plan::PoolStatus) -> Self {
        Self {
            pool: pool.fqdn.to_string(),
            presence: pool.presence.into(),
            use_windows_auth: pool.use_windows_auth.map(|auth| auth.as_str().to_owned()),
            spns: pool.spns.iter().map(Spn::from).collect(),
            servers: pool.servers.iter().map(Server::from).collect(),
        }
    }
}

impl From<&plan::SpnStatus> for Spn {
    fn from(spn: &plan::SpnStatus) -> Self {
        Self {
            spn: spn.spn.to_string(),
            account: spn.account.as_ref().map(ToString::to_string),
            holders: spn.holders.known().map(|holders| holders.iter().map(ToString::to_string).collect()),
            cause: spn.holders.cause().map(ToString::to_string),
            in_place: spn.is_in_place(),
        }
    }
}

impl From<&plan::ServerStatus> for Server {
    fn from(server: &plan::ServerStatus) -> Self {
        let kerberos = server.kerberos.as_ref().map(|state| {
            let (state, reason) = kerberos(state);
            let reading = server.reading.known();
            Kerberos {
                state,
                by: reading.map(|reading| reading.by.into()),
                at: reading.map(|reading| reading.at.to_string()),
                reason,
            }
        });
        Self {
            server: server.fqdn.to_string(),
            presence: server.presence.into(),
            kerberos,
            iis: match &server.iis {
                IisStatus::NotManaged => None,
                IisStatus::Unreadable(cause) => Some(Iis::Unreadable { cause: cause.to_string() }),
                IisStatus::Read(locations) => Some(iis(locations)),
            },
        }
    }
}

fn kerberos(state: &ServerState) -> (KerberosState, Option<String>) {
    match state {
        ServerState::Valid { .. } => (KerberosState::Valid, None),
        ServerState::Invalid(Invalidity::Reported { detail, .. }) => (KerberosState::Invalid, detail.clone()),
        ServerState::Invalid(Invalidity::OtherAccount(other)) => {
            (KerberosState::Invalid, Some(format!("it still uses {other}")))
        }
        ServerState::Invalid(Invalidity::NotAssigned) => {
            (KerberosState::NotGiven, Some("its site does not have the account yet".to_owned()))
        }
        ServerState::Invalid(Invalidity::AccountMissing) => {
            (KerberosState::NotGiven, Some("there is no such account yet".to_owned()))
        }
        ServerState::Unknown(cause) => (KerberosState::Unknown, Some(cause.to_string())),
    }
}

fn iis(locations: &[plan::LocationStatus]) -> Iis {
    let (mut as_declared, mut differing, mut missing, mut unreadable) = (vec![], vec![], vec![], vec![]);
    for plan::LocationStatus { location, state } in locations {
        let name = location.to_string();
        match state {
            LocationState::AsDeclared => as_declared.push(name),
            LocationState::Differs(settings) => {
                let change = plan::LocationChange { location: location.clone(), settings: settings.clone() };
                differing.push(LocationChange::from(&change));
            }
            LocationState::Missing => missing.push(name),
            LocationState::Unreadable(cause) => {
                unreadable.push(UnreadableLocation { location: name, cause: cause.to_string() });
            }
        }
    }
    Iis::Read { as_declared, differing, missing, unreadable }
}

impl From<model::Witness> for Witness {
    fn from(witness: model::Witness) -> Self {
        match witness {
            model::Witness::Test => Self::Test,
            model::Witness::Ticket => Self::Ticket,
            model::Witness::Lab => Self::Lab,
        }
    }
}
