//! One record of the log: canonical JSON, so without a line break, and at most 65,535 bytes.

use crate::digest::Digest;
use crate::hexadecimal::hex;
use crate::json::strict_object::{StrictObject, StrictObjectError};
use crate::json::{Json, JsonError, JsonLimits, canonical, parse, write, write_text};
use crate::time::UtcTimestamp;
use std::fmt;

pub mod answers;
pub mod body;
pub mod configuration;
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

/// The most bytes of a record.
pub const MAX_BYTES: usize = 65_535;

/// The deepest nesting of a record's body.
pub const MAX_BODY_DEPTH: usize = 31;

/// The line that stands in the place of a record whose retention is over; its leaf hash is kept.
pub const EXPIRED: &[u8] = b"null";

/// Random bytes that keep a record from being guessed from its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSalt(pub [u8; 16]);

impl fmt::Display for RecordSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl RecordSalt {
    fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let salt = Self(bytes);
        (salt.to_string() == text).then_some(salt)
    }
}

/// A record as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The log's origin.
    pub log: String,
    /// Its place, from 0.
    pub seq: u64,
    /// When it was made; never before the record before it.
    pub at: UtcTimestamp,
    /// The run of the program that made it.
    pub boot: String,
    /// Microseconds of the clock that never goes back.
    pub mono: u64,
    /// Random bytes.
    pub salt: RecordSalt,
    /// What it is, such as `permit`.
    pub kind: String,
    /// The leaf hash of the record before it (`tree::leaf_hash`), so that each record is hashed once; of the first one zeros.
    pub prev: Digest,
    /// What its maker wrote.
    pub body: Json,
}

impl Record {
    /// The one spelling of this record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::with_capacity(512);
        // Members in the order of the canonical spelling, so that the body need not be copied.
        out.push_str("{\"body\":");
        write(&self.body, &mut out);
        out.push_str(",\"boot\":");
        write_text(&self.boot, &mut out);
        out.push_str(",\"log\":");
        write_text(&self.log, &mut out);
        out.push_str(",\"mono\":");
        write(&Json::count(self.mono), &mut out);
        out.push_str(",\"prev\":\"");
        hex(self.prev.as_bytes(), &mut out);
        out.push_str("\",\"salt\":\"");
        hex(&self.salt.0, &mut out);
        out.push_str("\",\"seq\":");
        write(&Json::count(self.seq), &mut out);
        out.push_str(",\"t\":");
        write_text(&self.at.to_string(), &mut out);
        out.push_str(",\"type\":");
        write_text(&self.kind, &mut out);
        out.push_str(",\"v\":2}");
        out.into_bytes()
    }

    /// This record as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::object([
            ("v", Json::Int(2)),
            ("log", Json::text(&self.log)),
            ("seq", Json::count(self.seq)),
            ("t", Json::text(self.at)),
            ("boot", Json::text(&self.boot)),
            ("mono", Json::count(self.mono)),
            ("salt", Json::text(self.salt)),
            ("type", Json::text(&self.kind)),
            ("prev", Json::text(self.prev)),
            ("body", self.body.clone()),
        ])
    }

    /// The body, as a value of its kind.
    ///
    /// # Errors
    /// The kind is unknown, or the body is none of it.
    pub fn read_body(&self) -> Result<RecordBody, RecordBodyError> {
        RecordBody::read(&self.kind, &self.body)
    }

    /// Reads a record; only its one spelling is taken.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        match RecordHeader::of(bytes) {
            Some(header) => Self::with_header(&header),
            None => Self::read_fully(bytes),
        }
    }

    /// Reads the body of a record whose header was read, in its one spelling.
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
            body: parse(header.body, limits)?,
        })
    }

    /// As [`Self::from_bytes`], by the strict reader and the canonical writer.
    pub(crate) fn read_fully(bytes: &[u8]) -> Result<Self, RecordError> {
        let limits = JsonLimits {
            bytes: MAX_BYTES,
            depth: MAX_BODY_DEPTH + 1,
        };
        let mut fields = StrictObject::plain(parse(bytes, limits)?)?;
        if fields.int("v")? != 2 {
            return Err(RecordError::Version);
        }
        let salt = fields.text("salt")?;
        let record = Self {
            log: fields.text("log")?,
            seq: fields.count("seq")?,
            at: fields.time("t")?,
            boot: fields.text("boot")?,
            mono: fields.count("mono")?,
            salt: RecordSalt::parse(&salt)
                .ok_or_else(|| wrong("salt", Json::Text(salt), "16 bytes in digits"))?,
            kind: fields.text("type")?,
            prev: fields.parse_text("prev")?,
            body: fields.take("body")?,
        };
        fields.finish()?;
        if record.body.as_object().is_none() {
            return Err(wrong("body", record.body, "an object"));
        }
        if canonical(&record.to_json()) != bytes {
            return Err(RecordError::Spelling);
        }
        Ok(record)
    }
}

fn wrong(name: &str, actual: Json, wanted: &'static str) -> RecordError {
    RecordError::Field(StrictObjectError::Wrong {
        name: name.to_owned(),
        actual,
        wanted,
    })
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not the JSON that records are written in.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// A member is missing, wrong or unknown.
    #[error("{0}")]
    Field(#[from] StrictObjectError),
    /// Another version of the format.
    #[error("the record is of a version that is not known here")]
    Version,
    /// The same content in another spelling.
    #[error("the record is not in its one spelling")]
    Spelling,
}
