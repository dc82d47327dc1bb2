//! Day boundaries in one time zone.

use super::*;

/// Days of Berlin: expressions with equal boundaries, and ones with other boundaries.
#[test]
fn one_zone_decides_where_a_day_begins() {
    let city = daily(Some("Europe/Berlin"));
    let day = |at: &str| {
        city.query_rows(&format!(
            "SELECT date_trunc('day', {at}), sum(n) FROM days GROUP BY 1 ORDER BY 1"
        ))
    };
    assert_eq!(
        day("at AT TIME ZONE 'Europe/Berlin'").unwrap(),
        ["2025-11-13T00:00:00+01:00|2", "2025-11-14T00:00:00+01:00|1"]
    );
    for at in [
        "at",
        "at AT TIME ZONE 'UTC'",
        "at AT TIME ZONE 'Europe/Berlin' AT TIME ZONE 'UTC'",
        "at AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin'",
        "at AT TIME ZONE 'America/New_York' AT TIME ZONE 'Europe/Berlin'",
        "CAST(at AS TIMESTAMP) AT TIME ZONE 'Europe/Berlin'",
        "CAST(at AT TIME ZONE 'Europe/Berlin' AS TIMESTAMP)",
    ] {
        let refusal = day(at).unwrap_err();
        assert_eq!(
            refusal.code,
            ErrorCode::DimensionNotAllowed,
            "{at}: {refusal}"
        );
    }
    // UTC in all its notations.
    let city = daily(None);
    for at in [
        "at",
        "at AT TIME ZONE 'UTC'",
        "CAST(at AS TIMESTAMP) AT TIME ZONE 'UTC'",
    ] {
        let sql = format!("SELECT sum(n) FROM days GROUP BY date_trunc('day', {at}) ORDER BY 1");
        assert_eq!(city.query_rows(&sql).unwrap(), ["3"], "{at}");
    }
}

/// A date dimension consists of days, with or without a bucket; its weeks and months are complete cells.
#[test]
fn weeks_and_months_of_a_date_are_whole_cells() {
    let city = dates();
    for (sql, expect) in [
        (
            "SELECT date_trunc('month', day), sum(n) FROM dates GROUP BY 1 ORDER BY 1",
            &["2025-11-01T00:00:00|3", "2025-12-01T00:00:00|4"][..],
        ),
        (
            "SELECT date_trunc('week', day), sum(n) FROM dates GROUP BY 1 ORDER BY 1",
            &["2025-11-24T00:00:00|3", "2025-12-01T00:00:00|4"],
        ),
        (
            "SELECT sum(n) FROM dates WHERE date_trunc('month', day) = '2025-12-01'",
            &["4"],
        ),
    ] {
        let rows = city
            .query_rows(sql)
            .unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
        assert_eq!(rows, expect, "{sql}");
    }
    let finer = "SELECT date_trunc('hour', day), sum(n) FROM dates GROUP BY 1";
    assert_eq!(
        city.query_rows(finer).unwrap_err().code,
        ErrorCode::DimensionNotAllowed
    );
}

/// Three dates without a bucket, the last of them in another week and month.
fn dates() -> FixtureParticipant {
    let set = build_dataset("dates", &["day:date", "n:int"]);
    let columns: Vec<ArrayRef> = vec![
        // 2025-11-29, 2025-11-30 and 2025-12-01.
        Arc::new(arrow_array::Date32Array::from(vec![20_421, 20_422, 20_423])),
        Arc::new(Int64Array::from(vec![1, 2, 4])),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(
        set,
        &batch,
        DatasetFileLayout::default(),
        [
            Term::Functions(vec![CubeFunction::Sum]),
            Term::Dimensions(vec![parse_name("day")]),
            Term::Measures(vec![parse_name("n")]),
            Term::Grid("hansa://munster.example/grid/dates-1".to_owned()),
            Term::MinGroup {
                at_least: 1,
                unit: CountingUnit::Rows,
            },
            Term::TotalsFromPublished,
        ],
    );
    city
}

/// Three rows, one of them just after midnight in Berlin, on days of `zone`.
pub(super) fn daily(zone: Option<&str>) -> FixtureParticipant {
    let set = build_dataset("days", &["at:instant", "n:int"]);
    let midnight = 1_762_992_000_000_000; // 2025-11-13T00:00:00Z
    let hours = [1, 20, 23].map(|hour| midnight + hour * 3_600_000_000);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampMicrosecondArray::from_iter_values(hours).with_timezone("UTC")),
        Arc::new(Int64Array::from(vec![1, 1, 1])),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(
        set,
        &batch,
        DatasetFileLayout::default(),
        [
            Term::Functions(vec![CubeFunction::Sum]),
            Term::Dimensions(vec![parse_name("at")]),
            Term::Measures(vec![parse_name("n")]),
            Term::Grid("hansa://munster.example/grid/days-1".to_owned()),
            Term::TimeBucket {
                column: parse_name("at"),
                bucket: TimeBucketWidth::Day,
                zone: zone.map(str::to_owned),
            },
            Term::MinGroup {
                at_least: 1,
                unit: CountingUnit::Rows,
            },
            Term::TotalsFromPublished,
        ],
    );
    city
}
