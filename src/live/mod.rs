//! The real systems: Lync and Skype for Business servers through PowerShell, Active Directory, and the web servers.
//!
//! [`shell`] is the bridge: long-lived PowerShell processes, fed by one embedded script, that run an allow-list of
//! cmdlets with typed arguments. [`systems`] is the live [`Target`](crate::apply::target::Target) of `apply` on top of
//! it. [`collect`] reads everything into a snapshot folder, and prints the script that does so by hand. [`directory`]
//! asks Active Directory over LDAP. [`tickets`] proves by a fresh Kerberos ticket what each web server makes of the
//! account's key. [`trust`] says whose certificates both believe.
//!
//! **Architecture invariants:** no request carries code. No secret passes: a copy stays between servers, and what is
//! secret in a configuration is removed on its server. A call whose end is not known is never taken for a success nor
//! for a failure.

pub mod collect;
mod dial;
pub mod directory;
mod scripts;
pub mod shell;
pub mod systems;
pub mod tickets;
pub mod trust;
