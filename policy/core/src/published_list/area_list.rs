//! Areas with their outlines, and whether a point lies in one. Exact: coordinates are whole billionths of a degree (a tenth
//! of a millimetre), edges are straight lines between them (RFC 7946, section 3.1.1), and a point on an outline lies in the
//! area, on that of a hole as well as on the outer one.

use super::missing_list::lacks;
use crate::refusal::Refusal;
use crate::value::area::AreaSelector;
use std::collections::BTreeMap;

/// The areas of one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaList(Vec<ListedArea>);

/// One area: what is said of it, and the polygons that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedArea {
    /// Its texts and numbers by name; `id` for the identity of its feature.
    pub properties: BTreeMap<String, String>,
    /// Its parts.
    pub polygons: Vec<Polygon>,
}

/// An outer ring, and rings around what is left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Polygon {
    outer: LinearRing,
    holes: Vec<LinearRing>,
}

/// A closed line of at least three corners.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinearRing {
    corners: Vec<GeoPoint>,
    low: GeoPoint,
    high: GeoPoint,
}

/// A place in whole billionths of a degree, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GeoPoint {
    lon: i64,
    lat: i64,
}

/// Billionths of a degree in one degree.
pub const DEGREE: i64 = 1_000_000_000;

impl AreaList {
    /// A list of areas.
    #[must_use]
    pub const fn new(areas: Vec<ListedArea>) -> Self {
        Self(areas)
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// Each area of which `show` is said, with what is said, in the order of the list.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where it is said of none.
    pub fn areas_by_property(&self, show: &str) -> Result<Vec<(String, Vec<Polygon>)>, Refusal> {
        let named = self.0.iter().filter_map(|area| {
            let text = area.properties.get(show)?;
            Some((text.clone(), area.polygons.clone()))
        });
        let named: Vec<_> = named.collect();
        if named.is_empty() {
            return Err(lacks(format!("the list says no `{show}` of its areas")));
        }
        Ok(named)
    }

    /// The polygons of those asked for.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where the list has none.
    pub fn select(&self, which: &AreaSelector) -> Result<Vec<Polygon>, Refusal> {
        let said = |area: &&ListedArea| area.properties.get(&which.name) == Some(&which.is);
        let found: Vec<Polygon> = self
            .0
            .iter()
            .filter(said)
            .flat_map(|area| area.polygons.iter().cloned())
            .collect();
        if found.is_empty() {
            return Err(lacks(format!("the list holds no area with {which}")));
        }
        Ok(found)
    }
}

impl GeoPoint {
    /// A place on Earth, from billionths of a degree.
    #[must_use]
    pub const fn of(lon: i64, lat: i64) -> Option<Self> {
        let fits = lon >= -180 * DEGREE
            && lon <= 180 * DEGREE
            && lat >= -90 * DEGREE
            && lat <= 90 * DEGREE;
        if fits { Some(Self { lon, lat }) } else { None }
    }

    /// The place at so many degrees, to the nearest billionth; nothing for what is no place on Earth.
    #[must_use]
    pub fn at(lon: f64, lat: f64) -> Option<Self> {
        // No number lies in no range, so what is none goes no further.
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return None;
        }
        Self::of(nearest(lon * 1e9), nearest(lat * 1e9))
    }
}

/// The whole number nearest to one that lies within 2⁵¹ of nothing; halves go to the even one. Between 2⁵² and 2⁵³ a double
/// holds whole numbers and nothing else, and counts them by its bits.
const fn nearest(number: f64) -> i64 {
    const MIDDLE: f64 = 6_755_399_441_055_744.0;
    (number + MIDDLE).to_bits().cast_signed() - MIDDLE.to_bits().cast_signed()
}

impl LinearRing {
    /// A ring whose last corner is its first.
    #[must_use]
    pub fn of(corners: Vec<GeoPoint>) -> Option<Self> {
        let closed = corners.len() >= 4 && corners.first() == corners.last();
        let lons = || corners.iter().map(|corner| corner.lon);
        let lats = || corners.iter().map(|corner| corner.lat);
        let low = GeoPoint {
            lon: lons().min()?,
            lat: lats().min()?,
        };
        let high = GeoPoint {
            lon: lons().max()?,
            lat: lats().max()?,
        };
        closed.then_some(Self { corners, low, high })
    }

    /// How many corners it has.
    #[must_use]
    pub const fn corners(&self) -> usize {
        self.corners.len()
    }

    /// On which side of the ring a point lies: the number of times that a line from it to the east crosses, odd or even.
    fn side(&self, point: GeoPoint) -> PointSide {
        let around = (self.low.lon..=self.high.lon).contains(&point.lon)
            && (self.low.lat..=self.high.lat).contains(&point.lat);
        if !around {
            return PointSide::Out;
        }
        let mut inside = false;
        for edge in self.corners.windows(2) {
            let [from, to] = edge else { continue };
            let turn = turn(*from, *to, point);
            let low = from.min_corner(*to);
            let high = from.max_corner(*to);
            if turn == 0
                && (low.lon..=high.lon).contains(&point.lon)
                && (low.lat..=high.lat).contains(&point.lat)
            {
                return PointSide::On;
            }
            // Each corner belongs to the edge above it alone, so that a line through one crosses once, or twice, or not.
            let rises = from.lat <= point.lat && point.lat < to.lat;
            let falls = to.lat <= point.lat && point.lat < from.lat;
            if (rises && turn > 0) || (falls && turn < 0) {
                inside = !inside;
            }
        }
        if inside {
            PointSide::In
        } else {
            PointSide::Out
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PointSide {
    In,
    On,
    Out,
}

impl GeoPoint {
    fn min_corner(self, other: Self) -> Self {
        Self {
            lon: self.lon.min(other.lon),
            lat: self.lat.min(other.lat),
        }
    }

    fn max_corner(self, other: Self) -> Self {
        Self {
            lon: self.lon.max(other.lon),
            lat: self.lat.max(other.lat),
        }
    }
}

/// Twice the area of the triangle, positive where `point` lies to the left of the line. At most 5.2 × 10²³, which 128 bits
/// hold.
fn turn(from: GeoPoint, to: GeoPoint, point: GeoPoint) -> i128 {
    let wide = |one: i64, other: i64| i128::from(one) - i128::from(other);
    wide(to.lon, from.lon) * wide(point.lat, from.lat)
        - wide(to.lat, from.lat) * wide(point.lon, from.lon)
}

impl Polygon {
    /// A polygon.
    #[must_use]
    pub const fn new(outer: LinearRing, holes: Vec<LinearRing>) -> Self {
        Self { outer, holes }
    }

    /// How many corners its rings have.
    #[must_use]
    pub fn corners(&self) -> usize {
        let holes = self.holes.iter().map(LinearRing::corners).sum::<usize>();
        self.outer.corners().saturating_add(holes)
    }

    /// Whether a point lies in it; a point on any of its rings does.
    #[must_use]
    pub fn holds(&self, point: GeoPoint) -> bool {
        match self.outer.side(point) {
            PointSide::On => true,
            PointSide::Out => false,
            PointSide::In => {
                // On the ring of one hole, and within another that overlaps it: it is left out.
                let mut holes = self.holes.iter();
                holes.all(|hole| hole.side(point) != PointSide::In)
            }
        }
    }
}

#[cfg(test)]
mod tests;
