//! A catalogue entry, as an object and for people.

use crate::cli::output::render_table;
use hansa_catalog::dataset::{ColumnType, Dataset, DatasetColumn};
use hansa_catalog::feed::DatasetFeed;
use hansa_policy::safe_text::to_printable;
use hansa_policy::value::time::TimeBucketWidth;
use hansa_query::federation::time_span::CoveredTimeSpan;
use serde_json::Value;

/// A catalogue entry as an object: as it travels, with the zone whose days each column of instants has.
pub(crate) fn entry_json(dataset: &Dataset) -> Value {
    let bytes = hansa_proto::dataset::to_bytes(dataset);
    let mut entry: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let columns = entry.get_mut("columns").and_then(Value::as_array_mut);
    for (shown, column) in columns.into_iter().flatten().zip(&dataset.columns) {
        if let Some(members) = shown.as_object_mut() {
            members.insert("daysOf".to_owned(), Value::from(days_of(dataset, column)));
        }
    }
    entry
}

/// A catalogue entry as text.
pub(crate) fn entry_text(dataset: &Dataset) -> String {
    let title = to_printable(&dataset.title);
    let mut text = format!("{title}\n  dataset     {}\n", dataset.id);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            let value = to_printable(&value);
            text.push_str(&format!("  {name:<11} {value}\n"));
        }
    };
    fact(
        "version",
        format!("{} ({})", dataset.version, dataset.published_at),
    );
    fact("licence", dataset.licence.clone());
    fact("source", dataset.attribution.clone().unwrap_or_default());
    let kind = dataset.kind.map(|kind| kind.to_string());
    fact("kind", kind.unwrap_or_default());
    for (key, text) in dataset.description.statements() {
        let name = match key {
            "collection_method" => "collected",
            "service_level" => "service",
            other => other,
        };
        fact(name, text.unwrap_or_default().to_owned());
    }
    for query in &dataset.queries {
        fact("query", format!("{}: {}", query.name, query.title));
    }
    fact("model", dataset.model.clone().unwrap_or_default());
    fact(
        "rows",
        match dataset.rows {
            0 => String::new(),
            rows => rows.to_string(),
        },
    );
    fact(
        "feed",
        dataset.feed.as_ref().map(describe_feed).unwrap_or_default(),
    );
    fact(
        "time",
        CoveredTimeSpan::of(dataset)
            .map(|covered| {
                let instants = || (covered.first.to_string(), covered.last.to_string());
                let (first, last) = covered.days().unwrap_or_else(instants);
                format!("{first} to {last}")
            })
            .unwrap_or_default(),
    );
    fact(
        "area",
        dataset
            .area
            .map(|[west, south, east, north]| format!("{west},{south} to {east},{north}"))
            .unwrap_or_default(),
    );
    fact("zone", dataset.zone.clone());
    fact(
        "grid",
        dataset
            .grid
            .as_ref()
            .map(|grid| grid.id.clone())
            .unwrap_or_default(),
    );
    let rows: Vec<Vec<String>> = dataset
        .columns
        .iter()
        .map(|column| {
            vec![
                column.name.to_string(),
                column.kind.to_string(),
                column.unit.clone().unwrap_or_default(),
                [
                    days_of(dataset, column).map(|zone| format!("its days are those of {zone}")),
                    column.meaning.clone(),
                    column.conversion.clone(),
                    column.crs.clone(),
                    column
                        .uncertainty
                        .as_ref()
                        .map(|text| format!("uncertainty {text}")),
                    column
                        .own_keys
                        .as_ref()
                        .map(|space| format!("keys of `{space}` that nobody else has")),
                ]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; "),
            ]
        })
        .collect();
    text.push_str(&render_table(&["COLUMN", "TYPE", "UNIT", "MEANING"], &rows));
    text
}

/// The zone in which days of a column of instants begin: that of its buckets in the grid, else that of the dataset.
fn days_of(dataset: &Dataset, column: &DatasetColumn) -> Option<String> {
    if column.kind != ColumnType::Instant {
        return None;
    }
    let mut dimensions = dataset.grid.iter().flat_map(|grid| &grid.dimensions);
    let dimension = dimensions.find(|dimension| dimension.column == column.name);
    Some(match dimension {
        None => dataset.zone.clone(),
        Some(dimension) => match (&dimension.zone, dimension.bucket) {
            (Some(zone), _) => zone.clone(),
            (None, Some(width)) if width >= TimeBucketWidth::Day => "UTC".to_owned(),
            (None, _) => dataset.zone.clone(),
        },
    })
}

/// What is told of a feed.
fn describe_feed(feed: &DatasetFeed) -> String {
    match &feed.newest {
        None => "only grows: --since gives what is new".to_owned(),
        Some(newest) => format!(
            "{} segments, the newest of {} rows at {}",
            feed.segments, newest.rows, newest.arrived
        ),
    }
}
