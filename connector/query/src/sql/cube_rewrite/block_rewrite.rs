//! Rewrite of one aggregate block: `Aggregate(Filter?(Alias?(Scan)))` becomes equal totals over published cells.

use super::{CubeBaseTable, cell_filter, format_dimension, time_dimension};
use crate::sql::functions;
use arrow_schema::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::functions::math;
use datafusion_common::{Column, ScalarValue, TableReference};
use datafusion_expr::expr::{AggregateFunction, Alias, Cast};
use datafusion_expr::logical_plan::{Aggregate, LogicalPlan};
use datafusion_expr::{Expr, Filter, LogicalPlanBuilder, cast, col, lit, when};
use hansa_enforcement::table_source::{NamedTable, RelationPart};
use hansa_enforcement::variance;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::CubeFunction;
use std::sync::Arc;

/// Rewrites the block to the cells, with exactly the schema of the original block.
pub(super) fn rewrite_block(
    aggregate: &Aggregate,
    predicate: Option<&Filter>,
    base: &CubeBaseTable<'_>,
    qualifier: &TableReference,
) -> Result<LogicalPlan, Refusal> {
    for group in &aggregate.group_expr {
        check_group(group, base)?;
    }
    let conjuncts = match predicate {
        None => Vec::new(),
        Some(predicate) => cell_filter::on_cells(predicate, base)?,
    };
    let mut totals: Vec<Expr> = Vec::new();
    let mut results = Vec::new();
    for expr in &aggregate.aggr_expr {
        results.push(total_expr(expr, base, qualifier, &mut totals)?);
    }
    let cells = NamedTable {
        part: RelationPart::Cells(Arc::clone(base.cube)),
        shown: cells_schema(base)?,
        ..base.named.clone()
    };
    let table = TableReference::partial(base.scan.table_name.table(), "cube");
    let groups = aggregate.group_expr.len();
    let built = LogicalPlanBuilder::scan(table, Arc::new(cells), None)
        .and_then(|plan| plan.alias(qualifier.clone()))
        .and_then(|plan| {
            conjuncts
                .into_iter()
                .try_fold(plan, LogicalPlanBuilder::filter)
        })
        .and_then(|plan| plan.aggregate(aggregate.group_expr.clone(), totals))
        .and_then(|plan| {
            let inner = Arc::clone(plan.schema());
            let outputs = aggregate
                .schema
                .iter()
                .enumerate()
                .map(|(index, (table, field))| {
                    if index < groups {
                        let (inner_table, inner_field) = inner.qualified_field(index);
                        let column = Column::new(inner_table.cloned(), inner_field.name());
                        return if inner_table == table && inner_field.name() == field.name() {
                            Expr::Column(column)
                        } else {
                            Expr::Column(column).alias_qualified(table.cloned(), field.name())
                        };
                    }
                    let result = results
                        .get(index.saturating_sub(groups))
                        .cloned()
                        .unwrap_or_else(|| lit(ScalarValue::Null));
                    cast(result, field.data_type().clone())
                        .alias_qualified(table.cloned(), field.name())
                });
            let outputs: Vec<Expr> = outputs.collect();
            plan.project(outputs)
        })
        .and_then(LogicalPlanBuilder::build);
    built.map_err(|error| crate::engine_error::planning_refusal(&error))
}

/// Relation of the cells, as the view shows it.
fn cells_schema(base: &CubeBaseTable<'_>) -> Result<arrow_schema::SchemaRef, Refusal> {
    base.named
        .cells
        .clone()
        .ok_or_else(|| Refusal::new(ErrorCode::Internal, "the cells of a cube have no schema"))
}

