//! How a PowerShell is started: by itself here, or through ssh on another machine.
//!
//! The command line has only a short bootstrap, which is the same whatever is called: it reads the script from
//! standard input, compares its digest, and runs it. So neither the longest command line of Windows (32,767
//! characters, and 8,191 through cmd.exe, ssh's usual shell there) nor a quoting rule is met, and the script need not
//! be on the other machine.
//!
//! `-InputFormat None`: with another format PowerShell itself reads standard input, and would take requests away
//! (its source, `Executor.ExecuteCommandAsyncHelper`). So does a PowerShell that is ssh's default shell there, in which
//! ours is started, and which nobody tells otherwise: that is noticed by the digest, or by the greeting that does not
//! come. \[inferred\]

use crate::live::scripts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::{Command, Stdio};

/// How to start a PowerShell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launch {
    /// This program, on this machine: `powershell.exe`, `pwsh`, or the path of one.
    Here(String),
    /// On another machine. Whether its logon is passed on to the next one is ssh's business: by password or with a
    /// delegated ticket it is, by key it is not.
    Ssh {
        /// `user@host`, or a name of ssh's own configuration.
        destination: String,
        /// The program there.
        program: String,
    },
}

impl Launch {
    /// The usual PowerShell of this system: the product's modules belong to Windows PowerShell.
    pub const USUAL: &str = if cfg!(windows) { "powershell.exe" } else { "pwsh" };

    /// What is started, for people.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Here(program) => program.clone(),
            Self::Ssh { destination, program } => format!("ssh {destination} {program}"),
        }
    }

    pub(super) fn command(&self, marker: &str) -> Command {
        let mut command = match self {
            Self::Here(program) => Command::new(program),
            Self::Ssh { destination, program } => {
                let mut command = Command::new("ssh");
                // Neither a password nor an unknown host can be asked about, and no terminal changes what passes. A
                // connection that is gone is noticed while a call is waited for, and not when its time is over.
                command.args(["-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=30", "--", destination, program]);
                command
            }
        };
        command.args(["-NoLogo", "-NoProfile", "-NonInteractive", "-InputFormat", "None", "-OutputFormat", "Text"]);
        command.args(["-ExecutionPolicy", "Bypass", "-EncodedCommand", &encoded(&bootstrap(marker))]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        by_itself(&mut command);
        command
    }
}

