//! The plan as an outline: what is said, in which order, folded; how it looks is the business of each format.

mod changes;
mod findings;
pub(super) mod steps;
pub(crate) mod words;

use crate::codes::Severity;
use crate::plan::{Action, Need, Plan, PoolHealth, StepKind, Trigger, commands, moment};

/// What a person reads of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its title.
    pub title: String,
    /// What it was made from, and what it was narrowed to.
    pub origin: Vec<String>,
    /// Its sections, in order; none is empty.
    pub sections: Vec<Section>,
    /// The counts, in one sentence each.
    pub summary: Vec<String>,
    /// Whether Enable-CsTopology must run.
    pub verdict: Item,
    /// The digest of the plan as JSON, where the caller has made it.
    pub digest: Option<String>,
}

/// One part of an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Which part.
    pub part: Part,
    /// What it says.
    pub items: Vec<Item>,
}

/// The parts of an outline, in order: what disturbs somebody comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What somebody notices.
    Disruptions,
    /// What could not be read.
    Unreadable,
    /// What no step mends.
    Findings,
    /// What differs, by site and pool.
    Changes,
    /// What is to be done, in order.
    Steps,
}

impl Part {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Disruptions => "Disrupts",
            Self::Unreadable => "Could not be read, so this plan is partial",
            Self::Findings => "Findings",
            Self::Changes => "What differs",
            Self::Steps => "Steps",
        }
    }

    /// What it is made of: the words for one and for many.
    pub fn noun(self) -> [&'static str; 2] {
        match self {
            Self::Disruptions => ["disruption", "disruptions"],
            Self::Unreadable => ["unreadable fact", "unreadable facts"],
            Self::Findings => ["finding", "findings"],
            Self::Changes => ["difference", "differences"],
            Self::Steps => ["step", "steps"],
        }
    }
}

/// One thing said, with what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What kind of thing it is.
    pub mark: Mark,
    /// The sentence.
    pub text: String,
    /// More about it, each with a label.
    pub notes: Vec<(Label, String)>,
    /// A unified diff of canonical settings.
    pub diff: Vec<DiffLine>,
    /// What a step does, or all that it stands for do.
    pub actions: Vec<Action>,
    /// What belongs to it.
    pub items: Vec<Item>,
    /// How many differences, findings, steps it stands for by itself: none for a heading, many where alike ones are
    /// folded into it.
    pub covers: usize,
}

/// The sign in front of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// None: a heading or plain text.
    #[default]
    None,
    /// Something comes to be.
    Create,
    /// Something changes.
    Update,
    /// Something goes.
    Delete,
    /// Somebody is disturbed.
    Disrupt,
    /// Something could not be read.
    Unreadable,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// A note.
    Note,
    /// A step, or several from this number to that one.
    Step(usize, usize),
}

/// What a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Why.
    Because,
    /// Whom it disturbs.
    Disrupts,
    /// What it waits for.
    After,
    /// Where a person runs it.
    ByHand,
    /// The consent it needs.
    Needs,
    /// What to do.
    Help,
    /// The servers meant.
    Servers,
    /// What comes with it.
    Beware,
}

impl Label {
    /// The word in front.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Because => "because",
            Self::Disrupts => "disrupts",
            Self::After => "after",
            Self::ByHand => "by hand",
            Self::Needs => "needs",
            Self::Help => "help",
            Self::Servers => "servers",
            Self::Beware => "beware",
        }
    }
}

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What happens to it.
    pub change: DiffChange,
    /// The line, without its sign and line break.
    pub text: String,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffChange {
    /// It stays.
    Same,
    /// It goes.
    Gone,
    /// It comes.
    New,
}

impl Item {
    fn new(mark: Mark, text: impl Into<String>) -> Self {
        Self { mark, text: text.into(), covers: 1, ..Self::default() }
    }

