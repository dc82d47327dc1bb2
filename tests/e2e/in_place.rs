//! Datasets whose rows stay where they are: files of this machine, files in a store, a table of a database. Real files, a real
//! store over HTTP, a real PostgreSQL over TLS.

mod bucket;
mod database;
mod files;
mod hundred_million;

use datafusion::arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use std::sync::Arc;

/// Rows `from` to `to` of the table that all of these tests publish: `id`, `site`, `level`.
fn rows(from: i64, to: i64) -> Vec<(i64, String, f64)> {
    (from..to)
        .map(|id| {
            (
                id,
                format!("s{}", id % 7),
                f64::from(i32::try_from(id).unwrap()) / 4.0,
            )
        })
        .collect()
}

/// These rows as a Parquet file.
fn parquet(rows: &[(i64, String, f64)]) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("site", DataType::Utf8, false),
        Field::new("level", DataType::Float64, false),
    ]));
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.1))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.2))),
        ],
    )
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// A contract that hides the rows of one site, and one column.
const SOME: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"id\", \"site\"]\n\
    rows = \"site <> 's3'\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

/// What [`SOME`] shows of rows.
fn permitted(rows: &[(i64, String, f64)]) -> (i64, i64) {
    let shown = rows.iter().filter(|row| row.1 != "s3");
    shown.fold((0, 0), |(count, sum), row| (count + 1, sum + row.0))
}

/// A city with one dataset, `levels`, under two offers, and the firm `acme` that has the contract `terms`.
fn publishes(league: &TestLeague, source: &str, terms: &str) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.configure(&dataset(source));
    lindau.hansa(&["check"]).must();
    lindau.publishes();
    lindau.offers("levels", "terms", terms, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.levels");
    (lindau, acme)
}

/// The entry of the dataset.
fn dataset(source: &str) -> String {
    format!(
        "[[dataset]]\nname = \"levels\"\ntitle = \"Levels\"\nlicence = \"proprietary\"\n\n  [dataset.source]\n{source}\n"
    )
}

/// Asks for the number and the sum of the rows that a contract shows.
fn totals(acme: &TestParticipant) -> (i64, i64) {
    let answer = acme
        .ask("SELECT count(*) AS n, sum(id) AS total FROM lindau.levels")
        .must()
        .lines();
    let of = |name: &str| hansa_test_support::workflow::number(&answer[0], name);
    (of("n"), of("total"))
}

/// Everything that whoever asks could see of an answer.
fn sentence_of(outcome: &hansa_test_support::participant::CommandOutput) -> String {
    format!("{}{}", outcome.out, outcome.err)
}
