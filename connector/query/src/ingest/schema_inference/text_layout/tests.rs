//! Layouts inferred from the common properties of rows.

use super::TextLayout;
use crate::ingest::config::ColumnHeader;

#[track_caller]
fn check(text: &str, delimiter: char, skip_lines: u32, header: u32) -> TextLayout {
    let layout = TextLayout::of(text);
    let lines = match &layout.header {
        ColumnHeader::Lines(lines) => *lines,
        ColumnHeader::Names(_) => 0,
        ColumnHeader::Numbers => panic!("names are made where nothing names the columns"),
    };
    let seen = (char::from(layout.delimiter), layout.skip_lines, lines);
    assert_eq!(seen, (delimiter, skip_lines, header), "{text}");
    layout
}

#[test]
fn what_stands_between_fields_stands_in_the_most_lines() {
    check("a,b\n1,2\n", ',', 0, 1);
    check("Maß;Wert\na;1,5\nb;2,25\n", ';', 0, 1);
    check("1,5;2,5\n3,5;4,5\n", ';', 0, 0);
    check("a\tb\n1,0\t2,0\n", '\t', 0, 1);
    check("a|b\n1|2\n", '|', 0, 1);
    check(
        "Counts, of 2012\n\nday;n\n01/01/2012;3\n02/01/2012;4\n",
        ';',
        1,
        1,
    );
}

#[test]
fn a_file_without_a_header_is_seen_by_its_first_line() {
    let bare = "2015-11-01T00:45:00,47\n2015-11-01T01:00:00,47\n2015-11-01T01:15:00,48\n";
    let layout = check(bare, ',', 0, 0);
    let names = ["column_1", "column_2"].map(str::to_owned).to_vec();
    assert_eq!(layout.header, ColumnHeader::Names(names));
    check("7,1.5\n8,2.5\n", ',', 0, 0);
    // A single line is a row if it looks like one.
    check("2015-11-01,47\n", ',', 0, 0);
    check("day,n\n", ',', 0, 1);
    // A line of texts is a header, unless its first value occurs again.
    check("site,state\nHafen,open\nInsel,closed\n", ',', 0, 1);
    check("Hafen,open\nInsel,closed\nBahnhof,open\n", ',', 0, 0);
    // Years above numbers are column names.
    check("2019,2020,2021\n7,8,9\n10,11,12\n", ',', 0, 1);
    check("7,8,9\n10,11,12\n", ',', 0, 0);
    check("", ',', 0, 1);
}

#[test]
fn several_lines_may_name_the_columns_and_titles_stand_above() {
    let text = "Air quality\nCity of Example\n\nday;a;b\n;NO2;O3\n;ug/m3;ug/m3\n2020-01-01;1,5;2\n2020-01-02;3;4\n";
    check(text, ';', 2, 3);
    // A line with an unreadable value is no header.
    check("site,n\nHafen,-\nInsel,7\nBahnhof,8\nMarkt,9\n", ',', 0, 1);
    check(
        "day,n\n2020-01-01,-\n2020-01-02,7\n2020-01-03,8\n",
        ',',
        0,
        1,
    );
    // A line with a missing value is no header either.
    check("site,n,m\nHafen,,\nInsel,7,8\nMarkt,9,10\n", ',', 0, 1);
    // A title line padded with delimiters; a first row without values is no title.
    check(
        "Title;;;\nday;a;b;c\n2020-01-01;1;2;3\n2020-01-02;1;2;3\n",
        ';',
        1,
        1,
    );
    check(
        "2020-01-01;;;\n2020-01-02;1;2;3\n2020-01-03;1;2;3\n",
        ';',
        0,
        0,
    );
}

/// Header names become part of the configuration, so they must not contain values of rows.
#[test]
fn a_row_that_lacks_its_moment_or_its_numbers_is_no_header() {
    let rows = "01.02.2020;Eva Beispiel;4,5\n02.02.2020;Uwe Beispiel;5,5\n";
    for first in [
        "k.A.;Max Mustermann;3,5\n",
        "-;Max Mustermann;3,5\n",
        "unbekannt;Max Mustermann;3,5\n",
        "k.A.;Max Mustermann;k.A.\n",
    ] {
        check(&format!("Datum;Name;Wert\n{first}{rows}"), ';', 0, 1);
    }
    let rows = "Eva;1;2;3;4\nUwe;5;6;7;8\nIda;1;2;3;4\n";
    let first = "Max Mustermann;3;defekt;defekt;defekt\n";
    check(&format!("Name;a;b;c;d\n{first}{rows}"), ';', 0, 1);
}

#[test]
fn rows_that_lack_fields_are_counted() {
    let ragged = "day;a;b;c\n01/01/2012;1;2;\n02/01/2012;1;2\n03/01/2012;3;4\n04/01/2012;5;6\n";
    assert_eq!(check(ragged, ';', 0, 1).short, (3, 4));
    // Without a header, the widest row that is not exceptional determines the number of columns.
    let rows = "1;2;3\n".repeat(30) + "1;2\n1;2;3;4;5\n";
    let layout = check(&rows, ';', 0, 0);
    assert_eq!(layout.short, (1, 32));
    assert!(matches!(layout.header, ColumnHeader::Names(names) if names.len() == 3));
}

#[test]
fn no_text_does_more_than_be_looked_at() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let alphabet: Vec<char> = "a1,;\"\n\r\t|-.2020é ".chars().collect();
    for _ in 0..2000 {
        let length = random.random_range(0..120);
        let text: String = (0..length)
            .map(|_| alphabet[random.random_range(0..alphabet.len())])
            .collect();
        let layout = TextLayout::of(&text);
        assert!(layout.short.0 <= layout.short.1, "{text:?}");
    }
}
