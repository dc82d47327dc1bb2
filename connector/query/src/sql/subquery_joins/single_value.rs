//! Correlated scalar subqueries.

use super::free_columns::{contains_subquery, find_outer_columns};
use super::only_value::only_value;
use super::outer_values::{OuterValues, value_of_call};
use super::plain_subquery::PlainRows;
use super::{SubqueryJoiner, VALUE, case_expr, check_outer_columns, first_column};
use datafusion::functions_aggregate::expr_fn::{count, first_value};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchemaRef, Result, ScalarValue, TableReference};
use datafusion_expr::logical_plan::{Aggregate, JoinType, LogicalPlan, LogicalPlanBuilder};
use datafusion_expr::utils::split_conjunction_owned;
use datafusion_expr::{BinaryExpr, Expr, Operator, lit};
use std::sync::Arc;

/// Equalities between expressions over a subquery's rows and over outer columns.
struct EqualityKeys {
    inner: Vec<Expr>,
    outer: Vec<Expr>,
}

impl EqualityKeys {
    /// Converts the conditions to equalities, if all of them are.
    fn of(conditions: Vec<Expr>) -> Option<Self> {
        let (mut inner, mut outer) = (Vec::new(), Vec::new());
        for condition in conditions.into_iter().flat_map(split_conjunction_owned) {
            let Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::Eq,
                right,
            }) = condition
            else {
                return None;
            };
            let is_inner = |expr: &Expr| !expr.contains_outer() && expr.any_column_refs();
            let is_outer = |expr: &Expr| expr.contains_outer() && !expr.any_column_refs();
            if is_inner(&left) && is_outer(&right) {
                inner.push(*left);
                outer.push(without_references(*right).ok()?);
            } else if is_inner(&right) && is_outer(&left) {
                inner.push(*right);
                outer.push(without_references(*left).ok()?);
            } else {
                return None;
            }
        }
        (!inner.is_empty()).then_some(Self { inner, outer })
    }

    /// Numbered keys of the subquery's rows.
    fn groups(&self) -> Vec<Expr> {
        let keys = self.inner.iter().cloned().enumerate();
        keys.map(|(number, key)| key.alias(format!("k{number}")))
            .collect()
    }

    /// Columns of the numbered keys.
    fn columns(&self) -> Vec<Expr> {
        let numbers = 0..self.inner.len();
        numbers
            .map(|number| Expr::Column(Column::new_unqualified(format!("k{number}"))))
            .collect()
    }

    /// Conditions of a join with the groups under a name.
    fn conditions(self, name: &TableReference) -> Vec<Expr> {
        let outer = self.outer.into_iter().enumerate();
        outer
            .map(|(number, outer)| outer.eq(qualified_column(name, &format!("k{number}"))))
            .collect()
    }
}

/// Rows grouped by their keys, with the aggregates of the groups.
struct GroupedRows {
    base: LogicalPlan,
    keys: EqualityKeys,
    calls: Vec<Expr>,
}

/// Aggregate without keys, and its output.
struct WholeAggregate<'a> {
    aggregate: &'a Aggregate,
    /// Output over the columns of the aggregate and outer columns.
    shown: Expr,
    /// HAVING conditions over the columns of the aggregate and outer columns.
    having: Vec<Expr>,
}

