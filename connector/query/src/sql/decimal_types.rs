//! Types of expressions with decimal numbers.
//!
//! A literal with a decimal point is a decimal if it is combined with decimals, as in PostgreSQL; the engine parses it as a
//! floating-point number. A decimal that is combined with a computed or stored floating-point number is converted to one, as in
//! PostgreSQL; the engine instead converts the other operand to a decimal with 15 places, which loses digits or fails (DataFusion
//! 55.2).

use crate::engine_error;
use crate::sql::exact_literals::FLOAT_DIGITS;
use crate::sql::refused_construct::not_allowed;
use datafusion::arrow::datatypes::DataType;
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::decimal_type::DecimalType;

/// Purpose of a common type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueUse {
    /// Comparison. The common type may have more digits than a column type.
    Compared,
    /// Result, which is one of the values.
    Given,
}

/// Operands of an arithmetic operator, converted to types in which the engine computes exactly, or to floating-point numbers.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` if a literal has more digits than either type holds.
pub(super) fn arithmetic_operands(
    [left, right]: [Expr; 2],
    op: Operator,
    schema: &DFSchema,
) -> Result<[Expr; 2]> {
    let kinds = [kind_of(&left, schema), kind_of(&right, schema)];
    if !kinds.iter().any(is_decimal) {
        return Ok([left, right]);
    }
    let mut left = exact_value(left, schema)?;
    let mut right = exact_value(right, schema)?;
    if [&left, &right]
        .into_iter()
        .any(|value| is_float(&kind_of(value, schema)))
    {
        left = float_value(left, schema);
        right = float_value(right, schema);
    } else if op == Operator::Divide {
        left = widen_dividend(left, &right, schema);
    }
    Ok([left, right])
}

/// Converts values that are compared, or of which one is the result, to a common number type, if there are decimals among them.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` if no type holds all of them.
pub(super) fn one_type(
    values: Vec<Expr>,
    schema: &DFSchema,
    value_use: ValueUse,
) -> Result<Vec<Expr>> {
    if !values
        .iter()
        .any(|value| is_decimal(&kind_of(value, schema)))
    {
        return Ok(values);
    }
    let values = values.into_iter().map(|value| exact_value(value, schema));
    let values = values.collect::<Result<Vec<_>>>()?;
    if values.iter().any(|value| is_float(&kind_of(value, schema))) {
        let values = values.into_iter().map(|value| float_value(value, schema));
        return Ok(values.collect());
    }
    let (mut whole, mut scale) = (0, 0);
    for digits in values.iter().filter_map(|value| digits_of(value, schema)) {
        whole = whole.max(digits.0);
        scale = scale.max(digits.1);
    }
    let precision = whole + scale;
    if precision <= DecimalType::MOST_DIGITS {
        return Ok(values);
    }
    if value_use == ValueUse::Given {
        return Err(too_wide(precision));
    }
    let wide = DataType::Decimal256(precision, i8::try_from(scale).unwrap_or_default());
    Ok(values
        .into_iter()
        .map(|value| match digits_of(&value, schema) {
            Some(_) => cast(value, wide.clone()),
            None => value,
        })
        .collect())
}

/// Casts a value and its default to a type that holds the digits of both.
///
/// # Errors
/// Those of [`one_type`].
pub(super) fn cast_with_default(
    value: Expr,
    default: Expr,
    schema: &DFSchema,
) -> Result<Vec<Expr>> {
    let values = one_type(vec![value, default], schema, ValueUse::Given)?;
    let digits: Vec<_> = values
        .iter()
        .filter_map(|value| digits_of(value, schema))
        .collect();
    let whole = digits
        .iter()
        .map(|digits| digits.0)
        .max()
        .unwrap_or_default();
    let scale = digits
        .iter()
        .map(|digits| digits.1)
        .max()
        .unwrap_or_default();
    let has_decimal = values
        .iter()
        .any(|value| is_decimal(&kind_of(value, schema)));
    match DecimalType::new(whole + scale, scale) {
        Some(kind) if has_decimal && digits.len() == values.len() => {
            let kind = ColumnType::Decimal(kind).to_arrow();
            Ok(values
                .into_iter()
                .map(|value| cast(value, kind.clone()))
                .collect())
        }
        _ => Ok(values),
    }
}

