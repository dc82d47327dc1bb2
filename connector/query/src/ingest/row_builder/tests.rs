//! Conversion of fields to declared types, and counts of unreadable values with their reasons.

use super::RowBuilder;
use crate::ingest::config::parser::parse_datasets;
use crate::ingest::tests::{START, check_problem};
use crate::ingest::{read_source_file, source_files};
use crate::publication::source_preview::{format_value, preview_source};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Typed rows of a file under these lines of a configuration, or the reason why a row or the file is refused.
fn typed_rows(bytes: &[u8], source: &str, columns: &str) -> Result<Vec<String>, Refusal> {
    read_typed(&format!("{START}{source}\n"), bytes, columns)
}

fn read_typed(start: &str, bytes: &[u8], columns: &str) -> Result<Vec<String>, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), bytes).unwrap();
    let text = format!("{start}{columns}");
    let config = parse_datasets(&text, "hansa.toml", folder.path())
        .unwrap()
        .remove(0);
    let file = source_files::list_files(&config.source, &config.folder)?.remove(0);
    let mut rows = RowBuilder::new(&config, "Europe/Berlin", &file.display_name)?;
    let mut found = Vec::new();
    read_source_file(&file, &config.source, &mut |event| {
        rows.take_event(event, &mut |cells| {
            let cells = cells.iter().take(config.columns.len());
            let shown: Vec<String> = cells.map(|cell| format!("{cell:?}")).collect();
            found.push(shown.join(" & "));
            Ok(())
        })
    })?;
    let counts = rows.finish()?;
    for bad in counts.bad.values().flat_map(|bad| &bad.samples) {
        found.push(format!("{}: {}", bad.line, bad.why));
    }
    Ok(found)
}

fn column(name: &str, rest: &str) -> String {
    format!("[[dataset.column]]\nname = \"{name}\"\n{rest}\n")
}

#[test]
fn a_key_in_a_column_of_numbers_is_unreadable() {
    let file = b"code\n10001\n01067\n";
    for kind in ["int", "float"] {
        let rows = typed_rows(file, "", &column("code", &format!("type = \"{kind}\""))).unwrap();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(
            rows[1].starts_with("3: a number with a leading zero"),
            "{rows:?}"
        );
    }
    let dropped = "type = \"int\"\nleading_zeros = \"drop\"";
    let rows = typed_rows(file, "", &column("code", dropped)).unwrap();
    assert_eq!(rows, ["Int(10001)", "Int(1067)"]);
}

#[test]
fn numbers_are_read_in_the_notation_of_their_source_or_column() {
    let file = "n;x;y\n100.000;1.234,5;51.123\n";
    let columns = [
        column("n", "type = \"int\""),
        column("x", "type = \"float\""),
        column("y", "type = \"float\"\ndecimal = \".\""),
    ];
    let source = "delimiter = \";\"\ndecimal = \",\"\nthousands = \".\"";
    let rows = typed_rows(file.as_bytes(), source, &columns.concat()).unwrap();
    assert_eq!(rows, ["Int(100000) & Float(1234.5) & Float(51.123)"]);
    let invalid = ErrorCode::ConfigInvalid;
    let both = format!("{START}thousands = \".\"\n");
    check_problem(&both, invalid, 8, "thousands", "decimal = \",\"");
    let text = format!("{START}{}", column("c", "thousands = \".\""));
    check_problem(
        &text,
        invalid,
        10,
        "thousands",
        "type int, float or decimal",
    );
}

#[test]
fn a_file_without_any_of_the_columns_is_refused() {
    let columns = [
        column("site", "optional = true"),
        column("n", "type = \"int\"\noptional = true"),
    ];
    for (file, part) in [
        (&b"Site;N\nA;1000\n"[..], "has none of the columns"),
        (b"Site,n\nA,1000\n", "has `Site` in place of `site`"),
    ] {
        let refusal = typed_rows(file, "", &columns.concat()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SchemaMismatch);
        assert!(refusal.sentence.contains(part), "{refusal:#?}");
    }
    let rows = typed_rows(b"site\nA\n", "", &columns.concat()).unwrap();
    assert_eq!(rows, ["Text(\"A\") & Null"]);
}

