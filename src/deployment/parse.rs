//! The one place that knows the YAML library, with [`super::syntax`] for its errors: parser events to a tree of placed
//! nodes.

use super::scalar::resolve;
use super::syntax::syntax;
use super::tree::{Entry, Key, Measure, Node, Soundness, Style, Value};
use super::{Diagnostic, Span};
use crate::codes::Code;
use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle, Tag};
use std::borrow::Cow;
use std::collections::HashMap;

/// The keys and values that a file may have. The usual default of 250,000 would refuse an honest file of 6.6 MB; this
/// is some 500,000 servers with settings of their own.
const MOST_NODES: usize = 8_000_000;
/// How many of them aliases may unfold to: honest ones repeat a list of settings, bombs double themselves.
const MOST_ALIASED: usize = 1_000_000;
/// The levels that values may nest. The format itself needs nine.
const DEEPEST: usize = 64;

/// What came out of a text.
pub(crate) struct Parsed<'t> {
    /// The first document; `None` where there is none, or where it is not YAML.
    pub(crate) root: Option<Node<'t>>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads the one document of a file.
pub(crate) fn parse(text: &str) -> Parsed<'_> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let events = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { text, events, anchors: HashMap::new(), nodes: 0, aliased: 0, diagnostics: Vec::new() };
    let root = match builder.stream() {
        Ok(root) => root,
        Err(fatal) => {
            builder.diagnostics.push(*fatal);
            None
        }
    };
    Parsed { root, diagnostics: builder.diagnostics }
}

type Fatal = Box<Diagnostic>;
type Placed<'t> = (Event<'t>, granit_parser::Span);

struct Anchored<'t> {
    node: Node<'t>,
    size: Measure,
}

