//! `log`

use super::exit::{Exit, Failure};
use super::output::Line;
use super::{output, read};
use crate::apply::journal::{Ending, Entry, JournalError, Judgement, Record, Refusal, RunId, runs};
use crate::apply::target::Observation;
use crate::lab::Lab;
use crate::model::Setting;
use crate::plan::{commands, moment};
use crate::render::escape::{Lines, terminal};
use crate::render::outline::words::count;
use crate::wire;
use clap::{ArgGroup, Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("where").required(true))]
pub(super) struct Arguments {
    /// The run; without, all are listed, the newest last
    run: Option<RunId>,
    /// The lab whose journals are shown
    #[arg(long, value_name = "DIR", group = "where")]
    lab: Option<PathBuf>,
    /// The folder of the real systems' journals, as apply was given it
    #[arg(long, value_name = "DIR", group = "where")]
    state: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  Which runs there were:
      cskerb log --lab lab/
  Everything that one of them did, with the values before and after:
      cskerb log 20260530T200000Z-1a2b3c4d --lab lab/
  The same of the real systems:
      cskerb log 20260530T200000Z-1a2b3c4d --state //files/cskerb";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: the lines of the journals
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (name, state) = match (&arguments.lab, &arguments.state) {
        (Some(lab), _) => (lab.display().to_string(), Lab::state_of(lab).map_err(read::no_lab)?),
        (None, state) => {
            let state = state.clone().unwrap_or_default();
            (state.display().to_string(), state)
        }
    };
    let failed = |error: JournalError| Failure::new("the journal cannot be shown").source(error);
    let wanted = match &arguments.run {
        Some(run) => vec![run.clone()],
        None => runs(&state).map_err(failed)?,
    };
    let mut text = String::new();
    for run in wanted {
        let record = Record::read(&state, &run).map_err(failed)?;
        match (record, arguments.format) {
            (Some(record), Format::Json) => text += &json(&record)?,
            (Some(record), Format::Text) if arguments.run.is_some() => text += &story(&record),
            (Some(record), Format::Text) => text += &line(&record),
            (None, Format::Text) => text.extend([run.as_str(), "  never began\n"]),
            (None, Format::Json) => {}
        }
    }
    if text.is_empty() && arguments.format == Format::Text {
        output::remark(&format!("{} has no runs yet\n", terminal(&name, Lines::Escape)));
    }
    output::data(&text)?;
    Ok(Exit::Done)
}

fn json(record: &Record) -> Result<String, Failure> {
    let mut text = String::new();
    for entry in &record.entries {
        let line = serde_json::to_string(&wire::journal::Entry::from(entry));
        text += &line.map_err(|error| Failure::new("the journal cannot be written").source(error))?;
        text.push('\n');
    }
    Ok(text)
}

/// One run in one line.
fn line(record: &Record) -> String {
    let steps = record.steps();
    let done = steps.iter().filter(|(_, step)| step.is_done()).count();
    let by = record.sessions().next().map_or(String::new(), |session| format!("by {}", session.operator));
    let ended = record.ending().map_or("running, or cut off", Ending::as_str);
    let begun = count(steps.len(), "begun step", "begun steps");
    Line::Prose(format!("{}  {ended}; {done} of {begun} done  {by}", record.run)).set(4)
}

/// Everything that happened in a run.
fn story(record: &Record) -> String {
    let mut text = String::new();
    for entry in &record.entries {
        let (first, more) = said(entry);
        text += &Line::Prose(format!("{}  {first}", moment(entry.at()))).set(6);
        for line in more {
            text += &match line {
                Line::Prose(line) => Line::Prose(format!("    {line}")),
                Line::Command(line) => Line::Command(format!("    {line}")),
            }
            .set(6);
        }
    }
    text
}

