//! `.cskerb/lab-calls.jsonl`: every call of a cmdlet, one line when it begins and one when it has ended.
//!
//! The first is on the disk before the cmdlet does anything, the other before the call returns; so one without an end is
//! one in which the program was killed. A last line that was cut off says nothing.

use super::LabError;
use super::logs::Log;
use crate::apply::target::{ErrorKind, TargetError};
use crate::plan::{Action, StepKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cmdlet {
    /// New-CsKerberosAccount.
    #[serde(rename = "New-CsKerberosAccount")]
    NewAccount,
    /// New-CsKerberosAccountAssignment.
    #[serde(rename = "New-CsKerberosAccountAssignment")]
    NewAssignment,
    /// Set-CsKerberosAccountAssignment.
    #[serde(rename = "Set-CsKerberosAccountAssignment")]
    SetAssignment,
    /// Remove-CsKerberosAccountAssignment.
    #[serde(rename = "Remove-CsKerberosAccountAssignment")]
    RemoveAssignment,
    /// Set-CsKerberosAccountPassword -UserAccount.
    #[serde(rename = "Set-CsKerberosAccountPassword -UserAccount")]
    RotatePassword,
    /// Set-CsKerberosAccountPassword -FromComputer.
    #[serde(rename = "Set-CsKerberosAccountPassword -FromComputer")]
    CopyPassword,
    /// Enable-CsTopology.
    #[serde(rename = "Enable-CsTopology")]
    EnableTopology,
    /// Test-CsKerberosAccountAssignment.
    #[serde(rename = "Test-CsKerberosAccountAssignment")]
    TestAssignment,
    /// setspn -S.
    #[serde(rename = "setspn -S")]
    AddSpn,
    /// setspn -D.
    #[serde(rename = "setspn -D")]
    RemoveSpn,
    /// Microsoft.Web.Administration's ServerManager.
    #[serde(rename = "ServerManager")]
    SetIis,
}

impl Cmdlet {
    /// The one that does the action.
    pub(super) fn of(action: &Action) -> Self {
        match action.kind() {
            StepKind::CreateAccount => Self::NewAccount,
            StepKind::AssignAccount => Self::NewAssignment,
            StepKind::ReassignAccount => Self::SetAssignment,
            StepKind::UnassignAccount => Self::RemoveAssignment,
            StepKind::EnableTopology => Self::EnableTopology,
            StepKind::RemoveSpn => Self::RemoveSpn,
            StepKind::AddSpn => Self::AddSpn,
            StepKind::RotatePassword => Self::RotatePassword,
            StepKind::CopyConfiguration => Self::CopyPassword,
            StepKind::SetIis => Self::SetIis,
            StepKind::TestAssignment => Self::TestAssignment,
        }
    }

    /// The class in a FullyQualifiedErrorId [inferred].
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::NewAccount => "Microsoft.Rtc.Management.Kerberos.NewKerberosAccountCmdlet",
            Self::NewAssignment => "Microsoft.Rtc.Management.Kerberos.NewKerberosAccountAssignmentCmdlet",
            Self::SetAssignment => "Microsoft.Rtc.Management.Kerberos.SetKerberosAccountAssignmentCmdlet",
            Self::RemoveAssignment => "Microsoft.Rtc.Management.Kerberos.RemoveKerberosAccountAssignmentCmdlet",
            Self::RotatePassword | Self::CopyPassword => {
                "Microsoft.Rtc.Management.Kerberos.SetKerberosAccountPasswordCmdlet"
            }
            Self::EnableTopology => "Microsoft.Rtc.Management.Deployment.EnableTopologyCmdlet",
            Self::TestAssignment => "Microsoft.Rtc.Management.Kerberos.TestKerberosAccountAssignmentCmdlet",
            Self::AddSpn | Self::RemoveSpn => "setspn.exe",
            Self::SetIis => "Microsoft.Web.Administration.ServerManager",
        }
    }

    /// Whether it only looks.
    pub fn only_looks(self) -> bool {
        self == Self::TestAssignment
    }
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What was called.
    pub cmdlet: Cmdlet,
    /// With which arguments.
    pub arguments: BTreeMap<String, String>,
    /// When, by the lab's clock.
    pub at: Timestamp,
    /// How it ended; `None` where the program was killed in it.
    pub outcome: Option<Outcome>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It did what it was asked.
    Done,
    /// It said an error.
    Failed {
        /// Its FullyQualifiedErrorId.
        id: String,
        /// Whether anything happened all the same is not known.
        uncertain: bool,
    },
}

