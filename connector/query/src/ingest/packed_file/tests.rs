//! Reading of one table in a gzip or zip file, and refusals that name other content.

use super::archive_names::is_outside;
use super::gzip_reader;
use crate::ingest::tests::{events_of, refusal_of};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use hansa_policy::refusal::ErrorCode;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, Crc32Option, ZipArchiveWriter};
use std::io::Write as _;

const TABLE: &[u8] = b"site,n\n1,5\n2,7\n";
const READ: [&str; 3] = ["site & n", "2: 1 & 5", "3: 2 & 7"];

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// Zip file with these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, content) in files {
        if let Some(folder) = name.strip_suffix('/') {
            archive.new_dir(format!("{folder}/")).create().unwrap();
            continue;
        }
        let method = CompressionMethod::DEFLATE;
        let (mut entry, config) = archive
            .new_file(EntryPath::verbatim(name.as_bytes()))
            .compression_method(method)
            .crc32(Crc32Option::Calculate)
            .start()
            .unwrap();
        let packed = DeflateEncoder::new(&mut entry, Compression::default());
        let mut content_writer = config.wrap(packed);
        content_writer.write_all(content).unwrap();
        let (packed, descriptor) = content_writer.finish().unwrap();
        packed.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap()
}

#[track_caller]
fn check_refused(name: &str, bytes: &[u8], code: ErrorCode, parts: &[&str]) {
    let refusal = refusal_of(name, bytes, "text", "");
    assert_eq!(refusal.code, code, "{refusal:#?}");
    let message = format!("{} {}", refusal.sentence, refusal.help.join(" "));
    for part in parts {
        assert!(message.contains(part), "{part}: {refusal:#?}");
    }
}

#[test]
fn one_packed_table_is_read_under_any_name() {
    for name in ["a.csv.gz", "a.gz", "a.csv"] {
        assert_eq!(events_of(name, &gzip(TABLE), "text", "").unwrap(), READ);
    }
    for files in [
        &[("a.csv", TABLE)][..],
        &[("folder/", b""), ("folder/a.csv", TABLE)],
        &[("a.csv", TABLE), ("__MACOSX/._a.csv", b"\0\x05\x16\x07")],
    ] {
        assert_eq!(
            events_of("a.zip", &zip(files), "text", "").unwrap(),
            READ,
            "{files:?}"
        );
    }
}

#[test]
fn a_damaged_gzip_file_is_refused() {
    let unreadable = ErrorCode::SourceUnreadable;
    let whole = gzip(TABLE);
    for end in [3, 9, 12, whole.len() - 9, whole.len() - 5, whole.len() - 1] {
        check_refused("a.csv.gz", &whole[..end], unreadable, &["ends too early"]);
    }
    let checksum = whole.len() - 8;
    for place in [checksum, whole.len() - 4] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        check_refused("a.csv.gz", &changed, unreadable, &["damaged"]);
    }
    let twice = [whole.as_slice(), &whole].concat();
    check_refused("a.csv.gz", &twice, unreadable, &["several parts"]);
    let more = [whole.as_slice(), b"more"].concat();
    check_refused("a.csv.gz", &more, unreadable, &["bytes stand behind"]);
}

#[test]
fn a_zip_file_of_something_else_says_what_is_inside() {
    let unknown = ErrorCode::SourceKindUnknown;
    for (files, parts) in [
        (&[][..], &["nothing in it"][..]),
        (
            &[("a.csv", TABLE), ("b.csv", TABLE)],
            &["`a.csv`, `b.csv`", "unpack"],
        ),
        (
            &[("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")],
            &["workbook of Excel", "CSV"],
        ),
        (
            &[("[Content_Types].xml", b"x"), ("word/document.xml", b"x")],
            &["document of Word"],
        ),
        (
            &[("mimetype", b"x"), ("content.xml", b"x")],
            &["OpenDocument"],
        ),
        (&[("m/a.shp", b"x"), ("m/a.dbf", b"x")], &["Shapefile"]),
        (&[("doc.kml", b"<kml/>")], &["KMZ"]),
        (
            &[
                ("f/stops.txt", b"x"),
                ("f/trips.txt", b"x"),
                ("f/routes.txt", b"x"),
                ("f/stop_times.txt", b"x"),
            ],
            &["GTFS feed"],
        ),
        (&[("a.csv", b"PK\x03\x04")], &["holds another"]),
        (&[("a.csv", b"%PDF-1.7 ")], &["PDF"]),
    ] {
        check_refused("a.zip", &zip(files), unknown, parts);
    }
    check_refused("a.gz", &gzip(&gzip(TABLE)), unknown, &["holds another"]);
}

#[test]
fn a_damaged_zip_file_is_refused() {
    let unreadable = ErrorCode::SourceUnreadable;
    let whole = zip(&[("a.csv", TABLE)]);
    for end in [10, 40, whole.len() - 30, whole.len() - 1] {
        check_refused("a.zip", &whole[..end], unreadable, &["damaged"]);
    }
    check_refused(
        "a.zip",
        &[whole.as_slice(), b"more"].concat(),
        unreadable,
        &["behind its end"],
    );
    check_refused(
        "a.zip",
        &zip(&[("a/../../b.csv", TABLE)]),
        unreadable,
        &["leads out of it"],
    );
    // The checksum in the central directory, which is the one that is verified.
    let directory = whole
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    let mut changed = whole.clone();
    changed[directory + 16] ^= 1;
    check_refused("a.zip", &changed, unreadable, &["checksum"]);
    let mut changed = whole.clone();
    changed[directory + 8] |= 1;
    check_refused(
        "a.zip",
        &changed,
        ErrorCode::SourceKindUnknown,
        &["encrypted"],
    );
    let mut changed = whole.clone();
    changed[directory + 10] = 9;
    check_refused(
        "a.zip",
        &changed,
        ErrorCode::SourceKindUnknown,
        &["another method"],
    );
    let mut changed = whole;
    changed[30] = b'b';
    check_refused("a.zip", &changed, unreadable, &["another name"]);
}

#[test]
fn a_file_that_unpacks_without_end_is_ended() {
    let mut file = tempfile::tempfile().unwrap();
    let mut packed = GzEncoder::new(&mut file, Compression::default());
    let rows = b"1,5\n".repeat(1 << 18);
    for _ in 0..80 {
        packed.write_all(&rows).unwrap();
    }
    packed.finish().unwrap();
    let mut unpacked = gzip_reader(file).unwrap();
    let error = std::io::copy(&mut unpacked, &mut std::io::sink()).unwrap_err();
    assert!(error.to_string().contains("200 times"), "{error}");
}

#[test]
fn paths_out_of_an_archive_are_seen() {
    for name in ["/a", "\\a", "C:a", "a/../b", "a\\..\\b", ".."] {
        assert!(is_outside(name), "{name}");
    }
    for name in ["a", "a/b.csv", "a..b", "Straße/ä.csv"] {
        assert!(!is_outside(name), "{name}");
    }
}

#[test]
fn a_changed_bit_gives_the_same_rows_or_a_refusal() {
    for (name, whole) in [("a.gz", gzip(TABLE)), ("a.zip", zip(&[("a.csv", TABLE)]))] {
        let mut refused = 0;
        for place in 2..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[place] ^= 1 << bit;
                match events_of(name, &changed, "text", "") {
                    Ok(rows) => assert_eq!(rows, READ, "{name}: bit {bit} of byte {place}"),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > whole.len() * 3, "{name}: {refused}");
    }
}
