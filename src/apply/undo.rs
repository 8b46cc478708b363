//! The way back from a run: a plan to the values that its journal saw before, and what has no way back.

mod inverse;

use super::journal::{JournalError, Record, StepRecord};
use crate::model::{Actual, SiteName};
use crate::plan::{
    Action, EnableTopology, Plan, Predicate, Reason, RunOn, Step, StepId, StepKind, Subject, Summary, Trigger,
};
use inverse::Inverse;
use std::collections::HashSet;

/// The way back from a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The newest step of the run is undone first.
    pub plan: Plan,
    /// The steps that cannot be undone, each with the reason and what to do instead.
    pub no_way_back: Vec<(StepId, String)>,
}

/// The plan back to the values before the run, against what was observed just now.
pub fn undo(record: &Record, actual: &Actual) -> Result<Undo, JournalError> {
    let plan = record.plan()?;
    let mut way = Way { actual, steps: Vec::new(), seen: HashSet::new(), no_way_back: Vec::new() };
    for (id, done) in record.steps().into_iter().rev().filter(|(_, step)| step.is_done()) {
        let original = plan.step(&id);
        let subject = original.map_or(Subject::Topology, |step| step.subject.clone());
        let touches = original.map_or_else(Vec::new, |step| step.touches.clone());
        way.step(id, &done, subject, touches);
    }
    let enable_topology = way.enable_topology();
    way.tests();
    let mut summary = Summary::default();
    for step in &way.steps {
        *summary.steps.entry(step.action.kind()).or_default() += 1;
    }
    Ok(Undo {
        plan: Plan {
            deployment: plan.deployment,
            observed: actual.origin.clone(),
            collected_at: actual.collected_at.known().copied(),
            scope: plan.scope,
            unreadable: Vec::new(),
            findings: Vec::new(),
            changes: way.steps.iter().flat_map(inverse::changes).collect(),
            steps: way.steps,
            enable_topology,
            summary,
        },
        no_way_back: way.no_way_back,
    })
}

struct Way<'a> {
    actual: &'a Actual,
    steps: Vec<Step>,
    seen: HashSet<StepId>,
    no_way_back: Vec<(StepId, String)>,
}

impl Way<'_> {
    /// Undoes one step of the run, or says why not.
    fn step(&mut self, id: StepId, done: &StepRecord, subject: Subject, touches: Vec<SiteName>) {
        let undone = match inverse::of(done) {
            Inverse::Step(undone) => undone,
            Inverse::Nothing => return,
            Inverse::None(why) => return self.no_way_back.push((id, why)),
        };
        if self.seen.insert(undone.action.id()) {
            let step = undone.into_step(&id, subject, touches, self.removals());
            self.steps.push(step);
        } else {
            let commands = crate::plan::commands(&undone.action).join("; ");
            self.no_way_back.push((id, format!("another step of this way back has its name; by hand: {commands}")));
        }
    }

    /// The SPNs that are taken away so far: setspn -S refuses one that somebody holds, so these come first.
    fn removals(&self) -> Vec<StepId> {
        let removals = self.steps.iter().filter(|step| step.action.kind() == StepKind::RemoveSpn);
        removals.map(Step::id).collect()
    }

    /// An assignment that changed wants Enable-CsTopology, whichever way it changed.
    fn enable_topology(&mut self) -> EnableTopology {
        let assigns = |step: &&Step| {
            matches!(
                step.action.kind(),
                StepKind::AssignAccount | StepKind::ReassignAccount | StepKind::UnassignAccount
            )
        };
        let changed: Vec<&Step> = self.steps.iter().filter(assigns).collect();
        if changed.is_empty() {
            return EnableTopology::not_required();
        }
        let reason = |step: &&Step| Reason {
            trigger: Trigger::Step(step.id()),
            text: "an assignment changes: Enable-CsTopology moves its SPNs and makes it effective".to_owned(),
            concerns: None,
        };
        let because: Vec<Reason> = changed.iter().map(reason).collect();
        let after = changed.iter().map(|step| step.id()).collect();
        let touches = changed.iter().flat_map(|step| step.touches.iter().cloned()).collect();
        let signature = self.actual.topology.known().and_then(|topology| topology.signature.clone());
        self.steps.push(Step {
            action: Action::EnableTopology { signature: signature.clone() },
            subject: Subject::Topology,
            run_on: RunOn::ManagementShell,
            after,
            because: vec!["assignments change".to_owned()],
            disrupts: None,
            consent: None,
            preconditions: vec![Predicate::TopologySignatureIs { signature }],
            touches,
        });
        EnableTopology::required(because)
    }

    /// Tests every site that is touched and has an account afterwards.
    fn tests(&mut self) {
        let mut sites: Vec<SiteName> = Vec::new();
        for site in self.steps.iter().flat_map(|step| &step.touches) {
            if !sites.contains(site) && self.has_account_afterwards(site) {
                sites.push(site.clone());
            }
        }
        for site in sites {
            let before = self.steps.iter().filter(|step| step.touches.contains(&site));
            let after = before.map(Step::id).collect();
            self.steps.push(Step {
                subject: Subject::Site(site.clone()),
                run_on: RunOn::ManagementShell,
                after,
                because: vec![format!("other steps touch {site}: the test shows whether they took effect")],
                disrupts: None,
                consent: None,
                preconditions: Vec::new(),
                touches: vec![site.clone()],
                action: Action::TestAssignment { site },
            });
        }
    }

    fn has_account_afterwards(&self, site: &SiteName) -> bool {
        let decided = self.steps.iter().find_map(|step| match &step.action {
            Action::AssignAccount { site: of, .. } | Action::ReassignAccount { site: of, .. } if of == site => {
                Some(true)
            }
            Action::UnassignAccount { site: of, .. } if of == site => Some(false),
            _ => None,
        });
        decided.unwrap_or_else(|| self.actual.assignments.known().is_some_and(|known| known.contains_key(site)))
    }
}
