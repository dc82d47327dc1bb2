//! Strict JSON: input rules of the signed formats, and their canonical form (RFC 8785).
//!
//! Ordinary JSON readers accept duplicate members (the last one wins) and silently round large integers. A signature over the bytes
//! would then cover other content than the reader saw. This reader refuses both.

use crate::digest::Digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;

mod reader;
pub(crate) mod scanner;
pub mod serialized;
#[cfg(test)]
mod tests;

/// Largest integer that every JSON reader keeps exactly: 2^53 − 1.
pub const MAX_INT: i64 = 9_007_199_254_740_991;

/// JSON value without floating-point numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer within ±(2^53 − 1).
    Int(i64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object; member names are unique.
    Object(BTreeMap<String, Json>),
}

/// Limits of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// Largest size, bytes.
    pub bytes: usize,
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            depth: 32,
        }
    }
}

/// Parses one JSON value. Only white space may surround it.
///
/// # Errors
/// The first error: malformed text, a duplicate member, a number that is not an integer within ±(2^53 − 1), a lone surrogate,
/// trailing bytes, or more than `limits` allow.
pub fn parse_json(bytes: &[u8], limits: JsonLimits) -> Result<Json, JsonError> {
    reader::read_json(bytes, limits)
}

/// Canonical form of RFC 8785: no white space, members ordered by UTF-16 code units, minimal escapes.
#[must_use]
pub fn to_canonical_bytes(value: &Json) -> Vec<u8> {
    let mut out = String::new();
    write_json(value, &mut out);
    out.into_bytes()
}

impl Json {
    /// Object of these members.
    #[must_use]
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// String of a displayed value.
    #[must_use]
    pub fn from_display(value: impl std::fmt::Display) -> Self {
        Self::Text(value.to_string())
    }

    /// Count as an integer; a count above 2^53 − 1 is written as 2^53 − 1.
    #[must_use]
    pub fn from_count(value: u64) -> Self {
        Self::Int(i64::try_from(value).map_or(MAX_INT, |value| value.min(MAX_INT)))
    }

    /// Member `name`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object().and_then(|members| members.get(name))
    }

    /// Text, if this is a string.
    #[must_use]
    pub const fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Integer, if this is one.
    #[must_use]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Integer, if this is one and not negative.
    #[must_use]
    pub fn as_count(&self) -> Option<u64> {
        self.as_int().and_then(|value| u64::try_from(value).ok())
    }

    /// Boolean, if this is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Null | Self::Int(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Elements, if this is an array.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    /// Members, if this is an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// SHA-256 of the canonical form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&to_canonical_bytes(self))
    }

    /// True if the strict reader accepts the canonical form: every integer is within ±(2^53 − 1), and the nesting is at most
    /// `depth`.
    #[must_use]
    pub fn is_within_limits(&self, depth: usize) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Text(_) => true,
            Self::Int(value) => (-MAX_INT..=MAX_INT).contains(value),
            Self::List(items) => {
                depth > 0 && items.iter().all(|item| item.is_within_limits(depth - 1))
            }
            Self::Object(members) => {
                depth > 0
                    && members
                        .values()
                        .all(|item| item.is_within_limits(depth - 1))
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Error of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    /// Offset of the first wrong byte.
    pub at: usize,
    /// Kind of the error.
    pub what: JsonErrorKind,
}

/// Kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// The text is larger than the limit.
    #[error("too many bytes")]
    TooLarge,
    /// The nesting is deeper than the limit.
    #[error("nesting too deep")]
    TooDeep,
    /// The bytes are not UTF-8.
    #[error("no UTF-8")]
    NotUtf8,
    /// The text ends too early.
    #[error("unexpected end")]
    Ended,
    /// A character is not expected here.
    #[error("unexpected character")]
    Unexpected,
    /// Bytes follow the value.
    #[error("trailing bytes")]
    Trailing,
    /// A member occurs twice.
    #[error("duplicate member")]
    Duplicate,
    /// A number is a fraction, or has an exponent, a leading zero or −0.
    #[error("a number that is not a plain integer")]
    NotAnInteger,
    /// An integer is beyond ±(2^53 − 1).
    #[error("an integer beyond ±(2^53 − 1)")]
    OutOfRange,
    /// An escape does not exist.
    #[error("an unknown escape")]
    BadEscape,
    /// A surrogate stands without its pair.
    #[error("a lone surrogate")]
    LoneSurrogate,
    /// A control character is not escaped.
    #[error("a control character in a string")]
    Control,
}

pub(crate) fn write_json(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Int(value) => {
            // Writing to a string can't fail.
            let _ = write!(out, "{value}");
        }
        Json::Text(text) => write_text(text, out),
        Json::List(items) => {
            let mut before = '[';
            for item in items {
                out.push(before);
                write_json(item, out);
                before = ',';
            }
            if items.is_empty() {
                out.push('[');
            }
            out.push(']');
        }
        Json::Object(members) if members.keys().all(|name| name.is_ascii()) => {
            write_members(members.iter(), out);
        }
        Json::Object(members) => {
            let mut ordered: Vec<(&String, &Json)> = members.iter().collect();
            // UTF-8 order and UTF-16 order differ above the basic plane.
            ordered.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            write_members(ordered.into_iter(), out);
        }
    }
}

fn write_members<'a>(members: impl Iterator<Item = (&'a String, &'a Json)>, out: &mut String) {
    out.push('{');
    for (number, (name, item)) in members.enumerate() {
        if number > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        write_json(item, out);
    }
    out.push('}');
}

pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    // Single bytes, which occur in no other character.
    let special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
    let mut rest = text;
    // A run without escapes is copied in one step.
    while let Some((plain, behind)) = rest
        .bytes()
        .position(special)
        .and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let mut behind = behind.chars();
        match behind.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\r') => out.push_str("\\r"),
            Some(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            None => {}
        }
        rest = behind.as_str();
    }
    out.push_str(rest);
    out.push('"');
}
