//! Strict JSON: the input rules of the signed formats, and their one canonical spelling (RFC 8785).
//!
//! Ordinary JSON readers accept duplicate members (the last wins) and silently round large integers; a signature over
//! what such a reader saw would cover something else than what was sent. So this reader refuses both.

use std::collections::BTreeMap;

/// A JSON value without floating-point numbers.
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
