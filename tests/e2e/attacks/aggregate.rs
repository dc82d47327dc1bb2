//! Attacks on a contract that shows cells alone (G).

mod grid;
mod totals;

use crate::attacks::aggregate::totals::TOTALS;
use crate::attacks::sql::ExpectedResult::{As, Code, Nothing, OneOf};
use crate::attacks::sql::one;
use crate::attacks::sql::{CELLS, FARES, SqlCase, alike, all};
use crate::attacks::world::SqlAttackFederation;
use crate::attacks::{AttackCase, AttackVerdict};

fn cells(federation: &SqlAttackFederation, cases: &[SqlCase]) -> AttackVerdict {
    all(federation, &CELLS, cases)
}

const SHAPE: crate::attacks::sql::ExpectedResult = Code("QUERY_SHAPE");

/// All of them.
pub(crate) fn attacks() -> Vec<AttackCase<SqlAttackFederation>> {
    let mut attacks = Vec::from(ATTACKS);
    attacks.extend(TOTALS);
    attacks
}

const ATTACKS: [AttackCase<SqlAttackFederation>; 7] = [
    AttackCase {
        number: 15,
        setup: "G",
        name: "asks for rows",
        expected: "AGGREGATE_ONLY",
        does: |federation| {
            cells(
                federation,
                &[
                    ("SELECT * FROM {t}", Code("AGGREGATE_ONLY")),
                    ("SELECT fare FROM {t}", Code("AGGREGATE_ONLY")),
                    (
                        "SELECT district FROM {t} LIMIT 1",
                        OneOf(&["AGGREGATE_ONLY", "QUERY_SHAPE"]),
                    ),
                    (
                        "SELECT DISTINCT district FROM {t}",
                        OneOf(&["AGGREGATE_ONLY", "QUERY_SHAPE"]),
                    ),
                    (
                        "SELECT device_id FROM {t}",
                        OneOf(&["AGGREGATE_ONLY", "COLUMN_UNKNOWN"]),
                    ),
                    ("SELECT * FROM {t}.cube", As("SELECT * FROM cells_v")),
                    (
                        "SELECT district, date_trunc('hour', started_at), count(*), sum(fare), avg(duration_s) FROM {t} GROUP BY 1, 2",
                        As(
                            "SELECT district, started_at, n, sum_fare, sum_duration_s * 1.0 / cnt_duration_s FROM cells_v",
                        ),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 16,
        setup: "G",
        name: "groups by what tells devices apart",
        expected: "DIMENSION_NOT_ALLOWED or COLUMN_UNKNOWN",
        does: |federation| {
            let refused = OneOf(&["DIMENSION_NOT_ALLOWED", "COLUMN_UNKNOWN"]);
            cells(
                federation,
                &[
                    (
                        "SELECT device_id, count(*) FROM {t} GROUP BY device_id",
                        refused,
                    ),
                    (
                        "SELECT trip_id FROM {t} GROUP BY trip_id HAVING count(*) = 1",
                        refused,
                    ),
                    (
                        "SELECT fare, count(*) FROM {t} GROUP BY fare",
                        Code("DIMENSION_NOT_ALLOWED"),
                    ),
                    (
                        "SELECT duration_s % 2, count(*) FROM {t} GROUP BY 1",
                        refused,
                    ),
                    (
                        "SELECT operator, count(*) FROM {t} GROUP BY operator",
                        refused,
                    ),
                    ("SELECT count(*) FROM {t} WHERE device_id = 'x'", refused),
                    (
                        "SELECT count(*) FROM {t} WHERE fare = 100",
                        Code("DIMENSION_NOT_ALLOWED"),
                    ),
                    (
                        "SELECT count(DISTINCT device_id) FROM {t}",
                        OneOf(&["FUNCTION_NOT_ALLOWED", "QUERY_SHAPE", "COLUMN_UNKNOWN"]),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 17,
        setup: "G",
        name: "aggregates that show single values",
        expected: "FUNCTION_NOT_ALLOWED",
        does: |federation| {
            let refused = Code("FUNCTION_NOT_ALLOWED");
            cells(
                federation,
                &[
                    ("SELECT min(fare) FROM {t}", refused),
                    ("SELECT max(fare) FROM {t}", refused),
                    ("SELECT median(fare) FROM {t}", refused),
                    (
                        "SELECT approx_percentile_cont(fare, 0.5) FROM {t}",
                        OneOf(&["FUNCTION_NOT_ALLOWED", "QUERY_SHAPE", "SQL_INVALID"]),
                    ),
                    ("SELECT approx_distinct(fare) FROM {t}", refused),
                    ("SELECT approx_median(fare) FROM {t}", refused),
                    ("SELECT percentile_state_v2(fare) FROM {t}", refused),
                    (
                        "SELECT distinct_state_v1(duration_s) FROM {t}",
                        OneOf(&["FUNCTION_NOT_ALLOWED", "SQL_INVALID"]),
                    ),
                    ("SELECT array_agg(fare) FROM {t}", Code("FUNCTION_UNKNOWN")),
                    (
                        "SELECT string_agg(fare, ',') FROM {t}",
                        Code("FUNCTION_UNKNOWN"),
                    ),
                    ("SELECT first_value(fare) FROM {t}", refused),
                    ("SELECT last_value(fare) FROM {t}", refused),
                    (
                        "SELECT nth_value(fare, 2) FROM {t}",
                        OneOf(&["FUNCTION_NOT_ALLOWED", "QUERY_SHAPE"]),
                    ),
                    ("SELECT bit_xor(fare) FROM {t}", refused),
                    ("SELECT stddev(fare), var_pop(fare) FROM {t}", refused),
                    ("SELECT corr(fare, duration_s) FROM {t}", refused),
                    ("SELECT min(started_at) FROM {t}", refused),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 18,
        setup: "G",
        name: "picks one device inside a permitted sum",
        expected: "QUERY_SHAPE",
        does: |federation| {
            let unknown = OneOf(&["QUERY_SHAPE", "COLUMN_UNKNOWN"]);
            cells(
                federation,
                &[
                    (
                        "SELECT sum(CASE WHEN device_id = 'x' THEN fare ELSE 0 END) FROM {t}",
                        unknown,
                    ),
                    (
                        "SELECT sum(CASE WHEN district = 'B' THEN fare ELSE 0 END) FROM {t}",
                        SHAPE,
                    ),
                    (
                        "SELECT sum(fare) FILTER (WHERE duration_s = 77) FROM {t}",
                        SHAPE,
                    ),
                    (
                        "SELECT sum(fare) FILTER (WHERE district = 'B') FROM {t}",
                        SHAPE,
                    ),
                    ("SELECT sum(fare * fare) FROM {t}", SHAPE),
                    ("SELECT sum(fare + 0) FROM {t}", SHAPE),
                    ("SELECT sum(DISTINCT fare) FROM {t}", SHAPE),
                    ("SELECT sum(CAST(fare AS DOUBLE)) FROM {t}", SHAPE),
                    ("SELECT sum(nullif(fare, 100)) FROM {t}", SHAPE),
                    (
                        "SELECT count(CASE WHEN fare > 777 THEN 1 END) FROM {t}",
                        SHAPE,
                    ),
                    (
                        "SELECT sum(fare) OVER (PARTITION BY district) FROM {t}",
                        OneOf(&["QUERY_SHAPE", "AGGREGATE_ONLY"]),
                    ),
                    (
                        "SELECT count(*) FROM {t} a JOIN {t} b ON a.district = b.district",
                        SHAPE,
                    ),
                    (
                        "SELECT sum(fare) FROM (SELECT fare FROM {t} ORDER BY fare LIMIT 1)",
                        OneOf(&["QUERY_SHAPE", "AGGREGATE_ONLY"]),
                    ),
                    (
                        "SELECT count(*) FROM {t} WHERE EXISTS (SELECT 1 FROM {t} x WHERE x.fare = 777)",
                        OneOf(&["QUERY_SHAPE", "AGGREGATE_ONLY"]),
                    ),
                    (
                        "SELECT (SELECT max(fare) FROM {t})",
                        Code("FUNCTION_NOT_ALLOWED"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 19,
        setup: "G",
        name: "filters finer than a cell",
        expected: "FILTER_NOT_ON_GRID",
        does: |federation| {
            let finer = Code("FILTER_NOT_ON_GRID");
            cells(
                federation,
                &[
                    (
                        "SELECT count(*) FROM {t} WHERE district = 'A' AND started_at < TIMESTAMP '2026-05-04 10:59:00'",
                        finer,
                    ),
                    (
                        "SELECT count(*) FROM {t} WHERE started_at >= TIMESTAMP '2026-05-04 10:00:01'",
                        finer,
                    ),
                    (
                        "SELECT count(*) FROM {t} WHERE started_at = TIMESTAMP '2026-05-04 10:00:00'",
                        OneOf(&["FILTER_NOT_ON_GRID", "QUERY_SHAPE"]),
                    ),
                    (
                        "SELECT count(*) FROM {t} WHERE date_part('minute', started_at) = 3",
                        OneOf(&["FILTER_NOT_ON_GRID", "QUERY_SHAPE", "DIMENSION_NOT_ALLOWED"]),
                    ),
                    (
                        "SELECT date_trunc('minute', started_at), count(*) FROM {t} GROUP BY 1",
                        OneOf(&["FILTER_NOT_ON_GRID", "DIMENSION_NOT_ALLOWED", "QUERY_SHAPE"]),
                    ),
                    (
                        "SELECT date_bin(INTERVAL '90 minutes', started_at), count(*) FROM {t} GROUP BY 1",
                        OneOf(&["FILTER_NOT_ON_GRID", "DIMENSION_NOT_ALLOWED", "QUERY_SHAPE"]),
                    ),
                    (
                        "SELECT date_bin(INTERVAL '1 hour', started_at, TIMESTAMP '2026-05-04 00:30:00'), count(*) FROM {t} GROUP BY 1",
                        OneOf(&["FILTER_NOT_ON_GRID", "DIMENSION_NOT_ALLOWED", "QUERY_SHAPE"]),
                    ),
                    (
                        "SELECT sum(fare) FROM {t} WHERE started_at < TIMESTAMP '2026-05-04 11:00:00'",
                        As(
                            "SELECT sum(sum_fare) FROM cells_v WHERE started_at < TIMESTAMP '2026-05-04 11:00:00'",
                        ),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 20,
        setup: "G",
        name: "takes the visible parts from the total",
        expected: "nothing is left: totals exclude it",
        does: |federation| {
            cells(
                federation,
                &[
                    (
                        "SELECT (SELECT sum(fare) FROM {t}) - (SELECT sum(sum_fare) FROM {t}.cube)",
                        As("SELECT 0 FROM cells_v LIMIT 1"),
                    ),
                    (
                        "SELECT (SELECT count(*) FROM {t}) - (SELECT sum(n) FROM {t}.cube)",
                        As("SELECT 0 FROM cells_v LIMIT 1"),
                    ),
                    (
                        "SELECT (SELECT count(*) FROM {t} WHERE district = 'B') - (SELECT sum(n) FROM {t}.cube WHERE district = 'B')",
                        As("SELECT 0 FROM cells_v LIMIT 1"),
                    ),
                    (
                        "SELECT count(*), sum(fare), sum(duration_s) FROM {t}",
                        As("SELECT sum(n), sum(sum_fare), sum(sum_duration_s) FROM cells_v"),
                    ),
                    (
                        "SELECT district, sum(duration_s) FROM {t} GROUP BY district",
                        As("SELECT district, sum(sum_duration_s) FROM cells_v GROUP BY district"),
                    ),
                    (
                        "SELECT date_trunc('hour', started_at), count(*) FROM {t} GROUP BY 1",
                        As("SELECT started_at, sum(n) FROM cells_v GROUP BY started_at"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 21,
        setup: "G",
        name: "margins by GROUPING SETS and ROLLUP",
        expected: "QUERY_SHAPE on the base; = V on the cube",
        does: |federation| {
            cells(
                federation,
                &[
                    (
                        "SELECT district, sum(fare) FROM {t} GROUP BY ROLLUP (district)",
                        OneOf(&["QUERY_SHAPE", "CONSTRUCT_NOT_ALLOWED"]),
                    ),
                    (
                        "SELECT district, sum(fare) FROM {t} GROUP BY GROUPING SETS ((district), ())",
                        OneOf(&["QUERY_SHAPE", "CONSTRUCT_NOT_ALLOWED"]),
                    ),
                    (
                        "SELECT district, sum(fare) FROM {t} GROUP BY CUBE (district)",
                        OneOf(&["QUERY_SHAPE", "CONSTRUCT_NOT_ALLOWED"]),
                    ),
                    (
                        "SELECT district, sum(sum_fare) FROM {t}.cube GROUP BY ROLLUP (district)",
                        As(
                            "SELECT district, sum(sum_fare) FROM cells_v GROUP BY ROLLUP (district)",
                        ),
                    ),
                ],
            )
        },
        lacks: "",
    },
];
