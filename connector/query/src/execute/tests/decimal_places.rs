//! Rounding to numbers of decimal places beyond all values.

use super::{answers, city, refused};
use hansa_policy::refusal::ErrorCode;

/// Results of one call for a constant and for a column with the same value in all rows.
fn made(function: &str, value: f64, places: &str) -> [f64; 2] {
    let number = format!("CAST('{value:?}' AS DOUBLE)");
    let column = format!("{number} + 0.0 * duration");
    [number, column].map(|number| {
        let sql =
            format!("SELECT CAST({function}({number}, {places}) AS VARCHAR) FROM trips LIMIT 1");
        let rows = city()
            .query_rows(&sql)
            .unwrap_or_else(|why| panic!("{sql}: {why}"));
        rows[0].parse().unwrap()
    })
}

#[test]
fn any_number_of_places_gives_the_right_number() {
    let all = [
        0.0,
        1.5,
        -123.456,
        1e10,
        -1e300,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    for function in ["round", "trunc"] {
        for value in all {
            for places in ["330", "2147483647"] {
                assert_eq!(
                    made(function, value, places),
                    [value; 2],
                    "{function} {value} {places}"
                );
            }
            for places in ["-309", "-400", "-2147483647", "-2147483648"] {
                assert_eq!(
                    made(function, value, places),
                    [0.0; 2],
                    "{function} {value} {places}"
                );
            }
        }
        for (value, places, expect) in [
            (-123.456, "1", [-123.5, -123.4]),
            (1e10, "300", [1e10; 2]),
            (1234.5, "-2", [1200.0; 2]),
            (f64::MAX, "308", [f64::MAX; 2]),
            (6e-310, "309", [1e-309, 0.0]),
            (5e-324, "310", [0.0; 2]),
            (f64::MAX, "-308", [f64::INFINITY, 1e308]),
            (-9.96e299, "-297", [-9.96e299; 2]),
            (-9.96e299, "-298", [-1e300, -9.9e299]),
            (9.96e299, "-300", [1e300, 0.0]),
            (4e299, "-300", [0.0; 2]),
            (
                1_250_000_000_000_000_000_000.0,
                "-20",
                [
                    1_300_000_000_000_000_000_000.0,
                    1_200_000_000_000_000_000_000.0,
                ],
            ),
        ] {
            let expect = if function == "round" {
                expect[0]
            } else {
                expect[1]
            };
            assert_eq!(
                made(function, value, places),
                [expect; 2],
                "{function} {value} {places}"
            );
        }
    }
    // Decimal places beyond 32 bits, and decimal places that differ between rows.
    answers(
        "SELECT trunc(1.5e0, 4294967296), trunc(1.5e0, 2147483648) FROM trips LIMIT 1",
        &["1.5|1.5"],
    );
    answers(
        "SELECT round(CAST(1.25 AS DOUBLE), CAST(2147483747 - duration AS INT)) FROM trips WHERE trip_id = '0'",
        &["1.25"],
    );
    answers(
        "SELECT round(CAST(1.25 AS REAL), 2147483647), round(CAST('NaN' AS DOUBLE), 3) FROM trips LIMIT 1",
        &["1.25|NaN"],
    );
    answers(
        "SELECT round(CAST(1.25 AS DECIMAL(5, 2)), 2147483647), round(duration, -2147483647) FROM trips WHERE trip_id = '0'",
        &["1.25|0"],
    );
    refused(
        "SELECT round(fare, 3000000000) FROM trips",
        ErrorCode::SqlInvalid,
    );
}
