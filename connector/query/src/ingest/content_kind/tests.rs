//! Detection of file kinds by content.

use super::ContentKind;
use crate::ingest::config::SourceKind;
use crate::ingest::tests::{events_of, refusal_of};
use hansa_policy::refusal::ErrorCode;

#[track_caller]
fn check_unread(bytes: &[u8], name: &str) {
    match ContentKind::of(bytes) {
        ContentKind::Unread(kind) => assert!(kind.name.contains(name), "{kind:?}"),
        other => panic!("{name}: {other:?}"),
    }
    // Neither the name nor a declared encoding makes it a table.
    for keys in ["", "encoding = \"latin-1\"\n"] {
        let refusal = refusal_of("a.csv", bytes, "text", keys);
        assert_eq!(refusal.code, ErrorCode::SourceKindUnknown, "{refusal:#?}");
        assert!(refusal.sentence.contains(name), "{refusal:#?}");
        assert!(refusal.help.len() > 1, "{refusal:#?}");
    }
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let mut geopackage = b"SQLite format 3\0".to_vec();
    geopackage.resize(68, 1);
    geopackage.extend(b"GPKG");
    let mut tar = b"a.csv".to_vec();
    tar.resize(257, 0);
    tar.extend(b"ustar\x0000");
    let mut dbf = vec![3, 126, 11, 27, 2, 0, 0, 0, 97, 0, 20, 0];
    dbf.resize(200, b' ');
    for (bytes, name) in [
        (geopackage.as_slice(), "GeoPackage"),
        (b"SQLite format 3\0\x10\0", "SQLite"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "old file of Excel"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"BZh91AY&SY\x12\x34", "bzip2"),
        (b"\x28\xb5\x2f\xfd\x04\0", "zstd"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (&tar, "tar"),
        (b"FEA1\0\0\xff", "Feather"),
        (b"ORC\x11\0", "ORC"),
        (b"Obj\x01\x04", "Avro"),
        (b"\x89HDF\r\n\x1a\n\0", "HDF5"),
        (b"fgb\x03fgb\0", "FlatGeobuf"),
        (b"\x00\x00\x27\x0a\0\0", "Shapefile"),
        (b"\0\0\0\x0d\x0a\x09OSMHeader\x18", "OpenStreetMap"),
        (&dbf, "dBASE"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10", "JPEG"),
        (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
        (b"a,b\n1,\0\n", "NUL"),
        (b"\xef\xbb\xbfa,b\n1,\0\n", "NUL"),
        (
            b"\x0a\x0d\x0a\x032.0\x10\x01\x18\xbc\x8f\xbd\xe4\x04\x12\x36\x0a\x01\x31\x1a\x31",
            "control characters",
        ),
        (b" <!DOCTYPE html>\n<html><body>", "HTML"),
        (b"<table><tr><td>1</td></tr></table>", "HTML"),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?><a/>", "XML"),
        (b"<?xml version=\"1.0\"?><kml xmlns=\"x\">", "KML"),
        (b"{\\rtf1\\ansi", "RTF"),
    ] {
        check_unread(bytes, name);
    }
}

#[test]
fn json_is_no_table() {
    for text in [
        "{\"type\": \"FeatureCollection\", \"features\": []}",
        "{\n  \"a\": [1,\n",
        "[{\"site\":\"a\",\"n\":1}]",
        "{\"a\":1}\n{\"a\":2}\n",
        "{\"a\":1,\"b\":2}\n{\"a\":2, broken\n",
        "\u{feff}[]",
    ] {
        assert_eq!(
            ContentKind::of(text.as_bytes()),
            ContentKind::Json,
            "{text}"
        );
        let refusal = refusal_of("a.csv", text.as_bytes(), "text", "");
        assert_eq!(refusal.code, ErrorCode::SourceKindUnknown, "{refusal:#?}");
        assert!(refusal.sentence.contains("JSON"), "{refusal:#?}");
    }
}

#[test]
fn tables_that_begin_strangely_are_text() {
    for text in [
        "",
        "a,b\n1,2\n",
        "[id],[name]\n1,2\n",
        "[1],[2]\n",
        "{id},name\n1,2\n",
        "<5,>5\n1,2\n",
        "<none>,1\nb,2\n",
        "ORC;Größe\n1;2\n",
        "PAR1,PAR2\n1,2\n",
        "GRIB,FEA1\n1,2\n",
        "a\u{1f}b\n1\u{1f}2\n",
        "a\u{1}b\n1\u{1}2\n",
        "a,b\n1,x\u{8}\n2,y\u{1a}",
    ] {
        assert_eq!(
            ContentKind::of(text.as_bytes()),
            ContentKind::Text,
            "{text}"
        );
    }
    assert_eq!(
        ContentKind::of(b"ORC;Gr\xf6\xdfe\n1;2\n"),
        ContentKind::Text
    );
    assert_eq!(ContentKind::of(b"PAR1\x15\x04\0"), ContentKind::Parquet);
}

#[test]
fn an_entry_that_names_another_kind_is_refused() {
    let parquet = b"PAR1\x15\x04\0\0PAR1";
    for (bytes, kind, part) in [
        (&parquet[..], "text", "kind = \"parquet\""),
        (parquet, "geojson", "kind = \"parquet\""),
        (b"{\"features\": []}", "text", "kind = \"geojson\""),
        (b"{\"features\": []}", "parquet", "kind = \"geojson\""),
        (b"\x89PNG\r\n\x1a\n\0", "geojson", "picture"),
        (b"\x89PNG\r\n\x1a\n\0", "parquet", "picture"),
    ] {
        let refusal = refusal_of("a.bin", bytes, kind, "");
        assert_eq!(refusal.code, ErrorCode::SourceKindUnknown, "{refusal:#?}");
        let message = format!("{} {}", refusal.sentence, refusal.help.join(" "));
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(ContentKind::Text.expect(SourceKind::GeoJson, "a").is_ok());
    let point = br#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":1},"geometry":{"type":"Point","coordinates":[9,47]}}]}"#;
    let read = events_of(
        "a.gz",
        &crate::ingest::packed_file::tests::gzip(point),
        "geojson",
        "",
    );
    assert_eq!(read.unwrap(), ["lon & lat & n", "1: 9 & 47 & 1"]);
}
