//! `[[dataset.column]]` and `[[dataset.result]]`.

use crate::ingest::config::parser::zone_of;
use crate::ingest::config::toml_table::TomlTableReader;
use crate::ingest::config::{
    AmbiguousTimeRule, ColumnConfig, ColumnDescription, ColumnValueOrigin, ConversionFactor,
    MissingTimeRule, ResultColumnConfig,
};
use crate::ingest::date_time;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;

/// What is read.
pub(super) fn column(mut table: TomlTableReader<'_, '_>) -> Option<ColumnConfig> {
    let place = table.spot();
    if table.get("name").is_none() {
        table.wrong("name", "a column lacks `name`");
    }
    let name: Option<SqlIdentifier> = table.parsed("name");
    let origin = origin(&mut table, name.as_ref());
    let stated = table.word("type", &TYPES);
    let kind = match origin {
        ColumnValueOrigin::LocalDateOf(_) => ColumnType::Date,
        ColumnValueOrigin::From(_) | ColumnValueOrigin::Constant(_) => {
            stated.unwrap_or(ColumnType::Text)
        }
    };
    if stated.is_some_and(|stated| stated != kind) {
        table.wrong("type", "a column made with `of` is a date");
    }
    let formats = formats(&mut table, kind);
    let factor = factor(&mut table, kind);
    let shift_us = shift(&mut table, kind);
    let mut about = about(&mut table);
    if let Some(factor) = &factor {
        about.conversion = Some(conversion(&mut table, factor, about.unit.as_deref()));
    }
    let zone = zone_of(&mut table);
    let ambiguous = table.word("ambiguous", &AMBIGUOUS);
    let missing = table.word("gap", &MISSING);
    let required = table.flag("required");
    let optional = table.flag("optional");
    table.finish();
    Some(ColumnConfig {
        location: place,
        name: name?,
        kind,
        origin,
        formats,
        zone,
        ambiguous: ambiguous.unwrap_or(AmbiguousTimeRule::Refuse),
        missing: missing.unwrap_or(MissingTimeRule::Refuse),
        shift_us,
        factor,
        required,
        optional,
        about,
    })
}

/// What `prepare` makes.
pub(super) fn result(mut table: TomlTableReader<'_, '_>) -> Option<ResultColumnConfig> {
    let place = table.spot();
    if table.get("name").is_none() {
        table.wrong("name", "a result column lacks `name`");
    }
    let name: Option<SqlIdentifier> = table.parsed("name");
    let kind = table.word("type", &TYPES);
    let mut about = about(&mut table);
    about.conversion = table.string("conversion");
    let required = table.flag("required");
    table.finish();
    Some(ResultColumnConfig {
        location: place,
        name: name?,
        kind,
        required,
        about,
    })
}

fn origin(table: &mut TomlTableReader<'_, '_>, name: Option<&SqlIdentifier>) -> ColumnValueOrigin {
    let from = table.strings("from");
    let constant = table.string("value");
    let of: Option<SqlIdentifier> = table.parsed("of");
    let stated = [from.is_some(), constant.is_some(), of.is_some()];
    if stated.iter().filter(|stated| **stated).count() > 1 {
        table.wrong("from", "a column has one of `from`, `value` and `of`");
    }
    match (from, constant, of) {
        (_, Some(text), _) => ColumnValueOrigin::Constant(text),
        (_, _, Some(of)) => ColumnValueOrigin::LocalDateOf(of),
        (Some(from), ..) if !from.is_empty() => ColumnValueOrigin::From(from),
        (..) => ColumnValueOrigin::From(name.iter().map(ToString::to_string).collect()),
    }
}

/// The factor as the catalogue tells it.
fn conversion(
    table: &mut TomlTableReader<'_, '_>,
    factor: &ConversionFactor,
    unit: Option<&str>,
) -> String {
    if unit.is_none() {
        table.wrong(
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

fn about(table: &mut TomlTableReader<'_, '_>) -> ColumnDescription {
    let own_keys = table.string("own_keys");
    let own_keys = own_keys.and_then(|text| match text.parse() {
        Ok(space) => Some(space),
        Err(fault) => {
            table.wrong(
                "own_keys",
                format!("`{text}` names no space of keys: {fault}"),
            );
            None
        }
    });
    let unit = table.string("unit");
    if let Some(unit) = &unit
        && !looks_like_ucum(unit)
    {
        table.wrong("unit", format!("`{unit}` is not UCUM: write ug.m-3 for µg/m³, Cel for °C, {{bicycle}} for counts of bicycles"));
    }
    ColumnDescription {
        unit,
        crs: table.string("crs"),
        personal: table.flag("personal"),
        meaning: table.string("meaning"),
        own_keys,
        conversion: None,
    }
}

fn formats(table: &mut TomlTableReader<'_, '_>, kind: ColumnType) -> Vec<String> {
    let formats = table.strings("format").unwrap_or_default();
    let timed = matches!(kind, ColumnType::Date | ColumnType::Instant);
    if !formats.is_empty() && !timed {
        table.wrong("format", "`format` is for columns of type date or instant");
        return Vec::new();
    }
    for format in &formats {
        if let Err(why) = date_time::DateTimeFormat::parse(format) {
            table.wrong("format", format!("`{format}` does not fit: {why}"));
        }
    }
    formats
}

fn factor(table: &mut TomlTableReader<'_, '_>, kind: ColumnType) -> Option<ConversionFactor> {
    let mut inner = table.table("factor")?;
    let value = inner.number("value");
    if !value.is_some_and(|value| value.is_finite() && value != 0.0) {
        inner.wrong("value", "a factor needs `value`, a number other than 0");
    }
    let factor = ConversionFactor {
        value: value.unwrap_or(1.0),
        from: inner.demanded("from"),
        source: inner.demanded("source"),
    };
    inner.finish();
    if kind != ColumnType::Float {
        table.wrong("factor", "a `factor` is for columns of type float");
    }
    Some(factor)
}

fn shift(table: &mut TomlTableReader<'_, '_>, kind: ColumnType) -> i64 {
    let Some(shift) = table.parsed::<jiff::SignedDuration>("shift") else {
        return 0;
    };
    if kind != ColumnType::Instant {
        table.wrong("shift", "`shift` is for columns of type instant");
    }
    i64::try_from(shift.as_micros()).unwrap_or_default()
}

/// Printable ASCII without blanks, as all of UCUM is; what people write instead mostly is not.
fn looks_like_ucum(unit: &str) -> bool {
    !unit.is_empty()
        && unit.bytes().all(|byte| byte.is_ascii_graphic())
        && !matches!(unit, "C" | "degC" | "ug/m3" | "µg/m3" | "percent")
}

const TYPES: [(&str, ColumnType); 6] = [
    ("text", ColumnType::Text),
    ("int", ColumnType::Int),
    ("float", ColumnType::Float),
    ("bool", ColumnType::Bool),
    ("date", ColumnType::Date),
    ("instant", ColumnType::Instant),
];

const AMBIGUOUS: [(&str, AmbiguousTimeRule); 3] = [
    ("refuse", AmbiguousTimeRule::Refuse),
    ("first", AmbiguousTimeRule::First),
    ("second", AmbiguousTimeRule::Second),
];

const MISSING: [(&str, MissingTimeRule); 2] = [
    ("refuse", MissingTimeRule::Refuse),
    ("forward", MissingTimeRule::Forward),
];
