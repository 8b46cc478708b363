//! Applying in a lab whose servers take their time: how near the run comes to the best possible schedule.
//!
//! `apply` begins one batch of a pool when the one before has ended, and works on at most `--parallel` servers of it at
//! a time. So the best that can be is the sum, over all batches, of as many answers as one of its workers waits for; a
//! test waits for the slowest server of its site, all of which it asks at once.

use super::deployment::{POOL, SITE, Servers, deployment, server};
use super::measure::Row;
use super::table::{seconds, verdict};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const SERVERS: usize = 1000;
const PARALLEL: usize = 8;
const ANSWER: Duration = Duration::from_millis(200);

/// Makes the lab, breaks all servers but the first of each pool, and mends them.
pub(crate) fn apply(folder: &Path, cskerb: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("deployment.yaml"), deployment(SERVERS, Servers::Names))?;
    let verb = |arguments: &[&str]| {
        let mut command = Command::new(cskerb);
        command.current_dir(folder).args(arguments);
        command
    };
    let mut made = Row::new("lab new", verb(&["lab", "new", "deployment.yaml", "lab"]));
    made.run()?;
    let mut command = verb(&["lab", "break", "lab"]);
    for at in 0..SERVERS {
        command.arg("--slow-server").arg(format!("{}={}", server(at), ANSWER.as_millis()));
        if at % POOL != 0 {
            command.arg("--stale-password").arg(server(at));
        }
    }
    let mut broken = Row::new("lab break", command);
    broken.run()?;
    let mut command = verb(&["apply", "deployment.yaml", "--lab", "lab", "--yes"]);
    command.arg("--parallel").arg(PARALLEL.to_string());
    let mut applied = Row::new("apply", command);
    applied.run()?;
    let again = verb(&["verify", "deployment.yaml", "--lab", "lab"]).stdout(Stdio::null()).status();
    println!("\nA lab of {SERVERS} servers that take {} to answer, --parallel {PARALLEL}", seconds(ANSWER));
    for row in [&made, &broken, &applied] {
        if let Some(cost) = row.cost {
            println!("  {:<34} {:>10} {:>10}", row.label, seconds(cost.wall), seconds(cost.cpu));
        }
    }
    println!("  {:<34} {:>10}", "the best possible schedule", seconds(best()));
    if !again?.success() {
        return Err(io::Error::other("the lab is not in order after apply"));
    }
    if let Some(cost) = applied.cost {
        verdict("apply to the best possible schedule", cost.wall.as_secs_f64() / best().as_secs_f64(), 1.05, true);
        verdict("processor time to wall time", cost.cpu.as_secs_f64() / cost.wall.as_secs_f64(), 0.1, true);
    }
    Ok(())
}

/// The default batches are one server, then all others.
fn best() -> Duration {
    let of_pool = |stale: usize| stale.min(1) + stale.saturating_sub(1).div_ceil(PARALLEL);
    let copies: usize = (0..SERVERS).step_by(POOL).map(|first| of_pool(POOL.min(SERVERS - first) - 1)).sum();
    let tests = SERVERS.div_ceil(SITE);
    ANSWER * u32::try_from(copies + tests).unwrap_or(u32::MAX)
}
