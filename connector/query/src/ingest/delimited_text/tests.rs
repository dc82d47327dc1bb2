//! Files with titles above the header, without a header, or with rows that lack their last fields.

use crate::ingest::config::parser::parse_datasets;
use crate::ingest::config::recipe_text::recipe_text;
use crate::ingest::tests::{START, check_problem, check_text, events};
use hansa_policy::refusal::ErrorCode;
use std::path::Path;

/// Name of the count of rows without their last fields.
const FILLED: &str = "row without its last fields, which have no value";

#[test]
fn rows_without_their_last_fields_are_filled_where_the_source_says_so() {
    let ragged = b"day;a;b;c\n1;2;3;\n4;5;6\n7\n8;9;10;11;12\n";
    let keys = "delimiter = \";\"\n";
    // By default each such row is unreadable, as a row with too many fields always is.
    check_text(
        ragged,
        keys,
        &["day & a & b & c", "2: 1 & 2 & 3 & ", "3!", "4!", "5!"],
    );
    check_text(
        ragged,
        &format!("{keys}short_rows = \"refuse\""),
        &["day & a & b & c", "2: 1 & 2 & 3 & ", "3!", "4!", "5!"],
    );
    check_text(
        ragged,
        &format!("{keys}short_rows = \"null\""),
        &[
            "day & a & b & c",
            "2: 1 & 2 & 3 & ",
            FILLED,
            "3: 4 & 5 & 6 & ",
            FILLED,
            "4: 7 &  &  & ",
            "5!",
        ],
    );
    // The line feed of a CRLF belongs to no field, wherever the row ends.
    check_text(
        b"a,b,c\r\n1,2\r\n\r\n3,4,5\r\n",
        "short_rows = \"null\"",
        &["a & b & c", FILLED, "2: 1 & 2 & ", "4: 3 & 4 & 5"],
    );
}

#[test]
fn a_file_without_a_header_has_columns_by_number_or_by_the_names_of_its_source() {
    let bare = b"2015-11-01T00:45:00,47\n2015-11-01T01:00:00,48\n";
    check_text(
        bare,
        "header_rows = 0",
        &[
            "1 & 2",
            "1: 2015-11-01T00:45:00 & 47",
            "2: 2015-11-01T01:00:00 & 48",
        ],
    );
    check_text(
        bare,
        "header_rows = 0\ncolumns = [\"at\", \"load\"]",
        &[
            "at & load",
            "1: 2015-11-01T00:45:00 & 47",
            "2: 2015-11-01T01:00:00 & 48",
        ],
    );
    // Declared names determine the number of columns; otherwise the first row does.
    check_text(
        b"\r\n1,2\n3\n4,5,6\n",
        "header_rows = 0\nshort_rows = \"null\"",
        &["1 & 2", "2: 1 & 2", FILLED, "3: 3 & ", "4!"],
    );
    check_text(
        b"1,2\n4,5,6\n",
        "header_rows = 0\ncolumns = [\"a\", \"b\", \"c\"]",
        &["a & b & c", "1!", "2: 4 & 5 & 6"],
    );
    check_text(b"", "header_rows = 0\ncolumns = [\"a\"]", &["a"]);
    let refusal = events(b"\n\n", "header_rows = 0").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceUnreadable);
    assert!(refusal.help.join(" ").contains("columns ="), "{refusal:#?}");
}

#[test]
fn lines_above_the_header_belong_to_nothing_and_are_counted() {
    // A quotation mark in a title line has no effect.
    check_text(
        b"Zaehlung \"2012\r\n\r\nday,n\r\n1,2\r\n3\r\n",
        "skip_lines = 2",
        &["day & n", "4: 1 & 2", "5!"],
    );
    check_text(
        b"title\n1,2\n",
        "skip_lines = 1\nheader_rows = 0",
        &["1 & 2", "2: 1 & 2"],
    );
    check_text(
        b"title\na,b\nx,y\n1,2\n",
        "skip_lines = 1\nheader_rows = 2",
        &["a|x & b|y", "4: 1 & 2"],
    );
    let refusal = events(b"title\n", "skip_lines = 9").unwrap_err();
    assert!(
        refusal.sentence.contains("ends before its header"),
        "{refusal:#?}"
    );
    let refusal = events(b"title\na\n\xff\n", "skip_lines = 1").unwrap_err();
    assert!(
        refusal.sentence.contains("line 3 is not UTF-8"),
        "{refusal:#?}"
    );
}

