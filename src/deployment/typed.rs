//! From the tree to types: a serde deserializer that keeps the places.
//!
//! What is unsound is skipped: a field is then `None`, a list lacks the item.

use super::Span;
use super::tree::{Node, Soundness, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A value, where it stands, and whether all of it could be read.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    value: T,
    at: Span,
    soundness: Soundness,
}

impl<T> Placed<T> {
    /// Its place.
    pub(crate) fn at(&self) -> Span {
        self.at
    }

    /// Whether nothing below it was left out as unsound: only then what is missing is really missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.soundness == Soundness::Whole
    }

    /// Another value at the same place.
    pub(crate) fn with<U>(&self, value: U) -> Placed<U> {
        Placed { value, at: self.at, soundness: self.soundness }
    }
}

impl<T> Deref for Placed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The schema of a placed value is that of the value: places are no part of the format.
impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }
}

/// The name by which [`Placed`] asks this deserializer for the place too, as serde's own extensions do.
const PLACED: &str = "cskerb::Placed";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = Placed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Placed<T>, A::Error> {
                let lacking = || de::Error::custom("a place has four parts");
                let start = parts.next_element()?.ok_or_else(lacking)?;
                let end = parts.next_element()?.ok_or_else(lacking)?;
                let whole: bool = parts.next_element()?.ok_or_else(lacking)?;
                let value = parts.next_element()?.ok_or_else(lacking)?;
                let soundness = if whole { Soundness::Whole } else { Soundness::Partial };
                Ok(Placed { value, at: Span { start, end }, soundness })
            }
        }

        deserializer.deserialize_newtype_struct(PLACED, Parts(PhantomData))
    }
}

/// Why a checked tree does not fit its types: the schema and the types disagree.
#[derive(Debug)]
pub(crate) struct TypeError(String);

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TypeError {}

impl de::Error for TypeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl<'de> IntoDeserializer<'de, TypeError> for &'de Node<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Node<'_> {
    type Error = TypeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        let sound = |node: &Node<'_>| node.soundness != Soundness::Unsound;
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => match whole_number(*value) {
                Some(number) => visitor.visit_i64(number),
                None => visitor.visit_f64(*value),
            },
            Value::Text { text, .. } => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().filter(|item| sound(item)))),
            Value::Mapping(entries) => {
                let sound = entries.iter().filter(|entry| sound(&entry.value));
                let pairs = sound.map(|entry| (BorrowedStrDeserializer::new(&entry.key.text), &entry.value));
                visitor.visit_map(MapDeserializer::new(pairs))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        if name == PLACED {
            visitor.visit_seq(PlacedParts { node: self, given: 0 })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        match &self.value {
            Value::Text { text, .. } => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            _ => Err(de::Error::custom("a word is needed")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// JSON Schema counts 5.0 among the integers, so the loader does too.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked: it has no fraction and fits into 53 bits")]
fn whole_number(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64)
}

/// The four parts of a [`Placed`]: start, end, whether it is whole, and the value.
struct PlacedParts<'de, 't> {
    node: &'de Node<'t>,
    given: usize,
}

impl<'de> SeqAccess<'de> for PlacedParts<'de, '_> {
    type Error = TypeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, TypeError> {
        let part = self.given;
        self.given += 1;
        let number = |at: usize| (at as u64).into_deserializer();
        match part {
            0 => seed.deserialize(number(self.node.at.start)).map(Some),
            1 => seed.deserialize(number(self.node.at.end)).map(Some),
            2 => seed.deserialize((self.node.soundness == Soundness::Whole).into_deserializer()).map(Some),
            3 => seed.deserialize(self.node).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::parse;
    use crate::deployment::tree::Step;

    #[derive(Debug, Deserialize)]
    struct Sample {
        name: Option<Placed<String>>,
        #[serde(default)]
        sizes: Vec<Placed<i64>>,
    }

    #[test]
    fn values_keep_their_places() {
        let root = parse::parse("name: é\nsizes: [1, 5.0]\n").root.unwrap();
        let sample: Placed<Sample> = Placed::deserialize(&root).unwrap();
        let name = sample.name.as_ref().unwrap();
        assert_eq!((name.as_str(), name.at()), ("é", Span { start: 6, end: 8 }));
        let sizes: Vec<(i64, usize)> = sample.sizes.iter().map(|size| (**size, size.at().start)).collect();
        assert_eq!(sizes, [(1, 17), (5, 20)]);
        assert!(sample.is_whole());
    }

    #[test]
    fn what_is_unsound_is_left_out() {
        let mut root = parse::parse("name: [x]\nsizes: [1, x]\n").root.unwrap();
        root.spoil(&[Step::Key("name".into())]);
        root.spoil(&[Step::Key("sizes".into()), Step::Index(1)]);
        let sample: Placed<Sample> = Placed::deserialize(&root).unwrap();
        assert!(sample.name.is_none() && sample.sizes.len() == 1 && !sample.is_whole());
    }
}
