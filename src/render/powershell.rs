//! The plan as a script of Windows PowerShell 3.0 to 5.1: the very commands of the steps, in order, commented.
//!
//! - **Run by accident it changes nothing.** As it stands it only shows what the cmdlets would do (`-WhatIf`); whoever
//!   wants more has to edit it, and so has read its top. No prompt: one would only teach to press Enter, and a
//!   scheduled run would hang in it.
//! - A rotation, Enable-CsTopology and whatever takes an account from a site have switches of their own. A step that
//!   waits for one that was not done is passed over with a word.
//! - A step that belongs on one server runs only there.
//! - It is printable ASCII, comments too: without a byte order mark Windows PowerShell reads a script in the
//!   machine's code page, where the bytes of a letter may be a quote.
//! - It takes nothing that is newer than PowerShell 3.0.

mod comment;
#[cfg(test)]
mod tests;

use super::outline::steps::{joined, ranges, sentence};
use crate::plan::{Action, Need, Plan, RunOn, Step, StepId, StepKind, commands, moment, preview, quote};
use comment::comment;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The script.
pub fn plan(plan: &Plan) -> String {
    let mut script = String::new();
    head(plan, &mut script);
    if plan.steps.is_empty() {
        script.push_str("Write-Host 'This plan has no step: there is nothing to run.'\n");
        return script;
    }
    switches(plan, &mut script);
    script.push_str(PREAMBLE);
    let numbers: HashMap<StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (step.id(), at + 1)).collect();
    for (at, step) in plan.steps.iter().enumerate() {
        let after = step.after.iter().filter_map(|id| numbers.get(id).copied()).collect();
        Numbered { number: at + 1, of: plan.steps.len(), after, step }.write(&mut script);
    }
    script.push_str(END);
    script
}

/// What only a person may allow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    EnableTopology,
    Rotation,
    Reassignment,
    Unassignment,
}

impl Switch {
    const ALL: [Self; 4] = [Self::EnableTopology, Self::Rotation, Self::Reassignment, Self::Unassignment];

    /// The switch that a step needs.
    fn of(action: &Action) -> Option<Self> {
        match action.kind() {
            StepKind::EnableTopology => Some(Self::EnableTopology),
            StepKind::RotatePassword => Some(Self::Rotation),
            StepKind::ReassignAccount => Some(Self::Reassignment),
            StepKind::UnassignAccount => Some(Self::Unassignment),
            StepKind::CreateAccount
            | StepKind::AssignAccount
            | StepKind::RemoveSpn
            | StepKind::AddSpn
            | StepKind::CopyConfiguration
            | StepKind::SetIis
            | StepKind::TestAssignment => None,
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::EnableTopology => "$AllowEnableTopology",
            Self::Rotation => "$AllowRotation",
            Self::Reassignment => "$AllowReassignment",
            Self::Unassignment => "$AllowUnassignment",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::EnableTopology => "the whole last published topology goes live",
            Self::Rotation => "new passwords on every server of the accounts, and in Active Directory",
            Self::Reassignment => "another account for a site that has one",
            Self::Unassignment => "no account any more for a site that has one",
        }
    }
}

fn head(plan: &Plan, script: &mut String) {
    let tool = concat!("cskerb ", env!("CARGO_PKG_VERSION"));
    comment("", &format!("A plan of {tool}, for Windows PowerShell 3.0 to 5.1"), script);
    comment("for", &format!("{}, {}", plan.deployment.source, plan.deployment.digest), script);
    let collected = match plan.collected_at {
        Some(at) => format!("collected {}", moment(at)),
        None => "collected at a time that it does not say".to_owned(),
    };
    comment("against", &format!("{}, {}, {collected}", plan.observed.source, plan.observed.digest), script);
    if !plan.scope.is_whole() {
        comment("scope", "narrowed; what lies outside was not planned", script);
    }
    if !plan.complete() {
        let facts = plan.unreadable.len();
        comment("partial", &format!("{facts} of the facts that it needed could not be read"), script);
    }
    let verdict = match plan.enable_topology.need {
        Need::Required => "Enable-CsTopology is required",
        Need::Advisory => "Enable-CsTopology is advisory: the documentation asks for it, and nothing waits for it",
        Need::NotRequired => "Enable-CsTopology is not required",
    };
    let certain = plan.enable_topology.need == Need::Required || plan.verdict_is_certain();
    let as_far = if certain { "" } else { ", as far as could be read" };
    comment("verdict", &format!("{verdict}{as_far}"), script);
    if let Some(warning) = &plan.enable_topology.warning {
        comment("beware", warning, script);
    }
    script.push_str("#\n");
}

