//! The published topology, from either of its documents.
//!
//! - **Published**: what `Get-CsTopology -AsXml` prints; its root is `Topology`. [seen]
//! - **Topology Builder**: a `.tbxml` file; its root is `TopologyBuilder`. Its `Signature` of zeros means that it was
//!   never published; it is read all the same, since it is what an operator has at hand before the first
//!   publication. [seen]
//!
//! The root element decides which one it is, never the file's name. Elements match by namespace and local name.
//!
//! A cluster matters where a service that makes its role is installed on it. There, a name that is no FQDN, or a site
//! that the document does not have, makes the whole document unreadable: it would hide a target. Other clusters (SQL
//! Server, file stores, gateways known by their address) are left out where they have no such name.

mod builder;
pub(super) mod edit;
mod pools;
mod published;
mod tree;

use super::place::{Fault, Source};
use crate::model::{Cause, Topology};
use tree::Space;

/// The topology that this document describes.
pub(super) fn read(source: &Source) -> Result<Topology, Cause> {
    parse(&source.text).map_err(|fault| source.broken(fault))
}

fn parse(text: &str) -> Result<Topology, Fault> {
    let root = tree::parse(text)?;
    let topology = if root.is(Space::Topology, "Topology") {
        published::read(&root)?
    } else if root.is(Space::Builder, "TopologyBuilder") {
        builder::read(&root)?
    } else {
        let why = format!(
            "the root element is {}, in another namespace perhaps; a topology document begins with Topology \
             (Get-CsTopology -AsXml) or TopologyBuilder (a .tbxml file)",
            root.name()
        );
        return Err(Fault::new(root.offset, why));
    };
    if topology.sites.is_empty() {
        return Err(Fault::new(root.offset, "the topology has no site"));
    }
    Ok(topology)
}

#[cfg(test)]
mod tests;
