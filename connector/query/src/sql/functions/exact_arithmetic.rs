//! Checked `+`, `-`, `*` and unary minus of integers and decimals. The engine's integer operators wrap around on overflow (its
//! checked variant is not configurable, 55.2), and its decimal operators may exceed the digits of their type. Operators, casts and
//! literals with floating-point results return canonical numbers.
//!
//! The operators are function calls in the plan during optimisation and execution, so constant folding uses them too. A chain of
//! operators is one call, since the engine plans deeply nested calls slowly.

pub(super) mod day_text;
pub(super) mod decimal_cast;

use crate::engine_error;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::compute::kernels::numeric::{add, mul, neg, rem, sub};
use datafusion::arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Field,
    FieldRef,
};
use datafusion::arrow::error::ArrowError;
use datafusion::physical_expr_common::datum::apply;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion_common::{
    DFSchema, DataFusionError, ExprSchema, Result, ScalarValue, exec_err, plan_err,
};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{
    BinaryExpr, Cast, ColumnarValue, Expr, ExprSchemable, GroupingSet, LogicalPlan, Operator,
    ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TryCast, Volatility,
    cast,
};
use hansa_enforcement::canonical_float::{canonical_scalar, canonical_value};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Replaces such operators of a plan by calls. Column names do not change.
///
/// # Errors
/// An error if the type of an expression can't be determined or the plan can't be rebuilt.
pub fn replace_operators(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let inputs = node.inputs();
        let schema = match (&node, inputs.as_slice()) {
            (LogicalPlan::TableScan(scan), _) => {
                DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?
            }
            (_, inputs) => merge_schema(inputs),
        };
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            map_keeping_names(&names, expr, |expr| guard_arithmetic(expr, &schema))
        })
    })
    .data()
}

/// Restores the operators that [`replace_operators`] replaced by calls.
///
/// # Errors
/// An error if the plan can't be rebuilt.
pub fn restore_operators(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| map_keeping_names(&names, expr, unguard_arithmetic))
    })
    .data()
}

/// Replaces such operators of an expression over `schema` by calls.
///
/// # Errors
/// An error if the type of an expression can't be determined.
pub fn guarded_expr(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    guard_arithmetic(expr, schema).data()
}

/// Restores the operators that [`guarded_expr`] replaced by calls.
///
/// # Errors
/// An error if a call lacks its arguments.
pub fn written_expr(expr: Expr) -> Result<Expr> {
    unguard_arithmetic(expr).data()
}

/// Transforms an expression and keeps its name.
pub(crate) fn map_keeping_names(
    names: &NamePreserver,
    expr: Expr,
    change: impl Fn(Expr) -> Result<Transformed<Expr>>,
) -> Result<Transformed<Expr>> {
    let one = |expr: Expr| {
        let name = names.save(&expr);
        let done = change(expr)?;
        if !done.transformed {
            return Ok(done);
        }
        Ok(done.update_data(|expr| match name.restore(expr) {
            // The alias equals the name that the expression has without it.
            Expr::Alias(alias)
                if alias.relation.is_none()
                    && alias.expr.qualified_name() == (None, alias.name.clone()) =>
            {
                *alias.expr
            }
            expr => expr,
        }))
    };
    match expr {
        // In grouping sets the keys have names.
        Expr::GroupingSet(GroupingSet::Rollup(keys)) => transform_items(keys, one)
            .map(|keys| keys.update_data(|keys| Expr::GroupingSet(GroupingSet::Rollup(keys)))),
        Expr::GroupingSet(GroupingSet::Cube(keys)) => transform_items(keys, one)
            .map(|keys| keys.update_data(|keys| Expr::GroupingSet(GroupingSet::Cube(keys)))),
        Expr::GroupingSet(GroupingSet::GroupingSets(sets)) => transform_items(sets, |keys| {
            transform_items(keys, one)
        })
        .map(|sets| sets.update_data(|sets| Expr::GroupingSet(GroupingSet::GroupingSets(sets)))),
        other => one(other),
    }
}

fn transform_items<T>(
    all: Vec<T>,
    change: impl Fn(T) -> Result<Transformed<T>>,
) -> Result<Transformed<Vec<T>>> {
    let mut any = false;
    let all = all
        .into_iter()
        .map(|one| {
            let done = change(one)?;
            any |= done.transformed;
            Ok(done.data)
        })
        .collect::<Result<Vec<T>>>()?;
    Ok(if any {
        Transformed::yes(all)
    } else {
        Transformed::no(all)
    })
}

