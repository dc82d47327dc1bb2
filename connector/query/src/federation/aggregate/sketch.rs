//! Counts of different values and percentiles over several participants: each computes the state of a sketch, and they are put
//! together here. A count is what the engine counts over all rows at once, where texts are plain there as they are here. A
//! percentile is that of all rows at once, to the last bit, and as near to the value as the buckets of its sketch are narrow
//! (`sql::functions::sketch_state`).
//!
//! The state of a group is about as long as the values that it is made of, up to some kilobytes, so that it never costs much to
//! send it instead.

use crate::sql::functions::sketch_state::{SketchKind, SketchOutput};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable};

/// What is computed, and of which states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::federation) struct SketchMerge {
    state: SketchKind,
    output: SketchOutput,
}

impl SketchMerge {
    /// What a call computes, and the call that each part computes for it.
    pub(super) fn of(
        call: &AggregateFunction,
        input: &DFSchema,
    ) -> Option<(Self, AggregateFunction)> {
        let params = &call.params;
        let (value, rest) = params.args.split_first()?;
        let name = call.func.name();
        let descends = match params.order_by.as_slice() {
            [] => false,
            // `WITHIN GROUP (ORDER BY value DESC)`: nothing but the direction counts over rows, either.
            [order] if name == "approx_percentile_cont" => !order.asc,
            _ => return None,
        };
        let quantile = |share: f64| SketchOutput::Quantile {
            share: share.to_bits(),
            descends,
        };
        let (state, sketch_output) = match (name, rest) {
            ("approx_distinct", []) => (SketchKind::Distinct, SketchOutput::Count),
            ("approx_median", []) => (SketchKind::Percentile, quantile(0.5)),
            // The accuracy of a sketch is fixed: no size of it can be said.
            ("approx_percentile_cont", [Expr::Literal(ScalarValue::Float64(Some(share)), _)])
                if (0.0..=1.0).contains(share) =>
            {
                (SketchKind::Percentile, quantile(*share))
            }
            (_, []) => (SketchKind::from_function_name(name)?, SketchOutput::State),
            _ => return None,
        };
        if params.distinct || !state.takes(&value.get_type(input).ok()?) {
            return None;
        }
        let part = AggregateFunction::new_udf(
            state.function(),
            vec![value.clone()],
            false,
            params.filter.clone(),
            Vec::new(),
            None,
        );
        Some((
            Self {
                state,
                output: sketch_output,
            },
            part,
        ))
    }

    /// The call that puts states together.
    pub(super) fn merge_call(self, states: Expr) -> Expr {
        self.state.merge_call(self.output, states)
    }
}

/// How many of the calls of an aggregate are made of such states.
pub(in crate::federation) fn sketches(aggregate: &Aggregate) -> u32 {
    let input = aggregate.input.schema();
    let calls = aggregate.aggr_expr.iter().filter(|expr| {
        matches!(crate::federation::movable_expr::unalias((*expr).clone()), Expr::AggregateFunction(call) if SketchMerge::of(&call, input).is_some())
    });
    u32::try_from(calls.count()).unwrap_or(u32::MAX)
}
