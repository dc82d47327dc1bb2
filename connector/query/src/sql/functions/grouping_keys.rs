//! Keys of `ROLLUP`, `CUBE` and `GROUPING SETS` without known properties. The engine assumes that properties of input rows hold for
//! groups: a constant, sorted or equal key keeps this property, although groups of sets without the key have NULL there (DataFusion
//! 55.2). A sort by such a key would be omitted, and groups by it would be split.

use super::exact_arithmetic::map_keeping_names;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion_common::tree_node::{Transformed, TransformedResult};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

/// Replaces such keys by calls without known properties. Column names do not change.
///
/// # Errors
/// An error if the plan can't be rebuilt.
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

/// Function that returns the key. The engine can't treat it as constant, because its second argument is not constant.
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

/// Function whose value is unknown to the planner.
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
