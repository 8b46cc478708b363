//! What monitoring wants to know, in the text format of Prometheus.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>, the text-based format 0.0.4.

use super::journal::{Ending, Entry, JournalError, Record, runs};
use crate::plan::{Need, Plan, PoolHealth};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Every way in which a run can end, so that a series never vanishes.
const ENDINGS: [(Ending, &str); 8] = [
    (Ending::Finished, "finished"),
    (Ending::Failures, "failures"),
    (Ending::Interrupted, "interrupted"),
    (Ending::WindowClosed, "window-closed"),
    (Ending::WaitsForEnableTopology, "waits-for-enable-topology"),
    (Ending::Unclear, "unclear"),
    (Ending::Stale, "stale"),
    (Ending::Abandoned, "abandoned"),
];

/// The last run of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastApply {
    /// When its last line was written.
    pub at: Timestamp,
    /// How it ended; `None` where it was cut off.
    pub ending: Option<Ending>,
}

/// The last run that a state folder knows of.
pub fn last_apply(state: &Path) -> Result<Option<LastApply>, JournalError> {
    for run in runs(state)?.iter().rev() {
        if let Some(record) = Record::read(state, run)? {
            let at = record.entries.last().map(Entry::at);
            return Ok(at.map(|at| LastApply { at, ending: record.ending() }));
        }
    }
    Ok(None)
}

/// The metrics of what was observed last, and of the last run.
pub fn metrics(plan: &Plan, last: Option<LastApply>) -> String {
    let mut page = Page(String::new());
    page.family("cskerb_servers", "Servers by site and by their Kerberos configuration.");
    for (site, [valid, invalid, pending, unreadable]) in by_site(&plan.summary.pools) {
        let states = [("valid", valid), ("invalid", invalid), ("pending", pending), ("unreadable", unreadable)];
        for (state, count) in states {
            page.sample("cskerb_servers", &[("site", site), ("state", state)], &count.to_string());
        }
    }
    page.family("cskerb_steps_planned", "Steps that would bring the observed state in line with the declared one.");
    page.sample("cskerb_steps_planned", &[], &plan.steps.len().to_string());
    page.family("cskerb_enable_topology_pending", "Whether Enable-CsTopology is required.");
    let pending = u8::from(plan.enable_topology.need == Need::Required);
    page.sample("cskerb_enable_topology_pending", &[], &pending.to_string());
    if let Some(last) = last {
        page.family("cskerb_last_apply_timestamp_seconds", "When the last apply wrote its last line.");
        page.sample("cskerb_last_apply_timestamp_seconds", &[], &last.at.as_second().to_string());
        page.family("cskerb_last_apply_outcome", "How the last apply ended: 1 for that outcome, 0 for the others.");
        let outcomes = ENDINGS.iter().map(|(ending, name)| (Some(*ending), *name)).chain([(None, "cut-off")]);
        for (ending, name) in outcomes {
            let value = u8::from(last.ending == ending).to_string();
            page.sample("cskerb_last_apply_outcome", &[("outcome", name)], &value);
        }
    }
    page.0
}

fn by_site(pools: &[PoolHealth]) -> BTreeMap<&str, [usize; 4]> {
    let mut sites: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for pool in pools {
        let counts = [pool.valid, pool.invalid, pool.pending, pool.unreadable];
        let sums = sites.entry(pool.site.as_str()).or_default();
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sites
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} gauge"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
        if labels.is_empty() {
            self.line(format_args!("{name} {value}"));
        } else {
            self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let written = writeln!(self.0, "{line}");
        debug_assert!(written.is_ok(), "writing to a String does not fail");
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::samples::plan_of;

    #[test]
    fn servers_are_counted_by_site_and_names_are_escaped() {
        let mut plan = plan_of(Vec::new());
        let pool = |site: &str, pool: &str, valid, invalid| PoolHealth {
            site: site.parse().unwrap(),
            pool: pool.parse().unwrap(),
            valid,
            invalid,
            pending: 0,
            unreadable: 1,
        };
        plan.summary.pools = vec![
            pool("Redmond", "a.contoso.com", 3, 1),
            pool(r#"a"b\c"#, "b.contoso.com", 1, 0),
            pool("Redmond", "c.contoso.com", 2, 0),
        ];
        plan.enable_topology.need = Need::Required;
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let text = metrics(&plan, Some(LastApply { at, ending: Some(Ending::WaitsForEnableTopology) }));
        for line in [
            r#"cskerb_servers{site="Redmond",state="valid"} 5"#,
            r#"cskerb_servers{site="Redmond",state="invalid"} 1"#,
            r#"cskerb_servers{site="Redmond",state="unreadable"} 2"#,
            r#"cskerb_servers{site="a\"b\\c",state="valid"} 1"#,
            "cskerb_enable_topology_pending 1",
            "cskerb_last_apply_timestamp_seconds 1800000000",
            r#"cskerb_last_apply_outcome{outcome="waits-for-enable-topology"} 1"#,
            r#"cskerb_last_apply_outcome{outcome="finished"} 0"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!metrics(&plan, None).contains("last_apply"), "what never was is left out");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        }
    }
}
