//! Compression of a snapshot's pages.

use super::{TestPublisher, configured};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::File;

const WORDS: &str = r#"
[[dataset]]
name = "words"
title = "Words"
licence = "CC0-1.0"
zone = "Europe/Berlin"
[dataset.source]
kind = "text"
path = "words.csv"
[[dataset.column]]
name = "alike"
type = "text"
[[dataset.column]]
name = "hardly"
type = "text"
"#;

/// A page that would keep more than seven tenths of its size is stored uncompressed.
#[test]
fn what_hardly_becomes_smaller_is_not_compressed() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let mut text = "alike,hardly\n".to_owned();
    for row in 0..30_000_u32 {
        let noise: String = Sha256::digest(row.to_be_bytes())[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let same = "the same in each row ".repeat(3);
        writeln!(text, "{same}{row},town{noise}").unwrap();
    }
    std::fs::write(folder.path().join("words.csv"), text).unwrap();
    let config = configured(WORDS, folder.path()).remove(0);
    let snapshot = publisher.stage(&config).commit().unwrap();
    let file = File::open(&snapshot.files[0]).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let left = |column: usize| {
        let column = reader.metadata().row_group(0).column(column);
        column.compressed_size() as f64 / column.uncompressed_size() as f64
    };
    // The dictionary of the other column, which is read once, is compressed.
    let (alike, hardly) = (left(0), left(1));
    assert!(alike < 0.4 && hardly > 0.9, "{alike} {hardly}");
}
