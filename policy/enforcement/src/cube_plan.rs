//! Private plan of the aggregate form: the published cells of a protected cube.
//!
//! A cell, and each measure in it, exists only with the required number of units. Smaller cells are left out.

use crate::bucket;
use crate::dominance::dominance_expr;
use crate::masking::MaskingSecret;
use crate::null_count::null_count;
use crate::overflow_safe_sum::integer_total_expr;
use crate::row_plan::{self, RowView, changed_view_refusal, stored_row_filter};
use crate::variance::squared_deviation_expr;
use crate::variance_disclosure::variance_disclosure;
use datafusion_common::ScalarValue;
use datafusion_common::arrow::datatypes::{DataType, SchemaRef};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::{AggregateUDF, Expr, LogicalPlanBuilder, cast, col, lit, when};
use hansa_policy::effect::{Cube, Effect, EffectKind};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::Refusal;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Context of private plans: aggregate functions of the engine, and the secret for hashes.
#[derive(Debug, Clone)]
pub struct PrivatePlanContext {
    /// Owner's secret for hashed columns.
    pub secret: MaskingSecret,
    /// Published lists of this participant.
    pub published: Arc<PublishedLists>,
    /// Function `count`.
    pub count: Arc<AggregateUDF>,
    /// Function `sum`, for integers as [`crate::overflow_safe_sum::WHOLE`]. It must not fail for a cell that is not shown.
    pub sum: Arc<AggregateUDF>,
}

