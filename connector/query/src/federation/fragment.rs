//! Fragment of a plan that one participant can compute: projections, filters and aliases over relations, joins and groups, all
//! written in the columns of the relations. A union consists of several branches.

use crate::federation::movable_expr::{is_movable, substitute_columns};
use crate::federation::query_ir::{FromItem, collect_columns, collect_tables};
use crate::federation::table::{DatasetRelation, RemoteTable};
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::logical_expr::Expr;
use hansa_policy::id::ParticipantId;
use hansa_policy::term::joins::JoinSite;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fragment of the form `SELECT outputs FROM from WHERE conjuncts LIMIT fetch`.
#[derive(Clone)]
pub(super) struct RemoteFragment {
    /// Relations of one participant. The later ones are joined to the first.
    pub(super) from: Vec<FromItem>,
    /// Conditions of the WHERE clause, over the columns of the relations.
    pub(super) conjuncts: Vec<Expr>,
    /// Output expressions in the order of the plan's columns, over the columns of the relations.
    pub(super) outputs: Vec<Expr>,
    /// Maximum number of rows.
    pub(super) fetch: Option<usize>,
    /// Key spaces that each participant declares as its own. Joins with branches of other participants are left out because of
    /// these declarations.
    pub(super) relies: BTreeSet<String>,
}

impl RemoteFragment {
    /// Rewrites an expression over the plan's columns (`schema`) in the columns of the relations.
    pub(super) fn rewrite_expr(&self, expr: &Expr, schema: &DFSchema) -> Option<Expr> {
        if !is_movable(expr) {
            return None;
        }
        substitute_columns(expr.clone(), schema, &self.outputs)
    }

    /// Columns of the relations.
    pub(super) fn columns(&self) -> DFSchemaRef {
        Arc::new(collect_columns(&self.from))
    }

    /// Tables of the fragment.
    pub(super) fn tables(&self) -> Vec<(Arc<RemoteTable>, DatasetRelation)> {
        collect_tables(&self.from)
    }

    /// First table, which is the only one of a fragment without joins.
    pub(super) fn first_table(&self) -> Option<(Arc<RemoteTable>, DatasetRelation)> {
        self.tables().into_iter().next()
    }

    /// Checks that the fragment reads rows of an aggregate-only dataset.
    pub(super) fn is_base(&self) -> bool {
        let mut tables = self.tables().into_iter();
        tables.any(|(_, relation)| relation == DatasetRelation::Base)
    }

    /// Checks for a join that must be computed at the participant, because the keys of one of its tables may not leave it.
    pub(super) fn must_stay(&self) -> bool {
        let mut tables = self.tables().into_iter();
        self.from.len() > 1 && tables.any(|(table, _)| table.joins == JoinSite::Provider)
    }

    /// Participant that computes the fragment.
    pub(super) fn owner(&self) -> Option<ParticipantId> {
        let (table, _) = self.first_table()?;
        Some(table.dataset.owner.clone())
    }
}
