//! Operator `||` with a limit on its result: forty nested doublings of a character are a terabyte.

use super::bounded_text::{BATCH, check_text_length, too_large, total_bytes};
use super::exact_arithmetic::day_text::write_days;
use crate::engine_error;
use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::concat_elements::concat_elements_utf8_many;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use std::sync::{Arc, LazyLock};

/// Replaces every `||` by a limited call. Column names do not change.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub fn limit_concatenations(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let done = expr.transform_down(|part| match part {
                Expr::BinaryExpr(BinaryExpr {
                    op: Operator::StringConcat,
                    ..
                }) => Ok(Transformed::yes(JOINED.call(chain_operands(part)))),
                other => Ok(Transformed::no(other)),
            })?;
            Ok(if done.transformed {
                done.update_data(|expr| name.restore(expr))
            } else {
                done
            })
        })?
        .map_data(|node| node.recompute_schema())
    })
    .map(|done| done.data)
}

/// Operands of a chain of `||`, in order. They become one call, since the engine plans deeply nested calls slowly.
fn chain_operands(chain: Expr) -> Vec<Expr> {
    let mut open = vec![chain];
    let mut found = Vec::new();
    while let Some(expr) = open.pop() {
        match expr {
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: Operator::StringConcat,
                right,
            }) => {
                open.push(*right);
                open.push(*left);
            }
            other => found.push(other),
        }
    }
    found
}

/// Converts values to texts.
fn write_texts(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Date32 => write_days(values, &DataType::Utf8),
        _ => Ok(cast(values, &DataType::Utf8)?),
    }
}

static JOINED: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::from(ConcatenationFunction {
        signature: Signature::variadic_any(Volatility::Immutable),
    }))
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct ConcatenationFunction {
    signature: Signature,
}

impl ScalarUDFImpl for ConcatenationFunction {
    fn name(&self) -> &'static str {
        "joined"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let wide = |kind: &DataType| arguments.contains(kind);
        Ok(if wide(&DataType::Utf8View) {
            DataType::Utf8View
        } else if wide(&DataType::LargeUtf8) {
            DataType::LargeUtf8
        } else {
            DataType::Utf8
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let size = args
            .args
            .iter()
            .map(|argument| total_bytes(argument, rows))
            .fold(0_usize, usize::saturating_add);
        if size > BATCH {
            return Err(engine_error::wrap_refusal(too_large()));
        }
        let scalar = args
            .args
            .iter()
            .all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { rows };
        let texts = args
            .args
            .iter()
            .map(|argument| write_texts(&argument.to_array(rows)?))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let texts: Vec<_> = texts.iter().map(|text| text.as_string::<i32>()).collect();
        let joined = concat_elements_utf8_many(&texts)?;
        let made = cast(&joined, args.return_field.data_type())?;
        check_text_length(if scalar {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?)
        } else {
            ColumnarValue::Array(made)
        })
    }
}
