//! Parsing of a generated text back to its parts.

use crate::federation::movable_expr::{substitute_columns, to_bare_expr};
use crate::federation::query_ir::{
    FromSource, JoinKind, OutputOrder, RemoteSelect, SelectBody, relation_alias,
};
use crate::sql::resolver::TableResolver;
use arrow_schema::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, NullEquality, Result, TableReference};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, FetchType, Join, LogicalPlan, SkipType, TableSource};
use std::sync::Arc;

/// Parsed query, for comparison with the intended one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ParsedSelect {
    pub(super) items: Vec<ParsedFromItem>,
    pub(super) conjuncts: Vec<Expr>,
    pub(super) names: Vec<String>,
    pub(super) outputs: Vec<Expr>,
    pub(super) keys: Option<Vec<Expr>>,
    pub(super) order: Vec<OutputOrder>,
    pub(super) limit: Option<usize>,
}

/// Parsed relation of the FROM clause, with its join.
#[derive(Debug, PartialEq)]
pub(super) struct ParsedFromItem {
    pub(super) source: ParsedFromSource,
    pub(super) kind: JoinKind,
    /// Join conditions, sorted by their texts.
    pub(super) on: Vec<Expr>,
}

/// Relation by its name, or subquery in parentheses.
#[derive(Debug, PartialEq)]
pub(super) enum ParsedFromSource {
    Table(TableReference),
    Select(Box<ParsedSelect>),
}

impl ParsedSelect {
    pub(super) fn of(query: &RemoteSelect) -> Self {
        let (names, outputs, keys, order) = match &query.body {
            SelectBody::Rows { outputs, order } => (
                (0..outputs.len()).map(|at| format!("c{at}")).collect(),
                outputs.clone(),
                None,
                order.clone(),
            ),
            SelectBody::Groups { keys, partials } => (
                (0..keys.len())
                    .map(|at| format!("k{at}"))
                    .chain((0..partials.len()).map(|at| format!("p{at}")))
                    .collect(),
                keys.iter().chain(partials).cloned().collect(),
                Some(keys.clone()),
                Vec::new(),
            ),
        };
        let items = query.from.iter().map(|item| {
            let mut on = item.on.clone();
            on.sort_by_key(ToString::to_string);
            ParsedFromItem {
                source: match &item.source {
                    FromSource::Table(table, relation) => {
                        ParsedFromSource::Table(table.wire_name(*relation))
                    }
                    FromSource::Inner(inner) => {
                        ParsedFromSource::Select(Box::new(Self::of(&inner.select)))
                    }
                },
                kind: item.kind,
                on,
            }
        });
        Self {
            items: items.collect(),
            conjuncts: query.conjuncts.clone(),
            names,
            outputs,
            keys,
            order,
            limit: query.limit,
        }
    }
}

impl ParsedSelect {
    /// Types of all timestamp literals. The engine compares the literals without their time zones.
    pub(super) fn list_time_types(&self) -> Vec<DataType> {
        let own = self.conjuncts.iter().chain(&self.outputs);
        let own = own.chain(self.keys.iter().flatten());
        let of_items = self.items.iter().flat_map(|item| &item.on);
        let mut times = Vec::new();
        for expr in own.chain(of_items) {
            let _: Result<_> = expr.apply(|part| {
                if let Expr::Literal(value, _) = part {
                    times.extend(Some(value.data_type()).filter(DataType::is_temporal));
                }
                Ok(TreeNodeRecursion::Continue)
            });
        }
        for item in &self.items {
            if let ParsedFromSource::Select(inner) = &item.source {
                times.extend(inner.list_time_types());
            }
        }
        times
    }
}

/// Relations that a text may name when it is parsed.
pub(super) struct ParseBackTables(Vec<(TableReference, SchemaRef)>);

impl ParseBackTables {
    pub(super) fn of(query: &RemoteSelect) -> Self {
        let tables = query.tables().into_iter();
        Self(
            tables
                .map(|(table, relation)| (table.wire_name(relation), table.schema(relation)))
                .collect(),
        )
    }
}

impl TableResolver for ParseBackTables {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let name = match path {
            [table] => TableReference::bare(*table),
            [schema, table] => TableReference::partial(*schema, *table),
            _ => return None,
        };
        let (_, schema) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(Arc::new(SchemaOnlySource(Arc::clone(schema))))
    }
}

/// Table source that has a schema only.
struct SchemaOnlySource(SchemaRef);

impl TableSource for SchemaOnlySource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }
}

