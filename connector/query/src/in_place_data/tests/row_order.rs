//! Independence of answers from the row order of a database, since that order depends on hidden rows.

use super::asked;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::storage::{FixtureStorage, shared_server};
use crate::in_place_data::postgres::table_description;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use std::sync::Arc;

/// City whose contract shows `columns` of equal rows, in their order or reversed, with `key` as the key.
fn city(columns: &[&str], key: Option<usize>, backwards: bool) -> FixtureParticipant {
    const ROWS: i64 = 2_000;
    let mut city = FixtureParticipant::new();
    let set = build_dataset("counts", &["id:int", "site:text", "note:text"]);
    let numbers = || (0..ROWS).map(|row| if backwards { ROWS - 1 - row } else { row });
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(numbers())),
        Arc::new(StringArray::from_iter_values(
            numbers().map(|row| format!("site {}", row % 17)),
        )),
        Arc::new(StringArray::from_iter_values(
            numbers().map(|row| format!("note {row}")),
        )),
    ];
    let batch = RecordBatch::try_new(set.schema(), arrays).unwrap();
    let layout = DatasetFileLayout {
        storage: FixtureStorage::Database,
        key,
        ..DatasetFileLayout::default()
    };
    let columns = columns.iter().map(|column| parse_name(column)).collect();
    city.publish(set, &batch, layout, [Term::Columns(columns)]);
    city
}

/// Questions that depend on row order, and ones that do not. The arms of a union run in parallel, so its order is never fixed.
const QUESTIONS: [&str; 11] = [
    "SELECT * FROM counts",
    "SELECT site FROM counts",
    "SELECT id, site FROM counts LIMIT 7",
    "SELECT site FROM counts ORDER BY length(site) LIMIT 5",
    "SELECT id FROM counts ORDER BY length(site)",
    "SELECT site, count(*) n FROM counts GROUP BY site",
    "SELECT site, count(*) n FROM counts GROUP BY site LIMIT 3",
    "SELECT length(site) l, count(*) n FROM counts GROUP BY site ORDER BY l",
    "SELECT count(*) n FROM (SELECT id FROM counts LIMIT 9) WHERE id < 1000",
    "SELECT id, row_number() OVER () r FROM counts",
    "SELECT a.id FROM counts a JOIN counts b ON a.site = b.site WHERE a.id < 20 AND b.id > 1990",
];

#[test]
fn the_order_of_a_table_does_not_show() {
    for (key, ordered) in [(None, false), (Some(0), true), (Some(2), false)] {
        let columns = ["id", "site"];
        let [one, other] = [false, true].map(|backwards| city(&columns, key, backwards));
        for sql in QUESTIONS {
            let (one, other) = (one.query_rows(sql).unwrap(), other.query_rows(sql).unwrap());
            assert!(one == other, "{sql} with the key {key:?}");
        }
        // The database sorts by a key that the contract shows, and by no other.
        one.query_rows("SELECT site FROM counts").unwrap();
        let last = asked(&super::table(&one));
        assert_eq!(last.contains(" ORDER BY \"Spalte 0\""), ordered, "{last}");
        // Below an aggregate there is no sort.
        one.query_rows("SELECT site, count(*) n FROM counts GROUP BY site")
            .unwrap();
        let last = asked(&super::table(&one));
        assert!(!last.contains(" ORDER BY "), "{last}");
    }
}

/// A contract that shows a complete table unchanged keeps the database's order without a sort.
#[test]
fn a_table_that_is_shown_whole_comes_as_it_lies() {
    let [one, other] =
        [false, true].map(|backwards| city(&["id", "site", "note"], Some(0), backwards));
    let sql = "SELECT id FROM counts";
    let (mut one, other) = (one.query_rows(sql).unwrap(), other.query_rows(sql).unwrap());
    assert_ne!(one, other);
    one.reverse();
    assert_eq!(one, other);
}

#[test]
fn a_key_that_is_none_any_more_orders_nothing() {
    let city = city(&["id", "site"], Some(0), false);
    let table = super::table(&city);
    assert_eq!(
        city.query_rows("SELECT id FROM counts").unwrap().len(),
        2_000
    );
    shared_server().0.run(&format!(
        "ALTER TABLE {table} DROP CONSTRAINT \"{table}_Spalte 0_key\""
    ));
    let refusal = city.query_rows("SELECT id FROM counts").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaChanged, "{refusal}");
}

/// Detection of the keys of a table.
#[test]
fn keys_are_those_that_hold_for_every_row() {
    shared_server().0.run(
        "CREATE TABLE keyed (a bigint NOT NULL, b bigint NOT NULL, c bigint NOT NULL, d bigint, e bigint NOT NULL, \
           PRIMARY KEY (c, b), UNIQUE (a), UNIQUE (d), UNIQUE (e) DEFERRABLE); \
         CREATE UNIQUE INDEX ON keyed (e) WHERE e > 5; \
         CREATE UNIQUE INDEX ON keyed ((e + 1)); \
         CREATE UNIQUE INDEX ON keyed (b, a) INCLUDE (e); \
         CREATE TABLE parent (a bigint PRIMARY KEY); \
         CREATE TABLE child () INHERITS (parent); \
         CREATE TABLE parted (a bigint PRIMARY KEY) PARTITION BY RANGE (a);",
    );
    let keys = |table: &'static str| {
        let runtime = super::scan_statements::runtime();
        runtime
            .block_on(table_description::read_unique_keys(
                &shared_server().1,
                "public",
                table,
            ))
            .unwrap()
    };
    assert_eq!(keys("keyed"), [vec!["c", "b"], vec!["a"], vec!["b", "a"]]);
    assert!(keys("parent").is_empty());
    assert_eq!(keys("parted"), [["a"]]);
    assert!(keys("no_such_table").is_empty());
}
