//! Keeps Kerberos web authentication on Lync Server and Skype for Business Server in a declared state.
//!
//! # The words
//!
//! A *deployment* is what the YAML file declares. A *snapshot* is a folder of facts as read from the real systems. A
//! *reading* is one fact: known, absent, or unreadable with its cause. A *change* is one difference between the two,
//! a *step* one thing to be done about it, and a *finding* something worth saying that no step mends; together, with
//! the verdict on Enable-CsTopology, they are the *plan*. *Server*, *pool*, *site*, *account*, *assignment*, *SPN* and
//! *location* mean what Microsoft means by them. A server is *valid* or *invalid* by its Kerberos configuration. To
//! *rotate* is to set a new password everywhere; to *copy* is to give one server what another has. A *target* is a
//! server that runs Web Services.
//!
//! # The pipeline
//!
//! Data moves one way: [`deployment::load`] reads the file, [`snapshot::read`] reads the folder, [`plan::plan`]
//! compares the two, and [`render`] or [`wire`] says what came of it. [`apply::run`] carries a plan out on whatever
//! implements [`apply::target::Target`]: the [`lab`], or the real systems of [`live`], which also fills snapshot folders.
//! [`cli`] is the only one that speaks.
//!
//! # What always holds
//!
//! - The same inputs give the same plan, byte for byte: there is no clock in it.
//! - What could not be read is named, with its cause; it is never taken for "no change".
//! - Every target that is not known to be valid is reached by exactly one password step, or named with the reason why
//!   not.
//! - A rotation has one of three grounds: the plan creates the account, every server of every site of the account is
//!   known to be invalid, or the operator asks.
//! - Account first, SPNs second, servers last; Enable-CsTopology once, between the assignments and the passwords of the
//!   accounts that they concern.
//! - Nothing is done to a target that was not journaled first; what was begun and has no end is observed before
//!   anything else is done, and a rotation that was completed never runs again.
//! - No secret enters a plan, and no line of applicationHost.config is shown.
//!
//! # The modules, in reading order

pub mod model;

pub mod codes;

pub mod deployment;

pub mod durable;

pub mod snapshot;

mod yaml;

pub mod init;

pub mod plan;

pub mod render;

pub mod wire;

pub mod apply;

pub mod lab;

pub mod live;

pub mod cli;

#[cfg(test)]
mod grammar;

#[cfg(test)]
#[path = "../tests/rehearsal/scratch.rs"]
mod scratch;
