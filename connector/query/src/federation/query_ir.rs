//! What one participant is to compute: a SELECT over its own relations, as data.
//!
//! Over one relation, columns are bare. Over several, each is known by its place, and so are its columns: `t0`, `t1`.

use crate::federation::table::{DatasetRelation, RemoteTable};
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, TableReference};
use datafusion::logical_expr::Expr;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is meant: relations put together, conditions, and rows or groups of them.
#[derive(Clone)]
pub(super) struct RemoteSelect {
    /// What it reads; one participant's, and at least one.
    pub(super) from: Vec<FromItem>,
    /// All must hold.
    pub(super) conjuncts: Vec<Expr>,
    /// What comes out.
    pub(super) body: SelectBody,
    /// At most so many rows.
    pub(super) limit: Option<usize>,
}

/// Something that is read, and how it is put to what stands before it.
#[derive(Clone)]
pub(super) struct FromItem {
    /// What.
    pub(super) source: FromSource,
    /// How; the first is always `Inner`.
    pub(super) kind: JoinKind,
    /// The conditions of that, over this one and those before.
    pub(super) on: Vec<Expr>,
}

/// A relation, or what another SELECT gives.
#[derive(Clone)]
pub(super) enum FromSource {
    /// A relation of a dataset.
    Table(Arc<RemoteTable>, DatasetRelation),
    /// A SELECT in parentheses.
    Inner(Arc<NestedSelect>),
}

/// A SELECT in parentheses.
pub(super) struct NestedSelect {
    /// In its normal form.
    pub(super) select: RemoteSelect,
    /// What it gives, by position: `c0`, or `k0` and `p0`.
    pub(super) schema: SchemaRef,
    /// About how many rows.
    pub(super) rows: f64,
}

/// How a relation is put to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    /// Pairs that fit.
    Inner,
    /// The same, and what stands before with NULL where nothing fits.
    Left,
    /// What stands before, where something fits.
    Semi,
    /// What stands before, where nothing fits.
    Anti,
}

/// What comes out of a query.
#[derive(Clone)]
pub(super) enum SelectBody {
    /// Rows `c0..`, in this order.
    Rows {
        /// The columns.
        outputs: Vec<Expr>,
        /// Which output orders them, and how.
        order: Vec<OutputOrder>,
    },
    /// Groups: keys `k0..` and aggregates `p0..`.
    Groups {
        /// The keys; none for one row in all.
        keys: Vec<Expr>,
        /// The aggregates.
        partials: Vec<Expr>,
    },
}

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutputOrder {
    /// The place of the output.
    pub(super) output: usize,
    /// Smallest first.
    pub(super) ascending: bool,
    /// NULL before all.
    pub(super) nulls_first: bool,
}

impl FromItem {
    /// A relation that stands first, or has no conditions of its own.
    pub(super) fn table(table: Arc<RemoteTable>, relation: DatasetRelation) -> Self {
        Self {
            source: FromSource::Table(table, relation),
            kind: JoinKind::Inner,
            on: Vec::new(),
        }
    }

    /// The columns that it gives.
    pub(super) fn schema(&self) -> SchemaRef {
        match &self.source {
            FromSource::Table(table, relation) => table.schema(*relation),
            FromSource::Inner(inner) => Arc::clone(&inner.schema),
        }
    }
}

impl RemoteSelect {
    /// The tables that it reads, each once.
    pub(super) fn tables(&self) -> Vec<(Arc<RemoteTable>, DatasetRelation)> {
        tables(&self.from)
    }
}

impl NestedSelect {
    /// What it gives under that name.
    pub(super) fn output(&self, name: &str) -> Option<&Expr> {
        let number: usize = name.get(1..)?.parse().ok()?;
        match (&self.select.body, name.get(..1)?) {
            (SelectBody::Rows { outputs, .. }, "c") => outputs.get(number),
            (SelectBody::Groups { keys, .. }, "k") => keys.get(number),
            (SelectBody::Groups { partials, .. }, "p") => partials.get(number),
            _ => None,
        }
    }
}

/// The tables that are read there, each once, in the order in which they stand.
pub(super) fn tables(from: &[FromItem]) -> Vec<(Arc<RemoteTable>, DatasetRelation)> {
    let mut all: Vec<(Arc<RemoteTable>, DatasetRelation)> = Vec::new();
    for item in from {
        let found = match &item.source {
            FromSource::Table(table, relation) => vec![(Arc::clone(table), *relation)],
            FromSource::Inner(inner) => inner.select.tables(),
        };
        for (table, relation) in found {
            let known = |other: &(Arc<RemoteTable>, DatasetRelation)| {
                other.0.dataset == table.dataset && other.1 == relation
            };
            if !all.iter().any(known) {
                all.push((table, relation));
            }
        }
    }
    all
}

/// The columns that conditions and outputs over these may use.
pub(super) fn columns(from: &[FromItem]) -> DFSchema {
    let mut fields = Vec::new();
    for (place, item) in from.iter().enumerate() {
        let name = (from.len() > 1).then(|| alias(place));
        for field in item.schema().fields() {
            let nullable = field.is_nullable() || item.kind == JoinKind::Left;
            let field = Field::new(field.name(), field.data_type().clone(), nullable);
            fields.push((name.clone(), Arc::new(field)));
        }
    }
    DFSchema::new_with_metadata(fields, std::collections::HashMap::new())
        .unwrap_or_else(|_| DFSchema::empty())
}

/// The name of a place.
pub(super) fn alias(place: usize) -> TableReference {
    TableReference::bare(format!("t{place}"))
}

/// The place that a column belongs to, among so many.
pub(super) fn place(column: &Column) -> usize {
    let name = column.relation.as_ref().map(TableReference::table);
    name.and_then(|name| name.strip_prefix('t')?.parse().ok())
        .unwrap_or(0)
}

/// The places that an expression uses.
pub(super) fn places(expr: &Expr) -> BTreeSet<usize> {
    expr.column_refs().into_iter().map(place).collect()
}

/// The expression with its columns at other places; bare where there is no place.
pub(super) fn move_columns(expr: Expr, to: &dyn Fn(usize) -> Option<usize>) -> Expr {
    let at = expr.clone();
    expr.transform_up(|node| {
        Ok(match node {
            Expr::Column(column) => {
                let relation = to(place(&column)).map(alias);
                Transformed::yes(Expr::Column(Column::new(relation, column.name)))
            }
            other => Transformed::no(other),
        })
    })
    .map_or(at, |done| done.data)
}

/// A schema without anything but names, types and whether NULL occurs.
pub(super) fn plain(schema: &DFSchema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}
