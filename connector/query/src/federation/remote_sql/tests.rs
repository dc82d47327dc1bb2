//! Detection of generated texts with another meaning than intended.

use super::RemoteSqlWriter;
use crate::federation::query_ir::{
    FromItem, FromSource, JoinKind, NestedSelect, OutputOrder, RemoteSelect, SelectBody,
};
use crate::federation::remote_query_exec::RemoteExecPlanner;
use crate::federation::table::DatasetRelation;
use crate::federation::tests::{schema, table};
use crate::limits::{QueryResourceLimits, SqlStatementLimits};
use crate::session;
use crate::sql::functions;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit, when};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::ViewShape;
use std::sync::Arc;

pub(super) fn writer() -> RemoteSqlWriter {
    let state = session::create_session(
        &QueryResourceLimits::default(),
        Arc::default(),
        Arc::new(RemoteExecPlanner),
    );
    RemoteSqlWriter::new(
        Arc::new(state),
        SqlStatementLimits::default(),
        UtcTimestamp::from_micros(0).unwrap(),
    )
}

pub(super) fn query(conjuncts: Vec<Expr>, body: SelectBody, limit: Option<usize>) -> RemoteSelect {
    let table = Arc::new(table("munster", "trips", ViewShape::Rows(schema()), None));
    RemoteSelect {
        from: vec![FromItem::from_table(table, DatasetRelation::Rows)],
        conjuncts,
        body,
        limit,
    }
}

#[track_caller]
fn only(query: &RemoteSelect, right: &str, wrong: &[&str]) {
    let writer = writer();
    let meant = writer.normalize_query(query).unwrap();
    assert_eq!(writer.write(query).unwrap().sql, right);
    for text in wrong {
        assert!(writer.check_meaning(text, &meant).is_none(), "{text}");
    }
}

#[test]
fn rows() {
    let body = SelectBody::Rows {
        outputs: vec![col("id"), col("place")],
        order: vec![OutputOrder {
            output: 0,
            ascending: false,
            nulls_first: false,
        }],
    };
    only(
        &query(vec![col("n").gt(lit(5_i64)), col("open")], body, Some(9)),
        "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
        &[
            // Lost condition, other literal, other comparison, additional condition.
            "SELECT id AS c0, place AS c1 FROM trips WHERE \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 6) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n < 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" AND x > 1 ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) OR \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            // Columns in another order, another column, additional column.
            "SELECT place AS c1, id AS c0 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, n AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1, n AS c2 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            // Another order, no limit, another limit, an offset.
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 10",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9 OFFSET 1",
            // Another relation, a second relation, another form.
            "SELECT id AS c0, place AS c1 FROM trips.cube WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT t.id AS c0, t.place AS c1 FROM trips t, trips u WHERE (t.n > 5) AND t.\"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT DISTINCT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" UNION ALL SELECT id, place FROM trips",
        ],
    );
}

/// The engine compares constant timestamps without their time zones.
#[test]
fn a_time_has_its_zone() {
    let zone = Some(Arc::from("UTC"));
    let time = ScalarValue::TimestampMicrosecond(Some(1_711_845_000_000_000), zone);
    let later = when(col("n").gt(lit(5_i64)), lit(time)).end().unwrap();
    let body = SelectBody::Rows {
        outputs: vec![later],
        order: Vec::new(),
    };
    only(
        &query(Vec::new(), body, None),
        "SELECT CASE WHEN (n > 5) THEN CAST('2024-03-31T00:30:00Z' AS TIMESTAMP WITH TIME ZONE) END AS c0 FROM trips",
        &[
            "SELECT CASE WHEN (n > 5) THEN CAST('2024-03-31T00:30:00Z' AS TIMESTAMP) END AS c0 FROM trips",
        ],
    );
}

