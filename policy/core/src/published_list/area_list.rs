//! Areas with outlines, and the exact test of a point against them. Coordinates are integers in billionths of a degree (a tenth of
//! a millimetre). Edges are straight lines between corners (RFC 7946, section 3.1.1). A point on an outline belongs to the area,
//! also on the outline of a hole.

use super::missing_list::missing_list_refusal;
use crate::refusal::Refusal;
use crate::value::area::AreaSelector;
use std::collections::BTreeMap;

/// Areas of one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaList(Vec<ListedArea>);

/// One area with its properties and polygons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedArea {
    /// Properties by name, texts and numbers; `id` is the identity of the GeoJSON feature.
    pub properties: BTreeMap<String, String>,
    /// Polygons of the area.
    pub polygons: Vec<Polygon>,
}

/// Polygon: an outer ring, and rings of holes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Polygon {
    outer: LinearRing,
    holes: Vec<LinearRing>,
}

/// Closed line with at least three corners.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinearRing {
    corners: Vec<GeoPoint>,
    low: GeoPoint,
    high: GeoPoint,
}

/// Point in billionths of a degree, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GeoPoint {
    lon: i64,
    lat: i64,
}

/// Billionths in one degree.
pub const DEGREE: i64 = 1_000_000_000;

impl AreaList {
    /// List of these areas.
    #[must_use]
    pub const fn new(areas: Vec<ListedArea>) -> Self {
        Self(areas)
    }

    /// Number of areas.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// Areas in the order of the list.
    #[must_use]
    pub fn listed_areas(&self) -> &[ListedArea] {
        &self.0
    }

    /// Value of the property `show` and polygons of each area that has this property, in the order of the list.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where no area has the property.
    pub fn areas_by_property(&self, show: &str) -> Result<Vec<(String, Vec<Polygon>)>, Refusal> {
        let named = self.0.iter().filter_map(|area| {
            let text = area.properties.get(show)?;
            Some((text.clone(), area.polygons.clone()))
        });
        let named: Vec<_> = named.collect();
        if named.is_empty() {
            return Err(missing_list_refusal(format!(
                "the list says no `{show}` of its areas"
            )));
        }
        Ok(named)
    }

    /// Polygons of the selected areas.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where the list has no such area.
    pub fn select(&self, which: &AreaSelector) -> Result<Vec<Polygon>, Refusal> {
        let said = |area: &&ListedArea| area.properties.get(&which.name) == Some(&which.is);
        let found: Vec<Polygon> = self
            .0
            .iter()
            .filter(said)
            .flat_map(|area| area.polygons.iter().cloned())
            .collect();
        if found.is_empty() {
            return Err(missing_list_refusal(format!(
                "the list holds no area with {which}"
            )));
        }
        Ok(found)
    }
}

impl GeoPoint {
    /// Point from billionths of a degree; none outside the range of coordinates.
    #[must_use]
    pub const fn from_billionths(lon: i64, lat: i64) -> Option<Self> {
        let fits = lon >= -180 * DEGREE
            && lon <= 180 * DEGREE
            && lat >= -90 * DEGREE
            && lat <= 90 * DEGREE;
        if fits { Some(Self { lon, lat }) } else { None }
    }

    /// Point at these degrees, rounded to the nearest billionth; none outside the range of coordinates.
    #[must_use]
    pub fn from_degrees(lon: f64, lat: f64) -> Option<Self> {
        // NaN is outside every range, so it is refused here too.
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return None;
        }
        Self::from_billionths(round_to_integer(lon * 1e9), round_to_integer(lat * 1e9))
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub fn lon_degrees(self) -> f64 {
        to_degrees(self.lon)
    }

    /// Degrees north of the equator.
    #[must_use]
    pub fn lat_degrees(self) -> f64 {
        to_degrees(self.lat)
    }
}

