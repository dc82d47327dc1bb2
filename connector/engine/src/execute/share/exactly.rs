//! Sums and averages of floating-point numbers without rounding in between, so that they don't depend on how rows are dealt.

use crate::plan::functions::sum::whole;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::tree_node::{Transformed, TransformedResult};
use datafusion_common::{Column, DFSchema, Result, internal_datafusion_err};
use datafusion_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion_expr::logical_plan::{Aggregate, Projection};
use datafusion_expr::{AggregateUDF, Expr, ExprSchemable, LogicalPlan, binary_expr, cast};
use std::sync::Arc;

/// The plan with such sums and averages; names and types of columns stay.
///
/// # Errors
/// When the plan can't be put together again.
pub(super) fn exactly(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Aggregate(aggregate) = node else {
            return Ok(Transformed::no(node));
        };
        let input = Arc::clone(aggregate.input.schema());
        let rounds = |expr: &Expr| Rounding::of(expr, &input).is_some();
        let sets = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
        if sets || !aggregate.aggr_expr.iter().any(rounds) {
            return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
        }
        rewritten(aggregate, &input).map(Transformed::yes)
    })
    .data()
}

/// An aggregate whose states are rounded.
enum Rounding {
    Sum(AggregateFunction),
    Average(AggregateFunction),
}

impl Rounding {
    fn of(expr: &Expr, input: &DFSchema) -> Option<Self> {
        let call = match expr {
            Expr::AggregateFunction(call) => call,
            // The name stands in the schema, too.
            Expr::Alias(alias) => return Self::of(&alias.expr, input),
            _ => return None,
        };
        let [value] = call.params.args.as_slice() else {
            return None;
        };
        let floats = value.get_type(input).ok()? == DataType::Float64;
        if !floats || call.params.distinct {
            return None;
        }
        match call.func.name() {
            "sum" => Some(Self::Sum(call.clone())),
            "avg" => Some(Self::Average(call.clone())),
            _ => None,
        }
    }
}

fn rewritten(aggregate: Aggregate, input: &DFSchema) -> Result<LogicalPlan> {
    let mut outputs: Vec<Expr> = Vec::new();
    let mut made: Vec<Expr> = Vec::new();
    // An average and a sum of the same values are made of the same state.
    let mut states: Vec<(Expr, String)> = Vec::new();
    let groups = aggregate.group_expr.len();
    let schema = Arc::clone(&aggregate.schema);
    // A name that nobody has given.
    let mut fresh = "__state".to_owned();
    while schema
        .fields()
        .iter()
        .any(|field| field.name().starts_with(&fresh))
    {
        fresh.push('_');
    }
    for at in 0..groups {
        outputs.push(Expr::Column(Column::from(schema.qualified_field(at))));
    }
    for (at, expr) in aggregate.aggr_expr.iter().enumerate() {
        let place = groups.saturating_add(at);
        let (qualifier, field) = schema.qualified_field(place);
        let mut state = |call: Expr| {
            let known = states.iter().find(|(known, _)| *known == call);
            let name = match known {
                Some((_, name)) => name.clone(),
                None => {
                    let name = format!("{fresh}{}", made.len());
                    made.push(call.clone().alias(&name));
                    states.push((call, name.clone()));
                    name
                }
            };
            Expr::Column(Column::from_name(name))
        };
        let value = match Rounding::of(expr, input) {
            None => {
                made.push(expr.clone());
                outputs.push(Expr::Column(Column::from((qualifier, field))));
                continue;
            }
            Some(Rounding::Sum(call)) => state(total(call)),
            Some(Rounding::Average(call)) => {
                let many = state(count(call.clone())?);
                let sum = state(total(call));
                let many = cast(many, DataType::Float64);
                binary_expr(sum, datafusion_expr::Operator::Divide, many)
            }
        };
        outputs.push(value.alias_qualified(qualifier.cloned(), field.name()));
    }
    let inner = Aggregate::try_new(aggregate.input, aggregate.group_expr, made)?;
    let inner = Arc::new(LogicalPlan::Aggregate(inner));
    Projection::try_new(outputs, inner).map(LogicalPlan::Projection)
}

fn total(call: AggregateFunction) -> Expr {
    instead(whole(), call)
}

fn count(call: AggregateFunction) -> Result<Expr> {
    let func = crate::plan::functions::aggregate("count")
        .ok_or_else(|| internal_datafusion_err!("the engine lacks `count`"))?;
    Ok(instead(func, call))
}

/// Another function of the same values.
fn instead(func: Arc<AggregateUDF>, call: AggregateFunction) -> Expr {
    let params = AggregateFunctionParams {
        order_by: Vec::new(),
        ..call.params
    };
    Expr::AggregateFunction(AggregateFunction { func, params })
}