const HOW_TO_USE: &str = "\
# As it stands, this script changes nothing: it shows what the cmdlets would do (-WhatIf). Read it to its end, then
# set $Apply to $true, and each switch whose steps you want. What you leave at $false is passed over with a word, and
# so is what waits for it.
#
# A step that belongs on one server runs only there: take this script to each of them, with the numbers of the steps
# that are done in $Done. The last line prints them.
#
# A letter that is not ASCII is written as [char]0xFC in commands and as \\u{fc} in comments.

";

/// The switches that the plan needs, all of them off.
fn switches(plan: &Plan, script: &mut String) {
    script.push_str(HOW_TO_USE);
    let mut line = |variable: &str, value: &str, meaning: &str| {
        let _ = writeln!(script, "{:<32}# {meaning}", format!("{variable} = {value}"));
    };
    line("$Apply", "$false", "$true: do it, instead of showing it");
    for switch in Switch::ALL {
        let numbered = plan.steps.iter().enumerate();
        let steps: Vec<usize> =
            numbered.filter(|(_, step)| Switch::of(&step.action) == Some(switch)).map(|(at, _)| at + 1).collect();
        if !steps.is_empty() {
            let meaning = format!("$true: {}, {}", ranges(&steps), switch.meaning());
            line(switch.variable(), "$false", &meaning);
        }
    }
    line("$Done", "@()", "the numbers of the steps that are done, as @(1; 2; 5)");
}

const PREAMBLE: &str = r"
$ErrorActionPreference = 'Stop'
$Done = @($Done)
if ($PSVersionTable.PSVersion.Major -gt 5) {
    throw 'run this in Windows PowerShell: the modules of the product and of IIS belong to it'
}
if ([System.IntPtr]::Size -eq 4) {
    throw 'run this in the Windows PowerShell of 64 bits: the other one reads and writes what IIS does not use'
}
$Module = Get-Module -ListAvailable -Name SkypeForBusiness, Lync | Select-Object -First 1
if (-not $Module) {
    throw 'neither the module SkypeForBusiness nor Lync is here: run this where the management shell is installed'
}
Import-Module -Name $Module.Name
$Network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
$Here = $Network.HostName + '.' + $Network.DomainName # this computer, as the topology names it
# Reports go to the folder that this is run in: PowerShell's own is not that of its process.
[System.Environment]::CurrentDirectory = (Get-Location -PSProvider FileSystem).ProviderPath

function Enter-Step([int]$Number, [int[]]$After = @(), [string]$On = '') {
    if ($Done -contains $Number) {
        return $false
    }
    $Missing = @($After | Where-Object { $Done -notcontains $_ })
    if ($Missing.Count -gt 0) {
        $First = ($Missing | Select-Object -First 9) -join ', '
        Write-Warning ('step {0} is passed over: it waits for {1} steps, such as {2}' -f $Number, $Missing.Count, $First)
        return $false
    }
    if ($On -and $On -ne $Here) {
        Write-Warning ('step {0} is passed over: it runs on {1}, and this is {2}' -f $Number, $On, $Here)
        return $false
    }
    return $true
}
";

const END: &str = r"
Write-Host ('$Done = @(' + ($Done -join '; ') + ')')
";

