//! The bridge against a process that stands in for PowerShell: it speaks the bridge's protocol, and plays on a lab by
//! the lab's own rules.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its own inputs shall fail")]

#[path = "../rehearsal/contoso.rs"]
mod contoso;
#[path = "../rehearsal/declared.rs"]
mod declared;
#[path = "../rehearsal/engine.rs"]
mod engine;
#[path = "../rehearsal/folder.rs"]
mod folder;
#[path = "../rehearsal/ran.rs"]
mod ran;
#[path = "../rehearsal/mod.rs"]
mod rehearsal;

mod command_line;
mod connecting;
mod every_step;
mod half_way;
mod hostile;
mod interrupted;
mod misbehaviour;
mod mischief;
mod real;
mod scenarios;
#[path = "../rehearsal/scratch.rs"]
mod scratch;
mod stage;
mod stand_in;

/// Not a test of its own: started again with a lab in its environment, this program is PowerShell.
#[test]
#[expect(clippy::exit, reason = "what stands in for PowerShell ends as a process does")]
fn plays_power_shell() {
    if std::env::var_os(stand_in::LAB).is_some() {
        stand_in::play();
        std::process::exit(0);
    }
}
