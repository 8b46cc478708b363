//! What a call came to.

use super::CallFailure;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// How it ended.
    pub ended: Ended,
    /// What it put out; null where it puts out nothing.
    pub output: Value,
    /// Its errors in order, the one that ended it last.
    pub errors: Vec<ErrorRecord>,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// What it said by -Verbose or Write-Host.
    pub remarks: Vec<String>,
    /// The report that it wrote, as evidence.
    pub report: Option<Report>,
    /// How long it took, where it ran.
    pub took: Duration,
    /// Lines that something else wrote to the standard output meanwhile.
    pub stray: Vec<String>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It came to its end; it may have said errors on the way.
    Completed,
    /// An error ended it: the last one.
    Threw,
}

/// An error, as PowerShell tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRecord {
    /// FullyQualifiedErrorId: the same in every language.
    pub id: String,
    /// The category.
    pub category: Category,
    /// What it says, in the product's language.
    pub message: String,
    /// What it is about, as text.
    pub target: Option<String>,
    /// The .NET type of the exception.
    pub exception: Option<String>,
    /// The HRESULT of the innermost exception that has one, as 0x80090322.
    pub hresult: Option<u32>,
}

impl ErrorRecord {
    /// The id without the class of the cmdlet: `ServicePrincipalNameError` of `ServicePrincipalNameError,Microsoft...`.
    pub fn name(&self) -> &str {
        self.id.split(',').next().unwrap_or(&self.id)
    }
}

/// The category of an error, as far as it decides anything (`System.Management.Automation.ErrorCategory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// OpenError, ConnectionError: what it needs was not reached.
    Connection,
    /// PermissionDenied, SecurityError, AuthenticationError.
    Denied,
    /// ResourceUnavailable, ResourceBusy.
    Unavailable,
    /// OperationTimeout.
    Timeout,
    /// OperationStopped.
    Stopped,
    /// ObjectNotFound, ResourceExists, InvalidArgument and all others.
    Other,
}

impl Category {
    /// The category of that name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "OpenError" | "ConnectionError" => Self::Connection,
            "PermissionDenied" | "SecurityError" | "AuthenticationError" => Self::Denied,
            "ResourceUnavailable" | "ResourceBusy" => Self::Unavailable,
            "OperationTimeout" => Self::Timeout,
            "OperationStopped" => Self::Stopped,
            _ => Self::Other,
        }
    }
}

/// A report that a cmdlet wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Its bytes.
    Written(Vec<u8>),
    /// It is not there, or could not be read or sent: why.
    Missing(String),
}

impl Reply {
    /// Whether it came to its end without any error.
    pub fn is_clean(&self) -> bool {
        self.ended == Ended::Completed && self.errors.is_empty()
    }

    /// The output as these facts; an output of another shape is [`CallFailure::Malformed`].
    pub fn output<T: DeserializeOwned>(&self) -> Result<T, CallFailure> {
        T::deserialize(&self.output).map_err(|error| CallFailure::Malformed { why: error.to_string() })
    }
}
