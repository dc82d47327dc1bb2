//! Conformance of a dataset to its model: names, types, units, and local dates that match the time zone.

use crate::model::{Model, ModelColumn};
use crate::publication::written_snapshot::WrittenSnapshot;
use hansa_catalog::dataset::{ColumnType, Dataset, DatasetColumn};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Checks that an entry conforms to its model. Additional columns are permitted.
///
/// # Errors
/// `MODEL_MISMATCH` with all differences.
pub fn check_conformance(model: &Model, entry: &Dataset) -> Result<(), Refusal> {
    let mut differences = Vec::new();
    for model_column in model.columns {
        let found = entry
            .columns
            .iter()
            .find(|column| column.name.as_str() == model_column.name);
        let Some(found) = found else {
            differences.push(format!(
                "column `{}` is missing: {}, {}",
                model_column.name, model_column.kind, model_column.meaning
            ));
            continue;
        };
        differences.extend(column_differences(model_column, found));
        if model_column.required && found.nullable {
            differences.push(format!("column `{}` may lack a value", model_column.name));
        }
    }
    refuse_differences(model, differences)
}

/// Differences in types and units between the shown columns of a peer's entry and the model. A hidden column is no difference, and
/// the contract decides which values may be NULL.
#[must_use]
pub fn visible_differences<'a>(
    model: &Model,
    columns: impl IntoIterator<Item = &'a DatasetColumn>,
) -> Vec<String> {
    columns
        .into_iter()
        .filter_map(|found| Some((model.column(found.name.as_str())?, found)))
        .flat_map(|(model_column, found)| column_differences(model_column, found))
        .collect()
}

fn column_differences(model_column: &ModelColumn, found: &DatasetColumn) -> Vec<String> {
    let mut differences = Vec::new();
    if found.kind != model_column.kind {
        differences.push(format!(
            "column `{}` is {}, the model has {}",
            model_column.name, found.kind, model_column.kind
        ));
    }
    if found.unit.as_deref() != model_column.unit {
        differences.push(format!(
            "column `{}` has {}, the model {}",
            model_column.name,
            format_unit(found.unit.as_deref()),
            format_unit(model_column.unit)
        ));
    }
    differences
}

/// Checks that the local dates of the written rows match their instants in the dataset's time zone.
///
/// # Errors
/// `MODEL_MISMATCH` with the number of rows.
pub fn check_local_days(
    model: &Model,
    written: &WrittenSnapshot,
    entry: &Dataset,
) -> Result<(), Refusal> {
    if written.wrong_days == 0 {
        return Ok(());
    }
    let difference = format!(
        "in {} of {} rows `local_date` is not the day of `observed_at` in {}; \
         write `of = \"observed_at\"` on the column, or the right `zone` on the dataset",
        written.wrong_days, written.rows, entry.zone
    );
    refuse_differences(model, vec![difference])
}

/// Indexes of the columns `observed_at` and `local_date`, if both exist.
#[must_use]
pub fn day_columns(columns: &[DatasetColumn]) -> Option<(usize, usize)> {
    let find = |name: &str, kind: ColumnType| {
        columns
            .iter()
            .position(|column| column.name.as_str() == name && column.kind == kind)
    };
    Some((
        find("observed_at", ColumnType::Instant)?,
        find("local_date", ColumnType::Date)?,
    ))
}

fn refuse_differences(model: &Model, differences: Vec<String>) -> Result<(), Refusal> {
    if differences.is_empty() {
        return Ok(());
    }
    let mut refusal = Refusal::new(
        ErrorCode::ModelMismatch,
        format!("the dataset does not conform to the model `{}`", model.name),
    );
    for difference in differences {
        refusal = refusal.with_help(difference);
    }
    Err(refusal)
}

fn format_unit(unit: Option<&str>) -> String {
    unit.map_or_else(|| "no unit".to_owned(), |unit| format!("the unit `{unit}`"))
}