#[test]
fn groups() {
    let body = SelectBody::Groups {
        keys: vec![col("place")],
        partials: vec![functions::sum::checked_sum().call(vec![col("n")])],
    };
    only(
        &query(vec![col("place").not_eq(lit("it's"))], body, None),
        "SELECT place AS k0, sum(n) AS p0 FROM trips WHERE (place <> 'it''s') GROUP BY place",
        &[
            "SELECT place AS k0, sum(n) AS p0 FROM trips GROUP BY place",
            "SELECT place AS k0, sum(id) AS p0 FROM trips WHERE (place <> 'it''s') GROUP BY place",
            "SELECT place AS k0, sum(DISTINCT n) AS p0 FROM trips WHERE (place <> 'it''s') GROUP BY place",
            "SELECT place AS k0, sum(n) AS p0 FROM trips WHERE (place <> 'it''s') GROUP BY place, id",
            "SELECT place AS k0, sum(n) AS p0 FROM trips WHERE (place <> 'it''s') GROUP BY place HAVING sum(n) > 1",
            "SELECT place AS k0, sum(n) + 1 AS p0 FROM trips WHERE (place <> 'it''s') GROUP BY place",
            "SELECT place AS k0, n AS p0 FROM trips WHERE (place <> 'it''s')",
        ],
    );
}

/// Two relations, and a subquery with groups as a semi-join.
#[test]
fn several_relations() {
    let of = |name: &str| Arc::new(table("munster", name, ViewShape::Rows(schema()), None));
    let at = |place: &str, name: &str| col(format!("{place}.{name}"));
    let groups = RemoteSelect {
        from: vec![FromItem::from_table(of("stays"), DatasetRelation::Rows)],
        conjuncts: vec![col("open")],
        body: SelectBody::Groups {
            keys: vec![col("id")],
            partials: vec![functions::sum::checked_sum().call(vec![col("n")])],
        },
        limit: None,
    };
    let (select, text) = writer().write_normal(&groups).unwrap();
    let inner = NestedSelect {
        select,
        schema: text.schema,
        rows: 1.0,
    };
    let query = RemoteSelect {
        from: vec![
            FromItem::from_table(of("trips"), DatasetRelation::Rows),
            FromItem::from_table(of("sites"), DatasetRelation::Rows),
            FromItem {
                source: FromSource::Inner(Arc::new(inner)),
                kind: JoinKind::Semi,
                on: vec![
                    at("t2", "k0").eq(at("t0", "id")),
                    at("t2", "p0").gt(lit(3_i64)),
                ],
            },
        ],
        conjuncts: vec![
            at("t0", "place").eq(at("t1", "place")),
            at("t1", "n").gt(lit(5_i64)),
        ],
        body: SelectBody::Rows {
            outputs: vec![at("t0", "id"), at("t1", "x")],
            order: Vec::new(),
        },
        limit: None,
    };
    let right = "SELECT t1.id AS c0, t0.x AS c1 FROM sites AS t0 JOIN trips AS t1 ON (t1.place = t0.place) \
                 LEFT SEMI JOIN (SELECT id AS k0, sum(n) AS p0 FROM stays WHERE \"open\" GROUP BY id) AS t2 \
                 ON (t2.k0 = t1.id) AND (t2.p0 > 3) WHERE (t0.n > 5)";
    let changed = [
        // Another join kind, or another relation.
        ("JOIN trips", "LEFT JOIN trips"),
        ("LEFT SEMI JOIN", "LEFT ANTI JOIN"),
        ("LEFT SEMI JOIN", "JOIN"),
        ("trips AS t1", "sites AS t1"),
        ("FROM stays", "FROM trips"),
        // Other columns, or columns of another relation.
        ("t1.place = t0.place", "t1.id = t0.id"),
        ("t1.place = t0.place", "t1.place = t1.place"),
        ("t1.id AS c0", "t0.id AS c0"),
        ("t0.n > 5", "t1.n > 5"),
        ("t2.k0 = t1.id", "t2.k0 = t0.id"),
        // A condition lost, added, or moved.
        (" WHERE (t0.n > 5)", ""),
        (" AND (t2.p0 > 3)", ""),
        (" WHERE \"open\"", ""),
        (" WHERE (t0.n > 5)", " WHERE (t0.n > 5) AND t1.\"open\""),
        (
            "ON (t1.place = t0.place)",
            "ON (t1.place = t0.place) AND (t0.x > 1)",
        ),
        ("GROUP BY id", "GROUP BY id, place"),
        (
            " JOIN trips AS t1 ON (t1.place = t0.place)",
            " CROSS JOIN trips AS t1",
        ),
    ];
    let wrong: Vec<String> = changed
        .iter()
        .map(|(from, to)| {
            let text = right.replacen(from, to, 1);
            assert_ne!(text, right, "{from}");
            text
        })
        .collect();
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    only(&query, right, &wrong);
}
