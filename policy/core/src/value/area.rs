//! Areas that select rows: a box, and an area of a published list.

use crate::id::SqlIdentifier;
use hansa_audit_log::digest::Digest;

/// Bounding box in degrees, WGS 84, as exact decimal text: west ≤ east, south ≤ north.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundingBox {
    /// Smallest longitude.
    pub west: String,
    /// Smallest latitude.
    pub south: String,
    /// Largest longitude.
    pub east: String,
    /// Largest latitude.
    pub north: String,
}

/// Term 15: area of a published list, with the columns of the tested points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedAreaTerm {
    /// Column of the longitude, degrees.
    pub lon: SqlIdentifier,
    /// Column of the latitude, degrees.
    pub lat: SqlIdentifier,
    /// SHA-256 of the file of the list.
    pub list: Digest,
    /// Selection of areas of the list.
    pub which: AreaSelector,
}

/// Selection of areas of a list by the value of a property: `name=Mitte`. Their union counts as one area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaSelector {
    /// Name of the property.
    pub name: String,
    /// Value of the property.
    pub is: String,
}

impl std::fmt::Display for AreaSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, self.is)
    }
}

impl std::str::FromStr for AreaSelector {
    type Err = AreaSelectorError;

    /// Parses `name=Mitte`; the first `=` is the separator.
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

/// True for the name of a property: 1 to 200 displayable characters without blanks and `=`.
#[must_use]
pub fn is_property(text: &str) -> bool {
    let bad = |c: char| c.is_control() || c.is_whitespace() || c == '=';
    !text.is_empty() && text.len() <= 200 && !text.chars().any(bad)
}

/// Error of a text that is not a selection of areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an area is chosen by what its list says of it, such as name=Mitte")]
pub struct AreaSelectorError;
