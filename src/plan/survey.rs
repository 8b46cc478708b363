//! The two sides joined: which servers are targets, which account each shall use, and what is known of each.

use super::targets;
use crate::model::{
    AccountName, AccountState, Actual, Cause, DeclaredAccount, Deployment, Directory, PoolFqdn, Principal,
    PublishedPool, Reading, Server, ServerFqdn, Site, SiteKind, SiteName, Spn, Topology, Verdict, Witness,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How long after a password was set a refusal may only mean that the domain controllers do not agree *yet*: "wait for
/// them, never rotate again". \[inferred\]
///
/// Within an Active Directory site a change arrives in under a minute; between two it waits for the site link, whose
/// interval is 15 minutes at least \[doc\]. A link may be slower (180 minutes is its default), so this is the least that
/// is waited; msDS-KeyVersionNumber, asked of each domain controller, is the proof.
///
/// It withholds a rotation, and a copy from a server that looked valid so soon: where the domain controller that was
/// asked still has the former password, just the server that missed the rotation looks valid, and all others invalid.
/// Such a copy is planned only where every domain controller was asked and all agree.
/// The lab's own word is not waited for: its domain controllers disagree only by a fault, and then it says so.
pub const SETTLING: SignedDuration = SignedDuration::from_mins(15);

/// A deployment joined with what was observed. Everything that the layers ask is answered from here.
pub struct Survey<'a> {
    /// What is declared.
    pub deployment: &'a Deployment,
    /// What was observed.
    pub actual: &'a Actual,
    /// The published topology, indexed; `None` where it could not be read.
    pub(super) published: Option<Published<'a>>,
    /// Every account that is declared, assigned or was asked for.
    pub(super) accounts: BTreeMap<AccountName, Standing<'a>>,
    /// Every target: a published server with Web Services, or a declared one where the topology could not be read.
    pub targets: Vec<Target<'a>>,
    declared_sites: HashMap<&'a SiteName, &'a Site>,
    /// The sites of each account once the plan is carried out.
    sites_by_account: BTreeMap<&'a AccountName, BTreeSet<&'a SiteName>>,
    /// The places in `targets` of each account's servers.
    targets_by_account: BTreeMap<&'a AccountName, Vec<usize>>,
    /// And of each site's.
    targets_by_site: HashMap<&'a SiteName, Vec<usize>>,
    /// The accounts by the SPNs in their own lists.
    lists: HashMap<&'a Spn, Vec<&'a AccountName>>,
}

/// The published topology by name.
pub(super) struct Published<'a> {
    pub(super) topology: &'a Topology,
    pub(super) sites: HashMap<&'a SiteName, SiteKind>,
    pub(super) pools: HashMap<&'a PoolFqdn, &'a PublishedPool>,
    /// Only servers of pools with Web Services.
    pub(super) web_servers: HashMap<&'a ServerFqdn, &'a PublishedPool>,
}

/// Whether an account can be used at all. "Account first": while it cannot, every server looks invalid.
pub(super) enum Standing<'a> {
    Usable(&'a AccountState),
    /// There is no such account.
    Missing,
    Unusable(Defect),
    /// Active Directory could not be read.
    Unknown(Cause),
}

/// What makes an account unusable.
#[derive(Clone, Copy)]
pub(super) enum Defect {
    Disabled,
    Expired(Timestamp),
    NotComputer,
}

/// A server that runs Web Services.
pub struct Target<'a> {
    /// Its site.
    pub site: &'a SiteName,
    /// Its pool.
    pub pool: &'a PoolFqdn,
    /// Its name.
    pub server: &'a ServerFqdn,
    /// Its declaration at this place; `None` where it is only published.
    pub declared: Option<&'a Server>,
    /// The account that its site shall have, or has where the file does not manage that.
    pub account: Option<&'a AccountName>,
    /// Whether the file declares the server and its site's account, so that steps may be planned for it.
    pub managed: bool,
    /// What is known of it with regard to that account; `None` without an account.
    pub state: Option<ServerState>,
}

/// A server's Kerberos configuration with regard to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// Known to be valid.
    Valid {
        /// Who says so.
        by: Witness,
        /// When.
        at: Timestamp,
    },
    /// Known to be invalid.
    Invalid(Invalidity),
    /// Nothing can be said.
    Unknown(Cause),
}

