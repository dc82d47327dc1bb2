//! Conversion of subqueries to joins, before the optimisation of a plan.
//!
//! For correlated subqueries, the engine's rules (DataFusion 55.2) lose NULLs of `NOT IN`, rows of aggregates over an empty input,
//! OFFSET and LIMIT. This module therefore converts all subqueries except uncorrelated scalar ones.
//!
//! A subquery with outer columns in its WHERE alone becomes a join with that condition (`plain_subquery`). Any other subquery is
//! computed for each existing combination of its outer columns, and joined by these columns (`outer_values`; T. Neumann, A. Kemper,
//! Unnesting Arbitrary Queries, BTW 2015).

pub(super) mod free_columns;
mod nullable_value;
mod only_value;
mod outer_values;
mod plain_subquery;
mod single_value;

use self::free_columns::{OuterColumns, contains_subquery, find_outer_columns, has_subquery};
use self::nullable_value::nullable_value;
use self::outer_values::OuterValues;
pub(crate) use self::outer_values::equal_or_both_null;
use self::plain_subquery::{PlainSubquery, PlainUse};
use crate::engine_error;
use crate::sql::plan_schema::recompute_schemas;
use crate::sql::refused_construct::not_allowed;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, NullEquality, Result, ScalarValue, TableReference};
use datafusion_expr::expr::{Case, InSubquery, SetComparison, SetQuantifier};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::{
    Filter, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Sort, Subquery,
};
use datafusion_expr::utils::{conjunction, split_conjunction_owned};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, Operator, lit};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Removes all subqueries from a plan, except uncorrelated scalar ones.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` if a subquery is at a position where it can't be joined; `SQL_TOO_LARGE` if nested subqueries would be
/// copied too often.
pub fn join_subqueries(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut joiner = SubqueryJoiner::default();
    let plan = joiner.join_all(plan)?;
    // A subquery may return NULL, which makes expressions above it nullable. A rule would otherwise replace `IS NULL` by false.
    match joiner.has_joined {
        true => recompute_schemas(plan),
        false => Ok(plan),
    }
}

/// Maximum number of nodes that may be copied in one statement.
const MOST_COPIED_NODES: usize = 4096;

#[derive(Default)]
struct SubqueryJoiner {
    /// Set if the plan had a subquery.
    has_joined: bool,
    /// Set if a scalar subquery must become a column. The engine loses the order of rows for other expressions with a subquery.
    values_are_columns: bool,
    /// Number of generated subquery names.
    named: usize,
    /// Number of nodes in copied plans.
    copied: usize,
}

/// Meaning of NULL for a Boolean value at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TruthUse {
    /// NULL has the effect of false: a filter condition.
    KeepsTrue,
    /// NULL has the effect of true: a filter condition under NOT.
    KeepsFalse,
    /// True, false and NULL differ.
    Exact,
}

impl TruthUse {
    const fn under_not(self) -> Self {
        match self {
            Self::KeepsTrue => Self::KeepsFalse,
            Self::KeepsFalse => Self::KeepsTrue,
            Self::Exact => Self::Exact,
        }
    }
}

/// Comparison that must hold for at least one row of a subquery: `left op ANY (subquery)`.
struct AnyComparison {
    left: Expr,
    op: Operator,
    subquery: LogicalPlan,
    /// Set if the comparison itself is negated, as for `left op ALL`.
    is_negated: bool,
}

impl AnyComparison {
    fn with_value(&self, value: Expr) -> Expr {
        let comparison = Expr::BinaryExpr(BinaryExpr::new(
            Box::new(self.left.clone()),
            self.op,
            Box::new(value),
        ));
        match self.is_negated {
            true => Expr::Not(Box::new(comparison)),
            false => comparison,
        }
    }

    fn is_equality(&self) -> bool {
        self.op == Operator::Eq && !self.is_negated
    }
}

/// Rows of a subquery, prepared for a join with the outer rows.
struct JoinSide {
    plan: LogicalPlan,
    name: TableReference,
    /// Conditions over outer columns and columns of `plan`.
    conditions: Vec<Expr>,
    /// First column of the subquery.
    value: Expr,
    /// Set if the rows depend on the outer row.
    is_correlated: bool,
}

impl SubqueryJoiner {
    fn join_all(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let plan = plan
            .map_children(|child| self.join_all(child).map(Transformed::yes))?
            .data;
        if !has_subquery(&plan)? {
            return Ok(plan);
        }
        self.has_joined = true;
        match plan {
            LogicalPlan::Filter(filter) => self.join_in_filter(filter),
            LogicalPlan::Join(join) => self.join_in_join(join),
            LogicalPlan::Sort(sort) => {
                let shown = sort.input.schema().columns();
                let mut input = Arc::unwrap_or_clone(sort.input);
                let mut keys = Vec::new();
                self.values_are_columns = true;
                for mut key in sort.expr {
                    key.expr = self.replace(key.expr, TruthUse::Exact, &mut input)?;
                    keys.push(key);
                }
                self.values_are_columns = false;
                let sorted = LogicalPlan::Sort(Sort {
                    expr: keys,
                    input: Arc::new(input),
                    fetch: sort.fetch,
                });
                project_columns(sorted, shown)
            }
            LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => self.join_below(plan),
            LogicalPlan::Window(_) => {
                let shown = plan.schema().columns();
                self.values_are_columns = true;
                let plan = self.join_below(plan)?;
                self.values_are_columns = false;
                project_columns(plan, shown)
            }
            other => self.keep_values_alone(other),
        }
    }

    /// Joins the subqueries of a computing node to its input.
    fn join_below(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let names = NamePreserver::new_for_projection();
        let inputs = plan.inputs();
        let Some(input) = inputs.first() else {
            return Err(cannot_join("here"));
        };
        let mut input = LogicalPlan::clone(input);
        let mut exprs = Vec::new();
        for expr in plan.expressions() {
            if !contains_subquery(&expr)? {
                exprs.push(expr);
                continue;
            }
            let name = names.save(&expr);
            let replaced = self.replace(expr, TruthUse::Exact, &mut input)?;
            exprs.push(name.restore(replaced));
        }
        plan.with_new_exprs(exprs, vec![input])
    }

    fn join_in_filter(&mut self, filter: Filter) -> Result<LogicalPlan> {
        let shown = filter.input.schema().columns();
        let mut input = Arc::unwrap_or_clone(filter.input);
        let mut rest = Vec::new();
        for condition in split_conjunction_owned(filter.predicate) {
            if !contains_subquery(&condition)? {
                rest.push(condition);
                continue;
            }
            if let Some(condition) = self.join_condition(condition, &mut input)? {
                rest.push(condition);
            }
        }
        let plan = match conjunction(rest) {
            None => input,
            Some(rest) => LogicalPlan::Filter(Filter::try_new(rest, Arc::new(input))?),
        };
        project_columns(plan, shown)
    }

    /// Moves the subqueries of an inner join's condition to a filter above the join, which keeps an equal set of pairs.
    fn join_in_join(&mut self, mut join: Join) -> Result<LogicalPlan> {
        let on_keys = join.on.iter().flat_map(|(left, right)| [left, right]);
        for key in on_keys {
            if contains_subquery(key)? {
                return Err(cannot_join("among the keys of a join"));
            }
        }
        let is_inner = join.join_type == JoinType::Inner;
        match join.filter.take() {
            Some(condition) if is_inner && !only_values(&condition)? => {
                let input = Arc::new(LogicalPlan::Join(join));
                self.join_in_filter(Filter::try_new(condition, input)?)
            }
            condition => {
                join.filter = condition;
                self.keep_values_alone(LogicalPlan::Join(join))
            }
        }
    }

    /// Keeps the subqueries of a node, which must be uncorrelated scalar ones.
    fn keep_values_alone(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let place = match &plan {
            LogicalPlan::Join(_) => "in the condition of an outer join",
            _ => "in this place",
        };
        let kept = plan.map_expressions(|expr| {
            expr.transform_down(|part| match part {
                Expr::ScalarSubquery(subquery) => {
                    if !find_outer_columns(&subquery.subquery)?.is_empty() {
                        return Err(cannot_join(place));
                    }
                    let subquery = self.join_in_value(subquery)?;
                    Ok(Transformed::new(
                        Expr::ScalarSubquery(subquery),
                        true,
                        TreeNodeRecursion::Jump,
                    ))
                }
                Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => {
                    Err(cannot_join(place))
                }
                other => Ok(Transformed::no(other)),
            })
        })?;
        Ok(kept.data)
    }

    fn join_in_value(&mut self, subquery: Subquery) -> Result<Subquery> {
        let plan = self.join_all(Arc::unwrap_or_clone(subquery.subquery))?;
        let value = first_column(&plan)?;
        Ok(Subquery {
            subquery: Arc::new(nullable_value(plan, value)?),
            outer_ref_columns: Vec::new(),
            spans: subquery.spans,
        })
    }

    /// Converts a filter condition to a join of `input`. Returns the remaining condition, if any.
    fn join_condition(&mut self, condition: Expr, input: &mut LogicalPlan) -> Result<Option<Expr>> {
        let (condition, is_negated) = strip_not(condition);
        match condition {
            Expr::Exists(exists) => {
                let subquery = Arc::unwrap_or_clone(exists.subquery.subquery);
                let is_negated = is_negated != exists.negated;
                let side = self.plan_side(input, subquery, PlainUse::Existence)?;
                if !side.is_correlated {
                    let exists = self.count_first_row(side.plan)?;
                    return Ok(Some(apply_negation(exists, is_negated)));
                }
                let kind = match is_negated {
                    true => JoinType::LeftAnti,
                    false => JoinType::LeftSemi,
                };
                self.attach(input, &side, kind, None)?;
                Ok(None)
            }
            Expr::InSubquery(_) | Expr::SetComparison(_) => {
                let (mut any, outside) = any_comparison(condition)?;
                any.left = self.replace(any.left, TruthUse::Exact, input)?;
                let is_negated = is_negated != outside;
                let side = self.plan_side(input, any.subquery.clone(), PlainUse::Values)?;
                let comparison = any.with_value(side.value.clone());
                match is_negated {
                    false => self.attach(input, &side, JoinType::LeftSemi, Some(comparison))?,
                    true if any.is_equality() && !side.is_correlated => {
                        self.attach_null_aware(input, side, any.left)?;
                    }
                    true => {
                        let possible = Expr::IsNotFalse(Box::new(comparison));
                        self.attach(input, &side, JoinType::LeftAnti, Some(possible))?;
                    }
                }
                Ok(None)
            }
            other => {
                let other = apply_negation(other, is_negated);
                self.replace(other, TruthUse::KeepsTrue, input).map(Some)
            }
        }
    }

    /// Replaces the subqueries in an expression over `input` by joined columns.
    fn replace(&mut self, expr: Expr, wanted: TruthUse, input: &mut LogicalPlan) -> Result<Expr> {
        if !contains_subquery(&expr)? {
            return Ok(expr);
        }
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right })
                if matches!(op, Operator::And | Operator::Or) =>
            {
                let left = self.replace(*left, wanted, input)?;
                let right = self.replace(*right, wanted, input)?;
                Ok(Expr::BinaryExpr(BinaryExpr::new(
                    Box::new(left),
                    op,
                    Box::new(right),
                )))
            }
            Expr::Not(inner) => {
                let inner = self.replace(*inner, wanted.under_not(), input)?;
                Ok(Expr::Not(Box::new(inner)))
            }
            Expr::Exists(exists) => {
                let subquery = Arc::unwrap_or_clone(exists.subquery.subquery);
                let side = self.plan_side(input, subquery, PlainUse::Existence)?;
                let found = match side.is_correlated {
                    true => self.mark_matches(input, &side, None)?,
                    false => self.count_first_row(side.plan)?,
                };
                Ok(apply_negation(found, exists.negated))
            }
            Expr::InSubquery(_) | Expr::SetComparison(_) => {
                let (mut any, is_negated) = any_comparison(expr)?;
                any.left = self.replace(any.left, TruthUse::Exact, input)?;
                let wanted = match is_negated {
                    true => wanted.under_not(),
                    false => wanted,
                };
                let found = self.replace_any(any, wanted, input)?;
                Ok(apply_negation(found, is_negated))
            }
            Expr::ScalarSubquery(subquery) => {
                if find_outer_columns(&subquery.subquery)?.is_empty() {
                    let as_column = std::mem::take(&mut self.values_are_columns);
                    let value = self.join_in_value(subquery).map(Expr::ScalarSubquery);
                    self.values_are_columns = as_column;
                    return match as_column {
                        true => self.show_value(value?, input).map(Expr::Column),
                        false => value,
                    };
                }
                let subquery = Arc::unwrap_or_clone(subquery.subquery);
                self.replace_value(subquery, input)
            }
            other => {
                let replaced = other.map_children(|part| {
                    self.replace(part, TruthUse::Exact, input)
                        .map(Transformed::yes)
                })?;
                Ok(replaced.data)
            }
        }
    }

    /// Adds a value as a column to `input`.
    fn show_value(&mut self, value: Expr, input: &mut LogicalPlan) -> Result<Column> {
        let name = self.next_name();
        let columns = input.schema().columns().into_iter().map(Expr::Column);
        let shown: Vec<Expr> = columns.chain([value.alias(name.clone())]).collect();
        let below = std::mem::replace(input, empty_relation());
        *input = LogicalPlanBuilder::from(below).project(shown)?.build()?;
        Ok(unqualified_column(&name))
    }

    fn replace_any(
        &mut self,
        any: AnyComparison,
        wanted: TruthUse,
        input: &mut LogicalPlan,
    ) -> Result<Expr> {
        let side = self.plan_side(input, any.subquery.clone(), PlainUse::Values)?;
        let comparison = any.with_value(side.value.clone());
        if wanted == TruthUse::KeepsTrue {
            return self.mark_matches(input, &side, Some(comparison));
        }
        if any.is_equality() && !side.is_correlated {
            return self.replace_equal_any(&any, &side, input);
        }
        let possible = Expr::IsNotFalse(Box::new(comparison.clone()));
        if wanted == TruthUse::KeepsFalse {
            return self.mark_matches(input, &side, Some(possible));
        }
        let again = self.rename_side(&side)?;
        let is_true = self.mark_matches(input, &side, Some(comparison))?;
        let possible = Expr::IsNotFalse(Box::new(any.with_value(again.value.clone())));
        let is_possible = self.mark_matches(input, &again, Some(possible))?;
        Ok(case_expr(
            vec![(is_true, lit(true)), (is_possible, null_truth())],
            lit(false),
        ))
    }

    /// Converts `left = ANY (subquery)` for an uncorrelated subquery. One scalar value shows if the subquery has NULLs or no rows.
    fn replace_equal_any(
        &mut self,
        any: &AnyComparison,
        side: &JoinSide,
        input: &mut LogicalPlan,
    ) -> Result<Expr> {
        let again = self.rename_side(side)?;
        let rows = datafusion::functions_aggregate::expr_fn::count(lit(1_i64));
        let values = datafusion::functions_aggregate::expr_fn::count(again.value.clone());
        let counted = LogicalPlanBuilder::from(again.plan)
            .aggregate(
                Vec::<Expr>::new(),
                vec![rows.alias("rows"), values.alias("values")],
            )?
            .project(vec![
                case_expr(
                    vec![
                        (
                            Expr::Column(unqualified_column("rows")).eq(lit(0_i64)),
                            lit(0_i64),
                        ),
                        (
                            Expr::Column(unqualified_column("rows"))
                                .gt(Expr::Column(unqualified_column("values"))),
                            lit(2_i64),
                        ),
                    ],
                    lit(1_i64),
                )
                .alias("kind"),
            ])?
            .build()?;
        let kind = Expr::ScalarSubquery(Subquery {
            subquery: Arc::new(counted),
            outer_ref_columns: Vec::new(),
            spans: datafusion_common::Spans::new(),
        });
        let is_true = self.mark_matches(input, side, Some(any.with_value(side.value.clone())))?;
        let left_is_null = Expr::IsNull(Box::new(any.left.clone()));
        Ok(case_expr(
            vec![
                (is_true, lit(true)),
                (kind.clone().eq(lit(0_i64)), lit(false)),
                (left_is_null.or(kind.eq(lit(2_i64))), null_truth()),
            ],
            lit(false),
        ))
    }

    /// Condition that an uncorrelated subquery has a row.
    fn count_first_row(&mut self, plan: LogicalPlan) -> Result<Expr> {
        let rows = datafusion::functions_aggregate::expr_fn::count(lit(1_i64));
        let counted = LogicalPlanBuilder::from(plan)
            .limit(0, Some(1))?
            .aggregate(Vec::<Expr>::new(), vec![rows])?
            .build()?;
        let count = Expr::ScalarSubquery(Subquery {
            subquery: Arc::new(counted),
            outer_ref_columns: Vec::new(),
            spans: datafusion_common::Spans::new(),
        });
        Ok(count.gt(lit(0_i64)))
    }

    /// Rows of a subquery, for the rows of `input`.
    fn plan_side(
        &mut self,
        input: &LogicalPlan,
        subquery: LogicalPlan,
        used: PlainUse,
    ) -> Result<JoinSide> {
        let outer = find_outer_columns(&subquery)?;
        check_outer_columns(&outer, input)?;
        if let Some(plain) = PlainSubquery::from_plan(&subquery, used)? {
            return self.plain_side(plain, !outer.is_empty());
        }
        if outer.is_empty() {
            let value = Expr::Column(first_column(&subquery)?);
            let plain = PlainSubquery {
                base: subquery,
                conditions: Vec::new(),
                value,
            };
            return self.plain_side(plain, false);
        }
        self.count_copy(input)?;
        let values = OuterValues::new(input, &outer, self.next_name())?;
        let value = first_column(&subquery)?;
        let applied = values.apply(self, subquery)?;
        let applied = self.join_all(applied)?;
        let name = TableReference::bare(self.next_name());
        let mut shown: Vec<Expr> = Vec::new();
        for outer in values.columns() {
            shown.push(Expr::Column(values.column_in(&applied, &outer.name)?));
        }
        if used == PlainUse::Values {
            shown.push(Expr::Column(value).alias(VALUE));
        }
        let plan = LogicalPlanBuilder::from(applied)
            .project(shown)?
            .distinct()?
            .alias(name.clone())?
            .build()?;
        let conditions = values.equal_columns(input, &plan, &name)?;
        Ok(JoinSide {
            plan,
            value: Expr::Column(Column::new(Some(name.clone()), VALUE)),
            name,
            conditions,
            is_correlated: true,
        })
    }

    fn plain_side(&mut self, plain: PlainSubquery, is_correlated: bool) -> Result<JoinSide> {
        let base = self.join_all(plain.base)?;
        let name = TableReference::bare(self.next_name());
        let mut renaming = plain_subquery::ColumnRenaming::new(name.clone());
        let value = renaming.rename(plain.value, base.schema())?;
        let conditions = plain
            .conditions
            .into_iter()
            .map(|condition| renaming.rename(condition, base.schema()))
            .collect::<Result<Vec<_>>>()?;
        let plan = renaming.project(base)?;
        Ok(JoinSide {
            plan,
            name,
            conditions,
            value,
            is_correlated,
        })
    }

    /// Copy of a side under another name.
    fn rename_side(&mut self, side: &JoinSide) -> Result<JoinSide> {
        self.count_copy(&side.plan)?;
        let name = TableReference::bare(self.next_name());
        let plan = LogicalPlanBuilder::from(side.plan.clone())
            .alias(name.clone())?
            .build()?;
        let rename = |expr: &Expr| -> Result<Expr> {
            let renamed = expr.clone().transform(|part| match part {
                Expr::Column(column) if column.relation.as_ref() == Some(&side.name) => Ok(
                    Transformed::yes(Expr::Column(Column::new(Some(name.clone()), column.name))),
                ),
                other => Ok(Transformed::no(other)),
            })?;
            Ok(renamed.data)
        };
        Ok(JoinSide {
            plan,
            conditions: side.conditions.iter().map(rename).collect::<Result<_>>()?,
            value: rename(&side.value)?,
            is_correlated: side.is_correlated,
            name,
        })
    }

    /// Joins a side and returns the column that marks rows with a match.
    fn mark_matches(
        &mut self,
        input: &mut LogicalPlan,
        side: &JoinSide,
        condition: Option<Expr>,
    ) -> Result<Expr> {
        self.attach(input, side, JoinType::LeftMark, condition)?;
        Ok(Expr::Column(Column::new(Some(side.name.clone()), "mark")))
    }

    fn attach(
        &mut self,
        input: &mut LogicalPlan,
        side: &JoinSide,
        kind: JoinType,
        condition: Option<Expr>,
    ) -> Result<()> {
        let mut conditions: Vec<Expr> = side.conditions.clone();
        conditions.extend(condition);
        if conditions.is_empty() {
            conditions.push(lit(true));
        }
        let left = std::mem::replace(input, empty_relation());
        *input = LogicalPlanBuilder::from(left)
            .join_on(side.plan.clone(), kind, conditions)?
            .build()?;
        Ok(())
    }

    /// Converts `NOT IN` of an uncorrelated subquery to the engine's null-aware anti-join. That join supports a pair of columns
    /// alone; a comparison with a constant would become a condition of one side.
    fn attach_null_aware(
        &mut self,
        input: &mut LogicalPlan,
        side: JoinSide,
        left: Expr,
    ) -> Result<()> {
        let null_aware = left.nullable(input.schema().as_ref())?
            || side.value.nullable(side.plan.schema().as_ref())?;
        let left = match left {
            Expr::Column(left) => left,
            other => self.show_value(other, input)?,
        };
        let mut plan = side.plan;
        let right = match side.value {
            Expr::Column(right) => right,
            other => self.show_value(other, &mut plan)?,
        };
        let outer = std::mem::replace(input, empty_relation());
        *input = LogicalPlanBuilder::from(outer)
            .join_detailed_with_options(
                plan,
                JoinType::LeftAnti,
                (vec![left], vec![right]),
                None,
                NullEquality::NullEqualsNothing,
                null_aware,
            )?
            .build()?;
        Ok(())
    }

    fn next_name(&mut self) -> String {
        self.named = self.named.saturating_add(1);
        format!("__subquery_{}", self.named)
    }

    /// Counts a copied plan against the limit.
    fn count_copy(&mut self, plan: &LogicalPlan) -> Result<()> {
        let mut nodes = 0_usize;
        plan.apply_with_subqueries(|_| {
            nodes = nodes.saturating_add(1);
            Ok(TreeNodeRecursion::Continue)
        })?;
        self.copied = self.copied.saturating_add(nodes);
        if self.copied > MOST_COPIED_NODES {
            let refusal = Refusal::new(
                ErrorCode::SqlTooLarge,
                "written out, the subqueries of the statement are too many",
            );
            let help = "nest fewer subqueries in one another, or join their tables instead";
            return Err(engine_error::wrap_refusal(refusal.with_help(help)));
        }
        Ok(())
    }
}

/// Name of the first column of a subquery that is joined by its outer columns.
const VALUE: &str = "value";

/// Comparison `left op ANY (…)`, and a flag for NOT.
fn any_comparison(expr: Expr) -> Result<(AnyComparison, bool)> {
    match expr {
        Expr::InSubquery(InSubquery {
            expr,
            subquery,
            negated,
        }) => Ok((
            AnyComparison {
                left: *expr,
                op: Operator::Eq,
                subquery: Arc::unwrap_or_clone(subquery.subquery),
                is_negated: false,
            },
            negated,
        )),
        Expr::SetComparison(SetComparison {
            expr,
            subquery,
            op,
            quantifier,
        }) => {
            let all = quantifier == SetQuantifier::All;
            Ok((
                AnyComparison {
                    left: *expr,
                    op,
                    subquery: Arc::unwrap_or_clone(subquery.subquery),
                    is_negated: all,
                },
                all,
            ))
        }
        _ => Err(cannot_join("in this place")),
    }
}

fn strip_not(mut expr: Expr) -> (Expr, bool) {
    let mut is_negated = false;
    while let Expr::Not(inner) = expr {
        expr = *inner;
        is_negated = !is_negated;
    }
    (expr, is_negated)
}

fn apply_negation(expr: Expr, is_negated: bool) -> Expr {
    match is_negated {
        true => Expr::Not(Box::new(expr)),
        false => expr,
    }
}

fn case_expr(cases: Vec<(Expr, Expr)>, otherwise: Expr) -> Expr {
    let cases = cases.into_iter();
    Expr::Case(Case::new(
        None,
        cases
            .map(|(when, then)| (Box::new(when), Box::new(then)))
            .collect(),
        Some(Box::new(otherwise)),
    ))
}

fn null_truth() -> Expr {
    lit(ScalarValue::Boolean(None))
}

fn unqualified_column(name: &str) -> Column {
    Column::new_unqualified(name)
}

fn first_column(plan: &LogicalPlan) -> Result<Column> {
    let columns = plan.schema().columns();
    let first = columns.into_iter().next();
    first.ok_or_else(|| cannot_join("that shows no column"))
}

/// Projects a plan to these columns.
fn project_columns(plan: LogicalPlan, columns: Vec<Column>) -> Result<LogicalPlan> {
    if plan.schema().columns() == columns {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan)
        .project(columns.into_iter().map(Expr::Column))?
        .build()
}

fn empty_relation() -> LogicalPlan {
    LogicalPlan::EmptyRelation(datafusion_expr::logical_plan::EmptyRelation {
        produce_one_row: false,
        schema: Arc::new(datafusion_common::DFSchema::empty()),
    })
}

/// Checks that all subqueries of an expression are uncorrelated scalar ones.
fn only_values(expr: &Expr) -> Result<bool> {
    let mut only = true;
    expr.apply(|part| {
        only &= match part {
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) => false,
            Expr::ScalarSubquery(subquery) => find_outer_columns(&subquery.subquery)?.is_empty(),
            _ => true,
        };
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(only)
}

/// Checks that the outer rows have all columns that a subquery refers to.
fn check_outer_columns(outer: &OuterColumns, input: &LogicalPlan) -> Result<()> {
    match outer.keys().all(|column| input.schema().has_column(column)) {
        true => Ok(()),
        false => Err(cannot_join("that names a column two queries further out")),
    }
}

/// Refusal of a subquery that can't be joined.
fn cannot_join(place: &str) -> datafusion_common::DataFusionError {
    let refusal = not_allowed(&format!("a subquery {place}"));
    engine_error::wrap_refusal(
        refusal.with_help(
            "compute it in a WITH query and join that, or write its condition into WHERE",
        ),
    )
}

#[cfg(test)]
mod tests;
