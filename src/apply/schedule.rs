//! Which steps come next: what waits for what, batches of a pool's servers, windows. Pure, but for what it is told.

use super::history::History;
use super::journal::{EnableTopology, Refusal};
use super::outcome::{Report, Status, StepReport};
use super::windows::{Calendar, Opening, Openness};
use crate::model::{BatchSize, Maintenance, PoolFqdn, SiteName};
use crate::plan::{Action, Plan, Step, StepId, StepKind};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Batches where the file names none: one server first, then all that are left.
const DEFAULT_BATCHES: [BatchSize; 2] = [BatchSize::Servers(1), BatchSize::Percent(100)];

/// By which rules steps are chosen.
#[derive(Debug)]
pub(crate) struct Rules<'r> {
    /// The windows; `None` where they do not hold.
    pub(crate) calendar: Option<Calendar<'r>>,
    pub(crate) history: History,
    pub(crate) maintenance: &'r Maintenance,
    pub(crate) parallel: usize,
    pub(crate) enable_topology: EnableTopology,
}

/// The steps of a run, and how each stands.
#[derive(Debug)]
pub(crate) struct Board {
    steps: Vec<Place>,
    index: HashMap<StepId, usize>,
    /// How many batches of each pool and kind have begun.
    rounds: HashMap<(PoolFqdn, StepKind), usize>,
    pool_sizes: HashMap<PoolFqdn, usize>,
}

#[derive(Debug)]
struct Place {
    step: Step,
    /// The steps that it waits for, and their places; `None` for one that is not here, and so is never done.
    after: Vec<(StepId, Option<usize>)>,
    /// The sites whose windows hold for it.
    sites: BTreeSet<SiteName>,
    status: Status,
}

/// Steps that are begun together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Their places.
    pub(crate) members: Vec<usize>,
    /// What they are a batch of.
    pub(crate) batch: Option<Batch>,
}

/// A batch of servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) pool: PoolFqdn,
    pub(crate) kind: StepKind,
    /// Counted from 1.
    pub(crate) number: usize,
}

/// What can be begun now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// These.
    Unit(Unit),
    /// Something could, but for the windows of these sites.
    Closed { sites: Vec<SiteName>, opening: Option<Opening> },
    /// Nothing: every step is done, or waits for one that will not be.
    Nothing,
}