struct Builder<'t> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Anchored<'t>>,
    nodes: usize,
    aliased: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'t> Builder<'t> {
    fn next(&mut self) -> Result<Placed<'t>, Fatal> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Box::new(syntax(self.text, &error))),
            None => Ok((Event::StreamEnd, granit_parser::Span::default())),
        }
    }

    fn stream(&mut self) -> Result<Option<Node<'t>>, Fatal> {
        let mut root = None;
        let mut documents = 0;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root.filter(|_| documents > 0)),
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents == 2 {
                        let message = "a second YAML document begins here; a deployment is one document";
                        self.diagnostics.push(
                            Diagnostic::new(Code::SeveralDocuments, span(at), message)
                                .hint("put it into a file of its own"),
                        );
                        return Ok(root);
                    }
                }
                event if event.is_node() => root = Some(self.node(event, at, None, 1)?),
                _ => {}
            }
        }
    }

    /// The node that begins with this event. `key` is the place to name where the value is left out.
    fn node(
        &mut self,
        event: Event<'t>,
        at: granit_parser::Span,
        key: Option<Span>,
        depth: usize,
    ) -> Result<Node<'t>, Fatal> {
        let here = span(at);
        if depth > DEEPEST {
            return Err(Box::new(too_deep(here)));
        }
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(Box::new(too_many(here, MOST_NODES)));
        }
        let (mut node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style, here, key), anchor, tag),
            Event::SequenceStart(style, anchor, tag) => (self.list(style, here, depth)?, anchor, tag),
            Event::MappingStart(style, anchor, tag) => (self.mapping(style, here, depth)?, anchor, tag),
            Event::Alias(anchor) => return self.alias(anchor, here, depth),
            // No other event is a node; an unresolved alias is an error of the parser by its options.
            _ => (Node::new(here, Value::Null), 0, None),
        };
        if let Some(tag) = tag {
            let at = at.tag_span().map_or(here, span);
            self.tagged(&mut node, &tag, at);
        }
        if anchor != 0 {
            let size = node.measure();
            self.charge(size, depth, here)?; // the copy that is kept for its aliases
            self.anchors.insert(anchor, Anchored { node: node.clone(), size });
        }
        Ok(node)
    }

    fn list(&mut self, style: StructureStyle, at: Span, depth: usize) -> Result<Node<'t>, Fatal> {
        let mut items = Vec::new();
        let mut soundness = Soundness::Whole;
        loop {
            let (event, place) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let at = self.extent(style, at, span(place), items.first().map(|item: &Node<'_>| item.at));
                return Ok(Node { at, value: Value::List(items), soundness });
            }
            let item = self.node(event, place, None, depth + 1)?;
            soundness = below(soundness, item.soundness);
            items.push(item);
        }
    }

    fn mapping(&mut self, style: StructureStyle, at: Span, depth: usize) -> Result<Node<'t>, Fatal> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        let mut places = Places::default();
        let mut soundness = Soundness::Whole;
        let mut first = None;
        loop {
            let (event, place) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                let at = self.extent(style, at, span(place), first);
                return Ok(Node { at, value: Value::Mapping(entries), soundness });
            }
            let key = self.node(event, place, None, depth + 1)?;
            first = first.or(Some(key.at));
            let key = self.key(key);
            let (event, place) = self.next()?;
            let value = self.node(event, place, key.as_ref().map(|key| key.at), depth + 1)?;
            let Some(key) = key else {
                soundness = Soundness::Partial;
                continue;
            };
            if let Some(earlier) = places.find(&entries, &key.text) {
                self.diagnostics.push(duplicate(&key, earlier));
                soundness = Soundness::Partial;
                continue;
            }
            soundness = below(soundness, value.soundness);
            entries.push(Entry { key, value });
        }
    }

    fn key(&mut self, node: Node<'t>) -> Option<Key<'t>> {
        if let Value::Text { text, .. } = node.value {
            return Some(Key { text, at: node.at });
        }
        let message = format!("a key is a word, and this is {}", super::wanted::described(&node.value));
        self.diagnostics.push(Diagnostic::new(Code::WrongType, node.at, message));
        None
    }

    fn alias(&mut self, anchor: usize, at: Span, depth: usize) -> Result<Node<'t>, Fatal> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let message = "this alias stands inside its own anchor, so it unfolds without end";
            return Err(Box::new(Diagnostic::new(Code::YamlTooLarge, at, message)));
        };
        let size = anchored.size;
        self.charge(size, depth, at)?;
        // Not found again is impossible: nothing removes an anchor.
        let node = self.anchors.get(&anchor).map(|anchored| anchored.node.clone());
        Ok(Node { at, ..node.unwrap_or(Node::new(at, Value::Null)) })
    }

    fn charge(&mut self, size: Measure, depth: usize, at: Span) -> Result<(), Fatal> {
        if depth + size.depth > DEEPEST {
            return Err(Box::new(too_deep(at)));
        }
        self.aliased += size.nodes;
        if self.aliased > MOST_ALIASED { Err(Box::new(too_many(at, MOST_ALIASED))) } else { Ok(()) }
    }

    /// Tags of the core schema are obeyed; others mean nothing here.
    fn tagged(&mut self, node: &mut Node<'t>, tag: &Tag, at: Span) {
        let collection = |node: &Node<'_>, list: bool| match node.value {
            Value::List(_) => list,
            Value::Mapping(_) => !list,
            _ => false,
        };
        // `!` alone asks for "not a plain scalar": a text, where it is no collection.
        let kind = if tag.handle().is_empty() && tag.suffix() == "!" { Some("str") } else { tag.core_suffix() };
        let good = match (kind, &mut node.value) {
            (Some("seq"), _) => collection(node, true),
            (Some("map"), _) => collection(node, false),
            (Some("str"), value) => {
                let source = self.text.get(node.at.start..node.at.end).unwrap_or("");
                if !matches!(value, Value::Text { .. } | Value::List(_) | Value::Mapping(_)) {
                    *value = Value::Text { text: source.into(), style: Style::Quoted };
                }
                matches!(value, Value::Text { .. })
            }
            (Some("bool"), Value::Boolean(_))
            | (Some("int"), Value::Integer(_))
            | (Some("float"), Value::Float(_) | Value::Integer(_))
            | (Some("null"), Value::Null) => true,
            _ => false,
        };
        if !good {
            let message = "this tag has no meaning here, or not for this value";
            let hint = "leave the tag out; quotes make a text of anything";
            self.diagnostics.push(Diagnostic::new(Code::WrongType, at, message).hint(hint));
            node.soundness = Soundness::Unsound;
        }
    }

    /// The place of a collection: the whole of it within one line, else its beginning.
    fn extent(&self, style: StructureStyle, start: Span, end: Span, first: Option<Span>) -> Span {
        let whole = Span { start: start.start, end: end.end };
        let one_line = self.text.get(whole.start..whole.end).is_some_and(|text| !text.contains('\n'));
        match style {
            StructureStyle::Flow if one_line => whole,
            StructureStyle::Flow => start,
            StructureStyle::Block => first.unwrap_or(start),
        }
    }
}

fn below(above: Soundness, child: Soundness) -> Soundness {
    if child == Soundness::Whole { above } else { Soundness::Partial }
}

fn span(at: granit_parser::Span) -> Span {
    at.byte_range().map_or_else(Span::default, |range| Span { start: range.start, end: range.end })
}

/// The keys of a mapping so far: looked through while they are few, as they are in every honest mapping.
#[derive(Default)]
struct Places(HashMap<String, Span>);

impl Places {
    const FEW: usize = 32;

