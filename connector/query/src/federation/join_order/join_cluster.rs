//! Cluster of joined relations, and the conditions among them.

use crate::federation::fragment::RemoteFragment;
use crate::federation::pushdown::{estimate_transfer_bytes, pushed_down};
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::row_estimate;
use datafusion::common::{
    Column, DFSchema, DataFusionError, JoinConstraint, JoinType, NullEquality,
};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Join, LogicalPlan, Operator};
use std::sync::Arc;

/// Some of the relations, joined to one plan.
pub(super) struct JoinCluster {
    pub(super) plan: LogicalPlan,
    pub(super) branches: Option<Vec<RemoteFragment>>,
    pub(super) bytes: f64,
}

impl JoinCluster {
    pub(super) fn from_plan(plan: LogicalPlan, builder: &RemoteQueryBuilder) -> Self {
        let branches = pushed_down(&plan, builder);
        Self {
            bytes: estimate_transfer_bytes(&plan, builder),
            branches,
            plan,
        }
    }

    pub(super) fn rows(&self) -> f64 {
        match &self.branches {
            Some(branches) => branches.iter().map(row_estimate::estimate_rows).sum(),
            None => {
                self.bytes / row_estimate::estimate_bytes(1.0, self.plan.schema().fields()).max(1.0)
            }
        }
    }
}

/// Inner join of two plans by all conditions over both, if one of them is an equality.
pub(super) fn join_plans(
    left: &LogicalPlan,
    right: &LogicalPlan,
    conditions: &[Expr],
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let (one, two) = (left.schema(), right.schema());
    let (mut on, mut filter) = (Vec::new(), Vec::new());
    for condition in conditions {
        if !uses_only_schemas(condition, &[one, two]) {
            continue;
        }
        if let Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right,
        }) = condition
        {
            if uses_only_schemas(left, &[one]) && uses_only_schemas(right, &[two]) {
                on.push(((**left).clone(), (**right).clone()));
                continue;
            }
            if uses_only_schemas(left, &[two]) && uses_only_schemas(right, &[one]) {
                on.push(((**right).clone(), (**left).clone()));
                continue;
            }
        }
        filter.push(condition.clone());
    }
    if on.is_empty() {
        return Ok(None);
    }
    let join = Join::try_new(
        Arc::new(left.clone()),
        Arc::new(right.clone()),
        on,
        conjunction(filter),
        JoinType::Inner,
        JoinConstraint::On,
        NullEquality::NullEqualsNothing,
        false,
    )?;
    Ok(Some(LogicalPlan::Join(join)))
}

pub(super) fn uses_only_schemas(expr: &Expr, schemas: &[&DFSchema]) -> bool {
    let has = |column: &Column| schemas.iter().any(|schema| has_column(schema, column));
    let columns = expr.column_refs();
    !columns.is_empty() && columns.into_iter().all(has)
}

/// Checks that a schema has exactly this column. A column of another relation with an equal name does not count.
pub(super) fn has_column(schema: &DFSchema, column: &Column) -> bool {
    schema.iter().any(|(relation, field)| {
        relation == column.relation.as_ref() && *field.name() == column.name
    })
}
