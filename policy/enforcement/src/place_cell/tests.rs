//! Tests: cells are those of the published grids, and every point has one or none, never an error.

use super::*;
use datafusion_common::arrow::array::Float64Array;
use hansa_policy::value::cell::H3Resolution;

/// Point, its easting and northing, and its cells.
type ReferencePlace = (
    f64,
    f64,
    f64,
    f64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// Longitude and latitude; easting and northing in EPSG:3035 to the millimetre; squares of 1 km and 250 m; H3 of resolution 8 and
/// 3. The
/// first point is the worked example of the EPSG guidance note 7-2 for method 9820, the others were computed with PROJ 9 and the C
/// library of H3 4.
const KNOWN: [ReferencePlace; 13] = [
    (
        5.0,
        50.0,
        3962799.451,
        2999718.853,
        "1kmN2999E3962",
        "250mN299950E396275",
        "881fa29411fffff",
        "831fa2fffffffff",
    ),
    (
        10.0,
        52.0,
        4321000.000,
        3210000.000,
        "1kmN3210E4321",
        "250mN321000E432100",
        "881f13b8b7fffff",
        "831f13fffffffff",
    ),
    (
        7.6261,
        51.9607,
        4157855.969,
        3208283.696,
        "1kmN3208E4157",
        "250mN320825E415775",
        "881f129ae1fffff",
        "831f12fffffffff",
    ),
    (
        9.69,
        47.546,
        4297648.319,
        2714758.313,
        "1kmN2714E4297",
        "250mN271475E429750",
        "881f8eaa23fffff",
        "831f8efffffffff",
    ),
    (
        -9.1393,
        38.7223,
        2665519.214,
        1946764.045,
        "1kmN1946E2665",
        "250mN194675E266550",
        "883933676dfffff",
        "833933fffffffff",
    ),
    (
        2.1734,
        41.3851,
        3664996.992,
        2065549.826,
        "1kmN2065E3664",
        "250mN206550E366475",
        "88394460e5fffff",
        "833944fffffffff",
    ),
    (
        25.7836,
        71.171,
        4891886.212,
        5402268.974,
        "1kmN5402E4891",
        "250mN540225E489175",
        "880123d815fffff",
        "830123fffffffff",
    ),
    (
        33.3823,
        35.1856,
        6436429.129,
        1672242.534,
        "1kmN1672E6436",
        "250mN167200E643625",
        "882da45521fffff",
        "832da4fffffffff",
    ),
    (
        -21.9426,
        64.1466,
        2821215.661,
        4911736.922,
        "1kmN4911E2821",
        "250mN491150E282100",
        "88075dd4bdfffff",
        "83075dfffffffff",
    ),
    (
        13.405,
        52.52,
        4552036.450,
        3273268.274,
        "1kmN3273E4552",
        "250mN327325E455200",
        "881f1d4895fffff",
        "831f1dfffffffff",
    ),
    (
        -0.1276,
        51.5072,
        3620448.669,
        3203879.367,
        "1kmN3203E3620",
        "250mN320375E362025",
        "88195da49bfffff",
        "83194afffffffff",
    ),
    (
        8.5417,
        47.3769,
        4210798.051,
        2697006.937,
        "1kmN2697E4210",
        "250mN269700E421075",
        "881f8ed951fffff",
        "831f83fffffffff",
    ),
    (
        -15.4,
        28.1,
        1818884.411,
        980919.518,
        "1kmN980E1818",
        "250mN98075E181875",
        "88346b4ea1fffff",
        "83346bfffffffff",
    ),
];

fn made(size: CellSize) -> PlaceCellFunction {
    PlaceCellFunction {
        size,
        areas: Arc::new([]),
        signature: Signature::any(2, Volatility::Immutable),
    }
}

fn of(lon: f64, lat: f64, size: &str) -> Option<String> {
    made(size.parse().unwrap()).cell_name(lon, lat)
}

#[test]
fn cells_are_those_of_the_published_grids() {
    for (lon, lat, east, north, km, quarter, eight, three) in KNOWN {
        let (e, n) = project_to_laea(lon, lat);
        assert!((e - east).abs() < 0.001, "{lon} {lat}: {e} is not {east}");
        assert!((n - north).abs() < 0.001, "{lon} {lat}: {n} is not {north}");
        for (size, expect) in [
            ("grid:1000", km),
            ("grid:250", quarter),
            ("h3:8", eight),
            ("h3:3", three),
        ] {
            assert_eq!(
                of(lon, lat, size).as_deref(),
                Some(expect),
                "{lon} {lat} {size}"
            );
        }
    }
    // The lower left corner of the cell in INSPIRE's example, one centimetre to either side of its edge.
    let (west, east) = (
        (10.211457952118453, 47.31438762139279),
        (10.211458216439786, 47.314387620878954),
    );
    assert_eq!(
        of(west.0, west.1, "grid:1000").as_deref(),
        Some("1kmN2689E4336")
    );
    assert_eq!(
        of(east.0, east.1, "grid:1000").as_deref(),
        Some("1kmN2689E4337")
    );
    assert_eq!(
        of(east.0, east.1, "grid:100").as_deref(),
        Some("100mN26890E43370")
    );
    assert_eq!(
        of(east.0, east.1, "grid:100000").as_deref(),
        Some("100kmN26E43")
    );
}

#[test]
fn h3_covers_the_earth_with_its_poles_and_its_seam() {
    for (lon, lat, expect) in [
        (151.2093, -33.8688, "88be0e35cbfffff"),
        (-75.6972, 45.4215, "882b83b0e1fffff"),
        (179.9999, 0.0, "887eb57221fffff"),
        (-179.9999, 0.0, "887eb57221fffff"),
        (0.0, 90.0, "880326233bfffff"),
        (0.0, -90.0, "88f29380e1fffff"),
        (-70.9, -53.1, "88df69d217fffff"),
    ] {
        assert_eq!(of(lon, lat, "h3:8").as_deref(), Some(expect), "{lon} {lat}");
    }
}

/// Reason why `hansa policy diff` reports two resolutions as not comparable: the larger cell does not follow from the smaller.
#[test]
fn hexagons_of_two_resolutions_cut_each_other() {
    let (lon, lat) = (5.017748622025346, 53.71404744724282);
    let small = h3o::LatLng::new(lat, lon)
        .unwrap()
        .to_cell(h3o::Resolution::Eight);
    assert_eq!(of(lon, lat, "h3:8"), Some(small.to_string()));
    let around = small.parent(h3o::Resolution::Seven).unwrap().to_string();
    assert_eq!(around, "87196c018ffffff");
    assert_eq!(of(lon, lat, "h3:7").as_deref(), Some("87196c01dffffff"));
}

fn random() -> impl Iterator<Item = f64> {
    let mut state = 42_u64;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// A square follows from each smaller one whose edge divides its own.
#[test]
fn squares_nest() {
    let corner = |code: &str, metres: u32| -> (u32, u32) {
        let (north, east) = code.split_once('N').unwrap().1.split_once('E').unwrap();
        let digits = metres.to_string();
        let ten = 10_u32.pow(digits.chars().rev().take_while(|c| *c == '0').count() as u32);
        (
            north.parse::<u32>().unwrap() * ten,
            east.parse::<u32>().unwrap() * ten,
        )
    };
    let mut numbers = random();
    for _ in 0..2_000 {
        let (lon, lat) = (
            numbers.next().unwrap() * 40.0 - 10.0,
            numbers.next().unwrap() * 35.0 + 35.0,
        );
        let at = |metres: u32| corner(&of(lon, lat, &format!("grid:{metres}")).unwrap(), metres);
        for (coarse, fine) in [
            (1_000, 100),
            (1_000, 250),
            (500, 250),
            (10_000, 2_000),
            (100_000, 25_000),
        ] {
            let (fine, whole) = (at(fine), at(coarse));
            let floor = |metres: u32| metres / coarse * coarse;
            assert_eq!((floor(fine.0), floor(fine.1)), whole, "{lon} {lat}");
        }
    }
}

#[test]
fn is_total() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        -0.0,
        0.0,
        90.0,
        -90.0,
        90.000_000_1,
        180.0,
        -180.0,
        180.000_000_1,
        24.6,
        84.73,
        44.83,
        -35.58,
        1e300,
    ];
    let mut sizes: Vec<CellSize> = (0..=15)
        .map(|n| CellSize::H3(H3Resolution::of(n).unwrap()))
        .collect();
    sizes.extend(
        hansa_policy::value::cell::EDGES
            .map(|edge| CellSize::Square(SquareCellEdge::of(edge).unwrap())),
    );
    for size in &sizes {
        for lon in odd {
            for lat in odd {
                let there = lon.abs() <= 180.0 && lat.abs() <= 90.0;
                let cell = made(size.clone()).cell_name(lon, lat);
                match size {
                    CellSize::H3(_) => assert_eq!(cell.is_some(), there, "{lon} {lat} {size}"),
                    CellSize::Square(_) | CellSize::Areas { .. } => {
                        assert!(there || cell.is_none(), "{lon} {lat} {size}")
                    }
                }
            }
        }
    }
    // Ottawa lies in no cell of Europe, nor does the corner of the area of use west of the origin.
    assert_eq!(of(-75.6972, 45.4215, "grid:1000"), None);
    assert_eq!(of(-35.58, 24.6, "grid:1000"), None);
    let mut numbers = random();
    for _ in 0..20_000 {
        let (lon, lat) = (
            numbers.next().unwrap() * 360.0 - 180.0,
            numbers.next().unwrap() * 180.0 - 90.0,
        );
        for size in &sizes {
            let _ = made(size.clone()).cell_name(lon, lat);
        }
    }
}

