//! The PowerShell commands of a step, for people: made from its arguments, never the other way round.
//!
//! They are Windows PowerShell 3.0 and pure ASCII, whatever the names are: [`quote`] says why.

use super::{Action, LocationChange, StepId};
use crate::model::{Digest, Setting};

/// The commands of a step.
pub fn commands(action: &Action) -> Vec<String> {
    match action {
        Action::RemoveSpn { spn, holder } => vec![setspn("-D", spn.as_str(), holder.as_str())],
        Action::AddSpn { spn, account } => vec![setspn("-S", spn.as_str(), account.as_str())],
        Action::SetIis { locations, .. } => locations.iter().map(set_location).collect(),
        Action::TestAssignment { site } => {
            let site = quote(&site.identity());
            vec![format!("Test-CsKerberosAccountAssignment -Identity {site}{} -Verbose", report(action))]
        }
        Action::EnableTopology { .. }
        | Action::CreateAccount { .. }
        | Action::RotatePassword { .. }
        | Action::CopyConfiguration { .. } => {
            vec![format!("{}{} -Confirm:$false", cmdlet(action).unwrap_or_default(), report(action))]
        }
        Action::AssignAccount { .. } | Action::ReassignAccount { .. } | Action::UnassignAccount { .. } => {
            vec![format!("{} -Confirm:$false", cmdlet(action).unwrap_or_default())]
        }
    }
}

/// What shows the effect of the commands without having it; `None` where there is no such thing:
/// Test-CsKerberosAccountAssignment, setspn.exe and Microsoft.Web.Administration know no -WhatIf.
pub(crate) fn preview(action: &Action) -> Option<String> {
    cmdlet(action).map(|cmdlet| format!("{cmdlet} -WhatIf"))
}

/// The cmdlet of a step that can be confirmed and previewed, with the parameters that say what it does.
fn cmdlet(action: &Action) -> Option<String> {
    Some(match action {
        Action::CreateAccount { account, container } => {
            let container = container.as_ref().map(|dn| format!(" -ContainerDN {}", quote(dn.as_str())));
            let account = quote(account.as_str());
            format!("New-CsKerberosAccount -UserAccount {account}{}", container.unwrap_or_default())
        }
        Action::AssignAccount { site, account } => {
            let (site, account) = (quote(&site.identity()), quote(account.as_str()));
            format!("New-CsKerberosAccountAssignment -Identity {site} -UserAccount {account}")
        }
        Action::ReassignAccount { site, to, .. } => {
            let (site, account) = (quote(&site.identity()), quote(to.as_str()));
            format!("Set-CsKerberosAccountAssignment -Identity {site} -UserAccount {account}")
        }
        Action::UnassignAccount { site, .. } => {
            format!("Remove-CsKerberosAccountAssignment -Identity {}", quote(&site.identity()))
        }
        Action::EnableTopology { .. } => "Enable-CsTopology".to_owned(),
        Action::RotatePassword { account } => {
            format!("Set-CsKerberosAccountPassword -UserAccount {}", quote(account.as_str()))
        }
        Action::CopyConfiguration { from, to, .. } => {
            let (from, to) = (quote(from.as_str()), quote(to.as_str()));
            format!("Set-CsKerberosAccountPassword -FromComputer {from} -ToComputer {to}")
        }
        Action::RemoveSpn { .. } | Action::AddSpn { .. } | Action::SetIis { .. } | Action::TestAssignment { .. } => {
            return None;
        }
    })
}

fn report(action: &Action) -> String {
    format!(" -Report {}", quote(&report_name(&action.id())))
}

/// The report's file name: the step's id with what a file name cannot have replaced. A name that is long or not ASCII
/// gets a digest too, since two such names may become the same.
pub(crate) fn report_name(id: &StepId) -> String {
    const LONGEST: usize = 100;
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let stem: String = id.as_str().chars().take(LONGEST).map(safe).collect();
    if id.as_str().is_ascii() && id.as_str().len() <= LONGEST {
        return format!("{stem}.html");
    }
    let digest: String = Digest::of(id.as_str().as_bytes()).to_string().chars().skip("sha256:".len()).take(8).collect();
    format!("{stem}-{digest}.html")
}

