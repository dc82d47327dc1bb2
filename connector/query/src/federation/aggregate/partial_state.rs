//! Partial states of calls, and how results come from them.

use super::moments::{MomentKind, MomentValues};
use super::sketch::SketchMerge;
use crate::federation::aggregate::split_error::{AggregateSplitError, format_call};
use crate::sql::functions::{min_max, sum};
use arrow_schema::DataType;
use datafusion::common::DFSchema;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Expr, ExprSchemable};
use std::sync::Arc;

/// How the result of an aggregate comes from partial states.
#[derive(Debug, Clone)]
pub(in crate::federation) enum PartialMerge {
    /// It is the partial itself: one participant.
    Whole(usize),
    /// The sum of sums.
    Sum(usize),
    /// The sum of counts, 0 when there is none.
    Count(usize),
    /// The sum of counts of which some may be withheld: NULL where there is none, or where it is 0 and one is withheld.
    Untold(usize),
    /// The least of the least.
    Min(usize),
    /// The greatest of the greatest.
    Max(usize),
    /// Sum of sums by sum of counts.
    Avg { sum: usize, count: usize },
    /// Of the states whose places these are.
    Moments(MomentKind, Vec<usize>),
    /// Of the state of a sketch.
    Sketch(SketchMerge, usize),
}

impl PartialMerge {
    /// The same where a count may not be told. The 0 of somebody who shows rows says nothing of those who withhold cells.
    pub(super) fn withheld_flag(self) -> Self {
        match self {
            Self::Count(place) => Self::Untold(place),
            other => other,
        }
    }
}

/// Partial states of these calls, and how results come from them; `of_cells` where a part is one of cells, which tell fewer functions.
pub(in crate::federation) fn partials(
    calls: &[AggregateFunction],
    input: &DFSchema,
    of_cells: bool,
) -> Result<(Vec<PartialMerge>, Vec<Expr>), AggregateSplitError> {
    let mut states: Vec<Expr> = Vec::new();
    let mut state = |func: Arc<AggregateUDF>, call: &AggregateFunction| {
        let expr = Expr::AggregateFunction(AggregateFunction::new_udf(
            func,
            call.params.args.clone(),
            false,
            call.params.filter.clone(),
            Vec::new(),
            None,
        ));
        match states.iter().position(|known| *known == expr) {
            Some(at) => at,
            None => {
                states.push(expr);
                states.len().saturating_sub(1)
            }
        }
    };
    let mut merges = Vec::new();
    for call in calls {
        let params = &call.params;
        let name = call.func.name();
        if params.distinct && !matches!(name, "min" | "max") {
            return Err(AggregateSplitError(format!("{name}(DISTINCT …)")));
        }
        if params.null_treatment.is_some() {
            return Err(AggregateSplitError(format_call(call)));
        }
        if let Some((sketch, part)) = SketchMerge::of(call, input) {
            merges.push(PartialMerge::Sketch(
                sketch,
                state(Arc::clone(&part.func), &part),
            ));
            continue;
        }
        if !params.order_by.is_empty() {
            return Err(AggregateSplitError(format_call(call)));
        }
        if let Some(kind) = MomentKind::of(name) {
            let is_whole = match params.args.as_slice() {
                [value] => !matches!(value.get_type(input), Ok(DataType::Float64)),
                _ => false,
            };
            let values = match is_whole {
                false => MomentValues::Float,
                true if of_cells => MomentValues::AsFloat,
                true => MomentValues::Whole,
            };
            let parts = kind
                .states(call, values)
                .ok_or_else(|| AggregateSplitError(format_call(call)))?;
            let places = parts.iter().map(|part| state(Arc::clone(&part.func), part));
            merges.push(PartialMerge::Moments(kind, places.collect()));
            continue;
        }
        let [argument] = params.args.as_slice() else {
            return Err(AggregateSplitError(format_call(call)));
        };
        merges.push(match name {
            "sum" => PartialMerge::Sum(state(sum::checked_sum(), call)),
            "count" => PartialMerge::Count(state(count_udaf(), call)),
            "min" => PartialMerge::Min(state(min_max::least(), call)),
            "max" => PartialMerge::Max(state(min_max::greatest(), call)),
            // Decimal averages round in a way of their own: only a plain division merges exactly.
            "avg" if matches!(argument.get_type(input), Ok(DataType::Float64)) => {
                PartialMerge::Avg {
                    sum: state(sum::checked_sum(), call),
                    count: state(count_udaf(), call),
                }
            }
            _ => return Err(AggregateSplitError(format_call(call))),
        });
    }
    Ok((merges, states))
}
