//! Filters of aggregate blocks, which may select complete cells only.

use super::time_dimension::{self, BucketEdge};
use super::{CubeBaseTable, format_dimension};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion_common::{Column, ScalarValue};
use datafusion_expr::expr::InList;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::utils::split_conjunction_owned;
use datafusion_expr::{BinaryExpr, Expr, Filter, Operator};
use hansa_policy::effect::CubeDimension;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Conjuncts of the filter, each of which holds for a complete cell. Columns are those of the cells, by name.
pub(super) fn on_cells(filter: &Filter, base: &CubeBaseTable<'_>) -> Result<Vec<Expr>, Refusal> {
    let context = SimplifyContext::builder()
        .with_schema(Arc::clone(filter.input.schema()))
        .build();
    let simplified = ExprSimplifier::new(context)
        .simplify(filter.predicate.clone())
        .map_err(|error| crate::engine_error::planning_refusal(&error))?;
    let conjuncts = split_conjunction_owned(simplified);
    for conjunct in &conjuncts {
        check_filter(conjunct, base)?;
    }
    Ok(conjuncts)
}

fn check_filter(expr: &Expr, base: &CubeBaseTable<'_>) -> Result<(), Refusal> {
    match expr {
        Expr::Literal(ScalarValue::Boolean(_), _) => Ok(()),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And | Operator::Or => {
                check_filter(left, base)?;
                check_filter(right, base)
            }
            Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq => match (left.as_ref(), right.as_ref()) {
                (side, Expr::Literal(value, _)) => check_comparison(side, *op, value, base),
                (Expr::Literal(value, _), side) => {
                    check_comparison(side, op.swap().unwrap_or(*op), value, base)
                }
                _ => Err(base.shape_refusal("a comparison of columns")),
            },
            _ => Err(base.shape_refusal(&format!("a filter with {op}"))),
        },
        Expr::Not(inner) => check_filter(inner, base),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => match inner.as_ref() {
            Expr::Column(column) => find_dimension(column, base).map(|_| ()),
            _ => Err(base.shape_refusal("an expression in the filter")),
        },
        Expr::InList(InList { expr, list, .. }) => {
            for item in list {
                match item {
                    Expr::Literal(value, _) => check_comparison(expr, Operator::Eq, value, base)?,
                    _ => return Err(base.shape_refusal("a list that is not of literals")),
                }
            }
            Ok(())
        }
        Expr::Column(column) => find_dimension(column, base).map(|_| ()),
        Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) => {
            Err(base.shape_refusal("a subquery"))
        }
        Expr::Like(_) | Expr::SimilarTo(_) => Err(base.shape_refusal("LIKE")),
        Expr::ScalarFunction(call) => {
            Err(base.shape_refusal(&format!("the function `{}`", call.func.name())))
        }
        Expr::Case(_) => Err(base.shape_refusal("CASE")),
        Expr::Cast(_) | Expr::TryCast(_) => Err(base.shape_refusal("a cast")),
        _ => Err(base.shape_refusal("an expression in the filter")),
    }
}

fn find_dimension<'a>(
    column: &Column,
    base: &'a CubeBaseTable<'_>,
) -> Result<&'a CubeDimension, Refusal> {
    base.dimension(&column.name).ok_or_else(|| {
        base.refuse(
            ErrorCode::DimensionNotAllowed,
            format!("`{}` can't be filtered by", column.name),
        )
    })
}

fn check_comparison(
    side: &Expr,
    op: Operator,
    value: &ScalarValue,
    base: &CubeBaseTable<'_>,
) -> Result<(), Refusal> {
    if time_dimension::union_of_cells(side, base).is_some() {
        return Ok(());
    }
    let column = match side {
        Expr::Column(column) => column,
        Expr::ScalarFunction(call) => {
            return Err(base.shape_refusal(&format!("a filter on `{}`", call.func.name())));
        }
        Expr::Cast(_) | Expr::TryCast(_) => return Err(base.shape_refusal("a cast in the filter")),
        Expr::Case(_) => return Err(base.shape_refusal("CASE")),
        _ => return Err(base.shape_refusal("an expression in the filter")),
    };
    let dimension = find_dimension(column, base)?;
    if dimension.bucket.is_none() || value.is_null() {
        return Ok(());
    }
    if !time_dimension::is_time(&value.data_type()) {
        return Err(base.shape_refusal("a comparison with another type"));
    }
    let is_day = time_dimension::is_date(base.named, &column.name)
        && dimension.bucket == Some(hansa_policy::value::time::TimeBucketWidth::Day);
    if is_day {
        return Ok(());
    }
    let between = match op {
        Operator::GtEq | Operator::Lt => time_dimension::bucket_edge(value, 0, dimension),
        Operator::Gt | Operator::LtEq => time_dimension::bucket_edge(value, 1, dimension),
        // A single instant is finer than any cell.
        _ => match time_dimension::bucket_edge(value, 0, dimension) {
            Some(BucketEdge::On) => time_dimension::bucket_edge(value, 1, dimension),
            other => other,
        },
    };
    match between {
        Some(BucketEdge::On) => Ok(()),
        Some(BucketEdge::Between(before, after)) => Err(base
            .refuse(
                ErrorCode::FilterNotOnGrid,
                format!("a filter on `{}` is finer than a cell", column.name),
            )
            .with_help(format!("the nearest edges are {before} and {after}"))
            .with_help(format!(
                "compare {} with >= and <",
                format_dimension(dimension, time_dimension::is_date(base.named, &column.name))
            ))),
        None => Err(base.shape_refusal("a comparison with another type")),
    }
}
