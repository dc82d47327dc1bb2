//! Published lists as files: areas as GeoJSON (RFC 7946), tables of levels as CSV (RFC 4180). A contract names the file by its
//! digest, so it is read to the letter or not at all.

mod areas;
mod levels;

use hansa_policy::published::List;
use hansa_policy::refusal::{Code, Refusal};
use std::sync::Arc;

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.geojson`
    Areas,
    /// `.csv`
    Levels,
}

/// The most bytes of one file.
pub const MOST_BYTES: u64 = 32 << 20;

impl Kind {
    /// The kind of a file of that name; none for what is no list.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.') {
            Some((_, "geojson")) => Some(Self::Areas),
            Some((_, "csv")) => Some(Self::Levels),
            _ => None,
        }
    }
}

/// The list in a file.
///
/// # Errors
/// `CONFIG_INVALID` with what is wrong in it.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<List, Refusal> {
    match kind {
        Kind::Areas => areas::read(bytes).map(|areas| List::Areas(Arc::new(areas))),
        Kind::Levels => levels::read(bytes).map(|levels| List::Levels(Arc::new(levels))),
    }
}

fn wrong(sentence: impl Into<String>) -> Refusal {
    Refusal::new(Code::ConfigInvalid, sentence)
}

#[cfg(test)]
mod tests;
