//! Proof by ticket: each server is shown a fresh Kerberos ticket, and its answer says whether it has the account's key.
//!
//! `targets` names the servers and the names that clients use; `security` takes one ticket for each name, through
//! MIT Kerberos (`mit`) or SSPI on Windows; `present` shows it to one server by SPNEGO over a `connection` of its own; and
//! `outcome` is what that came to. [`prove`] does so for many servers at a time.
//!
//! Only mutual authentication proves anything: the server sends back what it could not make without the key. A status
//! code alone never does.
//!
//! **Architecture invariant:** no ticket, key or password leaves this module: what others see are principals' names,
//! encryption types, key versions, lengths of tokens, and errors. That holds for the trace too.

mod binding;
mod connection;
mod first_ticket;
mod http;
mod known_spn;
mod krb_error;
#[cfg(unix)]
mod mit;
mod no_ticket;
mod outcome;
mod present;
mod proof;
mod security;
mod side_by_side;
mod spnego;
#[cfg(windows)]
mod sspi;
mod targets;

pub use connection::{Phase, Unreachable};
pub use first_ticket::{Initial, InitialFault};
pub use known_spn::{Elsewhere, KnownSpn};
pub use krb_error::{Clocks, KrbError, Meaning};
#[cfg(unix)]
pub use mit::Mit as Platform;
pub use no_ticket::NoTicket;
pub use outcome::{Channel, Outcome, Refused};
pub use proof::{Answer, DEFAULT_PATH, Proof, Settings, prove};
pub use security::{Context, Fault, Key, Refusal, Security, SecurityError, Step, Ticket};
#[cfg(windows)]
pub use sspi::Sspi as Platform;
pub use targets::{Name, Target, of_deployment, of_snapshot};
