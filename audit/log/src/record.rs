//! Record of the log: canonical JSON without a line break, at most 65,535 bytes.

use crate::digest::Digest;
use crate::hexadecimal::write_hex;
use crate::json::serialized::from_json;
use crate::json::{
    Json, JsonError, JsonLimits, parse_json, to_canonical_bytes, write_json, write_text,
};
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

pub mod answers;
pub mod body;
pub mod configuration;
pub mod console;
pub mod contracts;
pub(crate) mod header;
pub mod incidents;
pub mod messages;
pub mod publications;
mod subject;
#[cfg(test)]
mod tests;
pub mod upkeep;

use body::{RecordBody, RecordBodyError};
use header::RecordHeader;

/// Largest size of a record, bytes.
pub const MAX_BYTES: usize = 65_535;

/// Deepest nesting of a record's body.
pub const MAX_BODY_DEPTH: usize = 31;

/// Line in place of a record whose retention has ended. The leaf hash of the record is kept.
pub const EXPIRED: &[u8] = b"null";

/// Random bytes that prevent guessing of a record from its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSalt(pub [u8; 16]);

impl fmt::Display for RecordSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RecordSalt {
    type Err = RecordSaltError;

    fn from_str(text: &str) -> Result<Self, RecordSaltError> {
        let mut bytes = [0; 16];
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| RecordSaltError)?;
            *slot = u8::from_str_radix(digits, 16).map_err(|_| RecordSaltError)?;
        }
        let salt = Self(bytes);
        if salt.to_string() == text {
            Ok(salt)
        } else {
            Err(RecordSaltError)
        }
    }
}

/// The text is not 16 bytes in digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a salt is 16 bytes in hexadecimal digits")]
pub struct RecordSaltError;

crate::serialize_as_text!(RecordSalt);

/// A record as it stands in the log, beside the version of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Origin of the log.
    pub log: String,
    /// Place in the log, from 0.
    pub seq: u64,
    /// When it was made; never before the record before it.
    #[serde(rename = "t")]
    pub at: UtcTimestamp,
    /// Identifier of the program run that made the record.
    pub boot: String,
    /// Microseconds of the monotonic clock.
    pub mono: u64,
    /// Random bytes.
    pub salt: RecordSalt,
    /// What it is, such as `permit`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Leaf hash of the preceding record (`tree::leaf_hash`), so that each record is hashed once. Zeros in the first record.
    pub prev: Digest,
    /// Body of the record.
    pub body: Json,
}

impl Record {
    /// Canonical bytes of the record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::with_capacity(512);
        // Members in canonical order, so that the body is not copied.
        out.push_str("{\"body\":");
        write_json(&self.body, &mut out);
        out.push_str(",\"boot\":");
        write_text(&self.boot, &mut out);
        out.push_str(",\"log\":");
        write_text(&self.log, &mut out);
        out.push_str(",\"mono\":");
        write_json(&Json::from_count(self.mono), &mut out);
        out.push_str(",\"prev\":\"");
        write_hex(self.prev.as_bytes(), &mut out);
        out.push_str("\",\"salt\":\"");
        write_hex(&self.salt.0, &mut out);
        out.push_str("\",\"seq\":");
        write_json(&Json::from_count(self.seq), &mut out);
        out.push_str(",\"t\":");
        write_text(&self.at.to_string(), &mut out);
        out.push_str(",\"type\":");
        write_text(&self.kind, &mut out);
        out.push_str(",\"v\":2}");
        out.into_bytes()
    }

    /// Record as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::object([
            ("v", Json::Int(2)),
            ("log", Json::from_display(&self.log)),
            ("seq", Json::from_count(self.seq)),
            ("t", Json::from_display(self.at)),
            ("boot", Json::from_display(&self.boot)),
            ("mono", Json::from_count(self.mono)),
            ("salt", Json::from_display(self.salt)),
            ("type", Json::from_display(&self.kind)),
            ("prev", Json::from_display(self.prev)),
            ("body", self.body.clone()),
        ])
    }

    /// Body of the record, as a struct of its kind.
    ///
    /// # Errors
    /// The kind is unknown, or the body does not fit it.
    pub fn read_body(&self) -> Result<RecordBody, RecordBodyError> {
        RecordBody::read(&self.kind, &self.body)
    }

    /// Parses a record. Only the canonical form is accepted.
    ///
    /// # Errors
    /// The reason why the bytes are not accepted.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        match RecordHeader::of(bytes) {
            Some(header) => Self::with_header(&header),
            None => Self::read_fully(bytes),
        }
    }

    /// Parses the body of a record after its header, in canonical form.
    fn with_header(header: &RecordHeader<'_>) -> Result<Self, RecordError> {
        let limits = JsonLimits {
            bytes: MAX_BYTES,
            depth: MAX_BODY_DEPTH,
        };
        Ok(Self {
            log: header.log.to_owned(),
            seq: header.seq,
            at: header.at,
            boot: header.boot.to_owned(),
            mono: header.mono,
            salt: RecordSalt(header.salt),
            kind: header.kind.to_owned(),
            prev: header.prev,
            body: parse_json(header.body, limits)?,
        })
    }

    /// Parses a record like [`Self::from_bytes`], with the strict reader and the canonical writer.
    pub(crate) fn read_fully(bytes: &[u8]) -> Result<Self, RecordError> {
        let limits = JsonLimits {
            bytes: MAX_BYTES,
            depth: MAX_BODY_DEPTH + 1,
        };
        let Json::Object(mut members) = parse_json(bytes, limits)? else {
            return Err(RecordError::Field("it is no object".to_owned()));
        };
        match members.remove("v") {
            Some(Json::Int(2)) => {}
            Some(Json::Int(_)) => return Err(RecordError::Version),
            _ => return Err(RecordError::Field("`v` is no number".to_owned())),
        }
        let record: Self = from_json(&Json::Object(members)).map_err(RecordError::Field)?;
        if record.body.as_object().is_none() {
            return Err(RecordError::Field("`body` is no object".to_owned()));
        }
        if to_canonical_bytes(&record.to_json()) != bytes {
            return Err(RecordError::Spelling);
        }
        Ok(record)
    }
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are not strict JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// A member is missing, wrong or unknown.
    #[error("a record: {0}")]
    Field(String),
    /// Another version of the format.
    #[error("the record has a version that this program does not know")]
    Version,
    /// The record is not in canonical form.
    #[error("the record is not in its canonical form")]
    Spelling,
}