fn guard_arithmetic(expr: Expr, schema: &dyn ExprSchema) -> Result<Transformed<Expr>> {
    expr.transform_down(|part| match part {
        Expr::BinaryExpr(binary) if is_arithmetic(binary.op) => convert_chain(binary, schema),
        Expr::Negative(inner) if inner.get_type(schema)?.is_numeric() => {
            Ok(Transformed::yes(ArithmeticOp::Negative.call(vec![*inner])))
        }
        Expr::Literal(value, metadata) => {
            let canonical = canonical_scalar(value.clone());
            Ok(match is_same_number(&value, &canonical) {
                true => Transformed::no(Expr::Literal(value, metadata)),
                false => Transformed::yes(Expr::Literal(canonical, metadata)),
            })
        }
        Expr::Cast(Cast { expr, field })
            if is_own_cast(&expr.get_type(schema)?, field.data_type()) =>
        {
            call_own_cast(*expr, field.data_type(), schema)
        }
        // Each date has a text, so TRY_CAST never returns NULL for it.
        Expr::TryCast(TryCast { expr, field })
            if is_text_of_days(&expr.get_type(schema)?, field.data_type()) =>
        {
            call_own_cast(*expr, field.data_type(), schema)
        }
        // A text may contain -0, and a number too small for its type becomes -0.
        Expr::Cast(cast) if cast.field.data_type().is_floating() => {
            let inner = guard_arithmetic(*cast.expr, schema)?.data;
            let cast = Expr::Cast(Cast::new_from_field(Box::new(inner), cast.field));
            Ok(canonical_call(cast))
        }
        Expr::TryCast(cast) if cast.field.data_type().is_floating() => {
            let inner = guard_arithmetic(*cast.expr, schema)?.data;
            let cast = Expr::TryCast(TryCast::new_from_field(Box::new(inner), cast.field));
            Ok(canonical_call(cast))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// Checks for a cast that the engine computes differently from PostgreSQL. It truncates decimals, multiplies floating-point
/// numbers, divides rounded numbers, and writes the sign of a date's year (DataFusion 55.2).
fn is_own_cast(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Decimal128(..), DataType::Float64) => true,
        (DataType::Decimal128(..), to) => to.is_integer(),
        (DataType::Float64, DataType::Decimal128(..)) => true,
        (from, to) => is_text_of_days(from, to),
    }
}

fn is_text_of_days(from: &DataType, to: &DataType) -> bool {
    *from == DataType::Date32 && to.is_string()
}

/// Cast as one call, whose argument is not transformed again.
fn call_own_cast(value: Expr, to: &DataType, schema: &dyn ExprSchema) -> Result<Transformed<Expr>> {
    let value = guard_arithmetic(value, schema)?.data;
    Ok(Transformed::new(
        ArithmeticOp::Cast(to.clone()).call(vec![value]),
        true,
        TreeNodeRecursion::Jump,
    ))
}

/// Cast with a canonical result as one call, whose argument is not transformed again.
fn canonical_call(cast: Expr) -> Transformed<Expr> {
    Transformed::new(
        ArithmeticOp::Canonical.call(vec![cast]),
        true,
        TreeNodeRecursion::Jump,
    )
}

/// Checks that two values are bit-identical.
fn is_same_number(one: &ScalarValue, other: &ScalarValue) -> bool {
    match (one, other) {
        (ScalarValue::Float64(Some(one)), ScalarValue::Float64(Some(other))) => {
            one.to_bits() == other.to_bits()
        }
        (ScalarValue::Float32(Some(one)), ScalarValue::Float32(Some(other))) => {
            one.to_bits() == other.to_bits()
        }
        _ => true,
    }
}

fn unguard_arithmetic(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_up(|part| {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = part else {
            return Ok(Transformed::no(part));
        };
        let Some(exact) = func.inner().downcast_ref::<ExactArithmeticFunction>() else {
            return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction {
                func,
                args,
            })));
        };
        let mut args = args.into_iter();
        let Some(first) = args.next() else {
            return exec_err!("arithmetic without its operands");
        };
        Ok(Transformed::yes(match &exact.how {
            ArithmeticOp::Negative => Expr::Negative(Box::new(first)),
            ArithmeticOp::Canonical => first,
            ArithmeticOp::Cast(to) => cast(first, to.clone()),
            ArithmeticOp::Chain(operators) => operators
                .iter()
                .zip(args)
                .fold(first, |left, (op, right)| to_binary_expr(left, *op, right)),
        }))
    })
}