#[test]
fn a_time_outside_the_calendar_says_what_the_calendar_is() {
    let columns = column("ts", "type = \"instant\"");
    let rows = typed_rows(b"ts\n9999-12-31T00:00:00Z\n", "", &columns).unwrap();
    assert!(rows[0].contains("to 9999-12-30T22:00:00Z"), "{rows:?}");
    let rows = typed_rows(b"ts\n9999-12-30T21:59:59Z\n", "", &columns).unwrap();
    assert!(rows[0].starts_with("Instant("), "{rows:?}");
}

#[test]
fn the_hour_that_comes_twice_is_told_by_the_order_of_the_rows() {
    let ts = "type = \"instant\"\nambiguous = \"sequence\"\nformat = \"%Y-%m-%d %H:%M\"";
    let columns = [column("ts", ts), column("n", "type = \"int\"")].concat();
    let file =
        b"ts,n\n2025-10-26 01:00,1\n2025-10-26 02:00,2\n2025-10-26 02:00,3\n2025-10-26 03:00,4\n";
    let rows = typed_rows(file, "", &columns).unwrap();
    let start = 1_761_433_200_000_000_i64;
    let hour = 3_600_000_000_i64;
    let expected = (0..4).map(|at| format!("Instant({}) & Int({})", start + at * hour, at + 1));
    assert_eq!(rows, expected.collect::<Vec<_>>());
    // Rows of two counters are sorted for each of them.
    let unit = START.replace("licence", "unit_column = \"site\"\nlicence");
    let mixed = b"ts,site\n2025-10-26 02:00,a\n2025-10-26 02:00,b\n2025-10-26 02:00,a\n2025-10-26 02:00,b\n";
    let columns = [column("ts", ts), column("site", "")].concat();
    let rows = read_typed(&unit, mixed, &columns).unwrap();
    let instants = [start + hour, start + 2 * hour];
    for (row, at) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
        let instant = format!("Instant({})", instants[at]);
        assert!(rows[row].starts_with(&instant), "{rows:?}");
    }
    let refusal = typed_rows(mixed, "", &columns).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::RowsUnreadable);
    assert!(refusal.sentence.contains("more than once"), "{refusal:#?}");
    let refusal = typed_rows(b"ts\n2025-10-26 02:00\n", "", &column("ts", ts)).unwrap_err();
    assert!(refusal.sentence.contains("never go back"), "{refusal:#?}");
}

#[test]
fn a_preview_keeps_what_stood_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.csv"),
        "wert,n\n12.5,1\n2.500,2\n100.000,03\n",
    )
    .unwrap();
    let columns = [
        column("wert", "type = \"float\""),
        column("n", "type = \"int\""),
    ];
    let text = format!("{START}{}", columns.concat());
    let config = parse_datasets(&text, "hansa.toml", folder.path())
        .unwrap()
        .remove(0);
    let file = source_files::list_files(&config.source, &config.folder)
        .unwrap()
        .remove(0);
    let found = preview_source(&config, "UTC", &file, 3).unwrap();
    let cells = found.rows.iter().flat_map(|row| &row.cells);
    let cells: Vec<String> = cells
        .map(|cell| {
            let value = cell
                .value
                .as_ref()
                .map_or_else(|_| "!".to_owned(), format_value);
            format!("{value} {}", cell.source.as_deref().unwrap_or_default())
        })
        .collect();
    let expected = [
        "12.5 12.5",
        "1 1",
        "2.5 2.500",
        "2 2",
        "100.0 100.000",
        "! 03",
    ];
    assert_eq!(cells, expected);
    assert_eq!(found.counts.bad_rows, 1);
}
