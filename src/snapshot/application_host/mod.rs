//! applicationHost.config: which locations a server has, and what each says of `windowsAuthentication`.
//!
//! One walk, which skips whatever it was not asked for:
//! - `configuration/system.applicationHost/sites/site@name/application@path/virtualDirectory@path`: the locations
//!   that exist;
//! - `configuration/system.webServer/security/authentication/windowsAuthentication`: the global layer;
//! - `configuration/location@path/system.webServer/...`: that location's layer. Blocks for the same path merge in
//!   document order; the paths "" and "." are global and lie over the global section. A `location` anywhere else
//!   (in a comment, in another element) is none.
//!
//! Names of elements and attributes have their case in IIS; paths do not. Since the file may hold secrets (`[enc:...]`,
//! `password=`), nothing but names, paths and these settings is in what was read, and a fault never quotes the file. Its
//! text is kept, by `pieces`, for as long as files are read, to compare the next one with.

mod edit;
mod known;
mod pieces;
mod settings;

pub(super) use edit::set;
pub(super) use known::Known;

use super::place::{Fault, Locator, Source};
use super::xml::{Document, Node};
use crate::model::{Cause, IisConfiguration, Layer};
use known::{Block, Scope};
use pieces::Begin;
use quick_xml::events::BytesStart;
use settings::{Edit, check_extended_protection, provider_edit};
use std::sync::Arc;

/// What this file says.
pub(super) fn read(source: &Source, known: &mut Known) -> Result<IisConfiguration, Cause> {
    parse(&source.name, &source.text, known).map_err(|fault| source.broken(fault))
}

fn parse(file: &Arc<str>, text: &str, known: &mut Known) -> Result<IisConfiguration, Fault> {
    known.begin();
    let mut walk = Walk {
        known,
        document: Document::without_blanks(text),
        locator: Locator::new(text),
        open: Vec::with_capacity(8),
        block: None,
        said: Vec::with_capacity(64),
    };
    walk.run()?;
    let Walk { said, known, .. } = walk;
    let (global, locations) = known.merged(said);
    Ok(IisConfiguration { file: file.clone(), global, locations })
}

/// The elements that are walked into.
///
/// Sites and applications with the numbers of their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Configuration,
    Location,
    WebServer,
    Security,
    Authentication,
    WindowsAuthentication,
    Providers,
    ApplicationHost,
    Sites,
    Site(usize),
    Application(usize),
}

struct Walk<'t, 'k> {
    known: &'k mut Known,
    document: Document<'t>,
    locator: Locator<'t>,
    /// What is open, and where it began.
    open: Vec<(Open, Option<Begin>)>,
    /// What this child of `configuration` says.
    block: Option<Block>,
    /// What all before it said, in the order of the file.
    said: Vec<Block>,
}

