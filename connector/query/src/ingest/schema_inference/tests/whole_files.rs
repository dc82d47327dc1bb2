//! Inference from complete files: number marks, keys, dates, files of a folder, header lines, notes and totals.

use super::{holds, in_force, written};
use crate::ingest::config::parser::parse_datasets;
use crate::ingest::schema_inference::draft_config::{
    DraftConfigOptions, DraftDatasetConfig, create_draft_entry,
};

/// Proposed types of a file's columns, with the lines of its source.
pub(super) fn propose_types(files: &[(&str, &str)], path: &str) -> (String, Vec<String>) {
    let folder = written(files);
    let about = DraftConfigOptions::default();
    let draft = create_draft_entry(&[path.to_owned()], &folder.path().into(), &about).unwrap();
    let kinds = draft.columns.iter();
    let kinds = kinds.map(|column| format!("{} {}", column.name, column.kind));
    (draft.text.clone(), kinds.collect())
}

#[test]
fn marks_between_thousands_are_decided_for_a_file_together() {
    let (text, kinds) = propose_types(
        &[(
            "a.csv",
            "ort;einwohner;flaeche\nAhausen;100.000;1.234,5\nBdorf;2.500;987,25\nCstadt;310;12.345,75\n",
        )],
        "a.csv",
    );
    assert_eq!(
        kinds,
        ["ort text", "einwohner int", "flaeche float"],
        "{text}"
    );
    holds(&text, &["decimal   = \",\"\nthousands = \".\""]);
    // The numbers alone have two readings: no type is proposed, and the settings are named.
    let alone = "ort;einwohner\nAhausen;100.000\nBdorf;2.500\nCstadt;310\n";
    let (text, kinds) = propose_types(&[("a.csv", alone)], "a.csv");
    assert_eq!(kinds, ["ort text", "einwohner text"], "{text}");
    for part in [
        "# It stays text: its values fit two readings",
        "thousands = \".\"",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_key_anywhere_in_a_file_keeps_its_column_text() {
    let mut codes = "code,n\n".to_owned();
    for number in 0..3000 {
        codes.push_str(&format!("{},{number}\n", 10_000 + number));
    }
    codes.push_str("01067,1\n");
    let (text, kinds) = propose_types(&[("a.csv", &codes)], "a.csv");
    assert_eq!(kinds, ["code text", "n int"], "{text}");
    // A text in a typed file stays a text.
    let feature = |plz: &str| {
        format!(
            "{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[9.5,47.5]}},\
             \"properties\":{{\"plz\":{plz}}}}}"
        )
    };
    for (plz, kind) in [("\"48143\"", "plz text"), ("48143", "plz int")] {
        let features = feature(plz);
        let json = format!("{{\"type\":\"FeatureCollection\",\"features\":[{features}]}}");
        let (text, kinds) = propose_types(&[("a.geojson", &json)], "a.geojson");
        assert!(kinds.contains(&kind.to_owned()), "{kinds:?} {text}");
    }
}

#[test]
fn dates_that_fit_two_readings_are_asked() {
    for (value, kind, part) in [
        ("01/02/2024", "text", "format = \"%m/%d/%Y\""),
        ("13/02/2024", "date", "format = \"%d/%m/%Y\""),
        ("02/13/2024 10:00", "instant", "format = \"%m/%d/%Y %H:%M\""),
        ("01.02.24", "text", "format = \"%d.%m.%y\""),
        ("01.02.2024", "date", "format = \"%d.%m.%Y\""),
    ] {
        let (text, kinds) = propose_types(&[("a.csv", &format!("n;day\n7;{value}\n"))], "a.csv");
        let day = format!("day {kind}");
        assert!(
            kinds.contains(&day) && text.contains(part),
            "{value}\n{text}"
        );
    }
}

#[test]
fn a_file_of_a_folder_that_is_written_otherwise_is_refused_with_its_name() {
    let first = ("m/1.csv", "site,n,temp\nA,1,2\nB,2,3\n");
    for other in [
        "Site;N;Temp\nA;1000;9\n",
        "Site,n,temp\nA,1000,9\n",
        "A,1000,9\nB,2000,8\n",
        "",
    ] {
        let folder = written(&[first, ("m/2.csv", other)]);
        let about = DraftConfigOptions::default();
        let refusal =
            create_draft_entry(&["m".to_owned()], &folder.path().into(), &about).unwrap_err();
        assert!(
            refusal.sentence.contains("m/2.csv"),
            "{other}: {refusal:#?}"
        );
    }
    // Another column order, an additional column, and integers in one file where another has fractions.
    let second = ("m/2.csv", "site,temp,n\nA,5,10\n");
    let third = ("m/3.csv", "site,n,temp,note\nA,100,7.5,ok\n");
    let (text, kinds) = propose_types(&[first, second, third], "m");
    let expected = ["site text", "n int", "temp float", "note text", "file text"];
    assert_eq!(kinds, expected, "{text}");
    // Number marks of one file that contradict those of another.
    let comma = ("m/2.csv", "site,n,temp\nA,1,\"7,5\"\n");
    let point = ("m/3.csv", "site,n,temp\nA,1,7.5\n");
    let (text, kinds) = propose_types(&[first, comma, point], "m");
    assert!(kinds.contains(&"temp text".to_owned()), "{text}");
}

/// Draft for one file.
fn draft(text: &str, skip_last_lines: Option<u32>) -> DraftDatasetConfig {
    let folder = written(&[("a.csv", text)]);
    let about = DraftConfigOptions {
        licence: Some("x".to_owned()),
        skip_last_lines,
        ..DraftConfigOptions::default()
    };
    let draft = create_draft_entry(&["a.csv".to_owned()], &folder.path().into(), &about).unwrap();
    parse_datasets(&draft.text, "hansa.toml", folder.path()).unwrap();
    draft
}

fn kinds(draft: &DraftDatasetConfig) -> Vec<String> {
    let columns = draft.columns.iter();
    columns
        .map(|column| format!("{} {}", column.name, column.kind))
        .collect()
}

#[test]
fn merged_cells_and_repeated_headers_name_the_columns() {
    let merged = draft(
        "Station;2024;;2025;\n;männl.;weibl.;männl.;weibl.\nNord;1;2;3;4\nSüd;5;6;7;8\n",
        None,
    );
    holds(
        &merged.text,
        &[
            "header_rows = 2",
            "from   = '2024|männl.'",
            "from   = '2025|weibl.'",
        ],
    );
    assert_eq!(merged.rows, 2, "{}", merged.text);
    let years = draft(
        "Station;Frauen;;Männer;\n;2024;2025;2024;2025\nNord;1;2;3;4\nSüd;5;6;7;8\n",
        None,
    );
    holds(&years.text, &["header_rows = 2", "from   = 'Frauen|2025'"]);
    let joined = draft("Straße;Zahl\r\nA;1\r\nStraße;Zahl\r\nB;2\r\n", None);
    assert_eq!(
        kinds(&joined),
        ["strasse text", "zahl int"],
        "{}",
        joined.text
    );
    assert_eq!((joined.rows, joined.unread.rows), (2, 0));
    // With the byte order mark of the second file the line is refused.
    let marked = "\u{feff}Straße;Zahl\nA;1\n\u{feff}Straße;Zahl\nB;2\n";
    let folder = written(&[("a.csv", marked)]);
    let about = DraftConfigOptions::default();
    let refusal =
        create_draft_entry(&["a.csv".to_owned()], &folder.path().into(), &about).unwrap_err();
    assert!(refusal.sentence.contains("line 3"), "{refusal:#?}");
}

#[test]
fn the_line_of_spreadsheets_is_no_header() {
    let draft = draft("sep=;\nstadt;zahl\nKöln;1,5\nUlm;2,5\n", None);
    assert_eq!(
        kinds(&draft),
        ["stadt text", "zahl float"],
        "{}",
        draft.text
    );
    holds(&draft.text, &["delimiter = \";\"", "decimal   = \",\""]);
    assert!(
        !in_force(&draft.text).join("\n").contains("skip_lines"),
        "{}",
        draft.text
    );
}

#[test]
fn notes_and_totals_below_the_rows_are_seen() {
    let notes = "Bezirk;Einwohner\nNord;1000\nSüd;2500\nWest;700\nInsgesamt;4200\n\nStand: 31.12.2025\n1) vorläufig\n";
    let seen = draft(notes, None);
    holds(&seen.text, &["skip_last_lines = 2"]);
    assert_eq!((seen.rows, seen.unread.rows), (4, 0), "{}", seen.text);
    assert!(!seen.text.contains("short_rows"), "{}", seen.text);
    let total = seen.total.unwrap();
    assert_eq!((total.line, total.lines, total.notes), (5, 4, 2));
    assert!(
        seen.questions[0].contains("--skip-last-lines 4"),
        "{:?}",
        seen.questions
    );
    let said = draft(notes, Some(4));
    assert_eq!((said.rows, said.total, said.unread.rows), (3, None, 0));
    // Notes without a separating line cause a question.
    let close = draft("a;b\nNord;1000\nSüd;2500\nWest;700\nStand: 2025\n", None);
    assert!(
        close.text.contains("# skip_last_lines = 1"),
        "{}",
        close.text
    );
    assert!(
        close.questions[0].contains("are these notes?"),
        "{:?}",
        close.questions
    );
    for (rows, found) in [
        ("Nord,1000\nSüd,2500\nWest,700\nInsgesamt,4200\n", true),
        ("Nord,1000\nSüd,2500\nWest,700\nLindau,4200\n", true),
        // A word for a total, with rounded numbers.
        ("Nord,1000\nSüd,2500\nWest,700\nSumme,4000\n", true),
        ("Nord,1000\nSüd,2500\nWest,700\nOst,4000\n", false),
        ("Summe,1000\nSüd,2500\nWest,700\nSumme,4000\n", false),
    ] {
        let draft = draft(&format!("bezirk,einwohner\n{rows}"), None);
        assert_eq!(draft.total.is_some(), found, "{rows}");
    }
}

#[test]
fn a_look_ends_with_what_was_assumed_and_three_questions_at_most() {
    let draft = draft(
        "a;b;c;d\n1.000;01.02.24;2,000;3.000\n7;03.04.24;5;4\n",
        None,
    );
    assert_eq!(draft.questions.len(), 3, "{:?}", draft.questions);
    assert!(
        draft.questions[2].contains("(1 more such"),
        "{:?}",
        draft.questions
    );
    let assumed = draft.assumptions.join("\n");
    assert!(assumed.contains("separated by `;`"), "{assumed}");
    for value in ["01.02.24", "2,000", "3.000"] {
        assert!(!draft.text.contains(value), "{}", draft.text);
    }
    let values = "n\n".to_owned() + &"7\n".repeat(20) + "k.A.\n";
    let draft = self::draft(&values, None);
    assert!(
        draft.text.contains("all but 1 of its values are numbers"),
        "{}",
        draft.text
    );
}
