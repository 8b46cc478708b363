//! What is kept from one file to the next: thousands of servers say mostly the same.

use super::pieces::Pieces;
use super::settings;
use crate::model::{Layer, LocationPath, NameError, ProviderEdit};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// What the files read so far have: the paths of thousands of servers are the same few dozen, and are kept once.
#[derive(Default)]
pub(in crate::snapshot) struct Known {
    numbers: HashMap<String, usize>,
    /// By number.
    paths: Vec<LocationPath>,
    /// The place of each among all, by number; equal ones, which are written in another case, share one.
    ranks: Vec<usize>,
    /// A path while it is put together.
    text: String,
    /// What the last few different files said, the latest first: mostly the next says the same.
    said: VecDeque<Said>,
    /// The pieces of the file before, and of this one.
    pub(super) pieces: Pieces,
}

/// What one element of a file says of one place; a file says it in the order of its blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) of: Scope,
    pub(super) layer: Layer,
}

/// What a block is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All locations, by the global section.
    Global,
    /// All locations, by `<location path="">`.
    OverGlobal,
    /// The location of this path, by its number.
    Path(usize),
}

/// What one file says.
struct Said {
    /// Block by block.
    blocks: Vec<Block>,
    /// The same, merged.
    global: Layer,
    locations: Arc<BTreeMap<LocationPath, Layer>>,
}

impl Known {
    /// More are forgotten with the next file: a folder of odd files shall not fill the memory.
    const MOST: usize = 10_000;

    /// How many different files are kept to compare with: the pools of one deployment are of few kinds.
    const KINDS: usize = 8;

    /// Of one more file.
    pub(super) fn begin(&mut self) {
        if self.paths.len() > Self::MOST {
            *self = Self::default();
        }
        self.pieces.begin();
    }

    /// The number of this path.
    pub(super) fn path(&mut self, text: &str) -> Result<usize, NameError> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = self.paths.len();
        self.paths.push(text.parse()?);
        self.numbers.insert(text.to_owned(), number);
        Ok(number)
    }

    /// The number of what has this name below that path.
    pub(super) fn below(&mut self, parent: usize, name: &str) -> Result<usize, NameError> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.extend([self.paths[parent].as_str(), "/", name]);
        let path = self.path(&text);
        self.text = text;
        path
    }

    /// The global layer and those of the locations, what was said later over what was said earlier.
    pub(super) fn merged(&mut self, blocks: Vec<Block>) -> (Layer, Arc<BTreeMap<LocationPath, Layer>>) {
        if let Some(at) = self.said.iter().position(|said| are_alike(&said.blocks, &blocks)) {
            self.said.swap(0, at);
        } else {
            let (global, locations) = self.merge(&blocks);
            self.said.truncate(Self::KINDS - 1);
            self.said.push_front(Said { blocks, global, locations: Arc::new(locations) });
        }
        (self.said[0].global.clone(), self.said[0].locations.clone())
    }

    fn merge(&mut self, blocks: &[Block]) -> (Layer, BTreeMap<LocationPath, Layer>) {
        self.rank();
        let (mut global, mut over_global) = (Layer::default(), Layer::default());
        let mut layers: Vec<(usize, &Layer)> = Vec::with_capacity(blocks.len());
        for Block { of, layer } in blocks {
            match of {
                Scope::Global => settings::lay_over(&mut global, layer.clone()),
                Scope::OverGlobal => settings::lay_over(&mut over_global, layer.clone()),
                Scope::Path(number) => layers.push((*number, layer)),
            }
        }
        settings::lay_over(&mut global, over_global);
        layers.sort_by_key(|(number, _)| self.ranks[*number]);
        let mut merged: Vec<(usize, Layer)> = Vec::with_capacity(layers.len());
        for (number, layer) in layers {
            match merged.last_mut() {
                Some((last, under)) if self.ranks[*last] == self.ranks[number] => {
                    settings::lay_over(under, layer.clone());
                }
                _ => merged.push((number, layer.clone())),
            }
        }
        (global, merged.into_iter().map(|(number, layer)| (self.paths[number].clone(), layer)).collect())
    }

    /// Gives every path its place, where some have none yet.
    fn rank(&mut self) {
        if self.ranks.len() == self.paths.len() {
            return;
        }
        let mut numbers: Vec<usize> = (0..self.paths.len()).collect();
        numbers.sort_by(|a, b| self.paths[*a].cmp(&self.paths[*b]));
        self.ranks = vec![0; numbers.len()];
        for pair in 1..numbers.len() {
            let (before, this) = (numbers[pair - 1], numbers[pair]);
            self.ranks[this] = self.ranks[before] + usize::from(self.paths[before] != self.paths[this]);
        }
    }
}

/// Whether they are the same, letter for letter: providers that nobody knows are the same in any case, and a file shall be
/// shown as it is, whichever was read before it.
fn are_alike(some: &[Block], others: &[Block]) -> bool {
    fn names(blocks: &[Block]) -> impl Iterator<Item = &str> {
        blocks.iter().flat_map(|block| &block.layer.providers).filter_map(|(edit, _)| match edit {
            ProviderEdit::Clear => None,
            ProviderEdit::Add(provider) | ProviderEdit::Remove(provider) => Some(provider.as_str()),
        })
    }
    some == others && names(some).eq(names(others))
}
