//! Maps as SVG without style attributes and without tiles of another host: an extent or marks, outlines of published areas, a scale bar and north.

use hansa_policy::published_list::area_list::{GeoPoint, LinearRing, Polygon};
use hansa_policy::published_list::{PublishedList, PublishedLists};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Width of a map, in its own units.
const WIDTH: f64 = 640.0;

/// Greatest height of a map.
const HEIGHT: f64 = 420.0;

/// Edge around the marks.
const EDGE: f64 = 36.0;

/// Room for the scale bar.
const FOOT: f64 = 34.0;

/// Meters of one degree of latitude on a sphere of the Earth's mean radius.
const METERS_A_DEGREE: f64 = 111_195.0;

/// Least span of a map in degrees, about twenty meters: one mark alone has none.
const LEAST_SPAN: f64 = 0.0002;

/// Most bytes of the outlines of a map.
const MOST_OUTLINE_BYTES: usize = 8_000;

/// Least distance of two corners of an outline, in the units of a map.
const LEAST_STEP: f64 = 2.0;

/// Most marks of a map.
pub(crate) const MOST_MARKS: usize = 2_000;

/// Place in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MapPoint {
    /// Degrees east of Greenwich.
    pub(crate) lon: f64,
    /// Degrees north of the equator.
    pub(crate) lat: f64,
}

impl MapPoint {
    /// Place of two texts; none where one is no number, or no place on Earth.
    pub(crate) fn parse(lon: &str, lat: &str) -> Option<Self> {
        let lon: f64 = lon.trim().parse().ok()?;
        let lat: f64 = lat.trim().parse().ok()?;
        let is_place = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
        is_place.then_some(Self { lon, lat })
    }
}

/// Area between two parallels and two meridians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MapArea {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl MapArea {
    /// Area of four texts: west, south, east, north. None where they bound nothing, or the area meets the 180th meridian.
    pub(crate) fn parse([west, south, east, north]: &[String; 4]) -> Option<Self> {
        let least = MapPoint::parse(west, south)?;
        let most = MapPoint::parse(east, north)?;
        let is_area = least.lon <= most.lon && least.lat <= most.lat;
        is_area.then_some(Self {
            west: least.lon,
            south: least.lat,
            east: most.lon,
            north: most.lat,
        })
    }

    /// Least area around points; none without a point.
    pub(crate) fn of(points: &[MapPoint]) -> Option<Self> {
        let first = points.first()?;
        let start = Self {
            west: first.lon,
            south: first.lat,
            east: first.lon,
            north: first.lat,
        };
        let grow = |area: Self, point: &MapPoint| Self {
            west: area.west.min(point.lon),
            south: area.south.min(point.lat),
            east: area.east.max(point.lon),
            north: area.north.max(point.lat),
        };
        Some(points.iter().fold(start, grow))
    }
}

/// Outlines of the published areas that meet the area of a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapOutlines {
    /// Outlines as one path, in the units of the map.
    path: String,
    /// Number of areas whose outlines are there.
    pub(crate) areas: u64,
    /// True if the map lacks the outlines of further areas.
    pub(crate) is_cut: bool,
}

impl MapOutlines {
    /// Outlines for the map of an area. Areas that are smaller than its least step have none.
    pub(crate) fn find_around(lists: &PublishedLists, area: MapArea) -> Self {
        let mut outlines = Self::default();
        let corners = (
            GeoPoint::from_degrees(area.west, area.south),
            GeoPoint::from_degrees(area.east, area.north),
        );
        let (Some(low), Some(high)) = corners else {
            return outlines;
        };
        let projection = MapProjection::of(area);
        let areas = lists.lists().flat_map(|(_, list)| match list {
            PublishedList::Areas(areas) => areas.listed_areas(),
            PublishedList::Levels(_) => &[],
        });
        for listed in areas {
            let rings = listed.polygons.iter().flat_map(Polygon::all_rings);
            let rings = rings.filter(|ring| ring.meets_box(low, high));
            let path: String = rings
                .filter_map(|ring| describe_ring(&projection, ring))
                .collect();
            if path.is_empty() {
                continue;
            }
            if outlines.path.len().saturating_add(path.len()) > MOST_OUTLINE_BYTES {
                outlines.is_cut = true;
                break;
            }
            outlines.path.push_str(&path);
            outlines.areas = outlines.areas.saturating_add(1);
        }
        outlines
    }
}

