//! What is written is read back the same, and what a crash leaves of it is still of use.

use super::*;
use crate::apply::operator::Operator;
use crate::apply::samples::{plan_of, step};
use crate::apply::target::Observation;
use crate::model::{ExtendedProtection, Principal, Provider, Setting, Verdict};
use crate::plan::{Action, StepId};
use crate::scratch::scratch;
use jiff::SignedDuration;
use std::fs;
use tempfile::TempDir;

fn now() -> Timestamp {
    "2026-11-21T21:00:00Z".parse().unwrap()
}

fn rotation() -> Action {
    Action::RotatePassword { account: r"CONTOSO\kerbauth".parse().unwrap() }
}

fn session() -> Session {
    Session {
        operator: Operator { user: "alice".to_owned(), host: "admin01".to_owned(), pid: 4711 },
        tool: "cskerb 0.1.0".to_owned(),
        consents: [r"rotation:CONTOSO\kerbauth".parse().unwrap()].into(),
        enable_topology: EnableTopology::Wait,
        outside_window: Some("the auditors come".to_owned()),
        parallel: 4,
        max_failures: 1,
    }
}

fn account(key_version: u32) -> Observation {
    let silent = vec!["dc02.contoso.com".to_owned()];
    Observation::Account { exists: true, password_set_at: Some(now()), key_version: Some(key_version), silent }
}

/// A journal whose first line is written.
fn started() -> (TempDir, Journal, Vec<Entry>) {
    let state = scratch();
    let plan = seal(&plan_of(vec![step(rotation())])).unwrap();
    let journal = Journal::create(state.path(), now(), &plan).unwrap();
    let first = Entry::RunStarted {
        at: now(),
        run: journal.run.clone(),
        target: "./lab".to_owned(),
        plan: plan.digest,
        undoes: Some("20260101T000000Z-abcdef01".parse().unwrap()),
        session: session(),
    };
    journal.write(&first).unwrap();
    (state, journal, vec![first])
}

fn every_kind_of_entry() -> Vec<Entry> {
    let id = || rotation().id();
    let observations = [
        account(3),
        Observation::Account { exists: false, password_set_at: None, key_version: None, silent: Vec::new() },
        Observation::Assignment(Some(r"CONTOSO\kerbauth".parse().unwrap())),
        Observation::Assignment(None),
        Observation::Holders(vec![Principal::new(r"CONTOSO\kerbauth")]),
        Observation::Server(Verdict::Unknown),
        Observation::Settings(vec![vec![
            Setting::Enabled(true),
            Setting::Providers(vec![Provider::Negotiate, Provider::Other("Foo".into())]),
            Setting::ExtendedProtection(ExtendedProtection::Allow),
        ]]),
        Observation::Topology { spns_in_order: false, signature: Some("s1".to_owned()) },
        Observation::Nothing,
        Observation::Unreadable("no answer".to_owned()),
    ];
    let failure = Failure { kind: FailureKind::OutcomeUnknown, id: None, message: "the connection broke".to_owned() };
    let mut entries: Vec<Entry> = observations
        .into_iter()
        .map(|before| Entry::StepBegun { at: now(), step: id(), attempt: 2, action: rotation(), before })
        .collect();
    entries.extend([
        Entry::RunResumed { at: now(), session: session() },
        Entry::StepEnded {
            at: now(),
            step: id(),
            attempt: 2,
            took: SignedDuration::from_millis(1500),
            result: Err(failure),
            after: account(4),
        },
        Entry::StepJudged {
            at: now(),
            step: id(),
            judgement: Judgement::Unclear("no answer".to_owned()),
            observed: Observation::Nothing,
        },
        Entry::StepRefused { at: now(), step: id(), refusal: Refusal::Stale("it moved".to_owned()) },
        Entry::StepLeft { at: now(), step: id(), why: "it waits".to_owned() },
        Entry::RunEnded {
            at: now(),
            ending: Ending::WaitsForEnableTopology,
            why: "it must run".to_owned(),
            operator: session().operator,
        },
    ]);
    entries
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let (state, journal, mut entries) = started();
    for entry in every_kind_of_entry() {
        journal.write(&entry).unwrap();
        entries.push(entry);
    }
    let record = Record::read(state.path(), &journal.run).unwrap().unwrap();
    assert_eq!(record.entries, entries);
    assert_eq!(record.plan().unwrap(), plan_of(vec![step(rotation())]));
    assert!(record.is_unfinished());
}

