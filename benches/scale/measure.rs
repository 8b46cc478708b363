//! What a process costs: wall time, processor time and peak memory, by the operating system's own account of it.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// The cost of one process; of several runs, the least of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Processor time, of the program and of the system for it.
    pub(crate) cpu: Duration,
    /// The most memory that was resident at once, in bytes.
    pub(crate) peak: u64,
}

impl Cost {
    fn least(self, other: Self) -> Self {
        Self { wall: self.wall.min(other.wall), cpu: self.cpu.min(other.cpu), peak: self.peak.min(other.peak) }
    }
}

/// A command that is measured.
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) command: Command,
    /// The exit codes that are no failure.
    pub(crate) codes: &'static [i32],
    pub(crate) cost: Option<Cost>,
}

impl Row {
    pub(crate) fn new(label: impl Into<String>, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { label: label.into(), command, codes: &[0], cost: None }
    }

    /// Measures it once more.
    pub(crate) fn run(&mut self) -> io::Result<()> {
        let began = Instant::now();
        let used = self.command.spawn()?.wait4()?;
        let wall = began.elapsed();
        if !used.status.code().is_some_and(|code| self.codes.contains(&code)) {
            let what = format!("{} ended with {}: {:?}", self.label, used.status, self.command);
            return Err(io::Error::other(what));
        }
        let cost = Cost { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss };
        self.cost = Some(self.cost.map_or(cost, |least| least.least(cost)));
        Ok(())
    }
}

/// Measures all of them in turn, so many times: a machine that slows down slows all of them down.
pub(crate) fn interleaved(rows: &mut [Row], runs: usize) -> io::Result<()> {
    for _ in 0..runs {
        rows.iter_mut().try_for_each(Row::run)?;
    }
    Ok(())
}
