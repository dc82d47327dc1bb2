//! Grids of cells for places.

use super::area::is_property;
use hansa_audit_log::digest::Digest;
use std::fmt;
use std::str::FromStr;

/// Published grid with the size of its cells, or published list of areas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellSize {
    /// H3 grid with its resolution from 0 (edges of 1,281 km) to 15 (0.6 m).
    H3(H3Resolution),
    /// Square grid of INSPIRE over Europe, ETRS89-LAEA (EPSG:3035), with the edge of a cell.
    Square(SquareCellEdge),
    /// Areas of a list. A place that lies in several areas belongs to the first of them.
    Areas {
        /// SHA-256 of the list's file.
        list: Digest,
        /// Property that is shown for an area, such as `name` or `LAU_ID`.
        show: String,
    },
}

/// Resolution of H3: 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct H3Resolution(u8);

/// Edge of a square cell, metres; one of [`EDGES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SquareCellEdge(u32);

/// Permitted edges of square cells, metres.
pub const EDGES: [u32; 10] = [
    100, 250, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000,
];

impl H3Resolution {
    /// Resolution with this number, if valid.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        if number <= 15 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Number of the resolution.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl SquareCellEdge {
    /// Edge with this length, if permitted.
    #[must_use]
    pub fn of(metres: u32) -> Option<Self> {
        EDGES.contains(&metres).then_some(Self(metres))
    }

    /// Length in metres.
    #[must_use]
    pub const fn metres(self) -> u32 {
        self.0
    }

    /// Prefix of the codes of the cells: `250m`, `1km`.
    #[must_use]
    pub fn label(self) -> String {
        match self.0 % 1_000 {
            0 => format!("{}km", self.0 / 1_000),
            _ => format!("{}m", self.0),
        }
    }
}

impl CellSize {
    /// True if the cell of a point follows from its cell in `finer`. True for squares whose edges divide; hexagons of two H3
    /// resolutions overlap each other.
    #[must_use]
    pub fn follows_from(&self, finer: &Self) -> bool {
        match (self, finer) {
            (Self::H3(one), Self::H3(other)) => one.0 == other.0,
            (Self::Square(coarse), Self::Square(fine)) => coarse.0.is_multiple_of(fine.0),
            (one, other) => one == other,
        }
    }

    /// True for cells smaller than a square of 1 km. The hexagons of H3 resolution 8 have 0.74 km² on average.
    #[must_use]
    pub const fn is_small(&self) -> bool {
        match self {
            Self::H3(resolution) => resolution.0 >= 8,
            Self::Square(edge) => edge.0 < 1_000,
            // The size of areas is only known from their list.
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

    /// Parses the canonical notation: `h3:8`, `grid:1000`, `areas:SHA-256:name`.
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
