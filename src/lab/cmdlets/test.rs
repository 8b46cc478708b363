//! Test-CsKerberosAccountAssignment.

use super::super::refusal::Refusal;
use super::super::world::World;
use super::server_admin;
use crate::model::{Principal, ServerFqdn, SiteName, Spn, Verdict};

/// Tests the account of the site: its SPNs, then each server that runs Web Services; what it finds is an error.
///
/// It writes a fresh reading of every server that answers. Of several things that are wrong it says the gravest: SPNs,
/// then invalid servers, then those that do not answer.
pub(in crate::lab) fn test_assignment(world: &mut World, site: &SiteName) -> Result<(), Refusal> {
    server_admin(world)?;
    let Some(account) = world.memory.assignments.get(site).cloned() else {
        return Err(Refusal::SiteNotAssigned(site.clone()));
    };
    let servers = world.targets_of(site)?;
    world.look_up(&account)?;
    world.renew(&servers);
    let mut silent = None;
    let mut invalid: Vec<ServerFqdn> = Vec::new();
    for server in &servers {
        match world.contact(server) {
            Err(refusal) => silent = silent.or(Some(refusal)),
            Ok(()) if world.judge(server, &account).0 == Verdict::Valid => {}
            Ok(()) => invalid.push(server.clone()),
        }
    }
    let web = world.topology()?.pools.iter().filter(|pool| pool.web_services && pool.site == *site);
    let alone = |spn: &Spn| world.memory.holders(spn).into_iter().eq([Principal::from(&account)]);
    let wrong: Vec<Spn> = web.map(|pool| pool.fqdn.spn()).filter(|spn| !alone(spn)).collect();
    if !wrong.is_empty() {
        return Err(Refusal::SpnWrong(account, wrong));
    }
    if !invalid.is_empty() {
        return Err(Refusal::ServersInvalid(account, invalid));
    }
    silent.map_or(Ok(()), Err)
}