/// Private plan that shows exactly the cells in `shown`: the dimensions, `n`, `units`, and `cnt_m`, `sum_m` and `dev_m` for each
/// measure, as far as the functions of the cube need them.
pub(crate) fn plan_cells(
    dataset: &DatasetId,
    stored: &SchemaRef,
    shown: &SchemaRef,
    effects: &[Effect],
    cube: &Cube,
    tools: &PrivatePlanContext,
) -> Result<RowView, Refusal> {
    for effect in effects {
        match &effect.kind {
            EffectKind::MaskColumn { .. }
            | EffectKind::Pseudonymise { .. }
            | EffectKind::Shorten { .. }
            | EffectKind::Band { .. }
            | EffectKind::LookUp(_)
            | EffectKind::HideColumns(_)
            | EffectKind::CoarsenPlace { .. } => return Err(changed_view_refusal()),
            EffectKind::KeepRows(_)
            | EffectKind::KeepInside { .. }
            | EffectKind::KeepWithin(_)
            | EffectKind::KeepBefore { .. }
            | EffectKind::ShowColumns(_)
            | EffectKind::CoarsenTime { .. }
            | EffectKind::AggregateOnly(_) => {}
        }
    }
    let effects: Vec<Effect> = effects
        .iter()
        .map(|effect| hide_open_bucket(effect, cube))
        .collect();
    let (filtered, _) =
        stored_row_filter::filter_stored_rows(dataset, stored, &effects, &tools.published)?;
    let kind = |name: &str| {
        stored
            .fields()
            .iter()
            .find(|field| field.name() == name)
            .map(|field| field.data_type().clone())
            .ok_or_else(changed_view_refusal)
    };
    let mut groups = Vec::new();
    let mut clear = BTreeSet::new();
    for dimension in &cube.dimensions {
        let name = dimension.column.as_str();
        let column = row_plan::stored_column(name);
        let expr = match dimension.bucket {
            None => {
                clear.insert(name.to_owned());
                column
            }
            Some(width) => {
                bucket::floor_to_bucket(column, &kind(name)?, width, dimension.zone.as_deref())?
            }
        };
        groups.push(expr.alias(format!("d_{name}")));
    }
    // Group expressions get their names in a projection of their own, since those of an aggregate are anonymous.
    let unit = match &cube.unit {
        CountingUnit::Column(column) => {
            kind(column.as_str())?;
            Some(row_plan::stored_column(column.as_str()))
        }
        CountingUnit::Rows => None,
    };
    let mut inner = groups.clone();
    if let Some(unit) = &unit {
        inner.push(unit.clone().alias("u"));
    }
    for measure in &cube.measures {
        kind(measure.as_str())?;
        inner.push(row_plan::stored_column(measure.as_str()).alias(format!("m_{measure}")));
    }
    for (index, rule) in cube.dominance.iter().enumerate() {
        kind(rule.unit.as_str())?;
        let unit = row_plan::stored_column(rule.unit.as_str());
        inner.push(unit.alias(format!("du_{index}")));
    }
    let own = |name: String| col(datafusion_common::Column::from_name(name));
    let has_unit = unit.is_some();
    let units_of = |value: Expr| -> Option<Expr> {
        has_unit.then(|| {
            let counted = when(value.is_not_null(), own("u".to_owned())).end();
            match counted {
                Ok(counted) => aggregate_call(&tools.count, counted, true),
                Err(_) => lit(0_i64),
            }
        })
    };
    let mut aggregates = vec![aggregate_call(&tools.count, lit(1_i64), false).alias("n")];
    if has_unit {
        aggregates.push(aggregate_call(&tools.count, own("u".to_owned()), true).alias("units"));
    }
    for measure in &cube.measures {
        let value = || own(format!("m_{measure}"));
        // The function does not scan columns without NULL, which most columns are.
        aggregates.push(null_count(value()).alias(format!("abs_{measure}")));
        aggregates.push(aggregate_call(&tools.sum, value(), false).alias(format!("sum_{measure}")));
        if cube.permits(CubeFunction::Variance) {
            aggregates.push(squared_deviation_expr(value()).alias(format!("dev_{measure}")));
        }
        if cube.withholds_variances() {
            let unit = has_unit.then(|| own("u".to_owned()));
            aggregates.push(variance_disclosure(unit, value()).alias(format!("nar_{measure}")));
        }
        if let Some(units) = units_of(value()) {
            aggregates.push(units.alias(format!("units_{measure}")));
        }
    }
    for (index, rule) in cube.dominance.iter().enumerate() {
        let value = cast(own(format!("m_{}", rule.measure)), DataType::Float64);
        let unit = own(format!("du_{index}"));
        let dominated = dominance_expr(unit, value, rule.rule);
        aggregates.push(dominated.alias(format!("dom_{index}")));
    }
    let order: Vec<_> = cube
        .dimensions
        .iter()
        .map(|dimension| own(dimension.column.to_string()).sort(true, true))
        .collect();
    let threshold = i64::from(cube.at_least.max(1));
    let group_columns: Vec<Expr> = cube
        .dimensions
        .iter()
        .map(|dimension| own(format!("d_{}", dimension.column)))
        .collect();
    let counts = cube.measures.iter().map(|measure| {
        let count = own("n".to_owned()) - own(format!("abs_{measure}"));
        count.alias(format!("cnt_{measure}"))
    });
    let mut totals = group_columns.clone();
    totals.extend(aggregates.iter().map(|total| own(total.qualified_name().1)));
    totals.extend(counts);
    let plan = LogicalPlanBuilder::from(filtered)
        .project(inner)
        .and_then(|plan| plan.aggregate(group_columns, aggregates))
        .and_then(|plan| plan.project(totals))
        .and_then(|plan| plan.filter(own(unit_count_column(cube, None)).gt_eq(lit(threshold))))
        .and_then(|plan| plan.project(output_columns(shown, cube, threshold)?))
        // A fixed order. Otherwise sums of floating-point numbers over cells would disclose the order of the rows.
        .and_then(|plan| plan.sort(order))
        .and_then(LogicalPlanBuilder::build)
        .map_err(|cause| changed_view_refusal().caused_by(cause))?;
    Ok(RowView {
        plan,
        clear,
        hides_rows: true,
    })
}

/// Effect on a cube that shows whole buckets only: an embargo hides the bucket that has begun, too.
pub(crate) fn hide_open_bucket(effect: &Effect, cube: &Cube) -> Effect {
    let mut effect = effect.clone();
    if let EffectKind::KeepBefore { column, before } = &mut effect.kind
        && let Some(dimension) = cube.dimensions.iter().find(|one| one.column == *column)
        && let Some(width) = dimension.bucket
    {
        let zone = dimension.zone.as_deref().unwrap_or("UTC");
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let (start, _) = bucket::bucket_bounds(before.micros(), width, &zone);
        *before = hansa_audit_log::time::UtcTimestamp::from_micros(start)
            .unwrap_or(hansa_audit_log::time::UtcTimestamp::EARLIEST);
    }
    effect
}

