//! From TOML to [`DatasetConfig`]: every problem at once, each with its line.

use crate::snapshot::manifest::BUCKETS;
use crate::source::config::table::{Table, Text};
use crate::source::config::{
    About, Ambiguous, ColumnConfig, DatasetConfig, Factor, GridConfig, Kind, Missing, Origin,
    Prepare, ResultConfig, SourceConfig, Unpivot,
};
use crate::source::when;
use catalog::dataset::ColumnType;
use policy::id::Name;
use policy::refusal::{Code, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The datasets of a configuration file; its other tables are the business of others. Paths in it are relative to
/// `folder`, `file` is how messages name it.
///
/// # Errors
/// Every problem that was found, each with file, line and key.
pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Vec<DatasetConfig>, Vec<Refusal>> {
    let whole = Text { file, text };
    let table = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let spot = whole.spot(start);
        vec![
            Refusal::new(
                Code::ConfigInvalid,
                format!("not TOML: {}", error.message()),
            )
            .with_place(spot.file, Some(spot.line), None),
        ]
    })?;
    let mut problems = Vec::new();
    let mut root = Table::new(whole, "the file", 0, table.get_ref(), &mut problems);
    let found = root.tables("dataset", |table| dataset(table, folder));
    let mut names = BTreeSet::new();
    for dataset in &found {
        if !names.insert(dataset.name.clone()) {
            problems.push(dataset.place.refuse(
                Code::ConfigInvalid,
                "name",
                format!("there are two datasets `{}`", dataset.name),
            ));
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        problems.sort_by_key(|problem| problem.place.as_ref().and_then(|place| place.line));
        Err(problems)
    }
}

/// The keys of a `[[dataset]]` table, for a configuration reference.
pub const KEYS: [&str; 17] = [
    "name",
    "title",
    "licence",
    "attribution",
    "high_value",
    "personal",
    "model",
    "unit_column",
    "zone",
    "sort",
    "max_bad_rows",
    "prepare",
    "source",
    "column",
    "result",
    "unpivot",
    "grid",
];

fn dataset(mut table: Table<'_, '_>, folder: &Path) -> Option<DatasetConfig> {
    let place = table.spot();
    let prepare_place = table.spot_of("prepare");
    let name: Option<Name> = table.parsed("name");
    if table.get("name").is_none() {
        table.wrong("name", "a dataset lacks `name`");
    }
    let zone = zone_of(&mut table);
    let max_bad_rows = table.number("max_bad_rows").unwrap_or(0.0);
    if !(0.0..1.0).contains(&max_bad_rows) {
        table.wrong(
            "max_bad_rows",
            "`max_bad_rows` is a share of rows from 0 to below 1, such as 0.001",
        );
    }
    if table.get("source").is_none() {
        table.wrong("source", "a dataset lacks its table [dataset.source]");
    }
    let source = table.table("source").and_then(|inner| source(inner));
    let columns = table.tables("column", column);
    let results = table.tables("result", result);
    let unpivot = table.table("unpivot").and_then(unpivot);
    let grid = table.table("grid").map(grid);
    let lookups = table.table("lookup").map(lookups).unwrap_or_default();
    let title = table.demanded("title");
    let licence = table.demanded("licence");
    let attribution = table.string("attribution");
    let high_value = table.flag("high_value");
    let personal = table.flag("personal");
    let model = table.string("model");
    let unit_column = table.parsed("unit_column");
    let sort = table.parsed_list("sort");
    let prepare = table.string("prepare").map(|sql| Prepare {
        sql,
        place: prepare_place,
    });
    let mut problems = Vec::new();
    let config = match (name, source) {
        (Some(name), Some(source)) => Some(DatasetConfig {
            name,
            place,
            folder: PathBuf::from(folder),
            title,
            licence,
            attribution,
            high_value,
            personal,
            model,
            unit_column,
            zone,
            sort,
            max_bad_rows,
            prepare,
            source,
            columns,
            results,
            unpivot,
            grid,
            lookups,
        }),
        (..) => None,
    };
    if let Some(config) = &config {
        check(config, &mut problems);
    }
    table.problems().append(&mut problems);
    table.finish();
    config
}

