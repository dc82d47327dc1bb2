//! A part of a plan that one participant can compute: chains of projections, filters and aliases over a relation, relations
//! of one participant put together, and groups of those, written in the columns of what is read; a union of such is several
//! branches.

use crate::federation::movable_expr::{movable, substitute};
use crate::federation::query_ir::{FromItem, columns, tables};
use crate::federation::table::{DatasetRelation, RemoteTable};
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::logical_expr::Expr;
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
