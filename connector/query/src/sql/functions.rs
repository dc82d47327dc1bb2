//! Functions of a question: an explicit list. Each function is deterministic, depends on its arguments alone, and returns values of
//! a bounded size. An aggregate is bit-identical for any order of its rows and for any division into batches and threads, since
//! hidden rows affect these.

mod adapted_function;
pub mod bounded_text;
mod canonical_result;
pub mod concatenation;
pub mod current_time;
pub mod distinct_values;
pub mod exact_arithmetic;
mod grouping_keys;
pub mod min_max;
pub mod moving_count;
mod regexp_replacement;
mod reproducible_aggregate;
mod rounding;
pub mod sketch_state;
pub mod sum;
mod time_formats;
mod time_parts;
pub mod total_order;
mod variance;

use crate::sql::operator_planner::{CallPlanner, OperatorPlanner};
use datafusion::functions::all_default_functions;
use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::functions_aggregate::planner::AggregateFunctionPlanner;
use datafusion::functions_window::all_default_window_functions;
use datafusion::functions_window::planner::WindowFunctionPlanner;
use datafusion_common::Result;
use datafusion_expr::planner::ExprPlanner;
use datafusion_expr::{AggregateUDF, LogicalPlan, ScalarUDF, WindowUDF};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Scalar functions, by the names in SQL.
pub const SCALAR: &str = "\
    abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot degrees exp factorial floor gcd isnan iszero \
    lcm ln log log10 log2 nanvl pi pow power radians round signum sin sinh sqrt tan tanh trunc coalesce greatest \
    ifnull least nullif nvl nvl2 ascii bit_length btrim char_length character_length chr concat concat_ws contains \
    ends_with find_in_set initcap instr left length levenshtein lower lpad ltrim octet_length overlay position \
    regexp_count regexp_instr regexp_like regexp_replace repeat replace reverse right rpad rtrim split_part \
    starts_with strpos substr substr_index substring substring_index to_hex translate trim upper current_date \
    current_timestamp date_bin date_format date_part date_trunc datepart datetrunc from_unixtime make_date now \
    to_char to_date to_local_time to_timestamp to_timestamp_micros to_timestamp_millis to_timestamp_nanos \
    to_timestamp_seconds to_unixtime today";

/// Aggregate functions.
pub const AGGREGATE: &str = "\
    approx_distinct approx_median approx_percentile_cont avg bit_and bit_or bit_xor bool_and bool_or corr count \
    covar covar_pop covar_samp first_value grouping last_value max mean median min nth_value percentile_cont \
    quantile_cont stddev stddev_pop stddev_samp sum var var_pop var_population var_samp var_sample";

/// Window functions. Aggregates can be used as window functions too.
pub const WINDOW: &str = "\
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number";

/// Replaces expressions that the engine computes wrongly or depending on row order by calls of own functions. Column names do not
/// change.
///
/// # Errors
/// An error if the type of an expression can't be determined or the plan can't be rebuilt.
pub fn use_sound_calls(plan: LogicalPlan) -> Result<LogicalPlan> {
    exact_arithmetic::replace_operators(plan)
        .and_then(total_order::totally_ordered)
        .and_then(grouping_keys::hide_keys)
}

/// Checks that a function with this name is on the list.
#[must_use]
pub fn is_known_function(name: &str) -> bool {
    LISTS.scalar.contains_key(name)
        || LISTS.aggregate.contains_key(name)
        || LISTS.window.contains_key(name)
        || current_time::NAMES.contains(&name)
}

/// Function names, sorted.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    let mut all: Vec<&str> = SCALAR
        .split(' ')
        .chain(AGGREGATE.split(' '))
        .chain(WINDOW.split(' '))
        .filter(|name| is_known_function(name))
        .collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}

/// Listed function whose value does not depend on the time of the question.
pub(super) fn timeless_function(name: &str) -> Option<Arc<ScalarUDF>> {
    LISTS.scalar.get(name).map(Arc::clone)
}

/// Scalar function with this name. Time functions use `now`.
#[must_use]
pub fn scalar_function(name: &str, now: UtcTimestamp) -> Option<Arc<ScalarUDF>> {
    if let Some(fixed) = current_time::current_time_function(name, now) {
        return Some(Arc::new(fixed));
    }
    LISTS.scalar.get(name).map(Arc::clone)
}

/// Aggregate function with this name.
#[must_use]
pub fn aggregate_function(name: &str) -> Option<Arc<AggregateUDF>> {
    LISTS.aggregate.get(name).map(Arc::clone)
}

/// Window function with this name.
#[must_use]
pub fn window_function(name: &str) -> Option<Arc<WindowUDF>> {
    LISTS.window.get(name).map(Arc::clone)
}

/// Planners that convert special forms such as `EXTRACT` and `SUBSTRING(… FROM …)` to calls of the listed functions.
#[must_use]
pub fn expr_planners() -> Vec<Arc<dyn ExprPlanner>> {
    vec![
        Arc::new(OperatorPlanner),
        Arc::new(CallPlanner),
        Arc::new(AggregateFunctionPlanner),
        Arc::new(WindowFunctionPlanner),
    ]
}

struct AllowedFunctions {
    scalar: BTreeMap<&'static str, Arc<ScalarUDF>>,
    aggregate: BTreeMap<&'static str, Arc<AggregateUDF>>,
    window: BTreeMap<&'static str, Arc<WindowUDF>>,
}

static LISTS: LazyLock<AllowedFunctions> = LazyLock::new(|| {
    let scalars = all_default_functions();
    let aggregates = all_default_aggregate_functions();
    let windows = all_default_window_functions();
    let scalar = SCALAR
        .split(' ')
        .filter(|name| !current_time::NAMES.contains(name))
        .filter_map(|name| {
            let found = scalars.iter().find(|udf| {
                udf.name() == name || udf.aliases().iter().any(|alias| alias == name)
            })?;
            let bounded = time_formats::adapt_function(&bounded_text::adapt_function(found));
            let replacing = regexp_replacement::adapt_function(&bounded);
            let rounded = rounding::adapt_function(&time_parts::adapt_function(&replacing));
            Some((name, canonical_result::adapt_function(&rounded)))
        })
        .collect();
    let mut aggregate: BTreeMap<_, _> = AGGREGATE
        .split(' ')
        .filter_map(|name| {
            match name {
                "sum" => return Some((name, sum::checked_sum())),
                "avg" | "mean" => return Some((name, sum::average_function())),
                "min" => return Some((name, min_max::min_function())),
                "max" => return Some((name, min_max::max_function())),
                _ => {}
            }
            let found = aggregates.iter().find(|udf| {
                udf.name() == name || udf.aliases().iter().any(|alias| alias == name)
            })?;
            // INVARIANT: order-free. The engine's aggregates round at every row, which makes the order of the rows visible.
            let ours = variance::replacement_function(found);
            let ours = ours.or_else(|| sketch_state::percentile::replacement_function(found));
            Some((name, ours.unwrap_or_else(|| Arc::clone(found))))
        })
        .collect();
    let window = WINDOW
        .split(' ')
        .filter_map(|name| {
            let found = windows.iter().find(|udf| {
                udf.name() == name || udf.aliases().iter().any(|alias| alias == name)
            })?;
            Some((name, Arc::clone(found)))
        })
        .collect();
    // State functions are used by connectors only, and are not part of the list of names.
    let states = sketch_state::SketchKind::ALL.map(|state| (state.name(), state.function()));
    aggregate.extend(states);
    AllowedFunctions {
        scalar,
        aggregate,
        window,
    }
});

#[cfg(test)]
mod aggregate_oracle;
