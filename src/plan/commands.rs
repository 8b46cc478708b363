//! The PowerShell commands of a step, for people: made from its arguments, never the other way round.

use super::{Action, LocationChange, StepId};
use crate::model::Setting;

/// The commands of a step, in Windows PowerShell 3.0 syntax.
pub fn commands(action: &Action) -> Vec<String> {
    let report = format!("-Report {}", quote(&report_name(&action.id())));
    match action {
        Action::CreateAccount { account, container } => {
            let container =
                container.as_ref().map(|dn| format!(" -ContainerDN {}", quote(dn.as_str()))).unwrap_or_default();
            vec![format!(
                "New-CsKerberosAccount -UserAccount {}{container} {report} -Confirm:$false",
                quote(account.as_str())
            )]
        }
        Action::AssignAccount { site, account } => vec![format!(
            "New-CsKerberosAccountAssignment -Identity {} -UserAccount {} -Confirm:$false",
            quote(&site.identity()),
            quote(account.as_str())
        )],
        Action::ReassignAccount { site, to, .. } => vec![format!(
            "Set-CsKerberosAccountAssignment -Identity {} -UserAccount {} -Confirm:$false",
            quote(&site.identity()),
            quote(to.as_str())
        )],
        Action::UnassignAccount { site, .. } => {
            vec![format!("Remove-CsKerberosAccountAssignment -Identity {} -Confirm:$false", quote(&site.identity()))]
        }
        Action::EnableTopology { .. } => vec![format!("Enable-CsTopology {report} -Confirm:$false")],
        Action::RemoveSpn { spn, holder } => {
            vec![format!("setspn.exe -D {} {}", quote(spn.as_str()), quote(holder.as_str()))]
        }
        Action::AddSpn { spn, account } => {
            vec![format!("setspn.exe -S {} {}", quote(spn.as_str()), quote(account.as_str()))]
        }
        Action::RotatePassword { account } => {
            vec![format!(
                "Set-CsKerberosAccountPassword -UserAccount {} {report} -Confirm:$false",
                quote(account.as_str())
            )]
        }
        Action::CopyConfiguration { from, to, .. } => vec![format!(
            "Set-CsKerberosAccountPassword -FromComputer {} -ToComputer {} {report} -Confirm:$false",
            quote(from.as_str()),
            quote(to.as_str())
        )],
        Action::SetIis { locations, .. } => locations.iter().map(set_location).collect(),
        Action::TestAssignment { site } => {
            vec![format!("Test-CsKerberosAccountAssignment -Identity {} {report} -Verbose", quote(&site.identity()))]
        }
    }
}

/// The report's file name: the step's id with what a file name cannot have replaced.
fn report_name(id: &StepId) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    format!("{}.html", id.as_str().chars().map(safe).collect::<String>())
}

/// One location, committed at once: Microsoft.Web.Administration's `windowsAuthentication` section at that path.
fn set_location(change: &LocationChange) -> String {
    let mut script = vec![
        "$m = New-Object Microsoft.Web.Administration.ServerManager".to_owned(),
        format!(
            "$s = $m.GetApplicationHostConfiguration().GetSection('system.webServer/security/authentication/windowsAuthentication', {})",
            quote(change.location.as_str())
        ),
    ];
    script.extend(change.settings.iter().map(|setting| set(&setting.after)));
    script.push("$m.CommitChanges()".to_owned());
    script.join("; ")
}

fn set(setting: &Setting) -> String {
    match setting {
        Setting::Enabled(on) | Setting::UseKernelMode(on) | Setting::UseAppPoolCredentials(on) => {
            format!("$s.SetAttributeValue('{}', ${on})", setting.name())
        }
        Setting::ExtendedProtection(checking) => format!(
            "$s.GetChildElement('extendedProtection').SetAttributeValue('tokenChecking', '{}')",
            checking.as_str()
        ),
        Setting::Providers(providers) => {
            let names: Vec<String> = providers.iter().map(|provider| quote(provider.as_str())).collect();
            format!(
                "$p = $s.GetCollection('providers'); $p.Clear(); foreach ($n in {}) {{ $e = $p.CreateElement('add'); \
                 $e.SetAttributeValue('value', $n); [void]$p.Add($e) }}",
                names.join(", ")
            )
        }
    }
}

/// A PowerShell single-quoted string: every quote that PowerShell takes for one is doubled, so no name breaks out.
///
/// Beside `'`, PowerShell takes U+2018, U+2019, U+201A and U+201B for single quotes.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(action: &Action, expected: &str) {
        assert_eq!(commands(action), [expected]);
    }

    #[test]
    fn commands_have_only_the_parameters_of_their_cmdlets() {
        let account = || r"CONTOSO\kerbauth".parse().unwrap();
        check(
            &Action::CopyConfiguration {
                account: account(),
                from: "fe01.contoso.com".parse().unwrap(),
                to: "dir01.contoso.com".parse().unwrap(),
            },
            "Set-CsKerberosAccountPassword -FromComputer 'fe01.contoso.com' -ToComputer 'dir01.contoso.com' \
             -Report 'copy_dir01.contoso.com.html' -Confirm:$false",
        );
        check(
            &Action::AssignAccount { site: "Redmond".parse().unwrap(), account: account() },
            r"New-CsKerberosAccountAssignment -Identity 'site:Redmond' -UserAccount 'CONTOSO\kerbauth' -Confirm:$false",
        );
        check(
            &Action::TestAssignment { site: "Redmond".parse().unwrap() },
            "Test-CsKerberosAccountAssignment -Identity 'site:Redmond' -Report 'test_Redmond.html' -Verbose",
        );
        check(
            &Action::UnassignAccount { site: "O’Hare'; Stop-Computer #".parse().unwrap(), from: account() },
            "Remove-CsKerberosAccountAssignment -Identity 'site:O’’Hare''; Stop-Computer #' -Confirm:$false",
        );
    }
}
