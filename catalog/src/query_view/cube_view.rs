//! View of an aggregate-only contract: a row-style table for aggregates, and the relation of the cells.

use super::{ViewShape, bucket_fits, check_column_kind, ill_typed, to_field, to_schema};
use crate::dataset::{ColumnType, Dataset, DatasetColumn};
use crate::literal_type;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CountingUnit;
use hansa_policy::value::cube::CubeFunction;
use hansa_policy::value::decimal_type::DecimalType;
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Row-style table of dimensions and measures, and relation of the cells.
pub(super) fn cube_shape(dataset: &Dataset, cube: Cube) -> Result<ViewShape, Refusal> {
    let [counts, sums, averages, variances, units] = [
        CubeFunction::Count,
        CubeFunction::Sum,
        CubeFunction::Avg,
        CubeFunction::Variance,
        CubeFunction::Units,
    ]
    .map(|function| cube.permits(function));
    let means = averages || variances;
    let mut base = Vec::new();
    let mut fields = Vec::new();
    for dimension in &cube.dimensions {
        let column = literal_type::find_column(&dataset.columns, &dimension.column)?;
        if matches!(column.kind, ColumnType::Float | ColumnType::Decimal(_)) {
            return Err(ill_typed(format!(
                "`{}` is a number with digits behind the point and can't be grouped by",
                column.name
            )));
        }
        if let Some(bucket) = dimension.bucket {
            bucket_fits(column, bucket)?;
        }
        fields.push((to_field(column), true, true));
        base.push(column.clone());
    }
    fields.push((Field::new("n", DataType::Int64, false), counts, counts));
    fields.push((Field::new("units", DataType::Int64, false), units, units));
    for measure in &cube.measures {
        let column = literal_type::find_column(&dataset.columns, measure)?;
        match column.kind {
            ColumnType::Decimal(kind) => check_decimal_measure(column, kind, &cube)?,
            _ => check_column_kind(
                column,
                &[ColumnType::Int, ColumnType::Float],
                "a number to aggregate",
            )?,
        }
        let count = Field::new(format!("cnt_{measure}"), DataType::Int64, true);
        fields.push((count, counts, counts || means));
        let sum = Field::new(format!("sum_{measure}"), sum_type(column.kind), true);
        fields.push((sum, sums, sums || means));
        let squares = Field::new(format!("dev_{measure}"), DataType::Float64, true);
        fields.push((squares, variances, variances));
        base.push(column.clone());
    }
    if let CountingUnit::Column(unit) = &cube.unit
        && literal_type::find_column(&dataset.columns, unit).is_err()
    {
        return Err(Refusal::new(
            ErrorCode::GroupWithoutUnit,
            format!("the minimum group counts `{unit}`, which the dataset does not have"),
        ));
    }
    if let Some(budget) = &cube.budget {
        check_privacy_budget(dataset, budget)?;
    }
    let mut names = BTreeSet::new();
    if let Some((twice, ..)) = fields
        .iter()
        .filter(|(_, shown, needed)| *shown || *needed)
        .find(|(field, ..)| !names.insert(field.name().clone()))
    {
        return Err(Refusal::new(
            ErrorCode::PolicyContradiction,
            format!("the cube would have two columns `{}`", twice.name()),
        )
        .with_help("leave one of the columns out, or rename it in the dataset"));
    }
    Ok(ViewShape::Cube {
        base: to_schema(&base),
        cells: pick_fields(&fields, |(field, shown, _)| shown.then(|| field.clone())),
        totals: pick_fields(&fields, |(field, _, needed)| needed.then(|| field.clone())),
        cube,
    })
}

/// Refuses decimal measures whose sums could exceed 38 digits, since the error would disclose a hidden cell. Refuses also decimals
/// in stored or noisy cells.
fn check_decimal_measure(
    column: &DatasetColumn,
    kind: DecimalType,
    cube: &Cube,
) -> Result<(), Refusal> {
    let name = &column.name;
    if kind.precision() > MOST_MEASURE_DIGITS {
        return Err(ill_typed(format!(
            "`{name}` holds {kind}, and sums are exact of at most {MOST_MEASURE_DIGITS} digits"
        )));
    }
    if cube.release.is_some() || cube.budget.is_some() {
        return Err(ill_typed(format!(
            "`{name}` holds {kind}, and cells that are released or get noise hold no decimals"
        ))
        .with_help("leave the column out of the policy, or publish it as float"));
    }
    Ok(())
}

/// Type of the sum of a measure. 10 further digits hold the sum of more rows than can exist.
fn sum_type(kind: ColumnType) -> DataType {
    let wider = match kind {
        ColumnType::Decimal(kind) => {
            DecimalType::new(kind.precision().saturating_add(SUM_DIGITS), kind.scale())
        }
        _ => None,
    };
    wider.map_or(kind, ColumnType::Decimal).to_arrow()
}

/// Further digits of a sum, as in the engine.
const SUM_DIGITS: u8 = 10;

/// Largest number of digits of a measure.
const MOST_MEASURE_DIGITS: u8 = DecimalType::MOST_DIGITS - SUM_DIGITS;

/// Checks that a privacy budget fits the columns.
fn check_privacy_budget(dataset: &Dataset, budget: &PrivacyBudgetTerm) -> Result<(), Refusal> {
    literal_type::find_column(&dataset.columns, &budget.unit)?;
    for held in &budget.bounds {
        let column = literal_type::find_column(&dataset.columns, &held.measure)?;
        let whole = held.low.to_integer().is_some() && held.high.to_integer().is_some();
        if column.kind == ColumnType::Int && !whole {
            return Err(ill_typed(format!(
                "`{}` holds integers, and one of its bounds is none",
                column.name
            )));
        }
    }
    for listed in &budget.values {
        let column = literal_type::find_column(&dataset.columns, &listed.column)?;
        let is_value = |text: &String| match column.kind {
            ColumnType::Text => true,
            ColumnType::Int => text
                .parse::<i64>()
                .is_ok_and(|one| one.to_string() == *text),
            ColumnType::Bool => text == "true" || text == "false",
            ColumnType::Float | ColumnType::Decimal(_) | ColumnType::Date | ColumnType::Instant => {
                false
            }
        };
        if let Some(other) = listed.list.iter().find(|text| !is_value(text)) {
            return Err(ill_typed(format!(
                "`{other}` is no value of `{}`, which holds {}",
                column.name, column.kind
            ))
            .with_help(
                "values can be listed for columns of texts, integers or truth values only",
            ));
        }
    }
    Ok(())
}

type CellField = (Field, bool, bool);

fn pick_fields(fields: &[CellField], pick: impl Fn(&CellField) -> Option<Field>) -> SchemaRef {
    Arc::new(Schema::new(
        fields.iter().filter_map(pick).collect::<Vec<_>>(),
    ))
}
