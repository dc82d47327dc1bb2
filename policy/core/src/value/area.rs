//! Areas that rows are chosen by: a box, and an area of a published list.

use crate::id::SqlIdentifier;
use hansa_audit_log::digest::Digest;

/// A box in degrees, WGS 84, written as decimal text so that it stays exact: west ≤ east, south ≤ north.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundingBox {
    /// Least longitude.
    pub west: String,
    /// Least latitude.
    pub south: String,
    /// Greatest longitude.
    pub east: String,
    /// Greatest latitude.
    pub north: String,
}

/// Term 15: an area of a published list, and the columns of the places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedAreaTerm {
    /// Column of the longitude, degrees.
    pub lon: SqlIdentifier,
    /// Column of the latitude, degrees.
    pub lat: SqlIdentifier,
    /// SHA-256 of the file of the list.
    pub list: Digest,
    /// Which of its areas.
    pub which: AreaSelector,
}

/// Which areas of a list: those of which something is said, `name=Mitte`; together they are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaSelector {
    /// What is looked at.
    pub name: String,
    /// What it must be.
    pub is: String,
}

impl std::fmt::Display for AreaSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, self.is)
    }
}

impl std::str::FromStr for AreaSelector {
    type Err = AreaSelectorError;

    /// `name=Mitte`; the first `=` parts the two.
    fn from_str(text: &str) -> Result<Self, AreaSelectorError> {
        let (name, is) = text.split_once('=').ok_or(AreaSelectorError)?;
        let fits = is_property(name)
            && !is.is_empty()
            && is.len() <= 200
            && !is.chars().any(char::is_control);
        fits.then(|| Self {
            name: name.to_owned(),
            is: is.to_owned(),
        })
        .ok_or(AreaSelectorError)
    }
}

/// Whether a text can name what a list says of its areas: 1 to 200 characters that can be shown, none of them a blank or `=`.
#[must_use]
pub fn is_property(text: &str) -> bool {
    let bad = |c: char| c.is_control() || c.is_whitespace() || c == '=';
    !text.is_empty() && text.len() <= 200 && !text.chars().any(bad)
}

/// The text does not say which area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an area is chosen by what its list says of it, such as name=Mitte")]
pub struct AreaSelectorError;
