//! What a configuration will be once settings are written.

use super::{IisConfiguration, Layer, Setting, WindowsAuthentication};
use crate::model::{LocationPath, Reading};
use std::collections::BTreeMap;

/// A configuration as it will be once some settings are written, without a copy of all that stays.
#[derive(Clone, Debug)]
pub struct Edited<'c> {
    now: &'c IisConfiguration,
    /// The layers of the places that are written.
    written: BTreeMap<LocationPath, Layer>,
}

impl<'c> Edited<'c> {
    /// Nothing is written yet.
    pub fn new(now: &'c IisConfiguration) -> Self {
        Self { now, written: BTreeMap::new() }
    }

    /// Whether nothing is written.
    pub fn is_unchanged(&self) -> bool {
        self.written.is_empty()
    }

    /// Writes the setting at this very path, as Microsoft.Web.Administration does: a list of providers is cleared first.
    pub fn set(&mut self, path: &LocationPath, setting: &Setting) {
        let layer = self.written.entry(path.clone());
        layer.or_insert_with(|| self.now.locations.get(path).cloned().unwrap_or_default()).set(setting);
    }

    /// The settings that will be in effect: see [`IisConfiguration::effective`].
    pub fn effective(&self, path: &LocationPath) -> Reading<WindowsAuthentication> {
        self.now.effective_with(path, |at| self.written.get(at).or_else(|| self.now.locations.get(at)))
    }
}
