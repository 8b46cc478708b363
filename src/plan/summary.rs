//! The counts that a plan ends with.

use super::survey::{ServerState, Survey};
use super::{Scope, Step, StepKind, Subject};
use crate::model::{PoolFqdn, SiteName};
use std::collections::BTreeMap;

/// What a plan counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The steps by kind; a kind without steps is left out.
    pub steps: BTreeMap<StepKind, usize>,
    /// The health of each pool whose site has an account, declared or not, in the order of the deployment; of those with a
    /// server in the scope.
    pub pools: Vec<PoolHealth>,
}

/// The servers of one pool, undeclared ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolHealth {
    /// Its site.
    pub site: SiteName,
    /// The pool.
    pub pool: PoolFqdn,
    /// How many are known to be valid.
    pub valid: usize,
    /// How many are known to be invalid, so that clients get Unauthorized from them.
    pub invalid: usize,
    /// How many do not have the account because their site does not have it yet, or there is no such account: no client
    /// gets a ticket that they would refuse.
    pub pending: usize,
    /// How many nothing is known of.
    pub unreadable: usize,
}

impl PoolHealth {
    /// All servers of the pool.
    pub fn servers(&self) -> usize {
        self.valid + self.invalid + self.pending + self.unreadable
    }
}

impl Summary {
    pub(super) fn new(survey: &Survey<'_>, scope: &Scope, steps: &[Step]) -> Self {
        let mut summary = Self::default();
        for step in steps {
            *summary.steps.entry(step.action.kind()).or_default() += 1;
        }
        let mut places: BTreeMap<(&SiteName, &PoolFqdn), usize> = BTreeMap::new();
        let mut last = None; // targets stand by pool
        // What clients notice depends on the whole pool, also where only one of its servers lies in the scope.
        let mut inside: Vec<bool> = Vec::new();
        for target in &survey.targets {
            let Some(state) = &target.state else { continue };
            let place = (target.site, target.pool);
            let at = match last {
                Some((there, at)) if there == place => at,
                _ => *places.entry(place).or_insert_with(|| {
                    let (site, pool) = (target.site.clone(), target.pool.clone());
                    summary.pools.push(PoolHealth { site, pool, valid: 0, invalid: 0, pending: 0, unreadable: 0 });
                    inside.push(scope.is_whole());
                    summary.pools.len() - 1
                }),
            };
            last = Some((place, at));
            if !inside[at] {
                let (site, pool, server) = (target.site.clone(), target.pool.clone(), target.server.clone());
                inside[at] = scope.selects(&Subject::Server(site, pool, server));
            }
            let health = &mut summary.pools[at];
            match state {
                ServerState::Valid { .. } => health.valid += 1,
                ServerState::Invalid(_) if survey.is_pending(target) => health.pending += 1,
                ServerState::Invalid(_) => health.invalid += 1,
                ServerState::Unknown(_) => health.unreadable += 1,
            }
        }
        let mut inside = inside.into_iter();
        summary.pools.retain(|_| inside.next() == Some(true));
        summary
    }

    /// The sum of one count over all pools.
    pub fn total(&self, count: impl Fn(&PoolHealth) -> usize) -> usize {
        self.pools.iter().map(count).sum()
    }
}
