//! Attacks on what lies under a cell, outside an area, and under a level of a table.

use crate::attacks::AttackCase;
use crate::attacks::row::rows;
use crate::attacks::sql::ExpectedResult::{Code, Nothing, View};
use crate::attacks::sql::{DatasetNames, all};
use crate::attacks::trips::{HEADER, SECRET, TripsVersion};
use crate::attacks::world::SqlAttackFederation;

/// Trips of which a contract shows those that begin in an area, with their operators by a level.
pub(crate) const AREAS: DatasetNames = DatasetNames {
    one: "areas_a",
    other: "areas_b",
    plain: "areas_v",
};

/// A square of one degree with a hole in its middle, in two parts; beside it an area that nobody asks for.
pub(crate) const AREA: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"here"},"geometry":{"type":"MultiPolygon","coordinates":[
[[[13,52],[14,52],[14,53],[13,53],[13,52]],[[13.4,52.4],[13.4,52.6],[13.6,52.6],[13.6,52.4],[13.4,52.4]]],
[[[15,52],[17,52],[15,54],[15,52]]]]}},
{"type":"Feature","properties":{"name":"there"},"geometry":{"type":"Polygon","coordinates":[
[[11,52],[12,52],[12,53],[11,53],[11,52]]]}}]}"#;

pub(crate) const TABLE: &str =
    "operator,side,size\nop0,north,small\nop1,north,large\nop2,south,small\n";

/// Of the trips in the area, with the side of their operator.
pub(crate) fn terms() -> String {
    let digest = |text: &str| hansa_audit_log::digest::Digest::of(text.as_bytes());
    format!(
        "columns = [\"trip_id\", \"operator\", \"duration_s\"]\n\
         within = {{ list = \"{}\", which = \"name=here\" }}\n\
         mask = {{ operator = {{ level = \"side\", table = \"{}\" }} }}",
        digest(AREA),
        digest(TABLE)
    )
}

/// The places of one version: in the area, on its outlines, and elsewhere.
const INSIDE: [[(&str, &str); 4]; 2] = [
    [
        ("13.1", "52.5"),
        ("13", "52.25"),
        ("15.5", "53.5"),
        ("13.4", "52.5"),
    ],
    [
        ("13.9", "52.9"),
        ("14", "53"),
        ("16", "53"),
        ("13.6", "52.6"),
    ],
];
const OUTSIDE: [[(&str, &str); 6]; 2] = [
    [
        ("13.5", "52.5"),
        ("14.001", "52.5"),
        ("", "52.5"),
        ("11.5", "52.5"),
        ("16.5", "53.5"),
        ("200", "52.5"),
    ],
    [
        ("13.41", "52.59"),
        ("12.999", "52.5"),
        ("13.1", ""),
        ("0", "0"),
        ("16.000001", "53"),
        ("13.1", "91"),
    ],
];

pub(crate) fn stored(version: TripsVersion) -> String {
    let other = usize::from(version == TripsVersion::Other);
    let mut csv = HEADER.to_owned();
    let mut trip = |id: String, operator: &str, (lon, lat): (&str, &str), duration: usize| {
        csv.push_str(&format!(
            "{id},{SECRET}dev,{operator},A,2026-05-04 10:15,{lon},{lat},{duration},,{SECRET}note\n"
        ));
    };
    for number in 0..40 {
        // Of one side in either version, or of none.
        let operator = match (number % 3, other) {
            (0, _) if number % 2 == other => "op0",
            (0, _) => "op1",
            (1, _) => "op2",
            (_, 0) => "ZQXJKVWQop7",
            (_, _) => "",
        };
        trip(
            format!("{}", 100 + number),
            operator,
            INSIDE[other][number % 4],
            60 + number,
        );
        if number % 3 != 2 * other {
            let hidden = format!("{SECRET}{number}");
            trip(hidden, "op1", OUTSIDE[other][number % 6], 77_000 * other);
        }
    }
    csv
}

pub(crate) fn view() -> String {
    let mut csv = "trip_id,operator,duration_s\n".to_owned();
    for number in 0..40 {
        let side = ["north", "south", ""][number % 3];
        csv.push_str(&format!("{},{side},{}\n", 100 + number, 60 + number));
    }
    csv
}

