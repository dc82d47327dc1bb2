//! Intermediate representation of a remote query: a SELECT over relations of one participant.
//!
//! Columns of a single relation have bare names. Several relations are named by position: `t0`, `t1`.

use crate::federation::table::{DatasetRelation, RemoteTable};
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, TableReference};
use datafusion::logical_expr::Expr;
use std::collections::BTreeSet;
use std::sync::Arc;

/// SELECT statement: joined relations, conditions, and rows or groups.
#[derive(Clone)]
pub(super) struct RemoteSelect {
    /// Relations of one participant; at least one.
    pub(super) from: Vec<FromItem>,
    /// Conditions of the WHERE clause.
    pub(super) conjuncts: Vec<Expr>,
    /// Output of the query.
    pub(super) body: SelectBody,
    /// Maximum number of rows.
    pub(super) limit: Option<usize>,
}

/// Relation of the FROM clause, with its join to the previous relations.
#[derive(Clone)]
pub(super) struct FromItem {
    /// Relation or subquery.
    pub(super) source: FromSource,
    /// Join kind; always `Inner` for the first relation.
    pub(super) kind: JoinKind,
    /// Join conditions over this relation and the previous ones.
    pub(super) on: Vec<Expr>,
}

/// Relation or subquery.
#[derive(Clone)]
pub(super) enum FromSource {
    /// Relation of a dataset.
    Table(Arc<RemoteTable>, DatasetRelation),
    /// Subquery in parentheses.
    Inner(Arc<NestedSelect>),
}

/// Subquery in parentheses.
pub(super) struct NestedSelect {
    /// Query in its normal form.
    pub(super) select: RemoteSelect,
    /// Output columns by position: `c0`, or `k0` and `p0`.
    pub(super) schema: SchemaRef,
    /// Estimated row count.
    pub(super) rows: f64,
}

/// Join kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    /// Inner join.
    Inner,
    /// Left outer join.
    Left,
    /// Left semi-join.
    Semi,
    /// Left anti-join.
    Anti,
}

/// Output of a query.
#[derive(Clone)]
pub(super) enum SelectBody {
    /// Rows with columns `c0..`, in this order.
    Rows {
        /// Output columns.
        outputs: Vec<Expr>,
        /// Sort keys.
        order: Vec<OutputOrder>,
    },
    /// Groups with keys `k0..` and aggregates `p0..`.
    Groups {
        /// Group keys; empty for a single row.
        keys: Vec<Expr>,
        /// Aggregates.
        partials: Vec<Expr>,
    },
}

/// Sort key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutputOrder {
    /// Index of the output.
    pub(super) output: usize,
    /// Ascending order.
    pub(super) ascending: bool,
    /// NULL before all other values.
    pub(super) nulls_first: bool,
}

impl FromItem {
    /// Creates an item for a relation without join conditions.
    pub(super) fn from_table(table: Arc<RemoteTable>, relation: DatasetRelation) -> Self {
        Self {
            source: FromSource::Table(table, relation),
            kind: JoinKind::Inner,
            on: Vec::new(),
        }
    }

    /// Columns of the relation or subquery.
    pub(super) fn schema(&self) -> SchemaRef {
        match &self.source {
            FromSource::Table(table, relation) => table.schema(*relation),
            FromSource::Inner(inner) => Arc::clone(&inner.schema),
        }
    }
}

impl RemoteSelect {
    /// Tables of the query, each once.
    pub(super) fn tables(&self) -> Vec<(Arc<RemoteTable>, DatasetRelation)> {
        collect_tables(&self.from)
    }
}

impl NestedSelect {
    /// Output with this name.
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

/// Tables of a FROM clause, each once, in order of appearance.
pub(super) fn collect_tables(from: &[FromItem]) -> Vec<(Arc<RemoteTable>, DatasetRelation)> {
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

/// Columns that conditions and outputs over these relations may use.
pub(super) fn collect_columns(from: &[FromItem]) -> DFSchema {
    let mut fields = Vec::new();
    for (place, item) in from.iter().enumerate() {
        let name = (from.len() > 1).then(|| relation_alias(place));
        for field in item.schema().fields() {
            let nullable = field.is_nullable() || item.kind == JoinKind::Left;
            let field = Field::new(field.name(), field.data_type().clone(), nullable);
            fields.push((name.clone(), Arc::new(field)));
        }
    }
    DFSchema::new_with_metadata(fields, std::collections::HashMap::new())
        .unwrap_or_else(|_| DFSchema::empty())
}

/// Alias of the relation at a position.
pub(super) fn relation_alias(place: usize) -> TableReference {
    TableReference::bare(format!("t{place}"))
}

/// Position of the relation to which a column belongs, among several relations.
pub(super) fn relation_place(column: &Column) -> usize {
    let name = column.relation.as_ref().map(TableReference::table);
    name.and_then(|name| name.strip_prefix('t')?.parse().ok())
        .unwrap_or(0)
}

/// Positions of the relations that an expression uses.
pub(super) fn relation_places(expr: &Expr) -> BTreeSet<usize> {
    expr.column_refs().into_iter().map(relation_place).collect()
}

/// Moves the columns of an expression to other positions. A column without a position becomes bare.
pub(super) fn move_columns(expr: Expr, to: &dyn Fn(usize) -> Option<usize>) -> Expr {
    let at = expr.clone();
    expr.transform_up(|node| {
        Ok(match node {
            Expr::Column(column) => {
                let relation = to(relation_place(&column)).map(relation_alias);
                Transformed::yes(Expr::Column(Column::new(relation, column.name)))
            }
            other => Transformed::no(other),
        })
    })
    .map_or(at, |done| done.data)
}

/// Schema with nothing but names, types and nullability.
pub(super) fn to_plain_schema(schema: &DFSchema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}