#[test]
fn a_quote_that_is_never_closed_ends_the_reading_with_its_line() {
    for (bytes, keys, line) in [
        (&b"a,b\n1,2\n3,\"x\n5,6\n"[..], "", 3),
        (b"a,b\n1,2\n3,\"x", "", 3),
        (b"a,b\n1,2\n3,\"", "", 3),
        (b"a,b\r\n1,2\r\n\"3,x\r\n5,6\r\n", "", 3),
        // The preceding field spans two lines and is closed.
        (b"a,b\n\"1\n1\",\"2\n3,4\n", "", 3),
        (b"a,\"b\n1,2\n", "", 1),
        (b"title \"\na,b\n1,2\n3,\"x\n", "skip_lines = 1", 4),
        (b"1,\"2\n3,4\n", "header_rows = 0", 1),
        (b"a,b\n1,2\n\"3\n4,5\n", "short_rows = \"null\"", 3),
        (b"a\x1fb\n1\x1f\"2\n3\x1f4\n", "delimiter = \"\\u001F\"", 2),
    ] {
        let refusal = events(bytes, keys).unwrap_err();
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(refusal.code, ErrorCode::SourceUnreadable, "{shown}");
        let text = format!("a quote opened in line {line} is not closed");
        assert!(refusal.sentence.contains(&text), "{shown}: {refusal:#?}");
        let location = refusal.location.unwrap();
        assert_eq!(location.line, Some(line), "{shown}");
    }
    // For any end of the file and any last field.
    for (bytes, last) in [
        (&b"a,b\n1,2"[..], "2: 1 & 2"),
        (b"a,b\n1,2\r", "2: 1 & 2"),
        (b"a,b\r\n1,2\r\n", "2: 1 & 2"),
        (b"a,b\n1,2\n\n\n", "2: 1 & 2"),
        (b"a,b\n1,\"2\"", "2: 1 & 2"),
        (b"a,b\n1,\"2\n\"", "2: 1 & 2\n"),
        (b"a,b\n1,2\"", "2: 1 & 2\""),
        (b"a,b\n1,\"2\" \"", "2!"),
    ] {
        check_text(bytes, "", &["a & b", last]);
    }
    check_text(
        b"a\x1fb\n1\x1f2",
        "delimiter = \"\\u001F\"",
        &["a & b", "2: 1 & 2"],
    );
    // A row that equals the sentinel row is an ordinary row.
    check_text(
        b"a\n\x1f\x1f\n1\n\x1f\x1f",
        "",
        &["a", "2: \x1f\x1f", "3: 1", "4: \x1f\x1f"],
    );
}

#[test]
fn a_row_over_several_lines_is_not_filled() {
    check_text(
        b"a,b,c\n1,2\n3,\"x\n4,5,6\n7,\"\n8,9,10\n",
        "short_rows = \"null\"",
        &[
            "a & b & c",
            FILLED,
            "2: 1 & 2 & ",
            "3!",
            "4!",
            "5!",
            "6: 8 & 9 & 10",
        ],
    );
}

#[test]
fn lines_below_the_rows_belong_to_nothing() {
    let notes = "a;b\r\n1;2\r\n\r\nSource: x\r\n1) y\r\n\r\n\r\n".as_bytes();
    let keys = "delimiter = \";\"\nskip_last_lines";
    check_text(notes, &format!("{keys} = 2"), &["a & b", "2: 1 & 2"]);
    check_text(notes, &format!("{keys} = 1"), &["a & b", "2: 1 & 2", "4!"]);
    check_text(b"a;b\n1;2", &format!("{keys} = 1"), &["a & b"]);
    let refusal = events(b"a;b\n1;2", &format!("{keys} = 9")).unwrap_err();
    assert!(
        refusal.sentence.contains("ends before its header"),
        "{refusal:#?}"
    );
}

#[test]
fn a_header_that_stands_again_is_no_row() {
    let again = "header line that stands again among the rows";
    let joined = "\u{feff}\"Straße\";\"Zahl\"\r\n\"A\";1\r\n\"Straße\";\"Zahl\"\r\n\"B\";2\r\n";
    check_text(
        joined.as_bytes(),
        "delimiter = \";\"",
        &["Straße & Zahl", "2: A & 1", again, "4: B & 2"],
    );
    // A single value may equal the name of its column.
    check_text(b"a\n1\na\n", "", &["a", "2: 1", "3!"]);
}

#[test]
fn the_line_that_names_the_delimiter_is_no_header() {
    let expected = ["stadt & zahl", "3: Ulm & 2,5"];
    for keys in ["", "delimiter = \";\"", "skip_lines = 1"] {
        check_text(b"sep=;\r\nstadt;zahl\r\nUlm;2,5\r\n", keys, &expected);
    }
    let titled = b"\"sep=;\"\nTitle\nstadt;zahl\nUlm;2,5\n";
    check_text(titled, "skip_lines = 2", &["stadt & zahl", "4: Ulm & 2,5"]);
}

