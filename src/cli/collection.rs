//! What `collect` says while the live systems are read, and what it came to.

use super::exit::{Exit, Failure};
use super::{live, output};
use crate::live::collect::{self, Asked, CollectError, Collected, Manner, Progress};
use crate::live::shell::{Pool, Shell};
use crate::model::{Actual, Deployment};
use crate::render::escape::{Lines, terminal};
use jiff::Timestamp;
use std::path::Path;

/// Prints the script that collects by hand.
pub(super) fn print_script(asked: &Asked) -> Result<Exit, Failure> {
    output::data(&collect::script(asked))?;
    Ok(Exit::Done)
}

/// Reads the live systems into this folder, and says what could not be read.
pub(super) fn into_folder(
    shell: &dyn Shell,
    asked: &Asked,
    folder: &Path,
    parallel: usize,
) -> Result<Collected, Failure> {
    let manner = Manner { parallel, clock: &Timestamp::now, watch: &|progress| say("wrote", progress) };
    let collected = collect::collect(shell, asked, folder, &manner).map_err(|error| {
        Failure::new(format!("nothing can be collected into {}", folder.display()))
            .source(error)
            .hint("name another folder with --out")
    })?;
    say_unreadable(&collected);
    Ok(collected)
}

/// What the live systems are, as a plan for this deployment needs it; no folder is kept.
pub(super) fn for_now(reach: &live::Options, deployment: &Deployment) -> Result<Actual, Failure> {
    through(&reach.pool()?, reach.parallel(), deployment)
        .map_err(|error| Failure::new("the live systems cannot be read").source(error))
}

/// The same through processes that are already there.
pub(super) fn through(pool: &Pool, parallel: usize, deployment: &Deployment) -> Result<Actual, CollectError> {
    let manner = Manner { parallel, clock: &Timestamp::now, watch: &|progress| say("read", progress) };
    Ok(collect::read(pool, &Asked::of(deployment), &manner)?.actual)
}

/// `made` is what is said of a file: only a folder that is kept was written.
fn say(made: &'static str, progress: Progress) {
    let (kind, text) = match progress {
        Progress::Made(file) => (made, file),
        Progress::Unread(unread) => ("unreadable", format!("{}: {}", unread.file, unread.why)),
        Progress::Behind(replicas) => {
            ("note", format!("not up to date: {}; what was read may not be in effect there yet", replicas.join(", ")))
        }
    };
    let style = output::error_style();
    let (bold, plain) = if style.colour { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    output::remark(&format!("{bold}{kind}{plain}: {}\n", terminal(&text, Lines::Escape)));
}

fn say_unreadable(collected: &Collected) {
    let servers = collected.asked.servers.len();
    if collected.unreadable.is_empty() {
        output::remark(&format!("all of it could be read, of {servers} servers\n"));
        return;
    }
    output::remark(&format!("{} could not be read or told:\n", collected.unreadable.len()));
    for (what, why) in &collected.unreadable {
        output::remark(&format!("  {}\n", terminal(&format!("{what}: {why}"), Lines::Escape)));
    }
}

/// What a collection came to.
pub(super) fn exit(collected: &Collected) -> Exit {
    if collected.unreadable.is_empty() { Exit::Done } else { Exit::Unreadable }
}
