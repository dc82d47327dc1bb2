//! Parser of `[dataset.source]` and of the small tables in `[dataset.lookup]`.

use super::in_place_section;
use super::table_value::table_location;
use crate::ingest::bounded_reader::{MOST_ROW_BYTES, USUAL_ROW_BYTES};
use crate::ingest::config::{ColumnHeader, ShortRowHandling, SourceConfig, SourceKind};
use crate::ingest::number_notation::{LeadingZeroRule, ThousandsMark};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_toml_reader::TomlTable;
use std::collections::BTreeMap;
use std::path::Path;

/// Parses a source. `folder` is the folder of the configuration file; it is given for a dataset and absent for a small table, which
/// permits fewer settings.
pub(super) fn parse_source(table: TomlTable<'_>, folder: Option<&Path>) -> Option<SourceConfig> {
    let source_location = table_location(&table);
    let kind = table.word("kind", &SourceKind::ALL);
    let paths = table.texts("path").unwrap_or_default();
    let in_place = folder
        .and_then(|folder| in_place_section::parse_in_place_config(&table, kind, &paths, folder));
    if folder.is_none() && kind == Some(SourceKind::Postgres) {
        table.add_problem("kind", "a table of `prepare` is copied out of files");
    }
    if kind != Some(SourceKind::Postgres) && paths.is_empty() {
        table.add_problem(
            "path",
            "a source needs `path`: a file, a folder, or a pattern with `*`",
        );
    }
    let delimiter = table.text("delimiter").unwrap_or_else(|| ",".to_owned());
    let delimiter = match delimiter.as_bytes() {
        [one] => *one,
        _ => {
            table.add_problem("delimiter", "`delimiter` is one ASCII character");
            b','
        }
    };
    let label = table.text("encoding").unwrap_or_else(|| "utf-8".to_owned());
    let encoding = find_encoding(&label);
    if encoding.is_none() {
        table.add_problem(
            "encoding",
            format!(
                "no encoding is called `{label}`; utf-8, latin-1, windows-1252, utf-16le and utf-16be are"
            ),
        );
    }
    let decimal = table.word("decimal", &DECIMAL_MARKS).unwrap_or('.');
    let thousands = parse_thousands_mark(&table, decimal);
    let leading_zeros = table.word("leading_zeros", &LeadingZeroRule::ALL);
    let skip_lines = table.integer("skip_lines", 0).unwrap_or(0);
    if skip_lines > 1000 {
        table.add_problem("skip_lines", "`skip_lines` is from 0 to 1000");
    }
    let skip_last_lines = table.integer("skip_last_lines", 0).unwrap_or(0);
    if skip_last_lines > 1000 {
        table.add_problem("skip_last_lines", "`skip_last_lines` is from 0 to 1000");
    }
    let max_row_bytes = table.integer("max_row_bytes", 0).unwrap_or(USUAL_ROW_BYTES);
    if !(1..=MOST_ROW_BYTES).contains(&max_row_bytes) {
        table.add_problem(
            "max_row_bytes",
            format!("`max_row_bytes` is from 1 to {MOST_ROW_BYTES}"),
        );
    }
    let header = parse_header(&table);
    let short_rows = table.word("short_rows", &ShortRowHandling::ALL);
    let config = SourceConfig {
        location: source_location,
        kind: kind.unwrap_or(SourceKind::Text),
        paths,
        delimiter,
        encoding: encoding.unwrap_or(encoding_rs::UTF_8),
        skip_lines,
        skip_last_lines,
        header,
        short_rows: short_rows.unwrap_or_default(),
        nulls: table.texts("nulls").unwrap_or_else(|| vec![String::new()]),
        decimal,
        thousands,
        leading_zeros: leading_zeros.unwrap_or_default(),
        skip_columns: table.texts("skip_columns").unwrap_or_default(),
        in_place,
        max_row_bytes,
    };
    table.finish();
    Some(config)
}

/// Thousands separator, which must differ from the decimal mark.
pub(super) fn parse_thousands_mark(table: &TomlTable<'_>, decimal: char) -> Option<ThousandsMark> {
    let mark = table.word("thousands", &ThousandsMark::ALL)?;
    if ThousandsMark::of(decimal) == Some(mark) {
        let help = match mark {
            ThousandsMark::Point => "add decimal = \",\"",
            _ => "add decimal = \".\"",
        };
        let sentence = format!("`thousands` is the decimal mark, too: {help}");
        table.add_problem("thousands", sentence);
        return None;
    }
    Some(mark)
}

/// Decimal marks by name.
pub(super) const DECIMAL_MARKS: [(&str, char); 2] = [(".", '.'), (",", ',')];

/// Source of the column names.
fn parse_header(table: &TomlTable<'_>) -> ColumnHeader {
    let rows = table.integer("header_rows", 0).unwrap_or(1);
    if rows > 50 {
        table.add_problem("header_rows", "`header_rows` is from 0 to 50");
    }
    let names = table.texts("columns");
    match (rows, names) {
        (0, None) => ColumnHeader::Numbers,
        (0, Some(names)) => {
            if names.is_empty() {
                table.add_problem("columns", "`columns` names no column");
            }
            ColumnHeader::Names(names)
        }
        (rows, names) => {
            if names.is_some() {
                table.add_problem(
                    "columns",
                    "`columns` names those of files without a header: add header_rows = 0",
                );
            }
            ColumnHeader::Lines(rows)
        }
    }
}

/// Small tables by name.
pub(super) fn parse_lookups(table: TomlTable<'_>) -> BTreeMap<SqlIdentifier, SourceConfig> {
    let mut found = BTreeMap::new();
    for value in table.values() {
        let key = value.key;
        let name = key
            .parse::<SqlIdentifier>()
            .ok()
            .filter(|name| name.as_str() != "source");
        let Some(name) = name else {
            let sentence = format!("`{key}` can't name a table of `prepare`");
            table.refuse(key, Refusal::new(ErrorCode::ConfigInvalid, sentence));
            continue;
        };
        let read = value.table().and_then(|table| parse_source(table, None));
        if let Some(source) = read {
            found.insert(name, source);
        }
    }
    found
}

/// Encoding for one of its usual labels. Labels of UTF-16 without a byte order and unsupported encodings are refused.
fn find_encoding(label: &str) -> Option<&'static encoding_rs::Encoding> {
    let label = label.to_ascii_lowercase();
    let found = match label.as_str() {
        "latin-1" | "latin1" | "iso-8859-1" => Some(encoding_rs::WINDOWS_1252),
        other => encoding_rs::Encoding::for_label_no_replacement(other.as_bytes()),
    }?;
    let is_one_order = found != encoding_rs::UTF_16LE || label == "utf-16le";
    is_one_order.then_some(found)
}
