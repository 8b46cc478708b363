//! A YAML document as a tree in which every key and every value has its place.

use super::Span;
use serde_json::{Map, Number, Value as Json};
use std::borrow::Cow;

/// One value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'t> {
    /// Its place: the whole of a scalar or of a collection within one line, else where the collection begins.
    pub(crate) at: Span,
    pub(crate) value: Value<'t>,
    pub(crate) soundness: Soundness,
}

/// How much of a node can be trusted.
///
/// What is unsound was reported and is left out of the typed document. Its ancestors are partial, so that no rule
/// complains of something missing that is merely misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Soundness {
    /// All of it.
    Whole,
    /// Something below it was left out.
    Partial,
    /// It is left out itself.
    Unsound,
}

/// A value by the core schema of YAML 1.2.
#[derive(Clone, Debug)]
pub(crate) enum Value<'t> {
    Null,
    Boolean(bool),
    /// A whole number; one beyond the range is the nearest within it, which no setting allows either.
    Integer(i64),
    Float(f64),
    Text {
        /// A piece of the file, wherever it is one as it stands.
        text: Cow<'t, str>,
        style: Style,
    },
    List(Vec<Node<'t>>),
    Mapping(Vec<Entry<'t>>),
}

/// How a text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes, so that other YAML readers may take it for something else than a text.
    Plain,
    /// In quotes, as a block, or with the tag `!!str`.
    Quoted,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Key<'t>,
    pub(crate) value: Node<'t>,
}

/// A key and its place.
#[derive(Clone, Debug)]
pub(crate) struct Key<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) at: Span,
}

/// One step on the way from the root to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of that key.
    Key(String),
    /// The value of that entry of a mapping: a mapping of a million wrong keys is not searched a million times.
    Entry(usize),
    /// That item of a list.
    Index(usize),
}

impl<'t> Node<'t> {
    pub(crate) fn new(at: Span, value: Value<'t>) -> Self {
        Self { at, value, soundness: Soundness::Whole }
    }

    /// The child at that step, with its key where it has one.
    pub(crate) fn child(&self, step: &Step) -> Option<(Option<&Key<'t>>, &Self)> {
        match (&self.value, step) {
            (Value::List(items), Step::Index(index)) => items.get(*index).map(|item| (None, item)),
            (Value::Mapping(entries), Step::Key(text)) => {
                let entry = entries.iter().find(|entry| entry.key.text == text.as_str())?;
                Some((Some(&entry.key), &entry.value))
            }
            (Value::Mapping(entries), Step::Entry(index)) => {
                entries.get(*index).map(|entry| (Some(&entry.key), &entry.value))
            }
            _ => None,
        }
    }

    /// Marks the node at that path as unsound and all above it as partial.
    pub(crate) fn spoil(&mut self, path: &[Step]) {
        if self.soundness == Soundness::Unsound {
            return;
        }
        let Some((step, rest)) = path.split_first() else {
            self.soundness = Soundness::Unsound;
            return;
        };
        self.soundness = Soundness::Partial;
        let child = match (&mut self.value, step) {
            (Value::List(items), Step::Index(index)) => items.get_mut(*index),
            (Value::Mapping(entries), Step::Key(text)) => {
                entries.iter_mut().find(|entry| entry.key.text == text.as_str()).map(|entry| &mut entry.value)
            }
            (Value::Mapping(entries), Step::Entry(index)) => entries.get_mut(*index).map(|entry| &mut entry.value),
            _ => None,
        };
        if let Some(child) = child {
            child.spoil(rest);
        }
    }

    /// Marks the node at that path as partial: something in it is missing.
    pub(crate) fn make_partial(&mut self, path: &[Step]) {
        // A step that leads nowhere spoils nothing and leaves what is above it partial.
        let nowhere: Vec<Step> = path.iter().cloned().chain([Step::Index(usize::MAX)]).collect();
        self.spoil(&nowhere);
    }

    /// The tree as JSON, which the schema checks.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Boolean(value) => Json::Bool(*value),
            Value::Integer(value) => Json::from(*value),
            // Infinity and NaN have no JSON; null is refused wherever they are.
            Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Value::Text { text, .. } => Json::String(text.clone().into_owned()),
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Mapping(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.text.clone().into_owned(), entry.value.to_json()));
                Json::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The nodes of this tree that are sound, each parent before its children.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        if self.soundness == Soundness::Unsound {
            return;
        }
        visit(self);
        match &self.value {
            Value::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Value::Mapping(entries) => entries.iter().for_each(|entry| entry.value.walk(visit)),
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Text { .. } => {}
        }
    }

    /// The texts in those parts of this tree that were left out as unsound.
    pub(crate) fn unread(&self, visit: &mut dyn FnMut(&str)) {
        self.texts(self.soundness == Soundness::Unsound, visit);
    }

    fn texts(&self, left_out: bool, visit: &mut dyn FnMut(&str)) {
        let left_out = left_out || self.soundness == Soundness::Unsound;
        match &self.value {
            Value::Text { text, .. } if left_out => visit(text),
            Value::List(items) => items.iter().for_each(|item| item.texts(left_out, visit)),
            Value::Mapping(entries) => entries.iter().for_each(|entry| entry.value.texts(left_out, visit)),
            _ => {}
        }
    }

    /// How many nodes it has, and how deep it is.
    pub(crate) fn measure(&self) -> Measure {
        let children: Vec<Measure> = match &self.value {
            Value::List(items) => items.iter().map(Self::measure).collect(),
            Value::Mapping(entries) => entries.iter().map(|entry| entry.value.measure()).collect(),
            _ => Vec::new(),
        };
        Measure {
            nodes: 1 + children.iter().map(|child| child.nodes).sum::<usize>(),
            depth: 1 + children.iter().map(|child| child.depth).max().unwrap_or(0),
        }
    }
}

/// The size of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    pub(crate) nodes: usize,
    pub(crate) depth: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Node<'static> {
        let text =
            |text: &'static str| Node::new(Span::default(), Value::Text { text: text.into(), style: Style::Plain });
        let list = Node::new(Span::default(), Value::List(vec![text("x"), text("y")]));
        let key = Key { text: "a".into(), at: Span::default() };
        Node::new(Span::default(), Value::Mapping(vec![Entry { key, value: list }]))
    }

    #[test]
    fn what_is_spoilt_leaves_its_ancestors_partial_and_its_neighbours_whole() {
        let mut root = tree();
        root.spoil(&[Step::Key("a".into()), Step::Index(1)]);
        let (_, list) = root.child(&Step::Key("a".into())).unwrap();
        let items: Vec<Soundness> =
            [0, 1].iter().map(|index| list.child(&Step::Index(*index)).unwrap().1.soundness).collect();
        assert_eq!((root.soundness, list.soundness), (Soundness::Partial, Soundness::Partial));
        assert_eq!(items, [Soundness::Whole, Soundness::Unsound]);
    }

    #[test]
    fn what_lacks_something_is_partial_and_not_left_out() {
        let mut root = tree();
        root.make_partial(&[Step::Key("a".into())]);
        let (_, list) = root.child(&Step::Key("a".into())).unwrap();
        assert_eq!(list.soundness, Soundness::Partial);
        let mut seen = 0;
        root.walk(&mut |_| seen += 1);
        assert_eq!((seen, root.measure().nodes, root.measure().depth), (4, 4, 3));
    }
}