/// What holds between the keys of one dataset.
fn check(config: &DatasetConfig, problems: &mut Vec<Refusal>) {
    let mut seen: BTreeMap<&Name, ColumnType> = BTreeMap::new();
    for column in &config.columns {
        if let Origin::LocalDateOf(of) = &column.origin
            && seen.get(of) != Some(&ColumnType::Instant)
        {
            problems.push(column.place.refuse(
                Code::ConfigInvalid,
                "of",
                format!(
                    "`{of}` is no instant column that stands before `{}`",
                    column.name
                ),
            ));
        }
        if seen.insert(&column.name, column.kind).is_some() {
            problems.push(column.place.refuse(
                Code::ConfigInvalid,
                "name",
                format!("there are two columns `{}`", column.name),
            ));
        }
    }
    if config.prepare.is_some() {
        return;
    }
    for result in &config.results {
        problems.push(result.place.refuse(
            Code::ConfigInvalid,
            "result",
            "a [[dataset.result]] describes a column that `prepare` makes, and there is no `prepare`",
        ));
    }
    if seen.is_empty() {
        return;
    }
    let grid = config.grid.iter().flat_map(|grid| &grid.dimensions);
    let named = config.unit_column.iter().map(|name| ("unit_column", name));
    let named = named.chain(config.sort.iter().map(|name| ("sort", name)));
    for (key, name) in named.chain(grid.map(|name| ("dimensions", name))) {
        if !seen.contains_key(name) {
            problems.push(config.place.refuse(
                Code::ConfigInvalid,
                key,
                format!("the dataset has no column `{name}`"),
            ));
        }
    }
}

