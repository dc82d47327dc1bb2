//! The writer of SQL for participants: one small canonical form, read back and compared before it may be sent.
//!
//! A text that does not read back as exactly what was meant is not sent; the caller then asks for less and does the rest
//! at home. Writing whole plans back to SQL loses conditions now and then, so only expressions are written.

use crate::fault::carry;
use crate::federate::branch::{bare, movable, substitute};
use crate::federate::home::RemoteTable;
use crate::federate::source::Relation;
use crate::limits::SqlLimits;
use crate::plan::names::Tables;
use crate::plan::planned;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{
    Column, DFSchema, DFSchemaRef, DataFusionError, ScalarValue, TableReference,
};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{
    BinaryExpr, Expr, FetchType, LogicalPlan, Operator, SkipType, TableSource, lit,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::unparser::Unparser;
use datafusion::sql::unparser::dialect::DefaultDialect;
use evidence::time::Time;
use std::sync::Arc;

/// What is meant: one relation, conditions, and rows or groups of it.
#[derive(Clone)]
pub(super) struct PeerQuery {
    /// Whose relation.
    pub(super) table: Arc<RemoteTable>,
    /// Which.
    pub(super) relation: Relation,
    /// Conditions over bare columns.
    pub(super) conjuncts: Vec<Expr>,
    /// What comes out.
    pub(super) body: Body,
    /// At most so many rows.
    pub(super) limit: Option<usize>,
}

/// What comes out of a query.
#[derive(Clone)]
pub(super) enum Body {
    /// Rows `c0..`, in this order.
    Rows {
        /// The columns.
        outputs: Vec<Expr>,
        /// Which output orders them, and how.
        order: Vec<Order>,
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
pub(super) struct Order {
    /// The place of the output.
    pub(super) output: usize,
    /// Smallest first.
    pub(super) ascending: bool,
    /// NULL before all.
    pub(super) nulls_first: bool,
}

/// A text that means what was meant.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// One SELECT.
    pub(super) sql: String,
    /// What it returns.
    pub(super) schema: SchemaRef,
}

/// Why no text was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` can't be written as SQL that reads back the same")]
pub(super) struct Unwritable(pub(super) String);

/// Writes and checks.
pub(super) struct Writer {
    state: Arc<SessionState>,
    limits: SqlLimits,
    now: Time,
}

impl Writer {
    /// A writer with the options of `state`; what it writes is read within `limits`.
    pub(super) fn new(state: Arc<SessionState>, limits: SqlLimits, now: Time) -> Self {
        Self { state, limits, now }
    }

    /// Whether rows can be filtered by this at the participant.
    pub(super) fn can_filter(
        &self,
        table: &Arc<RemoteTable>,
        relation: Relation,
        filter: &Expr,
    ) -> bool {
        if !movable(filter) {
            return false;
        }
        let query = PeerQuery {
            table: Arc::clone(table),
            relation,
            conjuncts: vec![bare(filter.clone())],
            body: Body::Rows {
                outputs: Vec::new(),
                order: Vec::new(),
            },
            limit: None,
        };
        self.write(&query).is_ok()
    }

    /// Writes a query and checks that the text means the same.
    pub(super) fn write(&self, query: &PeerQuery) -> Result<Text, Unwritable> {
        let meant = self.normal(query)?;
        let sql = render(&meant)?;
        let refused = || Unwritable(sql.clone());
        let (read, schema) = self.read(&sql, &meant).map_err(|_| refused())?;
        if read == Read::of(&meant) {
            Ok(Text { sql, schema })
        } else {
            tracing::debug!(name: "federate.not_same", "text does not read back the same");
            Err(Unwritable(sql))
        }
    }

    /// Simplifies an expression over bare columns of a relation.
    pub(super) fn simplify(&self, expr: Expr, schema: &SchemaRef) -> Result<Expr, DataFusionError> {
        let schema: DFSchemaRef = Arc::new(DFSchema::try_from(schema.as_ref().clone())?);
        let context = SimplifyContext::builder()
            .with_schema(schema)
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(
                self.state.execution_props().query_execution_start_time,
            )
            .build();
        Ok(ExprSimplifier::new(context)
            .simplify(expr)?
            .unalias_nested()
            .data)
    }

    fn normal(&self, query: &PeerQuery) -> Result<PeerQuery, Unwritable> {
        let schema = query.table.schema(query.relation);
        let all = |exprs: &[Expr]| -> Result<Vec<Expr>, Unwritable> {
            exprs
                .iter()
                .map(|expr| {
                    self.simplify(expr.clone(), &schema)
                        .map_err(|_| Unwritable(expr.to_string()))
                })
                .collect()
        };
        let conjuncts = all(&query.conjuncts)?
            .into_iter()
            .flat_map(split_conjunction_owned)
            .filter(|conjunct| *conjunct != lit(true))
            .collect();
        let body = match &query.body {
            Body::Rows { outputs, order } => Body::Rows {
                outputs: if outputs.is_empty() {
                    vec![lit(1_i64)]
                } else {
                    all(outputs)?
                },
                order: order.clone(),
            },
            Body::Groups { keys, partials } => Body::Groups {
                keys: all(keys)?,
                partials: all(partials)?,
            },
        };
        Ok(PeerQuery {
            conjuncts,
            body,
            ..query.clone()
        })
    }

    fn read(&self, sql: &str, meant: &PeerQuery) -> Result<(Read, SchemaRef), DataFusionError> {
        let strange = || DataFusionError::Plan("another shape than was written".to_owned());
        let schema = meant.table.schema(meant.relation);
        let wire_name = meant.table.wire_name(meant.relation);
        let tables = Arc::new(Single {
            name: wire_name.clone(),
            schema: Arc::clone(&schema),
        });
        let plan = planned(sql, tables, &self.limits, self.now)
            .map_err(carry)?
            .plan;
        let fields: Vec<Field> = plan
            .schema()
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()))
            .collect();
        let mut read = take_apart(&plan).ok_or_else(strange)?;
        if read.relation != wire_name {
            return Err(strange());
        }
        let simplify = |exprs: Vec<Expr>| -> Result<Vec<Expr>, DataFusionError> {
            exprs
                .into_iter()
                .map(|expr| self.simplify(expr, &schema))
                .collect()
        };
        read.conjuncts = simplify(read.conjuncts)?
            .into_iter()
            .flat_map(split_conjunction_owned)
            .collect();
        read.outputs = simplify(read.outputs)?;
        read.keys = read.keys.map(simplify).transpose()?;
        Ok((read, Arc::new(Schema::new(fields))))
    }
}

