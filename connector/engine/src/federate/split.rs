//! The split: every part of an optimised plan that one participant can compute becomes an errand; the rest stays here.
//!
//! Runs after the stock rules have reached their fixpoint, so that conditions and columns are already where they belong.

use crate::fault::carry;
use crate::federate::aggregate;
use crate::federate::branch::{Branch, branches, movable, substitute};
use crate::federate::errand::Errand;
use crate::federate::home::RemoteTable;
use crate::federate::peersql::{Body, Order, PeerQuery, Text, Unwritable, Writer};
use crate::federate::question::Wish;
use crate::federate::source::{ErrandSource, Relation, RemoteSource};
use crate::federate::span;
use arrow_schema::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, TableReference};
use datafusion::logical_expr::{
    Expr, ExprSchemable, Filter, LogicalPlan, LogicalPlanBuilder, Sort, TableScan, Union,
    utils::conjunction,
};
use policy::refusal::{Code, Refusal};
use std::sync::Arc;

/// Where errands are written down.
pub(super) struct Desk {
    /// The writer of texts.
    pub(super) writer: Arc<Writer>,
    /// What the asker wished.
    pub(super) wish: Wish,
    /// All errands so far.
    pub(super) errands: Vec<Arc<Errand>>,
}

/// Replaces what participants can compute by errands.
pub(super) fn split(plan: LogicalPlan, desk: &mut Desk) -> Result<LogicalPlan, DataFusionError> {
    let plan = plan
        .transform_down_with_subqueries(|node| {
            let replaced = match &node {
                LogicalPlan::Aggregate(aggregate) => whole_branches(&aggregate.input)
                    .and_then(|branches| aggregate::split(aggregate, &branches, desk).ok()),
                LogicalPlan::Sort(sort) if sort.fetch.is_some() => {
                    whole_branches(&sort.input).and_then(|branches| top(sort, &branches, desk))
                }
                LogicalPlan::TableScan(scan) if scan.source.is::<RemoteSource>() => {
                    Some(rows(scan, desk)?)
                }
                _ => None,
            };
            Ok(match replaced {
                Some(plan) => Transformed::new(plan, true, TreeNodeRecursion::Jump),
                None => Transformed::no(node),
            })
        })?
        .data;
    fresh(plan)
}

/// Schemas as they are after parts were replaced.
pub(super) fn fresh(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    plan.transform_up_with_subqueries(|node| Ok(Transformed::yes(node.recompute_schema()?)))
        .map(|done| done.data)
}

fn whole_branches(plan: &LogicalPlan) -> Option<Vec<Branch>> {
    let branches = branches(plan)?;
    let whole = branches
        .iter()
        .all(|branch| branch.fetch.is_none() && branch.relation != Relation::Base);
    (whole && !branches.is_empty()).then_some(branches)
}

/// Rows of one scan: its filters and columns go along.
fn rows(scan: &TableScan, desk: &mut Desk) -> Result<LogicalPlan, DataFusionError> {
    let all = branches(&LogicalPlan::TableScan(scan.clone())).unwrap_or_default();
    let [branch] = all.as_slice() else {
        return Err(not_planned());
    };
    if let Ok(plan) = fetch_rows(branch, &scan.projected_schema, &[], branch.fetch, desk) {
        return Ok(plan);
    }
    // The conditions passed one by one and fail together: fetch without them, and filter here.
    let bare = Branch {
        conjuncts: Vec::new(),
        fetch: None,
        outputs: branch
            .table
            .schema(branch.relation)
            .fields()
            .iter()
            .map(|field| Expr::Column(Column::new_unqualified(field.name())))
            .collect(),
        ..branch.clone()
    };
    let schema =
        DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
    let mut plan = fetch_rows(&bare, &schema, &[], None, desk).map_err(|_| not_planned())?;
    if let Some(predicate) = conjunction(scan.filters.iter().cloned()) {
        plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(plan))?);
    }
    LogicalPlanBuilder::from(plan)
        .project(
            scan.projected_schema
                .columns()
                .into_iter()
                .map(Expr::Column),
        )?
        .build()
}

/// The first rows of each branch, in order, and the order again here.
fn top(sort: &Sort, branches: &[Branch], desk: &mut Desk) -> Option<LogicalPlan> {
    let schema = sort.input.schema();
    let mut plans = Vec::new();
    let before = desk.errands.len();
    for branch in branches {
        let mut order = Vec::new();
        for key in &sort.expr {
            if !movable(&key.expr) {
                return None;
            }
            let inside = branch.inside(&key.expr, schema)?;
            if inside.any_column_refs() {
                order.push((inside, key.asc, key.nulls_first));
            }
        }
        match fetch_rows(branch, schema, &order, sort.fetch, desk) {
            Ok(plan) => plans.push(plan),
            Err(_) => {
                desk.errands.truncate(before);
                return None;
            }
        }
    }
    let input = union(plans).ok()?;
    let input = relabel(input, schema).ok()?;
    Some(LogicalPlan::Sort(Sort {
        expr: sort.expr.clone(),
        input: Arc::new(input),
        fetch: sort.fetch,
    }))
}