impl<'a> WholeAggregate<'a> {
    fn of(plan: &'a LogicalPlan) -> Result<Option<Self>> {
        let first = first_column(plan)?;
        match plan {
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => {
                Ok(Some(Self {
                    aggregate,
                    shown: Expr::Column(first),
                    having: Vec::new(),
                }))
            }
            LogicalPlan::Projection(projection) => {
                let Some(below) = Self::of(&projection.input)? else {
                    return Ok(None);
                };
                let Some(shown) = projection.expr.first() else {
                    return Ok(None);
                };
                // Without an intermediate node, the columns of the node below are those of the aggregate.
                let is_direct = matches!(
                    *projection.input,
                    LogicalPlan::Aggregate(_) | LogicalPlan::Filter(_)
                );
                if !is_direct || contains_subquery(shown)? {
                    return Ok(None);
                }
                Ok(Some(Self {
                    shown: shown.clone().unalias(),
                    ..below
                }))
            }
            LogicalPlan::Filter(filter) => {
                let is_direct = matches!(
                    *filter.input,
                    LogicalPlan::Aggregate(_) | LogicalPlan::Filter(_)
                );
                if !is_direct || contains_subquery(&filter.predicate)? {
                    return Ok(None);
                }
                let Some(mut below) = Self::of(&filter.input)? else {
                    return Ok(None);
                };
                below.having.push(filter.predicate.clone());
                Ok(Some(below))
            }
            _ => Ok(None),
        }
    }

    /// Aggregates over the columns of `rows`, if they have no outer columns.
    fn calls_over(&self, rows: &PlainRows) -> Result<Option<Vec<Expr>>> {
        let mut calls = Vec::new();
        for (number, call) in self.aggregate.aggr_expr.iter().enumerate() {
            let call = rows.over_base(call.clone())?.unalias();
            if call.contains_outer() || contains_subquery(&call)? {
                return Ok(None);
            }
            calls.push(call.alias(format!("a{number}")));
        }
        Ok(Some(calls))
    }
}

impl SubqueryJoiner {
    /// Replaces a correlated scalar subquery by an expression over `input` with a join.
    pub(super) fn replace_value(
        &mut self,
        subquery: LogicalPlan,
        input: &mut LogicalPlan,
    ) -> Result<Expr> {
        let outer = find_outer_columns(&subquery)?;
        check_outer_columns(&outer, input)?;
        if let Some(whole) = WholeAggregate::of(&subquery)?
            && let Some(rows) = PlainRows::from_plan(&whole.aggregate.input, None)?
            && let Some(keys) = EqualityKeys::of(rows.conditions.clone())
            && let Some(calls) = whole.calls_over(&rows)?
        {
            return self.join_whole_aggregate(
                &whole,
                GroupedRows {
                    base: rows.base,
                    keys,
                    calls,
                },
                input,
            );
        }
        if let Some(rows) = PlainRows::from_plan(&subquery, None)?
            && let Some((_, value)) = rows.columns.first().cloned()
            && !value.contains_outer()
            && let Some(keys) = EqualityKeys::of(rows.conditions.clone())
        {
            return self.join_rows(value, rows.base, keys, input);
        }
        self.count_copy(input)?;
        let values = OuterValues::new(input, &outer, self.next_name())?;
        let value = first_column(&subquery)?;
        let applied = values.apply(self, subquery)?;
        let applied = self.join_all(applied)?;
        let name = TableReference::bare(self.next_name());
        let mut groups = Vec::new();
        for outer in values.columns() {
            groups.push(Expr::Column(values.column_in(&applied, &outer.name)?));
        }
        let shown = groups.clone();
        let plan = LogicalPlanBuilder::from(applied)
            .aggregate(groups, first_value_and_count(Expr::Column(value)))?
            .project(shown.into_iter().chain(only_columns()))?
            .alias(name.clone())?
            .build()?;
        let conditions = values.equal_columns(input, &plan, &name)?;
        self.join_left(input, plan, conditions)?;
        Ok(only_value(
            qualified_column(&name, VALUE),
            qualified_column(&name, ROWS),
        ))
    }

