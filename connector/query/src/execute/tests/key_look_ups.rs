//! Questions for a few keys in unsorted rows.

use super::names;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const ROWS: i64 = 12_000;
const ROW_GROUP: usize = 4_000;
/// Length of a text in bytes, chosen so that the texts of a row group exceed one digest block.
const TEXT_BYTES: usize = 300;

/// Key of a row. Each key occurs once, and each row group has small and large keys.
const fn key_in(row: i64) -> i64 {
    row * 7919 % ROWS
}

/// City whose texts of the first row group are damaged, and the text of the last row.
fn spoil_first_texts(terms: impl IntoIterator<Item = Term>) -> (FixtureParticipant, String) {
    let mut random = StdRng::seed_from_u64(rand::random());
    let set = build_dataset("t", &["n:int", "code:text", "t:text"]);
    let texts = (0..ROWS).map(|_| {
        let letters = (0..TEXT_BYTES).map(|_| char::from(random.random_range(b'a'..=b'z')));
        letters.collect::<String>()
    });
    let mut texts: Vec<String> = texts.collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..ROWS).map(key_in))),
        Arc::new(StringArray::from_iter_values(
            (0..ROWS).map(|row| format!("code {}", key_in(row))),
        )),
        Arc::new(StringArray::from_iter_values(&texts)),
    ];
    let batch = RecordBatch::try_new(set.schema(), columns).unwrap();
    let layout = DatasetFileLayout {
        row_group: ROW_GROUP,
        ..DatasetFileLayout::default()
    };
    let mut city = FixtureParticipant::new();
    let shown = Term::Columns(names(&["n", "code", "t"]));
    city.publish(set, &batch, layout, terms.into_iter().chain([shown]));
    // The first question reads the file metadata.
    city.query_rows("SELECT count(t) FROM t").unwrap();
    let file = city.files("t").remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let place = bytes.len() / 6;
    bytes[place] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    // Two writes within one clock tick of the file system would look alike.
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(60);
    let opened = File::options().write(true).open(&file).unwrap();
    opened.set_modified(later).unwrap();
    (city, texts.pop().unwrap())
}

#[test]
fn only_row_groups_that_may_hold_the_key_are_read() {
    let (city, text) = spoil_first_texts([]);
    let key = key_in(ROWS - 1);
    for condition in [
        format!("n = {key}"),
        format!("n IN ({key}, {key})"),
        format!("code = 'code {key}'"),
    ] {
        let sql = format!("SELECT t FROM t WHERE {condition}");
        assert_eq!(city.query_rows(&sql).unwrap(), [text.as_str()], "{sql}");
    }
    let absent = "SELECT t FROM t WHERE code = 'code -1'";
    assert!(city.query_rows(absent).unwrap().is_empty());
    let spoiled = format!("SELECT t FROM t WHERE n = {}", key_in(0));
    let refusal = city.query_rows(&spoiled).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SnapshotDamaged, "{refusal}");
}

/// Bloom filters would reveal by the response time that a hidden row has the key.
#[test]
fn filters_of_keys_are_not_used_where_rows_are_hidden() {
    let hides_one = Term::Rows(RowFilter::Compare {
        column: parse_name("n"),
        op: ComparisonOperator::NotEq,
        with: FilterOperand::Literal(PolicyLiteral::Int(key_in(ROWS - 2))),
    });
    let (city, _) = spoil_first_texts([hides_one]);
    let sql = format!("SELECT t FROM t WHERE n = {}", key_in(ROWS - 1));
    let refusal = city.query_rows(&sql).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SnapshotDamaged, "{refusal}");
}