fn check_group(expr: &Expr, base: &CubeBaseTable<'_>) -> Result<(), Refusal> {
    let column = match expr {
        Expr::Alias(Alias { expr, .. }) => return check_group(expr, base),
        Expr::GroupingSet(_) => return Err(base.shape_refusal("ROLLUP, CUBE and GROUPING SETS")),
        _ if time_dimension::union_of_cells(expr, base).is_some() => return Ok(()),
        Expr::Column(column) => column,
        Expr::Literal(_, _) => return Ok(()),
        _ => {
            let mut named: Vec<String> = expr
                .column_refs()
                .iter()
                .filter_map(|column| base.dimension(&column.name))
                .map(|dimension| {
                    format_dimension(
                        dimension,
                        time_dimension::is_date(base.named, dimension.column.as_str()),
                    )
                })
                .collect();
            named.sort();
            let refusal = base.refuse(
                ErrorCode::DimensionNotAllowed,
                "a group is a dimension or a bucket of whole cells",
            );
            return Err(match named.first() {
                Some(accepted) => refusal.with_help(format!("write {accepted}, or a coarser one")),
                None => refusal,
            });
        }
    };
    let Some(dimension) = base.dimension(&column.name) else {
        return Err(base.refuse(
            ErrorCode::DimensionNotAllowed,
            format!("`{}` can't be grouped by", column.name),
        ));
    };
    let is_date = time_dimension::is_date(base.named, &column.name);
    match dimension.bucket {
        None => Ok(()),
        Some(hansa_policy::value::time::TimeBucketWidth::Day) if is_date => Ok(()),
        Some(_) => Err(base
            .refuse(
                ErrorCode::DimensionNotAllowed,
                format!("`{}` itself is finer than a cell", column.name),
            )
            .with_help(format!("write {}", format_dimension(dimension, is_date)))),
    }
}

/// Value of one aggregate from totals over cells, which the function adds to `totals`. A count is NULL if no cell shows it: a
/// withheld count may be any number below the threshold, and 0 would mean that no rows exist.
fn total_expr(
    expr: &Expr,
    base: &CubeBaseTable<'_>,
    qualifier: &TableReference,
    totals: &mut Vec<Expr>,
) -> Result<Expr, Refusal> {
    let call = match expr {
        Expr::Alias(Alias { expr, .. }) => return total_expr(expr, base, qualifier, totals),
        Expr::AggregateFunction(call) => call,
        _ => return Err(base.shape_refusal("this aggregate")),
    };
    let params = &call.params;
    let name = call.func.name();
    let function = match name {
        "count" => CubeFunction::Count,
        "sum" => CubeFunction::Sum,
        "avg" => CubeFunction::Avg,
        "var" | "var_pop" | "stddev" | "stddev_pop" => CubeFunction::Variance,
        _ => return Err(not_allowed(name, base)),
    };
    if !base.cube.functions.contains(&function) {
        return Err(not_allowed(name, base));
    }
    if params.distinct {
        return Err(base.shape_refusal(&format!("{name}(DISTINCT …)")));
    }
    if params.filter.is_some() {
        return Err(base.shape_refusal("FILTER"));
    }
    if !params.order_by.is_empty() || params.null_treatment.is_some() {
        return Err(base.shape_refusal("ORDER BY inside an aggregate"));
    }
    let [argument] = params.args.as_slice() else {
        return Err(base.shape_refusal("an aggregate of several columns"));
    };
    if let (CubeFunction::Count, Expr::Literal(value, _)) = (function, argument)
        && !value.is_null()
    {
        return sum_of("n", base, qualifier, totals);
    }
    let argument = match (function, argument) {
        // The engine itself converts the argument of these functions.
        (CubeFunction::Avg | CubeFunction::Variance, Expr::Cast(Cast { expr, field }))
            if *field.data_type() == DataType::Float64 =>
        {
            expr.as_ref()
        }
        (_, other) => other,
    };
    let measure = match argument {
        Expr::Column(column) if base.is_measure(&column.name) => column.name.as_str(),
        Expr::Column(column) => {
            return Err(base.refuse(
                ErrorCode::QueryShape,
                format!("`{}` is a dimension, not a measure", column.name),
            ));
        }
        Expr::Case(_) => return Err(base.shape_refusal("CASE")),
        Expr::Cast(_) | Expr::TryCast(_) => return Err(base.shape_refusal("a cast")),
        _ => return Err(base.shape_refusal("an expression as the argument of an aggregate")),
    };
    match function {
        CubeFunction::Count => sum_of(&format!("cnt_{measure}"), base, qualifier, totals),
        CubeFunction::Sum => sum_of(&format!("sum_{measure}"), base, qualifier, totals),
        CubeFunction::Avg => {
            let values = sum_of(&format!("sum_{measure}"), base, qualifier, totals)?;
            let count = sum_of(&format!("cnt_{measure}"), base, qualifier, totals)?;
            let schema = base.scan.source.schema();
            let average = schema
                .field_with_name(measure)
                .map(|field| call.func.return_type(&[field.data_type().clone()]));
            Ok(match average {
                // Rounded like `avg` of decimals: a quotient has four decimal places more than its dividend.
                Ok(Ok(DataType::Decimal128(_, places))) => {
                    let wide =
                        DataType::Decimal128(DECIMAL128_MAX_PRECISION, places.saturating_sub(4));
                    cast(values, wide) / cast(count, DataType::Decimal128(20, 0))
                }
                _ => cast(values, DataType::Float64) / cast(count, DataType::Float64),
            })
        }
        CubeFunction::Variance => variance_expr(name, measure, base, qualifier, totals),
        CubeFunction::Units => Err(not_allowed(name, base)),
    }
}

