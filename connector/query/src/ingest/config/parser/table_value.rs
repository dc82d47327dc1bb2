//! Readers of values that several tables of a dataset have in common.

use crate::ingest::config::ConfigLocation;
use crate::ingest::date_time;
use hansa_catalog::dataset::DatasetDescription;
use hansa_policy::safe_text::to_printable;
use hansa_toml_reader::{TomlTable, TomlValue};
use std::fmt::Display;
use std::str::FromStr;
use toml::de::DeValue;

/// Position of a table.
pub(super) fn table_location(table: &TomlTable<'_>) -> ConfigLocation {
    ConfigLocation {
        file: table.file().to_owned(),
        line: table.line(),
    }
}

/// Required text.
pub(super) fn read_required_text(table: &TomlTable<'_>, key: &str) -> String {
    let text = table.required_value(key).and_then(TomlValue::text);
    if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
        table.add_problem(key, format!("`{key}` is empty"));
    }
    text.unwrap_or_default()
}

/// Statement for the catalogue: one non-empty line, which peers see unchanged.
pub(super) fn parse_statement(table: &TomlTable<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let longest = DatasetDescription::LONGEST;
    if text.trim().is_empty() {
        table.add_problem(key, format!("`{key}` is empty"));
    } else if text.len() > longest {
        let length = text.len();
        table.add_problem(
            key,
            format!("`{key}` has {length} bytes, and {longest} is the most"),
        );
    } else if to_printable(&text) != text || text.contains(['\n', '\r', '\t']) {
        table.add_problem(
            key,
            format!(
                "`{key}` is one line, without line breaks, tabs and characters that are not shown"
            ),
        );
    }
    Some(text)
}

/// Number.
pub(super) fn parse_number(table: &TomlTable<'_>, key: &str) -> Option<f64> {
    number_in(table.get(key)?)
}

/// List of numbers.
pub(super) fn number_list(table: &TomlTable<'_>, key: &str) -> Option<Vec<f64>> {
    let items = table.get(key)?.items()?;
    items.iter().map(number_in).collect()
}

fn number_in(value: &TomlValue<'_>) -> Option<f64> {
    let number = match value.node {
        DeValue::Integer(whole) => whole.as_str().parse().ok(),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    };
    if number.is_none() {
        value.ill_typed("a number");
    }
    number
}

/// List of values parsed from texts.
pub(super) fn parsed_list<T: FromStr<Err: Display>>(table: &TomlTable<'_>, key: &str) -> Vec<T> {
    let mut found = Vec::new();
    for text in table.texts(key).unwrap_or_default() {
        match text.parse() {
            Ok(one) => found.push(one),
            Err(fault) => table.add_problem(key, format!("`{text}`: {fault}")),
        }
    }
    found
}

/// Existing time zone.
pub(super) fn zone_of(table: &TomlTable<'_>) -> Option<String> {
    let zone = table.text("zone")?;
    if date_time::find_zone(&zone).is_none() {
        table.add_problem(
            "zone",
            format!("`{zone}` is no IANA time zone such as Europe/Berlin"),
        );
    }
    Some(zone)
}
