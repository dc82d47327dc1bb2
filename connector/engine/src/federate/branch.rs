//! A part of a plan that reads one relation of one participant: chains of projections, filters and aliases over a scan,
//! written in the relation's own columns; a union of such chains is several branches.

use crate::federate::home::RemoteTable;
use crate::federate::source::{Relation, RemoteSource};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, LogicalPlan};
use std::sync::Arc;

/// One such chain: `SELECT outputs FROM relation WHERE conjuncts LIMIT fetch`.
#[derive(Clone)]
pub(super) struct Branch {
    /// Whose relation.
    pub(super) table: Arc<RemoteTable>,
    /// Which.
    pub(super) relation: Relation,
    /// All must hold; over the relation's bare columns.
    pub(super) conjuncts: Vec<Expr>,
    /// What comes out, in the order of the plan's columns; over the relation's bare columns.
    pub(super) outputs: Vec<Expr>,
    /// At most so many rows.
    pub(super) fetch: Option<usize>,
}

/// The branches of a plan, or nothing if it is anything else than a union of chains.
pub(super) fn branches(plan: &LogicalPlan) -> Option<Vec<Branch>> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = scan.source.downcast_ref::<RemoteSource>()?;
            let outputs = scan
                .projected_schema
                .fields()
                .iter()
                .map(|field| Expr::Column(Column::new_unqualified(field.name())))
                .collect();
            let conjuncts = scan
                .filters
                .iter()
                .map(|filter| movable(filter).then(|| bare(filter.clone())))
                .collect::<Option<Vec<_>>>()?;
            Some(vec![Branch {
                table: Arc::clone(&source.table),
                relation: source.relation,
                conjuncts,
                outputs,
                fetch: scan.fetch,
            }])
        }
        LogicalPlan::SubqueryAlias(alias) => branches(&alias.input),
        LogicalPlan::Projection(projection) => {
            let schema = projection.input.schema();
            let mut all = branches(&projection.input)?;
            for branch in &mut all {
                branch.outputs = projection
                    .expr
                    .iter()
                    .map(|expr| branch.inside(expr, schema))
                    .collect::<Option<_>>()?;
            }
            Some(all)
        }
        LogicalPlan::Filter(filter) => {
            let schema = filter.input.schema();
            let mut all = branches(&filter.input)?;
            for branch in &mut all {
                if branch.fetch.is_some() {
                    return None;
                }
                let predicate = branch.inside(&filter.predicate, schema)?;
                branch.conjuncts.extend(split_conjunction_owned(predicate));
            }
            Some(all)
        }
        LogicalPlan::Union(union) => {
            let mut all = Vec::new();
            for input in &union.inputs {
                all.extend(branches(input)?);
            }
            Some(all)
        }
        _ => None,
    }
}

impl Branch {
    /// An expression over the plan's columns (`schema`), written in the relation's columns.
    pub(super) fn inside(&self, expr: &Expr, schema: &DFSchema) -> Option<Expr> {
        if !movable(expr) {
            return None;
        }
        substitute(expr.clone(), schema, &self.outputs)
    }
}

/// Replaces each column of `schema` by the expression at its place.
pub(super) fn substitute(expr: Expr, schema: &DFSchema, by: &[Expr]) -> Option<Expr> {
    let mut whole = true;
    let replaced = expr
        .transform_down(|node| {
            let Expr::Column(column) = &node else {
                return Ok(Transformed::no(node));
            };
            let found = schema
                .maybe_index_of_column(column)
                .and_then(|index| by.get(index));
            match found {
                Some(other) => Ok(Transformed::new(
                    other.clone(),
                    true,
                    TreeNodeRecursion::Jump,
                )),
                None => {
                    whole = false;
                    Ok(Transformed::new(node, false, TreeNodeRecursion::Stop))
                }
            }
        })
        .ok()?;
    whole.then(|| replaced.data.unalias_nested().data)
}

/// The expression with bare column names and without aliases.
pub(super) fn bare(expr: Expr) -> Expr {
    datafusion::logical_expr::expr_rewriter::unnormalize_col(expr)
        .unalias_nested()
        .data
}

/// Whether an expression may be computed elsewhere: it gives the same value wherever and however often it is computed,
/// and it needs nothing but its columns.
pub(super) fn movable(expr: &Expr) -> bool {
    let bound = expr
        .exists(|node| {
            Ok(node.is_volatile_node()
                || matches!(
                    node,
                    Expr::ScalarSubquery(_)
                        | Expr::InSubquery(_)
                        | Expr::Exists(_)
                        | Expr::SetComparison(_)
                        | Expr::OuterReferenceColumn(..)
                        | Expr::WindowFunction(_)
                        | Expr::GroupingSet(_)
                        | Expr::Placeholder(_)
                        | Expr::Unnest(_)
                        | Expr::ScalarVariable(..)
                        | Expr::HigherOrderFunction(_)
                        | Expr::Lambda(_)
                        | Expr::LambdaVariable(_)
                ))
        })
        .unwrap_or(true);
    !bound
}
