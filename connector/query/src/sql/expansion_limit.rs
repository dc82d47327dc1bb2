//! Limit on the growth of a statement when the optimizer replaces columns by their expressions. The growth is computed before the
//! optimisation.
//!
//! For example, `SELECT x + x AS x FROM (…)` with 32 levels is a short text, but a condition pushed below it contains `x` 2^32
//! times. Constructs such as `BETWEEN`, in whose expansion the optimizer repeats an operand, have a similar effect.

use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchemaRef, DataFusionError, JoinType, ScalarValue};
use datafusion_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion_expr::{Expr, LogicalPlan, Subquery};
use hansa_enforcement::in_set;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::rc::Rc;

/// Maximum number of nodes that a statement may gain. Nodes of the text have another limit.
const LIMIT: usize = 8_192;

/// Refuses a plan that would grow too far. The function visits each node once.
///
/// # Errors
/// `SQL_TOO_LARGE`.
pub(super) fn check_expansion(plan: &LogicalPlan, spread: usize) -> Result<(), Refusal> {
    let mut walk = GrowthVisitor {
        most_values: spread,
        ..GrowthVisitor::default()
    };
    walk.measure_plan(plan).map(|_| ()).map_err(|error| {
        let refusal = crate::engine_error::planning_refusal(&error);
        match (&walk.heaviest, refusal.code) {
            (Some((_, name)), ErrorCode::SqlTooLarge) => refusal.with_help(format!(
                "the longest is `{name}`: compute it in fewer levels, or use what it is made of less often in each"
            )),
            _ => refusal,
        }
    })
}

/// Columns of a relation, with the number of expression nodes that each stands for.
#[derive(Clone)]
struct WeightedRelation {
    schema: DFSchemaRef,
    weights: Rc<[usize]>,
    /// Number of union arms to which a condition is copied by pushdown.
    arms: usize,
}

/// Number of nodes in an expression.
#[derive(Debug, Clone, Copy, Default)]
struct ExprSize {
    /// Nodes before the expansion.
    own: usize,
    /// Nodes after the expansion.
    whole: usize,
}

impl ExprSize {
    const ONE: Self = Self { own: 1, whole: 1 };

    fn add(&mut self, part: Self, times: usize) {
        self.own = self.own.saturating_add(part.own);
        self.whole = self.whole.saturating_add(part.whole.saturating_mul(times));
    }

    const fn growth(self) -> usize {
        self.whole.saturating_sub(self.own)
    }
}

#[derive(Default)]
struct GrowthVisitor {
    /// Nodes of moved expressions: conditions, keys, sort keys.
    grown: usize,
    /// Number of list values, counted for each union arm to which they are copied.
    values: usize,
    most_values: usize,
    /// Relations of the outer queries of a subquery.
    around: Vec<Vec<WeightedRelation>>,
    heaviest: Option<(usize, String)>,
}

type GrowthResult<T> = Result<T, DataFusionError>;

impl GrowthVisitor {
    fn measure_plan(&mut self, plan: &LogicalPlan) -> GrowthResult<WeightedRelation> {
        let inputs = plan
            .inputs()
            .into_iter()
            .map(|input| self.measure_plan(input))
            .collect::<GrowthResult<Vec<_>>>()?;
        let mut sizes = Vec::new();
        plan.apply_expressions(|expr| {
            sizes.push(self.measure_expr(expr, &inputs)?);
            Ok(TreeNodeRecursion::Continue)
        })?;
        let arms = inputs.iter().map(|input| input.arms);
        let arms = match plan {
            LogicalPlan::Union(_) => arms.fold(0, usize::saturating_add),
            _ => arms.fold(1, usize::max),
        };
        let growth = sizes
            .iter()
            .fold(0_usize, |sum, size| sum.saturating_add(size.growth()));
        let growth = growth.saturating_mul(arms);
        self.values = self
            .values
            .saturating_add(count_list_values(plan)?.saturating_mul(arms));
        if self.values > self.most_values {
            let most = self.most_values;
            return Err(crate::engine_error::wrap_refusal(Refusal::new(
                ErrorCode::SqlTooLarge,
                format!(
                    "the lists of the statement stand for more than {most} values in all arms of its unions"
                ),
            )));
        }
        // A projection is not moved; its expressions count where they are used.
        let total = if matches!(plan, LogicalPlan::Projection(_)) {
            growth
        } else {
            self.grown = self.grown.saturating_add(growth);
            self.grown
        };
        if total > LIMIT {
            return Err(crate::engine_error::wrap_refusal(Refusal::new(
                ErrorCode::SqlTooLarge,
                format!(
                    "written out, the columns of the statement stand for more than {LIMIT} further operations"
                ),
            )));
        }
        Ok(WeightedRelation {
            schema: DFSchemaRef::clone(plan.schema()),
            weights: column_weights(plan, &inputs, &sizes).into(),
            arms,
        })
    }

