//! What is looked at before, after and between steps.

use super::Live;
use crate::apply::target::{Holds, Observation};
use crate::live::shell::{Call, Place, SettingsFact};
use crate::model::{
    AccountName, ExtendedProtection, LocationPath, Principal, Provider, ServerFqdn, Setting, SiteName, Spn, Verdict,
};
use crate::plan::{Action, LocationChange, Predicate};
use crate::snapshot::directory::ControllerAccount;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Live<'_> {
    /// Whether the predicate holds now; why that could not be read.
    pub(super) fn look_whether(&self, predicate: &Predicate) -> Result<Holds, String> {
        match predicate {
            Predicate::AssignmentIs { site, account } => {
                let found = self.assignment(site)?;
                Ok(match &found {
                    _ if found == *account => Holds::Yes,
                    Some(found) => Holds::No(format!("{site} has {found}")),
                    None => Holds::No(format!("{site} has no account")),
                })
            }
            Predicate::AssignedOnlyTo { account, sites } => {
                let assignments = self.assignments()?;
                let mut having = assignments.iter().filter(|(_, assigned)| *assigned == account);
                Ok(match having.find(|(site, _)| !sites.contains(site)) {
                    Some((site, _)) => Holds::No(format!("{site} has {account} too")),
                    None => Holds::Yes,
                })
            }
            Predicate::AccountAbsent { account } => Ok(match self.account(account)? {
                None => Holds::Yes,
                Some(_) => Holds::No(format!("{account} exists")),
            }),
            Predicate::AccountUsable { account } => Ok(self.usable(account, self.account(account)?.as_ref())),
            Predicate::PasswordSetAt { account, at } => {
                let found = self.account(account)?.and_then(|found| found.password_set_at);
                let told = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| format!("at {at}"));
                // Who reads the directory by other means may keep fractions of the second.
                let seconds = |at: Option<Timestamp>| at.map(Timestamp::as_second);
                Ok(if seconds(found) == seconds(*at) {
                    Holds::Yes
                } else {
                    Holds::No(format!("its password was set {}", told(found)))
                })
            }
            Predicate::SpnHeldBy { spn, holders } => self.held_by(spn, holders),
            Predicate::ValidFor { server, account } => Ok(match self.test_server(server, account)? {
                Verdict::Valid => Holds::Yes,
                _ => Holds::No(format!("{server} is not valid for {account}")),
            }),
            Predicate::NotValidFor { server, account } => Ok(match self.test_server(server, account)? {
                Verdict::Valid => Holds::No(format!("{server} is valid for {account}")),
                _ => Holds::Yes,
            }),
            Predicate::LocationIs { server, location, settings } => {
                let found = self.settings(server, location, settings)?;
                let other: Vec<String> = (found.iter().zip(settings))
                    .filter(|(now, wanted)| now != wanted)
                    .map(|(now, _)| format!("{} is {}", now.name(), now.value()))
                    .collect();
                Ok(match &other[..] {
                    [] => Holds::Yes,
                    _ => Holds::No(format!("at {location} {}", other.join(", "))),
                })
            }
            Predicate::TopologySignatureIs { signature } => {
                let found = self.topology()?.signature.clone();
                Ok(if found == *signature {
                    Holds::Yes
                } else {
                    let told = found.unwrap_or_else(|| "none".to_owned());
                    Holds::No(format!("the published topology has the signature {told}"))
                })
            }
        }
    }

    fn usable(&self, account: &AccountName, found: Option<&ControllerAccount>) -> Holds {
        use crate::apply::target::Target as _;
        match found {
            None => Holds::No(format!("{account} does not exist")),
            Some(found) if !found.computer => Holds::No(format!("{account} is not a computer account")),
            Some(found) if !found.enabled => Holds::No(format!("{account} is disabled")),
            Some(found) if found.expires_at.is_some_and(|at| at <= self.now()) => {
                Holds::No(format!("{account} has expired"))
            }
            Some(_) => Holds::Yes,
        }
    }

    fn held_by(&self, spn: &Spn, wanted: &[Principal]) -> Result<Holds, String> {
        let found = self.holders_of(spn)?;
        let names: Vec<&str> = found.iter().map(Principal::as_str).collect();
        Ok(match found == wanted.iter().cloned().collect::<BTreeSet<_>>() {
            true => Holds::Yes,
            false if names.is_empty() => Holds::No(format!("nobody holds {spn}")),
            false => Holds::No(format!("{spn} is held by {}", names.join(", "))),
        })
    }

    /// What the action is about, as it is now; why it could not be read.
    pub(super) fn look_at(&self, action: &Action) -> Result<Observation, String> {
        Ok(match action {
            Action::CreateAccount { account, .. } | Action::RotatePassword { account } => {
                let (found, silent) = self.account_and_silence(account)?;
                Observation::Account {
                    exists: found.is_some(),
                    password_set_at: found.as_ref().and_then(|found| found.password_set_at),
                    key_version: found.as_ref().and_then(|found| found.key_version),
                    silent,
                }
            }
            Action::AssignAccount { site, .. }
            | Action::ReassignAccount { site, .. }
            | Action::UnassignAccount { site, .. } => Observation::Assignment(self.assignment(site)?),
            Action::RemoveSpn { spn, .. } | Action::AddSpn { spn, .. } => {
                Observation::Holders(self.holders_of(spn)?.into_iter().collect())
            }
            Action::CopyConfiguration { account, to, .. } => Observation::Server(self.test_server(to, account)?),
            Action::SetIis { server, locations } => {
                let now = |change: &LocationChange| {
                    let wanted: Vec<Setting> = change.settings.iter().map(|setting| setting.after.clone()).collect();
                    self.settings(server, &change.location, &wanted)
                };
                Observation::Settings(locations.iter().map(now).collect::<Result<_, _>>()?)
            }
            Action::EnableTopology { .. } => self.spns_in_order()?,
            Action::TestAssignment { .. } => Observation::Nothing,
        })
    }

    /// Whether every `http/<pool FQDN>` is on the account of its site, and on no other Kerberos account.
    fn spns_in_order(&self) -> Result<Observation, String> {
        let topology = self.topology()?;
        let assignments = self.assignments()?;
        let mut known: BTreeSet<Principal> = self.means.accounts.iter().map(Principal::from).collect();
        known.extend(assignments.values().map(Principal::from));
        let pools: Vec<(Spn, &SiteName)> =
            topology.pools.iter().filter(|pool| pool.web_services).map(|pool| (pool.fqdn.spn(), &pool.site)).collect();
        let holders = self.holders(pools.iter().map(|(spn, _)| spn.clone()).collect())?;
        let none = BTreeSet::new();
        let mut spns_in_order = true;
        for (spn, site) in &pools {
            let assigned = assignments.get(*site);
            let wanted: BTreeSet<Principal> = assigned.map(Principal::from).into_iter().collect();
            let of_kerberos: BTreeSet<Principal> =
                holders.get(spn).unwrap_or(&none).intersection(&known).cloned().collect();
            // On an account that does not exist, that of a site which nobody declares perhaps, no SPN can be made.
            let in_order = match assigned {
                Some(account) if of_kerberos.is_empty() => self.account(account)?.is_none(),
                _ => of_kerberos == wanted,
            };
            if !in_order {
                spns_in_order = false;
                break;
            }
        }
        Ok(Observation::Topology { spns_in_order, signature: topology.signature.clone() })
    }

    /// What is in effect on the server, of the same properties as `wanted`.
    pub(super) fn settings(
        &self,
        server: &ServerFqdn,
        location: &LocationPath,
        wanted: &[Setting],
    ) -> Result<Vec<Setting>, String> {
        let at = Place::Server(server.clone());
        let found: SettingsFact = self.ask(&at, &Call::ReadAuthentication { location: location.clone() })?;
        wanted.iter().map(|setting| in_effect(&found, setting)).collect()
    }
}

fn in_effect(found: &SettingsFact, setting: &Setting) -> Result<Setting, String> {
    Ok(match setting {
        Setting::Enabled(_) => Setting::Enabled(found.enabled),
        Setting::UseKernelMode(_) => Setting::UseKernelMode(found.use_kernel_mode),
        Setting::UseAppPoolCredentials(_) => Setting::UseAppPoolCredentials(found.use_app_pool_credentials),
        Setting::Providers(_) => {
            Setting::Providers(found.providers.iter().map(|name| Provider::from_name(name)).collect())
        }
        Setting::ExtendedProtection(_) => {
            let same = |value: &ExtendedProtection| value.as_str().eq_ignore_ascii_case(&found.extended_protection);
            let value = ExtendedProtection::ALL.into_iter().find(same);
            Setting::ExtendedProtection(
                value.ok_or_else(|| {
                    format!("tokenChecking is {}, which is not understood", found.extended_protection)
                })?,
            )
        }
    })
}