/// setspn.exe with an SPN and an account.
///
/// Windows PowerShell puts quotation marks around an argument with white space, and escapes nothing in it, so a
/// program may see other arguments than were written (`about_Parsing`; mended in PowerShell 7.3) [doc]. No name that
/// Windows allows for an account needs that, and one that does is not passed on.
pub(crate) fn setspn(switch: &str, spn: &str, account: &str) -> String {
    let as_one_argument = |text: &str| {
        !text.is_empty()
            && !text.starts_with(['-', '/'])
            && !text.ends_with('\\')
            && !text.contains(|c: char| c == '"' || c.is_whitespace() || c.is_control())
    };
    if as_one_argument(spn) && as_one_argument(account) {
        return format!("setspn.exe {switch} {} {}", quote(spn), quote(account));
    }
    let why = format!(
        "setspn.exe {switch}: the SPN {spn} or the account {account} cannot be passed to a program as one argument"
    );
    format!("throw {}", quote(&why))
}

/// One location, committed at once.
///
/// `GetSection(section, location)` of applicationHost.config reads and writes the `<location>` block of that path, and
/// `Clear()` writes `<clear/>`, so that nothing is inherited [doc: iis/configuration, `windowsAuthentication` and its
/// providers, "Sample Code"]. The assembly belongs to IIS and is not loaded by itself.
fn set_location(change: &LocationChange) -> String {
    let mut script = vec![
        r#"Add-Type -Path "$env:windir\System32\inetsrv\Microsoft.Web.Administration.dll""#.to_owned(),
        "$m = New-Object Microsoft.Web.Administration.ServerManager".to_owned(),
        format!(
            "$s = $m.GetApplicationHostConfiguration().GetSection('system.webServer/security/authentication/windowsAuthentication', {})",
            quote(change.location.as_str())
        ),
    ];
    script.extend(change.settings.iter().flat_map(|setting| set(&setting.after)));
    script.push("$m.CommitChanges()".to_owned());
    script.join("; ")
}

fn set(setting: &Setting) -> Vec<String> {
    match setting {
        Setting::Enabled(on) | Setting::UseKernelMode(on) | Setting::UseAppPoolCredentials(on) => {
            vec![format!("$s.SetAttributeValue('{}', ${on})", setting.name())]
        }
        Setting::ExtendedProtection(checking) => vec![format!(
            "$s.GetChildElement('extendedProtection').SetAttributeValue('tokenChecking', '{}')",
            checking.as_str()
        )],
        Setting::Providers(providers) => {
            let mut script = vec!["$p = $s.GetCollection('providers')".to_owned(), "$p.Clear()".to_owned()];
            for provider in providers {
                script.push("$e = $p.CreateElement('add')".to_owned());
                script.push(format!("$e.SetAttributeValue('value', {})", quote(provider.as_str())));
                script.push("[void]$p.Add($e)".to_owned());
            }
            script
        }
    }
}

