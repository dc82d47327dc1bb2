//! Catalogue entry of a dataset: columns, sort order and metadata.

use crate::ingest::config::{ColumnDescription, ColumnValueOrigin, DatasetConfig, GridConfig};
use crate::ingest::date_time;
use crate::ingest::typed_rows::to_plain_type;
use crate::model::Model;
use crate::publication::context::PublicationContext;
use crate::sql::saved_statement::SavedStatement;
use arrow_schema::{DataType, SchemaRef};
use hansa_audit_log::time::{UtcTimestamp, keeps_hours};
use hansa_catalog::dataset::{ColumnType, Dataset, DatasetColumn, GridDimension, RegisteredGrid};
use hansa_policy::id::{DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::{LateDataPolicy, ReleaseTerm};
use hansa_policy::value::time::TimeBucketWidth;

/// Columns of the plan, with their descriptions from the configuration.
///
/// # Errors
/// `SCHEMA_MISMATCH` if a column has an invalid name or type, or not the declared type.
pub fn describe_columns(
    config: &DatasetConfig,
    schema: &SchemaRef,
) -> Result<Vec<DatasetColumn>, Refusal> {
    let mut columns: Vec<DatasetColumn> = Vec::new();
    for field in schema.fields() {
        let name: SqlIdentifier = field.name().parse().map_err(|why| {
            schema_mismatch_refusal(
                config,
                format!("`{}` can't name a column: {why}", field.name()),
            )
            .with_help("give it a name with AS")
        })?;
        let kind = column_type(field.data_type())
            .ok_or_else(|| unpublishable_type_refusal(config, &name, field.data_type()))?;
        if columns.iter().any(|column| column.name == name) {
            return Err(schema_mismatch_refusal(
                config,
                format!("there are two columns `{name}`"),
            ));
        }
        columns.push(describe_column(config, name, kind)?);
    }
    for result in &config.results {
        if !columns.iter().any(|column| column.name == result.name) {
            return Err(result.location.refuse(
                ErrorCode::SchemaMismatch,
                "name",
                format!("prepare makes no column `{}`", result.name),
            ));
        }
    }
    Ok(columns)
}

/// Marks the columns that the model requires.
#[must_use]
pub fn mark_required_columns(
    mut columns: Vec<DatasetColumn>,
    model: Option<&Model>,
) -> Vec<DatasetColumn> {
    for model_column in model.iter().flat_map(|model| model.columns) {
        let hit = columns
            .iter_mut()
            .find(|column| column.name.as_str() == model_column.name);
        if let Some(column) = hit.filter(|_| model_column.required) {
            column.nullable = false;
        }
    }
    columns
}

/// Entry of a dataset before its rows are known.
///
/// # Errors
/// `CONFIG_INVALID` if the configuration names an unknown column.
pub fn draft_entry(
    config: &DatasetConfig,
    context: &PublicationContext,
    zone: &str,
    columns: Vec<DatasetColumn>,
) -> Result<Dataset, Refusal> {
    if date_time::find_zone(zone).is_none() {
        return Err(config.location.refuse(
            ErrorCode::ConfigInvalid,
            "zone",
            format!("`{zone}` is no IANA time zone such as Europe/Berlin"),
        ));
    }
    check_column_names(config, "unit_column", config.unit_column.iter(), &columns)?;
    let grid = registered_grid(config, &context.owner, &columns, zone)?;
    let personal = columns.iter().any(|column| column.personal);
    let mut entry = Dataset {
        personal: config.personal || personal,
        columns,
        grid,
        ..entry_from_config(config, &context.owner, zone, context.now)
    };
    check_queries(config, &entry)?;
    entry.whole_schema = Some(entry.sealed_digest(&context.schema_secret));
    Ok(entry)
}

/// Entry of a published dataset under the current configuration. Its columns and rows do not change.
///
/// # Errors
/// As [`draft_entry`].
pub fn reconfigure_entry(
    config: &DatasetConfig,
    published: &Dataset,
    zone: &str,
) -> Result<Dataset, Refusal> {
    check_column_names(
        config,
        "unit_column",
        config.unit_column.iter(),
        &published.columns,
    )?;
    let said = entry_from_config(config, &published.id.owner, zone, published.published_at);
    let grid = registered_grid(config, &published.id.owner, &published.columns, &said.zone)?;
    let personal = published.columns.iter().any(|column| column.personal);
    let entry = Dataset {
        title: said.title,
        licence: said.licence,
        attribution: said.attribution,
        kind: said.kind,
        description: said.description,
        queries: said.queries,
        high_value: said.high_value,
        unit_column: said.unit_column,
        personal: said.personal || personal,
        grid,
        zone: said.zone,
        ..published.clone()
    };
    check_queries(config, &entry)?;
    Ok(entry)
}

/// Checks that each saved query can be planned over the columns.
fn check_queries(config: &DatasetConfig, entry: &Dataset) -> Result<(), Refusal> {
    for query in &config.queries {
        let saved = SavedStatement::of(query.clone())?;
        saved.check(entry, entry.published_at).map_err(|why| {
            let sentence = format!("the saved query `{}`: {}", query.name, why.sentence);
            let refusal = config.location.refuse(why.code, "query", sentence);
            why.help.into_iter().fold(refusal, Refusal::with_help)
        })?;
    }
    Ok(())
}

/// Entry of a dataset that was never published, so that its columns are unknown.
#[must_use]
pub fn unpublished_entry(
    config: &DatasetConfig,
    owner: &ParticipantId,
    zone: &str,
    now: UtcTimestamp,
) -> Dataset {
    let grid = config.grid.as_ref().map(|_| RegisteredGrid {
        id: format!("{owner}/grid/{}-1", config.name),
        dimensions: Vec::new(),
        release: None,
    });
    Dataset {
        grid,
        ..entry_from_config(config, owner, zone, now)
    }
}

/// Entry with the content of the configuration alone: no columns, no grid and no rows.
fn entry_from_config(
    config: &DatasetConfig,
    owner: &ParticipantId,
    zone: &str,
    now: UtcTimestamp,
) -> Dataset {
    Dataset {
        id: DatasetId {
            owner: owner.clone(),
            name: config.name.clone(),
        },
        title: config.title.clone(),
        licence: config.licence.clone(),
        attribution: config.attribution.clone(),
        kind: config.kind,
        description: config.description.clone(),
        queries: config.queries.clone(),
        high_value: config.high_value,
        model: config.model.clone(),
        unit_column: config.unit_column.clone(),
        personal: config.personal,
        columns: Vec::new(),
        whole_schema: None,
        grid: None,
        version: String::new(),
        published_at: now,
        rows: 0,
        bytes: 0,
        time_span: None,
        area: None,
        feed: None,
        zone: zone.to_owned(),
    }
}

/// Refuses a name that is no column, with the key that uses it.
fn check_column_names<'a>(
    config: &DatasetConfig,
    key: &str,
    mut names: impl Iterator<Item = &'a SqlIdentifier>,
    columns: &[DatasetColumn],
) -> Result<(), Refusal> {
    names.try_for_each(|name| {
        if columns.iter().any(|column| column.name == *name) {
            return Ok(());
        }
        let sentence = format!("the dataset has no column `{name}`");
        Err(config
            .location
            .refuse(ErrorCode::ConfigInvalid, key, sentence))
    })
}

