//! `[[dataset.column]]` and `[[dataset.result]]`.

use crate::ingest::config::parser::source_section::{DECIMAL_MARKS, parse_thousands_mark};
use crate::ingest::config::parser::table_value::{
    parse_number, parse_statement, read_required_text, table_location, zone_of,
};
use crate::ingest::config::{
    AmbiguousTimeRule, ColumnConfig, ColumnDescription, ColumnNumberNotation, ColumnValueOrigin,
    ConversionFactor, MissingTimeRule, ResultColumnConfig,
};
use crate::ingest::date_time;
use crate::ingest::number_notation::{LeadingZeroRule, ThousandsMark};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_toml_reader::{TomlTable, TomlValue};

/// Parses a column that is read from the source.
pub(super) fn parse_column(table: TomlTable<'_>) -> Option<ColumnConfig> {
    let source_location = table_location(&table);
    let name: Option<SqlIdentifier> = table.required_value("name").and_then(TomlValue::parse_text);
    let origin = parse_origin(&table, name.as_ref());
    let stated = table.parse_text::<ColumnType>("type");
    let kind = match origin {
        ColumnValueOrigin::LocalDateOf(_) => ColumnType::Date,
        ColumnValueOrigin::From(_) | ColumnValueOrigin::Constant(_) => {
            stated.unwrap_or(ColumnType::Text)
        }
    };
    if stated.is_some_and(|stated| stated != kind) {
        table.add_problem("type", "a column made with `of` is a date");
    }
    let formats = parse_formats(&table, kind);
    let factor = parse_factor(&table, kind);
    let shift_us = parse_shift(&table, kind);
    let mut about = parse_description(&table);
    if let Some(factor) = &factor {
        about.conversion = Some(format_conversion(&table, factor, about.unit.as_deref()));
    }
    let zone = zone_of(&table);
    let ambiguous = table.word("ambiguous", &AMBIGUOUS);
    let missing = table.word("gap", &MISSING);
    let numbers = parse_number_notation(&table, kind);
    let required = table.flag("required").unwrap_or(false);
    let optional = table.flag("optional").unwrap_or(false);
    table.finish();
    Some(ColumnConfig {
        location: source_location,
        name: name?,
        kind,
        origin,
        formats,
        zone,
        ambiguous: ambiguous.unwrap_or(AmbiguousTimeRule::Refuse),
        missing: missing.unwrap_or(MissingTimeRule::Refuse),
        shift_us,
        numbers,
        factor,
        required,
        optional,
        about,
    })
}

/// Parses a column that `prepare` returns.
pub(super) fn parse_result_column(table: TomlTable<'_>) -> Option<ResultColumnConfig> {
    let source_location = table_location(&table);
    let name: Option<SqlIdentifier> = table.required_value("name").and_then(TomlValue::parse_text);
    let kind = table.parse_text::<ColumnType>("type");
    let mut about = parse_description(&table);
    about.conversion = table.text("conversion");
    let required = table.flag("required").unwrap_or(false);
    table.finish();
    Some(ResultColumnConfig {
        location: source_location,
        name: name?,
        kind,
        required,
        about,
    })
}

fn parse_origin(table: &TomlTable<'_>, name: Option<&SqlIdentifier>) -> ColumnValueOrigin {
    let from = table.texts("from");
    let constant = table.text("value");
    let of: Option<SqlIdentifier> = table.parse_text("of");
    let stated = [from.is_some(), constant.is_some(), of.is_some()];
    if stated.iter().filter(|stated| **stated).count() > 1 {
        table.add_problem("from", "a column has one of `from`, `value` and `of`");
    }
    match (from, constant, of) {
        (_, Some(text), _) => ColumnValueOrigin::Constant(text),
        (_, _, Some(of)) => ColumnValueOrigin::LocalDateOf(of),
        (Some(from), ..) if !from.is_empty() => ColumnValueOrigin::From(from),
        (..) => ColumnValueOrigin::From(name.iter().map(ToString::to_string).collect()),
    }
}

/// Text of the conversion factor for the catalogue.
fn format_conversion(
    table: &TomlTable<'_>,
    factor: &ConversionFactor,
    unit: Option<&str>,
) -> String {
    if unit.is_none() {
        table.add_problem(
            "factor",
            "a column with a `factor` states the `unit` that it leads to",
        );
    }
    let unit = unit.unwrap_or("1");
    let ConversionFactor {
        value,
        from,
        source,
    } = factor;
    format!("1 {from} = {value} {unit} ({source})")
}

