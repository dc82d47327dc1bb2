//! Single terms over stored rows: delay, pseudonym and join.

use super::names;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::term::embargo::{EmbargoDelay, EmbargoTerm};
use hansa_policy::value::cube::CubeFunction;
use hansa_policy::value::time::TimeBucketWidth;
use std::sync::Arc;

/// City with one trip in each of the last six hours before the question, at half past the hour, and two parishes.
fn city(trips: Vec<Term>) -> FixtureParticipant {
    let mut city = FixtureParticipant::new();
    let set = build_dataset(
        "trips",
        &["trip:int", "lau:text", "district:text", "at:instant"],
    );
    // The question is asked at 08:00.
    let half_past_seven = 1_795_159_800_000_000_i64;
    let at = (0..6).map(|hour| half_past_seven - hour * 3_600_000_000);
    let rows = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(0..6)),
            Arc::new(StringArray::from(vec!["1", "1", "2", "2", "2", "1"])),
            Arc::new(StringArray::from(vec!["A", "B", "A", "B", "A", "B"])),
            Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC")),
        ],
    )
    .unwrap();
    city.publish(set, &rows, DatasetFileLayout::default(), trips);
    let set = build_dataset("parishes", &["lau:text", "title:text"]);
    let rows = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from(vec!["1", "2"])),
            Arc::new(StringArray::from(vec!["Harbour", "Hill"])),
        ],
    )
    .unwrap();
    city.publish(set, &rows, DatasetFileLayout::default(), []);
    city
}

fn embargo(hours: u64) -> Term {
    Term::Embargo(EmbargoTerm {
        column: parse_name("at"),
        delay: EmbargoDelay(hours * 3_600),
    })
}

#[test]
fn what_is_too_new_does_not_exist() {
    let ids = "SELECT trip FROM trips ORDER BY trip";
    assert_eq!(city(vec![]).query_rows(ids).unwrap().len(), 6);
    assert_eq!(
        city(vec![embargo(2)]).query_rows(ids).unwrap(),
        ["2", "3", "4", "5"]
    );
    assert!(city(vec![embargo(7)]).query_rows(ids).unwrap().is_empty());
    // No time bucket of a cube is shown in part. At 08:00 with a delay of 2 h 15 min, the hour from 05:00 was not complete.
    let cube = |seconds| {
        let mut terms = vec![
            Term::Functions(vec![CubeFunction::Count]),
            Term::Dimensions(names(&["at"])),
            Term::Grid("hansa://munster.example/grid/trips-1".to_owned()),
            Term::TimeBucket {
                column: parse_name("at"),
                bucket: TimeBucketWidth::Hour,
                zone: None,
            },
        ];
        terms.push(Term::Embargo(EmbargoTerm {
            column: parse_name("at"),
            delay: EmbargoDelay(seconds),
        }));
        let rows = city(terms).query_rows("SELECT at, n FROM trips.cube ORDER BY at");
        rows.unwrap().len()
    };
    assert_eq!(cube(2 * 3_600), 4);
    assert_eq!(cube(2 * 3_600 + 900), 3);
}

#[test]
fn equal_values_have_equal_hashes_and_nothing_else() {
    let hash = Term::Pseudonym(hansa_policy::term::pseudonym::PseudonymTerm {
        column: parse_name("trip"),
        epoch: 1,
    });
    let rows = city(vec![hash])
        .query_rows("SELECT trip FROM trips")
        .unwrap();
    let distinct: std::collections::BTreeSet<&String> = rows.iter().collect();
    assert_eq!(distinct.len(), 6);
    assert!(
        rows.iter()
            .all(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
}

#[test]
fn a_measure_that_few_dominate_is_absent() {
    let mut city = FixtureParticipant::new();
    let set = build_dataset("fares", &["district:text", "firm:text", "fare:float?"]);
    let fares = [
        ("A", "one", 95.0),
        ("A", "two", 3.0),
        ("A", "three", 2.0),
        ("B", "one", 40.0),
        ("B", "two", 30.0),
        ("B", "three", 30.0),
    ];
    let rows = RecordBatch::try_new(
        set.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(fares.map(|row| row.0))),
            Arc::new(StringArray::from_iter_values(fares.map(|row| row.1))),
            Arc::new(arrow_array::Float64Array::from_iter_values(
                fares.map(|row| row.2),
            )),
        ],
    )
    .unwrap();
    let rule = Term::Dominance(hansa_policy::value::cube::DominanceTerm {
        measure: parse_name("fare"),
        unit: parse_name("firm"),
        rule: hansa_policy::value::cube::DominanceRule::P(15),
    });
    let terms = [
        Term::Functions(vec![CubeFunction::Count, CubeFunction::Sum]),
        Term::Dimensions(names(&["district"])),
        Term::Measures(names(&["fare"])),
        Term::Grid("hansa://munster.example/grid/fares-1".to_owned()),
        rule,
    ];
    city.publish(
        set,
        &rows,
        DatasetFileLayout {
            files: 3,
            ..DatasetFileLayout::default()
        },
        terms,
    );
    let cells = "SELECT district, n, cnt_fare, sum_fare FROM fares.cube ORDER BY district";
    assert_eq!(
        city.query_rows(cells).unwrap(),
        ["A|3|NULL|NULL", "B|3|3|100.0"],
        "the number of rows is told, what they earn is not"
    );
    let total = "SELECT sum(fare) FROM fares";
    assert_eq!(city.query_rows(total).unwrap(), ["100.0"]);
}