/// Default time zone of a grid: that of the dataset. For buckets shorter than a day it applies only if their hours start with the
/// hours of its clock, so that days can be composed of them.
fn default_zone(grid: &GridConfig, zone: &str) -> Option<String> {
    let is_long = |width: TimeBucketWidth| width >= TimeBucketWidth::Day;
    let by_days = grid.bucket.is_some_and(is_long) || grid.release.is_some_and(is_long);
    let has_days = by_days || (grid.bucket.is_some() && keeps_hours(zone));
    (has_days && zone != "UTC").then(|| zone.to_owned())
}

/// Registered grid over the columns of a dataset in this zone.
fn registered_grid(
    config: &DatasetConfig,
    owner: &ParticipantId,
    columns: &[DatasetColumn],
    zone: &str,
) -> Result<Option<RegisteredGrid>, Refusal> {
    let Some(grid) = &config.grid else {
        return Ok(None);
    };
    check_column_names(config, "dimensions", grid.dimensions.iter(), columns)?;
    let timed = |name: &SqlIdentifier| {
        let hit = columns.iter().find(|column| column.name == *name);
        hit.is_some_and(|column| is_time(column.kind))
    };
    let holds_instants = |name: &SqlIdentifier| {
        let hit = columns.iter().find(|column| column.name == *name);
        hit.is_some_and(|column| column.kind == ColumnType::Instant)
    };
    let dimensions = grid.dimensions.iter().map(|name| GridDimension {
        column: name.clone(),
        bucket: grid.bucket.filter(|_| timed(name)),
        zone: match &grid.zone {
            Some(zone) => Some(zone.clone()).filter(|_| timed(name)),
            None => default_zone(grid, zone).filter(|_| holds_instants(name)),
        },
    });
    let dimensions: Vec<GridDimension> = dimensions.collect();
    let release = match grid.release {
        None => None,
        Some(every) => {
            let mut times = grid.dimensions.iter().filter(|name| timed(name));
            let column = match (&grid.release_column, times.next(), times.next()) {
                (Some(column), ..) | (None, Some(column), None) => column.clone(),
                (None, ..) => {
                    let sentence = "`release` does not say by which dimension of time";
                    let refusal =
                        grid.location
                            .refuse(ErrorCode::ConfigInvalid, "release", sentence);
                    return Err(refusal.with_help("add release_column = \"COLUMN\""));
                }
            };
            Some(ReleaseTerm {
                column,
                every,
                late: grid.late.unwrap_or(LateDataPolicy::Wait),
            })
        }
    };
    Ok(Some(RegisteredGrid {
        id: format!("{}/grid/{}-1", owner, config.name),
        dimensions,
        release,
    }))
}

