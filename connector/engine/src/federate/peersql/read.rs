//! A text read back: taken apart into what it says.

use super::{Body, Order, PeerQuery};
use crate::federate::branch::{bare, substitute};
use crate::plan::names::Tables;
use arrow_schema::SchemaRef;
use datafusion::common::TableReference;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, FetchType, LogicalPlan, SkipType, TableSource};
use std::sync::Arc;

/// A query as it reads, for comparison.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    pub(super) relation: TableReference,
    pub(super) conjuncts: Vec<Expr>,
    pub(super) names: Vec<String>,
    pub(super) outputs: Vec<Expr>,
    pub(super) keys: Option<Vec<Expr>>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
}

impl Read {
    pub(super) fn of(query: &PeerQuery) -> Self {
        let (names, outputs, keys, order) = match &query.body {
            Body::Rows { outputs, order } => (
                (0..outputs.len()).map(|at| format!("c{at}")).collect(),
                outputs.clone(),
                None,
                order.clone(),
            ),
            Body::Groups { keys, partials } => (
                (0..keys.len())
                    .map(|at| format!("k{at}"))
                    .chain((0..partials.len()).map(|at| format!("p{at}")))
                    .collect(),
                keys.iter().chain(partials).cloned().collect(),
                Some(keys.clone()),
                Vec::new(),
            ),
        };
        Self {
            relation: query.table.wire_name(query.relation),
            conjuncts: query.conjuncts.clone(),
            names,
            outputs,
            keys,
            order,
            limit: query.limit,
        }
    }
}

/// The one relation of a text that is read back.
pub(super) struct Single {
    pub(super) name: TableReference,
    pub(super) schema: SchemaRef,
}

impl Tables for Single {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let same = match path {
            [table] => self.name == TableReference::bare(*table),
            [schema, table] => self.name == TableReference::partial(*schema, *table),
            _ => false,
        };
        if !same {
            return None;
        }
        Some(Arc::new(BareSource(Arc::clone(&self.schema))))
    }
}

/// A relation that is only read about.
struct BareSource(SchemaRef);

impl TableSource for BareSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }
}

pub(super) fn take_apart(plan: &LogicalPlan) -> Option<Read> {
    let mut node = plan;
    let mut limit = None;
    if let LogicalPlan::Limit(it) = node {
        let (SkipType::Literal(0), FetchType::Literal(fetch)) =
            (it.get_skip_type().ok()?, it.get_fetch_type().ok()?)
        else {
            return None;
        };
        limit = fetch;
        node = &it.input;
    }
    let mut sort = None;
    if let LogicalPlan::Sort(it) = node {
        sort = Some(it);
        node = &it.input;
    }
    let LogicalPlan::Projection(projection) = node else {
        return None;
    };
    let names: Vec<String> = projection
        .schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut order = Vec::new();
    for key in sort.into_iter().flat_map(|sort| &sort.expr) {
        let Expr::Column(column) = &key.expr else {
            return None;
        };
        order.push(Order {
            output: names.iter().position(|name| *name == column.name)?,
            ascending: key.asc,
            nulls_first: key.nulls_first,
        });
    }
    node = &projection.input;
    let mut keys = None;
    let mut below = None;
    if let LogicalPlan::Aggregate(aggregate) = node {
        let inner: Vec<Expr> = aggregate
            .group_expr
            .iter()
            .chain(&aggregate.aggr_expr)
            .cloned()
            .map(bare)
            .collect();
        keys = Some(inner.get(..aggregate.group_expr.len())?.to_vec());
        below = Some((Arc::clone(&aggregate.schema), inner));
        node = &aggregate.input;
    }
    let outputs = projection
        .expr
        .iter()
        .cloned()
        .map(|expr| match &below {
            Some((schema, inner)) => substitute(expr, schema, inner),
            None => Some(bare(expr)),
        })
        .collect::<Option<Vec<_>>>()?;
    let mut conjuncts = Vec::new();
    if let LogicalPlan::Filter(filter) = node {
        conjuncts = split_conjunction_owned(bare(filter.predicate.clone()));
        node = &filter.input;
    }
    let LogicalPlan::TableScan(scan) = node else {
        return None;
    };
    Some(Read {
        relation: scan.table_name.clone(),
        conjuncts,
        names,
        outputs,
        keys,
        order,
        limit,
    })
}
