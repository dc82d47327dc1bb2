//! Row order of a window's input.

use datafusion::arrow::compute::SortOptions;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, InputOrderMode};
use datafusion_common::Result;
use std::sync::Arc;

/// Properties of a window's input, extended by the order of its keys where the engine does not recognise it. The planner accepts
/// rows sorted by a column as sorted by a cast of the column to a wider type. At run time the engine does not find that order again
/// among several keys, nor a key behind two casts of one column (DataFusion 55.2).
///
/// # Errors
/// An error if the engine can't compare orders.
pub(super) fn find_key_order(
    window: &Arc<dyn ExecutionPlan>,
    input: &Arc<dyn ExecutionPlan>,
) -> Result<Option<EquivalenceProperties>> {
    let keys = sorted_keys(window);
    let known = input.equivalence_properties();
    let (mut order, mut found) = known.find_longest_permutation(keys)?;
    if found.len() == keys.len() {
        return Ok(None);
    }
    while let Some((place, key)) = find_next_key(known, &order, keys, &found)? {
        order.push(key);
        found.push(place);
    }
    if found.len() < keys.len() {
        return Ok(None);
    }
    let mut all = known.clone();
    all.add_ordering(order.iter().cloned());
    if all.find_longest_permutation(keys)?.1.len() == keys.len() {
        return Ok(Some(all));
    }
    // Known equalities of columns would make the engine treat this order as redundant.
    let schema = Arc::clone(known.schema());
    Ok(Some(EquivalenceProperties::new_with_orderings(
        schema,
        [order],
    )))
}

/// Keys of a window whose input is sorted by them.
fn sorted_keys(window: &Arc<dyn ExecutionPlan>) -> &[Arc<dyn PhysicalExpr>] {
    let window_exprs = if let Some(window) = window.downcast_ref::<WindowAggExec>() {
        window.window_expr()
    } else if let Some(window) = window.downcast_ref::<BoundedWindowAggExec>()
        && window.input_order_mode == InputOrderMode::Sorted
    {
        window.window_expr()
    } else {
        &[]
    };
    window_exprs.first().map_or(&[], |expr| expr.partition_by())
}

/// Next key by which the sorted rows are sorted too.
fn find_next_key(
    known: &EquivalenceProperties,
    order: &[PhysicalSortExpr],
    keys: &[Arc<dyn PhysicalExpr>],
    found: &[usize],
) -> Result<Option<(usize, PhysicalSortExpr)>> {
    let rest = keys.iter().enumerate();
    for (place, key) in rest.filter(|(place, _)| !found.contains(place)) {
        for (descending, nulls_first) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let options = SortOptions::new(descending, nulls_first);
            let next = PhysicalSortExpr::new(Arc::clone(key), options);
            if known.ordering_satisfy(order.iter().cloned().chain([next.clone()]))? {
                return Ok(Some((place, next)));
            }
        }
    }
    Ok(None)
}