/// Outline as a part of a path, without corners that lie close together; none for one that is too small to be seen.
fn describe_ring(projection: &MapProjection, ring: &LinearRing) -> Option<String> {
    let mut corners: Vec<String> = Vec::new();
    let (mut last_x, mut last_y) = (f64::INFINITY, f64::INFINITY);
    for corner in ring.ring_corners() {
        let x = projection.x(corner.lon_degrees());
        let y = projection.y(corner.lat_degrees());
        if (x - last_x).abs() >= LEAST_STEP || (y - last_y).abs() >= LEAST_STEP {
            corners.push(format!("{x:.0} {y:.0}"));
            (last_x, last_y) = (x, y);
        }
    }
    (corners.len() >= 3).then(|| format!("M{}Z", corners.join("L")))
}

/// Content of a map.
pub(crate) struct MapContent<'a> {
    /// Sentence that says what the map shows.
    pub(crate) title: &'a str,
    /// Letter of the north.
    pub(crate) north: &'a str,
    /// Area that fills the map.
    pub(crate) area: MapArea,
    /// True if the area is drawn.
    pub(crate) is_area_shown: bool,
    /// Marks, at most [`MOST_MARKS`].
    pub(crate) points: &'a [MapPoint],
    /// Marks that the list beside the map has.
    pub(crate) listed: &'a [MapPoint],
    /// Outlines of published areas, found for the same area.
    pub(crate) outlines: &'a MapOutlines,
}

/// Projection of degrees to the units of a map: true to scale in the middle.
#[derive(Debug, Clone, Copy)]
struct MapProjection {
    west: f64,
    north: f64,
    left: f64,
    /// Units of a degree of longitude.
    by_lon: f64,
    /// Units of a degree of latitude.
    by_lat: f64,
    /// Height of the marks.
    height: f64,
}

impl MapProjection {
    fn of(area: MapArea) -> Self {
        let middle = (area.south + area.north) / 2.0;
        let shrink = middle.to_radians().cos().max(0.01);
        let (lon, lat) = (
            (area.east - area.west).max(LEAST_SPAN),
            (area.north - area.south).max(LEAST_SPAN),
        );
        let room = WIDTH - 2.0 * EDGE;
        let by_lat = (room / (lon * shrink)).min((HEIGHT - 2.0 * EDGE) / lat);
        let by_lon = by_lat * shrink;
        Self {
            // A span below the least one lies in the middle.
            west: (area.east + area.west - lon) / 2.0,
            north: (area.north + area.south + lat) / 2.0,
            left: (WIDTH - lon * by_lon) / 2.0,
            by_lon,
            by_lat,
            height: lat * by_lat,
        }
    }

    fn x(&self, lon: f64) -> f64 {
        self.left + (lon - self.west) * self.by_lon
    }

    fn y(&self, lat: f64) -> f64 {
        EDGE + (self.north - lat) * self.by_lat
    }

    fn meters_a_unit(&self) -> f64 {
        METERS_A_DEGREE / self.by_lat
    }
}

/// Map with its title.
pub(crate) fn render_map(content: &MapContent<'_>) -> Markup {
    let projection = MapProjection::of(content.area);
    let bottom = EDGE + projection.height + EDGE;
    let view = format!("0 0 {WIDTH} {:.0}", bottom + FOOT);
    let (left, right) = (
        projection.x(content.area.west),
        projection.x(content.area.east),
    );
    let (top, low) = (
        projection.y(content.area.north),
        projection.y(content.area.south),
    );
    html! {
        figure.chart {
            figcaption { (content.title) }
            // The parser of HTML writes the name of the attribute as SVG has it (HTML, section 13.2.6.1).
            svg viewbox=(view) role="img" aria-label=(content.title) {
                rect.ground x="0.5" y="0.5" width=(WIDTH - 1.0) height=(format!("{:.1}", bottom - 1.0)) {}
                @if !content.outlines.path.is_empty() {
                    path.outline d=(content.outlines.path) {}
                }
                @if content.is_area_shown {
                    rect.extent x=(format!("{left:.1}")) y=(format!("{top:.1}"))
                        width=(format!("{:.1}", (right - left).max(2.0))) height=(format!("{:.1}", (low - top).max(2.0))) {}
                }
                @if !content.points.is_empty() {
                    path.marks d=(describe_marks(&projection, content.points)) {}
                }
                @for point in content.listed {
                    circle.listed cx=(format!("{:.1}", projection.x(point.lon)))
                        cy=(format!("{:.1}", projection.y(point.lat))) r="5" {}
                }
                (render_north(content.north))
                (render_scale(&projection, bottom))
            }
        }
    }
}

