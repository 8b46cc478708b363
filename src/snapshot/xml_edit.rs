//! Edits of an XML text that change only the bytes they must: comments, line ends and indentation stay as they are.

use super::place::Fault;
use super::xml::{Document, Node};
use quick_xml::events::BytesStart;
use std::ops::Range;

/// An element and where it lies in the text.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// Its name, with its prefix if it has one.
    pub(super) name: String,
    /// From its `<` to behind its last `>`.
    pub(super) whole: Range<usize>,
    /// What is between its tags; `None` where it is one empty tag.
    content: Option<Range<usize>>,
    attributes: Vec<Attribute>,
    /// Its elements.
    pub(super) children: Vec<Span>,
}

#[derive(Debug)]
struct Attribute {
    name: String,
    value: String,
    /// Where the value lies, without its quotes.
    at: Range<usize>,
}

/// A piece of the text to be replaced; an empty range inserts.
#[derive(Debug)]
pub(super) struct Edit {
    at: Range<usize>,
    text: String,
}

/// An element to be written.
pub(super) struct Fragment {
    name: String,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Fragment>,
}

impl Fragment {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children: Vec::new() }
    }

    pub(super) fn attribute(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push((name, value.to_owned()));
        self
    }

    pub(super) fn children(mut self, children: impl IntoIterator<Item = Fragment>) -> Self {
        self.children.extend(children);
        self
    }
}

/// The root element of this text.
pub(super) fn root(text: &str) -> Result<Span, Fault> {
    let mut document = Document::new(text);
    let mut open: Vec<Span> = Vec::new();
    let mut root = None;
    while let Some(node) = document.next()? {
        let closed = match node {
            Node::Start(element) => {
                let mut span = span(&document, &element, text)?;
                span.content = Some(document.position()..document.position());
                open.push(span);
                continue;
            }
            Node::Empty(element) => span(&document, &element, text)?,
            Node::End => {
                let Some(mut span) = open.pop() else { continue };
                let end = document.position();
                let inner = span.whole.end..text[..end].rfind("</").unwrap_or(end);
                span.content = Some(inner);
                span.whole.end = end;
                span
            }
            Node::Text(_) => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => root = Some(closed),
        }
    }
    root.ok_or_else(|| Fault::new(text.len(), "the document has no element"))
}

fn span<'t>(document: &Document<'t>, element: &BytesStart<'t>, text: &str) -> Result<Span, Fault> {
    let mut attributes = Vec::new();
    for attribute in document.attributes(element) {
        let attribute = attribute?;
        let quote = text[attribute.offset..].find(['"', '\'']).map(|at| attribute.offset + at);
        let value = quote.and_then(|start| {
            let mark = text[start..].chars().next()?;
            let length = text[start + 1..].find(mark)?;
            Some(start + 1..start + 1 + length)
        });
        let at = value.ok_or_else(|| Fault::new(attribute.offset, "this attribute has no quoted value"))?;
        attributes.push(Attribute { name: attribute.name.to_owned(), value: attribute.value.into_owned(), at });
    }
    Ok(Span {
        name: element.name().0.to_owned(),
        whole: document.offset(element)..document.position(),
        content: None,
        attributes,
        children: Vec::new(),
    })
}

