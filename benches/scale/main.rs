//! What the verbs cost with hundreds to tens of thousands of servers, beside what the same bytes cost others.
//!
//! `cargo bench --bench scale` makes deployments and snapshots in a scratch folder, runs the release binary on them,
//! and prints a table; `-- --help` says how to narrow it. Rows of one table are run in turn, and each shows the least
//! of its runs, so that what else the machine does weighs on none of them alone.

#![expect(clippy::print_stdout, reason = "it is a program that prints a table")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod baseline;
mod deployment;
mod iis;
mod lab;
mod measure;
mod snapshot;
mod table;
mod terraform;
mod types;

use baseline::Baseline;
use clap::{Parser, Subcommand, ValueEnum};
use deployment::Servers;
use iis::{Size, State};
use measure::{Row, interleaved};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use table::{Growth, verdict};

const CSKERB: &str = env!("CARGO_BIN_EXE_cskerb");

/// Measures the verbs of cskerb with many servers.
#[derive(Parser)]
#[command(name = "scale")]
struct Arguments {
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    /// How many servers, one table each
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000,50000")]
    servers: Vec<usize>,
    /// Which parts
    #[arg(long, value_enum, value_delimiter = ',', default_value = "start,yaml,ordinary,real,apply")]
    parts: Vec<Part>,
    /// How often each command is run
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The most resources that terraform plans: it needs over a minute for more
    #[arg(long, default_value_t = 10_000)]
    terraform: usize,
    /// The scratch folder; what is in it is deleted
    #[arg(long, env = "CSKERB_BENCH_DIR", default_value_os_t = std::env::temp_dir().join("cskerb-scale"))]
    folder: PathBuf,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The start of the program
    Start,
    /// Reading a deployment file of 5 MB
    Yaml,
    /// Snapshots with files of some 15 kB
    Ordinary,
    /// Snapshots with files of some 170 kB
    Real,
    /// Applying in a lab whose servers take 200 ms to answer
    Apply,
}

