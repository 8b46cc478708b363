//! The lab's cmdlets by their names and parameters, as a console has them: what stands in for the product's module and
//! for PowerShell plays on a lab through here, so that there is one book of rules.
//!
//! ```json
//! { "call": "Test-CsKerberosAccountAssignment", "arguments": { "Identity": "site:Redmond" } }
//! { "ended": "completed", "output": null, "errors": [{ "id": "...", "category": "...", "message": "..." }], "report": "<html>..." }
//! ```
//! A parameter that the cmdlet does not have, one that is missing, and two of different parameter sets are refused as
//! PowerShell does, before anything happens.

mod reads;

use super::Lab;
use super::memory::Memory;
use crate::apply::target::{ErrorKind, Target, TargetError};
use crate::model::{
    ExtendedProtection, LocationPath, Principal, Provider, ServerFqdn, Setting, SettingChange, SiteName,
};
use crate::plan::{Action, LocationChange};
use crate::snapshot::kerberos::Status;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::str::FromStr;

/// A call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsoleCall {
    /// The cmdlet, program or function.
    pub call: String,
    /// Its parameters; true for a switch.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// On which server, for what is a server's own.
    #[serde(default)]
    pub server: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleReply {
    /// `completed`, or `threw` where the last error ended it.
    pub ended: ConsoleEnd,
    /// What it puts out.
    pub output: Value,
    /// Its errors.
    pub errors: Vec<ConsoleError>,
    /// What -WhatIf says.
    pub remarks: Vec<String>,
    /// The report that it writes.
    pub report: Option<String>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConsoleEnd {
    /// It came to its end.
    Completed,
    /// Its last error ended it.
    Threw,
}

/// An error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleError {
    /// FullyQualifiedErrorId.
    pub id: String,
    /// ErrorCategory.
    pub category: String,
    /// What it says.
    pub message: String,
}

/// The parameters of each cmdlet and function: all, and those that it cannot do without.
const PARAMETERS: &[(&str, &[&str], &[&str])] = &[
    (
        "New-CsKerberosAccount",
        &["UserAccount", "ContainerDN", "Report", "WhatIf", "Confirm", "Force"],
        &["UserAccount"],
    ),
    (
        "New-CsKerberosAccountAssignment",
        &["Identity", "UserAccount", "InMemory", "WhatIf", "Confirm", "Force"],
        &["Identity", "UserAccount"],
    ),
    (
        "Set-CsKerberosAccountAssignment",
        &["Identity", "UserAccount", "WhatIf", "Confirm", "Force"],
        &["Identity", "UserAccount"],
    ),
    ("Remove-CsKerberosAccountAssignment", &["Identity", "WhatIf", "Confirm", "Force"], &["Identity"]),
    (
        "Set-CsKerberosAccountPassword",
        &["UserAccount", "FromComputer", "ToComputer", "Report", "WhatIf", "Confirm", "Force"],
        &[],
    ),
    (
        "Enable-CsTopology",
        &[
            "Report",
            "WhatIf",
            "Confirm",
            "Force",
            "SkipPrepareCheck",
            "GlobalCatalog",
            "GlobalSettingsDomainController",
        ],
        &[],
    ),
    ("Test-CsKerberosAccountAssignment", &["Identity", "Report", "Verbose"], &["Identity"]),
    ("Get-CsTopology", &["AsXml"], &[]),
    ("Get-CsKerberosAccountAssignment", &["Identity", "Filter", "LocalStore"], &[]),
    ("Get-CsManagementStoreReplicationStatus", &["ReplicaFqdn"], &[]),
    ("Get-CsWebServiceConfiguration", &["Identity"], &[]),
    ("setspn", &["Operation", "Spn", "Account"], &["Operation", "Spn", "Account"]),
    (
        "set-authentication",
        &["Location", "enabled", "useKernelMode", "useAppPoolCredentials", "providers", "extendedProtection"],
        &["Location"],
    ),
    ("read-authentication", &["Location"], &["Location"]),
    ("iis-configuration", &[], &[]),
    ("host", &[], &[]),
    ("identity", &[], &[]),
    ("reach", &["Server"], &["Server"]),
    ("account", &["Domain", "Name"], &["Domain", "Name"]),
    ("holders", &["Spn"], &["Spn"]),
    ("directory", &["Domain"], &["Domain"]),
];

