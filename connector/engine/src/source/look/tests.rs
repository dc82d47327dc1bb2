//! What is found in a file that nobody has described yet.

use super::{About, entry, sample};
use crate::source::config::read::parse;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use std::path::Path;
use std::sync::Arc;

fn demo(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../demo")
        .join(file)
}

/// The entry can be read again once title and licence are filled in.
#[track_caller]
fn check(file: &str, parts: &[&str]) {
    let text = entry(&demo(file), file, &About::default()).unwrap().text;
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let filled = text.replace("= \"\"  ", "= \"x\"  ");
    let read = parse(&filled, "hansa.toml", &demo("")).unwrap();
    assert_eq!(read.len(), 1);
}

#[test]
fn a_look_says_what_was_seen_and_what_was_assumed() {
    check(
        "lisbon/data/service/demand_date-line-stop_20230101.csv",
        &[
            "name        = \"demand_date_line_stop_20230101\"",
            "format = \"%Y%m%d\"    # assumed",
            "name   = \"stop_id\"\ntype   = \"text\"    # seen: 020072",
            "name   = \"validations\"\ntype   = \"int\"    # seen: 38",
        ],
    );
    check(
        "ottawa/data/bike_counter_2017.csv",
        &[
            "format = \"%d/%m/%Y\"",
            "from   = '12b^ADAWE'",
            "name   = \"column_1_alex\"",
        ],
    );
    check(
        "munster/data/100031297/2020-03.csv",
        &[
            "these are local times",
            "delimiter = \",\"",
            "encoding  = \"utf-8\"",
        ],
    );
    check(
        "zurich/data/ol_nox_covid19_2020.csv",
        &["delimiter = \";\"", "encoding  = \"latin-1\""],
    );
    check(
        "zurich/parking/Zuerich.geojson",
        &[
            "kind      = \"geojson\"",
            "name   = \"lon\"\ntype   = \"float\"",
        ],
    );
}

#[test]
fn a_decimal_comma_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Größe.csv");
    std::fs::write(&file, "Maß;Wert\na;1,5\nb;2,25\n").unwrap();
    let text = entry(&file, "Größe.csv", &About::default()).unwrap().text;
    for part in [
        "name        = \"grosse\"",
        "decimal   = \",\"",
        "name   = \"mass\"\nfrom   = 'Maß'",
        "name   = \"wert\"\nfrom   = 'Wert'\ntype   = \"float\"",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// A file that has types says what its numbers are, whatever the first of them look like.
#[test]
fn floating_point_numbers_that_are_whole_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fares.parquet");
    let numbers = Arc::new(Float64Array::from(vec![17.0, 36.0])) as ArrayRef;
    let counts = Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef;
    let rows = RecordBatch::try_from_iter([("fare", numbers), ("n", counts)]).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let text = entry(&path, "fares.parquet", &About::default())
        .unwrap()
        .text;
    for (name, kind) in [("fare", "float"), ("n", "int")] {
        let lines = format!("name   = \"{name}\"\ntype   = \"{kind}\"");
        assert!(text.contains(&lines), "{text}");
    }
}

#[test]
fn a_sample_is_short() {
    let read = parse(
        &std::fs::read_to_string(demo("ottawa/hansa-datasets.toml")).unwrap(),
        "hansa.toml",
        &demo("ottawa"),
    );
    let config = read.unwrap().remove(0);
    let file = "ottawa/data/bike_counter_2019.csv";
    let sample = sample(&demo(file), file, &config.source, 3).unwrap();
    assert_eq!(sample.rows.len(), 3);
    assert_eq!((sample.names[1].as_str(), sample.rows[0].0), ("1^ALEX", 2));
    assert_eq!(sample.rows[0].1[1].as_deref(), Some("8"));
}
