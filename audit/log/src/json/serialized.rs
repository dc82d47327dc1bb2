//! JSON of structs that serde writes and reads.

use super::{Json, canonical};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value as strict JSON.
///
/// A number that strict JSON can't hold exactly is written as the nearest that it can. A value that is no JSON at all is null.
#[must_use]
pub fn to_json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).map_or(Json::Null, json_of)
}

/// The value of that type.
///
/// # Errors
/// The fault, which names the member: unknown, missing, or no value of its type.
pub fn from_json<T: DeserializeOwned>(json: &Json) -> Result<T, String> {
    serde_json::from_slice(&canonical(json)).map_err(|fault| describe_fault(&fault))
}

/// The fault without its place, which is one of bytes that nobody sees.
pub(crate) fn describe_fault(fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    match text.rsplit_once(" at line ") {
        Some((fault, _)) => fault.to_owned(),
        None => text,
    }
}

fn json_of(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (_, Some(count)) => Json::count(count),
            (Some(number), None) => Json::Int(number),
            (None, None) => Json::Null,
        },
        Value::String(text) => Json::Text(text),
        Value::Array(items) => Json::List(items.into_iter().map(json_of).collect()),
        Value::Object(members) => Json::Object(
            members
                .into_iter()
                .map(|(name, value)| (name, json_of(value)))
                .collect(),
        ),
    }
}

/// Writes values of these types as their text, and reads them from it.
#[macro_export]
macro_rules! serialize_as_text {
    ($($type:ty),* $(,)?) => {
        $(
            impl ::serde::Serialize for $type {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> ::serde::Deserialize<'de> for $type {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(|fault| {
                        ::serde::de::Error::custom(format_args!("`{text}`: {fault}"))
                    })
                }
            }
        )*
    };
}

/// Writes values of these enumerations as their words (`as_str`), and reads them from these (`named`).
#[macro_export]
macro_rules! serialize_as_word {
    ($($type:ty),* $(,)?) => {
        $(
            impl ::serde::Serialize for $type {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }

            impl<'de> ::serde::Deserialize<'de> for $type {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let word = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                    Self::named(&word).ok_or_else(|| {
                        ::serde::de::Error::custom(format_args!("`{word}` is not known"))
                    })
                }
            }
        )*
    };
}
