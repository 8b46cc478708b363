//! Whether the servers that copies and rotations reach are there at all, before the first change.

use super::Live;
use super::preflight::{Preflight, sets_iis};
use crate::live::shell::{Call, Place, ReachFact};
use crate::model::ServerFqdn;
use crate::plan::{Action, Step};
use std::collections::BTreeSet;
use std::thread;

/// How many servers are asked after by one call: it waits some seconds for all of them together.
const SERVERS_A_CALL: usize = 50;

impl Live<'_> {
    /// The sources and servers of copies, and all that a rotation reaches, must answer. It is tried from where the
    /// cmdlets run. Servers whose IIS is set are asked more, elsewhere.
    pub(super) fn check_targets(&self, steps: &[&Step], found: &mut Preflight) {
        let mut servers: BTreeSet<ServerFqdn> = BTreeSet::new();
        let mut rotated: BTreeSet<ServerFqdn> = BTreeSet::new();
        for step in steps {
            match &step.action {
                Action::CopyConfiguration { from, to, .. } => servers.extend([from.clone(), to.clone()]),
                Action::RotatePassword { account } => {
                    for site in &step.touches {
                        match self.targets_of(site) {
                            Ok(targets) => rotated.extend(targets),
                            Err(why) => {
                                found.miss(format!("which servers the rotation of {account} reaches: {why}"), None);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        for step in steps {
            sets_iis(step).map(|server| servers.remove(server));
        }
        let servers: Vec<ServerFqdn> = servers.union(&rotated).cloned().collect();
        let ask = |servers: &[ServerFqdn]| {
            let call = Call::Reach { servers: servers.to_vec() };
            self.ask::<Vec<ReachFact>>(&Place::ManagementShell, &call)
        };
        let answers: Vec<Result<Vec<ReachFact>, String>> = thread::scope(|scope| {
            let asked: Vec<_> =
                servers.chunks(SERVERS_A_CALL).map(|servers| scope.spawn(move || ask(servers))).collect();
            let answer = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| Err("the question broke off".to_owned()))
            };
            asked.into_iter().map(answer).collect()
        });
        for (asked, answer) in servers.chunks(SERVERS_A_CALL).zip(answers) {
            match answer {
                Ok(facts) => asked.iter().for_each(|server| judge(server, &facts, rotated.contains(server), found)),
                Err(why) => {
                    found.miss(format!("whether {} and others answer could not be tried: {why}", asked[0]), None);
                }
            }
        }
    }
}

fn judge(server: &ServerFqdn, facts: &[ReachFact], rotated: bool, found: &mut Preflight) {
    let why = match facts.iter().find(|fact| fact.server.eq_ignore_ascii_case(server.as_str())) {
        Some(fact) if fact.answers => return,
        Some(fact) => fact.why.clone().unwrap_or_else(|| "it does not answer".to_owned()),
        None => "nothing was said of it".to_owned(),
    };
    let hint = if rotated {
        "see that it runs and that no firewall is in between: a rotation reaches every server of its account, and leaves \
         one behind that does not answer"
    } else {
        "see that it runs and that no firewall is in between, or leave it out: --server, --pool, --site"
    };
    found.miss(format!("{server} cannot be reached: {why}"), hint);
}