#[test]
fn without_both_coordinates_there_is_no_cell() {
    let made = made("grid:1000".parse().unwrap());
    let lon: ArrayRef = Arc::new(Float64Array::from(vec![
        Some(5.0),
        None,
        Some(5.0),
        Some(f64::NAN),
    ]));
    let lat: ArrayRef = Arc::new(Float64Array::from(vec![
        Some(50.0),
        Some(50.0),
        None,
        Some(50.0),
    ]));
    let cells = made.compute_cells(&lon, &lat);
    let cells: Vec<_> = cells.as_string_view().iter().collect();
    assert_eq!(cells, [Some("1kmN2999E3962"), None, None, None]);
}

/// A point on the edge between two areas belongs to the first one in the list.
#[test]
fn places_in_areas_of_a_list() {
    let square = |west: i64, east: i64| {
        let corners = [(west, 0), (east, 0), (east, 1), (west, 1), (west, 0)];
        let degree = hansa_policy::published_list::area_list::DEGREE;
        let corners = corners
            .map(|(lon, lat)| GeoPoint::from_billionths(lon * degree, lat * degree).unwrap());
        let ring =
            hansa_policy::published_list::area_list::LinearRing::of(corners.to_vec()).unwrap();
        vec![Polygon::new(ring, vec![])]
    };
    let list = hansa_audit_log::digest::Digest::of(b"list");
    let mut cell = made(format!("areas:{list}:name").parse().unwrap());
    cell.areas = Arc::new([
        ("first".to_owned(), square(0, 2)),
        ("second".to_owned(), square(1, 3)),
    ]);
    for (lon, lat, expect) in [
        (0.0, 0.0, Some("first")),
        (1.5, 0.5, Some("first")),
        (2.0, 1.0, Some("first")),
        (2.000_000_001, 1.0, Some("second")),
        (3.000_000_001, 1.0, None),
        (f64::NAN, 0.5, None),
        (0.5, f64::NEG_INFINITY, None),
        (181.0, 0.5, None),
    ] {
        assert_eq!(cell.cell_name(lon, lat).as_deref(), expect, "{lon} {lat}");
    }
}