/// Degrees of a coordinate in billionths.
fn to_degrees(billionths: i64) -> f64 {
    // Both parts of a coordinate are below 2³¹.
    let part = |number: i64| f64::from(i32::try_from(number).unwrap_or_default());
    part(billionths / DEGREE) + part(billionths % DEGREE) / 1e9
}

/// Nearest integer to a number with an absolute value below 2⁵¹; halves are rounded to even. Between 2⁵² and 2⁵³ a double holds
/// integers only, so that its bits count them.
const fn round_to_integer(number: f64) -> i64 {
    const MIDDLE: f64 = 6_755_399_441_055_744.0;
    (number + MIDDLE).to_bits().cast_signed() - MIDDLE.to_bits().cast_signed()
}

impl LinearRing {
    /// Ring whose last corner is its first.
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

    /// Number of corners.
    #[must_use]
    pub const fn corner_count(&self) -> usize {
        self.corners.len()
    }

    /// Corners; the last one is the first.
    #[must_use]
    pub fn ring_corners(&self) -> &[GeoPoint] {
        &self.corners
    }

    /// True if the box around the ring meets the box between two corners.
    #[must_use]
    pub const fn meets_box(&self, low: GeoPoint, high: GeoPoint) -> bool {
        self.low.lon <= high.lon
            && low.lon <= self.high.lon
            && self.low.lat <= high.lat
            && low.lat <= self.high.lat
    }

    /// Position of a point relative to the ring: the parity of the crossings of a ray to the east.
    fn side(&self, point: GeoPoint) -> PointSide {
        let around = (self.low.lon..=self.high.lon).contains(&point.lon)
            && (self.low.lat..=self.high.lat).contains(&point.lat);
        if !around {
            return PointSide::Out;
        }
        let mut inside = false;
        for edge in self.corners.windows(2) {
            let [from, to] = edge else { continue };
            let turn = doubled_triangle_area(*from, *to, point);
            let low = from.min_corner(*to);
            let high = from.max_corner(*to);
            if turn == 0
                && (low.lon..=high.lon).contains(&point.lon)
                && (low.lat..=high.lat).contains(&point.lat)
            {
                return PointSide::On;
            }
            // Each corner belongs only to the edge above it, so that a ray through a corner counts correctly.
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

/// Twice the area of the triangle, positive where `point` lies to the left of the line. At most 5.2 × 10²³, within 128 bits.
fn doubled_triangle_area(from: GeoPoint, to: GeoPoint, point: GeoPoint) -> i128 {
    let wide = |one: i64, other: i64| i128::from(one) - i128::from(other);
    wide(to.lon, from.lon) * wide(point.lat, from.lat)
        - wide(to.lat, from.lat) * wide(point.lon, from.lon)
}

impl Polygon {
    /// Polygon of these rings.
    #[must_use]
    pub const fn new(outer: LinearRing, holes: Vec<LinearRing>) -> Self {
        Self { outer, holes }
    }

    /// Outer ring, and the rings of holes.
    pub fn all_rings(&self) -> impl Iterator<Item = &LinearRing> {
        std::iter::once(&self.outer).chain(&self.holes)
    }

    /// Number of corners in all rings.
    #[must_use]
    pub fn corner_count(&self) -> usize {
        let holes = self
            .holes
            .iter()
            .map(LinearRing::corner_count)
            .sum::<usize>();
        self.outer.corner_count().saturating_add(holes)
    }

    /// True if the point lies in the polygon or on any of its rings.
    #[must_use]
    pub fn holds(&self, point: GeoPoint) -> bool {
        match self.outer.side(point) {
            PointSide::On => true,
            PointSide::Out => false,
            PointSide::In => {
                // A point on the ring of one hole and inside an overlapping hole is outside the polygon.
                let mut holes = self.holes.iter();
                holes.all(|hole| hole.side(point) != PointSide::In)
            }
        }
    }
}

#[cfg(test)]
mod tests;