/// How it is known that a server is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalidity {
    /// A test or a ticket said so.
    Reported {
        /// Who.
        by: Witness,
        /// When.
        at: Timestamp,
        /// In its own words.
        detail: Option<String>,
        /// Until when the domain controllers may not have agreed on the password, where it was said before that: then
        /// it grounds no rotation. See [`SETTLING`].
        settles: Option<Timestamp>,
    },
    /// It was valid for another account.
    OtherAccount(AccountName),
    /// Its site did not have the account, so nobody gave the server its password.
    NotAssigned,
    /// The account does not exist.
    AccountMissing,
}

impl ServerState {
    /// Whether it is known to be valid.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Valid { .. })
    }

    /// Whether it is known to be invalid.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }

    /// When it can be tested again, where it looked invalid so soon after the password was set that this may pass by
    /// itself.
    pub fn settles(&self) -> Option<Timestamp> {
        match self {
            Self::Invalid(Invalidity::Reported { settles, .. }) => *settles,
            _ => None,
        }
    }
}

impl<'a> Survey<'a> {
    /// Joins the two.
    pub fn new(deployment: &'a Deployment, actual: &'a Actual) -> Self {
        let mut survey = Self {
            deployment,
            actual,
            published: actual.topology.known().map(Published::new),
            accounts: BTreeMap::new(),
            targets: Vec::new(),
            declared_sites: deployment.sites.iter().map(|site| (&site.name, site)).collect(),
            sites_by_account: BTreeMap::new(),
            targets_by_account: BTreeMap::new(),
            targets_by_site: HashMap::new(),
            lists: actual.directory.known().map(Directory::lists).unwrap_or_default(),
        };
        survey.accounts =
            survey.known_accounts().into_iter().map(|name| (name.clone(), survey.judge_account(name))).collect();
        let assigned = actual.assignments.known().into_iter().flat_map(BTreeMap::keys);
        for site in deployment.sites.iter().map(|site| &site.name).chain(assigned) {
            if let Some(account) = survey.eventual(site).filter(|_| survey.is_published(site)) {
                survey.sites_by_account.entry(account).or_default().insert(site);
            }
        }
        survey.targets = targets::find(&survey);
        for (at, target) in survey.targets.iter().enumerate() {
            survey.targets_by_site.entry(target.site).or_default().push(at);
            if let Some(account) = target.account {
                survey.targets_by_account.entry(account).or_default().push(at);
            }
        }
        survey
    }