/// Marks as one path of points, each place once: a page has two thousand of them.
fn describe_marks(projection: &MapProjection, points: &[MapPoint]) -> String {
    let places = points.iter().take(MOST_MARKS).map(|point| {
        let (x, y) = (projection.x(point.lon), projection.y(point.lat));
        format!("M{x:.0} {y:.0}h0")
    });
    let places: BTreeSet<String> = places.collect();
    places.into_iter().collect()
}

fn render_north(letter: &str) -> Markup {
    let (x, top) = (WIDTH - 20.0, 10.0);
    html! {
        path.north d=(format!("M{x} {top}l6 16l-6 -4l-6 4z")) {}
        text.label x=(x) y=(top + 30.0) text-anchor="middle" { (letter) }
    }
}

/// Scale bar of a round length, at most a third of the map.
fn render_scale(projection: &MapProjection, bottom: f64) -> Markup {
    let meters = round_length(WIDTH / 3.0 * projection.meters_a_unit());
    let width = meters / projection.meters_a_unit();
    let (x, y) = (EDGE, bottom + 12.0);
    let end = x + width;
    html! {
        line.axis x1=(format!("{x:.1}")) y1=(format!("{y:.1}")) x2=(format!("{end:.1}")) y2=(format!("{y:.1}")) {}
        @for place in [x, end] {
            line.axis x1=(format!("{place:.1}")) y1=(format!("{:.1}", y - 5.0)) x2=(format!("{place:.1}"))
                y2=(format!("{:.1}", y + 5.0)) {}
        }
        text.label x=(format!("{:.1}", end + 8.0)) y=(format!("{:.1}", y + 5.0)) { (describe_length(meters)) }
    }
}

/// Greatest length of the form 1, 2 or 5 times a power of ten that is not above a length.
fn round_length(meters: f64) -> f64 {
    let power = 10.0_f64.powf(meters.max(1.0).log10().floor());
    let fits = [5.0, 2.0].into_iter().find(|step| step * power <= meters);
    fits.unwrap_or(1.0) * power
}

