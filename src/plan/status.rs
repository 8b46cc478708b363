//! What is: all three layers by site, pool and server, of which a plan shows only the differences.

use super::survey::{Defect, ServerState, Standing, Survey, Target};
use super::{Layer, PoolHealth, Scope, Subject, Summary, Unreadable};
use crate::model::{
    AccountName, AccountState, Actual, Cause, DeclaredAccount, Deployment, KerberosReading, LocationPath, Origin, Pool,
    PoolFqdn, Principal, Reading, Server, ServerFqdn, SettingChange, SiteName, Spn, UseWindowsAuth,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The deployment file.
    pub deployment: Origin,
    /// What was observed.
    pub observed: Origin,
    /// When that was collected: ages count from then.
    pub collected_at: Option<Timestamp>,
    /// The layers that could not be read at all.
    pub unreadable: Vec<Unreadable>,
    /// Every account that is declared, assigned or was asked for, by name.
    pub accounts: Vec<AccountStatus>,
    /// The sites, the declared ones first and in their order.
    pub sites: Vec<SiteStatus>,
}

/// One account, in Active Directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatus {
    /// Its name.
    pub name: AccountName,
    /// Whether it can be used.
    pub standing: AccountStanding,
    /// Its object, where there is one and it was read.
    pub object: Option<AccountState>,
}

/// Whether an account can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountStanding {
    /// It can.
    Usable,
    /// It is disabled.
    Disabled,
    /// It expired then.
    Expired(Timestamp),
    /// It is not a computer account.
    NotComputer,
    /// There is no such account.
    Missing,
    /// Active Directory's word on it could not be read.
    Unreadable(Cause),
}

/// On which side a site, pool or server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It is declared and published.
    Both,
    /// It is declared and not published there.
    OnlyDeclared,
    /// It is published and not declared.
    OnlyPublished,
    /// It is declared; the topology could not be read.
    Unreadable,
}

/// One site: its account in the Central Management Store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteStatus {
    /// Its name.
    pub name: SiteName,
    /// Where it stands.
    pub presence: Presence,
    /// The account that the file declares.
    pub declared: DeclaredAccount,
    /// The account that it has.
    pub assigned: Reading<AccountName>,
    /// Its pools with Web Services, the declared ones first and in their order.
    pub pools: Vec<PoolStatus>,
}

/// One pool with Web Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// Its FQDN.
    pub fqdn: PoolFqdn,
    /// Where it stands.
    pub presence: Presence,
    /// How its Web Services authenticate clients, where that was read.
    pub use_windows_auth: Option<UseWindowsAuth>,
    /// The SPNs that its clients ask tickets for, and those of a former account.
    pub spns: Vec<SpnStatus>,
    /// The counts of its servers, where its site has or shall have an account.
    pub health: Option<PoolHealth>,
    /// Its servers, the declared ones first and in their order.
    pub servers: Vec<ServerStatus>,
}

/// One SPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpnStatus {
    /// The SPN.
    pub spn: Spn,
    /// The account that shall hold it; `None` where nobody shall.
    pub account: Option<AccountName>,
    /// Everybody in the forest who holds it.
    pub holders: Reading<BTreeSet<Principal>>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStatus {
    /// Its FQDN.
    pub fqdn: ServerFqdn,
    /// Where it stands.
    pub presence: Presence,
    /// Its Kerberos configuration with regard to the account of its site; `None` without one, and where it is no
    /// target.
    pub kerberos: Option<ServerState>,
    /// What a test or a ticket said of it, which the state was judged by.
    pub reading: Reading<KerberosReading>,
    /// Its IIS settings.
    pub iis: IisStatus,
}

/// The IIS settings of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IisStatus {
    /// The file declares none for it.
    NotManaged,
    /// They could not be read.
    Unreadable(Cause),
    /// Each declared location.
    Read(Vec<LocationStatus>),
}

/// One declared IIS location of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationStatus {
    /// The location.
    pub location: LocationPath,
    /// How it is.
    pub state: LocationState,
}

/// How a location is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationState {
    /// As the file declares it.
    AsDeclared,
    /// These settings differ.
    Differs(Vec<SettingChange>),
    /// The server has no such location.
    Missing,
    /// It could not be read.
    Unreadable(Cause),
}

impl SpnStatus {
    /// Whether the account that shall hold it does, and nobody else.
    pub fn is_in_place(&self) -> bool {
        let Reading::Known(holders) = &self.holders else { return false };
        self.account
            .as_ref()
            .is_some_and(|account| holders.len() == 1 && holders.iter().all(|holder| holder.is(account)))
    }
}

