//! Names and times of the model as they stand in JSON: as text, in values, lists and keys.

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

fn parse<T: FromStr<Err: Display>, E: serde::de::Error>(text: &str) -> Result<T, E> {
    text.parse().map_err(|error| E::custom(format!("{text:?} cannot be taken: {error}")))
}

/// A map whose keys are parsed; two keys that differ by case only are refused.
struct Parsed<K, V>(BTreeMap<K, V>);

impl<'de, K: FromStr<Err: Display> + Ord + Display, V: Deserialize<'de>> Deserialize<'de> for Parsed<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParsedVisitor<K, V>(PhantomData<(K, V)>);

        impl<'de, K: FromStr<Err: Display> + Ord + Display, V: Deserialize<'de>> Visitor<'de> for ParsedVisitor<K, V> {
            type Value = Parsed<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parsed<K, V>, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((key, value)) = entries.next_entry::<String, V>()? {
                    let key: K = parse(&key)?;
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format!("{key} stands here twice; keep one entry")));
                    }
                    map.insert(key, value);
                }
                Ok(Parsed(map))
            }
        }

        deserializer.deserialize_map(ParsedVisitor(PhantomData))
    }
}

/// One name or time.
pub(super) mod one {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer, parse};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        parse(&String::deserialize(deserializer)?)
    }
}

/// One that may be left out.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer, parse};

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|text| parse(&text)).transpose()
    }
}

/// A set of names, as a list.
pub(super) mod set {
    use super::{BTreeSet, Deserialize, Deserializer, Display, FromStr, Serializer, parse};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        values: &BTreeSet<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display> + Ord, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeSet<T>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|text| parse(text)).collect()
    }
}

/// A map from names to anything.
pub(super) mod keys {
    use super::{
        BTreeMap, Deserialize, DeserializeOwned, Deserializer, Display, FromStr, Parsed, Serialize, Serializer,
    };

    pub(in super::super) fn serialize<K: Display, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(key, value)| (key.to_string(), value)))
    }

    pub(in super::super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: FromStr<Err: Display> + Ord + Display,
        V: DeserializeOwned,
        D: Deserializer<'de>,
    {
        Ok(Parsed::deserialize(deserializer)?.0)
    }
}

/// A map from names to names.
pub(super) mod both {
    use super::{BTreeMap, Deserialize, Deserializer, Display, FromStr, Parsed, Serializer, parse};

    pub(in super::super) fn serialize<K: Display, V: Display, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().map(|(key, value)| (key.to_string(), value.to_string())))
    }

    pub(in super::super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: FromStr<Err: Display> + Ord + Display,
        V: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let map: BTreeMap<K, String> = Parsed::deserialize(deserializer)?.0;
        map.into_iter().map(|(key, value)| Ok((key, parse(&value)?))).collect()
    }
}

/// The holders of SPNs; any text is the name of one.
pub(super) mod holders {
    use super::{BTreeMap, BTreeSet, Deserialize, Deserializer, Parsed, Serializer};
    use crate::model::{Principal, Spn};

    pub(in super::super) fn serialize<S: Serializer>(
        map: &BTreeMap<Spn, BTreeSet<Principal>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let names = |holders: &BTreeSet<Principal>| holders.iter().map(Principal::to_string).collect::<Vec<_>>();
        serializer.collect_map(map.iter().map(|(spn, holders)| (spn.to_string(), names(holders))))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Spn, BTreeSet<Principal>>, D::Error> {
        let map: BTreeMap<Spn, Vec<String>> = Parsed::deserialize(deserializer)?.0;
        Ok(map.into_iter().map(|(spn, names)| (spn, names.iter().map(|name| Principal::new(name)).collect())).collect())
    }
}
