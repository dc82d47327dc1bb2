//! Joins of a plan by dataset, for the clauses about joins.
//!
//! The origin of a column is followed by position through aliases, filters and plain projections, so that renaming does not hide
//! it.
//! An untraceable use counts as the less permitted one.

use crate::table_source::NamedTable;
use datafusion_common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion_common::{Column, JoinType};
use datafusion_expr::{BinaryExpr, Distinct, Expr, Join, LogicalPlan, Operator};
use hansa_policy::decision::query_shape::JoinUse;
use hansa_policy::id::{DatasetId, SqlIdentifier};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Joins of a plan, by dataset.
pub(crate) fn collect_joins(plan: &LogicalPlan) -> BTreeMap<DatasetId, JoinUse> {
    let mut lineage = JoinLineage::default();
    lineage.visit(plan);
    lineage.note_output(plan);
    lineage.propagate_column_uses();
    lineage.0
}

/// Collected joins, and pairs of columns that are compared with each other.
#[derive(Default)]
struct JoinLineage(
    BTreeMap<DatasetId, JoinUse>,
    Vec<(ColumnOrigin, ColumnOrigin)>,
);

/// Column of a dataset.
type ColumnOrigin = (DatasetId, SqlIdentifier);

type DatasetIds = BTreeSet<DatasetId>;

impl JoinLineage {
    /// Visits a node and its inputs, and gives the datasets below it.
    fn visit(&mut self, plan: &LogicalPlan) -> DatasetIds {
        if let LogicalPlan::TableScan(scan) = plan {
            let Some(named) = scan.source.downcast_ref::<NamedTable>() else {
                return DatasetIds::new();
            };
            self.0.entry(named.dataset.clone()).or_default();
            return DatasetIds::from([named.dataset.clone()]);
        }
        let sides: Vec<DatasetIds> = plan
            .inputs()
            .into_iter()
            .map(|input| self.visit(input))
            .collect();
        match plan {
            LogicalPlan::Join(join) => self.visit_join(join, &sides),
            _ if sides.len() > 1 => {
                for input in plan.inputs() {
                    self.note_output(input);
                }
                self.note_other_join(&sides, "a union");
            }
            _ => {}
        }
        let mut all: DatasetIds = sides.iter().flatten().cloned().collect();
        for subquery in collect_subqueries(plan) {
            let inside = self.visit(&subquery);
            self.note_output(&subquery);
            self.note_other_join(&[all.clone(), inside.clone()], "a subquery");
            all.extend(inside);
        }
        self.note_uses(plan);
        all
    }

    /// Notes a join of two sides: each dataset of one with each of the other.
    fn note_join(&mut self, sides: &[DatasetIds], otherwise: Option<&str>) {
        for (index, side) in sides.iter().enumerate() {
            let others = sides
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            let others: DatasetIds = others.flat_map(|(_, other)| other).cloned().collect();
            for dataset in side {
                let meeting = self.0.entry(dataset.clone()).or_default();
                let with = others.iter().filter(|other| *other != dataset);
                let before = meeting.with.len();
                meeting.with.extend(with.cloned());
                let strangers = others.iter().any(|other| other != dataset);
                if let Some(how) = otherwise
                    && (strangers || meeting.with.len() > before)
                {
                    meeting.otherwise.get_or_insert_with(|| how.to_owned());
                }
            }
        }
    }

    fn note_other_join(&mut self, sides: &[DatasetIds], how: &str) {
        self.note_join(sides, Some(how));
    }

    fn visit_join(&mut self, join: &Join, sides: &[DatasetIds]) {
        let mut pairs: Vec<(Expr, Expr)> = join.on.clone();
        let mut bare = true;
        for condition in join.filter.iter().flat_map(split_conjuncts) {
            match condition {
                Expr::BinaryExpr(BinaryExpr {
                    left,
                    op: Operator::Eq,
                    right,
                }) => pairs.push(((**left).clone(), (**right).clone())),
                other => {
                    bare = false;
                    self.used_by(other, &[&join.left, &join.right]);
                }
            }
        }
        let mut equal = 0_usize;
        for (left, right) in &pairs {
            let (one, other) = (side_of(left, join), side_of(right, join));
            match (one, other) {
                (Some((first, one)), Some((second, other))) if first != second => {
                    equal = equal.saturating_add(1);
                    // A comparison of a dataset with itself discloses which of its rows belong together.
                    let itself = one.0 == other.0;
                    // A semi-join such as INTERSECT discloses which keys exist on the other side.
                    let tells = tells_membership(join.join_type);
                    self.1.push((one.clone(), other.clone()));
                    for (dataset, column) in [one, other] {
                        let meeting = self.0.entry(dataset).or_default();
                        if itself || tells {
                            meeting.used.insert(column.clone());
                        }
                        if !itself {
                            meeting.over.insert(column);
                        }
                    }
                }
                _ => {
                    bare = false;
                    for expr in [left, right] {
                        self.used_by(expr, &[&join.left, &join.right]);
                    }
                }
            }
        }
        let how = if !bare {
            Some("a comparison that is not one of equal columns")
        } else if equal == 0 {
            Some("a cross join")
        } else {
            None
        };
        self.note_join(sides, how);
    }