/// The status of a deployment, from what was observed.
pub fn status(deployment: &Deployment, actual: &Actual) -> Status {
    let survey = Survey::new(deployment, actual);
    let accounts = survey.accounts.iter().map(|(name, standing)| AccountStatus {
        name: name.clone(),
        standing: standing.into(),
        object: actual
            .directory
            .known()
            .and_then(|directory| directory.account(name).known().map(|state| (*state).clone())),
    });
    Status {
        deployment: deployment.origin.clone(),
        observed: actual.origin.clone(),
        collected_at: actual.collected_at.known().copied(),
        unreadable: unreadable(actual),
        accounts: accounts.collect(),
        sites: Places::of(&survey).sites(),
    }
}

fn unreadable(actual: &Actual) -> Vec<Unreadable> {
    let layers = [
        (Subject::Snapshot, Layer::Assignment, actual.collected_at.cause()),
        (Subject::Topology, Layer::Assignment, actual.topology.cause()),
        (Subject::Assignments, Layer::Assignment, actual.assignments.cause()),
        (Subject::WebServices, Layer::Assignment, actual.web_services.cause()),
        (Subject::Directory, Layer::Directory, actual.directory.cause()),
    ];
    let entry = |(subject, layer, cause): (_, _, Option<&Cause>)| {
        cause.map(|cause| Unreadable { subject, layer, cause: cause.to_string() })
    };
    layers.into_iter().filter_map(entry).collect()
}

impl From<&Standing<'_>> for AccountStanding {
    fn from(standing: &Standing<'_>) -> Self {
        match standing {
            Standing::Usable(_) => Self::Usable,
            Standing::Missing => Self::Missing,
            Standing::Unusable(Defect::Disabled) => Self::Disabled,
            Standing::Unusable(Defect::Expired(at)) => Self::Expired(*at),
            Standing::Unusable(Defect::NotComputer) => Self::NotComputer,
            Standing::Unknown(cause) => Self::Unreadable(cause.clone()),
        }
    }
}

/// The targets and the counts by pool.
struct Places<'s, 'a> {
    survey: &'s Survey<'a>,
    targets: BTreeMap<(&'a SiteName, &'a PoolFqdn), Vec<&'s Target<'a>>>,
    health: BTreeMap<(SiteName, PoolFqdn), PoolHealth>,
}

impl<'s, 'a> Places<'s, 'a> {
    fn of(survey: &'s Survey<'a>) -> Self {
        let mut targets: BTreeMap<_, Vec<&Target<'a>>> = BTreeMap::new();
        for target in &survey.targets {
            targets.entry((target.site, target.pool)).or_default().push(target);
        }
        let health = Summary::new(survey, &Scope::default(), &[]).pools;
        let health = health.into_iter().map(|pool| ((pool.site.clone(), pool.pool.clone()), pool)).collect();
        Self { survey, targets, health }
    }

    fn sites(&self) -> Vec<SiteStatus> {
        let declared = self.survey.deployment.sites.iter().map(|site| &site.name);
        let with_targets = self.targets.keys().map(|(site, _)| *site);
        let assigned = self.survey.actual.assignments.known().into_iter().flat_map(BTreeMap::keys);
        let mut seen = BTreeSet::new();
        declared
            .chain(with_targets)
            .chain(assigned)
            .filter(|site| seen.insert(*site))
            .map(|site| self.site(site))
            .collect()
    }

    fn site(&self, name: &SiteName) -> SiteStatus {
        let declared = self.survey.declared_site(name);
        let declared_pools =
            declared.into_iter().flat_map(|site| &site.pools).filter(|pool| pool.role.runs_web_services());
        let mut pools: Vec<PoolStatus> = Vec::new();
        let mut seen = BTreeSet::new();
        for pool in declared_pools {
            seen.insert(&pool.fqdn);
            pools.push(self.pool(name, &pool.fqdn, Some(pool)));
        }
        let published = self.targets.keys().filter(|(site, pool)| *site == name && !seen.contains(pool));
        pools.extend(published.map(|(_, pool)| self.pool(name, pool, None)));
        SiteStatus {
            name: name.clone(),
            presence: self.presence(declared.is_some(), self.survey.is_published(name)),
            declared: declared.map_or(DeclaredAccount::Unmanaged, |site| site.account.clone()),
            assigned: self.survey.assigned(name).map(Clone::clone),
            pools,
        }
    }