/// The columns that a branch needs, fetched, and its outputs computed from them under the names of `schema`.
fn fetch_rows(
    branch: &Branch,
    schema: &DFSchema,
    order: &[(Expr, bool, bool)],
    limit: Option<usize>,
    desk: &mut Desk,
) -> Result<LogicalPlan, Unwritable> {
    let strange = |error: DataFusionError| Unwritable(error.to_string());
    let relation = branch.table.schema(branch.relation);
    let mut shipped: Vec<Expr> = relation
        .fields()
        .iter()
        .map(|field| Expr::Column(Column::new_unqualified(field.name())))
        .filter(|column| {
            branch.outputs.iter().any(|output| {
                output
                    .column_refs()
                    .into_iter()
                    .any(|used| *column == Expr::Column(used.clone()))
            })
        })
        .collect();
    let columns = shipped.clone();
    let mut keys = Vec::new();
    for (expr, ascending, nulls_first) in order {
        let expr = desk
            .writer
            .simplify(expr.clone(), &relation)
            .map_err(strange)?;
        let output = match shipped.iter().position(|known| *known == expr) {
            Some(at) => at,
            None => {
                shipped.push(expr);
                shipped.len().saturating_sub(1)
            }
        };
        keys.push(Order {
            output,
            ascending: *ascending,
            nulls_first: *nulls_first,
        });
    }
    let query = PeerQuery {
        table: Arc::clone(&branch.table),
        relation: branch.relation,
        conjuncts: branch.conjuncts.clone(),
        body: Body::Rows {
            outputs: shipped,
            order: keys,
        },
        limit,
    };
    let text = desk.writer.write(&query)?;
    let scan = desk.errand(&query, text).map_err(strange)?;
    let by_name = DFSchema::try_from(arrow_schema::Schema::new(
        columns
            .iter()
            .filter_map(|column| match column {
                Expr::Column(column) => relation.field_with_name(&column.name).ok().cloned(),
                _ => None,
            })
            .collect::<Vec<_>>(),
    ))
    .map_err(strange)?;
    let fetched: Vec<Expr> = scan
        .schema()
        .columns()
        .into_iter()
        .take(columns.len())
        .map(Expr::Column)
        .collect();
    let mut outputs = Vec::new();
    for (output, (qualifier, field)) in branch.outputs.iter().zip(schema.iter()) {
        let output = substitute(output.clone(), &by_name, &fetched)
            .ok_or_else(|| Unwritable(output.to_string()))?;
        let output = output
            .cast_to(field.data_type(), scan.schema())
            .map_err(strange)?;
        outputs.push(output.alias_qualified(qualifier.cloned(), field.name()));
    }
    LogicalPlanBuilder::from(scan)
        .project(outputs)
        .and_then(LogicalPlanBuilder::build)
        .map_err(strange)
}

/// One plan of several with the same columns.
pub(super) fn union(mut plans: Vec<LogicalPlan>) -> Result<LogicalPlan, DataFusionError> {
    if plans.len() < 2 {
        return plans.pop().ok_or_else(not_planned);
    }
    let inputs = plans.into_iter().map(Arc::new).collect();
    Ok(LogicalPlan::Union(Union::try_new(inputs)?))
}

/// The columns of a plan under the names of `schema`, in order.
fn relabel(plan: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan, DataFusionError> {
    let outputs: Vec<Expr> = plan
        .schema()
        .columns()
        .into_iter()
        .zip(schema.iter())
        .map(|(column, (qualifier, field))| {
            Expr::Column(column).alias_qualified(qualifier.cloned(), field.name())
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(outputs)?.build()
}

impl Desk {
    /// Writes an errand down; the plan reads what it will bring.
    pub(super) fn errand(
        &mut self,
        query: &PeerQuery,
        text: Text,
    ) -> Result<LogicalPlan, DataFusionError> {
        let table: &RemoteTable = &query.table;
        let single = matches!(&query.body, Body::Groups { keys, .. } if keys.is_empty());
        let at_most = if single {
            Some(1)
        } else {
            query.limit.and_then(|limit| u64::try_from(limit).ok())
        };
        // 0: the participant does not tell how many rows it has.
        let most_rows = match (at_most, table.rows) {
            (Some(limit), 0) => limit,
            (Some(limit), rows) => limit.min(rows),
            (None, rows) => rows,
        };
        let number = self.errands.len();
        let errand = Arc::new(Errand {
            number,
            participant: table.dataset.owner.clone(),
            alias: table.alias.clone(),
            dataset: table.dataset.clone(),
            contract: table.contract,
            purpose: self.wish.purpose.clone(),
            sql: text.sql,
            most_bytes: most_rows.saturating_mul(width(&text.schema)),
            schema: text.schema,
            at_most,
            at_least: u64::from(single),
            snapshot: table.snapshot.clone(),
            time_span: table.time_span,
            asked_span: span::asked(&query.conjuncts),
            most_rows,
            attempt: 0,
        });
        self.errands.push(Arc::clone(&errand));
        let name = TableReference::partial("hansa", format!("errand_{number}"));
        LogicalPlanBuilder::scan(name, Arc::new(ErrandSource { errand }), None)?.build()
    }
}

/// Bytes of one row, texts taken as 24.
fn width(schema: &SchemaRef) -> u64 {
    schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Boolean => 1,
            DataType::Int32 | DataType::Date32 | DataType::Float32 => 4,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => 24,
            _ => 8,
        })
        .sum()
}

fn not_planned() -> DataFusionError {
    carry(Refusal::new(
        Code::Internal,
        "a part of the question can't be given to its participant",
    ))
}
