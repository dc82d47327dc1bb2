//! Subqueries of every form, with the rows that PostgreSQL returns.

use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use std::sync::Arc;

/// Two small tables with NULL keys, duplicate keys, and keys without a match.
fn city() -> FixtureParticipant {
    let mut city = FixtureParticipant::new();
    let set = build_dataset("a", &["id:int?", "g:int?", "v:int?", "name:text?"]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![
            Some(1),
            Some(2),
            None,
            Some(4),
            Some(7),
        ])),
        Arc::new(Int64Array::from(vec![1, 2, 3, 2, 9])),
        Arc::new(Int64Array::from(vec![
            Some(10),
            Some(20),
            Some(30),
            Some(40),
            None,
        ])),
        Arc::new(StringArray::from(vec![
            Some("alpha"),
            Some("beta"),
            Some("gamma%"),
            Some("delta"),
            None,
        ])),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    city.publish(set, &batch, DatasetFileLayout::default(), []);
    let set = build_dataset("b", &["id:int?", "g:int?", "w:int?"]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![Some(1), None, Some(5)])),
        Arc::new(Int64Array::from(vec![1, 2, 3])),
        Arc::new(Int64Array::from(vec![5, 50, 10])),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    city.publish(set, &batch, DatasetFileLayout::default(), []);
    city
}

#[test]
fn subqueries_give_the_rows_that_their_words_mean() {
    let city = city();
    for (sql, expected) in [
        (
            "SELECT x.id, x.g FROM a x WHERE 3 NOT IN (SELECT y.id FROM b y WHERE y.g = x.g)",
            &["1|1", "7|9", "NULL|3"][..],
        ),
        (
            "SELECT x.id, x.v FROM a x WHERE x.id NOT IN (SELECT y.id FROM b y WHERE y.w < x.v)",
            &["2|20", "4|40", "7|NULL"],
        ),
        (
            "SELECT x.id, x.g FROM a x WHERE x.v NOT IN (SELECT y.id FROM b y WHERE y.g = x.g)",
            &["1|1", "7|9", "NULL|3"],
        ),
        (
            "SELECT x.id FROM a x WHERE EXISTS (SELECT count(*) FROM b y WHERE y.id = x.id)",
            &["1", "2", "4", "7", "NULL"],
        ),
        (
            "SELECT x.id FROM a x WHERE NOT EXISTS (SELECT count(*) FROM b y WHERE y.id = x.id)",
            &[],
        ),
        (
            "SELECT x.id FROM a x WHERE 0 IN (SELECT count(*) FROM b y WHERE y.id = x.id)",
            &["2", "4", "7", "NULL"],
        ),
        (
            "SELECT x.id FROM a x WHERE EXISTS (SELECT 1 FROM b y WHERE y.g = x.g OFFSET 1)",
            &[],
        ),
        (
            "SELECT x.id FROM a x WHERE EXISTS (SELECT 1 FROM b y WHERE y.g <= x.g ORDER BY y.w OFFSET 1)",
            &["2", "4", "7", "NULL"],
        ),
        (
            "SELECT x.id, (SELECT max(y.w) FROM b y WHERE y.g <= x.g) AS m FROM a x",
            &["1|5", "2|50", "4|50", "7|50", "NULL|50"],
        ),
        (
            "SELECT x.id FROM a x WHERE x.g IN (SELECT max(y.g) FROM b y WHERE y.w < x.v)",
            &["1", "NULL"],
        ),
        (
            "SELECT x.id, (SELECT count(*) FROM b y WHERE y.id = x.id) AS n FROM a x",
            &["1|1", "2|0", "4|0", "7|0", "NULL|0"],
        ),
        (
            "SELECT x.id, x.v IN (SELECT y.id FROM b y WHERE y.g = x.g) AS f FROM a x",
            &["1|false", "2|NULL", "4|NULL", "7|false", "NULL|false"],
        ),
        (
            "SELECT x.id, x.id IN (SELECT y.id FROM b y) AS f FROM a x",
            &["1|true", "2|NULL", "4|NULL", "7|NULL", "NULL|NULL"],
        ),
        (
            "SELECT x.id, EXISTS (SELECT 1 FROM b y WHERE y.g = x.g AND y.w > x.v) AS f FROM a x",
            &["1|false", "2|true", "4|true", "7|false", "NULL|false"],
        ),
        (
            "SELECT x.id FROM a x WHERE x.id = 7 OR x.id NOT IN (SELECT y.id FROM b y WHERE y.g = x.g + 1)",
            &["2", "4", "7", "NULL"],
        ),
        (
            "SELECT x.id, x.v > ALL (SELECT y.w FROM b y WHERE y.g = x.g) AS f FROM a x",
            &["1|true", "2|false", "4|false", "7|true", "NULL|true"],
        ),
        (
            "SELECT x.id FROM a x WHERE x.v < ANY (SELECT y.w FROM b y)",
            &["1", "2", "4", "NULL"],
        ),
        (
            "SELECT x.id, (SELECT y.w FROM b y WHERE y.g <= x.g ORDER BY y.w DESC LIMIT 1) AS m FROM a x",
            &["1|5", "2|50", "4|50", "7|50", "NULL|50"],
        ),
        (
            "SELECT x.id, (SELECT y.w FROM b y WHERE y.g = x.g) AS m FROM a x",
            &["1|5", "2|50", "4|50", "7|NULL", "NULL|10"],
        ),
        (
            "SELECT x.id FROM a x WHERE EXISTS (SELECT 1 FROM b y WHERE y.g = x.g \
             AND EXISTS (SELECT 1 FROM a z WHERE z.g = y.g AND z.v > x.v))",
            &["2"],
        ),
        (
            "SELECT x.id FROM a x WHERE EXISTS (SELECT y.g FROM b y WHERE y.g = x.g UNION ALL \
             SELECT z.g FROM a z WHERE z.v = x.v + 10)",
            &["1", "2", "4", "NULL"],
        ),
        (
            "SELECT x.id, (SELECT count(*) FROM b y LEFT JOIN a z ON z.id = y.id AND z.v < x.v) AS n FROM a x",
            &["1|3", "2|3", "4|3", "7|3", "NULL|3"],
        ),
        (
            "SELECT g, (SELECT sum(y.w) FROM b y WHERE y.g = x.g HAVING count(*) > 0) AS s FROM a x GROUP BY g",
            &["1|5", "2|50", "3|10", "9|NULL"],
        ),
    ] {
        let mut rows = city
            .query_rows(sql)
            .unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
        rows.sort();
        assert_eq!(rows, expected, "{sql}");
    }
}

#[test]
fn a_subquery_for_one_value_has_one_row_at_most() {
    let city = city();
    for sql in [
        "SELECT y.g, (SELECT x.v FROM a x WHERE x.g = y.g) AS v FROM b y",
        "SELECT y.g, (SELECT x.v FROM a x WHERE x.g <= y.g) AS v FROM b y",
        "SELECT y.g, (SELECT x.v FROM a x) AS v FROM b y",
    ] {
        let refusal = city.query_rows(sql).expect_err(sql);
        assert_eq!(
            refusal.code,
            hansa_policy::refusal::ErrorCode::EvaluationFailed,
            "{sql}: {refusal}"
        );
    }
}