/// A line of the log.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Begun { call: u64, at: Timestamp, cmdlet: Cmdlet, arguments: BTreeMap<String, String> },
    Ended { call: u64, outcome: Outcome },
}

/// Notes that a call begins; its number is where its line begins in the log.
pub(super) fn begin(log: &Log, at: Timestamp, action: &Action) -> Result<u64, LabError> {
    let (cmdlet, arguments) = (Cmdlet::of(action), arguments(action));
    append(log, |call| Line::Begun { call, at, cmdlet, arguments })
}

/// Notes how it ended.
pub(super) fn end(log: &Log, call: u64, result: &Result<(), TargetError>) -> Result<(), LabError> {
    let outcome = match result {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Failed { id: error.id.clone(), uncertain: error.kind == ErrorKind::OutcomeUnknown },
    };
    append(log, |_| Line::Ended { call, outcome }).map(drop)
}

/// The line is not yet on the disk when this returns.
fn append(log: &Log, line: impl FnOnce(u64) -> Line) -> Result<u64, LabError> {
    let failed = |source| log.failed(source);
    let file = log.file()?;
    let mut file = &*file;
    let mut length = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let mut text = String::new();
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).map_err(failed)?;
        if last != *b"\n" {
            text.push('\n');
            length += 1;
        }
    }
    text += &serde_json::to_string(&line(length)).map_err(|error| failed(error.into()))?;
    text.push('\n');
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(length)
}

/// Every call that the log tells of, in the order of their beginnings.
pub(super) fn read(log: &Log) -> Result<Vec<Call>, LabError> {
    let text = match fs::read(log.path()) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(LabError::Io { path: log.path().to_owned(), doing: "read", source }),
    };
    let mut calls: Vec<(u64, Call)> = Vec::new();
    for line in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match line {
            Line::Begun { call, at, cmdlet, arguments } => {
                calls.push((call, Call { cmdlet, arguments, at, outcome: None }));
            }
            Line::Ended { call, outcome } => {
                if let Some((_, begun)) = calls.iter_mut().find(|(number, _)| *number == call) {
                    begun.outcome = Some(outcome);
                }
            }
        }
    }
    Ok(calls.into_iter().map(|(_, call)| call).collect())
}

fn arguments(action: &Action) -> BTreeMap<String, String> {
    let mut all: Vec<(&str, String)> = Vec::new();
    match action {
        Action::CreateAccount { account, container } => {
            all.push(("UserAccount", account.to_string()));
            all.extend(container.iter().map(|container| ("ContainerDN", container.to_string())));
        }
        Action::AssignAccount { site, account } | Action::ReassignAccount { site, to: account, .. } => {
            all.extend([("Identity", site.identity()), ("UserAccount", account.to_string())]);
        }
        Action::UnassignAccount { site, .. } | Action::TestAssignment { site } => {
            all.push(("Identity", site.identity()));
        }
        Action::EnableTopology { .. } => {}
        Action::RemoveSpn { spn, holder } => all.extend([("spn", spn.to_string()), ("account", holder.to_string())]),
        Action::AddSpn { spn, account } => all.extend([("spn", spn.to_string()), ("account", account.to_string())]),
        Action::RotatePassword { account } => all.push(("UserAccount", account.to_string())),
        Action::CopyConfiguration { from, to, .. } => {
            all.extend([("FromComputer", from.to_string()), ("ToComputer", to.to_string())]);
        }
        Action::SetIis { server, locations } => {
            all.push(("server", server.to_string()));
            all.extend(locations.iter().map(|change| {
                let setting = |setting: &crate::model::Setting| format!("{}={}", setting.name(), setting.value());
                let settings: Vec<String> = change.settings.iter().map(|change| setting(&change.after)).collect();
                (change.location.as_str(), settings.join(", "))
            }));
        }
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