fn describe_length(meters: f64) -> String {
    match meters >= 1_000.0 {
        true => format!("{:.0} km", meters / 1_000.0),
        false => format!("{meters:.0} m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_audit_log::digest::Digest;
    use hansa_policy::published_list::area_list::{AreaList, ListedArea};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn area(edges: [&str; 4]) -> Option<MapArea> {
        MapArea::parse(&edges.map(str::to_owned))
    }

    fn map_of(area: MapArea, points: &[MapPoint]) -> String {
        let content = MapContent {
            title: "stops",
            north: "N",
            area,
            is_area_shown: true,
            points,
            listed: &points[..points.len().min(1)],
            outlines: &MapOutlines::default(),
        };
        render_map(&content).into_string()
    }

    #[test]
    fn an_area_is_read_from_its_edges() {
        assert!(area(["7.5", "51.9", "7.7", "52"]).is_some());
        for wrong in [
            ["7.5", "51.9", "x", "52"],
            ["7.7", "51.9", "7.5", "52"],
            ["7.5", "52", "7.7", "51.9"],
            ["7.5", "51.9", "181", "52"],
            ["7.5", "NaN", "7.7", "52"],
        ] {
            assert_eq!(area(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_map_is_true_to_scale() {
        // At 60 degrees north a degree of longitude is half as long as one of latitude.
        let projection = MapProjection::of(area(["10", "59", "12", "61"]).unwrap());
        assert!((projection.by_lon / projection.by_lat - 0.5).abs() < 1e-9);
        // 348 units for two degrees: 222,390 meters.
        assert!((projection.meters_a_unit() - 222_390.0 / 348.0).abs() < 0.01);
        assert!((projection.y(61.0) - EDGE).abs() < 1e-9);
        let text = map_of(area(["10", "59", "12", "61"]).unwrap(), &[]);
        assert!(text.contains("100 km"), "{text}");
    }

    #[test]
    fn lengths_of_the_scale_are_round() {
        for (length, round) in [
            (1.0, 1.0),
            (19.0, 10.0),
            (20.0, 20.0),
            (4_999.0, 2_000.0),
            (5_000.0, 5_000.0),
            (999_999.0, 500_000.0),
        ] {
            assert_eq!(round_length(length), round, "{length}");
        }
        assert_eq!(describe_length(500.0), "500 m");
        assert_eq!(describe_length(20_000.0), "20 km");
    }

    #[test]
    fn marks_stay_in_the_map_also_for_one_place_and_for_the_whole_earth() {
        let point = |lon, lat| MapPoint { lon, lat };
        for points in [
            vec![point(7.6, 51.9)],
            vec![point(-180.0, -90.0), point(180.0, 90.0)],
            vec![point(0.0, 89.9), point(180.0, 90.0)],
        ] {
            let area = MapArea::of(&points).unwrap();
            let projection = MapProjection::of(area);
            for one in &points {
                let (x, y) = (projection.x(one.lon), projection.y(one.lat));
                assert!(
                    (0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y),
                    "{one:?}"
                );
            }
            let text = map_of(area, &points);
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        assert_eq!(MapArea::of(&[]), None);
    }

    #[test]
    fn two_thousand_marks_fit_a_page_and_one_place_is_one_mark() {
        let points: Vec<MapPoint> = (0..5_000)
            .map(|at| MapPoint {
                lon: 7.0 + f64::from(at % 97) / 100.0,
                lat: 51.0 + f64::from(at) / 9_000.0,
            })
            .collect();
        let text = map_of(MapArea::of(&points).unwrap(), &points);
        let marks = text.matches("h0").count();
        assert!(marks <= MOST_MARKS && marks > 1_000, "{marks}");
        assert!(text.len() < 40_000, "{}", text.len());
        let same = vec![points[0]; 500];
        let text = map_of(MapArea::of(&points).unwrap(), &same);
        assert_eq!(text.matches("h0").count(), 1);
    }

    /// List of square areas from one degree to another.
    fn list_squares(edges: &[[f64; 2]]) -> PublishedLists {
        let areas = edges.iter().map(|[from, to]| {
            let corners = [(from, from), (to, from), (to, to), (from, to), (from, from)];
            let corners = corners.map(|(lon, lat)| GeoPoint::from_degrees(*lon, *lat).unwrap());
            let ring = LinearRing::of(corners.to_vec()).unwrap();
            ListedArea {
                properties: BTreeMap::new(),
                polygons: vec![Polygon::new(ring, Vec::new())],
            }
        });
        let mut lists = PublishedLists::default();
        let areas = AreaList::new(areas.collect());
        lists.add_list(Digest::of(b"areas"), PublishedList::Areas(Arc::new(areas)));
        lists
    }

    #[test]
    fn published_areas_that_meet_a_map_are_outlines() {
        let area = area(["7", "7", "8", "8"]).unwrap();
        let find = |edges: &[[f64; 2]]| MapOutlines::find_around(&list_squares(edges), area);
        let outlines = find(&[[7.2, 7.8], [20.0, 21.0], [6.0, 9.0], [7.5, 7.500_01]]);
        assert_eq!((outlines.areas, outlines.is_cut), (2, false));
        assert_eq!(outlines.path.matches('M').count(), 2);
        assert_eq!(outlines.path.matches('Z').count(), 2);
        // Each outline begins at its own corner, in the units of the map.
        let projection = MapProjection::of(area);
        let (x, y) = (projection.x(7.2), projection.y(7.2));
        let begin = format!("M{x:.0} {y:.0}L");
        assert!(outlines.path.starts_with(&begin), "{}", outlines.path);
        assert_eq!(find(&[]), MapOutlines::default());
        let many: Vec<[f64; 2]> = (0..2_000).map(|_| [7.2, 7.8]).collect();
        let outlines = find(&many);
        assert!(
            outlines.is_cut && outlines.areas > 100,
            "{}",
            outlines.areas
        );
        assert!(outlines.path.len() <= MOST_OUTLINE_BYTES);
        let content = MapContent {
            title: "stops",
            north: "N",
            area,
            is_area_shown: false,
            points: &[],
            listed: &[],
            outlines: &outlines,
        };
        let map = render_map(&content).into_string();
        assert!(map.contains("class=\"outline\""), "{map}");
    }
}
