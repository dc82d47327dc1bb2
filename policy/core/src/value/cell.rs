//! Grids of cells that stand for places.

use super::area::is_property;
use hansa_audit_log::digest::Digest;
use std::fmt;
use std::str::FromStr;

/// A published grid of cells with the size of a cell, or a published list of areas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellSize {
    /// H3, with its resolution from 0 (edges of 1,281 km) to 15 (0.6 m).
    H3(H3Resolution),
    /// The square grid of INSPIRE over Europe, ETRS89-LAEA (EPSG:3035), with the edge of a cell.
    Square(SquareCellEdge),
    /// The areas of a list, by the SHA-256 of its file; where a place lies in several, the first of them.
    Areas {
        /// The list.
        list: Digest,
        /// What of an area stands for it, such as `name` or `LAU_ID`.
        show: String,
    },
}

/// A resolution of H3: 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct H3Resolution(u8);

/// The edge of a square cell, metres; one of [`EDGES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SquareCellEdge(u32);

/// The edges of square cells that can be asked for, metres.
pub const EDGES: [u32; 10] = [
    100, 250, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000,
];

impl H3Resolution {
    /// The resolution, where there is one.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        if number <= 15 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl SquareCellEdge {
    /// The edge, where cells have it.
    #[must_use]
    pub fn of(metres: u32) -> Option<Self> {
        EDGES.contains(&metres).then_some(Self(metres))
    }

    /// Metres.
    #[must_use]
    pub const fn metres(self) -> u32 {
        self.0
    }

    /// As the codes of cells begin: `250m`, `1km`.
    #[must_use]
    pub fn label(self) -> String {
        match self.0 % 1_000 {
            0 => format!("{}km", self.0 / 1_000),
            _ => format!("{}m", self.0),
        }
    }
}

impl CellSize {
    /// Whether which of these cells a point lies in follows from which of `finer` it lies in. Squares do where the edges
    /// divide; the hexagons of two resolutions of H3 cut each other.
    #[must_use]
    pub fn follows_from(&self, finer: &Self) -> bool {
        match (self, finer) {
            (Self::H3(one), Self::H3(other)) => one.0 == other.0,
            (Self::Square(coarse), Self::Square(fine)) => coarse.0.is_multiple_of(fine.0),
            (one, other) => one == other,
        }
    }

    /// Whether a cell is smaller than a square of 1 km. The hexagons of H3 resolution 8 have 0.74 km² on average.
    #[must_use]
    pub const fn is_small(&self) -> bool {
        match self {
            Self::H3(resolution) => resolution.0 >= 8,
            Self::Square(edge) => edge.0 < 1_000,
            // How large areas are is in their list.
            Self::Areas { .. } => false,
        }
    }
}

impl fmt::Display for CellSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::H3(H3Resolution(number)) => write!(f, "h3:{number}"),
            Self::Square(SquareCellEdge(metres)) => write!(f, "grid:{metres}"),
            Self::Areas { list, show } => write!(f, "areas:{list}:{show}"),
        }
    }
}

impl FromStr for CellSize {
    type Err = CellSizeError;

    /// One spelling each: `h3:8`, `grid:1000`, `areas:SHA-256:name`.
    fn from_str(text: &str) -> Result<Self, CellSizeError> {
        let size = match text.split_once(':') {
            Some(("h3", number)) => number.parse().ok().and_then(H3Resolution::of).map(Self::H3),
            Some(("grid", metres)) => metres
                .parse()
                .ok()
                .and_then(SquareCellEdge::of)
                .map(Self::Square),
            Some(("areas", rest)) => rest.split_once(':').and_then(|(list, show)| {
                let list = list.parse().ok()?;
                is_property(show).then(|| Self::Areas {
                    list,
                    show: show.to_owned(),
                })
            }),
            _ => None,
        };
        size.filter(|size| size.to_string() == text)
            .ok_or(CellSizeError)
    }
}

/// The text names no grid of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "known are h3:0 to h3:15, grid:100, 250, 500, 1000, 2000, 5000, 10000, 25000, 50000 and 100000, and areas:SHA-256:PROPERTY"
)]
pub struct CellSizeError;
