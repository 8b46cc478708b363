//! The plan while it is being made.

use super::enable_topology::{self, Reason};
use super::{
    Change, ChangeAction, Finding, Layer, Plan, Property, PropertyChange, Scope, Step, StepId, Subject, Summary,
    Survey, Unreadable,
};
use crate::codes::{Allow, Code, Severity};
use crate::model::{Cause, SiteName};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// What the layers add to, each in its turn.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) unreadable: Vec<Unreadable>,
    pub(super) findings: Vec<Finding>,
    pub(super) changes: Vec<Change>,
    pub(super) steps: Vec<Step>,
    /// The sites whose assignment is not planned although it differs.
    pub(super) withheld: BTreeSet<SiteName>,
    /// Why Enable-CsTopology must run.
    pub(super) reasons: Vec<Reason>,
}

impl Draft {
    /// With room for what so many servers mostly need, so that it does not move while it grows: room that is not used
    /// costs nothing.
    pub(super) fn for_servers(servers: usize) -> Self {
        Self { changes: Vec::with_capacity(4 * servers), steps: Vec::with_capacity(3 * servers), ..Self::default() }
    }

    pub(super) fn unreadable(&mut self, subject: Subject, layer: Layer, cause: &Cause) {
        self.unreadable.push(Unreadable { subject, layer, cause: cause.to_string() });
    }

    pub(super) fn find(&mut self, code: Code, subject: Subject, message: impl Into<String>, hint: Option<String>) {
        self.findings.push(Finding { code, severity: code.severity(), subject, message: message.into(), hint });
    }

    pub(super) fn change(
        &mut self,
        subject: Subject,
        layer: Layer,
        action: ChangeAction,
        name: Property,
        before: Option<String>,
        after: Option<String>,
    ) {
        let properties = vec![PropertyChange { name, before, after }];
        self.changes.push(Change { subject, layer, action, properties });
    }

    pub(super) fn step(&mut self, step: Step) -> StepId {
        let id = step.id();
        self.steps.push(step);
        id
    }

    /// Adds what is found of each of these, in their order; they are looked at side by side, and so cannot see what was
    /// found of each other.
    pub(super) fn add_each<T: Send>(
        &mut self,
        items: impl ParallelIterator<Item = T>,
        find: impl Fn(T, &mut Self) + Sync,
    ) {
        let withheld = &self.withheld;
        let part = |item| {
            let mut part = Self { withheld: withheld.clone(), ..Self::default() };
            find(item, &mut part);
            part
        };
        let parts: Vec<Self> = items.map(part).collect();
        for part in parts {
            self.append(part);
        }
    }

    fn append(&mut self, part: Self) {
        let Self { unreadable, findings, changes, steps, withheld, reasons } = part;
        self.unreadable.extend(unreadable);
        self.findings.extend(findings);
        self.changes.extend(changes);
        self.steps.extend(steps);
        self.withheld.extend(withheld);
        self.reasons.extend(reasons);
    }

    /// Leaves out the warnings and notes that the file silences; an error is never silenced.
    pub(super) fn silence(&mut self, allow: &[Allow]) {
        self.findings.retain(|finding| {
            finding.severity == Severity::Error || allow.iter().all(|entry| entry.code != finding.code)
        });
    }

    pub(super) fn into_plan(self, survey: &Survey<'_>, scope: &Scope) -> Plan {
        let enable_topology = enable_topology::verdict(&self.steps, self.reasons);
        let summary = Summary::new(survey, scope, &self.steps);
        Plan {
            deployment: survey.deployment.origin.clone(),
            observed: survey.actual.origin.clone(),
            collected_at: survey.actual.collected_at.known().copied(),
            scope: scope.clone(),
            unreadable: self.unreadable,
            findings: self.findings,
            changes: self.changes,
            steps: self.steps,
            enable_topology,
            summary,
        }
    }
}
