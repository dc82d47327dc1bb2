//! Rows of executed plans, and their dependence on the view alone.

mod arithmetic;
mod damaged_files;
mod decimal_places;
mod decimal_terms;
mod in_lists;
mod key_look_ups;
mod sums;
mod terms;
mod text_views;
mod values_clause;

use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::time::TimeBucketWidth;
use std::sync::Arc;

fn names(list: &[&str]) -> Vec<hansa_policy::id::SqlIdentifier> {
    list.iter().map(|text| parse_name(text)).collect()
}

fn only_district(letter: &str) -> Term {
    Term::Rows(RowFilter::Compare {
        column: parse_name("district"),
        op: ComparisonOperator::Eq,
        with: FilterOperand::Literal(PolicyLiteral::Text(letter.to_owned())),
    })
}

/// City with ten trips in district A, and one trip in B with a secret and a duration of 77.
fn city() -> FixtureParticipant {
    let rows = 12;
    let district = (0..rows).map(|i| if i < 10 { "A" } else { "B" });
    let trip = (0..rows).map(|i| {
        if i < 10 {
            i.to_string()
        } else {
            "Z-SECRET".to_owned()
        }
    });
    let at = (0..rows).map(|i| 1_763_000_000_000_000 + i64::from(i) * 600_000_000);
    let duration = (0..rows).map(|i| if i < 10 { 100 + i64::from(i) } else { 77 });
    let fare = (0..rows).map(|i| (i % 3 != 0).then_some(f64::from(i)));
    let notes = (0..rows).map(|_| "NOTE-SECRET");
    let set = build_dataset(
        "trips",
        &[
            "trip_id:text",
            "district:text",
            "at:instant",
            "duration:int",
            "fare:float?",
            "notes:text",
        ],
    );
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(trip)),
            Arc::new(StringArray::from_iter_values(district)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC")),
            Arc::new(Int64Array::from_iter_values(duration)),
            Arc::new(Float64Array::from_iter(fare)),
            Arc::new(StringArray::from_iter_values(notes)),
        ],
    )
    .unwrap();
    let mut city = FixtureParticipant::new();
    city.publish(
        set,
        &batch,
        DatasetFileLayout::default(),
        [
            only_district("A"),
            Term::Columns(names(&["trip_id", "district", "at", "duration", "fare"])),
            Term::Mask {
                column: parse_name("fare"),
                mask: MaskValue::Null,
            },
            Term::TimeBucket {
                column: parse_name("at"),
                bucket: TimeBucketWidth::Hour,
                zone: None,
            },
        ],
    );
    city
}

#[track_caller]
fn answers(sql: &str, expect: &[&str]) {
    assert_eq!(city().query_rows(sql).unwrap(), expect, "{sql}");
}