/// Keeps the keyboard's Ctrl-C from the process: it ends the run after what is running, which is to end by itself.
#[cfg(unix)]
fn by_itself(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Gives the process a console of its own, which nobody sees: neither Ctrl-C nor the closing of our window ends what is
/// running, and its code page is not ours.
#[cfg(windows)]
fn by_itself(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

/// What goes in before the first request: the script, and the marker in a line by itself.
pub(super) fn preamble(marker: &str) -> String {
    format!("{}{marker}\n", scripts::bridge())
}

/// A word that nothing else writes: it tells replies from whatever else appears on standard output.
pub(super) fn marker() -> String {
    let mut word = String::from("cskerb-");
    for _ in 0..2 {
        // Each state has its own random keys.
        let _ = write!(word, "{:016x}", RandomState::new().build_hasher().finish());
    }
    word
}

/// The bootstrap, for whatever version there is: 2.0 has to read it too, to say that it is too old. Its digest is that of
/// Windows itself: where only validated algorithms are allowed (FIPS), .NET refuses its own.
///
/// Started from PowerShell 7, Windows PowerShell inherits its modules, and cannot load those in which its own commands are
/// then found \[seen: PowerShell/PowerShell issues 7324, 20804 and 27774\]: its own folder goes first.
///
/// It has a scope of its own: what it sets in the outermost one would hold within the product's module too. A language
/// mode that is constrained, by a policy of the machine's, lets nothing of it be called.
fn bootstrap(marker: &str) -> String {
    let digest = Sha256::digest(scripts::bridge().as_bytes()).iter().fold(String::new(), |mut digest, byte| {
        let _ = write!(digest, "{byte:02X}");
        digest
    });
    format!(
        "&{{$ErrorActionPreference='Stop'
$ProgressPreference='SilentlyContinue'
if($PSVersionTable.PSVersion.Major -lt 3){{[Console]::Error.WriteLine('it is version ' + $PSVersionTable.PSVersion + ', and 3.0 or later is needed');exit 2}}
if($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage'){{throw 'full language mode is needed (AppLocker, WDAC)'}}
if($PSVersionTable.PSVersion.Major -lt 6){{$env:PSModulePath=\"$PSHOME\\Modules;$env:PSModulePath\"}}
$b=New-Object System.Text.StringBuilder
while(($l=[Console]::In.ReadLine()) -cne '{marker}'){{if($null -eq $l){{exit 3}};[void]$b.Append($l).Append([char]10)}}
$t=$b.ToString()
$s=New-Object Security.Cryptography.SHA256CryptoServiceProvider
$h=[BitConverter]::ToString($s.ComputeHash([Text.Encoding]::UTF8.GetBytes($t))).Replace('-','')
if($h -cne '{digest}'){{[Console]::Error.WriteLine('the script did not arrive as it was sent: is cmd.exe the default shell of ssh there?');exit 4}}
& ([scriptblock]::Create($t)) '{marker}'}}
"
    )
}

/// Base64 of UTF-16LE, as -EncodedCommand takes it.
fn encoded(text: &str) -> String {
    BASE64.encode(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Script;

    #[test]
    fn the_command_line_is_short_enough_for_ssh_into_cmd_exe() {
        let launch =
            Launch::Ssh { destination: "op@fe01.contoso.com".to_owned(), program: "powershell.exe".to_owned() };
        let command = launch.command(&marker());
        let length: usize = command.get_args().map(|argument| argument.len() + 1).sum();
        assert!(length < 4000, "{length}");
    }

    #[test]
    fn what_is_sent_is_ascii_in_lines() {
        let marker = marker();
        assert_eq!(marker.len(), "cskerb-".len() + 32);
        assert_ne!(marker, super::marker());
        let sent = preamble(&marker);
        assert!(sent.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)));
        assert!(sent.ends_with(&format!("}}\n{marker}\n")));
        assert!(sent.lines().all(|line| line.len() < 250));
    }

    #[test]
    fn the_bootstrap_is_power_shell_and_nothing_in_it_is_newer_than_3() {
        Script::read(&bootstrap(&marker())).check_nothing_is_newer_than_3();
    }

    /// New-Object is a command of a module, too.
    #[test]
    fn the_bootstrap_finds_its_own_modules_before_it_needs_one() {
        let text = bootstrap(&marker());
        let script = Script::read(&text);
        let set = text.find(r#"{$env:PSModulePath="$PSHOME\Modules;$env:PSModulePath"}"#).unwrap();
        for command in crate::grammar::found(script.root(), "command_name") {
            assert!(set < command.start_byte(), "{}", script.text(command));
        }
    }

    /// What is set in the outermost scope holds in the product's module.
    #[test]
    fn the_bootstrap_has_a_scope_of_its_own() {
        let text = bootstrap(&marker());
        let script = Script::read(&text);
        let [outermost] = crate::grammar::found(script.root(), "statement_list")[..] else { panic!("{text}") };
        let [only] = crate::grammar::children(outermost)[..] else { panic!("{text}") };
        assert!(script.text(only).starts_with("&{") && script.text(only).ends_with('}'), "{text}");
    }

    /// Every call of this program is on the script's list, with each argument that it may give.
    #[test]
    fn the_script_knows_every_call_and_argument() {
        let lists: Vec<String> = scripts::bridge().lines().map(|line| line.trim().replace(' ', "")).collect();
        for (call, arguments) in super::super::call::every_call() {
            let entry = lists.iter().find(|line| line.starts_with(&format!("'{call}'=@(")));
            let entry = entry.unwrap_or_else(|| panic!("{call} is not on the list"));
            for argument in arguments {
                assert!(entry.contains(&format!("'{argument}'")), "{call} {argument}: {entry}");
            }
        }
    }
}
