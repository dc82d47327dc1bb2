//! The dataset of the attacks: trips, of which a contract shows a part. What it hides begins with a word that occurs
//! nowhere else, and stands in two versions that the contract shows alike.

use std::fmt::Write as _;

/// The beginning of every hidden text.
pub(crate) const SECRET: &str = "ZQXJKVWQ";

/// One trip; a text that is empty is no value.
pub(crate) struct TripRow {
    id: String,
    device: String,
    operator: String,
    district: String,
    started: String,
    lon: String,
    lat: String,
    /// The cell that both are in; empty where there is none.
    cell: &'static str,
    duration: i64,
    fare: Option<i64>,
    notes: String,
}

pub(crate) const HEADER: &str =
    "trip_id,device_id,operator,district,started_at,lon,lat,duration_s,fare,notes\n";

/// Cells of H3, resolution 8, with longitude and latitude of their middle (by the C library of H3).
const PLACES: [(&str, f64, f64); 5] = [
    ("881f1d4895fffff", 13.3993, 52.5202),
    ("881f1d4d29fffff", 13.4440, 52.5008),
    ("881f1d4997fffff", 13.3440, 52.4799),
    ("881f1d4839fffff", 13.2998, 52.5264),
    ("881f18b2b9fffff", 13.5009, 52.4524),
];

/// Where a trip of district A begins: at another corner of its cell in each version, and where it has none, at no place at
/// all or at one that is none.
fn place(number: i64, detail: i64, version: TripsVersion) -> (String, String, &'static str) {
    if number % 11 == 0 {
        let (lon, lat) = match (version, number % 2) {
            (TripsVersion::One, _) => ("", ""),
            (TripsVersion::Other, 0) => ("200.5", "52.5"),
            (TripsVersion::Other, _) => ("13.4", "-91"),
        };
        return (lon.to_owned(), lat.to_owned(), "");
    }
    let (cell, lon, lat) = PLACES[usize::try_from(number % 5).unwrap()];
    let off = f64::from(i32::try_from(detail - 30).unwrap()) * 0.00005;
    (
        format!("{:.5}", lon + off),
        format!("{:.5}", lat - off),
        cell,
    )
}

/// The two versions that look alike under each contract.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TripsVersion {
    One,
    Other,
}

impl TripsVersion {
    const fn is(self, one: i64, other: i64) -> i64 {
        match self {
            Self::One => one,
            Self::Other => other,
        }
    }
}

/// District A, of which the contract R shows all rows; where `version` is absent, only what it shows.
fn shown(version: Option<TripsVersion>) -> Vec<TripRow> {
    (0..60)
        .map(|number: i64| {
            let hour = 6 + number % 12;
            let detail = version.map_or(0, |version| (number * version.is(7, 11)) % 60);
            let hidden = |value: String| version.map(|_| value).unwrap_or_default();
            let (lon, lat, cell) = place(number, detail, version.unwrap_or(TripsVersion::One));
            let odd = version.map_or("", |version| match version {
                TripsVersion::One => "a",
                TripsVersion::Other => "b",
            });
            TripRow {
                id: (1000 + number).to_string(),
                device: hidden(format!("{SECRET}dev{odd}{}", number % 17)),
                operator: format!("op{}", number % 3),
                district: "A".to_owned(),
                started: format!("2026-05-{:02} {hour:02}:{detail:02}", 4 + number % 3),
                lon,
                lat,
                cell,
                duration: 100 + number * 13 % 900,
                fare: (number % 7 != 0).then_some(200 + number * 31 % 1500),
                notes: hidden(format!("{SECRET}note{odd}{number}")),
            }
        })
        .collect()
}

/// What the contract R shows to nobody: other districts, and rows without one.
fn hidden(version: TripsVersion) -> Vec<TripRow> {
    (0..version.is(40, 55))
        .map(|number| TripRow {
            id: format!("{SECRET}id{number}"),
            device: format!("{SECRET}dev{number}"),
            operator: format!("{SECRET}op{}", version.is(1, 2)),
            district: match number % 3 {
                0 => String::new(),
                1 => "B".to_owned(),
                _ => format!("{SECRET}district"),
            },
            started: format!("2026-05-{:02} 23:59", version.is(9, 19)),
            lon: "0.5".to_owned(),
            lat: "0.5".to_owned(),
            cell: "",
            duration: if number % 2 == 0 { 77 } else { 0 },
            fare: Some(version.is(-1, i64::MAX)),
            notes: format!("{SECRET}hidden"),
        })
        .collect()
}

/// The stored table.
pub(crate) fn stored(version: TripsVersion) -> String {
    let mut trips = hidden(version);
    let at = trips.len() / 2;
    trips.splice(at..at, shown(Some(version)));
    csv(&trips)
}