    /// Joins groups by their keys. Each outer row has at most one group.
    fn join_whole_aggregate(
        &mut self,
        whole: &WholeAggregate<'_>,
        rows: GroupedRows,
        input: &mut LogicalPlan,
    ) -> Result<Expr> {
        let name = TableReference::bare(self.next_name());
        let GroupedRows { base, keys, calls } = rows;
        let base = self.join_all(base)?;
        let base_schema: DFSchemaRef = Arc::clone(base.schema());
        let numbers = 0..calls.len();
        let columns =
            numbers.map(|number| Expr::Column(Column::new_unqualified(format!("a{number}"))));
        let shown = keys.columns().into_iter().chain(columns);
        let plan = LogicalPlanBuilder::from(base)
            .aggregate(keys.groups(), calls.clone())?
            .project(shown.chain([lit(true).alias(FOUND)]))?
            .alias(name.clone())?
            .build()?;
        self.join_left(input, plan, keys.conditions(&name))?;
        let columns = whole.aggregate.schema.columns().into_iter();
        let mut values = Vec::new();
        for (number, (column, call)) in columns.zip(&calls).enumerate() {
            let value = qualified_column(&name, &format!("a{number}"));
            let found = Column::new(Some(name.clone()), FOUND);
            values.push((column, value_of_call(call, &base_schema, &value, found)?));
        }
        let over_values = |expr: Expr| -> Result<Expr> {
            let replaced = expr.transform_down(|part| {
                let Expr::Column(column) = &part else {
                    return Ok(Transformed::no(part));
                };
                let known = values.iter().find(|(name, _)| name == column);
                Ok(match known {
                    None => Transformed::no(part),
                    Some((_, value)) => {
                        Transformed::new(value.clone(), true, TreeNodeRecursion::Jump)
                    }
                })
            })?;
            without_references(replaced.data)
        };
        let shown = over_values(whole.shown.clone())?;
        let having = whole.having.iter().cloned().map(over_values);
        let having = having.collect::<Result<Vec<_>>>()?;
        let Some(having) = having.into_iter().reduce(Expr::and) else {
            return Ok(shown);
        };
        let kind = datafusion_expr::ExprSchemable::get_type(&shown, input.schema().as_ref())?;
        Ok(case_expr(
            vec![(having, shown)],
            Expr::Literal(ScalarValue::try_from(&kind)?, None),
        ))
    }

    fn join_rows(
        &mut self,
        value: Expr,
        base: LogicalPlan,
        keys: EqualityKeys,
        input: &mut LogicalPlan,
    ) -> Result<Expr> {
        let name = TableReference::bare(self.next_name());
        let base = self.join_all(base)?;
        let plan = LogicalPlanBuilder::from(base)
            .aggregate(keys.groups(), first_value_and_count(value))?
            .project(keys.columns().into_iter().chain(only_columns()))?
            .alias(name.clone())?
            .build()?;
        self.join_left(input, plan, keys.conditions(&name))?;
        Ok(only_value(
            qualified_column(&name, VALUE),
            qualified_column(&name, ROWS),
        ))
    }

    fn join_left(
        &mut self,
        input: &mut LogicalPlan,
        plan: LogicalPlan,
        conditions: Vec<Expr>,
    ) -> Result<()> {
        let left = std::mem::replace(input, super::empty_relation());
        *input = LogicalPlanBuilder::from(left)
            .join_on(plan, JoinType::Left, conditions)?
            .build()?;
        Ok(())
    }
}

/// Name of the column with the number of rows for an outer row.
const ROWS: &str = "rows";
/// Name of the column that marks a match.
const FOUND: &str = "found";

fn first_value_and_count(value: Expr) -> Vec<Expr> {
    vec![
        first_value(value, Vec::new()).alias(VALUE),
        count(lit(1_i64)).alias(ROWS),
    ]
}

fn only_columns() -> [Expr; 2] {
    [VALUE, ROWS].map(|name| Expr::Column(Column::new_unqualified(name)))
}

fn qualified_column(relation: &TableReference, name: &str) -> Expr {
    Expr::Column(Column::new(Some(relation.clone()), name))
}

/// Replaces outer references by plain columns.
fn without_references(expr: Expr) -> Result<Expr> {
    let replaced = expr.transform_down(|part| match part {
        Expr::OuterReferenceColumn(_, column) => Ok(Transformed::new(
            Expr::Column(column),
            true,
            TreeNodeRecursion::Jump,
        )),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(replaced.data)
}