impl Span {
    /// The value of that attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
    }

    /// Its elements of that name.
    pub(super) fn named<'s>(&'s self, name: &'s str) -> impl DoubleEndedIterator<Item = &'s Span> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Gives it an attribute, or an attribute another value, between the quotes that it has.
    pub(super) fn set_attribute(&self, name: &str, value: &str) -> Edit {
        match self.attributes.iter().find(|attribute| attribute.name == name) {
            Some(attribute) => Edit { at: attribute.at.clone(), text: escape(value) },
            None => {
                let behind_name = self.whole.start + 1 + self.name.len();
                let at = self.attributes.last().map_or(behind_name, |last| last.at.end + 1);
                Edit { at: at..at, text: format!(" {name}=\"{}\"", escape(value)) }
            }
        }
    }

    /// Puts another element in its place.
    pub(super) fn replace(&self, text: &str, new: &Fragment) -> Edit {
        let style = Style::at(text, self.whole.start);
        let indent = indent(text, self.whole.start).unwrap_or_default();
        Edit { at: self.whole.clone(), text: new.render(indent, &style) }
    }

    /// Takes it away, with its line where it has one for itself.
    pub(super) fn remove(&self, text: &str) -> Edit {
        let start = match indent(text, self.whole.start) {
            Some(indent) => text[..self.whole.start - indent.len()].trim_end_matches(['\r', '\n']).len(),
            None => self.whole.start,
        };
        Edit { at: start..self.whole.end, text: String::new() }
    }

    /// Puts elements right behind it, each on its own line where it has one.
    pub(super) fn append(&self, text: &str, new: &[Fragment]) -> Edit {
        let at = self.whole.end;
        let own_line = indent(text, self.whole.start);
        let style = if own_line.is_some() { Style::at(text, self.whole.start) } else { Style::one_line() };
        Edit { at: at..at, text: lines(new, own_line.unwrap_or_default(), &style) }
    }

    /// Puts elements into it as its last ones.
    pub(super) fn insert(&self, text: &str, new: &[Fragment]) -> Edit {
        let own = indent(text, self.whole.start);
        let content = self.content.as_ref().map(|range| &text[range.clone()]);
        let in_lines = own.is_some() && content.is_none_or(|inner| inner.trim().is_empty() || inner.contains('\n'));
        let style = if in_lines { Style::at(text, self.whole.start) } else { Style::one_line() };
        let own = own.unwrap_or_default();
        let of_child = self.children.iter().rev().find_map(|child| indent(text, child.whole.start));
        let inner = of_child.map_or_else(|| format!("{own}{}", style.unit), str::to_owned);
        let lines = lines(new, &inner, &style);
        match &self.content {
            None => {
                let tag = &text[self.whole.clone()];
                let start = self.whole.start + tag.trim_end_matches('>').trim_end_matches('/').trim_end().len();
                let end = format!("{}{}</{}>", style.newline, if in_lines { own } else { "" }, self.name);
                Edit { at: start..self.whole.end, text: format!(">{lines}{end}") }
            }
            Some(range) => {
                let at = range.start + text[range.clone()].trim_end().len();
                let closes_on_its_line = text[at..range.end].contains('\n');
                let end =
                    if closes_on_its_line || !in_lines { String::new() } else { format!("{}{own}", style.newline) };
                Edit { at: at..at, text: format!("{lines}{end}") }
            }
        }
    }
}

/// Makes the edits, which must not overlap.
pub(super) fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.at.start);
    let mut edited = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        edited.push_str(&text[done..edit.at.start]);
        edited.push_str(&edit.text);
        done = edit.at.end;
    }
    edited.push_str(&text[done..]);
    edited
}

/// How the text breaks and indents its lines.
struct Style {
    newline: &'static str,
    unit: String,
}

impl Style {
    fn one_line() -> Self {
        Self { newline: "", unit: String::new() }
    }

    /// As around that byte.
    fn at(text: &str, offset: usize) -> Self {
        let before = text[..offset].rfind('\n').or_else(|| text.find('\n'));
        let Some(at) = before else { return Self::one_line() };
        let newline = if text[..at].ends_with('\r') { "\r\n" } else { "\n" };
        Self { newline, unit: unit(text) }
    }
}

/// One step of indentation: the least white space that a line with a tag begins with.
fn unit(text: &str) -> String {
    let indents = text.lines().filter_map(|line| {
        let tag = line.trim_start_matches([' ', '\t']);
        let indent = &line[..line.len() - tag.len()];
        (tag.starts_with('<') && !tag.starts_with("<!") && !indent.is_empty()).then_some(indent)
    });
    indents.min_by_key(|indent| indent.len()).unwrap_or("    ").to_owned()
}

/// The white space before this byte on its line, where there is nothing else.
fn indent(text: &str, offset: usize) -> Option<&str> {
    let line = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..offset];
    before.chars().all(|c| matches!(c, ' ' | '\t')).then_some(before)
}

fn lines(new: &[Fragment], indent: &str, style: &Style) -> String {
    let own = if style.newline.is_empty() { "" } else { indent };
    new.iter().flat_map(|new| [style.newline.to_owned(), own.to_owned(), new.render(own, style)]).collect()
}

