//! Parser from TOML to [`DatasetConfig`]. It reports all problems together, each with its line.

mod column;
mod in_place_section;
pub mod retention;
mod saved_query;
mod source_section;
mod table_value;

use crate::ingest::config::parser::table_value::{
    number_list, parse_number, parse_statement, parsed_list, read_required_text, table_location,
    zone_of,
};
use crate::ingest::config::{
    ColumnValueOrigin, ConfigLocation, DatasetConfig, GridConfig, PrepareStatement, UnpivotConfig,
};
use crate::ingest::place_extent::PlaceExtent;
use crate::ingest::source_roots::SourceRoots;
use hansa_catalog::dataset::{ColumnType, DatasetDescription, DatasetKind};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::LateDataPolicy;
use hansa_policy::value::time::TimeBucketWidth;
use hansa_toml_reader::{ProblemStyle, TomlReader, TomlTable, TomlValue};
use std::collections::{BTreeMap, BTreeSet};

/// Style of problems that omits the tables around a key: `name`, not `dataset.column.name`.
const STYLE: ProblemStyle = ProblemStyle {
    whole_keys: false,
    ..ProblemStyle::CONFIG
};

/// Parses the datasets of a configuration file and ignores its other tables, which have their own parsers. Paths are relative to
/// the folder of `roots`; `file` is the name of the file in messages.
///
/// # Errors
/// All problems, each with file, line and key.
pub fn parse_datasets(
    text: &str,
    file: &str,
    roots: impl Into<SourceRoots>,
) -> Result<Vec<DatasetConfig>, Vec<Refusal>> {
    let roots = roots.into();
    let reader = TomlReader::new(file, text, STYLE);
    let parsed = reader.parse()?;
    let mut found = Vec::new();
    let mut mismatches = Vec::new();
    for table in reader.root(&parsed).tables("dataset") {
        found.extend(parse_dataset(table, &roots, &mut mismatches));
    }
    let mut names = BTreeSet::new();
    for dataset in &found {
        if !names.insert(dataset.name.clone()) {
            mismatches.push(dataset.location.refuse(
                ErrorCode::ConfigInvalid,
                "name",
                format!("there are two datasets `{}`", dataset.name),
            ));
        }
    }
    let mut problems = reader.take_problems();
    problems.append(&mut mismatches);
    if problems.is_empty() {
        Ok(found)
    } else {
        problems
            .sort_by_key(|problem| problem.location.as_ref().and_then(|location| location.line));
        Err(problems)
    }
}

