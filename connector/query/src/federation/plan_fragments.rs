//! Extraction of the fragments from a plan: chains over relations of participants, and unions of these.

use crate::federation::fragment::RemoteFragment;
use crate::federation::movable_expr::{is_movable, to_bare_expr};
use crate::federation::query_ir::FromItem;
use crate::federation::table_source::RemoteTableSource;
use datafusion::common::Column;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, LogicalPlan};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Function that converts a node other than a chain into branches, if that is possible.
pub(super) type FragmentFinder<'a> = &'a dyn Fn(&LogicalPlan) -> Option<Vec<RemoteFragment>>;

/// Branches of a plan, or `None` if it is not a union of chains.
pub(super) fn find_branches(plan: &LogicalPlan) -> Option<Vec<RemoteFragment>> {
    branches_or(plan, &|_| None)
}

/// Branches of a plan. Nodes other than chains are passed to `more`.
pub(super) fn branches_or(
    plan: &LogicalPlan,
    more: FragmentFinder<'_>,
) -> Option<Vec<RemoteFragment>> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = scan.source.downcast_ref::<RemoteTableSource>()?;
            let outputs = scan
                .projected_schema
                .fields()
                .iter()
                .map(|field| Expr::Column(Column::new_unqualified(field.name())))
                .collect();
            let conjuncts = scan
                .filters
                .iter()
                .map(|filter| is_movable(filter).then(|| to_bare_expr(filter.clone())))
                .collect::<Option<Vec<_>>>()?;
            Some(vec![RemoteFragment {
                from: vec![FromItem::from_table(
                    Arc::clone(&source.table),
                    source.relation,
                )],
                conjuncts,
                outputs,
                fetch: scan.fetch,
                relies: BTreeSet::new(),
            }])
        }
        LogicalPlan::SubqueryAlias(alias) => branches_or(&alias.input, more),
        LogicalPlan::Projection(projection) => {
            let schema = projection.input.schema();
            let mut all = branches_or(&projection.input, more)?;
            for branch in &mut all {
                branch.outputs = projection
                    .expr
                    .iter()
                    .map(|expr| branch.rewrite_expr(expr, schema))
                    .collect::<Option<_>>()?;
            }
            Some(all)
        }
        LogicalPlan::Filter(filter) => {
            if !is_movable(&filter.predicate) {
                return more(plan);
            }
            let schema = filter.input.schema();
            let mut all = branches_or(&filter.input, more)?;
            for branch in &mut all {
                if branch.fetch.is_some() {
                    return None;
                }
                let predicate = branch.rewrite_expr(&filter.predicate, schema)?;
                branch.conjuncts.extend(split_conjunction_owned(predicate));
            }
            Some(all)
        }
        LogicalPlan::Union(union) => {
            let mut all = Vec::new();
            for input in &union.inputs {
                all.extend(branches_or(input, more)?);
            }
            Some(all)
        }
        other => more(other),
    }
}