const fn is_arithmetic(op: Operator) -> bool {
    matches!(
        op,
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo
    )
}

fn to_binary_expr(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

/// Converts a left-associative chain of operators to one call, as far as it consists of numbers. Times, dates and durations never
/// wrap around in the engine.
fn convert_chain(last: BinaryExpr, schema: &dyn ExprSchema) -> Result<Transformed<Expr>> {
    let mut links = Vec::new();
    let mut next = Expr::BinaryExpr(last);
    let first = loop {
        match next {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_arithmetic(op) => {
                links.push((op, *right));
                next = *left;
            }
            other => break other,
        }
    };
    let mut any = false;
    let mut guarded = |expr: Expr| {
        let done = guard_arithmetic(expr, schema)?;
        any |= done.transformed;
        Ok::<_, DataFusionError>(done.data)
    };
    let mut kind = first.get_type(schema)?;
    let mut made = guarded(first)?;
    let (mut operators, mut operands) = (Vec::new(), Vec::new());
    let mut calls = false;
    for (op, right) in links.into_iter().rev() {
        let with = right.get_type(schema)?;
        let right = guarded(right)?;
        let result = result_type(&kind, op, &with)?;
        if needs_care(&kind, op) && needs_care(&with, op) {
            calls = true;
            if operands.is_empty() {
                operands.push(std::mem::take(&mut made));
            }
            operators.push(op);
            operands.push(right);
        } else {
            made = to_binary_expr(finish_chain(made, &mut operators, &mut operands), op, right);
        }
        kind = result;
    }
    let made = finish_chain(made, &mut operators, &mut operands);
    // The operands were already transformed.
    Ok(Transformed::new(
        made,
        any || calls,
        TreeNodeRecursion::Jump,
    ))
}

/// Call with the collected operators, or `made` if there are none.
fn finish_chain(made: Expr, operators: &mut Vec<Operator>, operands: &mut Vec<Expr>) -> Expr {
    if operands.is_empty() {
        return made;
    }
    ArithmeticOp::Chain(std::mem::take(operators)).call(std::mem::take(operands))
}

/// Checks that the engine's operator for this type can return a wrong result. Its integer division is checked.
fn needs_care(kind: &DataType, op: Operator) -> bool {
    let is_checked = matches!(op, Operator::Divide | Operator::Modulo);
    kind.is_decimal() || kind.is_floating() || (kind.is_integer() && !is_checked)
}

fn result_type(left: &DataType, op: Operator, right: &DataType) -> Result<DataType> {
    if left == right && (left.is_integer() || left.is_floating()) {
        return Ok(left.clone());
    }
    BinaryTypeCoercer::new(left, &op, right).get_result_type()
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ArithmeticOp {
    /// Operators between the arguments, from left to right.
    Chain(Vec<Operator>),
    /// Negation of the single argument.
    Negative,
    /// Canonical number of the single argument.
    Canonical,
    /// Cast of the single argument to this type.
    Cast(DataType),
}

impl ArithmeticOp {
    fn call(self, operands: Vec<Expr>) -> Expr {
        let signature = Signature::any(operands.len(), Volatility::Immutable);
        ScalarUDF::from(ExactArithmeticFunction {
            how: self,
            signature,
        })
        .call(operands)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactArithmeticFunction {
    how: ArithmeticOp,
    signature: Signature,
}

impl ScalarUDFImpl for ExactArithmeticFunction {
    fn name(&self) -> &'static str {
        "exact"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let Some((first, rest)) = arguments.split_first() else {
            return plan_err!("arithmetic without its operands");
        };
        match &self.how {
            ArithmeticOp::Negative | ArithmeticOp::Canonical => Ok(first.clone()),
            ArithmeticOp::Cast(to) => Ok(to.clone()),
            ArithmeticOp::Chain(operators) => operators
                .iter()
                .zip(rest)
                .try_fold(first.clone(), |left, (op, right)| {
                    result_type(&left, *op, right)
                }),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let kinds = args
            .arg_fields
            .iter()
            .map(|field| field.data_type().clone());
        let kind = self.return_type(&kinds.collect::<Vec<_>>())?;
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut operands = args.args.into_iter();
        let Some(first) = operands.next() else {
            return exec_err!("arithmetic without its operands");
        };
        let made = match &self.how {
            ArithmeticOp::Canonical => Ok(canonical_value(first)),
            ArithmeticOp::Cast(to) => return convert_value(&first, to),
            ArithmeticOp::Negative => match first {
                ColumnarValue::Array(array) => neg(&array)
                    .map(ColumnarValue::Array)
                    .map_err(DataFusionError::from),
                ColumnarValue::Scalar(value) => {
                    value.arithmetic_negate().map(ColumnarValue::Scalar)
                }
            }
            .map(canonical_value),
            ArithmeticOp::Chain(operators) => operators
                .iter()
                .zip(operands)
                .try_fold(first, |left, (op, right)| {
                    apply_operator(&left, *op, &right)
                }),
        };
        made.map_err(|error| match error.find_root() {
            DataFusionError::ArrowError(inner, _)
                if matches!(**inner, ArrowError::ArithmeticOverflow(_)) =>
            {
                engine_error::wrap_refusal(overflow_refusal())
            }
            _ => error,
        })
    }
}

/// Converts a value to the type `to` in place of the engine's cast.
fn convert_value(value: &ColumnarValue, to: &DataType) -> Result<ColumnarValue> {
    let convert_array = |array: &ArrayRef| match array.data_type() {
        DataType::Date32 => day_text::write_days(array, to),
        _ => decimal_cast::convert_array(array, to),
    };
    match value {
        ColumnarValue::Array(array) => convert_array(array).map(ColumnarValue::Array),
        ColumnarValue::Scalar(scalar) => {
            let made = convert_array(&scalar.to_array()?)?;
            ScalarValue::try_from_array(&made, 0).map(ColumnarValue::Scalar)
        }
    }
}

fn apply_operator(
    left: &ColumnarValue,
    op: Operator,
    right: &ColumnarValue,
) -> Result<ColumnarValue> {
    let made = match op {
        Operator::Plus => apply(left, right, add),
        Operator::Minus => apply(left, right, sub),
        Operator::Multiply => apply(left, right, mul),
        Operator::Divide => apply(left, right, decimal_cast::divide_arrays),
        Operator::Modulo => apply(left, right, rem),
        _ => exec_err!("an operator that is not of arithmetic"),
    }?;
    if made.data_type().is_decimal() {
        let digits = match &made {
            ColumnarValue::Array(array) => check_digits(array.as_ref()),
            ColumnarValue::Scalar(value) => check_digits(value.to_array()?.as_ref()),
        };
        // The error text of the library contains the value, so it is replaced.
        digits.map_err(|_| engine_error::wrap_refusal(overflow_refusal()))?;
    }
    Ok(canonical_value(made))
}

/// Checks that decimals do not exceed the digits of their type.
fn check_digits(array: &dyn Array) -> Result<(), ArrowError> {
    fn check_array<T: DecimalType>(array: &PrimitiveArray<T>) -> Result<(), ArrowError> {
        array.validate_decimal_precision(array.precision())
    }
    match array.data_type() {
        DataType::Decimal32(_, _) => check_array(array.as_primitive::<Decimal32Type>()),
        DataType::Decimal64(_, _) => check_array(array.as_primitive::<Decimal64Type>()),
        DataType::Decimal128(_, _) => check_array(array.as_primitive::<Decimal128Type>()),
        DataType::Decimal256(_, _) => check_array(array.as_primitive::<Decimal256Type>()),
        _ => Ok(()),
    }
}

/// Refusal for a result that exceeds its type.
#[must_use]
pub fn overflow_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::ArithmeticOverflow,
        "a result of arithmetic is beyond the range of its type, so no correct number can be shown",
    )
    .with_help("compute in a wider type, for example CAST(… AS DECIMAL(38, 0)), or guard the expression with CASE")
}

#[cfg(test)]
mod tests;
