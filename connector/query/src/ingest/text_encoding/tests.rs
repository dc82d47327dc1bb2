//! Declared encodings, and refusals of contradictions with their line numbers.

use super::{scan_lines, stated_encoding};
use crate::ingest::tests::{events_of, refusal_of};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use hansa_policy::refusal::ErrorCode;

fn wide(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let units = text.encode_utf16();
    units
        .flat_map(|unit| {
            if encoding == UTF_16BE {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

#[track_caller]
fn check_refused(bytes: &[u8], keys: &str, parts: &[&str]) {
    let refusal = refusal_of("a.csv", bytes, "text", keys);
    assert_eq!(refusal.code, ErrorCode::SourceUnreadable, "{refusal:#?}");
    let message = format!("{} {}", refusal.sentence, refusal.help.join(" "));
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn utf_16_is_read_with_its_mark_and_without() {
    for (encoding, name) in [(UTF_16BE, "utf-16be"), (UTF_16LE, "utf-16le")] {
        let keys = format!("delimiter = \";\"\nencoding = \"{name}\"\n");
        for mark in ["\u{feff}", ""] {
            let text = format!("{mark}stadt;zahl\r\nKöln;12\r\nZürich;34\r\n");
            let bytes = wide(&text, encoding);
            assert_eq!(
                events_of("a.csv", &bytes, "text", &keys).unwrap(),
                ["stadt & zahl", "2: Köln & 12", "3: Zürich & 34"]
            );
            let stated = stated_encoding(&bytes).unwrap();
            assert_eq!(
                (stated.encoding, stated.has_mark),
                (encoding, !mark.is_empty())
            );
            check_refused(
                &bytes,
                "delimiter = \";\"\n",
                &[&format!("encoding = \"{name}\"")],
            );
        }
    }
    // An unpaired surrogate, alone or at the end, and half a code unit.
    let keys = "encoding = \"utf-16le\"\n";
    for bytes in [
        [
            wide("\u{feff}a\n1\n", UTF_16LE),
            vec![0x3d, 0xd8],
            wide("\n", UTF_16LE),
        ]
        .concat(),
        [wide("\u{feff}a\n1\n", UTF_16LE), vec![0x3d, 0xd8]].concat(),
        [wide("\u{feff}a\n1\n", UTF_16LE), vec![b'2']].concat(),
    ] {
        check_refused(&bytes, keys, &["line 3 is not UTF-16LE"]);
    }
    check_refused(b"a,b\n1,2\n", keys, &["not those of UTF-16LE"]);
    let refusal = refusal_of("a.csv", &wide("a,b\n1,\0\n", UTF_16LE), "text", keys);
    assert_eq!(refusal.code, ErrorCode::SourceKindUnknown, "{refusal:#?}");
    check_refused(&wide("\u{feff}a,b\n1,\0\n", UTF_16LE), keys, &["NUL"]);
    check_refused(
        &wide("\u{feff}a,b\n1,2\n", UTF_16BE),
        keys,
        &["mark of UTF-16BE", "encoding = \"utf-16be\""],
    );
    assert_eq!(stated_encoding(b"a,b\n"), None);
    assert_eq!(stated_encoding(b"a,b\n1,\0\n"), None);
    let text = "Город,Число\nМосква,1\nКиїв,2\n";
    for encoding in [UTF_16BE, UTF_16LE] {
        let stated = stated_encoding(&wide(text, encoding)).unwrap();
        assert_eq!(stated.encoding, encoding);
    }
}

#[test]
fn a_mark_of_utf_8_is_believed_and_stands_once() {
    let text = "\u{feff}a,b\n1,ä\n";
    assert_eq!(stated_encoding(text.as_bytes()).unwrap().encoding, UTF_8);
    assert_eq!(
        events_of("a.csv", text.as_bytes(), "text", "").unwrap(),
        ["a & b", "2: 1 & ä"]
    );
    check_refused(
        text.as_bytes(),
        "encoding = \"latin-1\"\n",
        &["mark of UTF-8"],
    );
    let twice = format!("{text}{text}");
    check_refused(
        twice.as_bytes(),
        "",
        &["line 3 begins with a byte order mark"],
    );
    // Within a line it may be a character of a text.
    let within = "a,b\n1,x\u{feff}y\n";
    assert_eq!(
        events_of("a.csv", within.as_bytes(), "text", "").unwrap(),
        ["a & b", "2: 1 & x\u{feff}y"]
    );
}

#[test]
fn two_encodings_in_one_file_are_found_with_their_lines() {
    let latin = b"a,b\n1,K\xf6ln\n2,x\n".to_vec();
    let both = [latin.as_slice(), "3,Zürich\n".as_bytes()].concat();
    check_refused(&both, "", &["line 2 is not UTF-8"]);
    check_refused(&both, "encoding = \"latin-1\"\n", &["line 4", "line 2"]);
    check_refused(
        "a,b\n1,Köln\n".as_bytes(),
        "encoding = \"latin-1\"\n",
        &["line 2 is written in UTF-8"],
    );
    // The byte for ü in the code pages of DOS.
    check_refused(
        b"a,b\n1,Z\x81rich\n",
        "encoding = \"latin-1\"\n",
        &["line 2 holds a byte"],
    );
    assert_eq!(
        events_of("a.csv", &latin, "text", "encoding = \"latin-1\"\n").unwrap(),
        ["a & b", "2: 1 & Köln", "3: 2 & x"]
    );
    let scan = scan_lines(&mut both.as_slice(), 1000).unwrap();
    assert_eq!((scan.utf8_line(), scan.other_line()), (Some(4), Some(2)));
}

#[test]
fn letters_of_other_encodings_are_no_latin_1() {
    let unlikely = |bytes: &[u8]| {
        let mut bytes = bytes;
        scan_lines(&mut bytes, 1000).unwrap().unlikely_line()
    };
    // Köln in code page 850, Białystok in windows-1250, Москва in windows-1251.
    assert_eq!(unlikely(b"a\nK\x94ln\n"), Some(2));
    assert_eq!(unlikely(b"a\nBia\xb3ystok\n"), Some(2));
    assert_eq!(unlikely(b"a\n\xcc\xee\xf1\xea\xe2\xe0\n"), Some(2));
    for latin in [
        &b"K\xf6ln, Stra\xdfe"[..],
        b"l\x92eau, col\xb7legi, 5 \xb5g/m\xb3",
        b"K\xf6ln\x96Bonn, \x84so\x93, \x80 5",
        b"na\xefve, \xc9\xc8, \xa1hola! \xbfqu\xe9?",
    ] {
        assert_eq!(unlikely(latin), None, "{latin:?}");
    }
}
