//! JSON to typed values, with the place of whatever is wrong.

use super::place::{Fault, Source};
use crate::model::Cause;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

/// Begins the message of a text that cannot be taken. The library says where it had read up to, which may be the end
/// of whatever holds the text; with this mark the fault is placed at the text itself.
const AT_THE_TEXT: char = '\u{2}';

/// The list that this file holds.
pub(super) fn parse<T: DeserializeOwned>(source: &Source) -> Result<T, Cause> {
    let text = &source.text;
    if text.trim().is_empty() {
        let why = "the file is empty: what was to fill it may have failed; where there is nothing to say, write []";
        return Err(source.broken(Fault::new(0, why)));
    }
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&suffix).unwrap_or(&message);
        let why = message.trim_start_matches(AT_THE_TEXT);
        let at = read_up_to(text, &error);
        let at = match error.classify() {
            Category::Data if message.starts_with(AT_THE_TEXT) => text[..at].rfind('"').unwrap_or(at),
            _ => at.saturating_sub(1),
        };
        let at = if error.classify() == Category::Data { text_start(text, at) } else { at };
        source.broken(Fault::new(at, why))
    })
}

/// The object that this file holds.
pub(super) fn parse_object<T: DeserializeOwned>(source: &Source) -> Result<T, Cause> {
    parse::<Object<T>>(source).map(|Object(value)| value)
}

/// How many bytes the library had read.
fn read_up_to(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary(before + error.column())
}

/// Where the text begins that ends with the quote at this byte; the byte itself where there is no quote.
fn text_start(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return at;
    }
    let escaped = |quote: usize| bytes[..quote].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    (0..at).rev().find(|quote| bytes[*quote] == b'"' && !escaped(*quote)).unwrap_or(at)
}

/// A value that is written as an object; by itself serde would take a list of the properties' values too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// An entry of a list in which no two may speak of the same thing.
pub(super) trait Entry {
    /// What it speaks of.
    type Key: Ord + fmt::Display;

    /// What it speaks of.
    fn key(&self) -> Self::Key;
}

/// A list of entries, each about something else.
///
/// Where PowerShell's ConvertTo-Json was given one object it writes no list, and for none it may write `null`: both
/// are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Entries<T>(pub Vec<T>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for Entries<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}List", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

impl<'de, T: Deserialize<'de> + Entry> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Entry> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects, one object, or null")
    }

    fn visit_unit<E>(self) -> Result<Entries<T>, E> {
        Ok(Entries::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entries<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| Entries(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries<T>, A::Error> {
        let mut entries = Vec::new();
        let mut keys = BTreeSet::new();
        while let Some(entry) = list.next_element_seed(NewEntry(&mut keys, PhantomData))? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

/// An entry that speaks of something new. Looked at within the entry, so that a fault is placed there.
struct NewEntry<'k, T: Entry>(&'k mut BTreeSet<T::Key>, PhantomData<T>);

impl<'de, T: Deserialize<'de> + Entry> DeserializeSeed<'de> for NewEntry<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de> + Entry> Visitor<'de> for NewEntry<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let entry = T::deserialize(MapAccessDeserializer::new(map))?;
        let key = entry.key();
        if self.0.contains(&key) {
            return Err(A::Error::custom(format!("{key} stands here twice; keep one entry")));
        }
        self.0.insert(key);
        Ok(entry)
    }
}

/// A list of texts; ConvertTo-Json writes one text for a list of one, and `null` for none.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts, one text, or null")
        }

        fn visit_unit<E>(self) -> Result<Vec<String>, E> {
            Ok(Vec::new())
        }

        fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = list.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_any(Texts)
}

/// A name that stands in JSON as text.
pub(super) mod name {
    use super::{AT_THE_TEXT, Cow, Deserialize, Deserializer, fmt};
    use serde::Serializer;
    use serde::de::Error as _;
    use std::str::FromStr;

    pub(in crate::snapshot) fn serialize<T: fmt::Display, S: Serializer>(
        name: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(name)
    }

    pub(in crate::snapshot) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr,
        T::Err: fmt::Display,
        D: Deserializer<'de>,
    {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("{AT_THE_TEXT}{text:?} cannot be taken: {error}")))
    }
}

/// A name or a time that may be left out.
pub(super) mod optional {
    use super::{AT_THE_TEXT, Cow, Deserialize, Deserializer, fmt};
    use serde::Serializer;
    use serde::de::Error as _;
    use std::str::FromStr;

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in crate::snapshot) fn serialize<T: fmt::Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::snapshot) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr,
        T::Err: fmt::Display,
        D: Deserializer<'de>,
    {
        let Some(text) = Option::<Cow<'de, str>>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let parsed = text.parse().map(Some);
        parsed.map_err(|error| D::Error::custom(format!("{AT_THE_TEXT}{text:?} cannot be taken: {error}")))
    }
}
