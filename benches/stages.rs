//! The stages of the pipeline one by one, with a thousand servers of which everything differs:
//! `cargo bench --bench stages`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot make its own inputs shall fail")]

#[path = "scale/deployment.rs"]
#[expect(dead_code, reason = "shared with the other bench")]
mod deployment;
#[path = "scale/iis.rs"]
mod iis;
#[path = "scale/snapshot.rs"]
mod snapshot;

use cskerb::model::{Actual, Deployment};
use cskerb::plan::{self, Plan, Request};
use cskerb::render::{markdown, outline::Outline, powershell, text};
use cskerb::wire;
use deployment::Servers;
use divan::{Bencher, black_box};
use iis::{Size, State};
use std::sync::LazyLock;
use tempfile::TempDir;

const SERVERS: usize = 1000;

static FILE: LazyLock<String> = LazyLock::new(|| deployment::deployment(SERVERS, Servers::Names));

static DEPLOYMENT: LazyLock<Deployment> =
    LazyLock::new(|| cskerb::deployment::load("deployment.yaml", FILE.as_bytes()).deployment.unwrap());

static SNAPSHOT: LazyLock<TempDir> = LazyLock::new(|| folder(Size::Ordinary));

static ACTUAL: LazyLock<Actual> = LazyLock::new(|| cskerb::snapshot::read(SNAPSHOT.path()).unwrap());

static PLAN: LazyLock<Plan> = LazyLock::new(|| plan::plan(&DEPLOYMENT, &ACTUAL, &Request::default()));

fn folder(size: Size) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    snapshot::make(folder.path(), SERVERS, size, State::Changed).unwrap();
    folder
}

fn main() {
    divan::main();
}

#[divan::bench]
fn deployment_yaml_to_tree() -> bool {
    cskerb::deployment::stages::tree(black_box(&FILE))
}

#[divan::bench]
fn deployment_rules(bencher: Bencher<'_, '_>) {
    cskerb::deployment::stages::rules(&FILE, |run| bencher.bench_local(run));
}

#[divan::bench]
fn deployment_whole(bencher: Bencher<'_, '_>) {
    bencher.bench(|| cskerb::deployment::load("deployment.yaml", black_box(FILE.as_bytes())));
}

#[divan::bench(args = [Size::Ordinary, Size::Real])]
fn snapshot_read(bencher: Bencher<'_, '_>, size: Size) {
    let folder = folder(size);
    bencher.bench(|| cskerb::snapshot::read(black_box(folder.path())).unwrap());
}

#[divan::bench]
fn plan_compare() -> usize {
    plan::stages::compare(&DEPLOYMENT, black_box(&ACTUAL))
}

#[divan::bench]
fn plan_order(bencher: Bencher<'_, '_>) {
    plan::stages::order(&DEPLOYMENT, &ACTUAL, |run| bencher.bench_local(run));
}

#[divan::bench]
fn plan_whole() -> Plan {
    plan::plan(&DEPLOYMENT, black_box(&ACTUAL), &Request::default())
}

#[divan::bench]
fn render_text() -> String {
    text::plan(&Outline::of(black_box(&PLAN)), text::Style::default())
}

#[divan::bench]
fn render_markdown() -> String {
    markdown::plan(&Outline::of(black_box(&PLAN)), markdown::DEFAULT_MAX_BYTES)
}

#[divan::bench]
fn render_powershell() -> String {
    powershell::plan(black_box(&PLAN))
}

#[divan::bench]
fn render_json() -> String {
    wire::plan::Plan::try_from(black_box(&*PLAN)).unwrap().to_json().unwrap()
}
