//! Parquet, Arrow and GeoJSON sources, files with different columns, and sorts beyond the memory.

use super::{TestPublisher, check_code, configured, dates, floats, instants, ints, texts};
use crate::ingest::config::DatasetConfig;
use crate::publication::source_check::check_sources;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Float32Array, Int32Array, ListArray,
    PrimitiveArray, RecordBatch, types::Int32Type,
};
use arrow_ipc::writer::FileWriter;
use hansa_policy::refusal::ErrorCode;
use parquet::arrow::ArrowWriter;
use std::path::Path;
use std::sync::Arc;

pub(super) fn one(folder: &Path, rest: &str) -> DatasetConfig {
    let start = "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"CC0-1.0\"\nzone = \"Europe/Berlin\"\n";
    configured(&format!("{start}{rest}"), folder).remove(0)
}

pub(super) fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn columns() -> Vec<(&'static str, ArrayRef)> {
    let local: PrimitiveArray<TimestampMillisecondType> =
        vec![Some(1_593_561_600_000), None].into();
    let price = Decimal128Array::from(vec![Some(125), Some(-50)])
        .with_precision_and_scale(10, 2)
        .unwrap();
    let name: DictionaryArray<Int32Type> = vec![Some("a"), Some("b")].into_iter().collect();
    vec![
        ("at", Arc::new(local)),
        ("price", Arc::new(price)),
        ("name", Arc::new(name)),
        ("small", Arc::new(Float32Array::from(vec![0.5, 1.5]))),
        ("n", Arc::new(Int32Array::from(vec![Some(7), None]))),
    ]
}

fn arrow(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_typed_file_is_published_with_declared_or_own_columns() {
    let folder = tempfile::tempdir().unwrap();
    parquet(&folder.path().join("a.parquet"), columns());
    arrow(&folder.path().join("a.arrow"), columns());
    check_typed_file(folder.path(), "parquet");
    check_typed_file(folder.path(), "arrow");
}

#[track_caller]
fn check_typed_file(folder: &Path, kind: &str) {
    let publisher = TestPublisher::new();
    let source = format!("[dataset.source]\nkind = \"{kind}\"\npath = \"a.{kind}\"\n");
    // A civil time needs a declared time zone.
    let refusal = publisher.refused(&one(folder, &source));
    check_code(&refusal, ErrorCode::SchemaMismatch, "hansa.toml", Some(1));
    let declared = format!(
        "{source}[[dataset.column]]\nname = \"at\"\ntype = \"instant\"\n[[dataset.column]]\nname = \"price\"\ntype = \"float\"\n\
         [[dataset.column]]\nname = \"label\"\nfrom = \"name\"\n[[dataset.column]]\nname = \"n\"\ntype = \"int\"\n"
    );
    let snapshot = publisher.stage(&one(folder, &declared)).commit().unwrap();
    // 2020-07-01 00:00 in Berlin.
    assert_eq!(
        instants(&snapshot, "at"),
        [None, Some("2020-06-30T22:00:00Z".to_owned())]
    );
    assert_eq!(floats(&snapshot, "price"), [Some(-0.5), Some(1.25)]);
    assert_eq!(
        texts(&snapshot, "label"),
        [Some("b".to_owned()), Some("a".to_owned())]
    );

    let own = format!("{source}skip_columns = [\"a*\"]\n");
    let snapshot = publisher.stage(&one(folder, &own)).commit().unwrap();
    let names: Vec<&str> = snapshot
        .dataset
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["price", "name", "small", "n"]);
    assert_eq!(ints(&snapshot, "n"), [Some(7), None]);
}

#[test]
fn a_column_without_a_published_type_is_named() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    parquet(
        &folder.path().join("a.parquet"),
        vec![("tags", Arc::new(list))],
    );
    let source = "[dataset.source]\nkind = \"parquet\"\npath = \"a.parquet\"\n[[dataset.column]]\nname = \"x\"\n";
    let refusal = publisher.refused(&one(folder.path(), source));
    assert_eq!(refusal.code, ErrorCode::SourceUnreadable);
    assert!(refusal.sentence.contains("`tags`"), "{refusal:#?}");
}

