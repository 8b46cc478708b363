//! `undo`

use super::exit::{Exit, Failure};
use super::running::{Running, Work};
use super::{output, read};
use crate::apply::journal::{Record, RunId};
use crate::apply::{self, Undo};
use crate::render::escape::{Lines, terminal};
use clap::Args;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The run, as `cskerb log` lists it
    run: RunId,
    #[command(flatten)]
    running: Running,
}

const EXAMPLES: &str = "\
Examples:
  See what the way back is, and be asked:
      cskerb undo 20260530T200000Z-1a2b3c4d --lab lab/
  A site goes back to its former account:
      cskerb undo 20260530T200000Z-1a2b3c4d --lab lab/ --allow reassignment:Redmond --enable-topology";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let systems = arguments.running.choice.systems()?;
    let state = systems.state_folder();
    let unreadable = |error| Failure::new(format!("run {} cannot be taken back", arguments.run)).source(error);
    let record = Record::read(state, &arguments.run).map_err(unreadable)?;
    let Some(record) = record else {
        return Err(Failure::new(format!("run {} never began, so there is nothing to take back", arguments.run)));
    };
    let original = record.plan().map_err(unreadable)?;
    let (deployment, _) = match read::deployment(&original.deployment.source)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let opened = systems.open(&deployment);
    let goes_on = arguments.running.to_resume(opened.target())?;
    let unread = |error| Failure::new(format!("{} cannot be read", opened.told())).source(error);
    let actual = opened.target().read().map_err(unread)?;
    let undo = apply::undo(&record, &actual).map_err(unreadable)?;
    say_what_stays(&undo);
    let plan = match &goes_on {
        Some(record) => record.plan().map_err(unreadable)?,
        None => undo.plan,
    };
    arguments.running.carry_out(&Work {
        systems: &opened,
        plan: &plan,
        deployment: &deployment,
        goes_on: goes_on.as_ref(),
        undoes: Some(arguments.run.clone()),
        // The file now declares something else; whether each step took effect was looked at when it was done.
        verify: None,
        command: vec!["undo".to_owned(), arguments.run.to_string()],
        saved: false,
    })
}

fn say_what_stays(undo: &Undo) {
    for (step, why) in &undo.no_way_back {
        let stays = terminal(&format!("no way back: {step}: {why}"), Lines::Escape).into_owned();
        output::remark(&format!("{}\n", output::paragraph(&stays, 2)));
    }
}
