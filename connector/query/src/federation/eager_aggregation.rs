//! Reduction of rows before local joins: distinct keys for semi-joins, and aggregation before a join if the aggregate uses one side
//! alone (eager aggregation).

use crate::federation::aggregate::merge_partials;
use crate::federation::aggregate::partial_state::{PartialMerge, derive_partials};
use crate::federation::infallible_expr::never_fails;
use crate::federation::movable_expr::{is_movable, remove_alias, substitute_columns};
use crate::federation::pushdown::pushed_down;
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::row_estimate;
use arrow_schema::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, JoinType, NullEquality};
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder,
};
use datafusion::prelude::ident;
use std::sync::Arc;

/// Maximum share of rows after the reduction for which it is applied.
const WORTH: f64 = 0.6;

/// Plan with fewer fetched rows, and a flag for a change.
pub(super) fn reduce_fetched_rows(
    plan: LogicalPlan,
    builder: &RemoteQueryBuilder,
) -> Result<Transformed<LogicalPlan>, DataFusionError> {
    plan.transform_up_with_subqueries(|node| {
        let less = match &node {
            // A plan that can't be built leaves the original unchanged.
            LogicalPlan::Join(join) => deduplicate_right_side(join, builder).ok().flatten(),
            LogicalPlan::Aggregate(aggregate) => before_the_join(aggregate, builder).ok().flatten(),
            _ => None,
        };
        Ok(match less {
            Some(plan) => Transformed::yes(plan),
            None => Transformed::no(node),
        })
    })
}

/// Makes the right side of a semi-join or anti-join distinct.
fn deduplicate_right_side(
    join: &Join,
    builder: &RemoteQueryBuilder,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    if !matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
        || matches!(&*join.right, LogicalPlan::Aggregate(_))
        || pushed_down(&LogicalPlan::Join(join.clone()), builder).is_some()
    {
        return Ok(None);
    }
    let columns = join.right.schema().columns();
    let keys: Vec<Expr> = columns.into_iter().map(Expr::Column).collect();
    if keys.is_empty() || !shrinks_rows(&join.right, &keys, builder) {
        return Ok(None);
    }
    let right = Aggregate::try_new(Arc::clone(&join.right), keys, Vec::new())?;
    let mut join = join.clone();
    join.right = Arc::new(LogicalPlan::Aggregate(right));
    Ok(Some(LogicalPlan::Join(join)))
}

/// Checks that participants return far fewer groups than rows.
fn shrinks_rows(plan: &LogicalPlan, keys: &[Expr], builder: &RemoteQueryBuilder) -> bool {
    let Some(branches) = pushed_down(plan, builder) else {
        return false;
    };
    if branches
        .iter()
        .any(|branch| branch.is_base() || branch.fetch.is_some())
    {
        return false;
    }
    let (mut rows, mut groups) = (0.0, 0.0);
    for branch in &branches {
        let inside = keys
            .iter()
            .map(|key| branch.rewrite_expr(key, plan.schema()));
        let Some(inside) = inside.collect::<Option<Vec<Expr>>>() else {
            return false;
        };
        rows += row_estimate::estimate_rows(branch);
        groups += row_estimate::estimate_groups(branch, &inside);
    }
    groups <= rows * WORTH
}

/// Aggregates one side of a join by its keys first, if the aggregate uses columns of that side alone.
fn before_the_join(
    aggregate: &Aggregate,
    builder: &RemoteQueryBuilder,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let Some((join, outputs)) = over_join(&aggregate.input) else {
        return Ok(None);
    };
    let mut conditions = join.on.iter().flat_map(|(left, right)| [left, right]);
    if join.null_equality != NullEquality::NullEqualsNothing
        || !conditions.all(is_movable)
        || !join.filter.iter().all(is_movable)
        || pushed_down(&aggregate.input, builder).is_some()
    {
        return Ok(None);
    }
    let within = |expr: Expr| {
        let expr = remove_alias(expr);
        is_movable(&expr)
            .then(|| substitute_columns(expr, aggregate.input.schema(), &outputs))
            .flatten()
    };
    let all = |exprs: &[Expr]| -> Option<Vec<Expr>> { exprs.iter().cloned().map(within).collect() };
    let (Some(keys), Some(calls)) = (all(&aggregate.group_expr), all(&aggregate.aggr_expr)) else {
        return Ok(None);
    };
    for (side, other, left) in [
        (&join.right, &join.left, false),
        (&join.left, &join.right, true),
    ] {
        let optional = match (join.join_type, left) {
            (JoinType::Inner, _) => false,
            (JoinType::Left, false) | (JoinType::Right, true) => true,
            _ => continue,
        };
        let part = JoinInput {
            join,
            side,
            other,
            left,
            optional,
        };
        if let Some(plan) = part.aggregate_before_join(&keys, &calls, aggregate, builder)? {
            return Ok(Some(plan));
        }
    }
    Ok(None)
}

