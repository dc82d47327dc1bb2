//! Content of files without an entry, as `dataset add` reads it.

use super::guess_encoding;
use crate::ingest::packed_file::tests::{gzip, zip};
use crate::ingest::schema_inference::draft_config::{DraftConfigOptions, create_draft_entry};
use crate::ingest::source_files::SourceFile;
use crate::ingest::source_roots::SourceRoots;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

fn add_dataset(folder: &Path, name: &str, bytes: &[u8]) -> Result<String, Refusal> {
    std::fs::write(folder.join(name), bytes).unwrap();
    let about = DraftConfigOptions::default();
    create_draft_entry(&[name.to_owned()], &folder.into(), &about).map(|entry| entry.text)
}

#[test]
fn packed_tables_are_proposed_as_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = b"site,n\nNord,5\nS\xc3\xbcd,7\n";
    for (name, bytes) in [
        ("counts.csv.gz", gzip(table)),
        ("counts.zip", zip(&[("counts.csv", table)])),
        ("counts.dat", table.to_vec()),
    ] {
        let text = add_dataset(folder.path(), name, &bytes).unwrap();
        for part in [
            "kind      = \"text\"",
            "encoding  = \"utf-8\"",
            "type   = \"int\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let wide: Vec<u8> = "\u{feff}stadt;zahl\r\nKöln;12\r\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let text = add_dataset(folder.path(), "utf16be.csv", &wide).unwrap();
    for part in [
        "encoding  = \"utf-16be\"",
        "delimiter = \";\"",
        "name   = \"zahl\"\ntype   = \"int\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn nothing_is_proposed_for_what_is_no_table() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        (
            "a.xlsx",
            zip(&[("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")]),
        ),
        ("a.gpkg", b"SQLite format 3\0\x10\0".to_vec()),
        ("a.csv", b"<html><body>".to_vec()),
        ("a.csv", b"[{\"a\":1}]".to_vec()),
        ("a.txt", b"{\"a\":1}\n{\"a\":2}\n".to_vec()),
        ("a.pdf", b"%PDF-1.7\n".to_vec()),
    ] {
        let refusal = add_dataset(folder.path(), name, &bytes).unwrap_err();
        assert_eq!(
            refusal.code,
            ErrorCode::SourceKindUnknown,
            "{name}: {refusal:#?}"
        );
    }
    let feed = folder.path().join("feed");
    std::fs::create_dir(&feed).unwrap();
    for name in [
        "stops.txt",
        "routes.txt",
        "trips.txt",
        "stop_times.txt",
        "agency.txt",
    ] {
        std::fs::write(feed.join(name), "a,b\n1,2\n").unwrap();
    }
    let about = DraftConfigOptions::default();
    for path in ["feed", "feed/*.txt"] {
        let refusal =
            create_draft_entry(&[path.to_owned()], &folder.path().into(), &about).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SourceKindUnknown, "{refusal:#?}");
        assert!(refusal.sentence.contains("GTFS"), "{refusal:#?}");
    }
    let one = create_draft_entry(
        &["feed/stops.txt".to_owned()],
        &folder.path().into(),
        &about,
    )
    .unwrap();
    assert_eq!(one.name.as_str(), "stops");
}

#[test]
fn the_encoding_of_a_file_is_that_of_all_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let guess = |bytes: &[u8]| {
        std::fs::write(folder.path().join("a.csv"), bytes).unwrap();
        let roots = SourceRoots::of(folder.path());
        let file = SourceFile::new(folder.path().join("a.csv"), "a.csv".to_owned(), roots);
        guess_encoding(&file).map(|encoding| encoding.name())
    };
    // Line after the part from which the layout is inferred.
    let many = "1,plain\n".repeat(100_000);
    let late = |line: &[u8]| [b"a,b\n", many.as_bytes(), line].concat();
    assert_eq!(guess(&late(b"")).unwrap(), "UTF-8");
    assert_eq!(guess(&late("1,Köln\n".as_bytes())).unwrap(), "UTF-8");
    assert_eq!(guess(&late(b"1,K\xf6ln\n")).unwrap(), "windows-1252");
    let refusal = guess(&late("1,K\u{f6}ln\n".as_bytes())).and(guess(
        &[late(b"1,K\xf6ln\n").as_slice(), "1,Zürich\n".as_bytes()].concat(),
    ));
    let refusal = refusal.unwrap_err();
    for part in ["two encodings", "line 100003", "line 100002"] {
        assert!(refusal.sentence.contains(part), "{refusal:#?}");
    }
    let refusal = guess(b"a,b\n1,Bia\xb3ystok\n").unwrap_err();
    assert!(refusal.sentence.contains("line 2"), "{refusal:#?}");
}

#[test]
fn a_file_and_its_packed_copy_do_not_count_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("a.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(data.join("b.csv.gz"), gzip(b"a,b\n3,4\n")).unwrap();
    let about = DraftConfigOptions::default();
    let add = || create_draft_entry(&["data".to_owned()], &folder.path().into(), &about);
    let proposed = add().unwrap();
    assert_eq!((proposed.files, proposed.rows), (2, 2));
    std::fs::write(data.join("a.csv.gz"), gzip(b"a,b\n1,2\n")).unwrap();
    let refusal = add().unwrap_err();
    assert!(refusal.sentence.contains("count twice"), "{refusal:#?}");
}
