//! What reading the scripts has found to go wrong, and only somewhere: in PowerShell 7, in another code page, in a
//! session, where a name is not known. Each class of fault stays mended.

use super::{bridge, functions, standalone};
use crate::grammar::{Script, children, each, found};
use crate::live::shell::Category;
use tree_sitter::Node;

/// The text of that function.
fn function<'s>(script: &Script<'s>, name: &str) -> &'s str {
    let all = found(script.root(), "function_statement");
    let is_it = |function: &Node<'_>| script.text(found(*function, "function_name")[0]) == name;
    script.text(all.into_iter().find(is_it).unwrap_or_else(|| panic!("no {name}")))
}

/// The commands that a node stands in, the innermost first.
fn around(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(node.parent(), Node::parent).filter(|node| node.kind() == "command")
}

/// PowerShell 7 runs the product's cmdlets in a Windows PowerShell of its own. There an error that is to be passed over
/// in silence is never sent, so that a variable for errors stays empty; one that ends the cmdlet there only stands among
/// the errors here; and a preference of the script holds for none of it.
#[test]
fn no_error_of_a_cmdlet_that_runs_in_another_process_is_lost() {
    for (text, expected) in [(standalone(), 5), (bridge(), 1)] {
        let script = Script::read(&text);
        let mut asked = 0;
        each(script.root(), &mut |node| {
            if node.kind() != "command" {
                return;
            }
            let (whole, own) = (script.text(node), functions(&script));
            let parameters = found(node, "command_parameter");
            let parameters: Vec<&str> = parameters.into_iter().map(|parameter| script.text(parameter)).collect();
            assert!(!parameters.contains(&"-ErrorVariable"), "{whole}");
            let name = found(node, "command_name").first().map(|name| script.text(*name)).unwrap_or_default();
            if !name.contains("-Cs") && !whole.starts_with("& $Command ") {
                return;
            }
            asked += 1;
            let read = |of: Node<'_>| script.text(of).starts_with("Read-Product ") && own.contains("Read-Product");
            if around(node).any(read) {
                return;
            }
            assert!(whole.contains(" -ErrorAction Continue "), "{whole}");
            assert!(whole.contains("2>&1") || whole.contains("*>&1"), "{whole}");
        });
        assert_eq!(asked, expected);
    }
    let text = standalone();
    let read = function(&Script::read(&text), "Read-Product").to_owned();
    assert!(read.contains("& $Read 2>&1 |") && read.contains("throw $_"), "{read}");
}

/// What runs in a session runs in its outermost scope, which the product's module sees: preferences and functions of ours
/// are not for that.
#[test]
fn what_a_session_is_given_has_a_scope_of_its_own() {
    let text = bridge();
    let script = Script::read(&text);
    let assignment = |name: &str| {
        let all = found(script.root(), "assignment_expression");
        all.into_iter().map(|it| script.text(it)).find(|it| it.starts_with(name)).unwrap()
    };
    let (before, after) = assignment("$Sent = ").split_once("$Worker.ToString()").unwrap();
    let literal = |text: &str| {
        let quoted = text.split('"').nth(1).unwrap_or_default();
        quoted.replace("`n", "\n").replace("`$", "$")
    };
    let worker = assignment("$Worker = ").strip_prefix("$Worker = {").unwrap().strip_suffix('}').unwrap();
    let sent = format!("{}{worker}{}", literal(before), literal(after));
    let sent = Script::read(&sent);
    let statements = found(sent.root(), "statement_list");
    let [outermost] = &statements[..] else { panic!("{} lists", statements.len()) };
    let outermost: Vec<&str> = children(*outermost).into_iter().map(|node| sent.text(node)).collect();
    let [only] = &outermost[..] else { panic!("{} statements", outermost.len()) };
    assert!(only.starts_with("& {\n") && only.ends_with("\n} $Line"));
    each(script.root(), &mut |node| {
        if node.kind() == "command" && script.text(node).contains("-ScriptBlock") {
            assert!(!script.text(node).contains("-ScriptBlock $Worker"), "{}", script.text(node));
        }
    });
}

/// A name that is not known takes seconds until that is said; those that were asked before and after it have all of
/// their time nevertheless.
#[test]
fn nobody_is_timed_for_what_another_waits_for() {
    let text = bridge();
    let reach = function(&Script::read(&text), "Get-Reach").to_owned();
    let at = |words: &str| reach.find(words).unwrap_or_else(|| panic!("{words}: {reach}"));
    assert!(at("Start-Reaching ") < at("::StartNew()"), "{reach}");
}

