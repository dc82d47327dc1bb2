//! Partial states of aggregate calls, and the merge of these states into results.

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

/// Merge rule from partial states to the result of an aggregate.
#[derive(Debug, Clone)]
pub(in crate::federation) enum PartialMerge {
    /// Partial state is the result, since there is one participant.
    Whole(usize),
    /// Sum of partial sums.
    Sum(usize),
    /// Sum of partial counts; 0 if there is none.
    Count(usize),
    /// Sum of counts of which some may be withheld. NULL if there is no count, or if the sum is 0 and a count is withheld.
    Untold(usize),
    /// Minimum of partial minima.
    Min(usize),
    /// Maximum of partial maxima.
    Max(usize),
    /// Sum of partial sums divided by the sum of partial counts.
    Avg { sum: usize, count: usize },
    /// Moments from the states at these positions.
    Moments(MomentKind, Vec<usize>),
    /// Merge of sketch states.
    Sketch(SketchMerge, usize),
}

impl PartialMerge {
    /// Rule for counts that may be withheld. A count of 0 from a participant that shows rows says nothing about withheld cells of
    /// others.
    pub(super) fn withheld_flag(self) -> Self {
        match self {
            Self::Count(place) => Self::Untold(place),
            other => other,
        }
    }
}

/// Partial states of the calls, and their merge rules. `of_cells` is set if a part shows cells, which permit fewer functions.
pub(in crate::federation) fn derive_partials(
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
        if let Some((sketch, part)) = SketchMerge::for_call(call, input) {
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
            "min" => PartialMerge::Min(state(min_max::min_function(), call)),
            "max" => PartialMerge::Max(state(min_max::max_function(), call)),
            // Decimal averages are rounded by the engine; only a plain division can be merged exactly.
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