/// What R shows of both versions, as a table of its own.
pub(crate) fn view() -> String {
    let mut csv =
        "trip_id,device_id,operator,district,started_at,cell,duration_s,fare\n".to_owned();
    for trip in shown(None) {
        let fare = trip.fare.map(|fare| fare.to_string()).unwrap_or_default();
        writeln!(
            csv,
            "{},{},{},{},{},{},{},{fare}",
            trip.id,
            trip.device,
            trip.operator,
            trip.district,
            trip.started,
            trip.cell,
            trip.duration,
        )
        .unwrap();
    }
    csv
}

fn csv(trips: &[TripRow]) -> String {
    let mut csv = HEADER.to_owned();
    for trip in trips {
        let fare = trip.fare.map(|fare| fare.to_string()).unwrap_or_default();
        writeln!(
            csv,
            "{},{},{},{},{},{},{},{},{fare},{}",
            trip.id,
            trip.device,
            trip.operator,
            trip.district,
            trip.started,
            trip.lon,
            trip.lat,
            trip.duration,
            trip.notes
        )
        .unwrap();
    }
    csv
}

/// Fares of three operators in two districts: in A one of them has nearly all, in each version another part of it.
pub(crate) fn fares(version: TripsVersion) -> String {
    let dominated = [
        version.is(9_500, 9_700),
        version.is(300, 200),
        version.is(200, 100),
    ];
    let mut csv = HEADER.to_owned();
    for (district, fares) in [("A", dominated), ("B", [400, 300, 300])] {
        for (number, fare) in fares.iter().enumerate() {
            writeln!(
                csv,
                "{district}{number},{SECRET}dev{number},op{number},{district},2026-05-04 10:15,,,60,{fare},"
            )
            .unwrap();
        }
    }
    csv
}

/// A cell of the aggregate contract G: district, hour, how many devices in both versions, how many of them with a fare.
const CELLS: [(&str, u32, [i64; 2], [i64; 2]); 7] = [
    ("A", 10, [12, 12], [12, 12]),
    ("A", 11, [15, 15], [15, 15]),
    ("B", 10, [3, 5], [3, 5]),
    // Enough devices, but only one of them has a fare, or nine.
    ("B", 11, [11, 11], [1, 9]),
    ("C", 10, [12, 12], [12, 12]),
    ("C", 11, [0, 9], [0, 9]),
    ("D", 12, [10, 10], [10, 10]),
];

/// The least devices of a published cell.
const LEAST: i64 = 10;

/// The table under the contract G.
pub(crate) fn cells(version: TripsVersion) -> String {
    let mut trips = Vec::new();
    for (district, hour, devices, fares) in CELLS {
        let pick = |pair: [i64; 2]| version.is(pair[0], pair[1]);
        let published = pick(devices) >= LEAST;
        for device in 0..pick(devices) {
            let fare = (device < pick(fares)).then(|| fare(device, version, pick(fares) >= LEAST));
            trips.push(TripRow {
                id: format!("{SECRET}{district}{hour}{device}"),
                device: format!("{SECRET}g{device}"),
                operator: "op0".to_owned(),
                district: district.to_owned(),
                started: format!("2026-05-04 {hour}:{:02}", device * version.is(3, 1)),
                lon: String::new(),
                lat: String::new(),
                cell: "",
                duration: if published {
                    60 + device
                } else {
                    version.is(77, 7)
                },
                fare,
                notes: String::new(),
            });
        }
    }
    csv(&trips)
}

/// Another city's table under G: twelve devices where this city has three.
pub(crate) fn dozen() -> String {
    let mut csv = HEADER.to_owned();
    for device in 0..12 {
        writeln!(
            csv,
            "{device},{SECRET}s{device},op0,B,2026-05-04 10:{device:02},,,{},100,",
            60 + device
        )
        .unwrap();
    }
    csv
}

fn fare(device: i64, version: TripsVersion, published: bool) -> i64 {
    if published {
        100 + device * 10
    } else {
        version.is(777, 3333)
    }
}

/// The published cells of both versions, as a table of its own.
pub(crate) fn published() -> String {
    let mut csv =
        "district,started_at,n,cnt_duration_s,sum_duration_s,cnt_fare,sum_fare\n".to_owned();
    for (district, hour, [devices, _], [fares, _]) in CELLS {
        if devices < LEAST {
            continue;
        }
        let duration: i64 = (0..devices).map(|device| 60 + device).sum();
        write!(
            csv,
            "{district},2026-05-04 {hour}:00,{devices},{devices},{duration},"
        )
        .unwrap();
        if fares < LEAST {
            writeln!(csv, ",").unwrap();
        } else {
            let sum: i64 = (0..fares)
                .map(|device| fare(device, TripsVersion::One, true))
                .sum();
            writeln!(csv, "{fares},{sum}").unwrap();
        }
    }
    csv
}