/// Columns of the cells, in the order and types of the view. A measure below the threshold is NULL, and so are squares that would
/// disclose single values.
fn output_columns(
    shown: &SchemaRef,
    cube: &Cube,
    threshold: i64,
) -> datafusion_common::Result<Vec<Expr>> {
    let own = |name: String| col(datafusion_common::Column::from_name(name));
    let mut columns = Vec::new();
    let mut dimensions = 0_usize;
    for field in shown.fields() {
        let name = field.name().as_str();
        let measure = measure_of(cube, name);
        if !permits_column(cube, name) {
            return datafusion_common::plan_err!("a column that the contract does not show");
        }
        let expr = if let Some(measure) = measure {
            let null = ScalarValue::try_from(field.data_type())?;
            let enough = own(unit_count_column(cube, Some(measure))).gt_eq(lit(threshold));
            let rules = cube.dominance.iter().enumerate();
            let safe = rules
                .filter(|(_, rule)| rule.measure.as_str() == measure)
                .fold(enough, |safe, (index, _)| {
                    safe.and(Expr::Not(Box::new(own(format!("dom_{index}")))))
                });
            let safe = if name.starts_with("dev_") && cube.withholds_variances() {
                safe.and(Expr::Not(Box::new(own(format!("nar_{measure}")))))
            } else {
                safe
            };
            if *field.data_type() == DataType::Int64 && name.starts_with("sum_") {
                integer_total_expr(safe, own(name.to_owned()))
            } else {
                when(safe, cast(own(name.to_owned()), field.data_type().clone()))
                    .otherwise(lit(null))?
            }
        } else if name == "n" {
            cast(own(name.to_owned()), DataType::Int64)
        } else if name == "units" && cube.permits(CubeFunction::Units) {
            cast(own(unit_count_column(cube, None)), DataType::Int64)
        } else if cube
            .dimensions
            .iter()
            .any(|dimension| dimension.column.as_str() == name)
        {
            dimensions = dimensions.saturating_add(1);
            own(format!("d_{name}"))
        } else {
            return datafusion_common::plan_err!("an unknown column of the cube");
        };
        columns.push(expr.alias(name));
    }
    if dimensions != cube.dimensions.len() {
        return datafusion_common::plan_err!("a dimension is missing");
    }
    Ok(columns)
}

/// Column with the number of a cell's units, or of the units with a value of a measure. If the unit is a row, the row count serves,
/// so that nothing is counted twice.
fn unit_count_column(cube: &Cube, measure: Option<&str>) -> String {
    match (&cube.unit, measure) {
        (CountingUnit::Column(_), None) => "units".to_owned(),
        (CountingUnit::Column(_), Some(measure)) => format!("units_{measure}"),
        (CountingUnit::Rows, None) => "n".to_owned(),
        (CountingUnit::Rows, Some(measure)) => format!("cnt_{measure}"),
    }
}

/// True if the functions of the cube need this column of its cells.
pub(crate) fn permits_column(cube: &Cube, name: &str) -> bool {
    let means = cube.permits(CubeFunction::Avg) || cube.permits(CubeFunction::Variance);
    let is_dimension = || {
        cube.dimensions
            .iter()
            .any(|one| one.column.as_str() == name)
    };
    match (measure_of(cube, name), name) {
        (Some(_), name) if name.starts_with("cnt_") => cube.permits(CubeFunction::Count) || means,
        (Some(_), name) if name.starts_with("sum_") => cube.permits(CubeFunction::Sum) || means,
        (Some(_), _) => cube.permits(CubeFunction::Variance),
        (None, "n") => cube.permits(CubeFunction::Count),
        (None, "units") => cube.permits(CubeFunction::Units) || is_dimension(),
        (None, _) => true,
    }
}

fn measure_of<'a>(cube: &'a Cube, name: &str) -> Option<&'a str> {
    let bare = ["cnt_", "sum_", "dev_"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))?;
    cube.measures
        .iter()
        .map(SqlIdentifier::as_str)
        .find(|measure| *measure == bare)
}

fn aggregate_call(function: &Arc<AggregateUDF>, argument: Expr, distinct: bool) -> Expr {
    Expr::AggregateFunction(AggregateFunction::new_udf(
        Arc::clone(function),
        vec![argument],
        distinct,
        None,
        vec![],
        None,
    ))
}
