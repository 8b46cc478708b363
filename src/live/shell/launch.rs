//! How a PowerShell is started: by itself here, or through ssh on another machine.
//!
//! The command line has only a short bootstrap, which is the same whatever is called: it reads the script from
//! standard input, compares its digest, and runs it. So neither the longest command line of Windows (32,767
//! characters, and 8,191 through cmd.exe, ssh's usual shell there) nor a quoting rule is met, and the script need not
//! be on the other machine.
//!
//! `-InputFormat None`: with another format PowerShell itself reads standard input, and would take requests away
//! (its source, `Executor.ExecuteCommandAsyncHelper`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::{Command, Stdio};

/// The script, in which the functions that read have their place.
const SCRIPT: &str = include_str!("../scripts/bridge.ps1");

/// The functions that read; the script that collects by hand has them too.
const FUNCTIONS: &str = include_str!("../scripts/collect.ps1");

/// How to start a PowerShell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launch {
    /// This program, on this machine: `powershell.exe`, `pwsh`, or the path of one.
    Here(String),
    /// On another machine, with a full logon there.
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
                // Neither a password nor an unknown host can be asked about, and no terminal changes what passes.
                command.args(["-T", "-o", "BatchMode=yes", "--", destination, program]);
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

/// Keeps the keyboard's Ctrl-C from the process: it ends the run after what is running, which is to end by itself.
#[cfg(windows)]
fn by_itself(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

/// What goes in before the first request: the script, and the marker in a line by itself.
pub(super) fn preamble(marker: &str) -> String {
    format!("{}{marker}\n", script())
}

/// The script with plain line ends, whatever the checkout has made of them.
fn script() -> String {
    let whole = SCRIPT.replace("#COLLECT#", FUNCTIONS);
    whole.lines().fold(String::with_capacity(whole.len()), |mut script, line| {
        script.push_str(line);
        script.push('\n');
        script
    })
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

/// The bootstrap, for whatever version there is: 2.0 has to read it too, to say that it is too old.
fn bootstrap(marker: &str) -> String {
    let digest = Sha256::digest(script().as_bytes()).iter().fold(String::new(), |mut digest, byte| {
        let _ = write!(digest, "{byte:02X}");
        digest
    });
    format!(
        "$ErrorActionPreference='Stop'
$ProgressPreference='SilentlyContinue'
if($PSVersionTable.PSVersion.Major -lt 3){{[Console]::Error.WriteLine('it is version ' + $PSVersionTable.PSVersion + ', and 3.0 or later is needed');exit 2}}
$b=New-Object System.Text.StringBuilder
while(($l=[Console]::In.ReadLine()) -cne '{marker}'){{if($null -eq $l){{exit 3}};[void]$b.Append($l).Append([char]10)}}
$t=$b.ToString()
$h=[BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash([Text.Encoding]::UTF8.GetBytes($t))).Replace('-','')
if($h -cne '{digest}'){{[Console]::Error.WriteLine('the script did not arrive as it was sent');exit 4}}
& ([scriptblock]::Create($t)) '{marker}'
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

    /// The syntax tree of a script; fails where it is not PowerShell.
    fn parsed(text: &str) -> tree_sitter::Tree {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        let tree = parser.parse(text, None).unwrap();
        each(tree.root_node(), &mut |node| {
            assert!(!node.is_error() && !node.is_missing(), "{} at {:?}", node.kind(), node.start_position());
        });
        tree
    }

    fn each<'t>(node: tree_sitter::Node<'t>, visit: &mut dyn FnMut(tree_sitter::Node<'t>)) {
        visit(node);
        for child in node.children(&mut node.walk()).collect::<Vec<_>>() {
            each(child, visit);
        }
    }

    /// What a script of 3.0 cannot have: new statements, operators, methods of types, cmdlets and parameters.
    fn check_nothing_is_newer_than_3(text: &str) {
        let tree = parsed(text);
        let kinds = [
            "pipeline_chain_tail",
            "class_statement",
            "enum_statement",
            "data_statement",
            "parallel_statement",
            "invokation_foreach_expression",
            "ternary_expression",
        ];
        let cmdlets = ["get-ciminstance", "write-information", "get-filehash", "convertfrom-string", "expand-archive"];
        let parameters =
            ["-ashashtable", "-parallel", "-noenumerate", "-raw", "-nonewline", "-sshtransport", "-hostname"];
        each(tree.root_node(), &mut |node| {
            let part = text[node.byte_range()].to_ascii_lowercase();
            assert!(!kinds.contains(&node.kind()), "{part}");
            match node.kind() {
                "command_name" => assert!(!cmdlets.contains(&part.as_str()) && part != "using", "{part}"),
                "command_parameter" => assert!(!parameters.contains(&part.as_str()), "{part}"),
                "member_name" => assert!(part != "new", "[type]::new() is of 5.0"),
                "comparison_operator" => assert!(!["-shl", "-shr"].contains(&part.as_str()), "{part}"),
                _ => {}
            }
        });
        for operator in ["??", "?.", "?["] {
            let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            assert!(
                code.filter(|line| line.contains(operator)).all(|line| line.contains("(?") || line.contains('\'')),
                "{operator}"
            );
        }
    }

    #[test]
    fn the_scripts_are_power_shell_and_nothing_in_them_is_newer_than_3() {
        check_nothing_is_newer_than_3(&script());
        check_nothing_is_newer_than_3(&bootstrap(&marker()));
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/powershell");
        for module in ["modules", "lab"] {
            let path = folder.join(module).join("SkypeForBusiness/SkypeForBusiness.psm1");
            check_nothing_is_newer_than_3(&std::fs::read_to_string(path).unwrap());
        }
    }

    /// Every call of this program is on the script's list, with each argument that it may give.
    #[test]
    fn the_script_knows_every_call_and_argument() {
        let lists: Vec<String> = script().lines().map(|line| line.trim().replace(' ', "")).collect();
        for (call, arguments) in super::super::call::every_call() {
            let entry = lists.iter().find(|line| line.starts_with(&format!("'{call}'=@(")));
            let entry = entry.unwrap_or_else(|| panic!("{call} is not on the list"));
            for argument in arguments {
                assert!(entry.contains(&format!("'{argument}'")), "{call} {argument}: {entry}");
            }
        }
    }
}
