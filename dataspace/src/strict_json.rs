//! Strict JSON: no duplicate names and no unlimited nesting, on which readers may disagree.

use crate::message_error::{MessageError, text_excerpt};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// Largest message that is read, bytes.
pub const MESSAGE_LIMIT: usize = 1024 * 1024;
/// Deepest nesting of lists and objects that is read.
pub const DEPTH_LIMIT: usize = 32;

/// Parses the bytes as one value.
pub(crate) fn read_json(bytes: &[u8]) -> Result<Value, MessageError> {
    if bytes.len() > MESSAGE_LIMIT {
        return Err(MessageError::TooLarge(bytes.len()));
    }
    // Errors of the library are texts, so the typed defect is kept here.
    let defect = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = ValueSeed {
        depth: 0,
        defect: &defect,
    };
    let value = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| defect.take().unwrap_or(MessageError::NotJson(error)))
}

/// Deserializer of one value at a depth.
#[derive(Clone, Copy)]
struct ValueSeed<'a> {
    depth: usize,
    defect: &'a RefCell<Option<MessageError>>,
}

impl ValueSeed<'_> {
    fn record_defect<E: Error>(self, defect: MessageError) -> E {
        let error = E::custom(&defect);
        self.defect.replace(Some(defect));
        error
    }

    fn nested_seed<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_LIMIT {
            return Err(self.record_defect(MessageError::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            defect: self.defect,
        })
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number =
            Number::from_f64(value).ok_or_else(|| E::custom("a number without a value"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.nested_seed()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.nested_seed()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.record_defect(MessageError::DuplicateMember(text_excerpt(&name))));
            }
            let value = access.next_value_seed(inner)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
