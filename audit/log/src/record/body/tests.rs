//! Tests: each kind is read back as written, and nothing else is accepted.

use super::{RecordBody, RecordBodyError};
use crate::digest::Digest;
use crate::json::Json;
use crate::time::UtcTimestamp;
use serde::Deserializer;
use serde::de::value::{BorrowedStrDeserializer, Error, StringDeserializer};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Random values of a struct.
struct DrawnValues {
    state: u64,
}

impl DrawnValues {
    /// Generator with a seed from the environment or else from the clock; the seed is printed.
    fn new() -> Self {
        let drawn = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let seed = std::env::var("HANSA_PROPERTY_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(u64::try_from(drawn % u128::from(u64::MAX)).unwrap());
        eprintln!("again with HANSA_PROPERTY_SEED={seed}");
        Self { state: seed | 1 }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    fn text(&mut self) -> String {
        match self.draw(3) {
            0 => Digest::of(&self.draw(1 << 40).to_be_bytes()).to_string(),
            1 => {
                let micros = i64::try_from(self.draw(4_000_000_000_000_000)).unwrap();
                UtcTimestamp::from_micros(micros).unwrap().to_string()
            }
            _ => ["", "plain", "é", "a\"b\\c", "𝄞", "\n"][usize::try_from(self.draw(6)).unwrap()]
                .to_owned(),
        }
    }

    /// Random body of a kind. A text that is refused as a digest or a time is drawn again.
    fn body(&mut self, kind: &str) -> RecordBody {
        for _ in 0..1_000_000 {
            if let Ok(body) = RecordBody::deserialize_as(kind, &mut *self).unwrap() {
                return body;
            }
        }
        panic!("no `{kind}` was drawn");
    }
}

impl<'de> Deserializer<'de> for &mut DrawnValues {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        StringDeserializer::new(self.text()).deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.draw(2) == 0)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let bits = self.draw(54);
        visitor.visit_u64(self.draw(1 << bits))
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u32(u32::try_from(self.draw(1 << 32)).unwrap())
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = i64::try_from(self.draw(1 << 53)).unwrap();
        visitor.visit_i64(if self.draw(2) == 0 { number } else { -number })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.draw(2) {
            0 => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self.draw(3);
        visitor.visit_seq(DrawnItems { values: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let left = u64::try_from(length).unwrap();
        visitor.visit_seq(DrawnItems { values: self, left })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let names = ["QUOTA_ROWS", "SQL_INVALID"];
        let names = names[..usize::try_from(self.draw(3)).unwrap()].iter();
        visitor.visit_map(DrawnMembers {
            values: self,
            names: names.copied(),
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(DrawnMembers {
            values: self,
            names: fields.iter().copied(),
        })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        tuple_struct enum identifier ignored_any
    }
}

struct DrawnItems<'a> {
    values: &'a mut DrawnValues,
    left: u64,
}

impl<'de> SeqAccess<'de> for DrawnItems<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.values).map(Some)
    }
}

struct DrawnMembers<'a, N> {
    values: &'a mut DrawnValues,
    names: N,
}

impl<'de, N: Iterator<Item = &'static str>> MapAccess<'de> for DrawnMembers<'_, N> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let name = self.names.next();
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.values)
    }
}

#[test]
fn each_kind_is_read_back_as_it_was_written() {
    let mut values = DrawnValues::new();
    for kind in RecordBody::KINDS {
        for _ in 0..30 {
            let body = values.body(kind);
            assert_eq!(body.kind(), *kind);
            let written = body.to_json();
            assert_eq!(RecordBody::read(kind, &written), Ok(body), "{written:?}");
        }
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let mut values = DrawnValues::new();
    for kind in RecordBody::KINDS {
        let Json::Object(members) = values.body(kind).to_json() else {
            panic!("the body of a `{kind}` is no object");
        };
        let mut more = members.clone();
        more.insert("colour".to_owned(), Json::from_display("blue"));
        let refused = RecordBody::read(kind, &Json::Object(more)).unwrap_err();
        assert!(refused.to_string().contains("`colour`"), "{refused}");
        for name in members.keys() {
            let mut other = members.clone();
            other.insert(name.clone(), Json::List(vec![Json::Bool(true)]));
            assert!(
                RecordBody::read(kind, &Json::Object(other)).is_err(),
                "{kind}.{name}"
            );
            let mut null = members.clone();
            null.insert(name.clone(), Json::Null);
            assert!(
                RecordBody::read(kind, &Json::Object(null)).is_err(),
                "{kind}.{name}"
            );
        }
    }
    let unknown = RecordBody::read("poem", &Json::object([]));
    assert_eq!(unknown, Err(RecordBodyError::Kind("poem".to_owned())));
}