    fn find(&mut self, entries: &[Entry<'_>], key: &str) -> Option<Span> {
        if entries.len() <= Self::FEW {
            return entries.iter().find(|entry| entry.key.text == key).map(|entry| entry.key.at);
        }
        for entry in &entries[self.0.len()..] {
            self.0.insert(entry.key.text.clone().into_owned(), entry.key.at);
        }
        self.0.get(key).copied()
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, at: Span, key: Option<Span>) -> Node<'_> {
    match style {
        // The parser writes `~` for a value that is left out; its place is the key's.
        ScalarStyle::Plain if at.start == at.end => Node::new(key.unwrap_or(at), Value::Null),
        ScalarStyle::Plain => Node::new(at, resolve(text)),
        _ => Node::new(at, Value::Text { text, style: Style::Quoted }),
    }
}

fn duplicate(key: &Key<'_>, earlier: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateKey, key.at, format!("the key `{}` stands twice in this mapping", key.text))
        .hint("keep one of the two: other YAML readers silently take the last")
        .related(earlier, "first given here")
}

fn too_many(at: Span, limit: usize) -> Diagnostic {
    let message = format!("the file unfolds to more than {limit} values here");
    let hint = "aliases multiply what they stand for: write `iis` once at a wider level instead";
    Diagnostic::new(Code::YamlTooLarge, at, message).hint(hint)
}

pub(super) fn too_deep(at: Span) -> Diagnostic {
    let message = format!("values nest deeper than {DEEPEST} levels here");
    Diagnostic::new(Code::YamlTooLarge, at, message).hint("no deployment needs more than nine levels")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::SourceText;

    /// Each diagnostic as `line:column code`, then the tree as JSON.
    fn check(text: &str, expected: &[&str], json: &str) {
        let parsed = parse(text);
        let source = SourceText::new("x", text.to_owned());
        let found: Vec<String> = parsed
            .diagnostics
            .iter()
            .map(|found| {
                let place = source.position(found.at.start);
                format!("{}:{} {}", place.line, place.column, found.code)
            })
            .collect();
        assert_eq!(found, expected, "{text:?} {:?}", parsed.diagnostics);
        assert_eq!(parsed.root.map_or(String::new(), |root| root.to_json().to_string()), json, "{text:?}");
    }

    #[test]
    fn trees() {
        check("a: [1, 'x', ~]\nb:\n  c: true\n", &[], r#"{"a":[1,"x",null],"b":{"c":true}}"#);
        check("a: &x [1]\nb: *x\n", &[], r#"{"a":[1],"b":[1]}"#);
        check("a: !!str 10\nb: ! 10\n", &[], r#"{"a":"10","b":"10"}"#);
        check("# only a comment\n", &[], "");
        check("", &[], "");
        check("---\n...\n", &[], "null");
        check("<<: {a: 1}\n", &[], r#"{"<<":{"a":1}}"#); // YAML 1.2 has no merge keys
    }

    #[test]
    fn what_is_wrong_with_a_tree() {
        check("a: 1\nb: 2\na: 3\n", &["3:1 duplicate-key"], r#"{"a":1,"b":2}"#);
        check("1: x\n[y]: z\nb: 2\n", &["1:1 wrong-type", "2:1 wrong-type"], r#"{"b":2}"#);
        check("a: !foo 1\n", &["1:4 wrong-type"], r#"{"a":1}"#);
        check("a: 1\n---\nb: 2\n", &["2:1 several-documents"], r#"{"a":1}"#);
        check("a: [1\n", &["1:4 yaml-syntax"], "");
        check("a: x\n\tb: y\n", &["2:1 yaml-syntax"], "");
        check("a:\n  - b: x\n  \tc: y\n", &["3:3 yaml-syntax"], "");
        check("a: &x [*x]\n", &["1:8 yaml-too-large"], "");
        check("a: \"CONTOSO\\kerbauth\"\n", &["1:4 yaml-syntax"], "");
        check(&"[".repeat(100), &["1:65 yaml-too-large"], "");
    }

    #[test]
    fn an_alias_bomb_is_refused_and_a_large_honest_file_is_not() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let before = format!("*a{}", level - 1);
            let line = format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
            bomb.push_str(&line);
        }
        let parsed = parse(&bomb);
        assert_eq!(parsed.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::YamlTooLarge]);
        let honest = "- {a: 1, b: 2, c: 3}\n".repeat(60_000); // 420,000 values with their keys
        assert!(parse(&honest).diagnostics.is_empty());
    }

    #[test]
    fn a_value_left_out_has_the_place_of_its_key() {
        let parsed = parse("a: 1\nkey:\n");
        let Some(Node { value: Value::Mapping(entries), .. }) = parsed.root else { panic!("a mapping") };
        assert_eq!(entries[1].value.at, Span { start: 5, end: 8 });
    }
}
