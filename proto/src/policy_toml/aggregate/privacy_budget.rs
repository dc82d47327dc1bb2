//! `epsilon`: a budget of privacy, in a table of its own within `aggregate`.

use super::super::file_reader::{PolicyFileReader, non_empty_items, report_missing_key};
use super::super::validity::FirstInstant;
use super::super::value_form::{Plain, ValueForm, format_texts, quote_text, read_decimal};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::value::cube::CountingUnit;
use hansa_policy::value::privacy_budget::amount::{Epsilon, ValueBound};
use hansa_policy::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};
use hansa_toml_reader::{TomlTable, TomlValue};
use std::fmt::Display;
use std::str::FromStr;

const KEYS: [&str; 10] = [
    "most", "per", "each", "delta", "unit", "cells", "rows", "bounds", "values", "from",
];

/// `{ most = "1", per = "month", each = "0.1", cells = 3, bounds = { fare = ["0", "100"] }, values = { site = ["A"] }, from = 2026-01-01 }`
impl ValueForm<PrivacyBudgetTerm> for Plain {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<PrivacyBudgetTerm> {
        let table = value.table_with(&KEYS)?;
        let needed = ["most", "cells", "from"];
        for key in needed.iter().filter(|key| table.get(key).is_none()) {
            report_missing_key(value, key);
        }
        if let Some(delta) = table.get("delta")
            && read_number::<ValueBound>(delta).is_none_or(|delta| delta.thousandths() != 0)
        {
            let sentence = "a delta other than 0 is not executed: noise is such that it is 0";
            delta.add_problem(ErrorCode::TermUnknown, sentence);
        }
        let most = table.get("most").and_then(read_number::<Epsilon>);
        let each = match table.get("each") {
            Some(said) => read_number(said),
            None => most,
        };
        let per = match table.get("per") {
            Some(said) => Self::read(reader, said),
            None => {
                let every = reader.dataset.grid.as_ref();
                let every = every.and_then(|grid| Some(grid.release.as_ref()?.every));
                if every.is_none() {
                    let sentence = "a budget has no `per`, and the grid no period of release";
                    value.add_problem(ErrorCode::ConfigInvalid, sentence);
                }
                every
            }
        };
        let cells = table.get("cells").and_then(|said| said.integer(1));
        let rows = match table.get("rows") {
            Some(said) => said.integer(1),
            None => Some(1),
        };
        let unit = match super::read_unit(reader, &table, value) {
            Some(CountingUnit::Column(unit)) => Some(unit),
            Some(CountingUnit::Rows) | None => None,
        };
        let (bounds, values) = (read_bounds(reader, &table), read_values(reader, &table));
        let from = table
            .get("from")
            .and_then(|said| FirstInstant::read(reader, said));
        Some(PrivacyBudgetTerm {
            most: most?,
            per: per?,
            each: each?,
            unit: unit?,
            cells: cells?,
            rows: rows?,
            bounds,
            values,
            from: from?,
        })
    }

    fn write(value: &PrivacyBudgetTerm) -> Option<String> {
        let bounds = value.bounds.iter().map(|one| {
            let name = quote_text(one.measure.as_str());
            format!("{name} = {}", format_texts(&[one.low, one.high]))
        });
        let values = value.values.iter().map(|one| {
            let name = quote_text(one.column.as_str());
            format!("{name} = {}", format_texts(&one.list))
        });
        let (bounds, values): (Vec<String>, Vec<String>) = (bounds.collect(), values.collect());
        let [most, each] = [value.most, value.each].map(|one| quote_text(&one.to_string()));
        Some(format!(
            "{{ most = {most}, per = {}, each = {each}, unit = {}, cells = {}, rows = {}, bounds = {{ {} }}, \
         values = {{ {} }}, from = {} }}",
            Self::write(&value.per)?,
            quote_text(value.unit.as_str()),
            value.cells,
            value.rows,
            bounds.join(", "),
            values.join(", "),
            quote_text(&value.from.to_string())
        ))
    }
}

/// `{ fare = ["0", "100"] }`
fn read_bounds(reader: &PolicyFileReader<'_>, table: &TomlTable<'_>) -> Vec<ClampRange> {
    let mut found = Vec::new();
    for (measure, said) in column_entries(reader, table, "bounds") {
        let ends: Vec<ValueBound> = non_empty_items(&said)
            .unwrap_or_default()
            .iter()
            .filter_map(read_number)
            .collect();
        if let [low, high] = ends.as_slice() {
            found.push(ClampRange {
                measure,
                low: *low,
                high: *high,
            });
        } else {
            let sentence = "bounds are the least and the greatest value";
            said.add_problem(ErrorCode::ConfigInvalid, sentence);
        }
    }
    found
}

/// `{ district = ["A", "B"] }`; integers, true and false stand as they are.
fn read_values(reader: &PolicyFileReader<'_>, table: &TomlTable<'_>) -> Vec<DimensionValues> {
    let mut found = Vec::new();
    for (column, said) in column_entries(reader, table, "values") {
        let mut list = Vec::new();
        for item in non_empty_items(&said).unwrap_or_default() {
            let text = item.node.as_str().map(str::to_owned);
            let plain = || match item.node.as_bool() {
                Some(value) => Some(value.to_string()),
                None => read_decimal(&item),
            };
            match text.or_else(plain) {
                Some(text) => list.push(text),
                None => item.ill_typed("a value of the column"),
            }
        }
        found.push(DimensionValues { column, list });
    }
    found
}

fn column_entries<'v>(
    reader: &PolicyFileReader<'_>,
    table: &TomlTable<'v>,
    key: &str,
) -> Vec<(SqlIdentifier, TomlValue<'v>)> {
    let Some(each) = table.table(key) else {
        return Vec::new();
    };
    let named = each.values().iter();
    let named = named.filter_map(|value| Some((reader.column(value, value.key)?, value.clone())));
    named.collect()
}

/// A decimal number, bare or as text.
fn read_number<T: FromStr<Err: Display>>(value: &TomlValue<'_>) -> Option<T> {
    let text = value.node.as_str().map(str::to_owned);
    let Some(text) = text.or_else(|| read_decimal(value)) else {
        value.ill_typed("a decimal number");
        return None;
    };
    match text.parse() {
        Ok(number) => Some(number),
        Err(fault) => {
            let sentence = format!("`{text}` {fault}");
            value.add_problem(ErrorCode::TermIllTyped, sentence);
            None
        }
    }
}