    fn known_accounts(&self) -> BTreeSet<&'a AccountName> {
        let declared = self.deployment.accounts.iter().map(|account| &account.name);
        let wanted = self.deployment.sites.iter().filter_map(|site| site.account.name());
        let assigned = self.actual.assignments.known().into_iter().flat_map(BTreeMap::values);
        let asked = self.actual.directory.known().into_iter().flat_map(|directory| directory.accounts.keys());
        declared.chain(wanted).chain(assigned).chain(asked).collect()
    }

    fn judge_account(&self, name: &AccountName) -> Standing<'a> {
        let directory = match &self.actual.directory {
            Reading::Known(directory) => directory,
            Reading::Absent => return Standing::Unknown(Cause::NotAsked { what: name.to_string() }),
            Reading::Unreadable(cause) => return Standing::Unknown(cause.clone()),
        };
        let state = match directory.account(name) {
            Reading::Known(state) => state,
            Reading::Absent => return Standing::Missing,
            Reading::Unreadable(cause) => return Standing::Unknown(cause),
        };
        let expired = state.expires_at.filter(|at| self.actual.collected_at.known().is_some_and(|now| at <= now));
        match expired {
            _ if !state.computer => Standing::Unusable(Defect::NotComputer),
            _ if !state.enabled => Standing::Unusable(Defect::Disabled),
            Some(at) => Standing::Unusable(Defect::Expired(at)),
            // Whether it has expired cannot be told without knowing when the snapshot was made.
            None if state.expires_at.is_some() && self.actual.collected_at.known().is_none() => {
                let what = "whether the account has expired (when the snapshot was made)".to_owned();
                Standing::Unknown(self.actual.collected_at.cause().cloned().unwrap_or(Cause::NotAsked { what }))
            }
            None => Standing::Usable(state),
        }
    }

    /// What is known of that account.
    pub(super) fn standing(&self, name: &AccountName) -> &Standing<'a> {
        // Every account that a survey speaks of was judged in `new`.
        self.accounts.get(name).unwrap_or(&Standing::Missing)
    }

    /// Until when what the directory says of the account and its SPNs may only mean that the domain controllers do not
    /// agree yet; `None` where it was read later than that. See [`SETTLING`].
    pub(super) fn settles(&self, name: &AccountName) -> Option<Timestamp> {
        let Standing::Usable(state) = self.standing(name) else { return None };
        let settles = state.password_set_at?.checked_add(SETTLING).ok()?;
        self.actual.collected_at.known().is_some_and(|read| *read < settles).then_some(settles)
    }

    /// That site's declaration.
    pub(super) fn declared_site(&self, name: &SiteName) -> Option<&'a Site> {
        self.declared_sites.get(name).copied()
    }

    /// The account that the site has now.
    pub fn assigned(&self, site: &SiteName) -> Reading<&'a AccountName> {
        match &self.actual.assignments {
            Reading::Known(assignments) => assignments.get(site).map_or(Reading::Absent, Reading::Known),
            Reading::Absent => Reading::Absent,
            Reading::Unreadable(cause) => Reading::Unreadable(cause.clone()),
        }
    }

    /// The account that the site has once the plan is carried out: the declared one, else what it has now.
    pub(super) fn eventual(&self, site: &SiteName) -> Option<&'a AccountName> {
        match self.declared_site(site).map(|site| &site.account) {
            Some(DeclaredAccount::Account(name)) => Some(name),
            Some(DeclaredAccount::Nobody) => None,
            Some(DeclaredAccount::Unmanaged) | None => self.assigned(site).known().copied(),
        }
    }

    /// Whether the site is in the published topology; true where that could not be read.
    pub(super) fn is_published(&self, site: &SiteName) -> bool {
        self.published.as_ref().is_none_or(|published| published.sites.contains_key(site))
    }

    /// Whether a rotation passes the site over: "sets the password to all the Web Services servers in *central* sites"
    /// [doc]. What is published decides.
    pub(super) fn is_branch(&self, site: &SiteName) -> bool {
        let published = self.published.as_ref().and_then(|published| published.sites.get(site)).copied();
        let kind = published.or_else(|| self.declared_site(site).map(|declared| declared.kind));
        kind == Some(SiteKind::Branch)
    }

    /// Every site that has the account once the plan is carried out, in a stable order.
    pub(super) fn sites_of(&self, account: &AccountName) -> impl Iterator<Item = &'a SiteName> {
        self.sites_by_account.get(account).into_iter().flatten().copied()
    }

    /// The sites that have the account now and lose it: a rotation before that would reach them too.
    pub(super) fn sites_leaving(&self, account: &AccountName) -> Vec<&'a SiteName> {
        let assigned = self.actual.assignments.known().into_iter().flatten();
        let leaving = assigned.filter(|(site, current)| *current == account && self.eventual(site) != Some(account));
        leaving.map(|(site, _)| site).collect()
    }

    /// The targets of every site that has the account once the plan is carried out.
    pub(super) fn targets_of<'s>(&'s self, account: &AccountName) -> impl Iterator<Item = &'s Target<'a>> {
        self.targets_by_account.get(account).into_iter().flatten().filter_map(|at| self.targets.get(*at))
    }

    /// The targets of that site.
    pub(super) fn targets_at<'s>(&'s self, site: &SiteName) -> impl Iterator<Item = &'s Target<'a>> {
        self.targets_by_site.get(site).into_iter().flatten().filter_map(|at| self.targets.get(*at))
    }

    /// Everybody who holds that SPN by the directory that was read.
    pub(super) fn holders_in(&self, directory: &Directory, spn: &Spn) -> Reading<BTreeSet<Principal>> {
        directory.holders_beside(spn, self.lists.get(spn).into_iter().flatten().copied())
    }

    /// Whether a server does not have its account because nobody can have it yet: its site does not have it, or there is
    /// no such account. No client gets a ticket that such a server could refuse: it is served as before, or without
    /// Kerberos. [inferred]
    pub(super) fn is_pending(&self, target: &Target<'_>) -> bool {
        match &target.state {
            Some(ServerState::Invalid(Invalidity::AccountMissing)) => true,
            Some(ServerState::Invalid(_)) => match self.assigned(target.site) {
                Reading::Unreadable(_) => false, // for all that is known, it has it
                assigned => target.account != assigned.known().copied(),
            },
            _ => false,
        }
    }

    /// What is known of a server with regard to the account that its site shall have.
    pub(super) fn judge_server(&self, site: &SiteName, server: &ServerFqdn, account: &AccountName) -> ServerState {
        let current = self.assigned(site);
        let not_assigned = match &current {
            Reading::Known(current) => *current != account,
            Reading::Absent => true,
            Reading::Unreadable(_) => false,
        };
        let password_set_at = match self.standing(account) {
            Standing::Missing => return ServerState::Invalid(Invalidity::AccountMissing),
            // What was read was not read of this account, so its state says nothing of it.
            Standing::Unusable(_) if !not_assigned => {
                return ServerState::Unknown(Cause::AccountUnusable { account: account.clone() });
            }
            Standing::Usable(state) => state.password_set_at,
            Standing::Unusable(_) | Standing::Unknown(_) => None,
        };
        let reading = match self.actual.kerberos(server) {
            Reading::Known(reading) => reading,
            // A site without the account cannot have been tested for it, and nobody gave its servers the password.
            Reading::Absent | Reading::Unreadable(_) if not_assigned => {
                return ServerState::Invalid(Invalidity::NotAssigned);
            }
            Reading::Absent => return ServerState::Unknown(Cause::NeverTested),
            Reading::Unreadable(cause) => return ServerState::Unknown(cause),
        };
        let tested = reading.account.as_ref().or(current.known().copied());
        if let (None, Reading::Unreadable(cause)) = (tested, &current) {
            return ServerState::Unknown(cause.clone()); // nobody knows for which account it was tested
        }
        if tested != Some(account) && tested.is_some() {
            return match (reading.verdict, tested) {
                (Verdict::Valid, Some(other)) if not_assigned => {
                    ServerState::Invalid(Invalidity::OtherAccount(other.clone()))
                }
                _ if not_assigned => ServerState::Invalid(Invalidity::NotAssigned),
                (_, Some(other)) => ServerState::Unknown(Cause::OtherAccount { tested: other.clone() }),
                (_, None) => ServerState::Unknown(Cause::NeverTested),
            };
        }
        if let Some(password_set) = password_set_at.filter(|set| reading.at < *set) {
            return if not_assigned {
                ServerState::Invalid(Invalidity::NotAssigned)
            } else {
                ServerState::Unknown(Cause::OlderThanPassword { read: reading.at, password_set })
            };
        }
        let detail = reading.detail.clone();
        match reading.verdict {
            // Whatever was read, it was read under another assignment.
            _ if not_assigned => ServerState::Invalid(Invalidity::NotAssigned),
            Verdict::Valid => ServerState::Valid { by: reading.by, at: reading.at },
            Verdict::Invalid => ServerState::Invalid(Invalidity::Reported {
                by: reading.by,
                at: reading.at,
                detail: detail.map(|text| text.to_string()),
                settles: password_set_at
                    .filter(|_| reading.by != Witness::Lab)
                    .and_then(|set| set.checked_add(SETTLING).ok())
                    .filter(|settles| reading.at < *settles),
            }),
            Verdict::Unknown => ServerState::Unknown(Cause::Inconclusive {
                by: reading.by,
                detail: detail.unwrap_or_else(|| "it gave no reason".into()),
            }),
        }
    }
}

impl<'a> Published<'a> {
    fn new(topology: &'a Topology) -> Self {
        let web = topology.pools.iter().filter(|pool| pool.web_services);
        Self {
            topology,
            sites: topology.sites.iter().map(|site| (&site.name, site.kind)).collect(),
            pools: topology.pools.iter().map(|pool| (&pool.fqdn, pool)).collect(),
            web_servers: web.flat_map(|pool| pool.servers.iter().map(move |server| (server, pool))).collect(),
        }
    }
}
