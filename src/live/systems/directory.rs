//! What Active Directory says, where every domain controller that answers says the same.

use super::Live;
use crate::live::shell::{AccountFact, AssignmentFact, Call, HolderFact, Place};
use crate::model::{AccountName, Principal, SiteName, Spn};
use crate::snapshot::directory::{ControllerAccount, agreed};
use std::collections::{BTreeMap, BTreeSet};

impl Live<'_> {
    /// The account; `None` where there is none. Domain controllers that disagree, or of which none answers, leave it
    /// unreadable.
    pub(super) fn account(&self, account: &AccountName) -> Result<Option<ControllerAccount>, String> {
        self.account_and_silence(account).map(|(account, _)| account)
    }

    /// The same with the domain controllers that did not answer.
    pub(super) fn account_and_silence(
        &self,
        account: &AccountName,
    ) -> Result<(Option<ControllerAccount>, Vec<String>), String> {
        let fact: AccountFact = self.ask(&Place::ManagementShell, &Call::Account { account: account.clone() })?;
        let found = agreed(account, &fact.controllers)?;
        let silent = fact.controllers.into_iter().filter(|one| one.error.is_some());
        Ok((found, silent.map(|one| one.controller).collect()))
    }

    /// The site's account, now.
    pub(super) fn assignment(&self, site: &SiteName) -> Result<Option<AccountName>, String> {
        Ok(self.assignments()?.remove(site))
    }

    pub(super) fn assignments(&self) -> Result<BTreeMap<SiteName, AccountName>, String> {
        let facts: Vec<AssignmentFact> = self.ask(&Place::ManagementShell, &Call::Assignments)?;
        let parsed = facts.iter().map(|fact| {
            let odd = |what: &str| format!("Get-CsKerberosAccountAssignment says {what}, which is not understood");
            let (scope, site) = fact.identity.split_once(':').ok_or_else(|| odd(&fact.identity))?;
            if !scope.eq_ignore_ascii_case("site") {
                return Err(odd(&fact.identity));
            }
            let site: SiteName = site.parse().map_err(|_| odd(&fact.identity))?;
            let account: AccountName = fact.user_account.parse().map_err(|_| odd(&fact.user_account))?;
            Ok((site, account))
        });
        parsed.collect()
    }

    /// Whoever in the forest holds each of the SPNs.
    pub(super) fn holders(&self, spns: Vec<Spn>) -> Result<BTreeMap<Spn, BTreeSet<Principal>>, String> {
        let facts: Vec<HolderFact> = self.ask(&Place::ManagementShell, &Call::Holders { spns: spns.clone() })?;
        let mut holders = BTreeMap::new();
        for spn in spns {
            let fact = facts.iter().find(|fact| fact.spn.eq_ignore_ascii_case(spn.as_str()));
            let fact = fact.ok_or_else(|| format!("the directory did not say who holds {spn}"))?;
            if let Some(error) = &fact.error {
                return Err(format!("who holds {spn} could not be looked up: {error}"));
            }
            holders.insert(spn, fact.holders.iter().map(|holder| Principal::new(holder)).collect());
        }
        Ok(holders)
    }

    pub(super) fn holders_of(&self, spn: &Spn) -> Result<BTreeSet<Principal>, String> {
        Ok(self.holders(vec![spn.clone()])?.remove(spn).unwrap_or_default())
    }
}
