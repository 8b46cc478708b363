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
use crate::model::{Cause, IisConfiguration, Layer, LocationPath, Place};
use quick_xml::events::BytesStart;
use settings::{Edit, check_extended_protection, provider_edit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What this file says.
pub(super) fn read(source: &Source) -> Result<IisConfiguration, Cause> {
    parse(&source.name, &source.text).map_err(|fault| source.broken(fault))
}

fn parse(file: &Arc<str>, text: &str) -> Result<IisConfiguration, Fault> {
    let mut walk = Walk {
        document: Document::new(text),
        locator: Locator::new(text),
        file,
        open: Vec::with_capacity(8),
        global: Layer::default(),
        location: None,
        over_global: Layer::default(),
        locations: BTreeMap::new(),
    };
    walk.run()?;
    let Walk { mut global, over_global, locations, .. } = walk;
    settings::lay_over(&mut global, over_global);
    Ok(IisConfiguration { global, locations })
}

/// The elements that are walked into.
#[derive(Clone, PartialEq, Eq)]
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
    Site(LocationPath),
    Application(LocationPath),
}

struct Walk<'t> {
    document: Document<'t>,
    locator: Locator<'t>,
    file: &'t Arc<str>,
    open: Vec<Open>,
    /// The layer of the global `system.webServer`.
    global: Layer,
    /// The `location` that is open, and the layer of this one block; without a path it is a global one.
    location: Option<(Option<LocationPath>, Layer)>,
    /// The layer of `<location path="">`.
    over_global: Layer,
    locations: BTreeMap<LocationPath, Layer>,
}

impl<'t> Walk<'t> {
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
        let Some(parent) = self.open.last() else {
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
            (Open::Site(site), "application") => Open::Application(self.path(element, "path", Some(&site.clone()))?),
            (Open::Application(application), "virtualDirectory") => {
                self.path(element, "path", Some(&application.clone()))?;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        Ok(Some(open))
    }

    /// The path of this `location`; none where it is global.
    fn location_path(&self, element: &BytesStart<'t>) -> Result<Option<LocationPath>, Fault> {
        for attribute in self.document.attributes(element) {
            let attribute = attribute?;
            if attribute.name == "path" && !matches!(attribute.value.trim(), "" | ".") {
                let path = attribute.value.parse().map_err(|error| {
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
            Some((Some(path), layer)) => settings::lay_over(self.locations.entry(path).or_default(), layer),
            Some((None, layer)) => settings::lay_over(&mut self.over_global, layer),
            None => {}
        }
    }

    /// Notes the path that this site, application or virtual directory makes below its parent.
    fn path(
        &mut self,
        element: &BytesStart<'t>,
        attribute: &str,
        parent: Option<&LocationPath>,
    ) -> Result<LocationPath, Fault> {
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
            Some(parent) if below.is_empty() => return Ok(parent.clone()),
            Some(parent) => format!("{parent}/{below}").parse(),
            None => below.parse(),
        };
        let path: LocationPath = path.map_err(|error| {
            Fault::new(own.offset, format!("the {attribute} of this {} cannot be taken: {error}", element.name().0))
        })?;
        self.locations.entry(path.clone()).or_default();
        Ok(path)
    }

    fn provider(&mut self, element: &BytesStart<'t>) -> Result<(), Fault> {
        let Edit { edit, offset } = provider_edit(&self.document, element)?;
        let line_column = Some(self.locator.at(offset));
        let place = Place { file: self.file.clone(), line_column };
        self.layer().providers.push((edit, place));
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
