//! Released cells: name, file schema, and the private plan that shows them.
//!
//! They are read and never computed again: later publications don't change a released cell.

use crate::cube_plan::{self, hide_open_bucket};
use crate::row_plan::{self, RowView, changed_view_refusal, stored_row_filter};
use crate::table_source::ReleasedTable;
use datafusion_common::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_expr::{LogicalPlanBuilder, col};
use hansa_policy::effect::{Cube, Effect, EffectKind};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::Refusal;
use hansa_policy::value::cube::CubeFunction;
use std::sync::Arc;

/// Schema of the file of released cells: each dimension, `n`, and `cnt_m` and `sum_m` of each measure, which are NULL where the
/// measure is withheld; where permitted, also `units` and `dev_m`.
///
/// # Errors
/// `SCHEMA_CHANGED` for a column that is not stored.
pub fn released_schema(cube: &Cube, stored: &SchemaRef) -> Result<SchemaRef, Refusal> {
    let there = |name: &str| {
        let mut fields = stored.fields().iter();
        fields
            .find(|field| field.name() == name)
            .ok_or_else(changed_view_refusal)
    };
    let mut fields = Vec::new();
    for dimension in &cube.dimensions {
        let field = there(dimension.column.as_str())?;
        fields.push(Field::new(
            field.name(),
            field.data_type().clone(),
            field.is_nullable(),
        ));
    }
    fields.push(Field::new("n", DataType::Int64, false));
    if cube.permits(CubeFunction::Units) {
        fields.push(Field::new("units", DataType::Int64, false));
    }
    for measure in &cube.measures {
        let sum = there(measure.as_str())?.data_type().clone();
        fields.push(Field::new(format!("cnt_{measure}"), DataType::Int64, true));
        fields.push(Field::new(format!("sum_{measure}"), sum, true));
        if cube.permits(CubeFunction::Variance) {
            fields.push(Field::new(
                format!("dev_{measure}"),
                DataType::Float64,
                true,
            ));
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Private plan that shows the released cells as far as the decision permits.
pub(crate) fn plan_released_cells(
    dataset: &DatasetId,
    stored: &SchemaRef,
    shown: &SchemaRef,
    effects: &[Effect],
    cube: &Cube,
) -> Result<RowView, Refusal> {
    let effects: Vec<Effect> = effects
        .iter()
        .map(|effect| hide_open_bucket(effect, cube))
        .collect();
    for effect in &effects {
        let whole = |name: SqlIdentifier| {
            let mut dimensions = cube.dimensions.iter();
            dimensions.any(|one| one.column == name && one.bucket.is_none())
        };
        let fits = match &effect.kind {
            EffectKind::KeepRows(filter) => filter.collect_columns().into_iter().all(whole),
            EffectKind::KeepBefore { column, .. } => {
                cube.dimensions.iter().any(|one| one.column == *column)
            }
            EffectKind::ShowColumns(_)
            | EffectKind::CoarsenTime { .. }
            | EffectKind::AggregateOnly(_) => true,
            EffectKind::KeepInside { .. }
            | EffectKind::KeepWithin(_)
            | EffectKind::LookUp(_)
            | EffectKind::HideColumns(_)
            | EffectKind::CoarsenPlace { .. }
            | EffectKind::MaskColumn { .. }
            | EffectKind::Pseudonymise { .. }
            | EffectKind::Shorten { .. }
            | EffectKind::Band { .. } => false,
        };
        if !fits {
            return Err(changed_view_refusal());
        }
    }
    let filed = released_schema(cube, stored)?;
    let source = ReleasedTable::new(dataset.clone(), cube, Arc::clone(&filed));
    let (filtered, _) = stored_row_filter::filter_source_rows(
        Arc::new(source),
        &filed,
        &effects,
        &PublishedLists::default(),
    )?;
    let own = |name: &str| col(datafusion_common::Column::from_name(name));
    let mut columns = Vec::new();
    for field in shown.fields() {
        let there = filed
            .fields()
            .iter()
            .any(|one| one.name() == field.name() && one.data_type() == field.data_type());
        if !there || !cube_plan::permits_column(cube, field.name()) {
            return Err(changed_view_refusal());
        }
        columns.push(row_plan::stored_column(field.name()).alias(field.name()));
    }
    let dimensions = || cube.dimensions.iter().map(|one| one.column.as_str());
    if !dimensions().all(|name| shown.fields().iter().any(|field| field.name() == name)) {
        return Err(changed_view_refusal());
    }
    let order: Vec<_> = dimensions()
        .map(|name| own(name).sort(true, true))
        .collect();
    let plan = LogicalPlanBuilder::from(filtered)
        .project(columns)
        .and_then(|plan| plan.sort(order))
        .and_then(LogicalPlanBuilder::build)
        .map_err(|cause| changed_view_refusal().caused_by(cause))?;
    // The file contains the cells alone, so a condition on a time bucket is as harmless as one on any dimension.
    let clear = cube.dimensions.iter();
    Ok(RowView {
        plan,
        clear: clear.map(|one| one.column.to_string()).collect(),
        hides_rows: true,
    })
}