/// Parses one dataset. Inconsistencies between its keys go to `mismatches`.
fn parse_dataset(
    table: TomlTable<'_>,
    roots: &SourceRoots,
    mismatches: &mut Vec<Refusal>,
) -> Option<DatasetConfig> {
    let source_location = table_location(&table);
    let name: Option<SqlIdentifier> = table.required_value("name").and_then(TomlValue::parse_text);
    let zone = zone_of(&table);
    let max_bad_rows = parse_share(&table, "max_bad_rows");
    let extent = extent_of(&table);
    let source = table
        .required_value("source")
        .and_then(TomlValue::table)
        .and_then(|table| source_section::parse_source(table, Some(roots.folder())));
    let columns = table.tables("column").into_iter();
    let columns = columns.filter_map(column::parse_column).collect();
    let results = table.tables("result").into_iter();
    let results = results.filter_map(column::parse_result_column).collect();
    let unpivot = table.table("unpivot").and_then(parse_unpivot);
    let grid = table.table("grid").map(parse_grid);
    let lookups = table
        .table("lookup")
        .map(source_section::parse_lookups)
        .unwrap_or_default();
    let title = read_required_text(&table, "title");
    let licence = read_required_text(&table, "licence");
    let attribution = table.text("attribution");
    let feed = table.flag("feed").unwrap_or(false);
    let high_value = table.flag("high_value").unwrap_or(false);
    let personal = table.flag("personal").unwrap_or(false);
    let model = table.text("model");
    let kind = table.word("kind", &DatasetKind::ALL);
    let description = DatasetDescription {
        quality: parse_statement(&table, "quality"),
        uncertainty: parse_statement(&table, "uncertainty"),
        collection_method: parse_statement(&table, "collection_method"),
        service_level: parse_statement(&table, "service_level"),
    };
    let data_subjects = parse_statement(&table, "data_subjects");
    let queries = table.table("query").map(saved_query::parse_queries);
    let unit_column = table.parse_text("unit_column");
    let sort = parsed_list(&table, "sort");
    let _: Option<retention::RetentionPeriod> = table.parse_text("keep");
    let prepare = table.get("prepare").and_then(|value| {
        Some(PrepareStatement {
            sql: value.text()?,
            location: ConfigLocation {
                line: value.line(),
                ..source_location.clone()
            },
        })
    });
    let config = match (name, source) {
        (Some(name), Some(source)) => Some(DatasetConfig {
            name,
            location: source_location,
            folder: roots.clone(),
            title,
            licence,
            attribution,
            feed,
            high_value,
            personal,
            model,
            kind,
            description,
            data_subjects,
            queries: queries.unwrap_or_default(),
            unit_column,
            zone,
            sort,
            max_bad_rows,
            extent,
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
        check_consistency(config, mismatches);
        in_place_section::check_in_place_dataset(config, mismatches);
    }
    table.finish();
    config
}

fn extent_of(table: &TomlTable<'_>) -> Option<PlaceExtent> {
    let degrees = number_list(table, "extent")?;
    let extent = PlaceExtent::new(&degrees);
    extent
        .map_err(|why| table.add_problem("extent", format!("`extent`: {why}")))
        .ok()
}

fn parse_share(table: &TomlTable<'_>, key: &str) -> f64 {
    let share = parse_number(table, key).unwrap_or(0.0);
    if !(0.0..1.0).contains(&share) {
        table.add_problem(
            key,
            format!("`{key}` is a share of rows from 0 to below 1, such as 0.001"),
        );
    }
    share
}

/// Checks the consistency of the keys of one dataset.
fn check_consistency(config: &DatasetConfig, problems: &mut Vec<Refusal>) {
    let mut seen: BTreeMap<&SqlIdentifier, ColumnType> = BTreeMap::new();
    for column in &config.columns {
        if let ColumnValueOrigin::LocalDateOf(of) = &column.origin
            && seen.get(of) != Some(&ColumnType::Instant)
        {
            problems.push(column.location.refuse(
                ErrorCode::ConfigInvalid,
                "of",
                format!(
                    "`{of}` is no instant column that stands before `{}`",
                    column.name
                ),
            ));
        }
        if seen.insert(&column.name, column.kind).is_some() {
            problems.push(column.location.refuse(
                ErrorCode::ConfigInvalid,
                "name",
                format!("there are two columns `{}`", column.name),
            ));
        }
    }
    if config.prepare.is_some() {
        return;
    }
    for result in &config.results {
        problems.push(result.location.refuse(
            ErrorCode::ConfigInvalid,
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
            problems.push(config.location.refuse(
                ErrorCode::ConfigInvalid,
                key,
                format!("the dataset has no column `{name}`"),
            ));
        }
    }
}

fn parse_unpivot(table: TomlTable<'_>) -> Option<UnpivotConfig> {
    let source_location = table_location(&table);
    let pattern = read_required_text(&table, "match");
    let value = table.text("value").unwrap_or_else(|| "value".to_owned());
    let built = regex::RegexBuilder::new(&pattern)
        .size_limit(1 << 20)
        .build();
    if let Err(why) = &built {
        let why = why.to_string();
        let last = why.lines().last().unwrap_or_default().trim().to_owned();
        table.add_problem(
            "match",
            format!("`{pattern}` is no regular expression: {last}"),
        );
    }
    table.finish();
    Some(UnpivotConfig {
        location: source_location,
        pattern: built.ok()?,
        value,
    })
}

fn parse_grid(table: TomlTable<'_>) -> GridConfig {
    let source_location = table_location(&table);
    let grid = GridConfig {
        location: source_location,
        dimensions: parsed_list(&table, "dimensions"),
        bucket: table.word("bucket", &TimeBucketWidth::NAMES),
        zone: zone_of(&table),
        release: table.word("release", &TimeBucketWidth::NAMES),
        release_column: table.parse_text("release_column"),
        late: table.word("late", &LateDataPolicy::ALL),
    };
    for (key, there) in [
        ("release_column", grid.release_column.is_some()),
        ("late", grid.late.is_some()),
    ] {
        if there && grid.release.is_none() {
            table.add_problem(
                key,
                format!("`{key}` says something of `release`, which is not there"),
            );
        }
    }
    if grid.dimensions.is_empty() {
        table.add_problem(
            "dimensions",
            "a grid has `dimensions`: the columns of its cells",
        );
    }
    table.finish();
    grid
}
