//! Files are read as what their bytes say that they are, or refused by name; what is refused leaves nothing behind.

use crate::binary;
use flate2::Compression;
use flate2::write::GzEncoder;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{CommandOutput, TestParticipant};
use hansa_test_support::workflow::{PURPOSE, number, text};
use std::io::Write as _;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

fn wide(content: &str, unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    content.encode_utf16().flat_map(unit).collect()
}

/// Adds a file on terms for the league and publishes it at once.
fn add(city: &TestParticipant, file: &str, bytes: &[u8]) -> CommandOutput {
    std::fs::write(city.folder().join(file), bytes).unwrap();
    let terms = [
        "--yes",
        "dataset",
        "add",
        file,
        "--title",
        "T",
        "--licence",
        "CC-BY-4.0",
        "--all-columns",
        "--purpose",
        PURPOSE,
        "--until",
        "2029-12-31",
        "--offer",
        "league",
        "--auto-sign",
        "--publish",
    ];
    city.hansa(&terms)
}

#[test]
fn packed_files_and_files_of_wide_characters_are_asked_as_they_are() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    add(&lindau, "counts.csv.gz", &gzip(b"id,n\n1,5\n2,7\n")).must();
    let cities = "\u{feff}stadt;zahl\r\nKöln;12\r\nZürich;34\r\n";
    add(&lindau, "utf16be.csv", &wide(cities, u16::to_be_bytes)).must();
    add(&lindau, "utf16le.csv", &wide(cities, u16::to_le_bytes)).must();
    let acme = league.firm("acme");
    for alias in ["lindau", "acme"] {
        league.hand_bundle_to(alias);
    }
    lindau.serve();
    acme.knows(&lindau);
    for dataset in ["counts_csv", "utf16be", "utf16le"] {
        let _ = acme.contract(&format!("lindau.{dataset}"));
    }
    let counts = acme
        .ask("SELECT id, n FROM lindau.counts_csv ORDER BY id")
        .must();
    let counts: Vec<(i64, i64)> = counts.lines()[..2]
        .iter()
        .map(|row| (number(row, "id"), number(row, "n")))
        .collect();
    assert_eq!(counts, [(1, 5), (2, 7)]);
    for dataset in ["utf16be", "utf16le"] {
        let sql = format!("SELECT stadt, zahl FROM lindau.{dataset} ORDER BY zahl");
        let rows: Vec<(String, i64)> = acme.ask(&sql).must().lines()[..2]
            .iter()
            .map(|row| (text(row, "stadt"), number(row, "zahl")))
            .collect();
        assert_eq!(rows, [("Köln".to_owned(), 12), ("Zürich".to_owned(), 34)]);
    }
}

#[test]
fn a_file_that_is_refused_leaves_the_configuration_as_it_was() {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    let files = || {
        let mut names: Vec<String> = std::fs::read_dir(lindau.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".toml"))
            .collect();
        names.sort();
        let config = std::fs::read_to_string(lindau.folder().join("hansa.toml")).unwrap();
        (names, config)
    };
    let before = files();
    for (file, bytes, code, part) in [
        ("a.gpkg", &b"SQLite format 3\0\x10\0"[..], "SOURCE_KIND_UNKNOWN", "SQLite"),
        ("page.csv", b"<!DOCTYPE html><html>", "SOURCE_KIND_UNKNOWN", "web page"),
        ("rows.csv", b"{\"a\":1}\n{\"a\":2}\n", "SOURCE_KIND_UNKNOWN", "JSON"),
        ("both.csv", b"a,b\n1,K\xf6ln\n2,Z\xc3\xbcrich\n", "SOURCE_UNREADABLE", "line 3 in UTF-8, and line 2"),
        ("words.csv", b"en,de,en\nOne,Eins,Uno\n", "SCHEMA_MISMATCH", "several columns"),
        // It can be added, and not published.
        (
            "stops.csv",
            b"\"id\",\"name\",\"n\"\n\"1\",\"Stop A\",\"5\"\n\"2\",\"Land \" Cattle\",\"7\"\n\"3\",\"Stop C\",\"9\"\n",
            "ROWS_UNREADABLE",
            "nothing stays in",
        ),
    ] {
        let refused = add(&lindau, file, bytes).refused(code, 6);
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
        assert_eq!(files(), before, "{file}");
    }
    lindau.hansa(&["check"]).must();
    let list = lindau.hansa(&["--json", "dataset", "list"]).must();
    assert!(!list.out.contains("stops"), "{}", list.out);
    // An entry that names a kind by hand is held against the file, too.
    let about = ["--licence", "CC-BY-4.0"];
    std::fs::write(lindau.folder().join("b.csv"), "a,b\n1,2\n").unwrap();
    lindau
        .hansa(&[&["dataset", "add", "b.csv"][..], &about].concat())
        .must();
    std::fs::write(lindau.folder().join("b.csv"), b"PK\x05\x06\0\0").unwrap();
    lindau
        .hansa(&["dataset", "publish", "b"])
        .refused("SOURCE_UNREADABLE", 6);
    std::fs::write(lindau.folder().join("b.csv"), b"%PDF-1.7\n").unwrap();
    lindau
        .hansa(&["dataset", "publish", "b"])
        .refused("SOURCE_KIND_UNKNOWN", 6);
}
