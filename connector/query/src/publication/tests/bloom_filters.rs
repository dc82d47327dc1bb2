//! Bloom filters of a snapshot's row groups.

use super::{TestPublisher, configured};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use std::fmt::Write as _;
use std::fs::File;

const TRIPS: &str = r#"
[[dataset]]
name = "trips"
title = "Trips"
licence = "CC0-1.0"
zone = "Europe/Berlin"
sort = ["trip"]
[dataset.source]
kind = "text"
path = "trips.csv"
[[dataset.column]]
name = "trip"
type = "int"
[[dataset.column]]
name = "card"
type = "int"
[[dataset.column]]
name = "stop"
type = "text"
[[dataset.column]]
name = "km"
type = "float"
"#;

/// Columns of integers and texts have a filter, except for the sort column.
#[test]
fn row_groups_have_filters_that_hold_their_values() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let card = |row: i64| row * 7_919 % 100_003;
    let mut text = "trip,card,stop,km\n".to_owned();
    for row in 0..20_000 {
        writeln!(text, "{row},{},stop {},{row}.5", card(row), card(row)).unwrap();
    }
    std::fs::write(folder.path().join("trips.csv"), text).unwrap();
    let config = configured(TRIPS, folder.path()).remove(0);
    let snapshot = publisher.stage(&config).commit().unwrap();
    let properties = ReaderProperties::builder().set_read_bloom_filter(true);
    let options = ReadOptionsBuilder::new().with_reader_properties(properties.build());
    let file = File::open(&snapshot.files[0]).unwrap();
    let reader = SerializedFileReader::new_with_options(file, options.build()).unwrap();
    let group = reader.get_row_group(0).unwrap();
    let has_filter = [0, 1, 2, 3].map(|column| group.get_column_bloom_filter(column).is_some());
    assert_eq!(has_filter, [false, true, true, false]);
    let cards = group.get_column_bloom_filter(1).unwrap();
    let stops = group.get_column_bloom_filter(2).unwrap();
    for row in 0..20_000 {
        assert!(cards.check(&card(row)));
        assert!(stops.check(format!("stop {}", card(row)).as_str()));
    }
    // The filter has few false positives.
    let taken = (200_000..210_000_i64).filter(|other| cards.check(other));
    assert!(taken.count() < 1_000);
}