    fn presence(&self, declared: bool, published: bool) -> Presence {
        match (declared, published) {
            _ if self.survey.published.is_none() => Presence::Unreadable,
            (true, true) => Presence::Both,
            (true, false) => Presence::OnlyDeclared,
            (false, _) => Presence::OnlyPublished,
        }
    }

    fn pool(&self, site: &SiteName, fqdn: &PoolFqdn, declared: Option<&Pool>) -> PoolStatus {
        let targets = self.targets.get(&(site, fqdn)).map(Vec::as_slice).unwrap_or_default();
        let target_of = |server: &Server| targets.iter().find(|target| *target.server == server.fqdn);
        let of_file = declared.into_iter().flat_map(|pool| &pool.servers).map(|server| match target_of(server) {
            Some(target) => self.server(target),
            None => ServerStatus {
                fqdn: server.fqdn.clone(),
                presence: self.presence(true, false),
                kerberos: None,
                reading: self.reading(&server.fqdn),
                iis: IisStatus::NotManaged,
            },
        });
        let others = targets.iter().filter(|target| target.declared.is_none()).map(|target| self.server(target));
        let settings = self.survey.actual.web_services.known();
        PoolStatus {
            fqdn: fqdn.clone(),
            presence: self.presence(declared.is_some(), !targets.is_empty()),
            use_windows_auth: settings.and_then(|settings| settings.of(site, fqdn)),
            spns: self.spns(site, fqdn, declared),
            health: self.health.get(&(site.clone(), fqdn.clone())).cloned(),
            servers: of_file.chain(others).collect(),
        }
    }

    /// The pool's own SPN and that of its overridden internal FQDN.
    fn spns(&self, site: &SiteName, pool: &PoolFqdn, declared: Option<&Pool>) -> Vec<SpnStatus> {
        let account = self.survey.eventual(site);
        let published = self.survey.published.as_ref().and_then(|published| published.pools.get(pool));
        let internal = match declared {
            Some(declared) => declared.internal_fqdn.as_ref(),
            None => published.and_then(|published| published.internal_fqdn.as_ref()),
        };
        let spns = [Some(pool.spn()), internal.map(crate::model::WebFqdn::spn)];
        let status = |spn: Spn| {
            let holders = match &self.survey.actual.directory {
                Reading::Known(directory) => self.survey.holders_in(directory, &spn),
                Reading::Absent => Reading::Unreadable(Cause::NotAsked { what: spn.to_string() }),
                Reading::Unreadable(cause) => Reading::Unreadable(cause.clone()),
            };
            SpnStatus { spn, account: account.cloned(), holders }
        };
        // Without an account only what a Kerberos account still holds is worth a line.
        let matters = |status: &SpnStatus| {
            let former = |holder: &Principal| self.survey.accounts.keys().any(|name| holder.is(name));
            status.account.is_some() || status.holders.known().is_some_and(|holders| holders.iter().any(former))
        };
        spns.into_iter().flatten().map(status).filter(matters).collect()
    }

    fn server(&self, target: &Target<'_>) -> ServerStatus {
        ServerStatus {
            fqdn: target.server.clone(),
            presence: self.presence(target.declared.is_some(), true),
            kerberos: target.state.clone(),
            reading: self.reading(target.server),
            iis: target.declared.map_or(IisStatus::NotManaged, |server| self.iis(server)),
        }
    }

    fn reading(&self, server: &ServerFqdn) -> Reading<KerberosReading> {
        self.survey.actual.kerberos(server).map(Clone::clone)
    }

    fn iis(&self, server: &Server) -> IisStatus {
        if server.iis.is_empty() {
            return IisStatus::NotManaged;
        }
        let configuration = match self.survey.actual.iis(&server.fqdn) {
            Reading::Known(configuration) => configuration,
            Reading::Absent => return IisStatus::NotManaged,
            Reading::Unreadable(cause) => return IisStatus::Unreadable(cause),
        };
        let location = |expected: &crate::model::ExpectedLocation| {
            let state = match configuration.effective(&expected.location) {
                Reading::Known(effective) => match expected.windows_authentication.differences(&effective) {
                    differences if differences.is_empty() => LocationState::AsDeclared,
                    differences => LocationState::Differs(differences),
                },
                Reading::Absent => LocationState::Missing,
                Reading::Unreadable(cause) => LocationState::Unreadable(cause),
            };
            LocationStatus { location: expected.location.clone(), state }
        };
        IisStatus::Read(server.iis.iter().map(location).collect())
    }
}
