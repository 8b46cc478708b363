//! Well-formed XML, walked once: what both topology documents and applicationHost.config are read with.
//!
//! Stricter than the library below it: one root, nothing but white space, comments and processing instructions
//! around it, no DTD, no entity other than the predefined ones, and a document is only read when it ends properly.
//! Never shows a piece of the document in a fault: applicationHost.config may hold secrets anywhere.

use super::place::Fault;
use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::BufRead as _;

/// Deeper nesting is refused; the deepest seen in real files is 9.
pub(super) const DEEPEST: usize = 200;

const ODD_REFERENCE: &str = "there is an entity reference other than &amp; &lt; &gt; &quot; &apos; and numbers; such \
                             are not read, since they can make a document grow without bound or read other files";

/// A walk through a document.
pub(super) struct Document<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    depth: usize,
    root: Root,
    /// Some `&` begins no predefined reference; it may stand in a comment, where it is no fault.
    odd_references: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    Expected,
    Open,
    Closed,
}

/// What the walk meets.
pub(super) enum Node<'t> {
    /// A start tag; its [`Node::End`] follows.
    Start(BytesStart<'t>),
    /// An element without content; no end follows.
    Empty(BytesStart<'t>),
    /// An end tag.
    End,
    /// Text within an element, or a piece of it.
    Text(Cow<'t, str>),
}

/// An attribute of an element.
pub(super) struct Attr<'e> {
    /// The name, with its prefix if it has one.
    pub(super) name: &'e str,
    /// The value, references resolved.
    pub(super) value: Cow<'e, str>,
    /// Where its name begins.
    pub(super) offset: usize,
}

impl<'t> Document<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut references = memchr::memchr_iter(b'&', text.as_bytes());
        let odd_references = references.any(|at| !begins_reference(&text[at + 1..]));
        let mut reader = Reader::from_str(text);
        // The library would pass over one without counting it.
        for _ in text.chars().take_while(|c| *c == '\u{feff}') {
            reader.stream().consume('\u{feff}'.len_utf8());
        }
        Self { text, reader, depth: 0, root: Root::Expected, odd_references }
    }

    /// For whoever looks at no text: the blanks that indent the markup, half of all nodes, are not even met.
    pub(super) fn without_blanks(text: &'t str) -> Self {
        let mut document = Self::new(text);
        document.reader.config_mut().trim_text_start = true;
        document
    }

    /// The next node; `None` once the document has ended as it should.
    pub(super) fn next(&mut self) -> Result<Option<Node<'t>>, Fault> {
        loop {
            match self.event()? {
                Event::Eof => return self.end(),
                event => {
                    if let Some(node) = self.node(event)? {
                        return Ok(Some(node));
                    }
                }
            }
        }
    }

    /// What this piece of markup is; `None` where it is nothing that anybody looks at.
    fn node(&mut self, event: Event<'t>) -> Result<Option<Node<'t>>, Fault> {
        Ok(match event {
            Event::Start(start) => {
                self.open(&start)?;
                self.depth += 1;
                Some(Node::Start(start))
            }
            Event::Empty(start) => {
                self.open(&start)?;
                self.close();
                Some(Node::Empty(start))
            }
            Event::End(_) => {
                self.depth -= 1;
                self.close();
                Some(Node::End)
            }
            Event::Text(text) => {
                let text = text.into_inner();
                if self.depth > 0 {
                    return Ok(Some(Node::Text(text)));
                }
                self.only_white_space(&text)?;
                None
            }
            Event::CData(text) => {
                let text = text.into_inner();
                self.inside("a CDATA section", &text)?;
                Some(Node::Text(text))
            }
            Event::GeneralRef(reference) => {
                self.inside("a reference", &reference)?;
                Some(Node::Text(self.resolve(&reference)?))
            }
            Event::DocType(name) => {
                let why = "there is a DTD (<!DOCTYPE>); a document with one is not read, since it can make the \
                           document grow without bound or read other files";
                return Err(Fault::new(self.markup_start(&name), why));
            }
            Event::Decl(declaration) if self.root != Root::Expected => {
                let why = "there is an XML declaration in mid-document";
                return Err(Fault::new(self.markup_start(&declaration), why));
            }
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => None,
            Event::Eof => return self.end(),
        })
    }

    /// The whole document.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// Where the markup ends that was read last: after its `>`.
    pub(super) fn position(&self) -> usize {
        offset_from(self.reader.buffer_position())
    }

    /// Walks on to the end of the element whose start was just met, as strictly as ever.
    ///
    /// Most of a large file is skipped, so what ordinary markup needs stands here by itself.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.event()? {
                Event::Start(start) => {
                    self.open(&start)?;
                    self.depth += 1;
                }
                Event::Empty(start) => self.open(&start)?,
                Event::End(_) => self.depth -= 1,
                Event::Text(_) | Event::Comment(_) | Event::PI(_) => {}
                event => _ = self.node(event)?,
            }
        }
        self.close();
        Ok(())
    }

    /// Passes over so many bytes, which must be whole elements, with what stands between them, that were walked
    /// through without a fault in another document, just after some markup.
    pub(super) fn pass(&mut self, length: usize) {
        self.reader.stream().consume(length);
    }

    fn event(&mut self) -> Result<Event<'t>, Fault> {
        self.reader.read_event().map_err(|error| Fault::new(offset_from(self.reader.error_position()), words(&error)))
    }

    /// Where this element's `<` is.
    pub(super) fn offset(&self, element: &BytesStart<'_>) -> usize {
        self.offset_of(element.name().0).saturating_sub(1)
    }

    /// The element's attributes; one that is not well-formed, or stands twice, is a fault.
    pub(super) fn attributes<'e>(
        &self,
        element: &'e BytesStart<'t>,
    ) -> impl Iterator<Item = Result<Attr<'e>, Fault>> + use<'e, '_, 't> {
        let at = self.offset(element);
        let mut attributes = element.attributes();
        attributes.with_checks(false); // they would allocate for every element
        let mut seen = Seen::default();
        attributes.map(move |attribute| match attribute {
            Ok(attribute) if seen.is_new(attribute.key.0) => self.attribute(&attribute),
            _ => {
                let why = "an attribute of this element is not written name=\"value\", or stands there twice";
                Err(Fault::new(at, why))
            }
        })
    }

    fn attribute<'e>(&self, attribute: &Attribute<'e>) -> Result<Attr<'e>, Fault> {
        let name = attribute.key.0;
        let offset = self.offset_of(name);
        match attribute.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => Ok(Attr { name, value, offset }),
            Err(_) => Err(Fault::new(offset, ODD_REFERENCE)),
        }
    }

    fn open(&mut self, start: &BytesStart<'t>) -> Result<(), Fault> {
        match self.root {
            Root::Closed => return Err(Fault::new(self.offset(start), "there is a second root element")),
            Root::Expected => self.root = Root::Open,
            Root::Open => {}
        }
        if self.depth >= DEEPEST {
            let why = format!("elements are nested more than {DEEPEST} deep");
            return Err(Fault::new(self.offset(start), why));
        }
        if self.odd_references {
            let raw = start.attributes_raw();
            if let Some((at, _)) = raw.match_indices('&').find(|(at, _)| !begins_reference(&raw[at + 1..])) {
                return Err(Fault::new(self.offset_of(raw) + at, ODD_REFERENCE));
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        if self.depth == 0 {
            self.root = Root::Closed;
        }
    }

    fn end(&self) -> Result<Option<Node<'t>>, Fault> {
        let why = match self.root {
            Root::Closed => return Ok(None),
            Root::Open => "the document ends before its root element does: it is cut off",
            Root::Expected => "the document has no element: it is empty or cut off",
        };
        Err(Fault::new(self.text.len(), why))
    }

    fn only_white_space(&self, text: &str) -> Result<(), Fault> {
        match text.find(|c: char| !matches!(c, ' ' | '\t' | '\r' | '\n')) {
            None => Ok(()),
            Some(at) => Err(Fault::new(self.offset_of(text) + at, self.outside("text"))),
        }
    }

    fn inside(&self, what: &str, content: &str) -> Result<(), Fault> {
        if self.depth > 0 { Ok(()) } else { Err(Fault::new(self.markup_start(content), self.outside(what))) }
    }

    fn outside(&self, what: &str) -> String {
        let side = if self.root == Root::Closed { "after" } else { "before" };
        format!("there is {what} {side} the root element")
    }

    fn resolve(&self, reference: &BytesRef<'t>) -> Result<Cow<'t, str>, Fault> {
        if let Ok(Some(c)) = reference.resolve_char_ref() {
            return Ok(Cow::Owned(c.to_string()));
        }
        match quick_xml::escape::resolve_predefined_entity(reference) {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => Err(Fault::new(self.markup_start(reference), ODD_REFERENCE)),
        }
    }

    /// Where the markup begins whose content this is: at the `<` or `&` before it.
    fn markup_start(&self, content: &str) -> usize {
        self.text[..self.offset_of(content)].rfind(['<', '&']).unwrap_or(0)
    }

    /// These words for as long as the text is there: what a tag lends is lent with the tag.
    pub(super) fn lasting(&self, words: &str) -> Cow<'t, str> {
        let start = self.offset_of(words);
        match self.text.get(start..start + words.len()) {
            Some(piece) if piece == words => Cow::Borrowed(piece),
            _ => Cow::Owned(words.to_owned()), // they are no piece of it
        }
    }

    /// Where this piece of the text begins; the end of the text for what is no piece of it.
    fn offset_of(&self, piece: &str) -> usize {
        piece.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr()).min(self.text.len())
    }
}