impl ConsoleReply {
    fn completed(output: Value) -> Self {
        Self { ended: ConsoleEnd::Completed, output, errors: Vec::new(), remarks: Vec::new(), report: None }
    }

    fn threw(error: ConsoleError) -> Self {
        Self { ended: ConsoleEnd::Threw, errors: vec![error], ..Self::completed(Value::Null) }
    }
}

impl From<TargetError> for ConsoleError {
    fn from(error: TargetError) -> Self {
        let category = match error.kind {
            _ if error.id.starts_with("InsufficientAccessRights") => "PermissionDenied",
            ErrorKind::Transient => "ConnectionError",
            ErrorKind::OutcomeUnknown | ErrorKind::Unended => "OperationStopped",
            ErrorKind::Refused => "InvalidOperation",
        };
        Self { id: error.id, category: category.to_owned(), message: error.message }
    }
}

/// What is wrong with how it was called.
fn miscalled(id: &str, call: &str, message: String) -> ConsoleError {
    ConsoleError { id: format!("{id},{call}"), category: "InvalidArgument".to_owned(), message }
}

impl Lab {
    /// Plays the call on the lab.
    pub fn console(&self, call: &ConsoleCall) -> ConsoleReply {
        self.play(call).unwrap_or_else(ConsoleReply::threw)
    }

    fn play(&self, call: &ConsoleCall) -> Result<ConsoleReply, ConsoleError> {
        check(call)?;
        match call.call.as_str() {
            "Test-CsKerberosAccountAssignment" => self.play_test(&call.site()?),
            "set-authentication" => self.play_action(call, &call.set_iis()?),
            _ => match call.action()? {
                Some(action) => self.play_action(call, &action),
                None => self.play_read(call).map(ConsoleReply::completed),
            },
        }
    }

    fn play_action(&self, call: &ConsoleCall, action: &Action) -> Result<ConsoleReply, ConsoleError> {
        let mut reply = ConsoleReply::completed(Value::Null);
        if call.arguments.get("WhatIf") == Some(&Value::Bool(true)) {
            reply.remarks.push(format!(
                "What if: Performing the operation \"{}\" on target \"{}\".",
                call.call,
                action.id()
            ));
            return Ok(reply);
        }
        if call.arguments.contains_key("Report") {
            reply.report = Some(format!("<html><body><h1>{}</h1></body></html>", call.call));
        }
        self.perform(action)?;
        Ok(reply)
    }

    /// One error for what is wrong with the SPNs, one for each server that is not valid or does not answer.
    fn play_test(&self, site: &SiteName) -> Result<ConsoleReply, ConsoleError> {
        let mut reply = ConsoleReply::completed(Value::Null);
        let mut rows = String::new();
        if let Err(error) = self.perform(&Action::TestAssignment { site: site.clone() }) {
            let of_servers = ["InvalidKerberosConfiguration", "ComputerUnreachable"];
            if error.id.starts_with("ServicePrincipalNameError") {
                reply.errors.push(error.into());
            } else if !of_servers.iter().any(|name| error.id.starts_with(name)) {
                return Err(error.into());
            }
        }
        let memory = self.console_memory()?;
        for server in self.console_targets(site)? {
            let _ = write!(rows, "<tr><td>{server}</td></tr>");
            reply.errors.extend(wrong(&memory, &server, site));
        }
        reply.report = Some(format!("<html><body><table>{rows}</table></body></html>"));
        Ok(reply)
    }