impl Board {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut board = Self {
            steps: Vec::with_capacity(plan.steps.len()),
            index: plan.steps.iter().enumerate().map(|(at, step)| (step.id(), at)).collect(),
            rounds: HashMap::new(),
            pool_sizes: plan.summary.pools.iter().map(|pool| (pool.pool.clone(), pool.servers())).collect(),
        };
        for step in &plan.steps {
            board.push(step.clone());
        }
        let mut servers: HashMap<PoolFqdn, HashSet<&str>> = HashMap::new();
        for step in &plan.steps {
            if let (Some(pool), Some(server)) = (step.subject.pool(), step.subject.server()) {
                servers.entry(pool.clone()).or_default().insert(server.as_str());
            }
        }
        for (pool, servers) in servers {
            // A pool whose site has no account is not in the summary.
            let size = board.pool_sizes.entry(pool).or_default();
            *size = servers.len().max(*size);
        }
        board
    }

    fn push(&mut self, step: Step) {
        let sites = step.touches.iter().cloned().collect();
        let after = step.after.iter().map(|id| (id.clone(), self.place(id))).collect();
        self.steps.push(Place { step, after, sites, status: Status::NotBegun });
    }

    /// Adds steps that wait for nothing; the tests of their sites wait for them.
    pub(crate) fn add(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut added = Vec::new();
        for step in steps {
            let (id, at) = (step.id(), self.steps.len());
            if self.index.contains_key(&id) {
                continue;
            }
            self.index.insert(id.clone(), at);
            for place in &mut self.steps {
                let test = matches!(&place.step.action, Action::TestAssignment { site } if step.touches.contains(site));
                if test && place.status == Status::NotBegun {
                    place.after.push((id.clone(), Some(at)));
                }
            }
            added.push(step.clone());
            self.push(step);
        }
        added
    }

    pub(crate) fn step(&self, at: usize) -> &Step {
        &self.steps[at].step
    }

    pub(crate) fn place(&self, id: &StepId) -> Option<usize> {
        self.index.get(id).copied()
    }

    pub(crate) fn set(&mut self, at: usize, status: Status) {
        self.steps[at].status = status;
    }

    /// Notes that the unit begins.
    pub(crate) fn begin(&mut self, unit: &Unit) {
        if let Some(batch) = &unit.batch {
            self.rounds.insert((batch.pool.clone(), batch.kind), batch.number);
        }
    }

    /// Leaves every step that waits for one that will not be done in this call; which those are, and why.
    pub(crate) fn settle(&mut self) -> Vec<(usize, String)> {
        let mut left = Vec::new();
        // A step stands after those it waits for, or is added after them, so one pass reaches all.
        for at in 0..self.steps.len() {
            if self.steps[at].status != Status::NotBegun {
                continue;
            }
            let why = self.steps[at].after.iter().find_map(|(id, place)| {
                let status = place.map(|place| &self.steps[place].status);
                status.is_none_or(Status::blocks).then(|| waits_for(id, status))
            });
            if let Some(why) = why {
                self.steps[at].status = Status::Left(why.clone());
                left.push((at, why));
            }
        }
        left
    }

    /// What can be begun at that moment.
    pub(crate) fn next(&self, rules: &Rules<'_>, now: Timestamp) -> Next {
        let mut closed: Option<(SignedDuration, BTreeSet<SiteName>)> = None;
        let mut seen: HashSet<(&PoolFqdn, StepKind)> = HashSet::new();
        for (at, place) in self.steps.iter().enumerate() {
            if !self.is_ready(place) {
                continue;
            }
            let kind = place.step.action.kind();
            let unit = match (place.step.subject.pool(), is_of_a_server(kind)) {
                (Some(pool), true) if !seen.insert((pool, kind)) => continue, // its batch is closed
                (Some(pool), true) => self.batch(pool, kind, rules),
                _ => Unit { members: vec![at], batch: None },
            };
            let (length, sites) = self.room(&unit, kind, rules);
            let only_looks = kind == StepKind::EnableTopology && rules.enable_topology == EnableTopology::Wait;
            let openness = match rules.calendar {
                Some(calendar) if !only_looks => calendar.openness(&sites, now, length),
                _ => Openness::Open,
            };
            if openness == Openness::Open {
                return Next::Unit(unit);
            }
            closed.get_or_insert((length, sites));
        }
        match (closed, rules.calendar) {
            (Some((length, sites)), Some(calendar)) => {
                let opening = calendar.next_opening(&sites, now, length);
                Next::Closed { sites: sites.into_iter().collect(), opening }
            }
            _ => Next::Nothing,
        }
    }

    /// How long the windows of which sites must stay open for the unit to begin.
    ///
    /// What opens an outage begins only where what closes it again has room too: a window that ended in between would
    /// leave clients without an answer until the next one.
    fn room(&self, unit: &Unit, kind: StepKind, rules: &Rules<'_>) -> (SignedDuration, BTreeSet<SiteName>) {
        let mut sites: BTreeSet<SiteName> =
            unit.members.iter().flat_map(|at| &self.steps[*at].sites).cloned().collect();
        let mut length = rules.history.estimate(kind, unit.members.len(), rules.parallel);
        let opens = match kind {
            StepKind::AssignAccount | StepKind::ReassignAccount | StepKind::EnableTopology => {
                rules.enable_topology == EnableTopology::Run
            }
            StepKind::RotatePassword => true,
            _ => false,
        };
        if let [at] = unit.members[..]
            && opens
            && rules.calendar.is_some()
        {
            for (kind, closing) in self.closing(at) {
                length = length.saturating_add(rules.history.estimate(kind, closing.len(), rules.parallel));
                sites.extend(closing.into_iter().flat_map(|at| &self.steps[at].sites).cloned());
            }
        }
        (length, sites)
    }

    /// The steps by kind that wait for that one, and for which its sites wait; a test closes nothing.
    fn closing(&self, opening: usize) -> BTreeMap<StepKind, Vec<usize>> {
        let mut waiting = HashSet::from([opening]);
        let mut closing: BTreeMap<StepKind, Vec<usize>> = BTreeMap::new();
        for (at, place) in self.steps.iter().enumerate().skip(opening + 1) {
            let waits = place.after.iter().any(|(_, before)| before.is_some_and(|before| waiting.contains(&before)));
            let kind = place.step.action.kind();
            let of_its_sites = !place.sites.is_disjoint(&self.steps[opening].sites);
            if waits && of_its_sites && place.status == Status::NotBegun && kind != StepKind::TestAssignment {
                waiting.insert(at);
                closing.entry(kind).or_default().push(at);
            }
        }
        closing
    }

    fn is_ready(&self, place: &Place) -> bool {
        let done = |(_, at): &(StepId, Option<usize>)| at.is_some_and(|at| self.steps[at].status == Status::Done);
        place.status == Status::NotBegun && place.after.iter().all(done)
    }

    /// The next servers of that pool, as many as the batch has.
    fn batch(&self, pool: &PoolFqdn, kind: StepKind, rules: &Rules<'_>) -> Unit {
        let round = self.rounds.get(&(pool.clone(), kind)).copied().unwrap_or(0);
        let sizes: &[BatchSize] = match rules.maintenance.batches.as_slice() {
            [] => &DEFAULT_BATCHES,
            sizes => sizes,
        };
        let size = sizes.get(round).or(sizes.last()).copied().unwrap_or(BatchSize::Servers(1));
        let servers = match size {
            BatchSize::Servers(servers) => usize::try_from(servers).unwrap_or(usize::MAX),
            BatchSize::Percent(percent) => {
                self.pool_sizes.get(pool).copied().unwrap_or(1).saturating_mul(usize::from(percent)) / 100
            }
        };
        let ready = self.steps.iter().enumerate().filter(|(_, place)| {
            place.step.action.kind() == kind && place.step.subject.pool() == Some(pool) && self.is_ready(place)
        });
        let members = ready.map(|(at, _)| at).take(servers.max(1)).collect();
        Unit { members, batch: Some(Batch { pool: pool.clone(), kind, number: round + 1 }) }
    }

    /// How many servers failed; a step of no server counts for itself. A test that finds something wrong does not: it
    /// changes nothing, and the other sites' tests are worth having.
    pub(crate) fn failures(&self) -> usize {
        let mut servers = HashSet::new();
        let changes = |place: &&Place| place.step.action.kind() != StepKind::TestAssignment;
        let failed = self.steps.iter().filter(|place| place.status.is_failure()).filter(changes);
        failed.filter(|place| place.step.subject.server().is_none_or(|server| servers.insert(server))).count()
    }

    pub(crate) fn any(&self, wanted: impl Fn(&Status) -> bool) -> bool {
        self.steps.iter().any(|place| wanted(&place.status))
    }

    /// Whether a rotation's outcome is not known: then nothing more is begun.
    pub(crate) fn rotation_in_doubt(&self) -> Option<(&Step, &str)> {
        self.steps.iter().find_map(|place| match (&place.step.action, &place.status) {
            (Action::RotatePassword { .. }, Status::Unclear(why)) => Some((&place.step, why.as_str())),
            _ => None,
        })
    }

    pub(crate) fn report(&self, run: Option<super::journal::RunId>) -> Report {
        let steps = self.steps.iter();
        let steps = steps.map(|place| StepReport { step: place.step.clone(), status: place.status.clone() });
        Report { run, steps: steps.collect() }
    }
}

fn is_of_a_server(kind: StepKind) -> bool {
    matches!(kind, StepKind::CopyConfiguration | StepKind::SetIis)
}

fn waits_for(id: &StepId, status: Option<&Status>) -> String {
    let what = match status {
        None => "is not in the plan",
        Some(Status::Failed(_)) => "failed",
        Some(Status::Refused(Refusal::Stale(_))) => "is stale",
        Some(Status::Refused(Refusal::Unread(_))) => "could not be checked",
        Some(Status::Unclear(_)) => "may or may not be done",
        Some(Status::Withheld) => "has not run",
        Some(Status::Left(_)) => "was left",
        Some(Status::NotBegun | Status::Done) => "is not done",
    };
    format!("it waits for {id}, which {what}")
}

#[cfg(test)]
#[path = "schedule/tests.rs"]
mod tests;
