//! Keys of `ROLLUP`, `CUBE` and `GROUPING SETS`, of which nothing is known above the groups. The engine takes what it knows of the rows below
//! for known of the groups: a key that is the same in all rows, in order or equal to another stays so, though groups of a set without it
//! have NULL there (DataFusion 55.2). An order by such a key would be left out, and groups by it would come in parts.

use super::exact_arithmetic::map_keeping_names;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion_common::tree_node::{Transformed, TransformedResult};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

/// The plan with such keys as calls that tell nothing of their values; names of columns stay.
///
/// # Errors
/// When the plan can't be put together again.
pub(super) fn hide_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Aggregate(aggregate) = &node else {
            return Ok(Transformed::no(node));
        };
        if !matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]) {
            return Ok(Transformed::no(node));
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| match expr {
            keys @ Expr::GroupingSet(_) => {
                map_keeping_names(&names, keys, |key| Ok(Transformed::yes(hide_key(key))))
            }
            other => Ok(Transformed::no(other)),
        })
    })
    .data()
}

fn hide_key(key: Expr) -> Expr {
    let unknown = ScalarUDF::from(UnknownFunction {
        signature: Signature::nullary(Volatility::Volatile),
    });
    let hidden = ScalarUDF::from(HiddenKeyFunction {
        signature: Signature::any(2, Volatility::Volatile),
    });
    hidden.call(vec![key, unknown.call(Vec::new())])
}

/// A key, which the engine can't take for a constant as long as the other argument is none.
#[derive(Debug, PartialEq, Eq, Hash)]
struct HiddenKeyFunction {
    signature: Signature,
}

impl ScalarUDFImpl for HiddenKeyFunction {
    fn name(&self) -> &'static str {
        "hidden_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [key, _] => Ok(key.clone()),
            _ => exec_err!("two arguments"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [key, _] => Ok(FieldRef::clone(key)),
            _ => exec_err!("two arguments"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(key) => Ok(key),
            None => exec_err!("two arguments"),
        }
    }
}

/// A value of which the planner knows nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
struct UnknownFunction {
    signature: Signature,
}

impl ScalarUDFImpl for UnknownFunction {
    fn name(&self) -> &'static str {
        "unknown"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(ScalarValue::Boolean(None)))
    }
}
