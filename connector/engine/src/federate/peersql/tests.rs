//! A text that says anything else than what was meant is found before it is sent.

use super::Writer;
use crate::federate::exec::Leaves;
use crate::federate::select::{Body, Item, Order, Select};
use crate::federate::source::Relation;
use crate::federate::tests::{schema, table};
use crate::limits::{Limits, SqlLimits};
use crate::plan::functions;
use crate::session;
use catalog::view::Shape;
use datafusion::logical_expr::{Expr, col, lit};
use evidence::time::Time;
use std::sync::Arc;

fn writer() -> Writer {
    let state = session::fresh(
        &Limits::default(),
        Arc::default(),
        Arc::new(Leaves::default()),
    );
    Writer::new(
        Arc::new(state),
        SqlLimits::default(),
        Time::from_micros(0).unwrap(),
    )
}

fn query(conjuncts: Vec<Expr>, body: Body, limit: Option<usize>) -> Select {
    let table = Arc::new(table("munster", "trips", Shape::Rows(schema()), None));
    Select {
        from: vec![Item::table(table, Relation::Rows)],
        conjuncts,
        body,
        limit,
    }
}

#[track_caller]
fn only(query: &Select, right: &str, wrong: &[&str]) {
    let writer = writer();
    let meant = writer.normal(query).unwrap();
    assert_eq!(writer.write(query).unwrap().sql, right);
    for text in wrong {
        assert!(writer.means(text, &meant).is_none(), "{text}");
    }
}

#[test]
fn rows() {
    let body = Body::Rows {
        outputs: vec![col("id"), col("place")],
        order: vec![Order {
            output: 0,
            ascending: false,
            nulls_first: false,
        }],
    };
    only(
        &query(vec![col("n").gt(lit(5_i64)), col("open")], body, Some(9)),
        "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
        &[
            // a lost condition, another literal, another comparison, one condition more
            "SELECT id AS c0, place AS c1 FROM trips WHERE \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 6) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n < 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" AND x > 1 ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) OR \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            // columns in another order, another column, one more
            "SELECT place AS c1, id AS c0 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, n AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1, n AS c2 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            // another order, no limit, another limit, an offset
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 10",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9 OFFSET 1",
            // another relation, a second one, another shape
            "SELECT id AS c0, place AS c1 FROM trips.cube WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT t.id AS c0, t.place AS c1 FROM trips t, trips u WHERE (t.n > 5) AND t.\"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT DISTINCT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" ORDER BY c0 DESC NULLS LAST LIMIT 9",
            "SELECT id AS c0, place AS c1 FROM trips WHERE (n > 5) AND \"open\" UNION ALL SELECT id, place FROM trips",
        ],
    );
}

#[test]
fn groups() {
    let body = Body::Groups {
        keys: vec![col("place")],
        partials: vec![functions::sum::checked().call(vec![col("n")])],
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
