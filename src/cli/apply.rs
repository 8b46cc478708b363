//! `apply`

use super::exit::{Exit, Failure};
use super::request::Asked;
use super::running::{Running, Work};
use super::systems::Opened;
use super::{output, preflight, read};
use crate::apply::journal::Record;
use crate::model::Deployment;
use crate::plan::{self, Plan, Request};
use crate::render::{outline::Outline, text};
use clap::Args;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The deployment file, or a plan saved by `plan --out`
    #[arg(value_name = "FILE|PLAN")]
    file: String,
    /// Plan anew, in the scope of the saved plan, instead of refusing what is stale
    #[arg(long)]
    replan: bool,
    /// Change nothing: say what is missing, and have every cmdlet say what it would do (-WhatIf)
    #[arg(long, requires = "live", conflicts_with_all = ["resume", "abandon"])]
    what_if: bool,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    running: Running,
}

const EXAMPLES: &str = "\
Examples:
  Plan, look at the plan, and carry it out:
      cskerb apply contoso.yaml --lab lab/
  In a maintenance window, what was reviewed before:
      cskerb apply redmond.plan.json --lab lab/ --yes --enable-topology
  A new password, which disturbs clients and so wants a consent:
      cskerb apply contoso.yaml --lab lab/ --rotate 'CONTOSO\\kerbauth' --reason 'yearly' --allow 'rotation:CONTOSO\\kerbauth'
  After a power cut:
      cskerb apply contoso.yaml --lab lab/ --resume
  The real systems, on a Front End Server with the management shell; first what the cmdlets themselves would say:
      cskerb apply contoso.yaml --live --state //files/cskerb --what-if
      cskerb apply redmond.plan.json --live --state //files/cskerb --yes --enable-topology

Exit codes: 4 where it stopped part-way or waits for Enable-CsTopology; 1 where it was refused before anything ran.";

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let saved = read::saved_plan(&arguments.file)?;
    let file = saved.as_ref().map_or(arguments.file.as_str(), |plan| plan.deployment.source.as_str());
    if saved.is_some() && file == "-" {
        return Err(Failure::new("the plan was made from standard input, which is not there any more")
            .hint("plan from a file, whose maintenance windows apply can read"));
    }
    let of_a_plan = |failure: Failure| match &saved {
        Some(_) => failure.hint("the plan was made from that file, whose maintenance windows hold: go where it is"),
        None => failure,
    };
    let (deployment, loaded) = match read::deployment(file).map_err(of_a_plan)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let systems = arguments.running.choice.systems()?;
    let opened = systems.open(&deployment);
    let mut request = arguments.asked.request(file, &deployment, loaded.allow)?;
    if let Some(saved) = &saved {
        request.scope = saved.scope.clone();
    }
    let is_saved = saved.is_some();
    let goes_on = if arguments.what_if { None } else { arguments.running.to_resume(opened.target())? };
    let plan = match (&goes_on, saved) {
        (Some(record), saved) => resumed(record, saved.as_ref())?,
        (None, Some(saved)) if !arguments.replan => fresh_enough(arguments, saved, &deployment)?,
        (None, _) => planned(&opened, &deployment, &request)?,
    };
    if let (true, Some(live)) = (arguments.what_if, opened.live()) {
        output::remark(&text::plan(&Outline::of(&plan), output::error_style()));
        let missing = preflight::say(live, &plan.steps.iter().collect::<Vec<_>>(), &deployment);
        preflight::what_if(live, &plan)?;
        return if missing == 0 { Ok(Exit::Done) } else { Err(preflight::not_all_there()) };
    }
    arguments.running.carry_out(&Work {
        systems: &opened,
        plan: &plan,
        deployment: &deployment,
        goes_on: goes_on.as_ref(),
        undoes: None,
        verify: Some(&request),
        command: vec!["apply".to_owned(), arguments.file.clone()],
        saved: is_saved,
    })
}

fn planned(systems: &Opened<'_>, deployment: &Deployment, request: &Request) -> Result<Plan, Failure> {
    let unread = |error| Failure::new(format!("{} cannot be read", systems.told())).source(error);
    let actual = systems.target().read().map_err(unread)?;
    Ok(plan::plan(deployment, &actual, request))
}

/// The plan of the unfinished run; a saved plan must be that very one.
fn resumed(record: &Record, saved: Option<&Plan>) -> Result<Plan, Failure> {
    let plan = record.plan().map_err(|error| Failure::new("the run cannot be gone on with").source(error))?;
    match saved {
        Some(saved) if *saved != plan => {
            let message = format!("run {} was started with another plan", record.run);
            Err(Failure::new(message).hint("name the deployment file, or that plan; or give the run up with --abandon"))
        }
        _ => Ok(plan),
    }
}

/// A saved plan is for the file as it was.
fn fresh_enough(arguments: &Arguments, saved: Plan, deployment: &Deployment) -> Result<Plan, Failure> {
    if !arguments.asked.is_empty() {
        return Err(Failure::new("a saved plan cannot be narrowed, nor be asked for a rotation")
            .hint("plan anew with these options, or leave them out"));
    }
    if saved.deployment.digest != deployment.origin.digest {
        let message = format!("the plan is stale: {} has changed since it was made", deployment.origin.source);
        return Err(Failure::new(message).hint("plan anew, or give --replan"));
    }
    Ok(saved)
}