#[track_caller]
fn refused(sql: &str, code: ErrorCode) {
    let refusal = city().query_rows(sql).expect_err(sql);
    assert_eq!(refusal.code, code, "{sql}: {refusal}");
    let text = format!("{refusal} {:?}", refusal.help);
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn shows_the_permitted_view() {
    answers("SELECT count(*) FROM trips", &["10"]);
    answers(
        "SELECT * FROM trips ORDER BY trip_id LIMIT 2",
        &[
            "0|A|2025-11-13T02:00:00Z|100|NULL",
            "1|A|2025-11-13T02:00:00Z|101|NULL",
        ],
    );
    answers(
        "SELECT date_trunc('hour', at) h, count(*), sum(duration) FROM trips GROUP BY 1 ORDER BY 1",
        &["2025-11-13T02:00:00Z|5|510", "2025-11-13T03:00:00Z|5|535"],
    );
    answers("SELECT count(fare), max(fare) FROM trips", &["0|NULL"]);
    answers("SELECT now() > TIMESTAMP '2026-11-20 07:59:59Z'", &["true"]);
}

#[test]
fn evaluates_nothing_on_hidden_rows() {
    for sql in [
        "SELECT count(*) FROM trips WHERE 10/(duration - 77) > -1",
        "SELECT count(*) FROM trips WHERE CAST(trip_id AS INT) >= 0",
        "SELECT count(*) FROM trips WHERE CASE WHEN district = 'B' THEN 1/0 ELSE 1 END = 1",
        "SELECT count(*) FROM (SELECT CAST(trip_id AS INT) x FROM trips) t WHERE x > -1",
        "SELECT count(*) FROM trips a JOIN trips b ON CAST(a.trip_id AS INT) = CAST(b.trip_id AS INT)",
        "SELECT count(*) FROM trips HAVING min(CAST(trip_id AS INT)) = 0",
        "SELECT count(*) FILTER (WHERE 1/(duration-77) >= 0) FROM trips",
        "SELECT count(*) FROM trips t WHERE NOT EXISTS (SELECT 1 FROM trips u WHERE u.district = 'B' AND u.trip_id = t.trip_id)",
        "SELECT count(*) FROM trips WHERE duration NOT IN (SELECT duration FROM trips WHERE 1/(duration-77) > 5)",
    ] {
        answers(sql, &["10"]);
    }
}

#[test]
fn tells_hidden_and_absent_alike() {
    let hidden = city().query_rows("SELECT notes FROM trips").unwrap_err();
    let absent = city().query_rows("SELECT nope FROM trips").unwrap_err();
    assert_eq!(hidden.code, ErrorCode::ColumnUnknown);
    assert_eq!(
        hidden.to_string().replace("notes", "x"),
        absent.to_string().replace("nope", "x")
    );
    assert_eq!(hidden.help, absent.help);
    for sql in [
        "SELECT count(*) FROM trips WHERE notes = 'x'",
        "SELECT \"Notes\" FROM trips",
        "SELECT trips.\"notes\" FROM trips",
        "SELECT duration FROM trips ORDER BY notes",
    ] {
        refused(sql, ErrorCode::ColumnUnknown);
    }
    for sql in [
        "SELECT * FROM other.public.trips",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM nope",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM trips.cube",
    ] {
        refused(sql, ErrorCode::DatasetUnknown);
    }
    for sql in [
        "SELECT file_row_index()",
        "SELECT input_file_name() FROM trips",
        "SELECT random()",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM generate_series(1, 1000000000000)",
        "SELECT * FROM range(5)",
        "SELECT version()",
        "SELECT uuid()",
        "SELECT array_agg(trip_id) FROM trips",
    ] {
        refused(sql, ErrorCode::FunctionUnknown);
    }
}

#[test]
fn answers_queries_alone() {
    for sql in [
        "EXPLAIN ANALYZE SELECT * FROM trips",
        "EXPLAIN VERBOSE SELECT * FROM trips",
        "SHOW TABLES",
        "DESCRIBE trips",
        "COPY trips TO 'x'",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE VIEW v AS SELECT 1",
        "INSERT INTO trips VALUES (1)",
        "DELETE FROM trips",
        "SET datafusion.execution.batch_size = 1",
        "RESET x",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE p",
        "TRUNCATE trips",
        "EXPLAIN trips",
    ] {
        refused(sql, ErrorCode::StatementNotAllowed);
    }
    for sql in [
        "SELECT * FROM trips TABLESAMPLE SYSTEM (10)",
        "SELECT * INTO x FROM trips",
        "SELECT * FROM trips FOR UPDATE",
        "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r",
        "SELECT $1",
        "SELECT [1, 2]",
        "SELECT {'a': 1}",
        "SELECT * FROM trips, LATERAL (SELECT 1)",
        "SELECT trip_id['secret'] FROM trips",
        "SELECT * FROM unnest([1])",
        "SELECT CAST(1 AS INT[])",
    ] {
        refused(sql, ErrorCode::ConstructNotAllowed);
    }
    refused("SELECT 1; SELECT 2", ErrorCode::OneStatementOnly);
    refused(
        "SELECT 1 -- x\n; DROP TABLE trips",
        ErrorCode::OneStatementOnly,
    );
    for sql in [
        "",
        "SELECT",
        "SELEC 1",
        "SELECT 1\u{0}",
        "\u{feff}SELECT 1",
        "SELECT 'x",
    ] {
        refused(sql, ErrorCode::SqlSyntax);
    }
    answers("SELECT 1;", &["1"]);
}

#[test]
fn explains_over_the_view_alone() {
    let plan = city()
        .query_rows("EXPLAIN SELECT duration FROM trips WHERE duration > 5")
        .unwrap();
    let text = plan.join("\n");
    assert!(text.contains("trips"), "{text}");
    for hidden in ["district", "'A'", "parquet", "bucket", "stored"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[test]
fn tells_errors_by_class() {
    for (sql, sentence) in [
        ("SELECT 1/(duration-100) FROM trips", "division by zero"),
        (
            "SELECT CAST(district AS INT) FROM trips",
            "a value can't be converted to the type asked for",
        ),
    ] {
        let refusal = city().query_rows(sql).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.sentence.as_str()),
            (ErrorCode::EvaluationFailed, sentence)
        );
    }
    refused(
        "SELECT repeat(trip_id, 1000000000) FROM trips",
        ErrorCode::ResourceLimit,
    );
    for sql in [
        "SELECT lpad(trip_id, 1000000000) FROM trips",
        "SELECT to_char(at, repeat('%c', 40000)) FROM trips",
        "SELECT date_format(at, repeat('%A', 5000)) FROM trips",
        "SELECT levenshtein(repeat(trip_id, 50000), repeat('x', 50000)) FROM trips",
    ] {
        refused(sql, ErrorCode::ResourceLimit);
    }
    answers(
        "SELECT to_char(at, '%Y-%m-%d'), date_format(at, '%H'), levenshtein(district, 'AB') FROM trips LIMIT 1",
        &["2025-11-13|02|1"],
    );
}

#[test]
fn says_where_the_syntax_is_wrong() {
    let refusal = city()
        .query_rows("SELECT 1\nFROM trips WHERE (")
        .unwrap_err();
    let location = refusal
        .location
        .clone()
        .unwrap_or_else(|| panic!("{refusal}"));
    assert_eq!(
        (location.line, location.key.as_deref()),
        (Some(2), Some("column 19"))
    );
}
