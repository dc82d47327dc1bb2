//! Budgets of two cities, exact to the last cent from a typed file to each output.

use crate::binary;
use datafusion::arrow::array::cast::AsArray as _;
use datafusion::arrow::array::types::Decimal128Type;
use datafusion::arrow::array::{ArrayRef, Decimal128Array, RecordBatch, StringArray};
use datafusion::arrow::ipc::reader::FileReader;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use std::sync::Arc;

/// Cents of posts: more than a floating-point number tells apart.
const LINDAU: [(&str, i128); 4] = [
    ("schools", 9_007_199_254_740_993),
    ("schools", 2),
    ("roads", 9_007_199_254_740_995),
    ("roads", -1),
];
const BREGENZ: [(&str, i128); 4] = [
    ("schools", 9_007_199_254_740_997),
    ("schools", 9),
    ("roads", 1),
    ("parks", 5),
];

fn budget(posts: &[(&str, i128)]) -> RecordBatch {
    let names = StringArray::from_iter_values(posts.iter().map(|post| post.0));
    let amounts = Decimal128Array::from_iter_values(posts.iter().map(|post| post.1))
        .with_precision_and_scale(18, 2)
        .unwrap();
    let columns: [(&str, ArrayRef); 2] = [("post", Arc::new(names)), ("amount", Arc::new(amounts))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn cents(units: i128) -> String {
    format!("{}.{:02}", units / 100, units % 100)
}

fn sum_of(posts: &[(&str, i128)], post: &str) -> i128 {
    let chosen = posts.iter().filter(|one| one.0 == post);
    chosen.map(|one| one.1).sum()
}

/// Rows for `acme`, and sums of groups for `blue`.
fn serve_budget(city: &mut TestParticipant, file: &str) {
    let words = ["--name", "budget", "--licence", "CC0-1.0"];
    city.hansa(&[&["dataset", "add", file][..], &words].concat())
        .must();
    city.configure("[dataset.grid]\ndimensions = [\"post\"]");
    city.publishes();
    let rows = "columns = [\"post\", \"amount\"]\nrows = \"amount > -0.02\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    city.offers("budget", "all", rows, "[\"acme.example\"]", "auto");
    let sums = "columns = [\"post\", \"amount\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }\n\
        aggregate = { by = [\"post\"], functions = [\"count\", \"sum\"], measures = [\"amount\"], min_rows = 2 }";
    city.offers("budget", "sums", sums, "[\"blue.example\"]", "auto");
    city.serve();
}

#[test]
fn budgets_are_exact_to_the_last_cent_in_every_output() {
    let league = TestLeague::new(binary());
    let (mut lindau, mut bregenz) = (league.city("lindau"), league.city("bregenz"));
    let (acme, blue) = (league.firm("acme"), league.firm("blue"));
    for city in ["lindau", "bregenz", "acme"] {
        league.hand_bundle_to(city);
    }
    let file = std::fs::File::create(lindau.folder().join("budget.arrow")).unwrap();
    let batch = budget(&LINDAU);
    let mut writer = FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let file = std::fs::File::create(bregenz.folder().join("budget.parquet")).unwrap();
    let batch = budget(&BREGENZ);
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    serve_budget(&mut lindau, "budget.arrow");
    serve_budget(&mut bregenz, "budget.parquet");
    for firm in [&acme, &blue] {
        for city in [&lindau, &bregenz] {
            firm.knows(city);
        }
        let _ = firm.contract("lindau.budget");
        let _ = firm.contract("bregenz.budget");
    }

    // Rows of one city, in each output.
    let first = LINDAU.iter().map(|post| cents(post.1));
    let mut wanted: Vec<String> = first.map(|text| text.replace("0.-1", "-0.01")).collect();
    wanted.sort();
    let rows = "SELECT amount FROM lindau.budget";
    let csv = acme.hansa(&["sql", rows, "--format", "csv"]).must().out;
    let mut found: Vec<String> = csv.lines().skip(1).map(str::to_owned).collect();
    found.sort();
    assert_eq!(found, wanted);
    let json = acme.hansa(&["sql", rows, "--format", "json"]).must().out;
    let mut found: Vec<String> = json.lines().filter_map(amount_of).collect();
    found.sort();
    assert_eq!(found, wanted);
    for name in ["rows.parquet", "rows.arrow"] {
        acme.hansa(&["sql", rows, "--output", name]).must();
        let file = std::fs::File::open(acme.folder().join(name)).unwrap();
        let batches: Vec<RecordBatch> = if name.ends_with("parquet") {
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            reader.build().unwrap().map(Result::unwrap).collect()
        } else {
            let reader = FileReader::try_new(file, None).unwrap();
            reader.map(Result::unwrap).collect()
        };
        let mut found = Vec::new();
        for batch in &batches {
            let amounts = batch.column(0).as_primitive::<Decimal128Type>();
            found.extend((0..amounts.len()).map(|row| amounts.value_as_string(row)));
        }
        found.sort();
        assert_eq!(found, wanted, "{name}");
    }

    // Sums, conditions and keys of joins over both cities.
    let both = "SELECT post, sum(amount) AS amount FROM \
        (SELECT * FROM lindau.budget UNION ALL SELECT * FROM bregenz.budget) AS b GROUP BY post ORDER BY post";
    let csv = acme.hansa(&["sql", both, "--format", "csv"]).must().out;
    let posts = ["parks", "roads", "schools"];
    let sums = posts.map(|post| {
        let sum = sum_of(&LINDAU, post) + sum_of(&BREGENZ, post);
        format!("{post},{}", cents(sum))
    });
    assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), sums);
    let one = "SELECT l.amount FROM lindau.budget AS l JOIN bregenz.budget AS b ON l.amount + 0.04 = b.amount";
    let csv = acme.hansa(&["sql", one, "--format", "csv"]).must().out;
    assert_eq!(
        csv.lines().skip(1).collect::<Vec<_>>(),
        ["90071992547409.93"]
    );

    // Sums of groups, of which no row leaves.
    for (city, posts) in [("lindau", &LINDAU[..]), ("bregenz", &BREGENZ)] {
        let sql =
            format!("SELECT post, sum(amount) AS s FROM {city}.budget GROUP BY post ORDER BY post");
        let csv = blue.hansa(&["sql", &sql, "--format", "csv"]).must().out;
        let shown = ["roads", "schools"].into_iter().filter(|post| {
            let rows = posts.iter().filter(|one| one.0 == *post);
            rows.count() >= 2
        });
        let wanted: Vec<String> = shown
            .map(|post| format!("{post},{}", cents(sum_of(posts, post))))
            .collect();
        assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), wanted, "{city}");
    }
}

/// The digits of an amount as they stand in a line of JSON.
fn amount_of(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("\"amount\":")?;
    let end = rest.find(['}', ','])?;
    Some(rest[..end].trim_matches('"').to_owned())
}
