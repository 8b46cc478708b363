//! The systems that a verb changes: a lab, or the real ones.

use super::exit::Failure;
use super::live;
use super::{collection, output, read};
use crate::apply::StopSignal;
use crate::apply::target::{ErrorKind, Target, TargetError};
use crate::lab::Lab;
use crate::live::shell::Pool;
use crate::live::systems::{Live, Means, Patience};
use crate::model::Deployment;
use crate::render::escape::{Lines, terminal};
use clap::{ArgGroup, Args};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

// Which systems to change.
#[derive(Args)]
#[command(group = ArgGroup::new("where").required(true))]
pub(super) struct Choice {
    /// The lab to change
    #[arg(long, value_name = "DIR", group = "where", conflicts_with_all = ["replication_timeout", "nothing_at_work"])]
    #[arg(conflicts_with_all = live::ONLY_LIVE)]
    lab: Option<PathBuf>,
    /// Change the real systems, through PowerShell
    #[arg(long, group = "where", requires = "state")]
    live: bool,
    /// The folder of the real systems' lock, journals and reports: on a share where several operators work
    #[arg(long, value_name = "DIR", requires = "live", conflicts_with = "lab")]
    state: Option<PathBuf>,
    /// How long to wait for replication after Enable-CsTopology, as 5m or 1h
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = live::duration, requires = "live")]
    replication_timeout: Duration,
    /// Do not wait for a rotation that nobody saw end: you have seen that no PowerShell works on it any more
    #[arg(long, requires = "live")]
    nothing_at_work: bool,
    #[command(flatten)]
    pub(super) reach: live::Options,
}

/// The chosen systems; nothing of them was read yet, nor was a PowerShell started.
pub(super) enum Systems {
    Lab(Box<Lab>),
    Live {
        pool: Box<Pool>,
        state: PathBuf,
        parallel: usize,
        patience: Patience,
        stop: Arc<StopSignal>,
        nothing_at_work: bool,
    },
}

/// The systems, to be read and changed for a deployment.
pub(super) enum Opened<'s> {
    Lab(&'s Lab),
    Live(Box<Live<'s>>),
}

impl Choice {
    pub(super) fn systems(&self) -> Result<Systems, Failure> {
        match (&self.lab, &self.state) {
            (Some(lab), _) => Ok(Systems::Lab(Box::new(read::lab(lab)?))),
            (None, Some(state)) => Ok(Systems::Live {
                pool: Box::new(self.reach.pool()?),
                state: state.clone(),
                parallel: self.reach.parallel(),
                patience: Patience { at_most: self.replication_timeout, ..Patience::default() },
                stop: Arc::default(),
                nothing_at_work: self.nothing_at_work,
            }),
            (None, None) => Err(Failure::new("nothing to change").hint("give --lab DIR, or --live --state DIR")),
        }
    }

    /// The options as they would be typed, for a command that goes on with the same systems.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(lab) = &self.lab {
            words.extend(["--lab".to_owned(), lab.display().to_string()]);
        }
        if let Some(state) = &self.state {
            words.extend(["--live".to_owned(), "--state".to_owned(), state.display().to_string()]);
            words.extend(self.reach.words());
            if self.replication_timeout != Patience::default().at_most {
                words.extend(["--replication-timeout".to_owned(), live::typed(self.replication_timeout)]);
            }
        }
        words
    }
}

impl Systems {
    /// The folder of lock and journals.
    pub(super) fn state_folder(&self) -> &Path {
        match self {
            Self::Lab(lab) => lab.state_folder(),
            Self::Live { state, .. } => state,
        }
    }

    pub(super) fn open<'s>(&'s self, deployment: &'s Deployment) -> Opened<'s> {
        match self {
            Self::Lab(lab) => Opened::Lab(lab),
            Self::Live { pool, state, parallel, patience, stop, nothing_at_work } => {
                Opened::Live(Box::new(Live::new(Means {
                    shell: &**pool,
                    collect: Box::new(move || {
                        collection::through(pool, *parallel, deployment).map_err(|error| unread(&error))
                    }),
                    say: Box::new(|text| output::remark(&format!("{}\n", terminal(text, Lines::Escape)))),
                    state: state.clone(),
                    accounts: deployment.accounts.iter().map(|account| account.name.clone()).collect(),
                    patience: *patience,
                    stop: Arc::clone(stop),
                    nothing_at_work: *nothing_at_work,
                })))
            }
        }
    }
}

fn unread(error: &crate::live::collect::CollectError) -> TargetError {
    let mut message = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        message = format!("{message}: {source}");
    }
    TargetError { id: "cskerb.Unread".to_owned(), message, kind: ErrorKind::Refused }
}

impl<'s> Opened<'s> {
    pub(super) fn target(&self) -> &dyn Target {
        match self {
            Self::Lab(lab) => *lab,
            Self::Live(live) => &**live,
        }
    }

    /// The real systems, where these are the real ones.
    pub(super) fn live(&self) -> Option<&Live<'s>> {
        match self {
            Self::Lab(_) => None,
            Self::Live(live) => Some(live),
        }
    }

    /// What ends a run of theirs after what is running.
    pub(super) fn stop(&self) -> Arc<StopSignal> {
        match self {
            Self::Lab(_) => Arc::default(),
            Self::Live(live) => Arc::clone(live.stop()),
        }
    }

    /// What they are called in a sentence.
    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::Lab(_) => "the lab",
            Self::Live(_) => "the live systems",
        }
    }
}
