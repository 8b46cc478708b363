//! Plans and steps for the tests of this module.

use crate::model::{AccountName, Origin, ServerFqdn, SiteName};
use crate::plan::{Action, EnableTopology, Need, Plan, Predicate, RunOn, Scope, Step, Subject, Summary};

/// A step without conditions.
pub(crate) fn step(action: Action) -> Step {
    Step {
        action,
        subject: Subject::Topology,
        run_on: RunOn::ManagementShell,
        after: Vec::new(),
        because: vec!["a test asks for it".to_owned()],
        disrupts: None,
        consent: None,
        preconditions: Vec::new(),
        touches: Vec::new(),
    }
}

/// A plan of these steps and nothing else.
pub(crate) fn plan_of(steps: Vec<Step>) -> Plan {
    Plan {
        deployment: Origin::default(),
        observed: Origin::default(),
        collected_at: None,
        scope: Scope::default(),
        unreadable: Vec::new(),
        findings: Vec::new(),
        changes: Vec::new(),
        steps,
        enable_topology: EnableTopology { need: Need::NotRequired, because: Vec::new(), warning: None },
        summary: Summary::default(),
    }
}

/// A copy to that server of that pool, which is named without its domain.
pub(crate) fn copy(site: &str, pool: &str, server: &str) -> Step {
    let (site, server): (SiteName, ServerFqdn) = (site.parse().unwrap(), server.parse().unwrap());
    let account: AccountName = r"CONTOSO\kerbauth".parse().unwrap();
    Step {
        subject: Subject::Server(site.clone(), format!("{pool}.contoso.com").parse().unwrap(), server.clone()),
        touches: vec![site],
        preconditions: vec![Predicate::NotValidFor { server: server.clone(), account: account.clone() }],
        ..step(Action::CopyConfiguration { account, from: "fe01.contoso.com".parse().unwrap(), to: server })
    }
}
