//! `[dataset.source]` and the small tables of `[dataset.lookup]`.

use crate::source::config::table::Table;
use crate::source::config::{Kind, SourceConfig};
use policy::id::Name;
use policy::refusal::Code;
use std::collections::BTreeMap;

/// Where rows come from.
pub(super) fn source(mut table: Table<'_, '_>) -> Option<SourceConfig> {
    let place = table.spot();
    let kind = table.word("kind", &Kind::ALL);
    let paths = table.strings("path").unwrap_or_default();
    if paths.is_empty() {
        table.wrong(
            "path",
            "a source needs `path`: a file, a folder, or a pattern with `*`",
        );
    }
    let delimiter = table.string("delimiter").unwrap_or_else(|| ",".to_owned());
    let delimiter = match delimiter.as_bytes() {
        [one] => *one,
        _ => {
            table.wrong("delimiter", "`delimiter` is one ASCII character");
            b','
        }
    };
    let label = table
        .string("encoding")
        .unwrap_or_else(|| "utf-8".to_owned());
    let encoding = encoding(&label);
    if encoding.is_none() {
        table.wrong(
            "encoding",
            format!("no encoding is called `{label}`; utf-8, latin-1 and windows-1252 are"),
        );
    }
    let decimal = match table.string("decimal").as_deref() {
        None | Some(".") => '.',
        Some(",") => ',',
        Some(_) => {
            table.wrong("decimal", "`decimal` is \".\" or \",\"");
            '.'
        }
    };
    let header_rows = table.count("header_rows").unwrap_or(1);
    if !(1..=50).contains(&header_rows) {
        table.wrong("header_rows", "`header_rows` is from 1 to 50");
    }
    let config = SourceConfig {
        place,
        kind: kind.unwrap_or(Kind::Text),
        paths,
        delimiter,
        encoding: encoding.unwrap_or(encoding_rs::UTF_8),
        header_rows,
        nulls: table
            .strings("nulls")
            .unwrap_or_else(|| vec![String::new()]),
        decimal,
        skip_columns: table.strings("skip_columns").unwrap_or_default(),
    };
    table.finish();
    Some(config)
}

/// Further tables, by name.
pub(super) fn lookups(mut table: Table<'_, '_>) -> BTreeMap<Name, SourceConfig> {
    let mut found = BTreeMap::new();
    for key in table.keys() {
        let name = key
            .parse::<Name>()
            .ok()
            .filter(|name| name.as_str() != "source");
        let Some(name) = name else {
            let spot = table.spot();
            table.problems().push(spot.refuse(
                Code::ConfigInvalid,
                key,
                format!("`{key}` can't name a table of `prepare`"),
            ));
            continue;
        };
        if let Some(source) = table.table(key).and_then(source) {
            found.insert(name, source);
        }
    }
    found
}

/// An encoding by the names that people use.
fn encoding(label: &str) -> Option<&'static encoding_rs::Encoding> {
    match label.to_ascii_lowercase().as_str() {
        "latin-1" | "latin1" | "iso-8859-1" => Some(encoding_rs::WINDOWS_1252),
        other => encoding_rs::Encoding::for_label(other.as_bytes()),
    }
}