#[track_caller]
fn joined(terms: Vec<Term>, sql: &str, expect: Result<&[&str], ErrorCode>) {
    let got = city(terms).query_rows(sql).map_err(|refusal| refusal.code);
    let expect = expect.map(|rows| rows.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(got, expect, "{sql}");
}

fn keys() -> Vec<Term> {
    vec![Term::JoinKeys(names(&["lau"]))]
}

const COUNTED: &[&str] = &["Harbour|3", "Hill|3"];

#[test]
fn a_join_over_the_keys_is_permitted() {
    for sql in [
        "SELECT title, count(*) FROM trips t JOIN parishes p ON t.lau = p.lau GROUP BY title ORDER BY title",
        "SELECT title, count(*) FROM parishes p JOIN trips t ON p.lau = t.lau GROUP BY title ORDER BY title",
        "SELECT title, count(*) FROM trips JOIN parishes USING (lau) GROUP BY title ORDER BY title",
        "SELECT title, count(*) FROM (SELECT lau AS k FROM trips) t JOIN parishes p ON t.k = p.lau
         GROUP BY title ORDER BY title",
        "WITH t AS (SELECT * FROM trips WHERE trip >= 0)
         SELECT title, count(*) FROM t JOIN parishes p ON t.lau = p.lau GROUP BY title ORDER BY title",
    ] {
        joined(keys(), sql, Ok(COUNTED));
    }
    // The dataset can still be queried alone and joined with itself.
    joined(keys(), "SELECT count(*) FROM trips", Ok(&["6"]));
    joined(
        keys(),
        "SELECT count(*) FROM trips a JOIN trips b ON a.district = b.district",
        Ok(&["18"]),
    );
}

#[test]
fn no_other_way_together() {
    let refused = Err(ErrorCode::JoinKeyNotAllowed);
    for sql in [
        "SELECT count(*) FROM trips t JOIN parishes p ON t.district = p.title",
        "SELECT count(*) FROM (SELECT district AS lau FROM trips) t JOIN parishes p ON t.lau = p.lau",
        "SELECT count(*) FROM trips t JOIN parishes p ON t.lau = p.lau AND t.district = p.title",
        "SELECT count(*) FROM trips t JOIN parishes p ON t.lau >= p.lau",
        "SELECT count(*) FROM trips t JOIN parishes p ON t.lau || '' = p.lau",
        "SELECT count(*) FROM trips t CROSS JOIN parishes p",
        "SELECT count(*) FROM trips t, parishes p WHERE t.district = p.title",
        "SELECT count(*) FROM trips WHERE lau IN (SELECT lau FROM parishes)",
        "SELECT count(*) FROM trips t WHERE EXISTS (SELECT 1 FROM parishes p WHERE p.lau = t.lau)",
        "SELECT count(*) FROM parishes WHERE lau = (SELECT max(lau) FROM trips)",
        "SELECT lau FROM trips UNION ALL SELECT lau FROM parishes",
        "SELECT district FROM trips INTERSECT SELECT title FROM parishes",
    ] {
        joined(keys(), sql, refused);
    }
}

#[test]
fn only_with_the_partners_of_the_clause() {
    let sql = "SELECT title, count(*) FROM trips t JOIN parishes p ON t.lau = p.lau GROUP BY title ORDER BY title";
    let parishes: DatasetId = "hansa://munster.example/d/parishes".parse().unwrap();
    let other: DatasetId = "hansa://munster.example/d/air".parse().unwrap();
    joined(vec![Term::JoinWith(vec![parishes])], sql, Ok(COUNTED));
    let refused = Err(ErrorCode::JoinPartnerNotAllowed);
    joined(vec![Term::JoinWith(vec![other])], sql, refused);
    joined(vec![Term::JoinWith(vec![])], sql, refused);
    joined(
        vec![Term::JoinWith(vec![])],
        "SELECT count(*) FROM trips WHERE trip < (SELECT count(*) FROM parishes)",
        refused,
    );
}

#[test]
fn keys_that_stay_are_shown_to_nobody() {
    let stay = || vec![Term::JoinKeys(names(&["lau"])), Term::KeysStay];
    joined(
        stay(),
        "SELECT title, count(*) FROM trips t JOIN parishes p ON t.lau = p.lau GROUP BY title ORDER BY title",
        Ok(COUNTED),
    );
    joined(stay(), "SELECT count(*) FROM trips", Ok(&["6"]));
    let refused = Err(ErrorCode::KeyMustStay);
    for sql in [
        "SELECT lau FROM trips",
        "SELECT * FROM trips",
        "SELECT upper(lau) FROM trips",
        "SELECT count(*) FROM trips WHERE lau = '1'",
        "SELECT count(*) FROM trips GROUP BY lau",
        "SELECT count(DISTINCT lau) FROM trips",
        "SELECT trip FROM trips ORDER BY lau",
        "SELECT x FROM (SELECT lau AS x FROM trips) t",
        "SELECT t.lau FROM trips t JOIN parishes p ON t.lau = p.lau",
        "SELECT trip, row_number() OVER (PARTITION BY lau) FROM trips",
        "SELECT count(*) FROM (SELECT DISTINCT lau FROM trips) t",
        "SELECT count(*) FROM trips a JOIN trips b ON a.lau = b.lau WHERE a.lau > b.lau",
    ] {
        joined(stay(), sql, refused);
    }
}
