//! JSON of structs by serde, with one form for each value.

use super::{Json, to_canonical_bytes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Value as strict JSON.
///
/// A number that strict JSON can't represent exactly is written as the nearest possible one. A value that JSON can't represent is
/// null.
#[must_use]
pub fn to_json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).map_or(Json::Null, json_of)
}

/// Value of this type, if writing it gives equal JSON again.
///
/// # Errors
/// The error with the name of the member: unknown, missing, of a wrong type, or not in canonical form.
pub fn from_json<T: Serialize + DeserializeOwned>(json: &Json) -> Result<T, String> {
    let bytes = to_canonical_bytes(json);
    let reader = &mut serde_json::Deserializer::from_slice(&bytes);
    let value: T = serde_path_to_error::deserialize(reader).map_err(|fault| {
        let (member, fault) = (fault.path().to_string(), describe_fault(fault.inner()));
        match member.as_str() {
            "." => fault,
            member => format!("`{member}`: {fault}"),
        }
    })?;
    match find_difference(json, &to_json(&value), "") {
        None => Ok(value),
        Some(fault) => Err(fault),
    }
}

/// Member that names the form of an object.
const FORM: &str = "hansa";

/// Struct as an object of a form, such as `group/1`.
#[must_use]
pub fn to_form(form: &str, value: &impl Serialize) -> Json {
    match to_json(value) {
        Json::Object(mut members) => {
            members.insert(FORM.to_owned(), Json::from_display(form));
            Json::Object(members)
        }
        // Structs serialise to objects only.
        other => other,
    }
}

/// Struct from an object of this form.
///
/// # Errors
/// As [`from_json`], and where the value is not an object, or has another form.
pub fn from_form<T: Serialize + DeserializeOwned>(form: &str, json: &Json) -> Result<T, String> {
    let mut members = json.as_object().ok_or("it is no object")?.clone();
    match members.remove(FORM) {
        Some(Json::Text(found)) if found == form => from_json(&Json::Object(members)),
        _ => Err(format!("`{FORM}` names another form than {form}")),
    }
}

/// First member in which the parsed JSON differs from the rewritten JSON.
fn find_difference(read: &Json, written: &Json, at: &str) -> Option<String> {
    let below = |name: &str| match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    };
    match (read, written) {
        (read, written) if read == written => None,
        (Json::Object(read), Json::Object(written)) => {
            let unknown = read.keys().find(|name| !written.contains_key(*name));
            let unknown = unknown.map(|name| format!("`{}` does not exist here", below(name)));
            unknown.or_else(|| {
                written.iter().find_map(|(name, written)| {
                    let at = below(name);
                    match read.get(name) {
                        Some(read) => find_difference(read, written, &at),
                        None => Some(format!("`{at}` is missing")),
                    }
                })
            })
        }
        (Json::List(read), Json::List(written)) if read.len() == written.len() => {
            let mut pairs = read.iter().zip(written).enumerate();
            pairs.find_map(|(number, (read, written))| {
                find_difference(read, written, &format!("{at}[{number}]"))
            })
        }
        _ => Some(format!("`{at}` is not in its canonical form")),
    }
}

/// Error text without the position, which is one in bytes that are never shown.
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
            (_, Some(count)) => Json::from_count(count),
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

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(json_of)
    }
}

/// Implements serialisation of these types as text.
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

/// Implements serialisation of these enumerations as words (`as_str`, `from_word`).
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
                    Self::from_word(&word).ok_or_else(|| {
                        ::serde::de::Error::custom(format_args!("`{word}` is not known"))
                    })
                }
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use super::{from_form, to_form};
    use crate::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
    use crate::time::UtcTimestamp;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeSet;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outer {
        written_at: Option<UtcTimestamp>,
        inner: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        count: u32,
        words: BTreeSet<String>,
    }

    fn read(text: &str) -> Result<Outer, String> {
        from_form(
            "outer/1",
            &parse_json(text.as_bytes(), JsonLimits::default()).unwrap(),
        )
    }

    #[test]
    fn each_fault_names_its_member() {
        let outer = Outer {
            written_at: None,
            inner: vec![Inner {
                count: 7,
                words: ["a", "b"].map(str::to_owned).into(),
            }],
        };
        let text = String::from_utf8(to_canonical_bytes(&to_form("outer/1", &outer))).unwrap();
        assert_eq!(read(&text), Ok(outer));
        for (from, to, fault) in [
            (
                "outer/1",
                "outer/2",
                "`hansa` names another form than outer/1",
            ),
            (",\"writtenAt\":null", "", "`writtenAt` is missing"),
            (
                "null",
                "7",
                "`writtenAt`: invalid type: integer `7`, expected a string",
            ),
            (
                "null",
                "\"2026-06-01T02:00:00+02:00\"",
                "`writtenAt`: `2026-06-01T02:00:00+02:00`",
            ),
            (
                "\"count\":7",
                "\"count\":-7",
                "`inner[0].count`: invalid value",
            ),
            ("\"count\":7,", "", "`inner[0]`: missing field `count`"),
            (
                "\"count\":7",
                "\"count\":7,\"more\":7",
                "`inner[0].more` does not exist here",
            ),
            (
                "[\"a\",\"b\"]",
                "[\"b\",\"a\"]",
                "`inner[0].words[0]` is not in its canonical form",
            ),
            (
                "[\"a\",\"b\"]",
                "[\"a\",\"a\"]",
                "`inner[0].words` is not in its canonical form",
            ),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            let found = read(&other).unwrap_err();
            assert!(found.starts_with(fault), "{found}");
        }
        let list = from_form::<Outer>("outer/1", &Json::List(Vec::new()));
        assert_eq!(list.unwrap_err(), "it is no object");
    }
}
