//! From TOML to [`DatasetConfig`]: every problem at once, each with its line.

mod column;
mod in_place_section;
pub mod retention;
mod source_section;

use crate::ingest::config::line_index::LineIndex;
use crate::ingest::config::toml_table::{ConfigText, TomlTableReader};
use crate::ingest::config::{
    ColumnValueOrigin, DatasetConfig, GridConfig, PrepareStatement, UnpivotConfig,
};
use crate::ingest::date_time;
use crate::ingest::source_roots::SourceRoots;
use crate::snapshot::bucket_names::BUCKETS;
use hansa_catalog::dataset::{ColumnType, DatasetKind};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::LateDataPolicy;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeTable;

/// The datasets of a configuration file; its other tables are the business of others. Paths in it are relative to
/// the folder of `roots`, `file` is how messages name it.
///
/// # Errors
/// Every problem that was found, each with file, line and key.
pub fn parse(
    text: &str,
    file: &str,
    roots: impl Into<SourceRoots>,
) -> Result<Vec<DatasetConfig>, Vec<Refusal>> {
    let roots = roots.into();
    let lines = &LineIndex::of(text);
    let whole = ConfigText { file, lines };
    let table = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let spot = whole.spot(start);
        vec![
            Refusal::new(
                ErrorCode::ConfigInvalid,
                format!("not TOML: {}", error.message()),
            )
            .with_place(spot.file, Some(spot.line), None),
        ]
    })?;
    let mut problems = Vec::new();
    let mut root = TomlTableReader::new(whole, "", 0, table.get_ref(), &mut problems);
    let found = root.tables("dataset", |table| dataset(table, &roots));
    let mut names = BTreeSet::new();
    for dataset in &found {
        if !names.insert(dataset.name.clone()) {
            problems.push(dataset.location.refuse(
                ErrorCode::ConfigInvalid,
                "name",
                format!("there are two datasets `{}`", dataset.name),
            ));
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        problems.sort_by_key(|problem| problem.location.as_ref().and_then(|place| place.line));
        Err(problems)
    }
}

fn dataset(mut table: TomlTableReader<'_, '_>, roots: &SourceRoots) -> Option<DatasetConfig> {
    let place = table.spot();
    let prepare_place = table.spot_of("prepare");
    let name: Option<SqlIdentifier> = table.parsed("name");
    if table.get("name").is_none() {
        table.wrong("name", "a dataset lacks `name`");
    }
    let zone = zone_of(&mut table);
    let max_bad_rows = share(&mut table, "max_bad_rows");
    if table.get("source").is_none() {
        table.wrong("source", "a dataset lacks its table [dataset.source]");
    }
    let source = table
        .table("source")
        .and_then(|table| source_section::source(table, Some(roots.folder())));
    let columns = table.tables("column", column::column);
    let results = table.tables("result", column::result);
    let unpivot = table.table("unpivot").and_then(unpivot);
    let grid = table.table("grid").map(grid);
    let lookups = table
        .table("lookup")
        .map(source_section::lookups)
        .unwrap_or_default();
    let title = table.demanded("title");
    let licence = table.demanded("licence");
    let attribution = table.string("attribution");
    let feed = table.flag("feed");
    let high_value = table.flag("high_value");
    let personal = table.flag("personal");
    let model = table.string("model");
    let kind = table.word("kind", &DatasetKind::ALL);
    let unit_column = table.parsed("unit_column");
    let sort = table.parsed_list("sort");
    let _: Option<retention::RetentionPeriod> = table.parsed("keep");
    let prepare = table.string("prepare").map(|sql| PrepareStatement {
        sql,
        location: prepare_place,
    });
    let mut problems = Vec::new();
    let config = match (name, source) {
        (Some(name), Some(source)) => Some(DatasetConfig {
            name,
            location: place,
            folder: roots.clone(),
            title,
            licence,
            attribution,
            feed,
            high_value,
            personal,
            model,
            kind,
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
        in_place_section::check(config, &mut problems);
    }
    table.problems().append(&mut problems);
    table.finish();
    config
}

fn share(table: &mut TomlTableReader<'_, '_>, key: &'static str) -> f64 {
    let share = table.number(key).unwrap_or(0.0);
    if !(0.0..1.0).contains(&share) {
        table.wrong(
            key,
            format!("`{key}` is a share of rows from 0 to below 1, such as 0.001"),
        );
    }
    share
}

/// What holds between the keys of one dataset.
fn check(config: &DatasetConfig, problems: &mut Vec<Refusal>) {
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

fn unpivot(mut table: TomlTableReader<'_, '_>) -> Option<UnpivotConfig> {
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
    Some(UnpivotConfig {
        location: place,
        pattern: built.ok()?,
        value,
    })
}

fn grid(mut table: TomlTableReader<'_, '_>) -> GridConfig {
    let place = table.spot();
    let grid = GridConfig {
        location: place,
        dimensions: table.parsed_list("dimensions"),
        bucket: table.word("bucket", &BUCKETS),
        zone: zone_of(&mut table),
        release: table.word("release", &BUCKETS),
        release_column: table.parsed("release_column"),
        late: table.word("late", &LateDataPolicy::ALL),
    };
    for (key, there) in [
        ("release_column", grid.release_column.is_some()),
        ("late", grid.late.is_some()),
    ] {
        if there && grid.release.is_none() {
            table.wrong(
                key,
                format!("`{key}` says something of `release`, which is not there"),
            );
        }
    }
    if grid.dimensions.is_empty() {
        table.wrong(
            "dimensions",
            "a grid has `dimensions`: the columns of its cells",
        );
    }
    table.finish();
    grid
}

/// A time zone that exists.
pub(super) fn zone_of(table: &mut TomlTableReader<'_, '_>) -> Option<String> {
    let zone = table.string("zone")?;
    if date_time::zone(&zone).is_none() {
        table.wrong(
            "zone",
            format!("`{zone}` is no IANA time zone such as Europe/Berlin"),
        );
    }
    Some(zone)
}
