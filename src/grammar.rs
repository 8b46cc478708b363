//! A PowerShell text as the grammar of tree-sitter-powershell reads it, for tests: no engine is needed for that.

use std::collections::{BTreeMap, BTreeSet};
use tree_sitter::{Node, Parser, Tree};

/// A script with its syntax tree.
pub(crate) struct Script<'s> {
    text: &'s str,
    tree: Tree,
    /// The texts of all nodes, by the number of their kind.
    kinds: BTreeMap<u16, BTreeSet<&'s str>>,
}

impl<'s> Script<'s> {
    /// Reads a script; fails where it is not PowerShell.
    pub(crate) fn read(text: &'s str) -> Self {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        let tree = parser.parse(text, None).unwrap();
        let (mut broken, mut kinds) = (Vec::new(), BTreeMap::<_, BTreeSet<_>>::new());
        each(tree.root_node(), &mut |node| {
            if node.is_error() || node.is_missing() {
                broken.push(format!("{} at {:?}", node.kind(), node.start_position()));
            }
            kinds.entry(node.kind_id()).or_default().insert(&text[node.byte_range()]);
        });
        assert!(broken.is_empty(), "{broken:?} in\n{text}");
        Self { text, tree, kinds }
    }

    pub(crate) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(crate) fn text(&self, node: Node<'_>) -> &'s str {
        &self.text[node.byte_range()]
    }

    /// The text of every node of that kind.
    pub(crate) fn all(&self, kind: &str) -> BTreeSet<&'s str> {
        let language = self.tree.language();
        let of_kind = self.kinds.iter().filter(|(id, _)| language.node_kind_for_id(**id) == Some(kind));
        of_kind.flat_map(|(_, texts)| texts).copied().collect()
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
        for newer in NEWER_THAN_3 {
            for kind in ["command_name", "command_parameter", "variable"] {
                let is_it = |text: &&str| text.eq_ignore_ascii_case(newer);
                assert!(!self.all(kind).iter().any(is_it), "{newer}");
            }
        }
        each(self.root(), &mut |node| {
            let method = children(node).into_iter().find(|child| child.kind() == "member_name");
            let method = method.filter(|_| node.kind() == "invokation_expression").map(|name| self.text(name));
            let newer = method.is_some_and(|name| ["where", "foreach"].contains(&&*name.to_ascii_lowercase()));
            assert!(!newer, "methods of every list are of 4.0: {}", self.text(node));
        });
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

/// Cmdlets, parameters and variables that a script of 3.0 might be thought to have.
#[rustfmt::skip]
const NEWER_THAN_3: &[&str] = &[
    // Cmdlets of 4.0 and later.
    "Get-FileHash", "Compress-Archive", "Expand-Archive", "ConvertFrom-String", "Convert-String", "Get-Clipboard", "Set-Clipboard",
    "Format-Hex", "Import-PowerShellDataFile", "New-Guid", "New-TemporaryFile", "Write-Information", "Join-String", "Get-Error",
    "Get-Uptime", "Test-Json", "ConvertFrom-Markdown", "Remove-Alias",
    // Parameters.
    "-PipelineVariable", "-InformationAction", "-InformationVariable", "-ProgressAction", "-AsHashtable", "-AsArray", "-EscapeHandling",
    "-Parallel", "-NoEnumerate", "-FullyQualifiedName", "-Leafbase", "-SkipEditionCheck", "-UseWindowsPowerShell", "-AsUTC",
    // Variables: null in silence, or an error under strict mode.
    "$IsWindows", "$IsLinux", "$IsMacOS", "$IsCoreCLR", "$PSEdition", "$PSStyle", "$InformationPreference", "$PSNativeCommandArgumentPassing",
];

/// The node, and all below it.
pub(crate) fn each<'t>(node: Node<'t>, visit: &mut dyn FnMut(Node<'t>)) {
    visit(node);
    below(node, &mut |node| {
        visit(node);
        Go::Deeper
    });
}

/// Where to go on after a node.
enum Go {
    Deeper,
    Past,
}

/// Visits the nodes below with one cursor: there are thousands of them in a script.
fn below<'t>(node: Node<'t>, visit: &mut dyn FnMut(Node<'t>) -> Go) {
    let mut cursor = node.walk();
    if !cursor.goto_first_child() {
        return;
    }
    loop {
        if matches!(visit(cursor.node()), Go::Deeper) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The nodes of that kind below, not those below one of them.
pub(crate) fn found<'t>(node: Node<'t>, kind: &str) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    below(node, &mut |node| {
        if node.kind() == kind {
            found.push(node);
            return Go::Past;
        }
        Go::Deeper
    });
    found
}

pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}