/// A query as it reads, for comparison.
#[derive(Debug, PartialEq)]
struct Read {
    relation: TableReference,
    conjuncts: Vec<Expr>,
    names: Vec<String>,
    outputs: Vec<Expr>,
    keys: Option<Vec<Expr>>,
    order: Vec<Order>,
    limit: Option<usize>,
}

impl Read {
    fn of(query: &PeerQuery) -> Self {
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
struct Single {
    name: TableReference,
    schema: SchemaRef,
}

impl Tables for Single {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let same = match path {
            [table] => self.name == TableReference::bare(*table),
            [schema, table] => self.name == TableReference::partial(*schema, *table),
            _ => false,
        };
        same.then(|| Arc::new(BareSource(Arc::clone(&self.schema))) as Arc<dyn TableSource>)
    }
}

/// A relation that is only read about.
struct BareSource(SchemaRef);

impl TableSource for BareSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }
}

fn take_apart(plan: &LogicalPlan) -> Option<Read> {
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

fn render(query: &PeerQuery) -> Result<String, Unwritable> {
    let named = |lead: &str, exprs: &[Expr]| -> Result<Vec<String>, Unwritable> {
        exprs
            .iter()
            .enumerate()
            .map(|(at, expr)| Ok(format!("{} AS {lead}{at}", written(expr)?)))
            .collect()
    };
    let (list, keys, order) = match &query.body {
        Body::Rows { outputs, order } => (named("c", outputs)?, Vec::new(), order.as_slice()),
        Body::Groups { keys, partials } => {
            let mut list = named("k", keys)?;
            list.extend(named("p", partials)?);
            let keys = keys.iter().map(written).collect::<Result<_, _>>()?;
            (list, keys, [].as_slice())
        }
    };
    let relation = match query.relation {
        Relation::Rows | Relation::Base => query.table.dataset.name.to_string(),
        Relation::Cells => format!("{}.cube", query.table.dataset.name),
    };
    let mut sql = format!("SELECT {} FROM {relation}", list.join(", "));
    if !query.conjuncts.is_empty() {
        let conjuncts: Vec<String> = query
            .conjuncts
            .iter()
            .map(written)
            .collect::<Result<_, _>>()?;
        sql.push_str(" WHERE ");
        sql.push_str(&conjuncts.join(" AND "));
    }
    if !keys.is_empty() {
        sql.push_str(" GROUP BY ");
        sql.push_str(&keys.join(", "));
    }
    if !order.is_empty() {
        let order: Vec<String> = order
            .iter()
            .map(|key| {
                format!(
                    "c{} {} NULLS {}",
                    key.output,
                    if key.ascending { "ASC" } else { "DESC" },
                    if key.nulls_first { "FIRST" } else { "LAST" }
                )
            })
            .collect();
        sql.push_str(" ORDER BY ");
        sql.push_str(&order.join(", "));
    }
    if let Some(limit) = query.limit {
        sql.push_str(&format!(" LIMIT {limit}"));
    }
    Ok(sql)
}

fn written(expr: &Expr) -> Result<String, Unwritable> {
    if let Expr::AggregateFunction(aggregate) = expr
        && aggregate.func.name() == "count"
        && !aggregate.params.distinct
        && aggregate.params.filter.is_none()
        && matches!(aggregate.params.args.as_slice(), [Expr::Literal(value, _)] if !value.is_null())
    {
        return Ok("count(*)".to_owned());
    }
    let unwritable = |_| Unwritable(expr.to_string());
    let plain = plain_times(bare_average(expr.clone())).map_err(unwritable)?;
    let text = Unparser::new(&DefaultDialect {})
        .expr_to_sql(&plain)
        .map_err(unwritable)?
        .to_string();
    Ok(text)
}

/// `avg(x)` of an integer, whose cast comes back by itself when the text is read.
fn bare_average(expr: Expr) -> Expr {
    match expr {
        Expr::AggregateFunction(mut call) if call.func.name() == "avg" => {
            for argument in &mut call.params.args {
                if let Expr::Cast(cast) = argument
                    && *cast.field.data_type() == DataType::Float64
                    && matches!(*cast.expr, Expr::Column(_))
                {
                    *argument = (*cast.expr).clone();
                }
            }
            Expr::AggregateFunction(call)
        }
        other => other,
    }
}

/// Instants and dates that a column is compared with, as people write them.
fn plain_times(expr: Expr) -> Result<Expr, DataFusionError> {
    let time = |expr: &Expr| match expr {
        Expr::Literal(
            value @ (ScalarValue::TimestampSecond(..)
            | ScalarValue::TimestampMillisecond(..)
            | ScalarValue::TimestampMicrosecond(..)
            | ScalarValue::TimestampNanosecond(..)
            | ScalarValue::Date32(_)),
            _,
        ) if !value.is_null() => value.cast_to(&DataType::Utf8).ok().map(lit),
        _ => None,
    };
    let column = |expr: &Expr| matches!(expr, Expr::Column(Column { .. }));
    expr.transform_up(|node| {
        Ok(match node {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
                let text = if column(&left) { time(&right) } else { None };
                match text {
                    Some(text) => Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                        left,
                        op,
                        right: Box::new(text),
                    })),
                    None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
                }
            }
            Expr::InList(mut list) if column(&list.expr) => {
                for item in &mut list.list {
                    if let Some(text) = time(item) {
                        *item = text;
                    }
                }
                Transformed::yes(Expr::InList(list))
            }
            other => Transformed::no(other),
        })
    })
    .map(|done| done.data)
}

fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
    )
}