/// JSON with half of a pair of surrogates is refused here, and a whole answer with it.
#[test]
fn an_answer_has_no_half_letter() {
    assert!(serde_json::from_str::<String>(r#""\ud83d""#).is_err());
    let text = bridge();
    let json = function(&Script::read(&text), "ConvertTo-JsonString").to_owned();
    let (before, _) = json.split_once("[regex]::Replace(").unwrap();
    assert!(before.contains("UTF8.GetString([System.Text.Encoding]::UTF8.GetBytes($Escaped))"), "{json}");
}

/// WinRM tells a wrong key, a missing logon and a missing SPN by one code, and which it was in its message; where access
/// is denied its code is the bare one of Windows. What to do about them is told by their HRESULT.
#[test]
fn codes_are_those_that_hints_are_given_for() {
    let text = bridge();
    let code = function(&Script::read(&text), "Get-Code").to_owned();
    let base = code.split("[uint32](").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert_eq!(base.parse::<u32>().unwrap() + 5, 0x8007_0005, "E_ACCESSDENIED");
    let winrm = format!("{:X}", -2_144_108_387_i32); // of a Kerberos error
    let facility = code.split("$Vague = ").nth(1).and_then(|rest| rest.split('\'').nth(3)).unwrap();
    assert!(winrm.starts_with(facility), "{winrm} {facility}");
    for named in ["'ErrorCode'", "'NativeErrorCode'", "if ($Vague -and "] {
        assert!(code.contains(named), "{named}: {code}");
    }
}

/// The words that a cmdlet shows may be others than those of its exception, and either may name the server.
#[test]
fn an_error_is_told_in_all_of_its_words() {
    let text = bridge();
    let told = function(&Script::read(&text), "ConvertFrom-ErrorRecord").to_owned();
    assert!(
        told.contains("$Message = [string]$Record") && told.contains("$Message = $Thrown + ' ' + $Message"),
        "{told}"
    );
    assert!(told.contains("$Told.message = Limit-Text (Remove-Secret $Message)"), "{told}");
}

/// A cmdlet warns that its report lies where it was told to write it, and it is taken away from there.
#[test]
fn nobody_is_sent_to_a_folder_that_is_gone() {
    let text = bridge();
    let report = function(&Script::read(&text), "Add-Report").to_owned();
    let (named, gone) =
        (report.find(".Replace($Place, '')"), report.find("[System.IO.Directory]::Delete($Folder, $true)"));
    assert!(named.zip(gone).is_some_and(|(named, gone)| named < gone), "{report}");
}

/// IIS refuses to write what somebody else has written meanwhile: that passes, and is worth another attempt.
#[test]
fn a_configuration_that_somebody_else_writes_is_busy() {
    let text = bridge();
    let set = function(&Script::read(&text), "Set-Authentication").to_owned();
    let (_, caught) = set.split_once("$Manager.CommitChanges()\n").unwrap();
    let busy = caught.find("[System.IO.FileLoadException]").zip(caught.find("'ResourceBusy'"));
    assert!(busy.is_some_and(|(kind, busy)| kind < busy), "{set}");
    assert_eq!(Category::from_name("ResourceBusy"), Category::Unavailable);
}

/// A controller gives 1,500 values at once, and the rest under another name: they are not taken for none.
#[test]
fn more_values_than_are_given_at_once_are_not_none() {
    let text = bridge();
    let values = function(&Script::read(&text), "Get-Values").to_owned();
    let (before, _) = values.split_once("return").unwrap();
    assert!(before.contains("';range='") && before.contains("throw "), "{values}");
}

/// `$` also matches before a line end that ends the text.
#[test]
fn what_is_matched_whole_is_matched_to_its_very_end() {
    for text in [bridge(), standalone()] {
        let script = Script::read(&text);
        let patterns = script.all("verbatim_string_characters");
        let open: Vec<_> = patterns.iter().filter(|it| it.starts_with("'^") && it.ends_with("$'")).collect();
        assert!(open.is_empty(), "end with \\z: {open:?}");
    }
}

/// The folder is read only if every account and every SPN in it is one: what was typed is looked at first.
#[test]
fn what_nobody_could_read_again_is_refused_before_anything_is_collected() {
    let text = standalone();
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}"));
    for refusal in ["is no account: ", "is no service principal name: "] {
        assert!(at(refusal) < at("CreateDirectory($Out)"), "{refusal}");
    }
    let clusters = function(&Script::read(&text), "Get-WebCluster").to_owned();
    assert!(clusters.contains("$_.Value.Trim() } | Where-Object { $_ }"), "an empty name is none: {clusters}");
    assert!(clusters.contains("$Machine = $Fqdn"), "a machine without a name has its cluster's: {clusters}");
}

/// What others write to the output arrives in UTF-8; the script sets that before anybody writes.
#[test]
fn letters_that_others_write_arrive() {
    let text = bridge();
    let set = text.find("[System.Console]::OutputEncoding = New-Object System.Text.UTF8Encoding($false)");
    let first = text.find("\nWrite-Line ").unwrap();
    assert!(set.is_some_and(|set| set < first));
    assert!(!text.contains("[System.Console]::InputEncoding"), "requests that were read ahead would be lost");
}
