//! Whom to copy from: the valid server that is nearest.

use crate::model::{AccountName, PoolFqdn, ServerFqdn, SiteName, Witness};
use crate::plan::survey::{SETTLING, ServerState, Standing, Survey, Target};
use jiff::Timestamp;
use std::collections::HashMap;

/// A server to copy from, and why that one.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Source<'s, 'a> {
    pub(super) target: &'s Target<'a>,
    pub(super) nearness: Nearness,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Nearness {
    /// A rotation has just given it the password, and does not reach the other.
    Rotated,
    Declared,
    SamePool,
    SameSite,
    SameAccount,
}

/// The valid servers of one account, the first of each pool, site and in all.
pub(super) struct Sources<'s, 'a> {
    valid: HashMap<&'s ServerFqdn, &'s Target<'a>>,
    by_pool: HashMap<&'s PoolFqdn, &'s Target<'a>>,
    by_site: HashMap<&'s SiteName, &'s Target<'a>>,
    first: Option<&'s Target<'a>>,
    /// Until when those that look valid and are left out may have a former password; `None` where there is none.
    pub(super) doubtful: Option<Timestamp>,
}

impl<'s, 'a> Sources<'s, 'a> {
    pub(super) fn of(survey: &'s Survey<'a>, account: &AccountName) -> Self {
        let mut sources = Self {
            valid: HashMap::new(),
            by_pool: HashMap::new(),
            by_site: HashMap::new(),
            first: None,
            doubtful: None,
        };
        for target in survey.targets_of(account) {
            let Some(ServerState::Valid { by, at }) = target.state else { continue };
            if let Some(settles) = doubtful_until(survey, account, by, at) {
                sources.doubtful = sources.doubtful.max(Some(settles));
                continue;
            }
            sources.valid.insert(target.server, target);
            sources.by_pool.entry(target.pool).or_insert(target);
            sources.by_site.entry(target.site).or_insert(target);
            sources.first.get_or_insert(target);
        }
        sources
    }

    pub(super) fn nearest(&self, survey: &Survey<'a>, target: &Target<'a>) -> Option<Source<'s, 'a>> {
        let declared = survey.declared_site(target.site).and_then(|site| site.source.as_ref());
        let candidates = [
            (declared.and_then(|source| self.valid.get(source)), Nearness::Declared),
            (self.by_pool.get(target.pool), Nearness::SamePool),
            (self.by_site.get(target.site), Nearness::SameSite),
            (self.first.as_ref(), Nearness::SameAccount),
        ];
        candidates.into_iter().find_map(|(source, nearness)| source.map(|target| Source { target, nearness }))
    }
}

/// Until when a server that looked valid at that moment may have the former password, since the domain controller that
/// was asked may have had it too; `None` where all of them were asked and agree. See [`SETTLING`].
fn doubtful_until(survey: &Survey<'_>, account: &AccountName, by: Witness, at: Timestamp) -> Option<Timestamp> {
    let Standing::Usable(state) = survey.standing(account) else { return None };
    let settles = state.password_set_at?.checked_add(SETTLING).ok()?;
    (by != Witness::Lab && !state.agreed && at < settles).then_some(settles)
}