impl Fragment {
    fn render(&self, indent: &str, style: &Style) -> String {
        let mut tag = format!("<{}", self.name);
        for (name, value) in &self.attributes {
            tag.extend([" ", *name, "=\"", &*escape(value), "\""]);
        }
        if self.children.is_empty() {
            return tag + " />";
        }
        let inner = lines(&self.children, &format!("{indent}{}", style.unit), style);
        let own = if style.newline.is_empty() { "" } else { indent };
        format!("{tag}>{inner}{newline}{own}</{name}>", name = self.name, newline = style.newline)
    }
}

/// This text as the value of an attribute.
pub(crate) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, edit: impl FnOnce(&Span) -> Edit, expected: &str) {
        let root = root(text).unwrap();
        assert_eq!(apply(text, vec![edit(&root)]), expected, "{text:?}");
    }

    fn leaf() -> [Fragment; 1] {
        [Fragment::new("x").attribute("a", "<&\"'")]
    }

    const X: &str = "<x a=\"&lt;&amp;&quot;&apos;\" />";

    #[test]
    fn elements_are_put_in_as_the_text_writes_its_lines() {
        let insert = |text: &str, expected: &str| check(text, |root| root.insert(text, &leaf()), expected);
        insert("<r/>", &format!("<r>{X}</r>"));
        insert("<r></r>", &format!("<r>{X}</r>"));
        insert("<r><c/></r>", &format!("<r><c/>{X}</r>"));
        insert("<r>\n  <c/>\n</r>\n", &format!("<r>\n  <c/>\n  {X}\n</r>\n"));
        insert("<r>\r\n\t<c/>\r\n</r>", &format!("<r>\r\n\t<c/>\r\n\t{X}\r\n</r>"));
        insert("<?x?>\n<r a='1' />\n", &format!("<?x?>\n<r a='1'>\n    {X}\n</r>\n"));
        insert("<r>\n  <c/>\n  <!-- last -->\n</r>", &format!("<r>\n  <c/>\n  <!-- last -->\n  {X}\n</r>"));
        insert("<r>\n  <c/></r>", &format!("<r>\n  <c/>\n  {X}\n</r>"));
        insert("<!-- --><r>\n <c/>\n</r>", &format!("<!-- --><r>\n <c/>{X}\n</r>"));
    }

    #[test]
    fn attributes_keep_their_quotes() {
        check("<r a = 'x' b=\"y\"/>", |root| root.set_attribute("a", "z"), "<r a = 'z' b=\"y\"/>");
        check("<r a='x' />", |root| root.set_attribute("b", "<"), "<r a='x' b=\"&lt;\" />");
        check("<r/>", |root| root.set_attribute("b", "y"), "<r b=\"y\"/>");
        check("<r\n a='x'\n></r>", |root| root.set_attribute("b", "y"), "<r\n a='x' b=\"y\"\n></r>");
    }

    #[test]
    fn an_element_goes_with_its_line() {
        let text = "<r>\r\n  <a/>\r\n  <b></b> <c/>\r\n</r>";
        check(text, |root| root.children[0].remove(text), "<r>\r\n  <b></b> <c/>\r\n</r>");
        check(text, |root| root.children[2].remove(text), "<r>\r\n  <a/>\r\n  <b></b> \r\n</r>");
        let expected = format!("<r>\r\n  <a/>\r\n  {X} <c/>\r\n</r>");
        check(text, |root| root.children[1].replace(text, &leaf()[0]), &expected);
        let expected = format!("<r>\r\n  <a/>\r\n  {X}\r\n  <b></b> <c/>\r\n</r>");
        check(text, |root| root.children[0].append(text, &leaf()), &expected);
    }

    #[test]
    fn spans_end_where_their_tags_do() {
        let text = "<r a='>'><b c=\"/>\"></b ><!-- </b> --><d/></r>";
        let root = root(text).unwrap();
        let pieces: Vec<&str> = root.children.iter().map(|child| &text[child.whole.clone()]).collect();
        assert_eq!(pieces, ["<b c=\"/>\"></b >", "<d/>"]);
        assert_eq!(root.attribute("a"), Some(">"));
    }
}