/// A step with its number and those of the steps it waits for.
struct Numbered<'p> {
    number: usize,
    of: usize,
    after: Vec<usize>,
    step: &'p Step,
}

impl Numbered<'_> {
    fn write(&self, script: &mut String) {
        let Self { number, step, .. } = self;
        self.comments(script);
        let _ = writeln!(script, "if (Enter-Step {number}{}{}) {{", self.after(), self.on());
        let _ = writeln!(script, "    if (-not $Apply) {{");
        match preview(&step.action) {
            Some(command) => {
                let _ = writeln!(script, "        {command}");
            }
            None => {
                let tool = unshown(&step.action);
                let _ = writeln!(script, "        Write-Warning 'step {number} is not shown: {tool} has no -WhatIf'");
            }
        }
        if let Some(switch) = Switch::of(&step.action) {
            let variable = switch.variable();
            let _ = writeln!(script, "    }} elseif (-not {variable}) {{");
            let _ = writeln!(script, "        Write-Warning 'step {number} is passed over: {variable} is $false'");
        }
        let _ = writeln!(script, "    }} else {{");
        self.run(script);
        let _ = writeln!(script, "        $Done += {number}");
        script.push_str("    }\n}\n");
    }

    fn comments(&self, script: &mut String) {
        let Self { number, of, step, .. } = self;
        let _ = writeln!(script, "\n# ---- Step {number} of {of} ----");
        comment("does", &sentence(step, 1), script);
        for because in &step.because {
            comment("because", because, script);
        }
        if let Some(disrupts) = &step.disrupts {
            comment("disrupts", disrupts, script);
        }
        match &step.run_on {
            RunOn::ManagementShell => comment("run on", "any computer with the management shell", script),
            RunOn::Server(server) => comment("run on", &format!("{server} itself"), script),
        }
        if !self.after.is_empty() {
            comment("after", &ranges(&self.after), script);
        }
        if let Some(switch) = Switch::of(&step.action) {
            comment("needs", &format!("{} = $true", switch.variable()), script);
        }
    }

    /// The commands as `plan` prints them, and what tells that they failed.
    fn run(&self, script: &mut String) {
        let is_test = self.step.action.kind() == StepKind::TestAssignment;
        if is_test {
            let _ =
                writeln!(script, "        $ErrorActionPreference = 'Continue' # it names every server that is invalid");
        }
        for command in commands(&self.step.action) {
            let _ = writeln!(script, "        {command}");
        }
        if is_test {
            let _ = writeln!(script, "        $ErrorActionPreference = 'Stop'");
        }
        if matches!(self.step.action.kind(), StepKind::AddSpn | StepKind::RemoveSpn) {
            let _ = writeln!(
                script,
                "        if ($LASTEXITCODE -ne 0) {{ throw 'step {} failed: setspn.exe says why' }}",
                self.number
            );
        }
    }

    fn after(&self) -> String {
        // With spaces, since `1..4` could be taken for the name of a command.
        let range = |(first, last): &(usize, usize)| match last - first {
            0 => first.to_string(),
            _ => format!("({first} .. {last})"),
        };
        match &joined(&self.after)[..] {
            [] => String::new(),
            [one] => format!(" -After {}", range(one)),
            several => format!(" -After @({})", several.iter().map(range).collect::<Vec<_>>().join("; ")),
        }
    }

    fn on(&self) -> String {
        match &self.step.run_on {
            RunOn::ManagementShell => String::new(),
            RunOn::Server(server) => format!(" -On {}", quote(server.as_str())),
        }
    }
}

/// What a step without a preview is done with.
fn unshown(action: &Action) -> &'static str {
    match action {
        Action::RemoveSpn { .. } | Action::AddSpn { .. } => "setspn.exe",
        Action::SetIis { .. } => "Microsoft.Web.Administration",
        _ => "Test-CsKerberosAccountAssignment",
    }
}
