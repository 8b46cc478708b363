//! A PowerShell text as the grammar of tree-sitter-powershell reads it, for tests: no engine is needed for that.

use std::collections::BTreeSet;
use tree_sitter::{Node, Parser, Tree};

/// A script with its syntax tree.
pub(crate) struct Script<'s> {
    text: &'s str,
    tree: Tree,
}

impl<'s> Script<'s> {
    /// Reads a script; fails where it is not PowerShell.
    pub(crate) fn read(text: &'s str) -> Self {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        let script = Self { text, tree: parser.parse(text, None).unwrap() };
        let mut broken = Vec::new();
        each(script.root(), &mut |node| {
            if node.is_error() || node.is_missing() {
                broken.push(format!("{} at {:?}", node.kind(), node.start_position()));
            }
        });
        assert!(broken.is_empty(), "{broken:?} in\n{text}");
        script
    }

    pub(crate) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(crate) fn text(&self, node: Node<'_>) -> &'s str {
        &self.text[node.byte_range()]
    }

    /// The text of every node of that kind.
    pub(crate) fn all(&self, kind: &str) -> BTreeSet<&'s str> {
        let mut all = BTreeSet::new();
        each(self.root(), &mut |node| {
            if node.kind() == kind {
                all.insert(self.text(node));
            }
        });
        all
    }

    /// What a script of 3.0 cannot have: new statements, operators and the like.
    pub(crate) fn check_nothing_is_newer_than_3(&self) {
        let statements = [
            "pipeline_chain_tail",
            "class_statement",
            "enum_statement",
            "data_statement",
            "parallel_statement",
            "invokation_foreach_expression",
            "ternary_expression",
        ];
        for newer in statements {
            assert_eq!(self.all(newer), BTreeSet::new(), "{newer}");
        }
        assert!(
            !self.all("member_name").iter().any(|name| name.eq_ignore_ascii_case("new")),
            "[type]::new() is of 5.0"
        );
        for operator in self.all("comparison_operator") {
            assert!(!["-shl", "-shr"].contains(&operator.to_ascii_lowercase().as_str()), "{operator}");
        }
        let code = || self.text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for operator in ["??", "?.", "?["] {
            let meant = |line: &str| line.contains("(?") || line.contains('\'');
            assert!(code().filter(|line| line.contains(operator)).all(meant), "{operator}");
        }
    }
}

/// The node, and all below it.
pub(crate) fn each<'t>(node: Node<'t>, visit: &mut dyn FnMut(Node<'t>)) {
    visit(node);
    for child in children(node) {
        each(child, visit);
    }
}

/// The nodes of that kind below, not those below one of them.
pub(crate) fn found<'t>(node: Node<'t>, kind: &str) -> Vec<Node<'t>> {
    let below = |child: Node<'t>| if child.kind() == kind { vec![child] } else { found(child, kind) };
    children(node).into_iter().flat_map(below).collect()
}

pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}