/// Variance and standard deviation, of a sample or a population.
fn variance_expr(
    name: &str,
    measure: &str,
    base: &CubeBaseTable<'_>,
    qualifier: &TableReference,
    totals: &mut Vec<Expr>,
) -> Result<Expr, Refusal> {
    let cell = |column: String| Expr::Column(Column::new(Some(qualifier.clone()), column));
    let all = format!("total dev_{measure}");
    let merged = variance::merge_squares(
        cell(format!("cnt_{measure}")),
        cell(format!("sum_{measure}")),
        cell(format!("dev_{measure}")),
    )
    .alias(&all);
    if !totals.contains(&merged) {
        totals.push(merged);
    }
    let count = add_variance_count(measure, base, qualifier, totals)?;
    let (least, of) = match name {
        "var" | "stddev" => (1_i64, count.clone() - lit(1_i64)),
        _ => (0, count.clone()),
    };
    let variance = col(Column::from_name(all)) / cast(of, DataType::Float64);
    let disclosed = match name {
        "stddev" | "stddev_pop" => math::expr_fn::sqrt(variance),
        _ => variance,
    };
    when(count.gt(lit(least)), disclosed)
        .end()
        .map_err(|error| crate::engine_error::planning_refusal(&error))
}

/// Adds a column with the number of values in the cells that show their squares. Other cells may show only sums.
fn add_variance_count(
    measure: &str,
    base: &CubeBaseTable<'_>,
    qualifier: &TableReference,
    totals: &mut Vec<Expr>,
) -> Result<Expr, Refusal> {
    let cell = |column: String| Expr::Column(Column::new(Some(qualifier.clone()), column));
    let disclosed = when(
        cell(format!("dev_{measure}")).is_not_null(),
        cell(format!("cnt_{measure}")),
    );
    let disclosed = disclosed
        .end()
        .map_err(|error| crate::engine_error::planning_refusal(&error))?;
    add_total(
        disclosed,
        format!("total cnt_{measure} of dev_{measure}"),
        base,
        totals,
    )
}

/// Adds a column with the sum of a cell column.
fn sum_of(
    column: &str,
    base: &CubeBaseTable<'_>,
    qualifier: &TableReference,
    totals: &mut Vec<Expr>,
) -> Result<Expr, Refusal> {
    let cells = Expr::Column(Column::new(Some(qualifier.clone()), column));
    add_total(cells, format!("total {column}"), base, totals)
}

fn add_total(
    cells: Expr,
    name: String,
    base: &CubeBaseTable<'_>,
    totals: &mut Vec<Expr>,
) -> Result<Expr, Refusal> {
    let sum =
        functions::aggregate_function("sum").ok_or_else(|| base.shape_refusal("this aggregate"))?;
    let call = Expr::AggregateFunction(AggregateFunction::new_udf(
        sum,
        vec![cells],
        false,
        None,
        vec![],
        None,
    ))
    .alias(&name);
    if !totals.contains(&call) {
        totals.push(call);
    }
    Ok(col(Column::from_name(name)))
}

fn not_allowed(name: &str, base: &CubeBaseTable<'_>) -> Refusal {
    base.refuse(
        ErrorCode::FunctionNotAllowed,
        format!(
            "the contract does not permit `{name}` of `{}`",
            base.named.dataset.name
        ),
    )
}
