//! A part of a plan that one participant can compute: chains of projections, filters and aliases over a relation, relations
//! of one participant put together, and groups of those, written in the columns of what is read; a union of such is several
//! branches.

use crate::federation::query_catalog::RemoteTable;
use crate::federation::query_ir::{FromItem, columns, tables};
use crate::federation::table_source::{DatasetRelation, RemoteTableSource};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DFSchemaRef};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, LogicalPlan};
use hansa_policy::id::ParticipantId;
use hansa_policy::term::joins::JoinSite;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One such part: `SELECT outputs FROM from WHERE conjuncts LIMIT fetch`.
#[derive(Clone)]
pub(super) struct RemoteFragment {
    /// What is read, by one participant; the first is what others are put to.
    pub(super) from: Vec<FromItem>,
    /// All must hold; over the columns of what is read.
    pub(super) conjuncts: Vec<Expr>,
    /// What comes out, in the order of the plan's columns; over the columns of what is read.
    pub(super) outputs: Vec<Expr>,
    /// At most so many rows.
    pub(super) fetch: Option<usize>,
    /// The spaces of keys of which it must be true that each participant has its own: other branches are left out for it.
    pub(super) relies: BTreeSet<String>,
}

/// Takes a node that is more than a chain, if it can be a branch.
pub(super) type FragmentFinder<'a> = &'a dyn Fn(&LogicalPlan) -> Option<Vec<RemoteFragment>>;

/// The branches of a plan, or nothing if it is anything else than a union of chains.
pub(super) fn branches(plan: &LogicalPlan) -> Option<Vec<RemoteFragment>> {
    branches_or(plan, &|_| None)
}

/// The same, where other nodes are asked for from `more`.
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
                .map(|filter| movable(filter).then(|| bare(filter.clone())))
                .collect::<Option<Vec<_>>>()?;
            Some(vec![RemoteFragment {
                from: vec![FromItem::table(Arc::clone(&source.table), source.relation)],
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
                    .map(|expr| branch.inside(expr, schema))
                    .collect::<Option<_>>()?;
            }
            Some(all)
        }
        LogicalPlan::Filter(filter) => {
            if !movable(&filter.predicate) {
                return more(plan);
            }
            let schema = filter.input.schema();
            let mut all = branches_or(&filter.input, more)?;
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
                all.extend(branches_or(input, more)?);
            }
            Some(all)
        }
        other => more(other),
    }
}

impl RemoteFragment {
    /// An expression over the plan's columns (`schema`), written in the columns of what is read.
    pub(super) fn inside(&self, expr: &Expr, schema: &DFSchema) -> Option<Expr> {
        if !movable(expr) {
            return None;
        }
        substitute(expr.clone(), schema, &self.outputs)
    }

    /// The columns of what is read.
    pub(super) fn columns(&self) -> DFSchemaRef {
        Arc::new(columns(&self.from))
    }

    /// The tables that are read.
    pub(super) fn tables(&self) -> Vec<(Arc<RemoteTable>, DatasetRelation)> {
        tables(&self.from)
    }

    /// The first table that is read: the only one of a chain.
    pub(super) fn first(&self) -> Option<(Arc<RemoteTable>, DatasetRelation)> {
        self.tables().into_iter().next()
    }

    /// Whether it reads rows of an aggregate-only dataset.
    pub(super) fn is_base(&self) -> bool {
        let mut tables = self.tables().into_iter();
        tables.any(|(_, relation)| relation == DatasetRelation::Base)
    }

    /// Whether something is put together in it that can't be anywhere else: keys of one of its tables stay where they are.
    pub(super) fn must_stay(&self) -> bool {
        let mut tables = self.tables().into_iter();
        self.from.len() > 1 && tables.any(|(table, _)| table.joins == JoinSite::Provider)
    }

    /// Who computes it.
    pub(super) fn owner(&self) -> Option<ParticipantId> {
        let (table, _) = self.first()?;
        Some(table.dataset.owner.clone())
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