const POINTS: &str = r#"{ "type": "FeatureCollection", "features": [
  { "type": "Feature", "properties": { "name": "a", "free": 3, "tags": ["x", 1] },
    "geometry": { "type": "Point", "coordinates": [7.5, 51.5] } },
  { "type": "Feature", "properties": { "name": "b" }, "geometry": null },
  { "type": "Feature", "properties": { "name": "c" },
    "geometry": { "type": "LineString", "coordinates": [[7, 51], [8, 52]] } },
  { "type": "Feature", "properties": { "name": "d", "free": "many" },
    "geometry": { "type": "Point", "coordinates": [51.5, 97.5] } }
] }"#;

#[test]
fn what_is_no_point_is_shown_with_its_line() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("a.geojson"), POINTS).unwrap();
    let rest = "max_bad_rows = 0.6\n[dataset.source]\nkind = \"geojson\"\npath = \"a.geojson\"\n\
        [[dataset.column]]\nname = \"name\"\n[[dataset.column]]\nname = \"tags\"\n\
        [[dataset.column]]\nname = \"free\"\ntype = \"int\"\n\
        [[dataset.column]]\nname = \"lon\"\ntype = \"float\"\ncrs = \"OGC:CRS84\"\nunit = \"deg\"\n";
    let staged = publisher.stage(&one(folder.path(), rest));
    let bad = &staged.report.counts.bad["(row)"];
    let lines: Vec<u64> = bad.samples.iter().map(|sample| sample.line).collect();
    assert_eq!(lines, [5, 7]);
    assert_eq!(staged.report.counts.met["feature without a geometry"], 1);
    let snapshot = staged.commit().unwrap();
    assert_eq!(
        texts(&snapshot, "tags"),
        [Some("[\"x\",1]".to_owned()), None]
    );

    std::fs::write(
        folder.path().join("a.geojson"),
        "{\n\"type\": \"FeatureCollection\",\n\"features\": [{]}",
    )
    .unwrap();
    let refusal = publisher.refused(&one(folder.path(), rest));
    check_code(&refusal, ErrorCode::SourceUnreadable, "a.geojson", Some(3));
    let other = POINTS.replacen(
        "\"features\"",
        "\"crs\": {\"properties\": {\"name\": \"EPSG:25832\"}}, \"features\"",
        1,
    );
    std::fs::write(folder.path().join("a.geojson"), other).unwrap();
    let refusal = publisher.refused(&one(folder.path(), rest));
    assert!(refusal.sentence.contains("WGS 84"), "{refusal:#?}");
}

#[test]
fn files_may_differ_where_that_is_declared() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("1.csv"), "b,a\n1,2\n").unwrap();
    std::fs::write(folder.path().join("2.csv"), "a\n3\n").unwrap();
    let rest = "sort = [\"a\"]\n[dataset.source]\npath = \"?.csv\"\n[[dataset.column]]\nname = \"a\"\ntype = \"int\"\n\
        [[dataset.column]]\nname = \"b\"\ntype = \"int\"\n[[dataset.column]]\nname = \"file\"\nfrom = \"_file\"\n\
        [[dataset.column]]\nname = \"line\"\nfrom = \"_line\"\ntype = \"int\"\n";
    let config = one(folder.path(), rest);
    let refusal = publisher.refused(&config);
    check_code(&refusal, ErrorCode::SchemaMismatch, "hansa.toml", Some(12));
    assert!(
        refusal.sentence.contains("`2.csv` has no column `b`"),
        "{refusal:#?}"
    );
    assert_eq!(
        check_sources(&config, "UTC").unwrap_err()[0].sentence,
        refusal.sentence
    );

    let rest = rest.replace("name = \"b\"\n", "name = \"b\"\noptional = true\n");
    let config = one(folder.path(), &rest);
    check_sources(&config, "UTC").unwrap();
    let staged = publisher.stage(&config);
    assert!(staged.report.counts.absent.contains("b"));
    let snapshot = staged.commit().unwrap();
    assert_eq!(
        (ints(&snapshot, "a"), ints(&snapshot, "b")),
        (vec![Some(2), Some(3)], vec![Some(1), None])
    );
    assert_eq!(
        texts(&snapshot, "file"),
        [Some("1.csv".to_owned()), Some("2.csv".to_owned())]
    );
    assert_eq!(ints(&snapshot, "line"), [Some(2), Some(2)]);
}