/// Sort order of the rows: the declared one, or the time column and then the unit column.
///
/// # Errors
/// `CONFIG_INVALID` if the order names an unknown column.
pub fn sort_order(
    config: &DatasetConfig,
    columns: &[DatasetColumn],
) -> Result<Vec<SqlIdentifier>, Refusal> {
    for name in &config.sort {
        if !columns.iter().any(|column| column.name == *name) {
            return Err(config.location.refuse(
                ErrorCode::ConfigInvalid,
                "sort",
                format!("the dataset has no column `{name}`"),
            ));
        }
    }
    if !config.sort.is_empty() {
        return Ok(config.sort.clone());
    }
    let time = time_column(columns).and_then(|index| columns.get(index));
    let time = time.map(|column| column.name.clone());
    let unit = config
        .unit_column
        .clone()
        .filter(|unit| Some(unit) != time.as_ref());
    Ok(time.into_iter().chain(unit).collect())
}

/// First timestamp column, or the first date column if there is none.
#[must_use]
pub fn time_column(columns: &[DatasetColumn]) -> Option<usize> {
    let first = |kind| columns.iter().position(|column| column.kind == kind);
    first(ColumnType::Instant).or_else(|| first(ColumnType::Date))
}

const fn is_time(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Date | ColumnType::Instant)
}

fn describe_column(
    config: &DatasetConfig,
    name: SqlIdentifier,
    kind: ColumnType,
) -> Result<DatasetColumn, Refusal> {
    let result = config.results.iter().find(|result| result.name == name);
    let read = config.columns.iter().find(|column| column.name == name);
    if let Some(result) = result
        && result.kind.is_some_and(|wanted| wanted != kind)
    {
        return Err(result.location.refuse(
            ErrorCode::SchemaMismatch,
            "type",
            format!("prepare makes `{name}` of type {}", kind),
        ));
    }
    let about = match (result, read) {
        (Some(result), _) => result.about.clone(),
        (None, Some(read)) => read.about.clone(),
        (None, None) => ColumnDescription::default(),
    };
    let required = match (result, read) {
        (Some(result), _) => result.required,
        // After `prepare`, which may change or join values, the declaration of the source column is no guarantee.
        (None, Some(read)) if config.prepare.is_none() => {
            read.required || matches!(read.origin, ColumnValueOrigin::Constant(_))
        }
        (None, _) => false,
    };
    let ColumnDescription {
        unit,
        crs,
        personal,
        meaning,
        conversion,
        own_keys,
        uncertainty,
    } = about;
    Ok(DatasetColumn {
        name,
        kind,
        nullable: !required,
        unit,
        crs,
        personal,
        meaning,
        uncertainty,
        conversion,
        own_keys,
        distinct: 0,
    })
}

fn column_type(kind: &DataType) -> Option<ColumnType> {
    match kind {
        DataType::Timestamp(_, None) => None,
        other => ColumnType::of_arrow(&to_plain_type(other)?),
    }
}

fn unpublishable_type_refusal(
    config: &DatasetConfig,
    name: &SqlIdentifier,
    kind: &DataType,
) -> Refusal {
    let refusal =
        schema_mismatch_refusal(config, format!("prepare makes `{name}` of the type {kind}"));
    match kind {
        DataType::Timestamp(_, None) => refusal.with_help(
            "a time without a zone is no instant: declare the column as type instant with its zone",
        ),
        DataType::Null => refusal.with_help("give it a type with CAST"),
        _ => refusal.with_help("cast it to VARCHAR, BIGINT, DOUBLE, DECIMAL(p, s) of at most 38 digits, BOOLEAN or DATE"),
    }
}

fn schema_mismatch_refusal(config: &DatasetConfig, sentence: String) -> Refusal {
    let location = config
        .prepare
        .as_ref()
        .map_or(&config.location, |prepare| &prepare.location);
    let key = if config.prepare.is_some() {
        "prepare"
    } else {
        "column"
    };
    location.refuse(ErrorCode::SchemaMismatch, key, sentence)
}