#[test]
fn a_line_that_was_cut_off_anywhere_does_not_count() {
    let (state, journal, mut entries) = started();
    let path = state.path().join("runs").join(journal.run.as_str()).join("journal.jsonl");
    let whole = fs::read(&path).unwrap();
    journal.write(&every_kind_of_entry()[0]).unwrap();
    let longer = fs::read(&path).unwrap();
    for cut in whole.len()..longer.len() {
        fs::write(&path, &longer[..cut]).unwrap();
        let record = Record::read(state.path(), &journal.run).unwrap().unwrap();
        assert_eq!(record.entries, entries, "cut at {cut}");
        if cut % 16 == 0 {
            let again = Journal::reopen(&record).unwrap();
            again.write(&Entry::RunResumed { at: now(), session: session() }).unwrap();
            let record = Record::read(state.path(), &journal.run).unwrap().unwrap();
            assert_eq!(record.entries.len(), 2, "what was cut off at {cut} is gone, and the next line is whole");
        }
    }
    entries.clear();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(Record::read(state.path(), &journal.run).unwrap().is_none(), "it never began: cut at {cut}");
    }
}

#[test]
fn a_journal_that_is_broken_or_of_the_future_is_refused() {
    let (state, journal, _) = started();
    journal.write(&every_kind_of_entry()[0]).unwrap();
    let path = state.path().join("runs").join(journal.run.as_str()).join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let check = |text: String, expected: &str| {
        fs::write(&path, text).unwrap();
        let error = Record::read(state.path(), &journal.run).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(text.replacen('{', "", 1), "journal.jsonl:1: the journal cannot be read");
    check(text.replace("\"1.0\"", "\"2.0\""), "is of formatVersion \"2.0\"");
    let two = text.lines().nth(1).unwrap();
    check(format!("{text}{}\n{two}\n", &two[..10]), "journal.jsonl:3: the journal cannot be read");
}

#[test]
fn a_plan_that_was_exchanged_is_refused() {
    let (state, journal, _) = started();
    let other = seal(&plan_of(Vec::new())).unwrap().to_json().unwrap();
    fs::write(state.path().join("runs").join(journal.run.as_str()).join("plan.json"), other).unwrap();
    let record = Record::read(state.path(), &journal.run).unwrap().unwrap();
    assert!(matches!(record.plan(), Err(JournalError::OtherPlan { .. })));
}

#[test]
fn runs_of_one_moment_have_their_own_folders_and_sort_by_time() {
    let state = scratch();
    assert_eq!(runs(state.path()).unwrap(), []);
    let plan = seal(&plan_of(Vec::new())).unwrap();
    let later = Journal::create(state.path(), now() + SignedDuration::from_secs(1), &plan).unwrap().run;
    let one = Journal::create(state.path(), now(), &plan).unwrap().run;
    let two = Journal::create(state.path(), now(), &plan).unwrap().run;
    assert!(one.as_str().starts_with("20261121T210000Z-"), "{one}");
    assert_eq!(runs(state.path()).unwrap(), [one, two, later]);
    assert!(unfinished(state.path()).unwrap().is_none(), "a run without a first line never began");
}

#[test]
fn the_id_of_a_run_is_no_path() {
    for text in ["", "..", "../lock", "20261121T210000Z-ab/..", "C:\\", "-", "2026 1"] {
        assert!(text.parse::<RunId>().is_err(), "{text:?}");
    }
}

/// The standing of the one step after these entries.
fn check(entries: Vec<Entry>, expected: &Standing, before: &Observation) {
    let (_state, journal, mut all) = started();
    all.extend(entries);
    let record = Record { run: journal.run, entries: all, path: PathBuf::new(), whole: 0 };
    let steps = record.steps();
    assert_eq!(steps.len(), 1);
    assert_eq!((&steps[0].1.standing, &steps[0].1.before), (expected, before), "{:#?}", record.entries);
}

#[test]
fn how_far_a_step_got() {
    let id = || -> StepId { rotation().id() };
    let begun = |before| Entry::StepBegun { at: now(), step: id(), attempt: 1, action: rotation(), before };
    let took = SignedDuration::from_secs(1);
    let ended = |result| Entry::StepEnded { at: now(), step: id(), attempt: 1, took, result, after: account(9) };
    let failed = |kind| ended(Err(Failure { kind, id: None, message: "no".to_owned() }));
    let judged = |judgement| Entry::StepJudged { at: now(), step: id(), judgement, observed: account(9) };
    let why = || "why".to_owned();
    let done = Standing::Done { took: Some(took) };
    check(vec![begun(account(1))], &Standing::Open, &account(1));
    check(vec![begun(account(1)), ended(Ok(()))], &done, &account(1));
    check(vec![begun(account(1)), failed(FailureKind::Refused)], &Standing::Untouched, &account(1));
    check(vec![begun(account(1)), failed(FailureKind::OutcomeUnknown)], &Standing::Open, &account(1));
    check(vec![begun(account(1)), failed(FailureKind::NoEffect)], &Standing::Open, &account(1));
    // The values that tell are those before the attempt whose end is not known.
    check(vec![begun(account(1)), failed(FailureKind::Transient), begun(account(2))], &Standing::Open, &account(2));
    check(vec![begun(account(1)), begun(account(2))], &Standing::Open, &account(1));
    check(vec![begun(account(1)), judged(Judgement::Unclear(why()))], &Standing::Open, &account(1));
    check(vec![begun(account(1)), judged(Judgement::NotDone(why()))], &Standing::Untouched, &account(1));
    check(vec![begun(account(1)), judged(Judgement::Done(why()))], &Standing::Done { took: None }, &account(1));
    check(vec![begun(account(1)), failed(FailureKind::Unended)], &Standing::Open, &account(1));
}

#[test]
fn whether_anybody_saw_it_end() {
    let (_state, journal, first) = started();
    let id = || -> StepId { rotation().id() };
    let begun = |at| Entry::StepBegun { at, step: id(), attempt: 1, action: rotation(), before: account(1) };
    let failed = |kind| Entry::StepEnded {
        at: now(),
        step: id(),
        attempt: 1,
        took: SignedDuration::from_secs(1),
        result: Err(Failure { kind, id: None, message: "no".to_owned() }),
        after: account(1),
    };
    let check = |entries: Vec<Entry>, expected: Option<Timestamp>| {
        let entries = first.iter().cloned().chain(entries).collect();
        let record = Record { run: journal.run.clone(), entries, path: PathBuf::new(), whole: 0 };
        assert_eq!(record.steps()[0].1.unended, expected, "{:#?}", record.entries);
    };
    let later = now() + SignedDuration::from_mins(5);
    check(vec![begun(now())], Some(now()));
    check(vec![begun(now()), begun(later)], Some(later));
    check(vec![begun(now()), failed(FailureKind::Unended)], Some(now()));
    check(vec![begun(now()), failed(FailureKind::OutcomeUnknown)], None);
    check(vec![begun(now()), failed(FailureKind::NoEffect)], None);
    check(vec![begun(now()), failed(FailureKind::OutcomeUnknown), begun(later)], Some(later));
}
