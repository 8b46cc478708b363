//! Waits until every server has what Enable-CsTopology made live.

use super::Live;
use crate::apply::target::{ErrorKind, TargetError};
use crate::live::shell::{Call, Place, ReplicaFact};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long replication is waited for, and how often it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest wait.
    pub at_most: Duration,
    /// The time between two questions.
    pub every: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { at_most: Duration::from_mins(15), every: Duration::from_secs(10) }
    }
}

impl Live<'_> {
    /// The targets whose replica is not up to date; others, such as Edge Servers, are waited for by nobody.
    pub(super) fn behind(&self) -> Result<BTreeSet<String>, String> {
        let replicas: Vec<ReplicaFact> = self.ask(&Place::ManagementShell, &Call::Replication)?;
        let topology = self.known_topology()?;
        let targets: BTreeSet<String> = (topology.pools.iter().filter(|pool| pool.web_services))
            .flat_map(|pool| pool.servers.iter().map(|server| server.as_str().to_ascii_lowercase()))
            .collect();
        let replicas = replicas.into_iter().map(|replica| (replica.replica.to_ascii_lowercase(), replica.up_to_date));
        let of_targets: Vec<(String, bool)> = replicas.filter(|(name, _)| targets.contains(name)).collect();
        if of_targets.is_empty() && !targets.is_empty() {
            return Err("of no server that runs Web Services is it said whether it is up to date".to_owned());
        }
        Ok(of_targets.into_iter().filter(|(_, up_to_date)| !up_to_date).map(|(name, _)| name).collect())
    }

    /// Waits until no target is behind, or somebody wishes to stop. The topology is enabled by then, whatever comes of it.
    pub(super) fn await_replication(&self) -> Result<(), TargetError> {
        let Patience { at_most, every } = self.means.patience;
        let began = Instant::now();
        let mut said = None;
        loop {
            let state = self.behind();
            if state.as_ref().is_ok_and(BTreeSet::is_empty) {
                return Ok(());
            }
            let told = match &state {
                Ok(behind) => {
                    let names: Vec<&str> = behind.iter().take(3).map(String::as_str).collect();
                    let more = if behind.len() > names.len() { ", ..." } else { "" };
                    let servers =
                        if behind.len() == 1 { "1 server does" } else { &format!("{} servers do", behind.len()) };
                    format!("{servers} not have it yet: {}{more}", names.join(", "))
                }
                Err(why) => format!("whether the servers have it could not be read: {why}"),
            };
            if began.elapsed() >= at_most {
                return Err(pending(&format!("after {} s {told}", at_most.as_secs())));
            }
            if said.as_ref() != Some(&told) {
                (self.means.say)(&format!("waiting for replication: {told}"));
                said = Some(told.clone());
            }
            if self.means.stop.wait(every) {
                return Err(pending(&format!("when the wait was stopped, {told}")));
            }
        }
    }
}

fn pending(how: &str) -> TargetError {
    let message = format!(
        "the topology is enabled, and {how}; resume once Get-CsManagementStoreReplicationStatus shows them up to date"
    );
    TargetError { id: "cskerb.ReplicationPending".to_owned(), message, kind: ErrorKind::Refused }
}