    fn console_memory(&self) -> Result<Memory, ConsoleError> {
        self.memory().map_err(|error| miscalled("LabUnavailable", "lab", error.to_string()))
    }

    fn console_targets(&self, site: &SiteName) -> Result<Vec<ServerFqdn>, ConsoleError> {
        let unusable = |why: String| miscalled("LabUnavailable", "lab", why);
        let session = self.session().map_err(|error| unusable(error.to_string()))?;
        session.world.targets_of(site).map_err(|refusal| unusable(super::refusal::told_refusal(&refusal)))
    }
}

/// What the test says of a server, by the reading that it has just written.
fn wrong(memory: &Memory, server: &ServerFqdn, site: &SiteName) -> Option<ConsoleError> {
    let account = memory.assignments.get(site).map(ToString::to_string).unwrap_or_default();
    let error = |id: &str, category: &str, message: String| {
        Some(ConsoleError {
            id: format!("{id},Test-CsKerberosAccountAssignment"),
            category: category.to_owned(),
            message,
        })
    };
    match memory.servers.get(server).and_then(|known| known.reading.as_ref()).map(|reading| reading.status) {
        Some(Status::Valid) => None,
        Some(Status::Invalid) => error(
            "InvalidKerberosConfiguration",
            "InvalidOperation",
            format!(
                "InvalidKerberosConfiguration: The Kerberos configuration on {server} is invalid. The expected \
                 assigned account is {account}. Ensure that the account has not expired, and the configured password \
                 on the machine matches the Active Directory password of the account."
            ),
        ),
        Some(Status::Unknown) | None => {
            error("ComputerUnreachable", "ConnectionError", format!("{server} does not answer"))
        }
    }
}

/// Whether the call has the parameters that it must have and no others.
fn check(call: &ConsoleCall) -> Result<(), ConsoleError> {
    let name = call.call.as_str();
    let Some((_, all, mandatory)) = PARAMETERS.iter().find(|(known, ..)| *known == name) else {
        return Err(miscalled("CommandNotFoundException", name, format!("there is no {name}")));
    };
    if let Some(odd) = call.arguments.keys().find(|key| !all.contains(&key.as_str())) {
        let message = format!("A parameter cannot be found that matches parameter name '{odd}'.");
        return Err(miscalled("NamedParameterNotFound", name, message));
    }
    if let Some(missing) = mandatory.iter().find(|key| !call.arguments.contains_key(**key)) {
        let message = format!("Cannot process command because of missing mandatory parameters: {missing}.");
        return Err(miscalled("MissingMandatoryParameter", name, message));
    }
    if name == "Set-CsKerberosAccountPassword" {
        let has = |key: &str| call.arguments.contains_key(key);
        if has("UserAccount") == (has("FromComputer") || has("ToComputer")) || has("FromComputer") != has("ToComputer")
        {
            let message = "Parameter set cannot be resolved using the specified named parameters.".to_owned();
            return Err(miscalled("AmbiguousParameterSet", name, message));
        }
    }
    Ok(())
}

impl ConsoleCall {
    fn text(&self, key: &str) -> Result<&str, ConsoleError> {
        let text = self.arguments.get(key).and_then(Value::as_str);
        text.ok_or_else(|| miscalled("ParameterArgumentValidationError", &self.call, format!("{key} is no text")))
    }

    fn name<N: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<N, ConsoleError> {
        let text = self.text(key)?;
        let odd = |error: N::Err| {
            miscalled(
                "ParameterArgumentValidationError",
                &self.call,
                format!("{key} {text:?} cannot be taken: {error}"),
            )
        };
        text.parse().map_err(odd)
    }

    fn site(&self) -> Result<SiteName, ConsoleError> {
        let identity = self.text("Identity")?;
        let site = identity.split_at_checked(5).filter(|(scope, _)| scope.eq_ignore_ascii_case("site:"));
        let odd = || {
            let message = format!("{identity:?} is no identity of a site");
            miscalled("ParameterArgumentTransformationError", &self.call, message)
        };
        site.and_then(|(_, site)| site.parse().ok()).ok_or_else(odd)
    }