pub(super) fn take_apart(plan: &LogicalPlan) -> Option<ParsedSelect> {
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
        order.push(OutputOrder {
            output: names.iter().position(|name| *name == column.name)?,
            ascending: key.asc,
            nulls_first: key.nulls_first,
        });
    }
    node = &projection.input;
    let aggregate = match node {
        LogicalPlan::Aggregate(aggregate) => {
            node = &aggregate.input;
            Some(aggregate)
        }
        _ => None,
    };
    let mut windows = Vec::new();
    while let LogicalPlan::Window(window) = node {
        windows.extend(&window.window_expr);
        node = &window.input;
    }
    // Windows over groups are never written.
    if aggregate.is_some() && !windows.is_empty() {
        return None;
    }
    let mut predicate = None;
    if let LogicalPlan::Filter(filter) = node {
        predicate = Some(filter.predicate.clone());
        node = &filter.input;
    }
    let items = parse_from_items(node)?;
    // Columns of a single relation are bare; those of several relations are qualified by position.
    let single = items.len() == 1;
    let plain = |expr: Expr| match single {
        true => to_bare_expr(expr),
        false => expr.unalias_nested().data,
    };
    let (mut keys, mut below) = (None, None);
    if let Some(aggregate) = aggregate {
        let inner: Vec<Expr> = aggregate
            .group_expr
            .iter()
            .chain(&aggregate.aggr_expr)
            .cloned()
            .map(plain)
            .collect();
        keys = Some(inner.get(..aggregate.group_expr.len())?.to_vec());
        below = Some((Arc::clone(&aggregate.schema), inner));
    }
    let outputs = projection
        .expr
        .iter()
        .cloned()
        .map(|expr| match &below {
            Some((schema, inner)) => substitute_columns(expr, schema, inner),
            None => Some(plain(inline_windows(expr, &windows)?)),
        })
        .collect::<Option<Vec<_>>>()?;
    let conjuncts = predicate.map_or_else(Vec::new, |predicate| {
        split_conjunction_owned(plain(predicate))
    });
    Some(ParsedSelect {
        items,
        conjuncts,
        names,
        outputs,
        keys,
        order,
        limit,
    })
}

/// Replaces the columns of windows in an expression by the windows themselves.
fn inline_windows(expr: Expr, windows: &[&Expr]) -> Option<Expr> {
    let named = expr.transform_down(|node| {
        let found = match &node {
            Expr::Column(column) => {
                let mut all = windows.iter();
                all.find(|window| window.schema_name().to_string() == column.name)
            }
            _ => None,
        };
        Ok(match found {
            Some(window) => Transformed::new(Expr::clone(window), true, TreeNodeRecursion::Jump),
            None => Transformed::no(node),
        })
    });
    named.ok().map(|done| done.data)
}

/// Items of the FROM clause.
fn parse_from_items(node: &LogicalPlan) -> Option<Vec<ParsedFromItem>> {
    match node {
        LogicalPlan::Join(join) => {
            let mut before = parse_from_items(&join.left)?;
            // A relation without a position is the only one.
            if !matches!(
                &*join.left,
                LogicalPlan::Join(_) | LogicalPlan::SubqueryAlias(_)
            ) {
                return None;
            }
            let last = ParsedFromItem {
                source: read_from_source(&join.right, before.len())?,
                kind: to_join_kind(join)?,
                on: join_conditions(join),
            };
            before.push(last);
            Some(before)
        }
        LogicalPlan::TableScan(scan) => Some(vec![first_from_item(ParsedFromSource::Table(
            scan.table_name.clone(),
        ))]),
        other => Some(vec![first_from_item(read_from_source(other, 0)?)]),
    }
}

const fn first_from_item(source: ParsedFromSource) -> ParsedFromItem {
    ParsedFromItem {
        source,
        kind: JoinKind::Inner,
        on: Vec::new(),
    }
}

/// Relation or subquery at a position, checked by its alias.
fn read_from_source(node: &LogicalPlan, place: usize) -> Option<ParsedFromSource> {
    let LogicalPlan::SubqueryAlias(named) = node else {
        return None;
    };
    if named.alias != relation_alias(place) {
        return None;
    }
    match &*named.input {
        LogicalPlan::TableScan(scan) => Some(ParsedFromSource::Table(scan.table_name.clone())),
        other => Some(ParsedFromSource::Select(Box::new(take_apart(other)?))),
    }
}

fn to_join_kind(join: &Join) -> Option<JoinKind> {
    if join.null_equality != NullEquality::NullEqualsNothing || join.null_aware {
        return None;
    }
    match join.join_type {
        JoinType::Inner => Some(JoinKind::Inner),
        JoinType::Left => Some(JoinKind::Left),
        JoinType::LeftSemi => Some(JoinKind::Semi),
        JoinType::LeftAnti => Some(JoinKind::Anti),
        _ => None,
    }
}

fn join_conditions(join: &Join) -> Vec<Expr> {
    let pairs = join.on.iter().cloned();
    let pairs = pairs.map(|(left, right)| left.eq(right));
    let rest = join
        .filter
        .iter()
        .cloned()
        .flat_map(split_conjunction_owned);
    pairs
        .chain(rest)
        .map(|condition| condition.unalias_nested().data)
        .collect()
}
