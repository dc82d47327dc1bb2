//! Order of the rows that a window reads.

use datafusion::arrow::compute::SortOptions;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, InputOrderMode};
use datafusion_common::Result;
use std::sync::Arc;

/// The properties of a window's input with the order by its keys, where they have to be told. The engine takes rows in the order of a
/// column for rows in the order of a wider type of it, and does not find that order again among several keys when the window runs; nor
/// does it find a key behind two types of one column (DataFusion 55.2).
///
/// # Errors
/// When the engine can't compare orders.
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
    // Beside what is known of equal columns the engine takes this order for one that it has.
    let schema = Arc::clone(known.schema());
    Ok(Some(EquivalenceProperties::new_with_orderings(
        schema,
        [order],
    )))
}

/// The keys of a window whose input is sorted by them.
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

/// A further key by which rows in that order are sorted.
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