/// Join below projections, and the outputs of the projections over the columns of the join.
fn over_join(plan: &LogicalPlan) -> Option<(&Join, Vec<Expr>)> {
    match plan {
        LogicalPlan::Join(join) => {
            let columns = join.schema.columns();
            Some((join, columns.into_iter().map(Expr::Column).collect()))
        }
        LogicalPlan::Projection(projection) => {
            let (join, inner) = over_join(&projection.input)?;
            let schema = projection.input.schema();
            let outputs = projection.expr.iter().cloned();
            let outputs =
                outputs.map(|expr| substitute_columns(remove_alias(expr), schema, &inner));
            Some((join, outputs.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// Join side that is aggregated before the join.
struct JoinInput<'a> {
    join: &'a Join,
    side: &'a Arc<LogicalPlan>,
    other: &'a Arc<LogicalPlan>,
    /// Set for the left side.
    left: bool,
    /// Set if the join preserves rows of the other side without a match.
    optional: bool,
}

impl JoinInput<'_> {
    fn aggregate_before_join(
        &self,
        keys: &[Expr],
        calls: &[Expr],
        aggregate: &Aggregate,
        builder: &RemoteQueryBuilder,
    ) -> Result<Option<LogicalPlan>, DataFusionError> {
        let schema = self.side.schema();
        if calls.is_empty() || !calls.iter().all(|call| self.is_own(call)) {
            return Ok(None);
        }
        let mut own: Vec<Expr> = Vec::new();
        let mut need = |expr: &Expr| {
            if !own.contains(expr) {
                own.push(expr.clone());
            }
        };
        for (first, second) in &self.join.on {
            need(if self.left { first } else { second });
        }
        for expr in keys.iter().chain(&self.join.filter) {
            let columns = expr.column_refs();
            columns
                .into_iter()
                .filter(|column| schema.has_column(column))
                .for_each(|column| need(&Expr::Column(column.clone())));
        }
        // Without keys the aggregate would return one row, even for an empty input.
        if own.is_empty() || !shrinks_rows(self.side, &own, builder) {
            return Ok(None);
        }
        let calls = calls.iter().cloned().map(|call| match call {
            Expr::AggregateFunction(call) => Some(call),
            _ => None,
        });
        let Some(calls) = calls.collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let Ok((merges, states)) = derive_partials(&calls, schema, false) else {
            return Ok(None);
        };
        // A sketch state in each joined row would be larger than the values.
        if merges
            .iter()
            .any(|merge| matches!(merge, PartialMerge::Sketch(..)))
        {
            return Ok(None);
        }
        self.plan(keys, &own, &states, &merges, &aggregate.schema)
            .map(Some)
    }

    /// Checks that a call uses columns of this side alone. Unmatched rows of the other side must not count.
    fn is_own(&self, call: &Expr) -> bool {
        let schema = self.side.schema();
        let columns = call.column_refs();
        columns.iter().all(|column| schema.has_column(column))
            && (!self.optional || (!columns.is_empty() && counts_columns(call)))
            && is_harmless(call, schema)
    }

    fn plan(
        &self,
        keys: &[Expr],
        own: &[Expr],
        states: &[Expr],
        merges: &[PartialMerge],
        schema: &DFSchema,
    ) -> Result<LogicalPlan, DataFusionError> {
        let groups = Aggregate::try_new(Arc::clone(self.side), own.to_vec(), states.to_vec())?;
        let made = groups.schema.columns().into_iter();
        // Columns keep their names; computed values get a generated one.
        let outputs: Vec<Expr> = made
            .zip(own.iter().map(Some).chain(std::iter::repeat(None)))
            .enumerate()
            .map(|(at, (column, key))| match key {
                Some(Expr::Column(_)) => Expr::Column(column),
                _ => Expr::Column(column).alias(generated_name(at)),
            })
            .collect();
        let side = LogicalPlanBuilder::from(LogicalPlan::Aggregate(groups))
            .project(outputs)?
            .build()?;
        let known = |expr: &Expr| match own.iter().position(|key| key == expr) {
            Some(_) if matches!(expr, Expr::Column(_)) => expr.clone(),
            Some(at) => ident(generated_name(at)),
            None => expr.clone(),
        };
        let on = self.join.on.iter().map(|(first, second)| {
            if self.left {
                (known(first), second.clone())
            } else {
                (first.clone(), known(second))
            }
        });
        let side = Arc::new(side);
        let other = Arc::clone(self.other);
        let (one, two) = if self.left {
            (side, other)
        } else {
            (other, side)
        };
        let joined = LogicalPlan::Join(Join::try_new(
            one,
            two,
            on.collect(),
            self.join.filter.clone(),
            self.join.join_type,
            self.join.join_constraint,
            self.join.null_equality,
            false,
        )?);
        let mut outputs: Vec<Expr> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            outputs.push(key.clone().alias(format!("k{at}")));
        }
        for at in 0..states.len() {
            let state = ident(generated_name(own.len().saturating_add(at)));
            outputs.push(state.alias(format!("p{at}")));
        }
        let joined = LogicalPlanBuilder::from(joined).project(outputs)?.build()?;
        merge_partials(vec![joined], merges, keys.len(), false, schema)
    }
}

/// Checks that a call ignores rows in which its column is NULL.
fn counts_columns(call: &Expr) -> bool {
    let Expr::AggregateFunction(call) = call else {
        return false;
    };
    call.params.filter.is_none()
        && call
            .params
            .args
            .iter()
            .all(|argument| matches!(argument, Expr::Column(_)))
}

/// Checks that a call can't fail on any rows, since rows without a match must not end the question.
fn is_harmless(call: &Expr, schema: &DFSchema) -> bool {
    let Expr::AggregateFunction(call) = call else {
        return false;
    };
    let kind = |expr: &Expr| expr.get_type(schema).ok();
    let whole = matches!(call.func.name(), "sum" | "avg");
    let argument = |expr: &Expr| {
        // A sum of integers can overflow its type.
        (!whole || kind(expr) == Some(DataType::Float64)) && never_fails(expr, schema)
    };
    call.params.filter.is_none() && call.params.args.iter().all(argument)
}

/// Generated name of a value computed before a join. No column has this name.
fn generated_name(at: usize) -> String {
    format!("before the join {at}")
}
