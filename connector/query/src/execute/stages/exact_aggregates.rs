//! Aggregates whose states can be merged in any order with bit-identical results.

use crate::sql::functions::distinct_values::is_distinguishing;
use datafusion::arrow::datatypes::DataType;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

/// Name of the first aggregate call that can't run in parts: its merged states depend on the distribution of rows, or can't be
/// sent. `None` if there is no such call.
// INVARIANT: dealt-alike. An intermediate rounding would reveal the distribution of rows in the last digit; these aggregates do not
// round.
pub(super) fn why_not_exact(aggregate: &AggregateExec) -> Option<String> {
    let groups = aggregate.group_expr();
    let schema = aggregate.schema();
    let mut fields = schema.fields().iter();
    // The engine may push a limit into an aggregate and stop early. The groups at that moment depend on row order.
    if aggregate.limit_options().is_some() {
        return Some("LIMIT".to_owned());
    }
    if !(groups.is_single() || groups.is_empty()) || groups.has_grouping_set() {
        return Some("GROUPING SETS".to_owned());
    }
    // An aggregate over sorted input emits a group before its last rows arrive, if rows of several tasks are mixed.
    if *aggregate.input_order_mode() != InputOrderMode::Linear {
        return Some("GROUP BY of sorted rows".to_owned());
    }
    let mut calls = aggregate.aggr_expr().iter();
    if let Some(call) = calls.find(|call| !call_adds_up(call)) {
        return Some(call.name().to_owned());
    }
    let nested = fields.find(|field| !is_sendable_type(field.data_type()));
    nested.map(|field| field.name().clone())
}

fn call_adds_up(call: &AggregateFunctionExpr) -> bool {
    if call.is_distinct() || is_distinguishing(call.fun()) {
        return false;
    }
    if call.ignore_nulls() || !call.order_bys().is_empty() {
        return false;
    }
    matches!(
        call.fun().name(),
        // Functions of cells: counts of absent values, sums that never fail, and sums of squares.
        "absent"
            | "squares"
            | "whole"
            | "approx_median"
            | "approx_percentile_cont"
            | "avg"
            | "bit_and"
            | "bit_or"
            | "bit_xor"
            | "bool_and"
            | "bool_or"
            | "corr"
            | "count"
            | "covar_pop"
            | "covar_samp"
            | "distinct_state_v1"
            | "max"
            | "min"
            | "percentile_state_v2"
            | "stddev"
            | "stddev_pop"
            | "sum"
            | "var"
            | "var_pop"
            | "whole_sum"
    )
}

/// Checks for a type without child types. Only these types can be sent.
pub(super) fn is_sendable_type(kind: &DataType) -> bool {
    !kind.is_nested()
        && !matches!(
            kind,
            DataType::Dictionary(_, _) | DataType::RunEndEncoded(_, _)
        )
}
