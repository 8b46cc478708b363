//! The deployment file: from bytes to a [`Deployment`], or to everything that is wrong with it.
//!
//! 1. `decode`: bytes to text. UTF-8 or UTF-16, at most 64 MiB, line ends made LF.
//! 2. `parse`: the events of the YAML parser to a `tree` of nodes; every key and value keeps its place. Duplicate keys,
//!    several documents and alias bombs are found here.
//! 3. `structure`: the tree against the very `schema` that is published, made from the types in `document`. All errors
//!    come at once; what is wrong is marked unsound. A file without any is recognised by `fit`, without asking the schema.
//! 4. `typed`: what is sound becomes the types of `document`, so that the rules also run on a file with mistakes in it.
//! 5. `rules`: what no schema can say, one file a rule.
//! 6. `resolve`: a file without errors becomes a [`Deployment`], in which nothing is left to look up or to merge.
//!
//! **Architecture invariants:** `parse` is the only one that knows the YAML library. No step stops at its first
//! problem, except where the text is no YAML. The same bytes give the same diagnostics in the same order.

mod allow;
mod alternatives;
mod decode;
mod diagnostic;
mod document;
mod fit;
mod parse;
mod resolve;
mod rules;
mod scalar;
mod schema;
mod source;
#[doc(hidden)]
pub mod stages;
mod structure;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;
mod times;
mod tree;
mod typed;
mod wanted;

pub use diagnostic::{Diagnostic, Related};
pub use schema::schema;
pub use source::{Position, SourceText, Span};

use crate::codes::{Allow, Code, Severity};
use crate::model::{Deployment, Digest, Origin};
use document::Document;
use serde::Deserialize;
use tree::{Node, Value};
use typed::Placed;

/// A deployment file as far as it could be understood.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it declares; `None` where any diagnostic is an error.
    pub deployment: Option<Deployment>,
    /// The warnings and notes that the operator lives with. They are left out of `diagnostics` already.
    pub allow: Vec<Allow>,
    /// What is wrong with it, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Its name and text, to show the places of the diagnostics.
    pub source: SourceText,
}

/// Reads a deployment file; `name` is the file as the operator typed it.
pub fn load(name: &str, bytes: &[u8]) -> Loaded {
    let decoded = decode::decode(bytes);
    let source = SourceText::new(name, decoded.text);
    let mut understood = match decoded.problem {
        Some(problem) => Understood { diagnostics: vec![problem], ..Understood::default() },
        None => understand(&source),
    };
    let diagnostics = &mut understood.diagnostics;
    diagnostics.sort_by(|a, b| (a.at, a.code, &a.message).cmp(&(b.at, b.code, &b.message)));
    // An alias repeats a mistake at the place where it was made: once is enough.
    diagnostics.dedup();
    let sound = diagnostics.iter().all(|diagnostic| diagnostic.severity() != Severity::Error);
    let origin = || Origin { source: name.to_owned(), digest: Digest::of(source.text().as_bytes()).to_string() };
    let deployment = understood.document.filter(|_| sound).and_then(|document| resolve::resolve(&document, origin()));
    Loaded { deployment, allow: understood.allow, diagnostics: understood.diagnostics, source }
}

#[derive(Default)]
struct Understood {
    document: Option<Placed<Document>>,
    allow: Vec<Allow>,
    diagnostics: Vec<Diagnostic>,
}

/// The document as far as it is sound; `None` where nothing of it is.
fn typed(
    root: &mut Node<'_>,
    source: &SourceText,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Placed<Document>>, typed::TypeError> {
    if root.soundness == tree::Soundness::Whole
        && let Ok(document) = Placed::<Document>::deserialize(&*root)
        && fit::fits(&document)
    {
        return Ok(Some(document));
    }
    diagnostics.extend(structure::check(root, source.text()));
    match root.soundness {
        tree::Soundness::Unsound => Ok(None),
        _ => Placed::deserialize(&*root).map(Some),
    }
}

fn understand(source: &SourceText) -> Understood {
    let parsed = parse::parse(source.text());
    let mut diagnostics = parsed.diagnostics;
    let nothing = |node: &Node<'_>| matches!(node.value, Value::Null);
    let Some(mut root) = parsed.root.filter(|root| !nothing(root)) else {
        if diagnostics.is_empty() {
            let message = "the file is empty: it declares nothing";
            let hint = "`cskerb init` prints a first file from a snapshot";
            diagnostics.push(Diagnostic::new(Code::FileEmpty, Span::default(), message).hint(hint));
        }
        return Understood { diagnostics, ..Understood::default() };
    };
    match typed(&mut root, source, &mut diagnostics) {
        Ok(Some(document)) => {
            diagnostics.extend(rules::check(&document, &root));
            let allow = allow::apply(&document, &mut diagnostics);
            Understood { document: Some(document), allow, diagnostics }
        }
        Ok(None) => Understood { diagnostics, ..Understood::default() },
        Err(error) => {
            let message = format!("the file fits the schema and not the program: {error}");
            diagnostics.push(Diagnostic::new(Code::WrongType, root.at, message).hint("please report this as a bug"));
            Understood { diagnostics, ..Understood::default() }
        }
    }
}
