//! The cmdlets and tools, one function each: what they refuse, and what they change.
//!
//! Each looks first and changes afterwards, so one that refuses has changed nothing.

mod account;
mod assignment;
mod enable_topology;
mod password;
mod spn;
mod test;

pub(super) use account::new_account;
pub(super) use assignment::{new_assignment, remove_assignment, set_assignment};
pub(super) use enable_topology::{enable_topology, spns_in_order};
pub(super) use password::{copy_password, rotate_password};
pub(super) use spn::{add_spn, remove_spn};
pub(super) use test::test_assignment;

use super::refusal::Refusal;
use super::world::World;

const RTC_UNIVERSAL_SERVER_ADMINS: &str = "membership in RTCUniversalServerAdmins";
const DOMAIN_ADMINS: &str = "membership in Domain Admins";

/// Every cmdlet needs RTCUniversalServerAdmins. [doc]
fn server_admin(world: &World) -> Result<(), Refusal> {
    if world.memory.rights.rtc_universal_server_admins {
        Ok(())
    } else {
        Err(Refusal::NoRight(RTC_UNIVERSAL_SERVER_ADMINS))
    }
}

/// Creating an account and writing to its object needs Domain Admins. [doc for the first]
fn domain_admin(world: &World) -> Result<(), Refusal> {
    if world.memory.rights.domain_admins { Ok(()) } else { Err(Refusal::NoRight(DOMAIN_ADMINS)) }
}

/// Whoever may set IIS is a local administrator of the servers, as RTCUniversalServerAdmins are [inferred].
pub(super) fn local_admin(world: &World) -> Result<(), Refusal> {
    server_admin(world)
}