/// An entry, and more about it.
fn said(entry: &Entry) -> (String, Vec<Line>) {
    let mut more = Vec::new();
    let mut tell = |lines: Vec<String>| more.extend(lines.into_iter().map(Line::Prose));
    let first = match entry {
        Entry::RunStarted { run, target, plan, undoes, session, .. } => {
            tell(vec![format!("plan {plan}")]);
            tell(undoes.iter().map(|run| format!("takes back run {run}")).collect());
            tell(asked(session));
            format!("run {run} of {target} by {}, {}", session.operator, session.tool)
        }
        Entry::RunResumed { session, .. } => {
            tell(asked(session));
            format!("gone on with by {}, {}", session.operator, session.tool)
        }
        Entry::StepBegun { step, attempt, action, before, .. } => {
            more.extend(commands(action).into_iter().map(Line::Command));
            more.extend(seen("before", before).map(Line::Prose));
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            format!("begun  {step}{again}")
        }
        Entry::StepEnded { step, took, result, after, .. } => {
            more.extend(seen("after", after).map(Line::Prose));
            match result {
                Ok(()) => format!("done   {step} in {:.1} s", took.as_secs_f64()),
                Err(failure) => format!("failed {step}: {failure}"),
            }
        }
        Entry::StepJudged { step, judgement, observed, .. } => {
            more.extend(seen("seen", observed).map(Line::Prose));
            let (word, why) = match judgement {
                Judgement::Done(why) => ("it was completed", why),
                Judgement::NotDone(why) => ("it was not completed", why),
                Judgement::Unclear(why) => ("whether it was completed cannot be said", why),
            };
            format!("looked {step}: {word}: {why}")
        }
        Entry::StepRefused { step, refusal: Refusal::Stale(why), .. } => format!("stale  {step}: {why}"),
        Entry::StepRefused { step, refusal: Refusal::Unread(why), .. } => format!("unread {step}: {why}"),
        Entry::StepLeft { step, why, .. } => format!("left   {step}: {why}"),
        Entry::RunEnded { ending, why, operator, .. } => format!("{}: {why} ({operator})", ending.as_str()),
    };
    (first, more)
}

fn asked(session: &crate::apply::journal::Session) -> Vec<String> {
    let consents: Vec<String> = session.consents.iter().map(ToString::to_string).collect();
    let mut lines = Vec::new();
    if !consents.is_empty() {
        lines.push(format!("allowed: {}", consents.join(", ")));
    }
    lines.extend(session.outside_window.as_ref().map(|reason| format!("outside of the maintenance windows: {reason}")));
    lines
}

/// What was seen, with the word for when.
fn seen(when: &str, observation: &Observation) -> Option<String> {
    let what = match observation {
        Observation::Account { exists: false, .. } => "no such account".to_owned(),
        Observation::Account { password_set_at, key_version, silent, .. } => {
            let set = password_set_at.map_or("never".to_owned(), moment);
            let version = key_version.map_or("unknown".to_owned(), |version| version.to_string());
            let silent =
                if silent.is_empty() { String::new() } else { format!(", no answer of {}", silent.join(", ")) };
            format!("password set {set}, key version {version}{silent}")
        }
        Observation::Assignment(Some(account)) => account.to_string(),
        Observation::Assignment(None) => "no account".to_owned(),
        Observation::Holders(holders) if holders.is_empty() => "held by nobody".to_owned(),
        Observation::Holders(holders) => {
            format!("held by {}", holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Observation::Server(verdict) => format!("{verdict:?}").to_lowercase(),
        Observation::Settings(locations) => {
            let settings = |settings: &Vec<Setting>| {
                let each = settings.iter().map(|setting| format!("{} {}", setting.name(), setting.value()));
                each.collect::<Vec<_>>().join(", ")
            };
            locations.iter().map(settings).collect::<Vec<_>>().join("; ")
        }
        Observation::Topology { spns_in_order, signature } => {
            let order = if *spns_in_order { "SPNs in order" } else { "SPNs not in order" };
            format!("{order}, signature {}", signature.as_deref().unwrap_or("none"))
        }
        Observation::Nothing => return None,
        Observation::Unreadable(why) => format!("could not be read: {why}"),
    };
    Some(format!("{when}: {what}"))
}
