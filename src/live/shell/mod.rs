//! The bridge to PowerShell: [`Call`]s go in, [`Reply`]s come out.
//!
//! A call is a cmdlet, a program or a fixed function of the embedded script (`src/live/scripts/bridge.ps1`), with
//! typed arguments. The script has the same list, and runs nothing that is not on it: a name is an argument, whatever
//! it looks like, and never becomes code.
//!
//! A cmdlet that says errors has still answered: the errors stand in its [`Reply`]. A [`CallFailure`] says that there
//! is no answer, and whether anything may have happened.

mod call;
mod facts;
mod failure;
mod hint;
mod launch;
mod pool;
mod process;
mod protocol;
mod reply;
mod report_name;

pub use call::{Call, Manner};
pub use facts::{
    AccountFact, AssignmentFact, DirectoryFact, GroupFact, HolderFact, HostFact, IdentityFact, IisFact, ModuleFact,
    ProductFact, ReachFact, ReplicaFact, SettingsFact, TopologyFact, WebServicesFact,
};
pub use failure::{CallFailure, Effect};
pub use hint::second_hop;
pub use launch::Launch;
pub use pool::{Limits, Pool, Reach};
pub use protocol::{Hello, PROTOCOL, Request};
pub use reply::{Category, Ended, ErrorRecord, Reply, Report};
pub use report_name::{ReportName, ReportNameError};

use crate::model::{ServerFqdn, Topology};
use std::fmt;
use std::time::Duration;

/// Where a call is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Where the product's management shell is: this machine, or the one that `--host` or `--ssh` names.
    ManagementShell,
    /// On that server itself.
    Server(ServerFqdn),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManagementShell => f.write_str("the management shell"),
            Self::Server(server) => server.fmt(f),
        }
    }
}

/// What makes calls.
pub trait Shell: Sync {
    /// Makes the call, and waits for its end or its time limit.
    fn call(&self, at: &Place, call: &Call) -> Result<Reply, CallFailure>;

    /// The longest that such a call may take; whatever comes after that is no answer to it.
    fn limit(&self, call: &Call) -> Duration;

    /// Takes notice of the published topology: some servers have to be addressed otherwise for what they are.
    fn learn(&self, _topology: &Topology) {}
}
