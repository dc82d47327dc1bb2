//! Exact number literals: numbers that neither a 64-bit integer nor a floating-point number can represent become decimals with the
//! written digits.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, ExactNumberInfo, Expr, Query, Value, VisitMut as _, VisitorMut,
};
use hansa_policy::value::decimal_type::DecimalType;
use std::convert::Infallible;
use std::ops::ControlFlow;

/// Number of digits that a floating-point number always preserves.
pub(super) const FLOAT_DIGITS: usize = 15;

/// Replaces such numbers of `query` by casts of their text. The engine parses them as floating-point numbers, which may equal
/// another key or amount (DataFusion 55.2).
pub(super) fn write_exact_literals(query: &mut Query) {
    let _done = query.visit(&mut LiteralRewriter);
}

struct LiteralRewriter;

impl VisitorMut for LiteralRewriter {
    type Break = Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        if let Expr::Value(value) = expr
            && let Value::Number(text, _) = &value.value
            && let Some(kind) = exact_type(text)
        {
            let scale = i64::from(kind.scale());
            let info = ExactNumberInfo::PrecisionAndScale(u64::from(kind.precision()), scale);
            let mut written = value.clone();
            written.value = Value::SingleQuotedString(text.clone());
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(Expr::Value(written)),
                data_type: DataType::Decimal(info),
                array: false,
                format: None,
            };
        }
        ControlFlow::Continue(())
    }
}

/// Decimal type of a number without another exact type. A number with an exponent is a floating-point number.
fn exact_type(text: &str) -> Option<DecimalType> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = !text.contains('.');
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(places) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if is_whole && text.parse::<i64>().is_ok() {
        return None;
    }
    let all = format!("{whole}{places}");
    let digits = all.trim_start_matches('0');
    let digits = if is_whole {
        digits
    } else {
        digits.trim_end_matches('0')
    };
    if !is_whole && digits.len() <= FLOAT_DIGITS {
        return None;
    }
    let precision = u8::try_from(all.len()).ok()?;
    DecimalType::new(precision, u8::try_from(places.len()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::exact_type;

    #[test]
    fn numbers_that_nothing_else_holds_are_decimals() {
        for (text, expect) in [
            ("1", None),
            ("9223372036854775807", None),
            ("9223372036854775808", Some("decimal(19,0)")),
            ("12345678901234567890", Some("decimal(20,0)")),
            ("0.1", None),
            ("1.50000000000000000000", None),
            ("123456789012345", None),
            ("12345678901234.5", None),
            ("12345678901234567.89", Some("decimal(19,2)")),
            ("0.1234567890123456", Some("decimal(16,16)")),
            ("0.30000000000000004", Some("decimal(17,17)")),
            ("1e300", None),
            ("1.2345678901234567e3", None),
            ("1234567890123456789012345678901234567890", None),
        ] {
            let kind = exact_type(text).map(|kind| kind.to_string());
            assert_eq!(kind.as_deref(), expect, "{text}");
        }
    }
}