    fn heading(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The PowerShell commands of a step, or of all that it stands for: made only where they are shown.
    pub fn commands(&self) -> Vec<String> {
        self.actions.iter().flat_map(commands).collect()
    }

    fn covering(self, covers: usize) -> Self {
        Self { covers, ..self }
    }

    /// How many it stands for, with all that belongs to it.
    pub fn total(&self) -> usize {
        self.covers + self.items.iter().map(Self::total).sum::<usize>()
    }

    fn note(mut self, label: Label, text: impl Into<String>) -> Self {
        self.notes.push((label, text.into()));
        self
    }
}

impl Outline {
    /// The outline of a plan.
    pub fn of(plan: &Plan) -> Self {
        // The two long ones side by side.
        let (changes, steps) = rayon::join(|| changes::sites(plan), || steps::steps(plan));
        let sections = [
            section(Part::Disruptions, steps::disruptions(plan)),
            section(Part::Unreadable, findings::unreadable(plan)),
            section(Part::Findings, findings::findings(plan)),
            section(Part::Changes, changes),
            section(Part::Steps, steps),
        ];
        Self {
            title: format!("Plan for {}", plan.deployment.source),
            origin: origin(plan),
            sections: sections.into_iter().flatten().collect(),
            summary: summary(plan),
            verdict: verdict(plan),
            digest: None,
        }
    }
}

fn section(part: Part, items: Vec<Item>) -> Option<Section> {
    (!items.is_empty()).then_some(Section { part, items })
}

impl Section {
    /// How many things it has.
    pub fn total(&self) -> usize {
        self.items.iter().map(Item::total).sum()
    }
}

fn origin(plan: &Plan) -> Vec<String> {
    let when = match &plan.collected_at {
        Some(at) => format!("collected {}", moment(*at)),
        None => "collected at a time that it does not say".to_owned(),
    };
    let mut lines = vec![format!("against {}, {when}", plan.observed.source)];
    if !plan.scope.is_whole() {
        let sites = plan.scope.sites.iter().map(|site| format!("site {site}"));
        let pools = plan.scope.pools.iter().map(|pool| format!("pool {pool}"));
        let servers = plan.scope.servers.iter().map(|server| format!("server {server}"));
        let named: Vec<String> = sites.chain(pools).chain(servers).collect();
        lines.push(format!("narrowed to {}; what lies outside was not planned", words::list(&named)));
    }
    lines
}

fn summary(plan: &Plan) -> Vec<String> {
    let counts: Vec<String> = (StepKind::ALL.iter())
        .filter_map(|kind| plan.summary.steps.get(kind).map(|count| format!("{count} {}", kind.as_str())))
        .collect();
    let found = |severity| plan.findings.iter().filter(|finding| finding.severity == severity).count();
    let found: Vec<String> =
        [(found(Severity::Error), "error", "errors"), (found(Severity::Warning), "warning", "warnings")]
            .into_iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| words::count(n, one, many))
            .collect();
    let found = found.join(" and ");
    let steps = match (counts.is_empty(), plan.complete(), found.is_empty()) {
        (false, ..) => format!("{} ({})", words::count(plan.steps.len(), "step", "steps"), counts.join(", ")),
        (true, false, true) => "no step, as far as could be read".to_owned(),
        (true, false, false) => format!("no step, as far as could be read, and {found} that no step mends"),
        (true, true, true) if plan.scope.is_whole() => "no step: what is declared is in place".to_owned(),
        (true, true, true) => "no step: within the scope, what is declared is in place".to_owned(),
        (true, true, false) => format!("no step, and {found} that no step mends"),
    };
    let mut lines = vec![format!("Plan: {steps}.")];
    let total = |count: fn(&PoolHealth) -> usize| plan.summary.total(count);
    if total(PoolHealth::servers) > 0 {
        let pending = match total(|pool| pool.pending) {
            0 => String::new(),
            n => format!(", {n} not given the account"),
        };
        let (valid, invalid) = (total(|pool| pool.valid), total(|pool| pool.invalid));
        let unreadable = total(|pool| pool.unreadable);
        lines.push(format!("Servers: {valid} valid, {invalid} invalid{pending}, {unreadable} unreadable."));
    }
    lines
}

fn verdict(plan: &Plan) -> Item {
    let verdict = &plan.enable_topology;
    let mark = match verdict.need {
        Need::Required => Mark::Disrupt,
        Need::Advisory | Need::NotRequired => Mark::None,
    };
    let text = match (verdict.need, plan.verdict_is_certain()) {
        (Need::Required, _) => "Enable-CsTopology: required",
        (Need::Advisory, true) => "Enable-CsTopology: advisory; nothing waits for it",
        (Need::Advisory, false) => "Enable-CsTopology: advisory, as far as could be read; nothing waits for it",
        (Need::NotRequired, true) => "Enable-CsTopology: not required",
        (Need::NotRequired, false) => "Enable-CsTopology: not required, as far as could be read",
    };
    let mut item = Item::new(mark, text);
    for reason in words::fold(&verdict.because, |reason| reason.text.clone()) {
        let triggers: Vec<String> = reason
            .iter()
            .filter_map(|reason| match &reason.trigger {
                Trigger::Step(id) => Some(id.to_string()),
                Trigger::Finding(..) => None,
            })
            .collect();
        let of = if triggers.is_empty() { String::new() } else { format!(" ({})", words::list(&triggers)) };
        item = item.note(Label::Because, format!("{}{of}", reason[0].text));
    }
    match &verdict.warning {
        Some(warning) => item.note(Label::Beware, warning.clone()),
        None => item,
    }
}
