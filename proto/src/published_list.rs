//! Published lists as files: areas as GeoJSON (RFC 7946), tables of levels as CSV (RFC 4180). A contract names the file by its
//! digest, so it is read to the letter or not at all.

mod areas;
mod levels;

use hansa_policy::published_list::PublishedList;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// `.geojson`
    Areas,
    /// `.csv`
    Levels,
}

/// The most bytes of one file.
pub const MOST_BYTES: u64 = 32 << 20;

impl ListKind {
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
pub fn read(kind: ListKind, bytes: &[u8]) -> Result<PublishedList, Refusal> {
    match kind {
        ListKind::Areas => areas::read(bytes).map(|areas| PublishedList::Areas(Arc::new(areas))),
        ListKind::Levels => {
            levels::read(bytes).map(|levels| PublishedList::Levels(Arc::new(levels)))
        }
    }
}

fn wrong(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::ConfigInvalid, sentence)
}

#[cfg(test)]
mod tests;