/// Refuses corresponding columns of a set operation if their common type would lose digits.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED`.
pub(super) fn check_columns(kinds: &[DataType], place: &str) -> Result<()> {
    let kinds = || kinds.iter().map(|kind| Some(kind.clone()));
    if !kinds().any(|kind| is_decimal(&kind)) {
        return Ok(());
    }
    if kinds().any(|kind| is_float(&kind)) {
        let what = format!("{place} of decimal and floating-point numbers in one column");
        let refusal = not_allowed(&what);
        let help = "write CAST(… AS DECIMAL(p, s)) or CAST(… AS DOUBLE) around one of them";
        return Err(engine_error::wrap_refusal(refusal.with_help(help)));
    }
    let digits = || kinds().filter_map(|kind| digits_of_type(&kind?));
    let whole = digits().map(|digits| digits.0).max().unwrap_or_default();
    let scale = digits().map(|digits| digits.1).max().unwrap_or_default();
    match whole + scale <= DecimalType::MOST_DIGITS {
        true => Ok(()),
        false => Err(too_wide(whole + scale)),
    }
}

/// Converts a decimal to the nearest floating-point number. Other values are unchanged.
fn float_value(value: Expr, schema: &DFSchema) -> Expr {
    match is_decimal(&kind_of(&value, schema)) {
        true => cast(value, DataType::Float64),
        false => value,
    }
}

/// Converts a text literal that is combined with a decimal to a decimal of its own digits.
///
/// # Errors
/// `SQL_INVALID` if the text is no number.
pub(super) fn read_decimal(value: Expr) -> Result<Expr> {
    let Expr::Literal(written, _) = &value else {
        return Ok(value);
    };
    let text = written.try_as_str().flatten().unwrap_or_default().trim();
    let digits = text.trim_start_matches(['+', '-']);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = digits.bytes().any(|byte| byte.is_ascii_digit())
        && [whole, places]
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let whole = whole.trim_start_matches('0').len();
    let precision = u8::try_from((whole + places.len()).max(1)).ok();
    let kind = precision
        .zip(u8::try_from(places.len()).ok())
        .and_then(|(precision, scale)| DecimalType::new(precision, scale));
    match kind.filter(|_| is_number) {
        Some(kind) => Ok(cast(value, ColumnType::Decimal(kind).to_arrow())),
        None => {
            let shown: String = text.chars().take(40).collect();
            let sentence = format!("the text `{shown}` is no decimal number of up to 38 digits");
            let refusal = Refusal::new(ErrorCode::SqlInvalid, sentence);
            Err(engine_error::wrap_refusal(
                refusal.with_help("write it with digits and a point"),
            ))
        }
    }
}

/// Checks for a decimal value.
pub(super) fn is_decimal_value(value: &Expr, schema: &DFSchema) -> bool {
    is_decimal(&kind_of(value, schema))
}

/// Arguments of a function, converted to floating-point numbers if the function has no exact result. The engine's own results for
/// decimals are truncated, or have unexpected decimal places (DataFusion 55.2).
pub(super) fn float_arguments(
    function: &str,
    arguments: Vec<Expr>,
    schema: &DFSchema,
) -> Vec<Expr> {
    if !INEXACT.contains(&function) {
        return arguments;
    }
    let arguments = arguments.into_iter();
    arguments
        .map(|argument| float_value(argument, schema))
        .collect()
}

fn kind_of(value: &Expr, schema: &DFSchema) -> Option<DataType> {
    value.get_type(schema).ok()
}

fn is_decimal(kind: &Option<DataType>) -> bool {
    kind.as_ref().is_some_and(DataType::is_decimal)
}

fn is_float(kind: &Option<DataType>) -> bool {
    kind.as_ref().is_some_and(DataType::is_floating)
}

/// Number of digits before and after the decimal point for a type.
fn digits_of_type(kind: &DataType) -> Option<(u8, u8)> {
    match kind {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            Some((precision.saturating_sub(scale), scale))
        }
        // As many digits as the engine assumes for a 64-bit integer.
        kind if kind.is_integer() => Some((20, 0)),
        _ => None,
    }
}

fn digits_of(value: &Expr, schema: &DFSchema) -> Option<(u8, u8)> {
    digits_of_type(&kind_of(value, schema)?)
}

