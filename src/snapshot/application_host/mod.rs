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
//! Names of elements and attributes have their case in IIS; paths do not. Nothing but names, paths and these settings
//! is ever kept, since the file may hold secrets (`[enc:...]`, `password=`), and a fault never quotes the file.

mod edit;
mod settings;

pub(super) use edit::set;

use super::place::{Fault, Locator, Source};
use super::xml::{Document, Node};
use crate::model::{Cause, IisConfiguration, Layer, LocationPath, NameError};
use quick_xml::events::BytesStart;
use settings::{Edit, check_extended_protection, provider_edit};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// The paths that files read so far have: those of thousands of servers are the same few dozen, and are kept once.
#[derive(Default)]
pub(super) struct Known {
    numbers: HashMap<String, usize>,
    /// By number.
    paths: Vec<LocationPath>,
    /// The place of each among all, by number; equal ones, which are written in another case, share one.
    ranks: Vec<usize>,
    /// A path while it is put together.
    text: String,
    /// What the last few different files said of their locations, the latest first: mostly the next says the same.
    said: VecDeque<Said>,
}

/// What one file says of its locations.
struct Said {
    /// By the numbers of their paths; blocks of one path stand in the order of the file.
    layers: Vec<(usize, Layer)>,
    /// The same, merged.
    merged: Arc<BTreeMap<LocationPath, Layer>>,
}

impl Known {
    /// More are forgotten with the next file: a folder of odd files shall not fill the memory.
    const MOST: usize = 10_000;

    /// How many different files are kept to compare with: the pools of one deployment are of few kinds.
    const KINDS: usize = 8;

    /// Of one more file.
    fn begin(&mut self) {
        if self.paths.len() > Self::MOST {
            *self = Self::default();
        }
    }

    fn path(&mut self, text: &str) -> Result<usize, NameError> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = self.paths.len();
        self.paths.push(text.parse()?);
        self.numbers.insert(text.to_owned(), number);
        Ok(number)
    }

    fn below(&mut self, parent: usize, name: &str) -> Result<usize, NameError> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.extend([self.paths[parent].as_str(), "/", name]);
        let path = self.path(&text);
        self.text = text;
        path
    }

    /// These layers by their paths, what was said later over what was said earlier.
    fn merged(&mut self, layers: Vec<(usize, Layer)>) -> Arc<BTreeMap<LocationPath, Layer>> {
        if let Some(at) = self.said.iter().position(|said| said.layers == layers) {
            self.said.swap(0, at);
            return self.said[0].merged.clone();
        }
        let merged = Arc::new(self.merge(layers.clone()));
        self.said.truncate(Self::KINDS - 1);
        self.said.push_front(Said { layers, merged: merged.clone() });
        merged
    }

    fn merge(&mut self, mut layers: Vec<(usize, Layer)>) -> BTreeMap<LocationPath, Layer> {
        if self.ranks.len() < self.paths.len() {
            let mut numbers: Vec<usize> = (0..self.paths.len()).collect();
            numbers.sort_by(|a, b| self.paths[*a].cmp(&self.paths[*b]));
            self.ranks = vec![0; numbers.len()];
            for pair in 1..numbers.len() {
                let (before, this) = (numbers[pair - 1], numbers[pair]);
                self.ranks[this] = self.ranks[before] + usize::from(self.paths[before] != self.paths[this]);
            }
        }
        layers.sort_by_key(|(number, _)| self.ranks[*number]);
        let mut merged: Vec<(usize, Layer)> = Vec::with_capacity(layers.len());
        for (number, layer) in layers {
            match merged.last_mut() {
                Some((last, under)) if self.ranks[*last] == self.ranks[number] => settings::lay_over(under, layer),
                _ => merged.push((number, layer)),
            }
        }
        merged.into_iter().map(|(number, layer)| (self.paths[number].clone(), layer)).collect()
    }
}

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
        global: Layer::default(),
        location: None,
        over_global: Layer::default(),
        locations: Vec::with_capacity(64),
    };
    walk.run()?;
    let Walk { mut global, over_global, locations, known, .. } = walk;
    settings::lay_over(&mut global, over_global);
    let locations = known.merged(locations);
    Ok(IisConfiguration { file: file.clone(), global, locations })
}

/// The elements that are walked into.
///
/// Sites and applications with the numbers of their paths.
#[derive(Clone, Copy, PartialEq, Eq)]
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
    open: Vec<Open>,
    /// The layer of the global `system.webServer`.
    global: Layer,
    /// The `location` that is open, and the layer of this one block; without a path it is a global one.
    location: Option<(Option<usize>, Layer)>,
    /// The layer of `<location path="">`.
    over_global: Layer,
    /// What each path is said to have, in the order of the file.
    locations: Vec<(usize, Layer)>,
}

impl<'t> Walk<'t, '_> {
    fn run(&mut self) -> Result<(), Fault> {
        while let Some(node) = self.document.next()? {
            match node {
                Node::Start(element) => match self.enter(&element)? {
                    Some(open) => self.open.push(open),
                    None => self.document.skip()?,
                },
                Node::Empty(element) => {
                    if self.enter(&element)? == Some(Open::Location) {
                        self.leave_location();
                    }
                }
                Node::End => {
                    if self.open.pop() == Some(Open::Location) {
                        self.leave_location();
                    }
                }
                Node::Text(_) => {}
            }
        }
        Ok(())
    }

    /// Reads this element where it was asked for, and says as what to walk into it.
    fn enter(&mut self, element: &BytesStart<'t>) -> Result<Option<Open>, Fault> {
        let name = element.name().0;
        let Some(parent) = self.open.last().copied() else {
            return match name {
                "configuration" => Ok(Some(Open::Configuration)),
                _ => {
                    Err(self.fault(element, "the root element is not configuration: this is no applicationHost.config"))
                }
            };
        };
        let open = match (parent, name) {
            (Open::Configuration, "location") => {
                self.location = Some((self.location_path(element)?, Layer::default()));
                Open::Location
            }
            (Open::Configuration | Open::Location, "system.webServer") => Open::WebServer,
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

    /// The path of this `location`; none where it is global.
    fn location_path(&mut self, element: &BytesStart<'t>) -> Result<Option<usize>, Fault> {
        for attribute in self.document.attributes(element) {
            let attribute = attribute?;
            if attribute.name == "path" && !matches!(attribute.value.trim(), "" | ".") {
                let path = self.known.path(&attribute.value).map_err(|error| {
                    Fault::new(attribute.offset, format!("the path of this location cannot be taken: {error}"))
                })?;
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Merges the block that ends here with what other blocks of its path said before.
    fn leave_location(&mut self) {
        match self.location.take() {
            Some((Some(path), layer)) => self.locations.push((path, layer)),
            Some((None, layer)) => settings::lay_over(&mut self.over_global, layer),
            None => {}
        }
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
        self.locations.push((path, Layer::default()));
        Ok(path)
    }

    fn provider(&mut self, element: &BytesStart<'t>) -> Result<(), Fault> {
        let Edit { edit, offset } = provider_edit(&self.document, element)?;
        let line_column = Some(self.locator.at(offset));
        self.layer().providers.push((edit, line_column));
        Ok(())
    }

    fn layer(&mut self) -> &mut Layer {
        match &mut self.location {
            Some((_, layer)) => layer,
            None => &mut self.global,
        }
    }

    fn fault(&self, element: &BytesStart<'t>, why: impl Into<String>) -> Fault {
        Fault::new(self.document.offset(element), why)
    }
}

#[cfg(test)]
mod tests;
