//! Published lists as files: areas as GeoJSON (RFC 7946), tables of levels as CSV (RFC 4180). A contract names a file by its
//! digest, so the file is read completely or refused.

mod areas;
mod levels;

use hansa_policy::published_list::PublishedList;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Kind of a list file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Areas, in a file `.geojson`.
    Areas,
    /// Levels, in a file `.csv`.
    Levels,
}

/// Most bytes of one file.
pub const MOST_BYTES: u64 = 32 << 20;

impl ListKind {
    /// Returns the kind of a file name; `None` if it is no list.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.') {
            Some((_, "geojson")) => Some(Self::Areas),
            Some((_, "csv")) => Some(Self::Levels),
            _ => None,
        }
    }
}

/// Reads the list in a file.
///
/// # Errors
/// `CONFIG_INVALID` with the fault.
pub fn read_list(kind: ListKind, bytes: &[u8]) -> Result<PublishedList, Refusal> {
    match kind {
        ListKind::Areas => {
            areas::read_areas(bytes).map(|areas| PublishedList::Areas(Arc::new(areas)))
        }
        ListKind::Levels => {
            levels::read_levels(bytes).map(|levels| PublishedList::Levels(Arc::new(levels)))
        }
    }
}

fn invalid_list_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::ConfigInvalid, sentence)
}

#[cfg(test)]
mod tests;
