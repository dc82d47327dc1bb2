//! Text views during execution. Answers must equal those over plain texts, which `CAST(s AS VARCHAR)` creates.

use super::only_district;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use crate::sql::functions::{AGGREGATE, SCALAR, WINDOW};
use arrow_array::{Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

const PLAIN: &str = "CAST(s AS VARCHAR)";

/// Short, long, empty and NULL texts that contain the arguments of text functions, in districts of which one is hidden.
fn city() -> FixtureParticipant {
    let texts = [
        Some("a"),
        Some(""),
        None,
        Some("Zürich, 2026-11-21"),
        Some("2026-11-21T08:00:00Z"),
        Some("12"),
        Some("-0.5"),
        Some("true"),
        Some("a text that is too long to stand in a view of its own"),
        Some("A TEXT THAT IS TOO LONG TO STAND IN A VIEW OF ITS OWN"),
        Some("  blanks  "),
        Some("b,a,c"),
    ];
    let set = build_dataset("t", &["id:int", "district:text", "s:text?"]);
    let rows = 3 * texts.len();
    let district = (0..rows).map(|row| if row % 3 == 0 { "B" } else { "A" });
    let batch = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(
                0..i64::try_from(rows).unwrap(),
            )),
            Arc::new(StringArray::from_iter_values(district)),
            Arc::new(texts.iter().cycle().take(rows).collect::<StringArray>()),
        ],
    );
    let mut city = FixtureParticipant::new();
    let terms = [only_district("A")];
    city.publish(set, &batch.unwrap(), DatasetFileLayout::default(), terms);
    city
}

/// Compares the answers over the column and over plain texts. Returns true if there was an answer.
#[track_caller]
fn alike(city: &FixtureParticipant, sql: &str) -> bool {
    let report = |with: &str| {
        let sql = sql.replace("{s}", with);
        match city.ask(&sql) {
            Ok((schema, batches)) => {
                let fields = schema.fields().iter();
                let kinds: Vec<_> = fields.map(|field| field.data_type().clone()).collect();
                Ok((kinds, crate::fixture::format_rows(&batches)))
            }
            Err(refusal) => Err(refusal.code),
        }
    };
    let (own, plain) = (report("s"), report(PLAIN));
    assert_eq!(own, plain, "{sql}");
    own.is_ok()
}

#[test]
fn functions_of_texts_answer_alike() {
    let city = city();
    let shapes = [
        "{s}",
        "{s}, {s}",
        "{s}, {s}, {s}",
        "{s}, 3",
        "{s}, 2, 4",
        "{s}, ',', 2",
        "{s}, 'a', 'xy'",
        "{s}, 9, 'ab'",
        "'a', {s}",
    ];
    let mut answered = Vec::new();
    for name in SCALAR.split(' ') {
        let any = shapes.iter().filter(|shape| {
            alike(
                &city,
                &format!("SELECT {name}({shape}) x FROM t ORDER BY id"),
            )
        });
        answered.extend((any.count() > 0).then_some(name));
    }
    // The list must contain the text functions; otherwise the test compares nothing.
    for name in [
        "btrim",
        "concat_ws",
        "lpad",
        "regexp_replace",
        "strpos",
        "translate",
        "coalesce",
    ] {
        assert!(answered.contains(&name), "{name}: {answered:?}");
    }
    for name in AGGREGATE.split(' ') {
        alike(&city, &format!("SELECT {name}({{s}}) x FROM t"));
        alike(
            &city,
            &format!("SELECT id % 2 g, {name}({{s}}) x FROM t GROUP BY 1 ORDER BY 1"),
        );
        alike(&city, &format!("SELECT {name}(DISTINCT {{s}}) x FROM t"));
    }
    for name in WINDOW.split(' ') {
        for shape in ["", "{s}", "{s}, 2"] {
            alike(
                &city,
                &format!(
                    "SELECT id, {name}({shape}) OVER (ORDER BY {{s}}, id) x FROM t ORDER BY 1"
                ),
            );
        }
    }
}

