//! What the Central Management Store says, and under which circumstances it is asked.

use super::failure::{Failure, output};
use super::{Collection, Progress};
use crate::live::shell::{AssignmentFact, Call, IdentityFact, Place, ReplicaFact, TopologyFact, WebServicesFact};
use crate::model::{AccountName, SiteName};
use crate::snapshot::assignments::{Assignment, AssignmentsFile};
use crate::snapshot::evidence::{Group, Operator, Replica};
use crate::snapshot::web_services::{WebServicesEntry, WebServicesFile};
use crate::snapshot::{Entries, WriteError, Writer, secrets};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

impl Collection<'_> {
    /// Reads topology, assignments, settings, replication and who the operator is; gives the assignments, none where
    /// they could not be read.
    pub(super) fn central(&self) -> Result<BTreeMap<SiteName, AccountName>, WriteError> {
        let topology = self.ask::<TopologyFact>(&Call::Topology).and_then(|fact| clean("the topology", fact.xml));
        self.keep("topology.xml", topology, |writer, text| writer.topology(text))?;
        let assignments = self.ask(&Call::Assignments).and_then(|facts: Vec<_>| assignments(&facts));
        let kept = self.keep("assignments.json", assignments, Writer::assignments)?;
        let settings = self.ask(&Call::WebServices).and_then(|facts: Vec<_>| web_services(&facts));
        self.keep("webservices.json", settings, Writer::web_services)?;
        let replicas = self.ask(&Call::Replication).map(replicas);
        let kept_replicas = self.keep("replication.json", replicas, |writer, file| writer.replication(file))?;
        let behind = kept_replicas.into_iter().flatten().filter(|replica| !replica.up_to_date);
        let behind: Vec<String> = behind.map(|replica| replica.replica).collect();
        if !behind.is_empty() {
            (self.manner.watch)(Progress::Behind(behind));
        }
        let operator = self.ask(&Call::Identity).map(operator);
        self.keep("operator.json", operator, Writer::operator)?;
        let entries = kept.map(|Entries(entries)| entries).into_iter().flatten();
        Ok(entries.map(|entry| (entry.identity.0, entry.user_account)).collect())
    }

    fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        output(self.shell, &Place::ManagementShell, call)
    }
}

/// A text in which nothing is secret.
pub(super) fn clean(what: &str, text: String) -> Result<String, Failure> {
    if secrets::is_clean(&text) {
        return Ok(text);
    }
    Err(Failure::new(format!(
        "{what} still held something secret when it arrived, so nothing of it was kept: whatever removes it there did \
         not do its work"
    )))
}

fn name<T: FromStr<Err: Display>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::new(format!("{text:?} was said, which cannot be taken: {error}")))
}

fn assignments(facts: &[AssignmentFact]) -> Result<AssignmentsFile, Failure> {
    let mut entries = BTreeMap::new();
    for fact in facts {
        let entry = Assignment { identity: name(&fact.identity)?, user_account: name(&fact.user_account)? };
        if let Some(twice) = entries.insert(entry.identity.clone(), entry) {
            return Err(Failure::new(format!("{} was said twice", twice.identity)));
        }
    }
    Ok(entries.into_values().collect())
}

fn web_services(facts: &[WebServicesFact]) -> Result<WebServicesFile, Failure> {
    let mut entries = BTreeMap::new();
    for fact in facts {
        let entry =
            WebServicesEntry { identity: name(&fact.identity)?, use_windows_auth: name(&fact.use_windows_auth)? };
        if let Some(twice) = entries.insert(entry.identity.clone(), entry) {
            return Err(Failure::new(format!("{} was said twice", twice.identity)));
        }
    }
    Ok(entries.into_values().collect())
}

fn replicas(facts: Vec<ReplicaFact>) -> Vec<Replica> {
    facts.into_iter().map(|fact| Replica { replica: fact.replica, up_to_date: fact.up_to_date }).collect()
}

fn operator(fact: IdentityFact) -> Operator {
    let groups = fact.groups.into_iter().map(|group| Group { sid: group.sid, name: group.name }).collect();
    Operator { user: fact.user, groups }
}
