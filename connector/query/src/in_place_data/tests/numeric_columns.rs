//! Columns of type `numeric`: exact digits, or no row.

use super::{asked, table};
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use crate::fixture::storage::{FixtureStorage, shared_server};
use crate::in_place_data::InPlaceLocation;
use crate::in_place_data::discovery::discover_rows;
use crate::in_place_data::postgres::table_description;
use crate::ingest::config::parser::parse_datasets;
use arrow_array::{ArrayRef, Decimal128Array, RecordBatch};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn keys_and_amounts_are_exact_and_filters_go_into_the_database() {
    let set = build_dataset("counts", &["id:decimal(20,0)", "eur:decimal(12,2)?"]);
    let schema = set.schema();
    let column = |at: usize, values: Vec<Option<i128>>| -> ArrayRef {
        let kind = schema.field(at).data_type().clone();
        Arc::new(Decimal128Array::from(values).with_data_type(kind))
    };
    let key = 12_345_678_901_234_567_890_i128;
    let columns = vec![
        column(0, vec![Some(key), Some(key + 1), Some(3), Some(4)]),
        column(1, vec![Some(10), Some(20), Some(-999_999_999_999), None]),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let mut city = FixtureParticipant::new();
    let layout = DatasetFileLayout {
        storage: FixtureStorage::Database,
        ..DatasetFileLayout::default()
    };
    city.publish(set, &batch, layout, Vec::<Term>::new());
    let table = table(&city);
    let none = format!("INSERT INTO {table} VALUES (5, 'NaN')");
    shared_server().0.run(&none);
    for (sql, rows, text) in [
        ("SELECT count(DISTINCT id), count(*) FROM counts", "4|4", ""),
        (
            "SELECT eur FROM counts WHERE id = 12345678901234567890",
            "0.10",
            "\"Spalte 0\" = '12345678901234567890'::numeric",
        ),
        (
            "SELECT sum(eur) FROM counts WHERE eur IN (0.1, 0.2)",
            "0.30",
            "::numeric",
        ),
        ("SELECT min(eur) FROM counts", "-9999999999.99", ""),
        ("SELECT count(*) FROM counts WHERE eur < 0.105", "2", ""),
        ("SELECT id FROM counts WHERE eur IS NULL", "4", "IS NULL"),
    ] {
        assert_eq!(city.query_rows(sql).unwrap(), [rows], "{sql}");
        let last = asked(&table);
        assert!(last.contains(text), "{sql}: {last}");
    }
}

/// Publishes the table as a dataset with these columns, and returns the number of readable rows.
fn found(table: &str, columns: &str) -> Result<(Vec<String>, u64), Refusal> {
    let database = &shared_server().1.database;
    let text = format!(
        "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"x\"\n[dataset.source]\nkind = \"postgres\"\n\
         database = \"{database}\"\ntable = \"{table}\"\n{columns}"
    );
    let config = parse_datasets(&text, "hansa.toml", Path::new("."))
        .unwrap()
        .remove(0);
    let in_place = config.source.in_place.clone().unwrap();
    let found = discover_rows(&config, &in_place, LIMIT)?;
    let InPlaceLocation::Postgres(table) = &found.location else {
        panic!("{:?}", found.location);
    };
    let count = table_description::count_rows(table, LIMIT);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_, readable) = runtime.block_on(count)?;
    let kinds = found.columns.iter().map(|column| column.kind.to_string());
    Ok((kinds.collect(), readable))
}

#[test]
fn a_numeric_without_digits_is_declared_with_them() {
    shared_server().0.run(
        "CREATE TABLE free_numbers (a numeric, b numeric(12,2), c numeric(3,-2));\
         INSERT INTO free_numbers VALUES (1.50, 1, 12300), (1.505, 2, 100), (1000, 3, 100), ('NaN', 4, 100), \
         (NULL, 5, 100), (-999.99, 6, 100);",
    );
    let refusal = found("free_numbers", "").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaMismatch, "{refusal}");
    let help = format!("{refusal:?}");
    assert!(help.contains("decimal(18,2)"), "{help}");
    let column = |name: &str, kind: &str| {
        format!("[[dataset.column]]\nname = \"{name}\"\ntype = \"{kind}\"\n")
    };
    let three =
        column("a", "decimal(5,2)") + &column("b", "decimal(12,2)") + &column("c", "decimal(5,0)");
    let (kinds, readable) = found("free_numbers", &three).unwrap();
    assert_eq!(kinds, ["decimal(5,2)", "decimal(12,2)", "decimal(5,0)"]);
    // The values 1.505, 1000 and NaN do not fit the type.
    assert_eq!(readable, 3);
    let refusal = found("free_numbers", &column("b", "float")).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaMismatch, "{refusal}");
    // If the declared digits differ from those of the database, each row is checked.
    let (_, readable) = found("free_numbers", &column("b", "decimal(12,1)")).unwrap();
    assert_eq!(readable, 6);
}