fn parse_description(table: &TomlTable<'_>) -> ColumnDescription {
    let own_keys = table.text("own_keys");
    let own_keys = own_keys.and_then(|text| match text.parse() {
        Ok(space) => Some(space),
        Err(fault) => {
            table.add_problem(
                "own_keys",
                format!("`{text}` names no space of keys: {fault}"),
            );
            None
        }
    });
    let unit = table.text("unit");
    if let Some(unit) = &unit
        && !looks_like_ucum(unit)
    {
        table.add_problem("unit", format!("`{unit}` is not UCUM: write ug.m-3 for µg/m³, Cel for °C, {{bicycle}} for counts of bicycles"));
    }
    ColumnDescription {
        unit,
        crs: table.text("crs"),
        personal: table.flag("personal").unwrap_or(false),
        meaning: table.text("meaning"),
        own_keys,
        conversion: None,
        uncertainty: parse_statement(table, "uncertainty"),
    }
}

fn parse_formats(table: &TomlTable<'_>, kind: ColumnType) -> Vec<String> {
    let formats = table.texts("format").unwrap_or_default();
    let timed = matches!(kind, ColumnType::Date | ColumnType::Instant);
    if !formats.is_empty() && !timed {
        table.add_problem("format", "`format` is for columns of type date or instant");
        return Vec::new();
    }
    for format in &formats {
        if let Err(why) = date_time::DateTimeFormat::parse(format) {
            table.add_problem("format", format!("`{format}` does not fit: {why}"));
        }
    }
    formats
}

/// Number notation that the column declares.
fn parse_number_notation(table: &TomlTable<'_>, kind: ColumnType) -> ColumnNumberNotation {
    let decimal = table.word("decimal", &DECIMAL_MARKS);
    let numbers = ColumnNumberNotation {
        decimal,
        thousands: match decimal {
            Some(decimal) => parse_thousands_mark(table, decimal),
            None => table.word("thousands", &ThousandsMark::ALL),
        },
        leading_zeros: table.word("leading_zeros", &LeadingZeroRule::ALL),
    };
    let is_numeric = matches!(
        kind,
        ColumnType::Int | ColumnType::Float | ColumnType::Decimal(_)
    );
    for (key, is_there) in [
        ("decimal", numbers.decimal.is_some()),
        ("thousands", numbers.thousands.is_some()),
        ("leading_zeros", numbers.leading_zeros.is_some()),
    ] {
        if is_there && !is_numeric {
            let sentence = format!("`{key}` is for columns of type int, float or decimal");
            table.add_problem(key, sentence);
        }
    }
    numbers
}

fn parse_factor(table: &TomlTable<'_>, kind: ColumnType) -> Option<ConversionFactor> {
    let inner = table.table("factor")?;
    let value = parse_number(&inner, "value");
    if !value.is_some_and(|value| value.is_finite() && value != 0.0) {
        inner.add_problem("value", "a factor needs `value`, a number other than 0");
    }
    let factor = ConversionFactor {
        value: value.unwrap_or(1.0),
        from: read_required_text(&inner, "from"),
        source: read_required_text(&inner, "source"),
    };
    inner.finish();
    if kind != ColumnType::Float {
        table.add_problem("factor", "a `factor` is for columns of type float");
    }
    Some(factor)
}

fn parse_shift(table: &TomlTable<'_>, kind: ColumnType) -> i64 {
    let Some(shift) = table.parse_text::<jiff::SignedDuration>("shift") else {
        return 0;
    };
    if kind != ColumnType::Instant {
        table.add_problem("shift", "`shift` is for columns of type instant");
    }
    i64::try_from(shift.as_micros()).unwrap_or_default()
}

/// Checks for printable ASCII without spaces, as in all UCUM units. Most other notations contain other characters.
fn looks_like_ucum(unit: &str) -> bool {
    !unit.is_empty()
        && unit.bytes().all(|byte| byte.is_ascii_graphic())
        && !matches!(unit, "C" | "degC" | "ug/m3" | "µg/m3" | "percent")
}

const AMBIGUOUS: [(&str, AmbiguousTimeRule); 4] = [
    ("refuse", AmbiguousTimeRule::Refuse),
    ("first", AmbiguousTimeRule::First),
    ("second", AmbiguousTimeRule::Second),
    ("sequence", AmbiguousTimeRule::Sequence),
];

const MISSING: [(&str, MissingTimeRule); 2] = [
    ("refuse", MissingTimeRule::Refuse),
    ("forward", MissingTimeRule::Forward),
];