pub(crate) const ATTACKS: [AttackCase<SqlAttackFederation>; 4] = [
    AttackCase {
        number: 101,
        setup: "R",
        name: "names, filters, orders and joins by the coordinates under a cell",
        expected: "COLUMN_UNKNOWN: they do not exist",
        does: |federation| {
            rows(
                federation,
                &[
                    ("SELECT lon FROM {t}", Code("COLUMN_UNKNOWN")),
                    ("SELECT \"lat\" FROM {t}", Code("COLUMN_UNKNOWN")),
                    ("SELECT t.lon FROM {t} AS t", Code("COLUMN_UNKNOWN")),
                    (
                        "SELECT trip_id FROM {t} WHERE lon > 13.39999",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE lat IS NULL",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE lat = CAST('NaN' AS DOUBLE)",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} ORDER BY lon, lat LIMIT 1",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT count(*) FROM {t} GROUP BY cell HAVING min(lon) < 13.4",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT count(*) FROM {t} a JOIN {t} b USING (lon)",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT (SELECT max(i.lat) FROM {t} i WHERE i.cell = o.cell) FROM {t} o",
                        Code("COLUMN_UNKNOWN"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 102,
        setup: "R",
        name: "probes the edge of a cell, and what lies in none",
        expected: "= V: the same wherever in the cell a place is, and however it is none",
        does: |federation| {
            rows(
                federation,
                &[
                    ("SELECT trip_id, cell FROM {t} ORDER BY cell, trip_id", View),
                    (
                        "SELECT count(*) FROM {t} WHERE cell = '881f1d4895fffff'",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE cell IN ('881f1d4895fffff', '881f1d4d29fffff')",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE cell > '881f1d4895ffffe' AND cell < '881f1d4896'",
                        View,
                    ),
                    ("SELECT trip_id FROM {t} WHERE cell LIKE '89%'", Nothing),
                    ("SELECT trip_id FROM {t} WHERE cell IS NULL", View),
                    (
                        "SELECT count(*), count(cell), min(cell), max(cell), max(length(cell)) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT cell, count(*) FROM {t} GROUP BY cell HAVING count(*) > 1",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE 10 / length(coalesce(cell, 'x')) >= 0",
                        View,
                    ),
                    (
                        "SELECT CAST(cell AS DOUBLE) FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                    ("SELECT DISTINCT cell FROM {t} LIMIT 100", View),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 103,
        setup: "W",
        name: "looks for rows beyond the outline of an area, in its holes and on its edges",
        expected: "= V; outside there is nothing, whatever is asked",
        does: |federation| {
            all(
                federation,
                &AREAS,
                &[
                    ("SELECT * FROM {t}", View),
                    (
                        "SELECT count(*), min(duration_s), max(duration_s), sum(duration_s) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE 1 / (duration_s - 77000) < 1",
                        View,
                    ),
                    ("SELECT trip_id FROM {t} WHERE 10 / duration_s >= 0", View),
                    ("SELECT CAST(trip_id AS INT) FROM {t}", View),
                    (
                        "SELECT trip_id FROM {t} WHERE duration_s = 77000 OR duration_s = 0",
                        Nothing,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE lon > 13.5",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    ("SELECT min(lat) FROM {t}", Code("COLUMN_UNKNOWN")),
                    ("SELECT within(13.5, 52.5)", Code("FUNCTION_UNKNOWN")),
                    (
                        "SELECT trip_id FROM {t} ORDER BY trip_id LIMIT 5 OFFSET 35",
                        View,
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 104,
        setup: "W",
        name: "asks for the values under a level, and for those that the table does not know",
        expected: "= V: the level alone, NULL for all others",
        does: |federation| {
            all(
                federation,
                &AREAS,
                &[
                    ("SELECT operator, count(*) FROM {t} GROUP BY operator", View),
                    ("SELECT trip_id FROM {t} WHERE operator = 'north'", View),
                    (
                        "SELECT trip_id FROM {t} WHERE operator LIKE '%op%'",
                        Nothing,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE operator IN ('op0', 'op1', 'op2')",
                        Nothing,
                    ),
                    ("SELECT trip_id FROM {t} WHERE operator IS NULL", View),
                    (
                        "SELECT min(operator), max(operator), max(length(operator)) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT a.trip_id, b.trip_id FROM {t} a JOIN {t} b ON a.operator = b.operator",
                        View,
                    ),
                    (
                        "SELECT CAST(operator AS INT) FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                    ("SELECT level(operator) FROM {t}", Code("FUNCTION_UNKNOWN")),
                    ("SELECT size FROM {t}", Code("COLUMN_UNKNOWN")),
                ],
            )
        },
        lacks: "",
    },
];
