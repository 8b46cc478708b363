//! How long steps take, by how long they took.

use super::journal::{Record, Standing, runs};
use crate::plan::StepKind;
use jiff::SignedDuration;
use std::collections::HashMap;
use std::path::Path;

/// What a step of a kind that was never done is thought to take.
const UNKNOWN: SignedDuration = SignedDuration::from_mins(5);

/// How many runs are looked at, the newest first.
const RUNS: usize = 50;

/// How long a step of each kind takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    medians: HashMap<StepKind, SignedDuration>,
}

impl History {
    /// The medians over the journals of a state folder.
    ///
    /// A journal that cannot be read is passed over: this is a guess in any case, and the steps that it lacks count
    /// as never done, which is the careful guess.
    pub(crate) fn read(state: &Path) -> Self {
        let runs = runs(state).unwrap_or_else(|_| Vec::new());
        let records = runs.iter().rev().take(RUNS).filter_map(|run| Record::read(state, run).ok().flatten());
        let steps = records.flat_map(|record| record.steps());
        Self::of(steps.filter_map(|(_, step)| match step.standing {
            Standing::Done { took: Some(took) } => Some((step.action.kind(), took)),
            _ => None,
        }))
    }

    fn of(durations: impl Iterator<Item = (StepKind, SignedDuration)>) -> Self {
        let mut by_kind: HashMap<StepKind, Vec<SignedDuration>> = HashMap::new();
        for (kind, took) in durations {
            by_kind.entry(kind).or_default().push(took);
        }
        let median = |mut all: Vec<SignedDuration>| {
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or(UNKNOWN)
        };
        Self { medians: by_kind.into_iter().map(|(kind, all)| (kind, median(all))).collect() }
    }

    /// How long so many steps of one kind take, so many at a time.
    pub(crate) fn estimate(&self, kind: StepKind, steps: usize, parallel: usize) -> SignedDuration {
        let one = self.medians.get(&kind).copied().unwrap_or(UNKNOWN);
        let rounds = i32::try_from(steps.div_ceil(parallel.max(1))).unwrap_or(i32::MAX);
        one.checked_mul(rounds).unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_its_kind_or_five_minutes() {
        let seconds = [40, 10, 3000, 20, 30].map(SignedDuration::from_secs);
        let history = History::of(seconds.into_iter().map(|took| (StepKind::CopyConfiguration, took)));
        let check = |kind, steps, parallel, seconds| {
            assert_eq!(history.estimate(kind, steps, parallel), SignedDuration::from_secs(seconds), "{kind:?}");
        };
        check(StepKind::CopyConfiguration, 1, 4, 30);
        check(StepKind::CopyConfiguration, 9, 4, 90);
        check(StepKind::SetIis, 1, 1, 300);
        check(StepKind::SetIis, 10, 1, 3000);
        check(StepKind::SetIis, 0, 1, 0);
    }
}
