//! A topology document as a tree of elements, each with its namespace, text and place.

use crate::snapshot::place::Fault;
use crate::snapshot::xml::{Document, Node};
use quick_xml::events::BytesStart;
use quick_xml::name::{NamespaceResolver, ResolveResult};
use std::borrow::Cow;

/// More elements are refused; a topology of a thousand servers has some hundred thousand.
const MOST_ELEMENTS: usize = 5_000_000;

/// The namespaces that matter. Documents switch between them in mid-tree, with or without prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// `urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008`
    Topology,
    /// `urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008`
    Roles,
    /// `urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008`
    Builder,
    /// `urn:schema:Microsoft.Rtc.Management.Deploy.WritableTopology.2008`
    Writable,
    /// Any other, or none.
    Other,
}

impl Space {
    fn of(uri: &str) -> Self {
        match uri.strip_prefix("urn:schema:Microsoft.Rtc.Management.Deploy.") {
            Some("Topology.2008") => Self::Topology,
            Some("ServiceRoles.2008") => Self::Roles,
            Some("TopologyBuilder.2008") => Self::Builder,
            Some("WritableTopology.2008") => Self::Writable,
            _ => Self::Other,
        }
    }
}

/// An element: its words are mostly pieces of the document.
#[derive(Debug)]
pub(super) struct Element<'t> {
    space: Space,
    name: Cow<'t, str>,
    attributes: Vec<Attribute<'t>>,
    children: Vec<Element<'t>>,
    text: Cow<'t, str>,
    /// Where its `<` is.
    pub(super) offset: usize,
}

#[derive(Debug)]
struct Attribute<'t> {
    name: Cow<'t, str>,
    value: Cow<'t, str>,
    offset: usize,
}

impl<'t> Element<'t> {
    /// Whether it is of that name in that namespace.
    pub(super) fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && self.name == name
    }

    /// The local name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its children.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter()
    }

    /// Its children of that name in that namespace.
    pub(super) fn children<'e>(&'e self, space: Space, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.is(space, name))
    }

    /// Its first child of that name in that namespace.
    pub(super) fn child<'e>(&'e self, space: Space, name: &'e str) -> Option<&'e Self> {
        self.children(space, name).next()
    }

    /// That child, which must be there.
    pub(super) fn required_child<'e>(&'e self, space: Space, name: &'e str) -> Result<&'e Self, Fault> {
        self.child(space, name).ok_or_else(|| Fault::new(self.offset, format!("{} has no {name}", self.name)))
    }

    /// The value of that attribute (without a prefix).
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &*attribute.value)
    }

    /// The value of that attribute, which must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.attribute(name).ok_or_else(|| Fault::new(self.offset, format!("{} has no attribute {name}", self.name)))
    }

    /// Where that attribute is, or else the element.
    pub(super) fn offset_of(&self, name: &str) -> usize {
        self.attributes.iter().find(|attribute| attribute.name == name).map_or(self.offset, |it| it.offset)
    }

    /// That attribute as a truth value; false where it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.attribute(name).map(str::trim) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(false),
            Some(text) => Err(Fault::new(self.offset_of(name), format!("{name} is {text:?}, neither true nor false"))),
        }
    }

    /// Its own text, without white space at its ends.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Adds a piece to its text; of the blanks that indent its children, none is kept.
    fn add(&mut self, text: Cow<'t, str>) {
        if !self.text.is_empty() {
            self.text.to_mut().push_str(&text);
        } else if !text.trim_start().is_empty() {
            self.text = text;
        }
    }
}

/// The document's root element.
pub(super) fn parse(text: &str) -> Result<Element<'_>, Fault> {
    let mut document = Document::new(text);
    let mut spaces = NamespaceResolver::default();
    let mut open: Vec<Element<'_>> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    while let Some(node) = document.next()? {
        let complete = match node {
            Node::Start(start) => {
                count += 1;
                open.push(element(&document, &mut spaces, &start)?);
                None
            }
            Node::Empty(start) => {
                count += 1;
                let element = element(&document, &mut spaces, &start)?;
                spaces.pop();
                Some(element)
            }
            Node::End => {
                spaces.pop();
                open.pop()
            }
            Node::Text(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.add(text);
                }
                None
            }
        };
        if let Some(element) = complete {
            if count > MOST_ELEMENTS {
                return Err(Fault::new(element.offset, format!("there are more than {MOST_ELEMENTS} elements")));
            }
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => root = Some(element),
            }
        }
    }
    root.ok_or_else(|| Fault::new(0, "the document has no element"))
}

fn element<'t>(
    document: &Document<'t>,
    spaces: &mut NamespaceResolver,
    start: &BytesStart<'t>,
) -> Result<Element<'t>, Fault> {
    let offset = document.offset(start);
    spaces.push(start).map_err(|error| Fault::new(offset, format!("the namespaces are not well-formed: {error}")))?;
    let (space, local) = spaces.resolve_element(start.name());
    let space = match space {
        ResolveResult::Bound(uri) => Space::of(uri.0),
        ResolveResult::Unbound => Space::Other,
        ResolveResult::Unknown(_) => return Err(Fault::new(offset, "the element's prefix is bound to no namespace")),
    };
    let attributes = document.attributes(start).map(|attribute| {
        attribute.map(|it| Attribute {
            name: document.lasting(it.name),
            value: match it.value {
                Cow::Borrowed(value) => document.lasting(value),
                Cow::Owned(value) => Cow::Owned(value),
            },
            offset: it.offset,
        })
    });
    Ok(Element {
        space,
        name: document.lasting(local.into_inner()),
        attributes: attributes.collect::<Result<_, _>>()?,
        children: Vec::new(),
        text: Cow::default(),
        offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_switch_in_mid_tree() {
        let text = "<t:a xmlns:t='urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008' x='1'>\
                    <b xmlns='urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008'><c/></b>\
                    <t:b>te<!-- -->xt&amp;</t:b><b/></t:a>";
        let root = parse(text).unwrap();
        assert!(root.is(Space::Topology, "a"));
        assert_eq!(root.attribute("x"), Some("1"));
        assert!(root.child(Space::Roles, "b").unwrap().child(Space::Roles, "c").is_some());
        assert_eq!(root.child(Space::Topology, "b").unwrap().text(), "text&");
        let mixed = parse("<a>\n x <b/> y &lt;<b>z</b>\n</a>").unwrap();
        assert_eq!(mixed.text(), "x  y <");
        assert!(root.child(Space::Other, "b").is_some(), "no namespace is left after the one of its sibling");
    }

    #[test]
    fn an_unbound_prefix_is_placed() {
        assert_eq!(parse("<a><p:b/></a>").unwrap_err().offset, 3);
    }
}
