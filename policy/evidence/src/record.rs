//! One record of the log: canonical JSON, so without a line break, and at most 65,535 bytes.

use crate::digest::Digest;
use crate::json::fields::{FieldFault, Fields};
use crate::json::{Json, JsonFault, Limits, canonical, parse};
use crate::time::Time;
use std::fmt;

/// The most bytes of a record.
pub const MAX_BYTES: usize = 65_535;

/// The deepest nesting of a record's body.
pub const MAX_BODY_DEPTH: usize = 31;

/// Random bytes that keep a record from being guessed from its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Salt {
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
    pub at: Time,
    /// The run of the program that made it.
    pub boot: String,
    /// Microseconds of the clock that never goes back.
    pub mono: u64,
    /// Random bytes.
    pub salt: Salt,
    /// What it is, such as `permit`.
    pub kind: String,
    /// SHA-256 of the bytes of the record before it; of the first one zeros.
    pub prev: Digest,
    /// What its maker wrote.
    pub body: Json,
}

impl Record {
    /// The one spelling of this record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical(&self.to_json())
    }

    /// This record as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::object([
            ("v", Json::Int(1)),
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

    /// Reads a record; only its one spelling is taken.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordFault> {
        let limits = Limits {
            bytes: MAX_BYTES,
            depth: MAX_BODY_DEPTH + 1,
        };
        let mut fields = Fields::of(parse(bytes, limits)?)?;
        if fields.int("v")? != 1 {
            return Err(RecordFault::Version);
        }
        let salt = fields.text("salt")?;
        let record = Self {
            log: fields.text("log")?,
            seq: fields.count("seq")?,
            at: fields.time("t")?,
            boot: fields.text("boot")?,
            mono: fields.count("mono")?,
            salt: Salt::parse(&salt)
                .ok_or_else(|| RecordFault::Field(FieldFault::Wrong("salt".to_owned())))?,
            kind: fields.text("type")?,
            prev: fields.digest("prev")?,
            body: fields.take("body")?,
        };
        fields.finish()?;
        if record.body.as_object().is_none() {
            return Err(RecordFault::Field(FieldFault::Wrong("body".to_owned())));
        }
        if record.to_bytes() != bytes {
            return Err(RecordFault::Spelling);
        }
        Ok(record)
    }
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Not the JSON that records are written in.
    #[error("{0}")]
    Json(#[from] JsonFault),
    /// A member is missing, wrong or unknown.
    #[error("{0}")]
    Field(#[from] FieldFault),
    /// Another version of the format.
    #[error("the record is of a version that is not known here")]
    Version,
    /// The same content in another spelling.
    #[error("the record is not in its one spelling")]
    Spelling,
}