impl<'t> Walk<'t, '_> {
    fn run(&mut self) -> Result<(), Fault> {
        let mut after_markup = true;
        loop {
            let begin = if after_markup { self.begin() } else { None };
            let Some(node) = self.document.next()? else { return Ok(()) };
            after_markup = !matches!(node, Node::Text(_));
            match node {
                Node::Start(element) => match self.enter(&element)? {
                    Some(open) => self.open.push((open, begin)),
                    None => {
                        self.document.skip()?;
                        self.leave(begin);
                    }
                },
                Node::Empty(element) => {
                    self.enter(&element)?;
                    self.leave(begin);
                }
                Node::End => {
                    let left = self.open.pop();
                    self.leave(left.and_then(|(_, begin)| begin));
                }
                Node::Text(_) => {}
            }
        }
    }

    /// Passes over the pieces that the file before had here too, word for word; says where the next one begins, where
    /// it may be a piece.
    fn begin(&mut self) -> Option<Begin> {
        let within = self.open.last()?.0;
        if !matches!(within, Open::Configuration | Open::ApplicationHost | Open::Site(_)) {
            return None;
        }
        loop {
            let offset = self.document.position();
            let (line_column, said) = (self.locator.at(offset), self.said.len());
            let begin = Begin { within, depth: self.open.len(), offset, line_column, said };
            match self.known.pieces.find(&begin, &self.document.text()[offset..], &mut self.said) {
                Some(length) => self.document.pass(length),
                None => return Some(begin),
            }
        }
    }

    /// An element has ended.
    fn leave(&mut self, begin: Option<Begin>) {
        if matches!(self.open.last(), Some((Open::Configuration, _))) {
            self.said.extend(self.block.take());
        }
        if let Some(begin) = begin {
            let text = &self.document.text()[begin.offset..self.document.position()];
            self.known.pieces.keep(&begin, text, &self.said);
        }
    }

    /// Reads this element where it was asked for, and says as what to walk into it.
    fn enter(&mut self, element: &BytesStart<'t>) -> Result<Option<Open>, Fault> {
        let name = element.name().0;
        let Some((parent, _)) = self.open.last().copied() else {
            return match name {
                "configuration" => Ok(Some(Open::Configuration)),
                _ => {
                    Err(self.fault(element, "the root element is not configuration: this is no applicationHost.config"))
                }
            };
        };
        let open = match (parent, name) {
            (Open::Configuration, "location") => {
                self.block = Some(Block { of: self.location(element)?, layer: Layer::default() });
                Open::Location
            }
            (Open::Configuration, "system.webServer") => {
                self.block = Some(Block { of: Scope::Global, layer: Layer::default() });
                Open::WebServer
            }
            (Open::Location, "system.webServer") => Open::WebServer,
            (Open::WebServer, "security") => Open::Security,
            (Open::Security, "authentication") => Open::Authentication,
            (Open::Authentication, "windowsAuthentication") => {
                let said = settings::settings(&self.document, element)?;
                settings::lay_over(self.layer(), said);
                Open::WindowsAuthentication
            }
            (Open::WindowsAuthentication, "providers") => Open::Providers,
            (Open::WindowsAuthentication, "extendedProtection") => {
                let checking = check_extended_protection(&self.document, element)?;
                let layer = self.layer();
                layer.extended_protection = checking.or(layer.extended_protection);
                return Ok(None);
            }
            (Open::Providers, _) => {
                self.provider(element)?;
                return Ok(None);
            }
            (Open::Configuration | Open::Location, "system.applicationHost") => Open::ApplicationHost,
            (Open::ApplicationHost, "sites") => {
                settings::check_section(&self.document, element)?;
                Open::Sites
            }
            (Open::Sites, "site") => Open::Site(self.path(element, "name", None)?),
            (Open::Site(site), "application") => Open::Application(self.path(element, "path", Some(site))?),
            (Open::Application(application), "virtualDirectory") => {
                self.path(element, "path", Some(application))?;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        Ok(Some(open))
    }

    /// Of what this `location` speaks.
    fn location(&mut self, element: &BytesStart<'t>) -> Result<Scope, Fault> {
        for attribute in self.document.attributes(element) {
            let attribute = attribute?;
            if attribute.name == "path" && !matches!(attribute.value.trim(), "" | ".") {
                let path = self.known.path(&attribute.value).map_err(|error| {
                    Fault::new(attribute.offset, format!("the path of this location cannot be taken: {error}"))
                })?;
                return Ok(Scope::Path(path));
            }
        }
        Ok(Scope::OverGlobal)
    }

    /// Notes the path that this site, application or virtual directory makes below its parent.
    fn path(&mut self, element: &BytesStart<'t>, attribute: &str, parent: Option<usize>) -> Result<usize, Fault> {
        let mut own = None;
        for candidate in self.document.attributes(element) {
            let candidate = candidate?;
            if candidate.name == attribute {
                own = Some(candidate);
            }
        }
        let Some(own) = own else {
            return Err(self.fault(element, format!("{} has no {attribute}", element.name().0)));
        };
        let below = own.value.trim().trim_matches('/');
        let path = match parent {
            Some(parent) if below.is_empty() => return Ok(parent),
            Some(parent) => self.known.below(parent, below),
            None => self.known.path(below),
        };
        let path = path.map_err(|error| {
            Fault::new(own.offset, format!("the {attribute} of this {} cannot be taken: {error}", element.name().0))
        })?;
        self.said.push(Block { of: Scope::Path(path), layer: Layer::default() });
        Ok(path)
    }

    fn provider(&mut self, element: &BytesStart<'t>) -> Result<(), Fault> {
        let Edit { edit, offset } = provider_edit(&self.document, element)?;
        let line_column = Some(self.locator.at(offset));
        self.layer().providers.push((edit, line_column));
        Ok(())
    }

    /// What is said here is said by this child of `configuration`.
    fn layer(&mut self) -> &mut Layer {
        &mut self.block.get_or_insert_with(|| Block { of: Scope::Global, layer: Layer::default() }).layer
    }

    fn fault(&self, element: &BytesStart<'t>, why: impl Into<String>) -> Fault {
        Fault::new(self.document.offset(element), why)
    }
}

#[cfg(test)]
mod tests;