fn source(mut table: Table<'_, '_>) -> Option<SourceConfig> {
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

fn column(mut table: Table<'_, '_>) -> Option<ColumnConfig> {
    let place = table.spot();
    if table.get("name").is_none() {
        table.wrong("name", "a column lacks `name`");
    }
    let name: Option<Name> = table.parsed("name");
    let from = table.strings("from");
    let constant = table.string("value");
    let of: Option<Name> = table.parsed("of");
    let stated = [from.is_some(), constant.is_some(), of.is_some()];
    if stated.iter().filter(|stated| **stated).count() > 1 {
        table.wrong("from", "a column has one of `from`, `value` and `of`");
    }
    let origin = match (from, constant, of) {
        (_, Some(text), _) => Origin::Constant(text),
        (_, _, Some(of)) => Origin::LocalDateOf(of),
        (Some(from), ..) if !from.is_empty() => Origin::From(from),
        (..) => Origin::From(name.iter().map(ToString::to_string).collect()),
    };
    let stated = table.word("type", &TYPES);
    let kind = match origin {
        Origin::LocalDateOf(_) => ColumnType::Date,
        Origin::From(_) | Origin::Constant(_) => stated.unwrap_or(ColumnType::Text),
    };
    if stated.is_some_and(|stated| stated != kind) {
        table.wrong("type", "a column made with `of` is a date");
    }
    let formats = formats(&mut table, kind);
    let factor = factor(&mut table, kind);
    let shift_us = shift(&mut table, kind);
    let mut about = about(&mut table);
    if let Some(factor) = &factor {
        about.conversion = Some(format!(
            "1 {} = {} {} ({})",
            factor.from,
            factor.value,
            about.unit.as_deref().unwrap_or("1"),
            factor.source
        ));
        if about.unit.is_none() {
            table.wrong(
                "factor",
                "a column with a `factor` states the `unit` that it leads to",
            );
        }
    }
    let zone = zone_of(&mut table);
    let ambiguous = table.word("ambiguous", &AMBIGUOUS);
    let missing = table.word("gap", &MISSING);
    let required = table.flag("required");
    let optional = table.flag("optional");
    table.finish();
    Some(ColumnConfig {
        place,
        name: name?,
        kind,
        origin,
        formats,
        zone,
        ambiguous: ambiguous.unwrap_or(Ambiguous::Refuse),
        missing: missing.unwrap_or(Missing::Refuse),
        shift_us,
        factor,
        required,
        optional,
        about,
    })
}

fn result(mut table: Table<'_, '_>) -> Option<ResultConfig> {
    let place = table.spot();
    if table.get("name").is_none() {
        table.wrong("name", "a result column lacks `name`");
    }
    let name: Option<Name> = table.parsed("name");
    let kind = table.word("type", &TYPES);
    let mut about = about(&mut table);
    about.conversion = table.string("conversion");
    let required = table.flag("required");
    table.finish();
    Some(ResultConfig {
        place,
        name: name?,
        kind,
        required,
        about,
    })
}

fn about(table: &mut Table<'_, '_>) -> About {
    let unit = table.string("unit");
    if let Some(unit) = &unit
        && !looks_like_ucum(unit)
    {
        table.wrong("unit", format!("`{unit}` is not UCUM: write ug.m-3 for µg/m³, Cel for °C, {{bicycle}} for counts of bicycles"));
    }
    About {
        unit,
        crs: table.string("crs"),
        personal: table.flag("personal"),
        meaning: table.string("meaning"),
        conversion: None,
    }
}

fn formats(table: &mut Table<'_, '_>, kind: ColumnType) -> Vec<String> {
    let formats = table.strings("format").unwrap_or_default();
    let timed = matches!(kind, ColumnType::Date | ColumnType::Instant);
    if !formats.is_empty() && !timed {
        table.wrong("format", "`format` is for columns of type date or instant");
        return Vec::new();
    }
    for format in &formats {
        if let Err(why) = when::Format::parse(format) {
            table.wrong("format", format!("`{format}` does not fit: {why}"));
        }
    }
    formats
}

fn factor(table: &mut Table<'_, '_>, kind: ColumnType) -> Option<Factor> {
    let mut inner = table.table("factor")?;
    let value = inner.number("value");
    if !value.is_some_and(|value| value.is_finite() && value != 0.0) {
        inner.wrong("value", "a factor needs `value`, a number other than 0");
    }
    let factor = Factor {
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

fn shift(table: &mut Table<'_, '_>, kind: ColumnType) -> i64 {
    let Some(shift) = table.parsed::<jiff::SignedDuration>("shift") else {
        return 0;
    };
    if kind != ColumnType::Instant {
        table.wrong("shift", "`shift` is for columns of type instant");
    }
    i64::try_from(shift.as_micros()).unwrap_or_default()
}

fn unpivot(mut table: Table<'_, '_>) -> Option<Unpivot> {
    let place = table.spot();
    let pattern = table.demanded("match");
    let value = table.string("value").unwrap_or_else(|| "value".to_owned());
    let built = regex::RegexBuilder::new(&pattern)
        .size_limit(1 << 20)
        .build();
    if let Err(why) = &built {
        let why = why.to_string();
        let last = why.lines().last().unwrap_or_default().trim().to_owned();
        table.wrong(
            "match",
            format!("`{pattern}` is no regular expression: {last}"),
        );
    }
    table.finish();
    Some(Unpivot {
        place,
        pattern: built.ok()?,
        value,
    })
}

fn grid(mut table: Table<'_, '_>) -> GridConfig {
    let place = table.spot();
    let grid = GridConfig {
        place,
        dimensions: table.parsed_list("dimensions"),
        bucket: table.word("bucket", &BUCKETS),
        zone: zone_of(&mut table),
    };
    if grid.dimensions.is_empty() {
        table.wrong(
            "dimensions",
            "a grid has `dimensions`: the columns of its cells",
        );
    }
    table.finish();
    grid
}

fn lookups(mut table: Table<'_, '_>) -> BTreeMap<Name, SourceConfig> {
    let mut found = BTreeMap::new();
    for key in table.keys() {
        let Ok(name) = key.parse::<Name>() else {
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

fn zone_of(table: &mut Table<'_, '_>) -> Option<String> {
    let zone = table.string("zone")?;
    if when::zone(&zone).is_none() {
        table.wrong(
            "zone",
            format!("`{zone}` is no IANA time zone such as Europe/Berlin"),
        );
    }
    Some(zone)
}

/// An encoding by the names that people use.
fn encoding(label: &str) -> Option<&'static encoding_rs::Encoding> {
    match label.to_ascii_lowercase().as_str() {
        "latin-1" | "latin1" | "iso-8859-1" => Some(encoding_rs::WINDOWS_1252),
        other => encoding_rs::Encoding::for_label(other.as_bytes()),
    }
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

const AMBIGUOUS: [(&str, Ambiguous); 3] = [
    ("refuse", Ambiguous::Refuse),
    ("first", Ambiguous::First),
    ("second", Ambiguous::Second),
];

const MISSING: [(&str, Missing); 2] = [("refuse", Missing::Refuse), ("forward", Missing::Forward)];