#[test]
fn whatever_is_asked_of_texts_is_answered_alike() {
    let city = city();
    for sql in [
        "SELECT id FROM t WHERE {s} = 'a' ORDER BY id",
        "SELECT id FROM t WHERE {s} > 'a text that is too long' ORDER BY id",
        "SELECT id FROM t WHERE {s} IN ('a', '', 'b,a,c') ORDER BY id",
        "SELECT id FROM t WHERE {s} NOT IN ('a', 'A TEXT THAT IS TOO LONG TO STAND IN A VIEW OF ITS OWN') ORDER BY id",
        "SELECT id FROM t WHERE {s} BETWEEN '1' AND 'b' ORDER BY id",
        "SELECT id FROM t WHERE {s} LIKE '%a%' ORDER BY id",
        "SELECT id FROM t WHERE {s} NOT LIKE 'a%' ORDER BY id",
        "SELECT id FROM t WHERE {s} ILIKE '%TEXT%' ORDER BY id",
        "SELECT id FROM t WHERE {s} ~ '^(a|b)' ORDER BY id",
        "SELECT id FROM t WHERE {s} ~ '^[0-9]+$' ORDER BY id",
        "SELECT id FROM t WHERE {s} IS NULL OR {s} IS DISTINCT FROM 'a' ORDER BY id",
        "SELECT id, {s} || '-' || {s} x FROM t ORDER BY id",
        "SELECT id, CASE WHEN id % 2 = 0 THEN {s} ELSE 'odd' END x FROM t ORDER BY id",
        "SELECT id, CASE {s} WHEN 'a' THEN 1 WHEN '' THEN 2 END x FROM t ORDER BY id",
        "SELECT id, TRY_CAST({s} AS BIGINT) x, TRY_CAST({s} AS DOUBLE) y, TRY_CAST({s} AS BOOLEAN) z FROM t ORDER BY id",
        "SELECT id, TRY_CAST({s} AS DATE) x, TRY_CAST({s} AS TIMESTAMP) y FROM t ORDER BY id",
        "SELECT id, CAST({s} AS BIGINT) x FROM t ORDER BY id",
        "SELECT id, TRY_CAST({s} AS DOUBLE) = 12 x FROM t WHERE {s} IN ('12', '-0.5') ORDER BY id",
        "SELECT id, SUBSTRING({s} FROM 2 FOR 3) x, POSITION('a' IN {s}) y, TRIM(BOTH ' ' FROM {s}) z FROM t ORDER BY id",
        "SELECT id, OVERLAY({s} PLACING 'xx' FROM 2 FOR 1) x FROM t ORDER BY id",
        "SELECT {s} x, count(*) n FROM t GROUP BY 1 ORDER BY 1",
        "SELECT {s} x, id % 2 y, min({s}) a, max({s}) b FROM t GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT {s} x, count(*) n FROM t GROUP BY ROLLUP ({s}) ORDER BY 1, 2",
        "SELECT DISTINCT {s} x FROM t ORDER BY 1",
        "SELECT {s} x FROM t ORDER BY {s} DESC NULLS LAST, id LIMIT 5",
        "SELECT {s} x FROM t UNION SELECT 'more' ORDER BY 1",
        "SELECT {s} x FROM t INTERSECT SELECT 'a' ORDER BY 1",
        "SELECT {s} x FROM t EXCEPT SELECT 'a' ORDER BY 1",
        "SELECT a.id, b.id x FROM t a JOIN (SELECT id, {s} y FROM t) b ON a.s = b.y ORDER BY 1, 2",
        "SELECT id FROM t WHERE {s} IN (SELECT {s} FROM t WHERE id < 9) ORDER BY id",
        "SELECT id, (SELECT max({s}) FROM t) x FROM t ORDER BY id LIMIT 1",
        "SELECT id, lag({s}, 1, 'none') OVER (PARTITION BY district ORDER BY id) x FROM t ORDER BY id",
    ] {
        assert!(alike(&city, sql) || sql.contains(" CAST("), "{sql}");
    }
}

#[test]
fn texts_that_a_window_keeps_are_counted() {
    let mut city = city();
    city.limits.memory = 4 << 20;
    let rows = "(SELECT a.s || repeat('x', 2000) z FROM t a CROSS JOIN t b CROSS JOIN t c) w";
    for over in ["lag(z, 9000000) OVER ()", "max(z) OVER ()"] {
        let refusal = city
            .ask(&format!("SELECT {over} x FROM {rows}"))
            .expect_err(over);
        assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{over}: {refusal}");
    }
    assert_eq!(city.runtime().memory_used(), 0);
    city.limits.memory = 64 << 20;
    let few = city.ask("SELECT lag(s, 9000000) OVER (ORDER BY id) x FROM t");
    assert!(few.is_ok(), "{few:?}");
}

/// A join refers to one text thousands of times without a copy. The written-out batch must still have a bounded size.
#[test]
fn no_text_is_longer_than_a_batch_of_them_can_be() {
    let city = city();
    let long = "repeat('x', 90000) || repeat('y', 90000) || repeat('z', 90000)";
    for made in [
        format!("s || {long}"),
        format!("concat(s, {})", long.replace("||", ",")),
        format!("replace({}, 'x', 'abc')", "s || repeat('x', 90000)"),
    ] {
        let sql = format!("SELECT length(CAST({made} AS VARCHAR)) FROM t a");
        let refusal = city.ask(&sql).expect_err(&made);
        assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{made}: {refusal}");
    }
    // The limit also applies to stored texts, but only where they are shown and read.
    let set = build_dataset("long", &["id:int", "district:text", "s:text?"]);
    for (hidden, answered) in [(false, false), (true, true)] {
        let texts = ["short".to_owned(), "x".repeat(300_000)];
        let batch = RecordBatch::try_new(
            set.schema(),
            vec![
                Arc::new(Int64Array::from(vec![1, 2])),
                Arc::new(StringArray::from(vec!["A", if hidden { "B" } else { "A" }])),
                Arc::new(StringArray::from_iter_values(texts)),
            ],
        );
        let mut city = FixtureParticipant::new();
        let terms = [only_district("A")];
        city.publish(
            set.clone(),
            &batch.unwrap(),
            DatasetFileLayout::default(),
            terms,
        );
        let reported = city.query_rows("SELECT length(s) FROM long");
        assert_eq!(reported.is_ok(), answered, "{reported:?}");
        let why = reported.err().map(|refusal| refusal.code);
        assert!(
            why.is_none_or(|code| code == ErrorCode::ResourceLimit),
            "{why:?}"
        );
        assert!(city.query_rows("SELECT id FROM long").is_ok());
    }
}