    fn measure_expr(&mut self, expr: &Expr, inputs: &[WeightedRelation]) -> GrowthResult<ExprSize> {
        let mut size = ExprSize::ONE;
        match expr {
            Expr::Alias(alias) => return self.measure_expr(&alias.expr, inputs),
            Expr::Column(column) => {
                let whole = column_weight(column, inputs).unwrap_or(1);
                if self.heaviest.as_ref().is_none_or(|(most, _)| *most < whole) {
                    self.heaviest = Some((whole, column.name.clone()));
                }
                return Ok(ExprSize { own: 1, whole });
            }
            Expr::OuterReferenceColumn(_, column) => {
                let found = self
                    .around
                    .iter()
                    .rev()
                    .find_map(|all| column_weight(column, all));
                let whole = found.unwrap_or(1);
                return Ok(ExprSize { own: 1, whole });
            }
            Expr::Exists(Exists { subquery, .. })
            | Expr::InSubquery(InSubquery { subquery, .. })
            | Expr::SetComparison(SetComparison { subquery, .. })
            | Expr::ScalarSubquery(subquery) => self.measure_subquery(subquery, inputs)?,
            _ => {}
        }
        // Constructs in whose expansion the optimizer repeats an operand.
        match expr {
            Expr::Between(between) => {
                size.add(self.measure_expr(&between.expr, inputs)?, 2);
                size.add(self.measure_expr(&between.low, inputs)?, 1);
                size.add(self.measure_expr(&between.high, inputs)?, 1);
            }
            Expr::Like(like) => {
                size.add(self.measure_expr(&like.expr, inputs)?, 2);
                size.add(self.measure_expr(&like.pattern, inputs)?, 1);
            }
            Expr::InList(list) => {
                size.add(
                    self.measure_expr(&list.expr, inputs)?,
                    list.list.len().clamp(1, 3),
                );
                for item in &list.list {
                    size.add(self.measure_expr(item, inputs)?, 1);
                }
            }
            Expr::Case(case) => {
                let whens = case.when_then_expr.len();
                // A CASE with Boolean results becomes a chain of AND and OR, in which each condition is repeated for all following
                // ones.
                let truths = case
                    .when_then_expr
                    .iter()
                    .all(|(_, then)| matches!(**then, Expr::Literal(ScalarValue::Boolean(_), _)));
                let logic = case.expr.is_none() && (whens < 3 || truths);
                let times = if logic { whens.saturating_add(1) } else { 1 };
                let operand = case.expr.iter().map(|operand| (operand, 1));
                let parts = case.when_then_expr.iter();
                let parts = parts.flat_map(|(when, then)| [(when, times), (then, 1)]);
                let parts = operand.chain(parts);
                for (part, times) in parts.chain(case.else_expr.iter().map(|part| (part, 1))) {
                    size.add(self.measure_expr(part, inputs)?, times);
                }
            }
            other => {
                let twice = matches!(other, Expr::ScalarFunction(call) if REPEATING.contains(&call.func.name()));
                let times = if twice { 2 } else { 1 };
                other.apply_children(|part| {
                    size.add(self.measure_expr(part, inputs)?, times);
                    Ok(TreeNodeRecursion::Continue)
                })?;
            }
        }
        Ok(size)
    }

    fn measure_subquery(
        &mut self,
        subquery: &Subquery,
        inputs: &[WeightedRelation],
    ) -> GrowthResult<()> {
        self.around.push(inputs.to_vec());
        let walked = self.measure_plan(&subquery.subquery);
        self.around.pop();
        walked.map(|_| ())
    }
}

/// Number of list values in the conditions of a node, without lists that become one function before any copy.
fn count_list_values(plan: &LogicalPlan) -> GrowthResult<usize> {
    let schema = match plan {
        LogicalPlan::Filter(filter) => Some(filter.input.schema()),
        _ => None,
    };
    let mut values = 0_usize;
    plan.apply_expressions(|expr| {
        expr.apply(|part| {
            if let Expr::InList(list) = part
                && !schema.is_some_and(|schema| in_set::can_fold_list(list, schema))
            {
                values = values.saturating_add(list.list.len());
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(values)
}

/// Functions that become a CASE of their arguments.
const REPEATING: [&str; 4] = ["coalesce", "ifnull", "nvl", "nvl2"];

fn column_weight(column: &Column, relations: &[WeightedRelation]) -> Option<usize> {
    relations.iter().find_map(|relation| {
        let index = relation.schema.maybe_index_of_column(column)?;
        relation.weights.get(index).copied()
    })
}

/// Number of nodes for each column of a node, if a condition above can be pushed below the node.
fn column_weights(
    plan: &LogicalPlan,
    inputs: &[WeightedRelation],
    sizes: &[ExprSize],
) -> Vec<usize> {
    let columns = plan.schema().fields().len();
    let mut weights: Vec<usize> = match plan {
        LogicalPlan::Projection(_) => sizes.iter().map(|size| size.whole).collect(),
        LogicalPlan::Aggregate(aggregate) => {
            let keys = aggregate.group_expr.len();
            let sets = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
            match sizes.first() {
                Some(size) if sets => vec![size.whole; columns],
                _ => sizes.iter().take(keys).map(|size| size.whole).collect(),
            }
        }
        LogicalPlan::Union(_) => {
            let most = |column: usize| {
                let all = inputs.iter().filter_map(|input| input.weights.get(column));
                all.copied().max().unwrap_or(1)
            };
            (0..columns).map(most).collect()
        }
        LogicalPlan::Distinct(_) if plan.expressions().is_empty() => input_weights(inputs),
        LogicalPlan::Distinct(_) => {
            let most = sizes.iter().map(|size| size.whole).max();
            vec![most.unwrap_or(1); columns]
        }
        LogicalPlan::Join(join) => match (join.join_type, inputs) {
            (JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark, [_, right]) => {
                right.weights.to_vec()
            }
            _ => input_weights(inputs),
        },
        _ => input_weights(inputs),
    };
    // Conditions are not pushed below columns that a node adds itself (aggregates, windows, marks).
    weights.resize(columns, 1);
    weights
}

fn input_weights(inputs: &[WeightedRelation]) -> Vec<usize> {
    let all = inputs.iter().flat_map(|input| input.weights.iter());
    all.copied().collect()
}

#[cfg(test)]
mod tests;
