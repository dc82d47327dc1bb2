//! Approximate distinct counts and percentiles over several participants. Each participant computes the state of a sketch, and the
//! states are merged here. A merged count equals the engine's count over all rows, if both use plain texts. A merged percentile is
//! bit-identical to that over all rows; its accuracy is the bucket width of the sketch (`sql::functions::sketch_state`).
//!
//! The size of a state is about that of its values, up to some kilobytes, so sending the state is never much more expensive than
//! sending the values.

use crate::sql::functions::sketch_state::{SketchKind, SketchOutput};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable};

/// Merge of sketch states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::federation) struct SketchMerge {
    state: SketchKind,
    output: SketchOutput,
}

impl SketchMerge {
    /// Merge for a call, and the partial call that each participant computes.
    pub(super) fn for_call(
        call: &AggregateFunction,
        input: &DFSchema,
    ) -> Option<(Self, AggregateFunction)> {
        let params = &call.params;
        let (value, rest) = params.args.split_first()?;
        let name = call.func.name();
        let descends = match params.order_by.as_slice() {
            [] => false,
            // `WITHIN GROUP (ORDER BY value DESC)`: only the direction of the order has an effect.
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
            // The accuracy of the sketch is fixed, so the call can't give a size.
            ("approx_percentile_cont", [Expr::Literal(ScalarValue::Float64(Some(share)), _)])
                if (0.0..=1.0).contains(share) =>
            {
                (SketchKind::Percentile, quantile(*share))
            }
            (_, []) => (SketchKind::from_function_name(name)?, SketchOutput::State),
            _ => return None,
        };
        if params.distinct || !state.accepts_type(&value.get_type(input).ok()?) {
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

    /// Call that merges the states.
    pub(super) fn merge_call(self, states: Expr) -> Expr {
        self.state.merge_call(self.output, states)
    }
}

/// Number of aggregate calls that use sketch states.
pub(in crate::federation) fn count_sketches(aggregate: &Aggregate) -> u32 {
    let input = aggregate.input.schema();
    let calls = aggregate.aggr_expr.iter().filter(|expr| {
        matches!(crate::federation::movable_expr::remove_alias((*expr).clone()), Expr::AggregateFunction(call) if SketchMerge::for_call(&call, input).is_some())
    });
    u32::try_from(calls.count()).unwrap_or(u32::MAX)
}