/// The names of an element's attributes so far: mostly a few.
#[derive(Default)]
struct Seen<'e> {
    few: [&'e str; 8],
    count: usize,
    more: HashSet<&'e str>,
}

impl<'e> Seen<'e> {
    fn is_new(&mut self, name: &'e str) -> bool {
        let few = &self.few[..self.count.min(self.few.len())];
        if few.contains(&name) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(free) => *free = name,
            None if !self.more.insert(name) => return false,
            None => {}
        }
        self.count += 1;
        true
    }
}

fn offset_from(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Whether what follows an `&` is a predefined entity or a number.
fn begins_reference(after: &str) -> bool {
    let name = after.as_bytes().iter().take(12).position(|byte| *byte == b';').map(|end| &after[..end]);
    match name {
        Some("amp" | "lt" | "gt" | "quot" | "apos") => true,
        Some(name) => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(number), _) => is_number(number, u8::is_ascii_hexdigit),
            (None, Some(number)) => is_number(number, u8::is_ascii_digit),
            (None, None) => false,
        },
        None => false,
    }
}

fn is_number(text: &str, is_digit: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.as_bytes().iter().all(is_digit)
}

/// The library's words quote the document, so these are our own.
fn words(error: &Error) -> String {
    match error {
        Error::Syntax(syntax) => syntax.to_string(),
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. }) => {
            "this end tag is not the one of the element opened last".to_owned()
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => "this end tag closes nothing".to_owned(),
        Error::IllFormed(IllFormedError::UnclosedReference) => "an `&` begins no reference".to_owned(),
        _ => "this is not well-formed XML".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::place::line_column;

    fn walk(text: &str) -> Result<String, Fault> {
        let walked = walk_through(Document::new(text));
        let markup = |walked: &Result<String, Fault>| walked.clone().map(|seen| seen.replace(char::is_whitespace, ""));
        assert_eq!(markup(&walk_through(Document::without_blanks(text))), markup(&walked), "{text:?} without blanks");
        walked
    }

    fn walk_through(mut document: Document<'_>) -> Result<String, Fault> {
        let mut seen = String::new();
        while let Some(node) = document.next()? {
            match node {
                Node::Start(element) | Node::Empty(element) => {
                    seen.push_str(element.name().0);
                    for attribute in document.attributes(&element) {
                        let attribute = attribute?;
                        seen.extend([" ", attribute.name, "=", &*attribute.value]);
                    }
                    seen.push(';');
                }
                Node::Text(text) => seen.push_str(&text),
                Node::End => seen.push('.'),
            }
        }
        Ok(seen)
    }

    fn check(text: &str, expected: Result<&str, ((usize, usize), &str)>) {
        match (walk(text), expected) {
            (Ok(seen), Ok(expected)) => assert_eq!(seen, expected, "{text:?}"),
            (Err(fault), Err((place, why))) => {
                assert_eq!(line_column(text, fault.offset), place, "{text:?}: {fault:?}");
                assert!(fault.why.contains(why), "{text:?}: {fault:?} shall say {why:?}");
            }
            (seen, expected) => panic!("{text:?} gives {seen:?}, not {expected:?}"),
        }
    }

    #[test]
    fn well_formed_documents() {
        check("<a/>", Ok("a;"));
        check("\r\n<?xml version='1.0' encoding='utf-16'?>\n<!--c & d--><a>x</a><!-- after --> \n", Ok("a;x."));
        check("<a b='1' c:d=\"&lt;&#228;\"><e/>t&amp;u<![CDATA[<&v;]]></a>", Ok("a b=1 c:d=<ä;e;t&u<&v;."));
        check("<a><a></a ></a>", Ok("a;a;.."));
    }

    #[test]
    fn broken_documents_are_placed() {
        check("", Err(((1, 1), "no element")));
        check("<!-- only -->", Err(((1, 14), "no element")));
        check("<a>\n<b>", Err(((2, 4), "ends before its root")));
        check("<a>\n <b", Err(((2, 2), "tag not closed")));
        check("<a>\n <b c='", Err(((2, 2), "attribute value not closed")));
        check("<a/>\n<b/>", Err(((2, 1), "second root")));
        check("<a/> x", Err(((1, 6), "text after the root")));
        check("x <a/>", Err(((1, 1), "text before the root")));
        check("<a/><![CDATA[x]]>", Err(((1, 5), "CDATA section after the root")));
        check("<a/>&amp;", Err(((1, 5), "a reference after the root")));
        check("<a></b>", Err(((1, 4), "not the one of the element opened last")));
        check("</a>", Err(((1, 1), "closes nothing")));
        check("<a b=1/>", Err(((1, 1), "name=\"value\"")));
        check("<a b='1' b='2'/>", Err(((1, 1), "twice")));
        check("<a b='1' c='' d='' e='' f='' g='' h='' i='' j='' j='2'/>", Err(((1, 1), "twice")));
        check("<a b='1' c='' d='' e='' f='' g='' h='' i='' j='' b='2'/>", Err(((1, 1), "twice")));
        check("<a><?xml version='1.0'?></a>", Err(((1, 4), "in mid-document")));
        check(&"<a>".repeat(DEEPEST + 1), Err(((1, 3 * DEEPEST + 1), "nested")));
    }

    #[test]
    fn dtds_and_entities_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY x 'xxxx'><!ENTITY y '&x;&x;'>]><a>&y;</a>";
        check(bomb, Err(((1, 1), "DTD")));
        check("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", Err(((1, 1), "DTD")));
        check("<a>\n&x;</a>", Err(((2, 1), "entity reference")));
        check("<a><b c='&x;'/></a>", Err(((1, 10), "entity reference")));
        check("<a><b c='&'/></a>", Err(((1, 10), "entity reference")));
        check("<a>a & b</a>", Err(((1, 6), "begins no reference")));
        check("<a>&#0;</a>", Err(((1, 4), "entity reference")));
        check("<a><b c='&#'/>;</a>", Err(((1, 10), "entity reference")));
        check("<a><b c='&#xg;'/></a>", Err(((1, 10), "entity reference")));
    }

    #[test]
    fn a_document_cut_off_anywhere_is_never_read() {
        let whole = "<?xml version='1.0'?><!-- c --><a b='ü'><c>t&amp;</c><d e='1'/><![CDATA[x]]></a>";
        assert!(walk(whole).is_ok());
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert!(walk(&whole[..end]).is_err(), "cut off at {end}: {:?}", &whole[..end]);
        }
    }
}
