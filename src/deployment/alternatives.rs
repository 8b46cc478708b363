//! What may be written in two ways: a server as a name or a mapping, a batch as a number or a percentage.
//!
//! Both read what is there; serde's own `untagged` copies a value before it reads it, and so loses its places.

use super::document::{Batch, Location, Server, ServerSettings};
use super::typed::Placed;
use crate::model::BatchSize;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::fmt;

impl Placed<Server> {
    /// The server's name, where it has one.
    pub(crate) fn fqdn(&self) -> Option<Placed<&str>> {
        match &**self {
            Server::Fqdn(fqdn) => Some(self.with(fqdn.as_str())),
            Server::Settings(settings) => settings.fqdn.as_ref().map(|fqdn| fqdn.with(fqdn.as_str())),
        }
    }

    /// Its own expected settings.
    pub(crate) fn iis(&self) -> Option<&Placed<Vec<Placed<Location>>>> {
        match &**self {
            Server::Fqdn(_) => None,
            Server::Settings(settings) => settings.iis.as_ref(),
        }
    }
}

impl<'de> Deserialize<'de> for Server {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Server;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a mapping")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Server, E> {
                Ok(Server::Fqdn(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Server, A::Error> {
                ServerSettings::deserialize(MapAccessDeserializer::new(map)).map(Server::Settings)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Batch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a percentage")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Batch, E> {
                Ok(Batch::Share(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Batch, E> {
                Ok(Batch::Servers(number))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl Batch {
    /// The size it asks for, or why there is none such.
    pub(crate) fn size(&self) -> Result<BatchSize, &'static str> {
        match self {
            Self::Servers(number) => match u32::try_from(*number) {
                Ok(0) => Err("a batch of no server never ends"),
                Ok(number) => Ok(BatchSize::Servers(number)),
                Err(_) if *number < 0 => Err("a batch has at least one server"),
                Err(_) => Err("no pool has so many servers"),
            },
            Self::Share(text) => {
                let digits = text.strip_suffix('%').filter(|rest| !rest.is_empty());
                let digits = digits.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
                match digits.map(str::parse::<u8>) {
                    None => Err("a batch is a number of servers or a percentage such as \"20%\""),
                    Some(Ok(0)) => Err("a batch of 0 % has no server and never ends"),
                    Some(Ok(percent @ 1..=100)) => Ok(BatchSize::Percent(percent)),
                    Some(_) => Err("a batch has at most 100 % of a pool's servers"),
                }
            }
        }
    }
}
