//! Aggregates whose states can be put together in any order and come to the same, to the last bit.

use crate::sql::functions::distinct_values::is_distinguishing;
use datafusion::arrow::datatypes::DataType;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

/// The first of the calls whose states, put together, do not give the same to the last bit however the rows were dealt, or can't travel.
// INVARIANT: dealt-alike. What is rounded in between shows in its last digit how rows were dealt; these are not.
pub(super) fn why_not_exact(aggregate: &AggregateExec) -> Option<String> {
    let groups = aggregate.group_expr();
    let schema = aggregate.schema();
    let mut fields = schema.fields().iter();
    // A limit that the engine has put into an aggregate lets it stop early: which groups it has by then depends on the order of rows.
    if aggregate.limit_options().is_some() {
        return Some("LIMIT".to_owned());
    }
    if !(groups.is_single() || groups.is_empty()) || groups.has_grouping_set() {
        return Some("GROUPING SETS".to_owned());
    }
    // One that counts on rows in the order of its keys gives groups away before their last rows come, where rows of several tasks meet.
    if *aggregate.input_order_mode() != InputOrderMode::Linear {
        return Some("GROUP BY of sorted rows".to_owned());
    }
    let mut calls = aggregate.aggr_expr().iter();
    if let Some(call) = calls.find(|call| !call_adds_up(call)) {
        return Some(call.name().to_owned());
    }
    let nested = fields.find(|field| !travels(field.data_type()));
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
        // Of cells that a contract shows alone: how many values are absent, sums that fail for nobody, and sums of squares.
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

/// Types without children, which are all that travels.
pub(super) fn travels(kind: &DataType) -> bool {
    !kind.is_nested()
        && !matches!(
            kind,
            DataType::Dictionary(_, _) | DataType::RunEndEncoded(_, _)
        )
}
