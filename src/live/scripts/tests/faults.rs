//! What reading the scripts has found to go wrong, and only somewhere: in PowerShell 7, in another code page, in a
//! session, where a name is not known. Each class of fault stays mended.

use super::{bridge, functions, standalone};
use crate::grammar::{Script, children, each, found};
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