    /// What it does; `None` for what only reads.
    fn action(&self) -> Result<Option<Action>, ConsoleError> {
        Ok(Some(match self.call.as_str() {
            "New-CsKerberosAccount" => Action::CreateAccount {
                account: self.name("UserAccount")?,
                container: if self.arguments.contains_key("ContainerDN") {
                    Some(self.name("ContainerDN")?)
                } else {
                    None
                },
            },
            "New-CsKerberosAccountAssignment" => {
                Action::AssignAccount { site: self.site()?, account: self.name("UserAccount")? }
            }
            // The former account stands in the plan only; the cmdlet does not take it.
            "Set-CsKerberosAccountAssignment" => Action::ReassignAccount {
                site: self.site()?,
                from: self.name("UserAccount")?,
                to: self.name("UserAccount")?,
            },
            "Remove-CsKerberosAccountAssignment" => {
                let site = self.site()?;
                let nobody = r"NOBODY\nobody".parse();
                let nobody = nobody.map_err(|_| miscalled("LabUnavailable", &self.call, "no name".to_owned()))?;
                Action::UnassignAccount { site, from: nobody }
            }
            "Set-CsKerberosAccountPassword" if self.arguments.contains_key("UserAccount") => {
                Action::RotatePassword { account: self.name("UserAccount")? }
            }
            "Set-CsKerberosAccountPassword" => {
                let nobody = r"NOBODY\nobody".parse();
                let nobody = nobody.map_err(|_| miscalled("LabUnavailable", &self.call, "no name".to_owned()))?;
                let (from, to) = (self.name("FromComputer")?, self.name("ToComputer")?);
                Action::CopyConfiguration { account: nobody, from, to }
            }
            "Enable-CsTopology" => Action::EnableTopology { signature: None },
            "setspn" => match self.text("Operation")? {
                "add" => Action::AddSpn { spn: self.name("Spn")?, account: self.name("Account")? },
                _ => Action::RemoveSpn { spn: self.name("Spn")?, holder: Principal::new(self.text("Account")?) },
            },
            _ => return Ok(None),
        }))
    }

    fn on_server(&self) -> Result<ServerFqdn, ConsoleError> {
        let server = self.server.as_deref().unwrap_or_default();
        let odd = |_| miscalled("LabUnavailable", &self.call, format!("it is a server's own, and {server:?} is none"));
        server.parse().map_err(odd)
    }

    fn set_iis(&self) -> Result<Action, ConsoleError> {
        let mut settings = Vec::new();
        for (key, value) in &self.arguments {
            settings.extend(setting(key, value));
        }
        let settings = settings.into_iter().map(|after| SettingChange { before: after.clone(), after }).collect();
        let location: LocationPath = self.name("Location")?;
        Ok(Action::SetIis { server: self.on_server()?, locations: vec![LocationChange { location, settings }] })
    }
}

fn setting(key: &str, value: &Value) -> Option<Setting> {
    Some(match key {
        "enabled" => Setting::Enabled(value.as_bool()?),
        "useKernelMode" => Setting::UseKernelMode(value.as_bool()?),
        "useAppPoolCredentials" => Setting::UseAppPoolCredentials(value.as_bool()?),
        "providers" => {
            let names = value.as_array()?.iter().filter_map(Value::as_str);
            Setting::Providers(names.map(Provider::from_name).collect())
        }
        "extendedProtection" => {
            let wanted = value.as_str()?;
            let same = |known: &ExtendedProtection| known.as_str().eq_ignore_ascii_case(wanted);
            Setting::ExtendedProtection(ExtendedProtection::ALL.into_iter().find(same)?)
        }
        _ => return None,
    })
}
