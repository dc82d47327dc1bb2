//! Local joins of several participants: the order of the text is kept if it is good enough, and replaced otherwise.

use crate::federation::tests::FederationFixture;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use std::sync::Arc;

/// Fixture with a few rows in Munster, many in Ottawa and a handful in Zurich. `values_of_x` is the distinct count of `x`.
fn world(values_of_x: u64) -> FederationFixture {
    let mut fixture = FederationFixture::empty();
    let tables: [(&str, &str, &[&str], u64); 3] = [
        ("munster", "some", &["x"], 1_000),
        ("ottawa", "many", &["x", "y"], 100_000),
        ("zurich", "few", &["y"], 10),
    ];
    for (city, name, columns, rows) in tables {
        let values = |at: i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values((0..12).map(|i| i * at % 5)))
        };
        let columns = columns.iter().zip(1..);
        let batch = RecordBatch::try_from_iter(columns.map(|(name, at)| (*name, values(at))));
        fixture.add(city, name, batch.unwrap(), None);
        let table = fixture.tables.last_mut().unwrap();
        table.rows = rows;
        table.distinct.insert("x".to_owned(), values_of_x);
        table.distinct.insert("y".to_owned(), rows);
    }
    fixture
}

const SQL: &str = "SELECT count(*) AS n FROM munster.some AS s JOIN ottawa.many AS m ON s.x = m.x JOIN zurich.few AS f ON m.y = f.y";

/// Conditions of the local joins, from the top of the plan down.
fn joins(fixture: &FederationFixture, sql: &str) -> Vec<String> {
    let text = fixture.plan(sql).unwrap().explain().to_string();
    let lines = text.lines().map(str::trim);
    let joins = lines.filter_map(|line| line.strip_prefix("Inner Join: "));
    joins.map(ToOwned::to_owned).collect()
}

#[test]
fn many_rows_of_each_value_do_not_meet_first() {
    let fixture = world(5);
    let joins = joins(&fixture, SQL);
    assert_eq!(joins.len(), 2, "{joins:?}");
    assert!(
        joins[0].contains(".x") && joins[1].contains(".y"),
        "{joins:?}"
    );
    fixture.same(SQL);
}

#[test]
fn an_order_that_holds_few_rows_stays() {
    let sql = "SELECT count(*) AS n FROM zurich.few AS f JOIN ottawa.many AS m ON m.y = f.y JOIN munster.some AS s ON s.x = m.x";
    for values_of_x in [5, 1_000] {
        let fixture = world(values_of_x);
        let joins = joins(&fixture, sql);
        assert_eq!(joins.len(), 2, "{joins:?}");
        assert!(
            joins[0].contains(".x") && joins[1].contains(".y"),
            "{joins:?}"
        );
        fixture.same(sql);
    }
}

/// A condition over three relations is no join key, and is still applied.
#[test]
fn a_sum_over_two_others_is_held_against_what_is_joined() {
    let sql = "SELECT count(*) AS n FROM munster.some AS s JOIN ottawa.many AS m ON s.x = m.x JOIN zurich.few AS f ON m.y = f.y \
         WHERE s.x + m.y = f.y + m.x";
    let fixture = world(5);
    fixture.same(sql);
    assert_eq!(joins(&fixture, sql).len(), 2);
}