    /// Spreads uses over comparisons: a column that was compared with a used column has the same values, so it counts as used.
    fn propagate_column_uses(&mut self) {
        let pairs = std::mem::take(&mut self.1);
        // Each round carries a use over one further comparison.
        for _ in 0..=pairs.len() {
            for (one, other) in &pairs {
                for (from, to) in [(one, other), (other, one)] {
                    let used = self.0.get(&from.0);
                    if used.is_some_and(|meeting| meeting.used.contains(&from.1)) {
                        let meeting = self.0.entry(to.0.clone()).or_default();
                        meeting.used.insert(to.1.clone());
                    }
                }
            }
        }
    }

    /// Notes the uses in the expressions of a node. Plain columns of a projection only pass through.
    fn note_uses(&mut self, plan: &LogicalPlan) {
        let inputs = plan.inputs();
        match plan {
            LogicalPlan::Join(_) => {}
            LogicalPlan::Projection(projection) => {
                for expr in &projection.expr {
                    if plain_column(expr).is_none() {
                        self.used_by(expr, &inputs);
                    }
                }
            }
            LogicalPlan::Distinct(Distinct::All(input)) => self.note_output(input),
            _ => {
                for expr in plan.expressions() {
                    self.used_by(&expr, &inputs);
                }
            }
        }
    }

    fn used_by(&mut self, expr: &Expr, inputs: &[&LogicalPlan]) {
        for column in expr.column_refs() {
            for input in inputs {
                if let Some((dataset, name)) = column_origin(input, column) {
                    self.0.entry(dataset).or_default().used.insert(name);
                }
            }
        }
    }

    /// Notes the columns of the plan's output as used.
    fn note_output(&mut self, plan: &LogicalPlan) {
        for column in plan.schema().columns() {
            if let Some((dataset, name)) = column_origin(plan, &column) {
                self.0.entry(dataset).or_default().used.insert(name);
            }
        }
    }
}

/// Dataset and column of a plan's column that is unchanged.
fn column_origin(plan: &LogicalPlan, column: &Column) -> Option<(DatasetId, SqlIdentifier)> {
    let index = plan.schema().maybe_index_of_column(column)?;
    origin_at_index(plan, index)
}

fn origin_at_index(plan: &LogicalPlan, index: usize) -> Option<(DatasetId, SqlIdentifier)> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let named = scan.source.downcast_ref::<NamedTable>()?;
            let field = scan.projected_schema.fields().get(index)?;
            let name = crate::bound_plan::stored_column(&named.part, field.name())?;
            Some((named.dataset.clone(), name))
        }
        LogicalPlan::SubqueryAlias(alias) => origin_at_index(&alias.input, index),
        LogicalPlan::Subquery(inner) => origin_at_index(&inner.subquery, index),
        LogicalPlan::Filter(filter) => origin_at_index(&filter.input, index),
        LogicalPlan::Sort(sort) => origin_at_index(&sort.input, index),
        LogicalPlan::Limit(limit) => origin_at_index(&limit.input, index),
        LogicalPlan::Distinct(Distinct::All(input)) => origin_at_index(input, index),
        LogicalPlan::Window(window) => {
            let below = window.input.schema().fields().len();
            (index < below)
                .then(|| origin_at_index(&window.input, index))
                .flatten()
        }
        LogicalPlan::Projection(projection) => {
            let column = plain_column(projection.expr.get(index)?)?;
            column_origin(&projection.input, column)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let column = plain_column(aggregate.group_expr.get(index)?)?;
            column_origin(&aggregate.input, column)
        }
        LogicalPlan::Join(join) => {
            let (qualifier, field) = join.schema.iter().nth(index)?;
            let column = Column::new(qualifier.cloned(), field.name());
            column_origin(&join.left, &column).or_else(|| column_origin(&join.right, &column))
        }
        _ => None,
    }
}

/// Side of a join and origin of a plain column.
fn side_of(expr: &Expr, join: &Join) -> Option<(bool, (DatasetId, SqlIdentifier))> {
    let column = plain_column(expr)?;
    match (
        column_origin(&join.left, column),
        column_origin(&join.right, column),
    ) {
        (Some(left), None) => Some((false, left)),
        (None, Some(right)) => Some((true, right)),
        _ => None,
    }
}

/// True for a join that selects rows of one side by the existence of their key on the other.
const fn tells_membership(kind: JoinType) -> bool {
    !matches!(
        kind,
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full
    )
}

fn plain_column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain_column(&alias.expr),
        _ => None,
    }
}

fn split_conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And,
            right,
        }) => {
            let mut all = split_conjuncts(left);
            all.extend(split_conjuncts(right));
            all
        }
        other => vec![other],
    }
}

/// Plans inside the expressions of a node.
fn collect_subqueries(plan: &LogicalPlan) -> Vec<Arc<LogicalPlan>> {
    let mut found = Vec::new();
    // The visitor never fails and never stops early.
    let _ = plan.apply_expressions(|expr| {
        expr.apply(|part| {
            let inner = match part {
                Expr::Exists(exists) => Some(&exists.subquery),
                Expr::InSubquery(within) => Some(&within.subquery),
                Expr::ScalarSubquery(subquery) => Some(subquery),
                _ => None,
            };
            found.extend(inner.map(|subquery| Arc::clone(&subquery.subquery)));
            Ok(TreeNodeRecursion::Continue)
        })
    });
    found
}