/// The text as one PowerShell argument, in printable ASCII: `'pool01'`, or `('Z' + [char]0xFC + 'rich')`.
///
/// No name breaks out of it and none deceives its reader. PowerShell takes U+2018 to U+201B for single quotes too, and
/// a script without byte order mark is read in the machine's code page, in which the bytes of any other letter may be
/// such quotes. Control characters and marks of writing direction would not be seen.
pub(crate) fn quote(text: &str) -> String {
    let mut pieces: Vec<String> = Vec::new();
    let mut plain = String::new();
    for c in text.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            plain.push(c);
            continue;
        }
        // The sum begins with a string, or PowerShell would add numbers.
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(single_quoted(&plain));
            plain.clear();
        }
        let code = u32::from(c);
        pieces.push(if code > 0xFFFF {
            format!("[char]::ConvertFromUtf32(0x{code:X})")
        } else {
            format!("[char]0x{code:X}")
        });
    }
    if pieces.is_empty() {
        return single_quoted(&plain);
    }
    if !plain.is_empty() {
        pieces.push(single_quoted(&plain));
    }
    format!("({})", pieces.join(" + "))
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountName, ExtendedProtection, Principal, Provider, SettingChange};

    fn check(action: &Action, expected: &str) {
        assert_eq!(commands(action), [expected]);
    }

    fn account() -> AccountName {
        r"CONTOSO\kerbauth".parse().unwrap()
    }

    #[test]
    fn commands_have_only_the_parameters_of_their_cmdlets() {
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
            &Action::UnassignAccount { site: "O'Hare'; Stop-Computer #".parse().unwrap(), from: account() },
            "Remove-CsKerberosAccountAssignment -Identity 'site:O''Hare''; Stop-Computer #' -Confirm:$false",
        );
        check(
            &Action::EnableTopology { signature: None },
            "Enable-CsTopology -Report 'enable-topology.html' -Confirm:$false",
        );
    }

    #[test]
    fn only_cmdlets_that_change_something_have_a_preview() {
        let rotate = preview(&Action::RotatePassword { account: account() });
        assert_eq!(rotate.as_deref(), Some(r"Set-CsKerberosAccountPassword -UserAccount 'CONTOSO\kerbauth' -WhatIf"));
        assert_eq!(preview(&Action::TestAssignment { site: "Redmond".parse().unwrap() }), None);
    }

    #[test]
    fn a_location_is_one_command() {
        let change = |before, after| SettingChange { before, after };
        let location = LocationChange {
            location: "Site/ews".parse().unwrap(),
            settings: vec![
                change(Setting::UseKernelMode(true), Setting::UseKernelMode(false)),
                change(Setting::Providers(vec![]), Setting::Providers(vec![Provider::NegotiateKerberos])),
                change(
                    Setting::ExtendedProtection(ExtendedProtection::None),
                    Setting::ExtendedProtection(ExtendedProtection::Allow),
                ),
            ],
        };
        let action = Action::SetIis { server: "fe01.contoso.com".parse().unwrap(), locations: vec![location] };
        check(
            &action,
            "Add-Type -Path \"$env:windir\\System32\\inetsrv\\Microsoft.Web.Administration.dll\"; $m = New-Object \
             Microsoft.Web.Administration.ServerManager; $s = \
             $m.GetApplicationHostConfiguration().GetSection('system.webServer/security/authentication/windowsAuthentication', \
             'Site/ews'); $s.SetAttributeValue('useKernelMode', $false); $p = $s.GetCollection('providers'); $p.Clear(); \
             $e = $p.CreateElement('add'); $e.SetAttributeValue('value', 'Negotiate:Kerberos'); [void]$p.Add($e); \
             $s.GetChildElement('extendedProtection').SetAttributeValue('tokenChecking', 'Allow'); $m.CommitChanges()",
        );
    }

    #[test]
    fn a_program_is_given_only_what_arrives_as_written() {
        let remove = |holder: &str| Action::RemoveSpn {
            spn: "http/webint.contoso.com".parse().unwrap(),
            holder: Principal::new(holder),
        };
        check(&remove(r"CONTOSO\old"), r"setspn.exe -D 'http/webint.contoso.com' 'CONTOSO\old'");
        for holder in ["CONTOSO\\a b", "x\" -A http/evil y", "-A", "ends\\", "", "a\nb"] {
            let [command] = &commands(&remove(holder))[..] else { panic!("one command") };
            assert!(command.starts_with("throw "), "{holder:?}: {command}");
        }
    }

    #[test]
    fn any_text_is_one_argument_of_printable_ascii() {
        assert_eq!(quote("Redmond"), "'Redmond'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("O'Hare $x `n"), "'O''Hare $x `n'");
        assert_eq!(quote("O’Hare"), "('O' + [char]0x2019 + 'Hare')");
        assert_eq!(quote("\u{202e}é"), "('' + [char]0x202E + [char]0xE9)");
        assert_eq!(quote("a\r\n𝒳"), "('a' + [char]0xD + [char]0xA + [char]::ConvertFromUtf32(0x1D4B3))");
    }

    #[test]
    fn reports_of_different_steps_are_different_files() {
        let name = |site: &str| report_name(&Action::TestAssignment { site: site.parse().unwrap() }.id());
        assert_eq!(name("../a b"), "test_.._a_b.html");
        assert_ne!(name("東京"), name("大阪"));
        assert!(name("東京").is_ascii() && name(&"x".repeat(300)).len() < 120);
    }
}