#[derive(Subcommand)]
enum Task {
    /// Does what a baseline does
    #[command(subcommand)]
    Baseline(Baseline),
    /// Makes a deployment file and a snapshot, and measures nothing
    Make {
        folder: PathBuf,
        servers: usize,
        #[arg(value_enum)]
        size: Size,
        #[arg(value_enum)]
        state: State,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match &arguments.task {
        Some(Task::Baseline(baseline)) => {
            println!("{}", baseline::run(baseline)?);
            return Ok(());
        }
        Some(Task::Make { folder, servers, size, state }) => {
            make(folder, *servers, *size, *state)?;
            return Ok(());
        }
        None => {}
    }
    fs::create_dir_all(&arguments.folder)?;
    println!("{}: {} kB", CSKERB, fs::metadata(CSKERB)?.len() / 1000);
    for part in &arguments.parts {
        let folder = arguments.folder.join("part");
        match part {
            Part::Start => start(&folder, &arguments)?,
            Part::Yaml => yaml(&folder, &arguments)?,
            Part::Ordinary => snapshots(&folder, &arguments, Size::Ordinary)?,
            Part::Real => snapshots(&folder, &arguments, Size::Real)?,
            Part::Apply => lab::apply(&folder, CSKERB)?,
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

/// A fresh folder with a deployment file and the snapshot that belongs to it.
fn make(folder: &Path, servers: usize, size: Size, state: State) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("deployment.yaml"), deployment::deployment(servers, Servers::Names))?;
    snapshot::make(&folder.join("snapshot"), servers, size, state)
}

fn verb(label: &str, folder: &Path, arguments: &[&str]) -> Row {
    let mut command = Command::new(CSKERB);
    command.current_dir(folder).args(arguments);
    Row::new(label, command)
}

fn base(label: &str, folder: &Path, arguments: &[&str]) -> std::io::Result<Row> {
    let mut command = Command::new(std::env::current_exe()?);
    command.current_dir(folder).arg("baseline").args(arguments);
    Ok(Row::new(label, command))
}

fn start(folder: &Path, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("deployment.yaml"), deployment::deployment(10, Servers::Names))?;
    // As /bin/true lies on the disk: written from its beginning to its end, by whoever installed it. What a linker left
    // is in memory in smaller pieces.
    let installed = folder.join("cskerb");
    fs::copy(CSKERB, &installed)?;
    let verb = |label, arguments: &[&str]| {
        let mut command = Command::new(&installed);
        command.current_dir(folder).args(arguments);
        Row::new(label, command)
    };
    let mut rows = vec![
        Row::new("/bin/true", Command::new("/bin/true")),
        verb("cskerb --version", &["--version"]),
        verb("validate, 10 servers", &["validate", "deployment.yaml"]),
    ];
    interleaved(&mut rows, arguments.runs * 20)?;
    Growth::default().print("Start", 10, &rows);
    verdict("--version to /bin/true", wall(&rows, 1) / wall(&rows, 0), 3.0, true);
    verdict("validate to /bin/true", wall(&rows, 2) / wall(&rows, 0), 3.0, true);
    Ok(())
}

fn wall(rows: &[Row], at: usize) -> f64 {
    rows.get(at).and_then(|row| row.cost).map_or(f64::NAN, |cost| cost.wall.as_secs_f64())
}

fn yaml(folder: &Path, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (written, case) in
        [(Servers::Names, "5 MB of servers by name"), (Servers::Settings, "5 MB of servers with settings")]
    {
        let text = deployment::of_size(5_000_000, written);
        fs::write(folder.join("deployment.yaml"), &text)?;
        let mut rows = vec![
            base("parser's events alone", folder, &["yaml", "events", "deployment.yaml"])?,
            base("bare parse into the types", folder, &["yaml", "types", "deployment.yaml"])?,
            base("the same by serde_yaml", folder, &["yaml", "libyaml", "deployment.yaml"])?,
            verb("validate", folder, &["validate", "deployment.yaml"]),
        ];
        interleaved(&mut rows, arguments.runs)?;
        let servers = text.matches(".contoso.com\n").count();
        Growth::default().print(case, servers, &rows);
        verdict("validate to the bare parse into the types", wall(&rows, 3) / wall(&rows, 1), 2.0, true);
    }
    Ok(())
}

/// The rows whose ratios are looked at, by their places.
const COUNT: usize = 0;
const XML: usize = 1;
const PLAN: usize = 2;
const TERRAFORM: usize = 8;

fn snapshots(folder: &Path, arguments: &Arguments, size: Size) -> Result<(), Box<dyn Error>> {
    let mut growth = Growth::default();
    let terraform_folder = arguments.folder.join("terraform");
    for servers in &arguments.servers {
        for state in [State::Changed, State::Unchanged] {
            make(folder, *servers, size, state)?;
            let plan = |label, more: &[&str]| {
                let common = ["plan", "deployment.yaml", "--snapshot", "snapshot"];
                verb(label, folder, &[&common[..], more].concat())
            };
            let mut rows = vec![
                base("read and count bytes, one thread", folder, &["count", "snapshot"])?,
                base("bare XML walk, one thread", folder, &["xml", "snapshot"])?,
                plan("plan", &[]),
                plan("plan --format json", &["--format", "json"]),
                plan("plan --format markdown", &["--format", "markdown"]),
                plan("plan --format powershell", &["--format", "powershell"]),
                verb("status", folder, &["status", "deployment.yaml", "--snapshot", "snapshot"]),
                verb("validate", folder, &["validate", "deployment.yaml"]),
            ];
            let most = if state == State::Unchanged { arguments.terraform.min(1000) } else { arguments.terraform };
            if size == Size::Ordinary && *servers <= most && terraform::is_there() {
                rows.push(match state {
                    State::Changed => terraform::all_new(&terraform_folder, *servers)?,
                    State::Unchanged => terraform::unchanged(&terraform_folder, *servers)?,
                });
            }
            interleaved(&mut rows, arguments.runs)?;
            let changed = if state == State::Changed { "everything changed" } else { "nothing to change" };
            let kilobytes = if size == Size::Ordinary { 15 } else { 170 };
            growth.print(&format!("Files of {kilobytes} kB, {changed}"), *servers, &rows);
            judge(&rows, *servers, size, state);
            if terraform_folder.exists() {
                fs::remove_dir_all(&terraform_folder)?;
            }
        }
    }
    Ok(())
}

fn judge(rows: &[Row], servers: usize, size: Size, state: State) {
    let to = |a: usize, b: usize| wall(rows, a) / wall(rows, b);
    let peak = rows[PLAN].cost.map_or(f64::NAN, |cost| cost.peak as f64 / f64::from(1 << 20));
    match (size, state, servers) {
        (Size::Ordinary, State::Changed, 10_000) => {
            verdict("plan to reading and counting", to(PLAN, COUNT), 3.0, true);
            verdict("peak memory of plan in MiB", peak, 150.0, true);
            if rows.len() > TERRAFORM {
                verdict("terraform plan to plan", to(TERRAFORM, PLAN), 15.0, false);
            }
        }
        (Size::Ordinary, State::Unchanged, 1000) if rows.len() > TERRAFORM => {
            verdict("terraform plan of an unchanged state to plan", to(TERRAFORM, PLAN), 50.0, false);
        }
        (Size::Real, _, 1000) => verdict("plan to the bare XML walk", to(PLAN, XML), 2.0, true),
        _ => {}
    }
}
