//! A script as the grammar of tree-sitter-powershell reads it: what it would run, and with which arguments.

use crate::grammar::{Script, children, each, found};
use std::collections::BTreeSet;
use tree_sitter::Node;

/// A script that can be played.
pub(super) struct Played<'s>(Script<'s>);

/// One command with its arguments, each as the text that the command gets.
pub(super) type Command = Vec<String>;

/// Under which circumstances a script is run.
pub(super) struct Run<'r> {
    /// The switches that were set to `$true`.
    pub(super) switches: &'r [&'r str],
    /// The computer; `None` is everywhere at once.
    pub(super) here: Option<&'r str>,
}

impl<'s> Played<'s> {
    /// Reads a script; fails where it is not PowerShell.
    pub(super) fn read(text: &'s str) -> Self {
        Self(Script::read(text))
    }

    pub(super) fn script(&self) -> &Script<'s> {
        &self.0
    }

    fn text(&self, node: Node<'_>) -> &'s str {
        self.0.text(node)
    }

    /// What a run would do, in order: commands, and calls of methods with their arguments.
    pub(super) fn run(&self, run: &Run<'_>) -> Vec<Command> {
        let (mut did, mut done) = (Vec::new(), BTreeSet::new());
        for statement in found(self.0.root(), "if_statement") {
            let condition = found(statement, "pipeline")[0];
            let Some(enter) = found(condition, "command").first().map(|command| self.command(*command)) else {
                continue; // of the preamble
            };
            assert_eq!(enter[0], "Enter-Step", "{}", self.text(condition));
            let argument = |name: &str| enter.iter().position(|word| word == name).map(|at| enter[at + 1].as_str());
            let waits = argument("-After").is_some_and(|after| !numbers(after).is_subset(&done));
            let elsewhere = argument("-On").is_some_and(|on| run.here.is_some_and(|here| here != on));
            if !waits && !elsewhere && self.branch(statement, run, &mut did) {
                done.insert(enter[1].parse().unwrap());
            }
        }
        did
    }

    /// Runs the branch of a step's inner `if` that the switches choose; whether the step is done then.
    fn branch(&self, step: Node<'_>, run: &Run<'_>, did: &mut Vec<Command>) -> bool {
        let inner = found(found(step, "statement_block")[0], "if_statement")[0];
        let mut clauses = vec![inner];
        clauses.extend(found(inner, "elseif_clause"));
        for clause in clauses {
            let condition = self.text(found(clause, "pipeline")[0]);
            let switch = condition.strip_prefix("-not ").unwrap();
            if !run.switches.contains(&switch) {
                self.did(found(clause, "statement_block")[0], did);
                return false;
            }
        }
        let block = found(found(inner, "else_clause")[0], "statement_block")[0];
        self.did(block, did);
        self.text(block).contains("$Done += ")
    }

    fn did(&self, block: Node<'_>, did: &mut Vec<Command>) {
        each(block, &mut |node| match node.kind() {
            "command" => did.push(self.command(node)),
            "invokation_expression" if !self.text(node).starts_with("[char]") => {
                let parts = children(node);
                let mut call: Command = Vec::new();
                for part in parts.into_iter().filter(|part| ["member_name", "argument_list"].contains(&part.kind())) {
                    match part.kind() {
                        "member_name" => call.push(self.text(part).to_owned()),
                        _ => call.extend(found(part, "argument_expression").into_iter().map(|of| self.value(of))),
                    }
                }
                did.push(call);
            }
            "flow_control_statement" if !self.text(node).contains("setspn.exe says why") => {
                did.push(vec!["throw".to_owned()]);
            }
            _ => {}
        });
    }

    fn command(&self, node: Node<'_>) -> Command {
        let mut words = Vec::new();
        for child in children(node) {
            match child.kind() {
                "command_elements" => {
                    let elements =
                        children(child).into_iter().filter(|element| element.kind() != "command_argument_sep");
                    words.extend(elements.map(|element| self.value(element)));
                }
                _ => words.push(self.text(child).to_owned()),
            }
        }
        words
    }

    /// What an argument comes to: strings without their quotes, sums of strings and characters added up.
    fn value(&self, node: Node<'_>) -> String {
        let text = self.text(node);
        let named: Vec<Node<'_>> = children(node).into_iter().filter(Node::is_named).collect();
        match node.kind() {
            "verbatim_string_characters" => text[1..text.len() - 1].replace("''", "'"),
            "cast_expression" if text.starts_with("[char]0x") => character(&text["[char]0x".len()..]),
            "invokation_expression" if text.starts_with("[char]::ConvertFromUtf32(0x") => {
                character(text["[char]::ConvertFromUtf32(0x".len()..].trim_end_matches(')'))
            }
            "additive_expression" if named.len() > 1 => named.iter().map(|part| self.value(*part)).collect(),
            "expandable_string_literal" => text.to_owned(),
            _ if named.len() == 1 => self.value(named[0]),
            _ => text.to_owned(),
        }
    }
}

fn character(hexadecimal: &str) -> String {
    char::from_u32(u32::from_str_radix(hexadecimal, 16).unwrap()).unwrap().to_string()
}

/// `8`, `(1 .. 4)`, `@((1 .. 2); 5)`.
fn numbers(after: &str) -> BTreeSet<usize> {
    let joined = after.replace(" .. ", "..");
    let ranges = joined.split([';', '@', '(', ')', ' ']).filter(|part| !part.is_empty());
    ranges
        .flat_map(|range| {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            first.parse::<usize>().unwrap()..=last.parse::<usize>().unwrap()
        })
        .collect()
}
