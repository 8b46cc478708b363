//! What tests of apply share: how a lab ended.

use cskerb::apply::target::Target;
use cskerb::lab::Lab;
use std::fmt::Write as _;

/// What the lab is like, but for the numbers of passwords and the time, which depend on how often it was called.
pub(crate) fn ended(lab: &Lab) -> String {
    let memory = lab.memory().unwrap();
    let actual = lab.read().unwrap();
    let location = "Skype for Business Server Internal Web Site".parse().unwrap();
    let mut end = String::new();
    writeln!(end, "{:?} {:?} {:?}", memory.assignments, memory.other_holders, memory.enabled_topology).unwrap();
    for (account, object) in &memory.accounts {
        let told = object.as_ref().map(|object| (object.enabled, object.key_version, &object.service_principal_names));
        writeln!(end, "{account} {told:?}").unwrap();
    }
    for (server, known) in &memory.servers {
        let holds = known.holds.as_ref().map(|held| {
            let current = memory.accounts.get(&held.account).and_then(Option::as_ref).map(|object| object.key);
            (&held.account, current == Some(held.key))
        });
        let settings = actual.iis(server).known().map(|iis| iis.effective(&location));
        writeln!(end, "{server} {holds:?} {settings:?}").unwrap();
    }
    end
}