/// Converts a literal, or a computation on literals, to a decimal. Other values are unchanged.
fn exact_value(value: Expr, schema: &DFSchema) -> Result<Expr> {
    if !is_float(&kind_of(&value, schema)) {
        return Ok(value);
    }
    match value {
        Expr::Literal(ScalarValue::Float64(Some(number)), _) => match literal_type(number) {
            LiteralType::Exact(kind) => Ok(cast(value, ColumnType::Decimal(kind).to_arrow())),
            LiteralType::FarAway => Ok(value),
            LiteralType::TooManyDigits => Err(too_many_digits()),
        },
        Expr::Negative(inner) => {
            exact_value(*inner, schema).map(|inner| Expr::Negative(Box::new(inner)))
        }
        Expr::BinaryExpr(binary) if is_written(&binary) => {
            let left = exact_value(*binary.left, schema)?;
            let right = exact_value(*binary.right, schema)?;
            let [left, right] = arithmetic_operands([left, right], binary.op, schema)?;
            Ok(Expr::BinaryExpr(BinaryExpr::new(
                Box::new(left),
                binary.op,
                Box::new(right),
            )))
        }
        other => Ok(other),
    }
}

/// Checks that an expression consists of number literals alone.
fn is_written(binary: &BinaryExpr) -> bool {
    fn is_number(value: &Expr) -> bool {
        match value {
            Expr::Literal(value, _) => value.data_type().is_numeric(),
            Expr::Negative(inner) => is_number(inner),
            Expr::BinaryExpr(binary) => is_written(binary),
            _ => false,
        }
    }
    binary.op.is_numerical_operators() && is_number(&binary.left) && is_number(&binary.right)
}

enum LiteralType {
    /// Decimal type with the digits of the literal.
    Exact(DecimalType),
    /// Literal beyond all decimals, or nearer to zero than any, so that rounding has no effect.
    FarAway,
    /// Literal with more digits than a floating-point number holds.
    TooManyDigits,
}

/// Type of a literal that was parsed as a floating-point number.
fn literal_type(number: f64) -> LiteralType {
    // This text never has an exponent.
    let text = number.abs().to_string();
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.trim_start_matches('0');
    let all = format!("{whole}{places}");
    if all.trim_matches('0').len() > FLOAT_DIGITS {
        return LiteralType::TooManyDigits;
    }
    let precision = u8::try_from(all.len().max(1));
    match (precision, u8::try_from(places.len())) {
        (Ok(precision), Ok(scale)) => {
            DecimalType::new(precision, scale).map_or(LiteralType::FarAway, LiteralType::Exact)
        }
        _ => LiteralType::FarAway,
    }
}

/// Dividend with enough digits that the quotient has 16 decimal places if possible, and at least four more than the dividend.
fn widen_dividend(left: Expr, right: &Expr, schema: &DFSchema) -> Expr {
    let (Some((whole, scale)), Some((_, right_scale))) =
        (digits_of(&left, schema), digits_of(right, schema))
    else {
        return left;
    };
    let room = DecimalType::MOST_DIGITS.saturating_sub(whole.saturating_add(right_scale));
    let places = room.min(QUOTIENT_PLACES);
    // The engine gives a quotient four decimal places more than its dividend.
    let wanted = places.saturating_sub(ENGINE_PLACES);
    if wanted <= scale {
        return left;
    }
    match DecimalType::new(whole + wanted, wanted) {
        Some(kind) => cast(left, ColumnType::Decimal(kind).to_arrow()),
        None => left,
    }
}

fn too_many_digits() -> datafusion_common::DataFusionError {
    let refusal = not_allowed("a number of so many digits beside a decimal");
    engine_error::wrap_refusal(
        refusal.with_help("write CAST('…' AS DECIMAL(p, s)), or CAST('…' AS DOUBLE)"),
    )
}

fn too_wide(precision: u8) -> datafusion_common::DataFusionError {
    let what = format!("a column of decimals that together need {precision} digits, beyond 38,");
    let refusal = not_allowed(&what);
    engine_error::wrap_refusal(
        refusal.with_help("write CAST(… AS DECIMAL(38, s)) around those with fewer places"),
    )
}

/// Functions without an exact result that the engine computes with decimals.
const INEXACT: [&str; 8] = [
    "approx_median",
    "approx_percentile_cont",
    "log",
    "median",
    "pow",
    "power",
    "quantile_cont",
    "percentile_cont",
];

/// Decimal places of a quotient, as in PostgreSQL for a quotient slightly above 1.
pub(crate) const QUOTIENT_PLACES: u8 = 16;

/// Decimal places that the engine adds to those of the dividend.
const ENGINE_PLACES: u8 = 4;
