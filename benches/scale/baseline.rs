//! What the verbs are compared with: the least that a program must do with the same bytes. Each runs in a process of
//! its own, as the verbs do.

use super::types::Document;
use clap::{Subcommand, ValueEnum};
use granit_parser::{Event, Parser};
use quick_xml::events::Event as Xml;
use quick_xml::reader::Reader;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// A baseline.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Baseline {
    /// One thread reads every file of a snapshot and counts its bytes.
    Count { snapshot: PathBuf },
    /// One thread reads every applicationHost.config and walks through it by quick-xml's events, and no more.
    Xml { snapshot: PathBuf },
    /// Reads a YAML file into bare types, or not even that.
    Yaml { with: Yaml, file: PathBuf },
}

/// How far a YAML file is read.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Yaml {
    /// The parser's events, counted.
    Events,
    /// Into the types of the document, by serde over that same parser (serde-saphyr).
    Types,
    /// Into the same types by `serde_yaml`, which is libyaml.
    Libyaml,
}

type Failure = Box<dyn std::error::Error>;

/// Does it; how much there was.
pub(crate) fn run(baseline: &Baseline) -> Result<usize, Failure> {
    match baseline {
        Baseline::Count { snapshot } => {
            let mut bytes = 0;
            for file in ["snapshot.json", "topology.xml", "assignments.json", "webservices.json", "directory.json"] {
                bytes += fs::read(snapshot.join(file))?.len();
            }
            each_server(snapshot, |folder| {
                for file in ["applicationHost.config", "kerberos.json"] {
                    bytes += fs::read(folder.join(file))?.len();
                }
                Ok(())
            })?;
            Ok(bytes)
        }
        Baseline::Xml { snapshot } => {
            let mut events = 0;
            each_server(snapshot, |folder| {
                let text = String::from_utf8(fs::read(folder.join("applicationHost.config"))?)?;
                let mut reader = Reader::from_str(&text);
                while !matches!(black_box(reader.read_event()?), Xml::Eof) {
                    events += 1;
                }
                Ok(())
            })?;
            Ok(events)
        }
        Baseline::Yaml { with, file } => {
            let text = fs::read_to_string(file)?;
            let sites = |document: Document| black_box(document).sites.len();
            match with {
                Yaml::Events => {
                    let mut events = 0;
                    for event in Parser::new_from_str(&text) {
                        events += usize::from(!matches!(black_box(event?.0), Event::StreamEnd));
                    }
                    Ok(events)
                }
                Yaml::Types => {
                    let budget = serde_saphyr::options! { budget: None };
                    Ok(sites(serde_saphyr::from_str_with_options(&text, budget)?))
                }
                Yaml::Libyaml => Ok(sites(serde_yaml::from_str(&text)?)),
            }
        }
    }
}

fn each_server(snapshot: &Path, mut work: impl FnMut(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    for server in fs::read_dir(snapshot.join("servers"))? {
        work(&server?.path())?;
    }
    Ok(())
}
