//! Protection of projections from an optimizer fault. The optimizer drops a projection whose expressions equal those of its input,
//! so `x + 1 AS x` over `x + 1 AS x` adds one instead of two (fixed upstream after 55.2). Projections that could become equal are
//! marked during the optimisation.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{Result, exec_err};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::logical_plan::Projection;
use datafusion_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use hansa_enforcement::expression_rewrite::rewrite_expressions;
use std::collections::{BTreeMap, BTreeSet};

/// Marks projections that the optimizer could confuse.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub(crate) fn mark_projections(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut seen: BTreeMap<ProjectionOutline, usize> = BTreeMap::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Projection(projection) = node
            && let Some(likeness) = projection_outline(projection)
        {
            let count = seen.entry(likeness).or_default();
            *count = count.saturating_add(1);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    seen.retain(|_, count| *count > 1);
    if seen.is_empty() {
        return Ok(plan);
    }
    let mut next = 0_usize;
    plan.transform_up_with_subqueries(|node| {
        let alike = match &node {
            LogicalPlan::Projection(projection) => {
                projection_outline(projection).is_some_and(|likeness| seen.contains_key(&likeness))
            }
            _ => false,
        };
        if !alike {
            return Ok(Transformed::no(node));
        }
        next = next.saturating_add(1);
        let names = NamePreserver::new_for_projection();
        node.map_expressions(|expr| {
            if computes_value(&expr) {
                let name = names.save(&expr);
                let bare = expr.unalias();
                Ok(Transformed::yes(
                    name.restore(projection_mark(next).call(vec![bare])),
                ))
            } else {
                Ok(Transformed::no(expr))
            }
        })
    })
    .data()
}

/// Removes the marks from a plan.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub(crate) fn remove_projection_marks(plan: LogicalPlan) -> Result<LogicalPlan> {
    rewrite_expressions(plan, without_mark)
}

/// Removes the marks from an expression.
///
/// # Errors
/// An error if a mark lacks its expression.
pub(crate) fn unmarked_expr(expr: Expr) -> Result<Expr> {
    expr.transform_up(without_mark).data()
}

fn without_mark(part: Expr) -> Result<Transformed<Expr>> {
    match part {
        Expr::ScalarFunction(mut call) if is_mark(&call.func) => match call.args.pop() {
            Some(inner) => Ok(Transformed::yes(inner)),
            None => exec_err!("a mark without its expression"),
        },
        other => Ok(Transformed::no(other)),
    }
}

/// Outline of a projection: its output names and the columns that it uses. Only projections with equal outlines can become equal.
type ProjectionOutline = (Vec<String>, BTreeSet<String>);

fn projection_outline(projection: &Projection) -> Option<ProjectionOutline> {
    if !projection.expr.iter().any(computes_value) {
        return None;
    }
    let given = projection
        .schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let used = projection
        .expr
        .iter()
        .flat_map(|expr| expr.column_refs())
        .map(|column| column.name.clone())
        .collect();
    Some((given, used))
}

/// Checks that the expression is more than a column.
fn computes_value(expr: &Expr) -> bool {
    match expr {
        Expr::Alias(alias) => computes_value(&alias.expr),
        Expr::Column(_) | Expr::Literal(_, _) => false,
        other => !other.column_refs().is_empty(),
    }
}

/// Function that returns its argument. Functions with different numbers are different.
pub(super) fn projection_mark(number: usize) -> ScalarUDF {
    ScalarUDF::from(ProjectionMarker {
        number,
        signature: Signature::any(1, Volatility::Immutable),
    })
}

fn is_mark(function: &ScalarUDF) -> bool {
    function.name() == NAME
}

const NAME: &str = "told apart";

#[derive(Debug, PartialEq, Eq, Hash)]
struct ProjectionMarker {
    number: usize,
    signature: Signature,
}

impl ScalarUDFImpl for ProjectionMarker {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [only] => Ok(only.clone()),
            _ => exec_err!("one argument"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [only] => Ok(FieldRef::clone(only)),
            _ => exec_err!("one argument"),
        }
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.pop() {
            Some(only) => Ok(only),
            None => exec_err!("one argument"),
        }
    }
}