#[test]
fn rows_beyond_memory_are_sorted_all_the_same() {
    let (mut publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let mut text = String::from("day,key,n\n");
    for row in 0_u64..400_000 {
        let key = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        text.push_str(&format!(
            "2026-01-{:02},key-{key:010},{row}\n",
            1 + key % 28
        ));
    }
    std::fs::write(folder.path().join("a.csv"), &text).unwrap();
    let rest = "sort = [\"day\", \"key\"]\n[dataset.source]\npath = \"a.csv\"\n[[dataset.column]]\nname = \"day\"\ntype = \"date\"\n\
        [[dataset.column]]\nname = \"key\"\n[[dataset.column]]\nname = \"n\"\ntype = \"int\"\n";
    publisher.memory = Some(16 * 1024 * 1024);
    let snapshot = publisher.stage(&one(folder.path(), rest)).commit().unwrap();
    assert_eq!(snapshot.dataset.rows, 400_000);
    let rows: Vec<_> = dates(&snapshot, "day")
        .into_iter()
        .zip(texts(&snapshot, "key"))
        .collect();
    assert!(rows.is_sorted());
    assert_eq!(
        ints(&snapshot, "n").iter().flatten().sum::<i64>(),
        399_999 * 200_000
    );
}

/// A place outside the extent makes its row unreadable, for every kind of file.
#[test]
fn a_place_outside_the_extent_is_shown_with_its_line() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let point = |place: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"name\":\"a\"}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":{place}}}}}\n"
        )
    };
    let lines = point("[7.6, 51.9]") + &point("[51.9, 7.6]") + &point("[9.0, 51.9]");
    std::fs::write(folder.path().join("a.geojsonl"), lines).unwrap();
    std::fs::write(
        folder.path().join("a.csv"),
        "lon,lat,name\n7.6,51.9,a\n51.9,7.6,a\n9.0,51.9,a\n,,a\n",
    )
    .unwrap();
    let columns = "[[dataset.column]]\nname = \"name\"\n[[dataset.column]]\nname = \"lon\"\ntype = \"float\"\n\
        [[dataset.column]]\nname = \"lat\"\ntype = \"float\"\n";
    for (kind, path, bad) in [("geojson", "a.geojsonl", [2, 3]), ("text", "a.csv", [3, 4])] {
        let rest = |extent: &str, columns: &str| {
            format!("{extent}\n[dataset.source]\nkind = \"{kind}\"\npath = \"{path}\"\n{columns}")
        };
        let extent = "extent = [7.4, 51.8, 7.8, 52.1]";
        let refusal = publisher.refused(&one(folder.path(), &rest(extent, columns)));
        check_code(&refusal, ErrorCode::RowsUnreadable, path, Some(bad[0]));
        let help = refusal.help.join("\n");
        assert!(
            help.contains("`lon` holds `51.9, 7.6`: the place lies outside the extent of the dataset, and inside it once"),
            "{help}"
        );
        let wide = format!("max_bad_rows = 0.7\n{extent}");
        let staged = publisher.stage(&one(folder.path(), &rest(&wide, columns)));
        let samples = &staged.report.counts.bad["lon"].samples;
        let found: Vec<u64> = samples.iter().map(|sample| sample.line).collect();
        assert_eq!(found, bad, "{kind}");
        let nameless = "[[dataset.column]]\nname = \"name\"\n";
        let refusal = publisher.refused(&one(folder.path(), &rest(extent, nameless)));
        assert_eq!(refusal.code, ErrorCode::ConfigInvalid, "{refusal}");
    }
}