#[test]
fn keys_that_say_nothing_of_the_file_are_refused() {
    let invalid = ErrorCode::ConfigInvalid;
    let source = |rest: &str| format!("{START}{rest}\n");
    check_problem(
        &source("columns = [\"a\"]"),
        invalid,
        8,
        "columns",
        "header_rows = 0",
    );
    check_problem(
        &source("header_rows = 0\ncolumns = []"),
        invalid,
        9,
        "columns",
        "names no column",
    );
    check_problem(
        &source("header_rows = 51"),
        invalid,
        8,
        "header_rows",
        "from 0 to 50",
    );
    check_problem(
        &source("skip_lines = 1001"),
        invalid,
        8,
        "skip_lines",
        "from 0 to 1000",
    );
    check_problem(
        &source("skip_last_lines = 1001"),
        invalid,
        8,
        "skip_last_lines",
        "from 0 to 1000",
    );
    check_problem(
        &source("short_rows = \"drop\""),
        invalid,
        8,
        "short_rows",
        "refuse, null",
    );
}

/// The recipe of a feed is made of this text: a feed that was begun before these keys existed goes on.
#[test]
fn a_source_that_says_nothing_new_has_the_recipe_that_it_had() {
    let recipe = |keys: &str| {
        let text = format!("{START}{keys}");
        let config = parse_datasets(&text, "hansa.toml", Path::new("."))
            .unwrap()
            .remove(0);
        recipe_text(&config.source)
    };
    let before = "SourceConfig { place: Spot { file: \"hansa.toml\", line: 5 }, kind: Text, paths: [\"a.csv\"], \
                  delimiter: 44, encoding: Encoding { name: \"UTF-8\", .. }, header_rows: 3, nulls: [\"\"], decimal: '.', \
                  skip_columns: [], in_place: None }";
    assert_eq!(recipe("header_rows = 3"), before);
    let keys = [
        "header_rows = 0",
        "header_rows = 0\ncolumns = [\"a\"]",
        "header_rows = 3\nskip_lines = 1",
        "header_rows = 3\nshort_rows = \"null\"",
    ];
    let mut reported: Vec<String> = keys.iter().map(|keys| recipe(keys)).collect();
    reported.push(before.to_owned());
    reported.sort();
    reported.dedup();
    assert_eq!(reported.len(), 5, "each key makes another recipe");
}

#[test]
fn a_quotation_mark_inside_a_quoted_field_makes_its_lines_unreadable() {
    let check = |text: &str, expect: &[&str]| check_text(text.as_bytes(), "", expect);
    check(
        "\"id\",\"name\",\"n\"\n\"1\",\"Stop A\",\"5\"\n\"2\",\"Land \" Cattle\",\"7\"\n\"3\",\"Stop C\",\"9\"\n",
        &[
            "id & name & n",
            "2: 1 & Stop A & 5",
            "3!",
            "4: 3 & Stop C & 9",
        ],
    );
    // A mark with another escape, a blank after a field, a doubled mark, a mark in an unquoted field.
    check(
        "a,b\n1,\"x \\\"y\\\" z\"\n2,\"x\" \n",
        &["a & b", "2!", "3!"],
    );
    check(
        "a,b\n1,\"x \"\"y\"\"\"\n2,x \"y\"\n3, \"x\"\n",
        &["a & b", "2: 1 & x \"y\"", "3: 2 & x \"y\"", "4: 3 &  \"x\""],
    );
    // A wrong quotation mark swallows the lines up to the next one.
    check(
        "a,b\n1,\"x\n2,y\n3,\"z\"\n4,w\n",
        &["a & b", "2!", "3!", "4!", "5: 4 & w"],
    );
    check(
        "a,b\r\n1,\"x\"\r\n2,\"y\"",
        &["a & b", "2: 1 & x", "3: 2 & y"],
    );
    let refusal = events(b"a,\"b\"x\n1,2\n", "").unwrap_err();
    assert!(refusal.sentence.contains("header"), "{refusal:#?}");
    assert_eq!(refusal.location.unwrap().line, Some(1));
}

#[test]
fn a_carriage_return_alone_ends_no_line() {
    let refusal = events(b"a,b\r1,2\r3,4\r", "").unwrap_err();
    assert!(refusal.sentence.contains("carriage return"), "{refusal:#?}");
    check_text(
        b"a,b\n1,2\r3,4\n5,\"x\ry\"\n",
        "",
        &["a & b", "2!", "3: 5 & x\ry"],
    );
}

#[test]
fn a_row_has_the_line_that_it_begins_in() {
    check_text(
        b"a,b\n\n\n1,2\n\n3\n4,5\n",
        "",
        &["a & b", "4: 1 & 2", "6!", "7: 4 & 5"],
    );
}
